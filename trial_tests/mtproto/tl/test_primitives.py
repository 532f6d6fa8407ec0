"""Lengths and counts, held against what is there before anything is made of them."""

import struct

from twisted.trial.unittest import SynchronousTestCase

from teamgram.mtproto.tl import TLError, primitives
from teamgram.mtproto.tl.definitions import VECTOR_ID


class BoundTests(SynchronousTestCase):
    """What promises more than follows is refused, and the last that fits is taken."""

    def test_boxed_vectors(self) -> None:
        """The count times the least that an item takes."""
        header = primitives.VECTOR_HEADER.pack(VECTOR_ID, 3)
        self.assertEqual(primitives.read_count(b"...." + header + bytes(24), 4, 8), 3)
        self.assertRaises(TLError, primitives.read_count, b"...." + header + bytes(23), 4, 8)
        endless = primitives.VECTOR_HEADER.pack(VECTOR_ID, 2**31 - 1)
        self.assertRaises(TLError, primitives.read_count, endless + bytes(1000), 0, 4)

    def test_another_type_than_a_vector(self) -> None:
        """Its id is looked at."""
        other = primitives.VECTOR_HEADER.pack(VECTOR_ID ^ 1, 0)
        self.assertRaises(TLError, primitives.read_count, other, 0, 4)

    def test_bare_vectors(self) -> None:
        """Likewise."""
        self.assertEqual(primitives.read_bare_count(struct.pack("<I", 2) + bytes(8), 0, 4), 2)
        self.assertRaises(TLError, primitives.read_bare_count, struct.pack("<I", 3) + bytes(8), 0, 4)

    def test_fixed_lengths(self) -> None:
        """int128 and int256 are whole or not there."""
        self.assertEqual(primitives.read_fixed(b"x" + bytes(16), 1, 16), bytes(16))
        self.assertRaises(TLError, primitives.read_fixed, bytes(16), 1, 16)

    def test_long_strings(self) -> None:
        """The three bytes of length, and 255 is no length at all."""
        written = primitives.write_long_bytes(bytes(300))
        self.assertEqual(primitives.read_long_bytes(written, 0), (bytes(300), len(written)))
        self.assertRaises(TLError, primitives.read_long_bytes, written[:303], 0)
        self.assertRaises(TLError, primitives.read_long_bytes, b"\xff" + written[1:], 0)
