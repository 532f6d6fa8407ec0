"""The log's end: what is too old for ``updates.getDifference`` goes, in steps that keep nobody waiting."""

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from teamgram.database import Database
from teamgram.domain.updates import log

EVERY = 6 * 3600
"""Seconds between two rounds."""

_AT_ONCE = 2000


class LogTrimming:
    """Drops log entries that are older than ``keep_seconds``."""

    _log = Logger()

    def __init__(self, database: Database, clock: IReactorTime, keep_seconds: int) -> None:
        self._database = database
        self._clock = clock
        self._keep_seconds = keep_seconds
        self._rounds = LoopingCall(lambda: Deferred.fromCoroutine(self.trim()).addErrback(self._failed))

    async def trim(self) -> int:
        """One round; how many entries went."""
        total = 0
        before = int(self._clock.seconds()) - self._keep_seconds
        for user_id, pts in await self._database.read("old log entries", log.old_txn, before):
            dropped = _AT_ONCE
            while dropped == _AT_ONCE:
                dropped = await self._database.write("trim update log", log.trim_txn, user_id, pts, _AT_ONCE)
                total += dropped
        if total:
            self._log.info("{count} old log entries dropped", count=total)
        return total

    def _failed(self, failure: Failure) -> None:
        self._log.failure("trimming the update log failed", failure=failure)

    def start(self) -> None:
        """A round now and then, the first after one interval."""
        self._rounds.clock = self._clock
        self._rounds.start(EVERY, now=False)

    def stop(self) -> None:
        """No more rounds."""
        if self._rounds.running:
            self._rounds.stop()
