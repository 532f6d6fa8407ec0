"""Limits by client address."""

from twisted.trial.unittest import SynchronousTestCase

from teamgram.net.connection_counts import ConnectionCounts


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
