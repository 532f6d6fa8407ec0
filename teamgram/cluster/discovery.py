"""Who is there: addresses that are written down, or what etcd says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

Members = Callable[[frozenset[str]], object]
"""Called with the addresses of all members of a kind, and again whenever they are others."""


class Discovery(Protocol):
    """Tells who is there, and tells the others of this process."""

    async def start(self) -> None:
        """From now on."""

    def watch(self, key: str, endpoints: frozenset[str], members: Members) -> None:
        """Tell who has that key, now and whenever it changes; those endpoints for good, if there are any."""

    async def register(self, keys: tuple[str, ...], address: str) -> None:
        """This process is there."""

    async def leave(self) -> None:
        """It is not any more; the others hear of it at once."""

    async def stop(self) -> None:
        """Tell nothing any more."""

    def troubles(self) -> list[str]:
        """What does not work about it now."""


class WrittenDown:
    """Endpoints of the configuration, for good."""

    async def start(self) -> None:
        """Nothing has to be asked."""

    def watch(self, key: str, endpoints: frozenset[str], members: Members) -> None:
        """Tell them once."""
        members(endpoints)

    async def register(self, keys: tuple[str, ...], address: str) -> None:
        """The others have it in their files."""

    async def leave(self) -> None:
        """They find out."""

    async def stop(self) -> None:
        """Nothing is open."""

    def troubles(self) -> list[str]:
        """None."""
        return []
