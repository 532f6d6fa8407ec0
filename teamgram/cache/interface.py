"""The cache that stores put in front of the database.

A cache may forget anything at any time, and an answer from it is never more
than a saving: with the cache gone everything works, slower. So no method here fails because
a server is away.
"""

from typing import Protocol


class Cache(Protocol):
    """Bytes by key, forgotten after ``ttl`` seconds."""

    async def get(self, key: str) -> bytes | None:
        """The value, or None when it is not there (or the cache is away)."""

    async def set(self, key: str, value: bytes, ttl: float | None = None) -> None:
        """Keep ``value`` for ``ttl`` seconds, None for as long as there is room."""

    async def delete(self, *keys: str) -> None:
        """Forget the keys; those that are not there do no harm."""

    async def incr(self, key: str, ttl: float) -> int:
        """Count: the number of calls for this key within ``ttl`` seconds of the first one.

        Returns 1 for the first (and, when the cache is away, always).
        """

    async def hold(self, key: str, holder: str, at_least: int, ttl: float) -> tuple[int, bool] | None:
        """Note who holds something, for ``ttl`` seconds from the last call of that holder.

        Returns:
            The holder's number and whether it is another one than before. Each next holder has a higher number, no
            lower than ``at_least``; the same one keeps its own. None: the cache is away.
        """

    async def close(self) -> None:
        """Let go of connections."""
