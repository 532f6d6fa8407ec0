"""Which transport a connection's first bytes mean."""

import os

from twisted.trial import unittest

from hypothesis import given
from hypothesis import strategies as st

from teamgram.mtproto.transport.detect import TransportDetector, TransportKind, detect
from teamgram.mtproto.transport.errors import WireError
from trial_tests.peer.transports import TRANSPORTS, Abridged, Intermediate, Obfuscated, PaddedIntermediate

#: First bytes -> what they mean: a kind, None for "not known yet", WireError for "not ours".
TABLE: list[tuple[bytes, TransportKind | type[WireError] | None]] = [
    (b"", None),
    (b"\xef", TransportKind.ABRIDGED),
    (b"\xef\x0a", TransportKind.ABRIDGED),
    (b"\xef\xef\xef\xef", TransportKind.ABRIDGED),
    (b"\xee", None),
    (b"\xee\xee\xee", None),
    (b"\xee\xee\xee\xee", TransportKind.INTERMEDIATE),
    (b"\xdd\xdd\xdd", None),
    (b"\xdd\xdd\xdd\xdd", TransportKind.PADDED_INTERMEDIATE),
    (b"\xee\xee\xee\xdd", None),
    (b"\xee\xee\xee\xddabcd", TransportKind.OBFUSCATED),
    (b"\xee\xdd\xee\xdd\x00\x00\x00\x00", TransportKind.FULL),
    (b"\x34\x00\x00\x00", None),
    (b"\x34\x00\x00\x00\x00\x00\x00", None),
    (b"\x34\x00\x00\x00\x00\x00\x00\x00", TransportKind.FULL),
    (b"\x34\x00\x00\x00\x01\x00\x00\x00", TransportKind.OBFUSCATED),
    (b"\x34\x00\x00\x00\x00\x00\x00\x01", TransportKind.OBFUSCATED),
    (b"GET", None),
    (b"GET ", WireError),
    (b"GET / HTTP/1.1\r\n", WireError),
    (b"POST", WireError),
    (b"HEAD", WireError),
    (b"OPTI", WireError),
    (b"OPTIONS * HTTP/1.1", WireError),
    (b"\x16\x03\x01\x02", WireError),
    (b"PUT / HTTP/1.1\r\n", TransportKind.OBFUSCATED),
    (b"PVrG\x01\x02\x03\x04", TransportKind.OBFUSCATED),
]


class DetectTests(unittest.SynchronousTestCase):
    """The decision."""

    def test_every_row_of_the_table(self) -> None:
        """Tags, partial tags, other protocols, and what only looks like them."""
        for first_bytes, expected in TABLE:
            if expected is WireError:
                self.assertRaises(WireError, detect, first_bytes)
            else:
                self.assertIs(detect(first_bytes), expected, first_bytes)

    @given(st.binary(max_size=80))
    def test_more_bytes_never_change_a_decision(self, data: bytes) -> None:
        """What is decided early would be decided the same later."""
        decided: object = None
        for end in range(len(data) + 1):
            try:
                now: object = detect(data[:end])
            except WireError:
                now = WireError
            if decided is not None:
                self.assertIs(now, decided)
            decided = now


class DetectorTests(unittest.SynchronousTestCase):
    """From first bytes to a codec."""

    def test_every_transport_is_found_at_every_cut(self) -> None:
        """Byte by byte or at once, the codec comes out and has the rest of the bytes."""
        for name, make in TRANSPORTS.items():
            client = make()
            stream = client.opening() + client.encode(b"\0" * 8 + b"x" * 32)
            for cut in range(len(stream) + 1):
                detector = TransportDetector(os.urandom)
                codec = detector.receive_data(stream[:cut])
                if codec is None:
                    codec = detector.receive_data(stream[cut:])
                else:
                    codec.receive_data(stream[cut:])
                assert codec is not None, name
                event = codec.next_event()
                assert event is not None, name
                # Behind a plain message the padded transport's bytes are its reader's to cut.
                self.assertEqual(event.payload[8:40], b"x" * 32)
                self.assertEqual(codec.name, "obfuscated" if name.startswith("obfuscated") else name)

    def test_a_secret_admits_who_knows_it(self) -> None:
        """With the secret the stream opens; without it, or with another, nothing does."""
        secret = os.urandom(16)
        for client, good in (
            (Obfuscated(Intermediate(), secret=secret), True),
            (Obfuscated(Intermediate(), secret=os.urandom(16)), False),
            (Obfuscated(Intermediate()), False),
        ):
            detector = TransportDetector(os.urandom, secret=secret)
            if good:
                self.assertIsNotNone(detector.receive_data(client.opening()))
            else:
                self.assertRaises(WireError, detector.receive_data, client.opening())

    def test_a_secret_closes_the_bare_transports(self) -> None:
        """Whoever does not know the secret is not told that MTProto is spoken here."""
        for name in ("abridged", "intermediate", "padded_intermediate", "full"):
            detector = TransportDetector(os.urandom, secret=bytes(16))
            client = TRANSPORTS[name]()
            self.assertRaises(
                WireError, detector.receive_data, client.opening() + client.encode(os.urandom(64)) + bytes(64)
            )

    def test_a_padded_secret_admits_the_padded_transport_alone(self) -> None:
        """A secret given out with dd is for padded intermediate."""
        for inner, good in ((PaddedIntermediate(), True), (Intermediate(), False), (Abridged(), False)):
            detector = TransportDetector(os.urandom, secret=bytes(16), padded_only=True)
            opening = Obfuscated(inner, secret=bytes(16)).opening()
            if good:
                self.assertIsNotNone(detector.receive_data(opening))
            else:
                self.assertRaises(WireError, detector.receive_data, opening)

    def test_obfuscated_only_refuses_what_is_bare(self) -> None:
        """A WebSocket carries no bare transport; 64 bytes decide."""
        detector = TransportDetector(os.urandom, obfuscated_only=True)
        self.assertIsNone(detector.receive_data(b"\xef" * 63))
        self.assertRaises(WireError, detector.receive_data, b"\xef")

    def test_the_data_centre_of_the_header_is_told(self) -> None:
        """Signed, as media connections write it."""
        for dc_id in (2, -2, 10002):
            codec = TransportDetector(os.urandom).receive_data(Obfuscated(Intermediate(), dc_id=dc_id).opening())
            self.assertEqual(getattr(codec, "dc_id", None), dc_id)

    def test_a_secret_has_sixteen_bytes(self) -> None:
        """Another length is our operator's mistake, found at once."""
        self.assertRaises(ValueError, TransportDetector, os.urandom, secret=b"short")

    @given(st.binary(min_size=64, max_size=200))
    def test_noise_is_refused_or_waits(self, noise: bytes) -> None:
        """Random bytes end in a codec or a WireError, nothing else."""
        try:
            codec = TransportDetector(os.urandom).receive_data(noise)
            if codec is not None:
                while codec.next_event() is not None:
                    pass
        except WireError:
            pass
