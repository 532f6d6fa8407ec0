"""SQLite's one writer: while one commit is on its way to the disk, the next writes gather and then share theirs.

A write is a function that runs in the writer's thread inside a SAVEPOINT of
its own. All that wait are run one after another in a single transaction;
one COMMIT, one fsync, and one hop back to the reactor thread settle the whole
batch. A function that raises is rolled back to its savepoint and fails alone.

The thread takes batch after batch while there is one, so that under load it
neither sleeps nor has to be woken.
"""

import sqlite3
import threading
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger

from teamgram.database.engines import Engine
from teamgram.database.errors import DatabaseOverloaded
from teamgram.database.pool import Pool, PooledConnection
from teamgram.database.transaction import Transaction

#: The most writes that share one commit: bounds how long the first one waits for the last.
MAX_BATCH = 512


class _Write:
    """One queued function and what became of it."""

    __slots__ = ("after", "args", "deferred", "error", "function", "result")

    def __init__(self, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self.function = function
        self.args = args
        self.deferred: Deferred[Any] = Deferred()
        self.result: Any = None
        self.error: BaseException | None = None
        self.after: list[tuple[Callable[..., object], tuple[Any, ...]]] | None = None


class GroupCommitWriter:
    """Runs writes in the order they were submitted, many to a commit.

    Args:
        pool: one thread with one connection.
        max_waiting: writes that may wait; one more is refused.
    """

    _log = Logger()

    def __init__(self, engine: Engine, reactor: Any, pool: Pool, max_waiting: int) -> None:
        self._engine = engine
        self._reactor = reactor
        self._pool = pool
        self._max_waiting = max_waiting
        self._lock = threading.Lock()
        # Guarded by the lock: appended to in the reactor thread, taken in the writer's.
        self._queue: list[_Write] = []
        self._draining = False
        # Only touched in the reactor thread.
        self._unsettled = 0
        self._idle: list[Deferred[None]] = []

    @property
    def waiting(self) -> int:
        """Writes submitted and not yet settled."""
        return self._unsettled

    def submit(self, function: Callable[..., Any], args: tuple[Any, ...]) -> Deferred[Any]:
        """Queue ``function(txn, *args)``; fires after its commit.

        Raises:
            DatabaseOverloaded: the queue is full.
        """
        if self._unsettled >= self._max_waiting:
            raise DatabaseOverloaded(f"{self._unsettled} writes are waiting")
        write = _Write(function, args)
        self._unsettled += 1
        with self._lock:
            self._queue.append(write)
            start, self._draining = not self._draining, True
        if start:
            # Once the reactor has gone through everything it has read: those requests' writes share the commit.
            self._reactor.callLater(0, self._start)
        return write.deferred

    def when_idle(self) -> Deferred[None]:
        """Fires when everything submitted so far is settled."""
        if not self._unsettled:
            return succeed(None)
        idle: Deferred[None] = Deferred()
        self._idle.append(idle)
        return idle

    def _start(self) -> None:
        self._pool.run(self._drain).addErrback(self._failed)

    def _failed(self, failure: Any) -> None:
        """The thread could not work at all (the file cannot be opened): fail whatever waits."""
        with self._lock:
            batch, self._queue = self._queue, []
            self._draining = False
        for write in batch:
            write.error = failure.value
        self._settle(batch)

    # In the writer's thread.

    def _drain(self, connection: PooledConnection) -> None:
        txn = Transaction(self._engine, connection.raw.cursor())
        while True:
            with self._lock:
                if not self._queue:
                    self._draining = False
                    return
                batch = self._queue[:MAX_BATCH]
                del self._queue[:MAX_BATCH]
            if len(batch) == 1:
                self._run_alone(connection.raw, txn, batch[0])
            else:
                try:
                    self._run_together(connection.raw, txn, batch)
                except Exception:
                    # The transaction fell as a whole, as SQLite does on a full disk, and took the innocent with it.
                    self._roll_back(connection.raw, txn)
                    for write in batch:
                        self._run_alone(connection.raw, txn, write)
            self._reactor.callFromThread(self._settle, batch)

    def _run_together(self, raw: sqlite3.Connection, txn: Transaction, batch: list[_Write]) -> None:
        execute = txn.execute
        execute("BEGIN IMMEDIATE")
        for write in batch:
            execute("SAVEPOINT one_write")
            txn.after = None
            try:
                write.result = write.function(txn, *write.args)
                write.after = txn.after
            except Exception as error:
                if not raw.in_transaction:
                    raise
                write.error = error
                execute("ROLLBACK TO one_write")
            execute("RELEASE one_write")
        execute("COMMIT")

    def _run_alone(self, raw: sqlite3.Connection, txn: Transaction, write: _Write) -> None:
        write.error = write.after = txn.after = None
        try:
            txn.execute("BEGIN IMMEDIATE")
            write.result = write.function(txn, *write.args)
            write.after = txn.after
            txn.execute("COMMIT")
        except Exception as error:
            write.error = error
            self._roll_back(raw, txn)

    def _roll_back(self, raw: sqlite3.Connection, txn: Transaction) -> None:
        if raw.in_transaction:
            try:
                txn.execute("ROLLBACK")
            except sqlite3.Error:
                self._log.failure("rollback failed")

    # Back in the reactor thread.

    def _settle(self, batch: list[_Write]) -> None:
        for write in batch:
            self._unsettled -= 1
            if write.error is not None:
                write.deferred.errback(write.error)
                continue
            if write.after is not None:
                run_after_commit(write.after)
            write.deferred.callback(write.result)
        if not self._unsettled:
            idle, self._idle = self._idle, []
            for waiter in idle:
                waiter.callback(None)


_log = Logger()


def run_after_commit(calls: list[tuple[Callable[..., object], tuple[Any, ...]]]) -> None:
    """Make a committed transaction's ``call_after`` calls; one that raises is our bug and stops none of the others."""
    for function, args in calls:
        try:
            function(*args)
        except Exception:
            _log.failure("call_after {function} failed", function=function)
