"""Whether the database takes writes: asked now and then, for ``/readyz`` and the log.

It is asked as everybody asks it: one small write, which a server that is away, a
lock that nobody gives back and a disk that is full refuse or leave unanswered.
The write says when; a file beside the database says the same. A file that knows
of a later time than the database means that the database is a backup of before.
"""

from pathlib import Path
from typing import Any

from twisted.internet.defer import TimeoutError
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from teamgram.database import Database, Transaction

ASK_EVERY = 5.0
"""Seconds between two questions."""

FILE = "alive"
"""In the data directory."""

PATIENCE = 5.0
"""Seconds that an answer may take."""


class DatabaseWatch:
    """Asks from ``start`` on.

    Attributes:
        failing: why the database does not take writes now; empty while it does.
    """

    _log = Logger()

    def __init__(self, database: Database, data_dir: Path, clock: Any) -> None:
        self._database = database
        self._file = data_dir / FILE
        self._clock = clock
        self._asking = LoopingCall(self._ask)
        self._asking.clock = clock
        self.failing = ""

    async def has_lost_time(self) -> bool:
        """Whether the database knows less than there was: it was restored from a backup. Before ``start``."""
        try:
            seen = int(self._file.read_text("ascii"))
        except (FileNotFoundError, ValueError):
            return False
        return seen > await self._database.read("alive at", _alive_at_txn)

    def start(self) -> None:
        """Ask now and from now on."""
        self._asking.start(ASK_EVERY)

    def stop(self) -> None:
        """Ask no more."""
        if self._asking.running:
            self._asking.stop()

    def _ask(self) -> Any:
        now = int(self._clock.seconds())
        asking = self._database.write("is it there", _alive_txn, now)
        asking.addTimeout(PATIENCE, self._clock)
        return asking.addCallback(self._answered, now).addErrback(self._failed)

    def _answered(self, _: None, now: int) -> None:
        # Not waited for until it is on disk: an older time in it does no harm.
        self._file.write_text(str(now), "ascii")
        if self.failing:
            self._log.info("the database takes writes again: ready")
        self.failing = ""

    def _failed(self, failure: Failure) -> None:
        # A driver's words may hold addresses, no secrets: the DSN is not among them.
        reason = f"{type(failure.value).__name__}: {failure.getErrorMessage()}"
        if failure.check(TimeoutError):
            reason = f"no answer for {PATIENCE:g} s"
        if not self.failing:
            self._log.warn("not ready, the database takes no writes: {reason}", reason=reason)
        self.failing = reason


def _alive_at_txn(txn: Transaction) -> int:
    txn.execute("SELECT value FROM server_state WHERE name = 'alive_at'")
    row = txn.fetchone()
    return row[0] if row is not None else 0


def _alive_txn(txn: Transaction, now: int) -> None:
    txn.upsert("server_state", {"name": "alive_at"}, {"value": now})
