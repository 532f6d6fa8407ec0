"""Limits by client address."""

from twisted.trial.unittest import SynchronousTestCase

from teamgram.gnetway.address_limits import ConnectionCounts, TokenBuckets


class TokenBucketsTests(SynchronousTestCase):
    def test_burst_then_rate(self) -> None:
        """The burst passes at once; after it one passes for each token that time brings."""
        buckets = TokenBuckets(rate=2.0, burst=3.0)
        self.assertEqual([buckets.take("a", 10.0) for _ in range(4)], [True, True, True, False])
        self.assertFalse(buckets.take("a", 10.4))
        self.assertTrue(buckets.take("a", 10.6))
        self.assertFalse(buckets.take("a", 10.6))

    def test_addresses_do_not_share(self) -> None:
        """What one address used up is not missing to another."""
        buckets = TokenBuckets(rate=1.0, burst=1.0)
        self.assertTrue(buckets.take("a", 0.0))
        self.assertFalse(buckets.take("a", 0.0))
        self.assertTrue(buckets.take("b", 0.0))

    def test_clock_that_goes_back_gives_nothing(self) -> None:
        """A step back of the wall clock neither gives tokens nor takes any."""
        buckets = TokenBuckets(rate=1.0, burst=1.0)
        self.assertTrue(buckets.take("a", 100.0))
        self.assertFalse(buckets.take("a", 50.0))

    def test_addresses_are_bounded(self) -> None:
        """A flood of addresses cannot grow the table."""
        buckets = TokenBuckets(rate=1.0, burst=1.0, max_addresses=10)
        for number in range(100):
            buckets.take(str(number), 0.0)
        self.assertEqual(len(buckets), 10)


class ConnectionCountsTests(SynchronousTestCase):
    def test_limit_by_address_and_in_all(self) -> None:
        """The third of one address and the fourth of all are refused, and a close makes room."""
        counts = ConnectionCounts(max_connections=3, max_per_address=2)
        self.assertTrue(counts.open("a"))
        self.assertTrue(counts.open("a"))
        self.assertFalse(counts.open("a"))
        self.assertTrue(counts.open("b"))
        self.assertFalse(counts.open("c"))
        counts.close("a")
        self.assertTrue(counts.open("a"))
        self.assertEqual(counts.total, 3)
