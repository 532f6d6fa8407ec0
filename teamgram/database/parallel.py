"""MySQL's writers: every write is a transaction of its own, several at once, retried where the server undid it.

Two transactions that touch the same rows commit in the order in which they got
the rows' locks, but their threads may report back in the other order. Each
takes a number just before COMMIT, while it still holds its locks, and
the reactor thread settles them by number: what ``call_after`` publishes about one
user leaves in the order of that user's commits.
"""

import itertools
import random
import threading
import time
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, succeed

from teamgram.database.engines import Engine
from teamgram.database.errors import CommitOutcomeUnknown, DatabaseOverloaded
from teamgram.database.group_commit import run_after_commit
from teamgram.database.pool import Pool, PooledConnection
from teamgram.database.transaction import Transaction

#: Times that one transaction is run before its error is passed on.
MAX_ATTEMPTS = 6


class _Outcome:
    """What a pool thread reports.

    ``tickets`` has a number for each COMMIT that was tried, the last one being
    the one that counts; it is empty when none was reached.
    """

    __slots__ = ("after", "deferred", "error", "result", "tickets")

    def __init__(self) -> None:
        self.tickets: list[int] = []
        self.result: Any = None
        self.error: BaseException | None = None
        self.after: list[tuple[Callable[..., object], tuple[Any, ...]]] | None = None
        self.deferred: Deferred[Any] = Deferred()


class ParallelWriter:
    """Runs each write in its own transaction on one of the pool's connections."""

    def __init__(self, engine: Engine, pool: Pool, max_waiting: int) -> None:
        self._engine = engine
        self._pool = pool
        self._max_waiting = max_waiting
        self._lock = threading.Lock()
        self._tickets = itertools.count(1)
        # Only touched in the reactor thread.
        self._next_ticket = 1
        self._early: dict[int, _Outcome | None] = {}
        self._unsettled = 0
        self._idle: list[Deferred[None]] = []

    @property
    def waiting(self) -> int:
        """Writes submitted and not yet settled."""
        return self._unsettled

    def submit(self, function: Callable[..., Any], args: tuple[Any, ...]) -> Deferred[Any]:
        """Run ``function(txn, *args)``; fires after its commit.

        Raises:
            DatabaseOverloaded: too many are waiting for a connection.
        """
        if self._unsettled >= self._max_waiting:
            raise DatabaseOverloaded(f"{self._unsettled} writes are waiting")
        outcome = _Outcome()
        self._unsettled += 1
        self._pool.run(self._transact, outcome, function, args).addCallbacks(
            self._report, self._report_failure, callbackArgs=(outcome,), errbackArgs=(outcome,)
        )
        return outcome.deferred

    def when_idle(self) -> Deferred[None]:
        """Fires when everything submitted so far is settled."""
        if not self._unsettled:
            return succeed(None)
        idle: Deferred[None] = Deferred()
        self._idle.append(idle)
        return idle

    # In a pool thread.

    def _transact(
        self, connection: PooledConnection, outcome: _Outcome, function: Callable[..., Any], args: tuple[Any, ...]
    ) -> None:
        for attempt in range(1, MAX_ATTEMPTS + 1):
            outcome.error = None
            try:
                with connection.raw.cursor() as cursor:
                    txn = Transaction(self._engine, cursor)
                    outcome.result = function(txn, *args)
                    outcome.after = txn.after
            except Exception as error:
                outcome.error = error
                abandon(self._engine, connection, error)
            else:
                with self._lock:
                    outcome.tickets.append(next(self._tickets))
                self._commit(connection, outcome)
            if outcome.error is None or not may_run_again(self._engine, outcome.error):
                return
            if attempt < MAX_ATTEMPTS:
                time.sleep(random.uniform(0.002, 0.010) * attempt)

    def _commit(self, connection: PooledConnection, outcome: _Outcome) -> None:
        try:
            connection.raw.commit()
        except Exception as error:
            if self._engine.is_disconnect(error):
                outcome.error = CommitOutcomeUnknown("the connection died during COMMIT")
                outcome.error.__cause__ = error
            else:
                outcome.error = error
            abandon(self._engine, connection, error)

    # Back in the reactor thread.

    def _report_failure(self, failure: Any, outcome: _Outcome) -> None:
        """No connection could be made, or the thread failed in a way we do not know."""
        outcome.error = failure.value
        self._report(None, outcome)

    def _report(self, _: None, outcome: _Outcome) -> None:
        if not outcome.tickets:
            self._settle(outcome)
            return
        for ticket in outcome.tickets:
            self._early[ticket] = None
        self._early[outcome.tickets[-1]] = outcome
        while self._next_ticket in self._early:
            ready = self._early.pop(self._next_ticket)
            self._next_ticket += 1
            if ready is not None:
                self._settle(ready)

    def _settle(self, outcome: _Outcome) -> None:
        self._unsettled -= 1
        if outcome.error is not None:
            outcome.deferred.errback(outcome.error)
        else:
            if outcome.after is not None:
                run_after_commit(outcome.after)
            outcome.deferred.callback(outcome.result)
        if not self._unsettled:
            idle, self._idle = self._idle, []
            for waiter in idle:
                waiter.callback(None)


def may_run_again(engine: Engine, error: BaseException) -> bool:
    """The transaction surely did not happen and may succeed on another try."""
    return engine.is_retryable(error) or engine.is_disconnect(error)


def abandon(engine: Engine, connection: PooledConnection, error: BaseException) -> None:
    """End a failed transaction; a connection that cannot even roll back, or is dead, is replaced."""
    if not engine.is_disconnect(error):
        try:
            connection.raw.rollback()
            return
        except Exception as rollback_error:
            if not engine.is_disconnect(rollback_error):
                raise
    connection.discard()
