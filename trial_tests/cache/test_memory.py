"""The in-process cache's bounds and clock."""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from teamgram.cache import MemoryCache


class MemoryCacheTests(SynchronousTestCase):
    """What only the in-process cache promises."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.cache = MemoryCache(self.clock, max_entries=3)

    def run_now(self, coroutine: object) -> object:
        """The result of a coroutine that never waits."""
        try:
            coroutine.send(None)  # type: ignore[attr-defined]
        except StopIteration as stop:
            return stop.value
        self.fail("it waited")

    def test_bounded(self) -> None:
        """When it is full the entry that was not used for longest leaves."""
        for key in "abc":
            self.run_now(self.cache.set(key, key.encode()))
        self.run_now(self.cache.get("a"))
        self.run_now(self.cache.set("d", b"d"))
        self.assertEqual(len(self.cache), 3)
        self.assertIsNone(self.run_now(self.cache.get("b")))
        self.assertEqual(self.run_now(self.cache.get("a")), b"a")

    def test_exact_expiry(self) -> None:
        """A value lives up to, and not including, the second of its expiry."""
        self.run_now(self.cache.set("a", b"a", ttl=10))
        self.clock.advance(9.999)
        self.assertEqual(self.run_now(self.cache.get("a")), b"a")
        self.clock.advance(0.001)
        self.assertIsNone(self.run_now(self.cache.get("a")))
        self.assertEqual(len(self.cache), 0)
