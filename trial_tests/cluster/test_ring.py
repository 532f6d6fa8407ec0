"""Whose a key is."""

from random import Random

from twisted.trial.unittest import SynchronousTestCase

from teamgram.cluster.ring import Ring

_random = Random(7)
KEYS = [_random.getrandbits(64) - (1 << 63) for _ in range(4000)]


class RingTests(SynchronousTestCase):
    """Shares, and what moves."""

    def test_everybody_has_a_share(self) -> None:
        """Of five members none has less than a half or more than twice of a fifth."""
        ring = Ring(f"10.0.0.{number}:20120" for number in range(5))
        shares = [sum(ring.owner(key) == member for key in KEYS) for member in ring.members]
        self.assertGreater(min(shares), len(KEYS) // 10, shares)
        self.assertLess(max(shares), len(KEYS) * 2 // 5, shares)

    def test_who_goes_takes_nobody_elses(self) -> None:
        """Only the keys of the one that went have another owner, and it is the next in their order."""
        before, after = Ring("abcd"), Ring("abd")
        for key in KEYS:
            owner = before.owner(key)
            if owner != "c":
                self.assertEqual(after.owner(key), owner)
            else:
                self.assertEqual(after.owner(key), list(before.in_order(key))[1])

    def test_the_order_of_the_members_does_not_matter(self) -> None:
        """Whoever has heard of the same members has the same ring."""
        self.assertEqual([Ring("abc").owner(key) for key in KEYS], [Ring("cab").owner(key) for key in KEYS])

    def test_an_order_has_everybody_once(self) -> None:
        """The owner first."""
        ring = Ring("abcd")
        for key in KEYS[:50]:
            order = list(ring.in_order(key))
            self.assertEqual((order[0], sorted(order)), (ring.owner(key), list("abcd")))

    def test_nobody(self) -> None:
        """Without members there is no owner."""
        self.assertEqual((Ring(()).owner(1), list(Ring(()).in_order(1))), ("", []))
