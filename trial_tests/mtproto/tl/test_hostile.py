"""Bytes from somebody who wishes us ill: one error type, and nothing large is made."""

from __future__ import annotations

import tracemalloc
from random import Random
from struct import pack

from twisted.trial.unittest import SynchronousTestCase

from hypothesis import given, settings
from hypothesis import strategies as st

from teamgram.mtproto.tl import NEWEST_LAYER, TLError, decode, decode_from, encode, registry, tl
from teamgram.mtproto.tl.decoding import MAX_DEPTH
from trial_tests.mtproto.tl.random_objects import RandomObjects

VECTOR = pack("<I", 0x1CB5C415)


def id_bytes(name: str) -> bytes:
    number = registry.id_of(name, NEWEST_LAYER)
    assert number is not None
    return pack("<I", number)


def nested_texts(levels: int) -> bytes:
    """``levels`` bold texts around an empty one."""
    return id_bytes("textBold") * levels + id_bytes("textEmpty")


class HostileTests(SynchronousTestCase):
    """What is refused."""

    def assert_refused_cheaply(self, data: bytes) -> None:
        tracemalloc.start()
        try:
            self.assertRaises(TLError, decode, data)
            self.assertLess(tracemalloc.get_traced_memory()[1], 300_000)
        finally:
            tracemalloc.stop()

    def test_unknown_constructor(self) -> None:
        """An id in no layer, alone and as a field."""
        self.assertRaises(TLError, decode, b"\xef\xbe\xad\xde")
        self.assertRaises(TLError, decode, id_bytes("messages.getHistory") + b"\xef\xbe\xad\xde")

    def test_empty_and_short(self) -> None:
        """No bytes at all, and less than an id."""
        for size in range(4):
            self.assertRaises(TLError, decode, b"\0" * size)

    def test_absurd_counts(self) -> None:
        """A vector that says it has more items than there are bytes, of numbers, strings and objects."""
        decode(encode(tl.msgs_ack(msg_ids=[1])))
        for name in ("msgs_ack", "users.getUsers", "contacts.resolveUsernames"):
            if registry.id_of(name, NEWEST_LAYER) is None:
                continue
            for count in (2, 1000, 0x7FFFFFFF, 0xFFFFFFFF):
                self.assert_refused_cheaply(id_bytes(name) + VECTOR + pack("<I", count) + b"\0" * 4)

    def test_bare_vector_count(self) -> None:
        """A bare vector is bounded like a boxed one."""
        head = id_bytes("future_salts") + bytes(12)
        self.assert_refused_cheaply(head + pack("<I", 0xFFFFFFFF) + b"\0" * 16)

    def test_string_past_the_end(self) -> None:
        """Short and long strings whose length is larger than what follows; length byte 255."""
        head = id_bytes("rpc_error") + bytes(4)
        for tail in (b"\xfd", b"\x03ab", b"\xfe\xff\xff\xff", b"\xfe\x10\x00\x00" + b"x" * 8, b"\xff" + bytes(40)):
            self.assert_refused_cheaply(head + tail)

    def test_string_that_is_no_utf8(self) -> None:
        """Text must be UTF-8."""
        self.assertRaises(TLError, decode, id_bytes("rpc_error") + bytes(4) + b"\x03\xff\xff\xff")

    def test_depth(self) -> None:
        """Values may nest to a bound; behind it an error comes, no RecursionError, however long the input."""
        head = id_bytes("pageBlockTitle")
        self.assertEqual(decode(head + nested_texts(10)).NAME, "pageBlockTitle")
        for levels in (MAX_DEPTH, 5_000, 100_000):
            self.assertRaises(TLError, decode, head + nested_texts(levels))

    def test_wrong_type_inside(self) -> None:
        """A known constructor of another type than the field's."""
        self.assertRaises(TLError, decode, id_bytes("messages.getPeerSettings") + id_bytes("userEmpty") + bytes(8))

    def test_function_as_a_field(self) -> None:
        """A request cannot lie where an object is wanted."""
        self.assertRaises(TLError, decode, id_bytes("messages.getPeerSettings") + id_bytes("help.getConfig"))

    def test_bool_that_is_neither(self) -> None:
        """Bool is one of two ids."""
        self.assertRaises(TLError, decode, id_bytes("account.updateStatus") + b"\0\0\0\0")

    def test_every_truncation(self) -> None:
        """An object cut anywhere is refused."""
        written = encode(
            tl.messages.sendMessage(
                peer=tl.inputPeerUser(user_id=5, access_hash=6),
                message="x" * 300,
                random_id=1,
                entities=[tl.messageEntityTextUrl(offset=0, length=1, url="http://a/")],
                send_as=tl.inputPeerSelf(),
            )
        )
        decode(written)
        for size in range(len(written)):
            self.assertRaises(TLError, decode, written[:size])

    @settings(max_examples=200, deadline=None, database=None)
    @given(st.integers(0, 1 << 32), st.binary(min_size=1, max_size=12), st.integers(0, 1 << 16))
    def test_damaged_objects(self, seed: int, damage: bytes, at: int) -> None:
        """Any bytes of any request overwritten: an object or a TLError, nothing else."""
        random = Random(seed)
        definition = registry.newest_of(registry.entry(random.choice(registry.all_ids())).definition.name)
        if registry.id_of(definition.name, NEWEST_LAYER) is None:
            definition = registry.newest_of("messages.sendMessage")
        written = bytearray(encode(RandomObjects(random).object(definition)))
        position = at % len(written)
        written[position : position + len(damage)] = damage
        try:
            decode_from(bytes(written))
        except TLError:
            pass

    @settings(max_examples=300, deadline=None, database=None)
    @given(st.integers(0, 1 << 32), st.binary(max_size=64))
    def test_noise_behind_an_id(self, seed: int, noise: bytes) -> None:
        """Any known id with noise behind it: an object or a TLError."""
        number = Random(seed).choice(registry.all_ids())
        try:
            decode_from(pack("<I", number) + noise)
        except TLError:
            pass
