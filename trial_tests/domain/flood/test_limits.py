"""Token buckets."""

from twisted.trial.unittest import SynchronousTestCase

from teamgram.domain.flood.limits import FloodLimits, FloodSettings
from teamgram.net.token_buckets import Limit


class FloodLimitsTests(SynchronousTestCase):
    """By key and method."""

    def test_the_shipped_limits_let_scripts_work(self) -> None:
        """150 messages in a row, then 20 a second for a minute, without a wait."""
        now = 0.0
        limits = FloodLimits(FloodSettings(), lambda: now)
        self.assertEqual(sum(limits.take(1, "messages.sendMessage") for _ in range(150)), 0)
        for _ in range(60 * 20):
            now += 1 / 20
            self.assertEqual(limits.take(1, "messages.sendMessage"), 0)

    def test_other_limits_keep_what_was_counted(self) -> None:
        """A limit that stays goes on counting, one that changed begins anew, one that is gone lets all through."""
        limits = FloodLimits(
            FloodSettings({"a": Limit(1, 0.01), "b": Limit(1, 0.01), "c": Limit(1, 0.01)}), lambda: 0.0
        )
        for method in "abc":
            limits.take(1, method)
        limits.set(FloodSettings({"a": Limit(1, 0.01), "b": Limit(2, 0.01)}))
        self.assertEqual([limits.take(1, method) > 0 for method in "abc"], [True, False, False])
        self.assertEqual([limits.take(1, "b") > 0 for _ in range(2)], [False, True])

    def test_what_only_reads_a_cache_is_free(self) -> None:
        """help.getConfig and its like have no limit."""
        limits = FloodLimits(FloodSettings(), lambda: 0.0)
        self.assertEqual(sum(limits.take(1, "help.getConfig") for _ in range(10_000)), 0)
