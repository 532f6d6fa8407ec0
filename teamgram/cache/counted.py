"""A cache that is counted: how often it knew, and how long it took."""

from collections.abc import Callable
from time import perf_counter

from teamgram.cache.interface import Cache

#: Called with the operation (``get``, ``set``, ``delete``, ``incr``, ``hold``) and its seconds.
Observe = Callable[[str, float], object]


class CountedCache:
    """See :class:`teamgram.cache.interface.Cache`; passes everything on to ``cache``.

    Attributes:
        hits, misses: answers of ``get`` since the start.
    """

    def __init__(self, cache: Cache, observe: Observe) -> None:
        self._cache = cache
        self._observe = observe
        self.hits = 0
        self.misses = 0

    async def get(self, key: str) -> bytes | None:
        """The value, or None."""
        started = perf_counter()
        value = await self._cache.get(key)
        self._observe("get", perf_counter() - started)
        if value is None:
            self.misses += 1
        else:
            self.hits += 1
        return value

    async def set(self, key: str, value: bytes, ttl: float | None = None) -> None:
        """Keep the value for ``ttl`` seconds."""
        started = perf_counter()
        await self._cache.set(key, value, ttl)
        self._observe("set", perf_counter() - started)

    async def delete(self, *keys: str) -> None:
        """Forget the keys."""
        started = perf_counter()
        await self._cache.delete(*keys)
        self._observe("delete", perf_counter() - started)

    async def incr(self, key: str, ttl: float) -> int:
        """Count within a window that begins with the first call."""
        started = perf_counter()
        count = await self._cache.incr(key, ttl)
        self._observe("incr", perf_counter() - started)
        return count

    async def hold(self, key: str, holder: str, at_least: int, ttl: float) -> tuple[int, bool] | None:
        """Note who holds something."""
        started = perf_counter()
        held = await self._cache.hold(key, holder, at_least, ttl)
        self._observe("hold", perf_counter() - started)
        return held

    async def close(self) -> None:
        """Close what is behind."""
        await self._cache.close()
