"""Telling what changes often: at once, and then no more often than that, however often it changes."""

from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Generic, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

Key = TypeVar("Key", bound=Hashable)


class Coalescing(Generic[Key]):
    """Calls ``tell`` for what has changed.

    Args:
        rest: seconds between two calls for one key.
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime, rest: float, tell: Callable[[Key], Awaitable[None]]) -> None:
        self._clock = clock
        self._rest = rest
        self._tell = tell
        self._resting: dict[Key, Any] = {}
        self._again: set[Key] = set()
        self._telling: set[Deferred[None]] = set()
        self._stopped = False

    def changed(self, key: Key) -> None:
        """It stands otherwise, and that is committed."""
        if self._stopped:
            return
        if key in self._resting:
            self._again.add(key)
            return
        self._resting[key] = self._clock.callLater(self._rest, self._rested, key)
        telling = Deferred.fromCoroutine(self._told(key))
        self._telling.add(telling)
        telling.addErrback(lambda failure: self._log.failure("a change could not be told", failure=failure))
        telling.addBoth(lambda _: self._telling.discard(telling))

    async def _told(self, key: Key) -> None:
        await self._tell(key)

    def _rested(self, key: Key) -> None:
        del self._resting[key]
        if key in self._again:
            self._again.discard(key)
            self.changed(key)

    async def stop(self) -> None:
        """Tell nothing more; before the database closes."""
        self._stopped = True
        for call in self._resting.values():
            if call.active():
                call.cancel()
        self._resting.clear()
        await self.settled()

    async def settled(self) -> None:
        """Wait until nothing is being told."""
        for telling in list(self._telling):
            await telling
