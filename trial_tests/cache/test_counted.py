"""The cache that is counted."""

from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase

from teamgram.cache import CountedCache, MemoryCache


class CountedCacheTests(TestCase):
    async def test_it_answers_as_the_cache_behind_it_and_counts(self) -> None:
        """Hits and misses are told apart, and every operation's time is observed."""
        observed: list[str] = []
        cache = CountedCache(MemoryCache(Clock()), lambda operation, seconds: observed.append(operation))
        self.assertIsNone(await cache.get("a"))
        await cache.set("a", b"1", 5)
        self.assertEqual(await cache.get("a"), b"1")
        self.assertEqual([await cache.incr("n", 5), await cache.incr("n", 5)], [1, 2])
        await cache.delete("a", "n")
        self.assertIsNone(await cache.get("a"))
        await cache.close()
        self.assertEqual((cache.hits, cache.misses), (1, 2))
        self.assertEqual(observed, ["get", "set", "get", "incr", "incr", "delete", "get"])
