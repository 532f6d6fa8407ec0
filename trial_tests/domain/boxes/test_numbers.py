"""Sets of numbers as they are stored."""

import random

from twisted.trial.unittest import SynchronousTestCase

from pyroaring import BitMap64

from teamgram.domain.boxes.numbers import pack, unpack, unpack_all

_HALF = 1 << 32
"""Above it a serialized set has another upper half."""


class NumbersTests(SynchronousTestCase):
    """Packed and unpacked."""

    def test_what_was_packed_is_unpacked(self) -> None:
        """Few and many, close together and far apart, on both sides of 2^32: alone, and all at once."""
        rng = random.Random(7)
        sets = [
            BitMap64(rng.sample(range(first, first + span), count))
            for first, span in ((1, 5000), (_HALF - 50, 100), (5 * _HALF, 10**6), (0, 10 * _HALF))
            for count in (1, 8, 9, 100)
            if count <= span
        ]
        sets.append(BitMap64(range(_HALF - 1000, _HALF + 1000)))
        packed = [pack(one) for one in sets]
        self.assertEqual([unpack(*one) for one in packed], sets)
        self.assertEqual(unpack_all(packed), BitMap64.union(*sets))
        self.assertEqual(unpack_all([]), BitMap64())
