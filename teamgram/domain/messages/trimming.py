"""What is too old goes: log entries for ``updates.getDifference``, and when messages were read.

In steps that keep nobody waiting.
"""

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from teamgram.database import Database
from teamgram.domain.boxes import log
from teamgram.domain.messages.reading import trim_read_dates_txn

EVERY = 6 * 3600
"""Seconds between two rounds."""

_AT_ONCE = 2000


class LogTrimming:
    """Drops log entries that are older than ``keep_seconds``, and read dates older than ``KEEP_READ_DATES``."""

    _log = Logger()

    def __init__(self, database: Database, clock: IReactorTime, keep_seconds: int) -> None:
        self._database = database
        self._clock = clock
        self._keep_seconds = keep_seconds
        self._rounds = LoopingCall(lambda: Deferred.fromCoroutine(self.trim()).addErrback(self._failed))

    async def trim(self) -> int:
        """One round; how many log entries went."""
        total = 0
        now = int(self._clock.seconds())
        old = await self._database.read("old log entries", log.old_txn, now - self._keep_seconds)
        for owner_id, pts in old:
            dropped = _AT_ONCE
            while dropped == _AT_ONCE:
                dropped = await self._database.write("trim update log", log.trim_txn, owner_id, pts, _AT_ONCE)
                total += dropped
        dropped = _AT_ONCE
        while dropped == _AT_ONCE:
            dropped = await self._database.write("trim read dates", trim_read_dates_txn, now, _AT_ONCE)
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
