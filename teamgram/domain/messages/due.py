"""Work that falls due at times that lie in the database, so that it is done after a restart, too."""

from collections.abc import Awaitable, Callable
from math import inf
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

_RETRY = 60.0


class DueWork:
    """Does what is due, then waits for the next.

    Args:
        work: does all that is due; when the next is (unix seconds), None for never. While ``running`` is False it ends
            early.
        of: what is said in the log of work that failed: "media that is over could not be ended".
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime, work: Callable[[], Awaitable[float | None]], of: str) -> None:
        self._clock = clock
        self._work = work
        self._of = of
        self._timer: Any = None
        self.running = False
        self._working: Deferred[float | None] | None = None
        self._meanwhile = inf
        self._waiters: list[Deferred[None]] = []

    def start(self) -> None:
        """Do what is due, also what came due while nobody looked, from now on."""
        self.running = True
        self._look()

    async def stop(self) -> None:
        """Wait for what is being done; before the database closes."""
        self.running = False
        self._rest()
        await self.settled()

    async def settled(self) -> None:
        """Wait until nothing is being done."""
        while self._working is not None:
            waiter: Deferred[None] = Deferred()
            self._waiters.append(waiter)
            await waiter

    def falls_due(self, at: float) -> None:
        """Something was written that is due then (unix seconds)."""
        if self._working is not None:
            # What is being looked for may have been read before this was written.
            self._meanwhile = min(self._meanwhile, at)
        elif self.running:
            self._arm(at)

    def _arm(self, at: float) -> None:
        if self._timer is not None and self._timer.getTime() <= at:
            return
        self._rest()
        self._timer = self._clock.callLater(max(0.0, at - self._clock.seconds()), self._look)

    def _rest(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None and timer.active():
            timer.cancel()

    def _look(self) -> None:
        self._timer = None
        self._meanwhile = inf
        working = self._working = Deferred.fromCoroutine(self._done())
        working.addBoth(self._looked)

    async def _done(self) -> float | None:
        return await self._work()

    def _looked(self, result: Any) -> None:
        self._working = None
        at = result
        if isinstance(result, Failure):
            self._log.failure("{of}", failure=result, of=self._of)
            at = self._clock.seconds() + _RETRY
        at = min(self._meanwhile, inf if at is None else at)
        if self.running and at < inf:
            self._arm(at)
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            waiter.callback(None)
