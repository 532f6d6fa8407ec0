"""What every cache promises, on the in-process one and on Redis."""

from typing import Any

from twisted.internet.task import deferLater

from trial_tests.backends import BackendTestCase, on_every_backend


@on_every_backend
class CacheTests(BackendTestCase):
    """The shared suite."""

    def setUp(self) -> None:
        self.cache = self.open_cache()

    async def wait(self, seconds: float) -> None:
        await deferLater(self.real_reactor, seconds)

    async def test_missing(self) -> None:
        """A key that nobody set is None."""
        self.assertIsNone(await self.cache.get("nothing"))

    async def test_bytes_unchanged(self) -> None:
        """Any bytes come out as they went in, also those that look like a number or are not UTF-8."""
        for value in (b"", b"12345678901234567890", b"\x00\xff\r\n$-1\r\n", b"1.50"):
            await self.cache.set("key", value)
            self.assertEqual(await self.cache.get("key"), value)

    async def test_overwrite(self) -> None:
        """The last value counts, and so does its lifetime."""
        await self.cache.set("key", b"old", ttl=0.05)
        await self.cache.set("key", b"new")
        await self.wait(0.1)
        self.assertEqual(await self.cache.get("key"), b"new")

    async def test_expiry(self) -> None:
        """A value is gone after its time to live."""
        await self.cache.set("key", b"value", ttl=0.05)
        self.assertEqual(await self.cache.get("key"), b"value")
        await self.wait(0.1)
        self.assertIsNone(await self.cache.get("key"))

    async def test_delete_many(self) -> None:
        """Deleting several keys deletes these and no others."""
        for key in ("a", "b", "c"):
            await self.cache.set(key, b"value")
        await self.cache.delete("a", "b", "never set")
        self.assertEqual([await self.cache.get(key) for key in "abc"], [None, None, b"value"])

    async def test_delete_nothing(self) -> None:
        """Deleting no key at all is allowed."""
        await self.cache.delete()

    async def test_count(self) -> None:
        """incr counts its calls, each key by itself."""
        self.assertEqual([await self.cache.incr("x", 10) for _ in range(3)], [1, 2, 3])
        self.assertEqual(await self.cache.incr("y", 10), 1)

    async def test_hold(self) -> None:
        """The same holder keeps its number, another one gets a higher one, none below what is asked for."""
        hold = self.cache.hold
        self.assertEqual(await hold("k", "a b", 1_800_000_000_123, 10), (1_800_000_000_123, True))
        self.assertEqual(await hold("k", "a b", 1_900_000_000_000, 10), (1_800_000_000_123, False))
        self.assertEqual(await hold("k", "c", 5, 10), (1_800_000_000_124, True))
        self.assertEqual(await hold("k", "a b", 1_900_000_000_000, 0.05), (1_900_000_000_000, True))
        self.assertEqual(await hold("other", "c", 5, 10), (5, True))
        await self.wait(0.1)
        self.assertEqual(await hold("k", "a b", 7, 10), (7, True))

    async def test_count_window(self) -> None:
        """The window of a count begins with the first call; later calls do not prolong it."""
        await self.cache.incr("x", 0.2)
        await self.wait(0.12)
        self.assertEqual(await self.cache.incr("x", 0.2), 2)
        await self.wait(0.12)
        self.assertEqual(await self.cache.incr("x", 0.2), 1)

    async def test_closed_cache_misses(self) -> None:
        """After close everything is a miss, and nothing fails."""
        await self.cache.set("key", b"value")
        await self.cache.close()
        result: Any = await self.cache.get("key")
        self.assertIsNone(result)
