"""Containers, packed objects and message heads, right and hostile."""

import os
import tracemalloc
from struct import pack
from zlib import compress

from twisted.trial import unittest

from hypothesis import given
from hypothesis import strategies as st

from teamgram.mtproto.container import (
    GZIP_PACKED,
    MAX_MESSAGES,
    MSG_CONTAINER,
    ContainerError,
    InnerMessage,
    constructor_id,
    pack_container,
    pack_gzip,
    pack_message,
    pack_rpc_result,
    unpack_container,
    unpack_gzip,
    unpack_message,
)

messages = st.lists(
    st.builds(
        InnerMessage,
        st.integers(-(2**63), 2**63 - 1),
        st.integers(-(2**31), 2**31 - 1),
        # Not a container's first bytes: they are drawn too seldom to matter, and refused.
        st.binary(min_size=1, max_size=20).map(lambda data: b"\1\2\3\4" + data * 4),
    ),
    max_size=10,
)


class ContainerTests(unittest.SynchronousTestCase):
    """msg_container."""

    @given(messages)
    def test_messages_come_back_in_order(self, inner: list[InnerMessage]) -> None:
        """With their ids, numbers and bodies; none is a container too."""
        self.assertEqual(unpack_container(pack_container(inner)), inner)

    def test_the_pages_bound_is_taken_and_one_more_is_not(self) -> None:
        """1024 messages."""
        message = InnerMessage(4, 1, bytes(4))
        self.assertEqual(len(unpack_container(pack_container([message] * MAX_MESSAGES))), 1024)
        self.assertRaises(ContainerError, unpack_container, pack_container([message] * (MAX_MESSAGES + 1)))

    def test_contradictions_are_refused(self) -> None:
        """Counts and lengths that do not fit, leftovers, a container inside."""
        head = pack("<I", MSG_CONTAINER)
        message = pack("<qii", 4, 1, 4) + bytes(4)
        for body in (
            head,
            head + pack("<i", -1),
            head + pack("<i", 2**31 - 1) + message,
            head + pack("<i", 2) + message,
            head + pack("<i", 0) + message,
            head + pack("<i", 1) + message + bytes(4),
            head + pack("<i", 1) + pack("<qii", 4, 1, 0),
            head + pack("<i", 1) + pack("<qii", 4, 1, 5) + bytes(8),
            head + pack("<i", 1) + pack("<qii", 4, 1, -4) + bytes(4),
            head + pack("<i", 1) + pack("<qii", 4, 1, 2**31 - 4) + bytes(4),
            pack_container([InnerMessage(4, 1, pack_container([]))]),
        ):
            self.assertRaises(ContainerError, unpack_container, body)

    @given(st.binary(max_size=120))
    def test_noise(self, noise: bytes) -> None:
        """A ContainerError or messages out of what came."""
        for body in (noise, pack("<Ii", MSG_CONTAINER, 2) + noise):
            try:
                for message in unpack_container(body):
                    self.assertIn(message.body, body)
            except ContainerError:
                pass


class MessageTests(unittest.SynchronousTestCase):
    """One message alone."""

    def test_it_comes_back(self) -> None:
        """Packed and unpacked."""
        self.assertEqual(unpack_message(pack_message(4, 1, b"body")), InnerMessage(4, 1, b"body"))
        self.assertEqual(constructor_id(b"\1\0\0\0rest"), 1)
        self.assertEqual(constructor_id(b"\1\0\0"), 0)
        self.assertEqual(pack_rpc_result(4, b"boxed"), pack("<Iq", 0xF35C6D01, 4) + b"boxed")

    def test_lengths_that_do_not_fit(self) -> None:
        """Shorter, longer, negative."""
        for payload in (b"", bytes(19), pack("<qii", 4, 1, 8) + bytes(4), pack("<qii", 4, 1, -1) + bytes(4)):
            self.assertRaises(ContainerError, unpack_message, payload)


class GzipTests(unittest.SynchronousTestCase):
    """gzip_packed."""

    @given(st.binary(max_size=2000))
    def test_it_comes_back(self, data: bytes) -> None:
        """Also past the short string's 253 bytes."""
        packed = pack_gzip(data)
        self.assertEqual(len(packed) % 4, 0)
        self.assertEqual(unpack_gzip(packed), data)

    def test_a_bomb_is_refused_before_it_grows(self) -> None:
        """100 MB of zeros cost no more memory than the limit and a little."""
        bomb = pack_gzip(bytes(100 << 20), 9)
        tracemalloc.start()
        try:
            self.assertRaises(ContainerError, unpack_gzip, bomb, 1 << 20)
            self.assertLess(tracemalloc.get_traced_memory()[1], 4 << 20)
        finally:
            tracemalloc.stop()

    def test_the_limit_itself_is_taken(self) -> None:
        """And one byte more is not."""
        self.assertEqual(len(unpack_gzip(pack_gzip(bytes(1000)), 1000)), 1000)
        self.assertRaises(ContainerError, unpack_gzip, pack_gzip(bytes(1001)), 1000)

    def test_broken_ones_are_refused(self) -> None:
        """Cut, not gzip, lengths that do not fit."""
        whole = pack_gzip(os.urandom(100))
        for body in (
            b"",
            whole[:4],
            whole[:-20],
            pack("<I", GZIP_PACKED) + b"\x04abcd\0\0\0",
            pack("<I", GZIP_PACKED) + b"\xff" + bytes(11),
            pack("<I", GZIP_PACKED) + b"\xfe\xff\xff\xff" + compress(b"x"),
        ):
            self.assertRaises(ContainerError, unpack_gzip, body)
