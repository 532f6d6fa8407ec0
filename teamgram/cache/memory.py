"""The cache inside this process: a bounded dictionary that forgets what was used longest ago."""

from collections import OrderedDict
from math import inf
from typing import Protocol


class _Clock(Protocol):
    def seconds(self) -> float: ...


class MemoryCache:
    """See :class:`teamgram.cache.interface.Cache`.

    Args:
        clock: anything with ``seconds()``; the reactor, or a test's ``Clock``.
        max_entries: entries kept; the least recently used one leaves first.
    """

    def __init__(self, clock: _Clock, max_entries: int = 100_000) -> None:
        self._clock = clock
        self._max_entries = max_entries
        # key: (value, unix time at which it is forgotten); the least recently used first.
        self._entries: OrderedDict[str, tuple[bytes, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    async def get(self, key: str) -> bytes | None:
        """The value, or None."""
        entry = self._live(key)
        return None if entry is None else entry[0]

    async def set(self, key: str, value: bytes, ttl: float | None = None) -> None:
        """Keep the value for ``ttl`` seconds."""
        self._put(key, bytes(value), inf if ttl is None else self._clock.seconds() + ttl)

    async def delete(self, *keys: str) -> None:
        """Forget the keys."""
        for key in keys:
            self._entries.pop(key, None)

    async def incr(self, key: str, ttl: float) -> int:
        """Count within a window that begins with the first call."""
        entry = self._live(key)
        if entry is None:
            self._put(key, b"1", self._clock.seconds() + ttl)
            return 1
        count = int(entry[0]) + 1
        self._put(key, b"%d" % count, entry[1])
        return count

    async def hold(self, key: str, holder: str, at_least: int, ttl: float) -> tuple[int, bool] | None:
        """Note who holds something."""
        entry = self._live(key)
        number, _, before = entry[0].decode().partition(" ") if entry is not None else ("0", "", "")
        epoch = int(number) if before == holder else max(int(number) + 1, at_least)
        self._put(key, f"{epoch} {holder}".encode(), self._clock.seconds() + ttl)
        return epoch, before != holder

    async def close(self) -> None:
        """Forget everything."""
        self._entries.clear()

    def _live(self, key: str) -> tuple[bytes, float] | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry[1] <= self._clock.seconds():
            del self._entries[key]
            return None
        self._entries.move_to_end(key)
        return entry

    def _put(self, key: str, value: bytes, forgotten_at: float) -> None:
        self._entries[key] = (value, forgotten_at)
        self._entries.move_to_end(key)
        if len(self._entries) > self._max_entries:
            self._entries.popitem(last=False)
