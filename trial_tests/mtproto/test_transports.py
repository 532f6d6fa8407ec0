"""Every transport's codec against our client's, fed in pieces, and what it refuses."""

import os
from collections.abc import Callable
from zlib import crc32

from twisted.trial import unittest

from hypothesis import given
from hypothesis import strategies as st

from teamgram.mtproto.transport.abridged import AbridgedCodec
from teamgram.mtproto.transport.codec import MAX_FRAME_BYTES, FrameReceived, TransportCodec
from teamgram.mtproto.transport.detect import TransportDetector
from teamgram.mtproto.transport.errors import WireError
from teamgram.mtproto.transport.full import FullCodec
from teamgram.mtproto.transport.intermediate import IntermediateCodec, PaddedIntermediateCodec
from trial_tests.peer.transports import TRANSPORTS, Event, Frame, QuickAck, Transport, TransportError

#: An encrypted frame's shape: 24 bytes and whole blocks, the key id not 0.
ENCRYPTED = bytes(range(1, 25)) + bytes(range(48))
#: An unencrypted one's: key id 0.
PLAIN = bytes(8) + bytes(range(40))
#: Past the abridged transport's one-byte length of 126 words.
LONG = bytes(range(1, 25)) + bytes(512)
TOKEN = b"\x01\x02\x03\x84"

FRAMES = [ENCRYPTED, PLAIN, LONG, ENCRYPTED]


def pair(name: str) -> tuple[Transport, TransportCodec]:
    """A client and the server's codec for it, past the opening bytes."""
    client = TRANSPORTS[name]()
    if name == "full":
        return client, FullCodec()
    codec = TransportDetector(os.urandom).receive_data(client.opening())
    assert codec is not None
    return client, codec


def frames_of(codec: TransportCodec) -> list[FrameReceived]:
    """All that is there."""
    frames = []
    while (event := codec.next_event()) is not None:
        frames.append(event)
    return frames


def payloads_of(frames: list[FrameReceived]) -> list[bytes]:
    """Their payloads; behind a plain message the padded transport's bytes are its reader's to cut."""
    return [frame.payload if any(frame.payload[:8]) else frame.payload[: len(PLAIN)] for frame in frames]


def events_of(client: Transport) -> list[Event]:
    """All that is there, at the client."""
    events = []
    while (event := client.next_event()) is not None:
        events.append(event)
    return events


class BothWaysTests(unittest.SynchronousTestCase):
    """What one end writes the other reads, however it is cut."""

    def test_frames_to_the_server_at_every_cut(self) -> None:
        """Two pieces, cut at every byte."""
        for name in TRANSPORTS:
            for cut in range(sum(map(len, FRAMES)) + 60):
                client, codec = pair(name)
                stream = b"".join(client.encode(frame) for frame in FRAMES)
                codec.receive_data(stream[:cut])
                received = frames_of(codec)
                codec.receive_data(stream[cut:])
                received += frames_of(codec)
                self.assertEqual(payloads_of(received), FRAMES, (name, cut))
                self.assertTrue(all(type(frame.payload) is bytes for frame in received))

    def test_frames_to_the_server_byte_by_byte(self) -> None:
        """One byte a segment."""
        for name in TRANSPORTS:
            client, codec = pair(name)
            received = []
            for byte in b"".join(client.encode(frame) for frame in FRAMES):
                codec.receive_data(bytes((byte,)))
                received += frames_of(codec)
            self.assertEqual(payloads_of(received), FRAMES, name)

    def test_everything_to_the_client_at_every_cut(self) -> None:
        """Frames, a quick ack where there are some, and a transport error."""
        for name in TRANSPORTS:
            expected: list[Event] = [Frame(frame) for frame in FRAMES]
            if name != "full":
                expected.append(QuickAck(TOKEN))
            expected.append(TransportError(-404))
            for cut in range(0, sum(map(len, FRAMES)) + 80, 3):
                client, codec = pair(name)
                stream = b"".join(codec.encode(frame) for frame in FRAMES)
                stream += codec.encode_quick_ack(TOKEN) + codec.encode_error(-404)
                client.receive_data(stream[:cut])
                events = events_of(client)
                client.receive_data(stream[cut:])
                self.assertEqual(events + events_of(client), expected, (name, cut))

    def test_a_quick_ack_is_asked_for_by_the_top_bit(self) -> None:
        """Only those frames that ask for one are marked; the full transport cannot ask."""
        for name in TRANSPORTS:
            client, codec = pair(name)
            for frame in FRAMES:
                codec.receive_data(client.encode(frame, True) + client.encode(frame))
            asked = [event.quick_ack for event in frames_of(codec)]
            self.assertEqual(asked, [name != "full", False] * len(FRAMES), name)

    @given(st.lists(st.integers(0, 300), max_size=8), st.lists(st.integers(0, 2000), max_size=12))
    def test_any_frames_at_any_cuts(self, words: list[int], cuts: list[int]) -> None:
        """Whole words of any number, cut anywhere."""
        frames = [bytes(range(1, 25)) + bytes(16 * count) for count in words]
        for name in TRANSPORTS:
            client, codec = pair(name)
            stream = b"".join(client.encode(frame) for frame in frames)
            received = []
            begin = 0
            for end in [*sorted(cuts), len(stream)]:
                codec.receive_data(stream[begin:end])
                begin = max(begin, end)
                received += frames_of(codec)
            self.assertEqual([frame.payload for frame in received], frames, name)


class BytesTests(unittest.SynchronousTestCase):
    """The very bytes of the page."""

    def test_abridged(self) -> None:
        """A length of up to 126 words takes one byte, 127 and more 0x7f and three."""
        codec = AbridgedCodec()
        self.assertEqual(codec.encode(bytes(8))[:1], b"\x02")
        self.assertEqual(codec.encode(bytes(126 * 4))[:1], b"\x7e")
        self.assertEqual(codec.encode(bytes(127 * 4))[:4], b"\x7f\x7f\0\0")
        self.assertEqual(codec.encode(bytes(0x10203 * 4))[:4], b"\x7f\x03\x02\x01")
        self.assertEqual(codec.encode_quick_ack(TOKEN), b"\x84\x03\x02\x01", "byte-swapped")
        self.assertEqual(codec.encode_error(-404), b"\x01\x6c\xfe\xff\xff")

    def test_intermediate(self) -> None:
        """Four bytes of length."""
        codec = IntermediateCodec()
        self.assertEqual(codec.encode(bytes(0x10204))[:4], b"\x04\x02\x01\0")
        self.assertEqual(codec.encode_quick_ack(TOKEN), TOKEN)
        self.assertEqual(codec.encode_error(-444), b"\x04\0\0\0\x44\xfe\xff\xff")

    def test_padded_intermediate(self) -> None:
        """At most three bytes of padding are sent, for clients cut it by whole words; errors have none."""
        lengths = {len(PaddedIntermediateCodec(os.urandom).encode(PLAIN)) for _ in range(200)}
        self.assertEqual(lengths, {4 + len(PLAIN) + padding for padding in range(4)})
        self.assertEqual(PaddedIntermediateCodec(os.urandom).encode_error(-404), b"\x04\0\0\0\x6c\xfe\xff\xff")

    def test_full(self) -> None:
        """Both numbers and the checksum; errors and frames share one count."""
        codec = FullCodec()
        first = codec.encode(bytes(8))
        self.assertEqual(first[:8], b"\x14\0\0\0\0\0\0\0")
        self.assertEqual(first[-4:], crc32(first[:-4]).to_bytes(4, "little"))
        self.assertEqual(codec.encode_error(-404)[:8], b"\x10\0\0\0\x01\0\0\0")
        self.assertEqual(codec.encode_quick_ack(TOKEN), b"")

    def test_every_padding_that_a_client_may_send_is_cut(self) -> None:
        """0 to 15 bytes behind an encrypted message; whole words behind a plain one are its reader's."""
        for padding in range(16):
            codec = PaddedIntermediateCodec(os.urandom)
            for frame in (ENCRYPTED, PLAIN):
                codec.receive_data((len(frame) + padding).to_bytes(4, "little") + frame + b"\xaa" * padding)
            encrypted, plain = frames_of(codec)
            self.assertEqual(encrypted.payload, ENCRYPTED)
            self.assertEqual(plain.payload, PLAIN + b"\xaa" * (padding & ~3))


class RefusalTests(unittest.SynchronousTestCase):
    """What breaks a transport's rules."""

    def refused(self, codec: TransportCodec, data: bytes) -> None:
        codec.receive_data(data)
        error = self.assertRaises(WireError, codec.next_event)
        self.assertEqual(error.code, 0, "a malformed frame must not make a client drop its key")

    def test_frames_too_short_to_name_a_key(self) -> None:
        """Nothing, and the four bytes that only a server sends."""
        for size in (0, 4):
            self.refused(AbridgedCodec(), bytes((size // 4,)) + bytes(size))
            self.refused(IntermediateCodec(), size.to_bytes(4, "little") + bytes(size))
            self.refused(PaddedIntermediateCodec(os.urandom), size.to_bytes(4, "little") + bytes(size))
            self.refused(FullCodec(), (size + 12).to_bytes(4, "little") + bytes(size + 8))

    def test_frames_above_the_limit_are_refused_by_their_length(self) -> None:
        """Before one byte of them has come."""
        size = MAX_FRAME_BYTES + 4
        self.refused(AbridgedCodec(), b"\x7f" + (size // 4).to_bytes(3, "little"))
        self.refused(IntermediateCodec(), size.to_bytes(4, "little"))
        self.refused(IntermediateCodec(), b"\xff\xff\xff\x7f")
        self.refused(PaddedIntermediateCodec(os.urandom), (size + 16).to_bytes(4, "little"))
        self.refused(FullCodec(), (size + 12).to_bytes(4, "little") + bytes(4))
        self.refused(FullCodec(), b"\xff\xff\xff\xff" + bytes(4))

    def test_the_limit_itself_is_taken(self) -> None:
        """A frame of exactly the limit, also with its padding."""
        frame = bytes(range(1, 25)) + bytes(1000)
        makers: list[tuple[Callable[[], TransportCodec], str]] = [
            (lambda: AbridgedCodec(1024), "abridged"),
            (lambda: IntermediateCodec(1024), "intermediate"),
            (lambda: PaddedIntermediateCodec(os.urandom, 1024), "padded_intermediate"),
            (lambda: FullCodec(1024), "full"),
        ]
        for make, name in makers:
            codec = make()
            codec.receive_data(TRANSPORTS[name]().encode(frame))
            self.assertEqual(len(frames_of(codec)), 1, name)

    def test_part_words_are_refused(self) -> None:
        """Where there is no padding, a message is whole words."""
        for size in (9, 10, 11):
            self.refused(IntermediateCodec(), size.to_bytes(4, "little"))
            self.refused(FullCodec(), (size + 12).to_bytes(4, "little") + bytes(4))

    def test_full_wants_its_numbers_and_checksum(self) -> None:
        """A gap, a repetition and a changed byte."""
        client = TRANSPORTS["full"]()
        first, second = client.encode(ENCRYPTED), client.encode(ENCRYPTED)
        self.refused(FullCodec(), second)
        codec = FullCodec()
        codec.receive_data(first)
        frames_of(codec)
        self.refused(codec, first)
        for at in range(8, len(first)):
            self.refused(FullCodec(), first[:at] + bytes((first[at] ^ 1,)) + first[at + 1 :])

    @given(st.binary(max_size=400))
    def test_noise_gives_frames_or_a_wire_error(self, noise: bytes) -> None:
        """Nothing else, and never more than came."""
        for codec in (AbridgedCodec(), IntermediateCodec(), PaddedIntermediateCodec(os.urandom), FullCodec()):
            codec.receive_data(noise)
            total = 0
            try:
                while (event := codec.next_event()) is not None:
                    total += len(event.payload)
            except WireError:
                pass
            self.assertLessEqual(total, len(noise))
