"""What reactions add up to, over values alone."""

from twisted.trial.unittest import SynchronousTestCase

from teamgram.domain.boxes.reactions import (
    PeerReaction,
    Reactions,
    counted,
    custom,
    custom_id,
    pack_reactions,
    unpack_reactions,
)
from teamgram.domain.reactions.allowed import NONE, SOME, Allowed


class CountingTests(SynchronousTestCase):
    """Counts, who chose what, and how it is stored."""

    def test_counts(self) -> None:
        """The most frequent first, of equals the one that was there first; what nobody has is left out."""
        counts = counted(None, [], ["👍", "❤"])
        self.assertEqual(counts, (("👍", 1), ("❤", 1)))
        counts = counted(Reactions(counts), [], ["❤"])
        self.assertEqual(counts, (("❤", 2), ("👍", 1)))
        self.assertEqual(counted(Reactions(counts), ["👍", "❤"], ["🔥"]), (("❤", 1), ("🔥", 1)))

    def test_who_chose_what(self) -> None:
        """In the order of the user's own, where all are known."""
        recent = (PeerReaction(1, "👍", 9, 1), PeerReaction(2, "🔥", 8), PeerReaction(1, "❤", 7, 0))
        reactions = Reactions((("👍", 1), ("❤", 1), ("🔥", 1)), recent)
        self.assertTrue(reactions.is_complete)
        self.assertEqual(reactions.chosen_by(1), ("❤", "👍"))
        self.assertFalse(Reactions((("👍", 2),), recent[:1]).is_complete)
        stored = pack_reactions(reactions)
        assert stored is not None
        self.assertEqual(unpack_reactions(stored), reactions)
        self.assertIsNone(pack_reactions(Reactions(())))

    def test_custom_emoji(self) -> None:
        """Told from emoji by their beginning."""
        self.assertEqual([custom_id(one) for one in (custom(1 << 60), "👍", "c", "cx")], [1 << 60, 0, 0, 0])

    def test_what_a_group_allows(self) -> None:
        """All, some or none."""
        some = Allowed(SOME, reactions=("👍", custom(5)))
        self.assertEqual([some.has(one) for one in ("👍", "❤", custom(5))], [True, False, True])
        self.assertFalse(Allowed(NONE).has("👍"))
        self.assertEqual([Allowed(custom=False).has(one) for one in ("👍", custom(5))], [True, False])
