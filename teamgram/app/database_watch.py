"""Whether the database takes writes: asked now and then, for ``/readyz`` and the log.

It is asked as everybody asks it: one small write, which a server that is away, a
lock that nobody gives back and a disk that is full refuse or leave unanswered.
"""

from typing import Any

from twisted.internet.defer import TimeoutError
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from teamgram.database import Database, Transaction

ASK_EVERY = 5.0
"""Seconds between two questions."""

PATIENCE = 5.0
"""Seconds that an answer may take."""


class DatabaseWatch:
    """Asks from ``start`` on.

    Attributes:
        failing: why the database does not take writes now; empty while it does.
    """

    _log = Logger()

    def __init__(self, database: Database, clock: Any) -> None:
        self._database = database
        self._clock = clock
        self._asking = LoopingCall(self._ask)
        self._asking.clock = clock
        self.failing = ""

    def start(self) -> None:
        """Ask from now on."""
        self._asking.start(ASK_EVERY, now=False)

    def stop(self) -> None:
        """Ask no more."""
        if self._asking.running:
            self._asking.stop()

    def _ask(self) -> Any:
        asking = self._database.write("is it there", _alive_txn, int(self._clock.seconds()))
        asking.addTimeout(PATIENCE, self._clock)
        return asking.addCallbacks(self._answered, self._failed)

    def _answered(self, _: None) -> None:
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


def _alive_txn(txn: Transaction, now: int) -> None:
    txn.upsert("server_state", {"name": "alive_at"}, {"value": now})
