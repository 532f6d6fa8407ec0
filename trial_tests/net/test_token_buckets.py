"""Token buckets."""

from twisted.trial.unittest import SynchronousTestCase

from teamgram.net.token_buckets import NEVER, Limit, TokenBuckets


class TokenBucketTests(SynchronousTestCase):
    """So many in a row, then so many a second."""

    def test_a_burst_and_then_the_rate(self) -> None:
        """Three at once, then one every two seconds; waiting longer than that saves up no more than the burst."""
        buckets = TokenBuckets(Limit(3, 0.5), 10)
        self.assertEqual([buckets.take("a", 100.0) for _ in range(4)], [0, 0, 0, 2])
        self.assertEqual(buckets.take("a", 101.0), 1)
        self.assertEqual(buckets.take("a", 102.0), 0)
        self.assertEqual([buckets.take("a", 1000.0) for _ in range(4)], [0, 0, 0, 2])

    def test_a_clock_that_goes_back_gives_nothing_away(self) -> None:
        """Time before the last request counts as no time."""
        buckets = TokenBuckets(Limit(1, 1), 10)
        buckets.take("a", 100.0)
        self.assertEqual(buckets.take("a", 50.0), 1)

    def test_subjects_are_bounded(self) -> None:
        """The least recently used subject is forgotten first."""
        buckets = TokenBuckets(Limit(1, 0.001), 2)
        for subject in ("a", "b", "a", "c"):
            buckets.take(subject, 0.0)
        self.assertEqual(buckets.take("b", 0.0), 0)  # forgotten, so it begins anew
        self.assertGreater(buckets.take("c", 0.0), 0)
        self.assertEqual(len(buckets), 2)

    def test_full_buckets_are_forgotten(self) -> None:
        """Who comes back after so long is as new, so nothing is kept of those who do not: one goes as another comes."""
        buckets = TokenBuckets(Limit(2, 1), 1000)
        for number in range(100):
            buckets.take(number, 0.0)
        self.assertEqual(len(buckets), 100)
        for number in range(100):
            buckets.take("other", 10.0 + number)
        self.assertEqual(len(buckets), 1)
        buckets.take("a", 1000.0)
        self.assertEqual([buckets.take("a", 1000.0), buckets.take("a", 1000.0)], [0, 1])

    def test_subjects_do_not_share(self) -> None:
        """What one used up is not missing to another."""
        buckets = TokenBuckets(Limit(1, 1), 10)
        self.assertEqual([buckets.take("a", 0.0), buckets.take("b", 0.0)], [0, 0])

    def test_a_limit_of_nothing(self) -> None:
        """Lets its burst through, and then nothing for good."""
        buckets = TokenBuckets(Limit(1, 0), 10)
        self.assertEqual([buckets.take("a", now) for now in (0.0, 1e6, 2e6)], [0, NEVER, NEVER])
