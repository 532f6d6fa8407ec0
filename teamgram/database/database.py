"""The database as stores see it: functions that run in a transaction, elsewhere.

``read`` and ``write`` take a function and plain values and hand back what it
returns. The function runs in a pool thread, so it must not touch what belongs
to the reactor thread, and it may run more than once: on MySQL when the server
undid it (deadlock, lost connection), on SQLite when the batch it was in fell.

A write is durable when its Deferred fires. Cancelling that Deferred makes the
caller stop waiting; it does not undo the write, nor its ``call_after`` calls.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar, TypeVarTuple

from twisted.internet.defer import Deferred, fail, succeed

from teamgram.database.dsn import SQLiteDSN, parse_dsn
from teamgram.database.engines import Engine, MySQLEngine, SQLiteEngine
from teamgram.database.errors import DatabaseClosed, DatabaseOverloaded
from teamgram.database.group_commit import GroupCommitWriter
from teamgram.database.migrate import MIGRATIONS, migrate
from teamgram.database.parallel import MAX_ATTEMPTS, ParallelWriter, abandon, may_run_again
from teamgram.database.pool import Pool, PooledConnection
from teamgram.database.transaction import Transaction

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

#: Called with a description and the seconds from the call of read or write to its answer.
Observe = Callable[[str, float], object]

#: Writes (and, apart from them, reads) that may wait before more are refused.
MAX_WAITING = 20000


class _Writer(Protocol):
    @property
    def waiting(self) -> int: ...

    def submit(self, function: Callable[..., Any], args: tuple[Any, ...]) -> Deferred[Any]: ...

    def when_idle(self) -> Deferred[None]: ...


class Database:
    """Readers and writers over one engine; made by :func:`open_database`.

    Args:
        pool_size: connections that read; on MySQL also as many that write.
        observe: told the time of every read and write; ``description`` is a
            fixed string, fit for a metric's label.
    """

    def __init__(
        self,
        engine: Engine,
        reactor: Any,
        *,
        pool_size: int = 4,
        observe: Observe | None = None,
        max_waiting: int = MAX_WAITING,
    ) -> None:
        self.engine = engine
        self.observe = observe
        self._max_waiting = max_waiting
        self._readers = Pool(engine, reactor, pool_size, engine.prepare_reader)
        self._writers = Pool(engine, reactor, 1 if engine.shares_commits else pool_size, engine.prepare_writer)
        self._writer: _Writer = (
            GroupCommitWriter(engine, reactor, self._writers, max_waiting)
            if engine.shares_commits
            else ParallelWriter(engine, self._writers, max_waiting)
        )
        self._reading = 0
        self._reads_done: Deferred[None] | None = None
        self._closed: Deferred[None] | None = None

    @property
    def waiting_writes(self) -> int:
        """Writes that have been asked for and not answered."""
        return self._writer.waiting

    @property
    def waiting_reads(self) -> int:
        """Reads that have been asked for and not answered."""
        return self._reading

    def read(self, description: str, function: Callable[[Transaction, *Ts], T], *args: *Ts) -> Deferred[T]:
        """``function(txn, *args)`` on one snapshot of the database, changing nothing.

        Sees every write that was answered before the call. Fails with the
        driver's error, :class:`DatabaseOverloaded` or :class:`DatabaseClosed`.
        """
        if self._closed is not None:
            return fail(DatabaseClosed(description))
        if self._reading >= self._max_waiting:
            return fail(DatabaseOverloaded(f"{self._reading} reads are waiting"))
        self._reading += 1
        result: Deferred[T] = self._readers.run(self._run_read, function, args)
        result.addBoth(self._read_settled)
        if self.observe is not None:
            self._time(description, result)
        # A Deferred of its own for the caller, who may cancel it: the count above must see the thread's end.
        answer: Deferred[T] = Deferred()
        result.chainDeferred(answer)
        return answer

    def write(self, description: str, function: Callable[[Transaction, *Ts], T], *args: *Ts) -> Deferred[T]:
        """``function(txn, *args)`` in a transaction of its own; fires when that is on disk.

        On SQLite writes run in the order of the calls. Fails with whatever the
        function raised (all of it undone), with :class:`DatabaseOverloaded`,
        :class:`DatabaseClosed` or :class:`CommitOutcomeUnknown`.
        """
        if self._closed is not None:
            return fail(DatabaseClosed(description))
        try:
            result: Deferred[T] = self._writer.submit(function, args)
        except DatabaseOverloaded:
            return fail()
        if self.observe is not None:
            self._time(description, result)
        return result

    def close(self) -> Deferred[None]:
        """Refuse what is new, wait for what was asked for, then close the connections. May be called twice."""
        if self._closed is None:
            self._closed = self._writer.when_idle()
            self._closed.addCallback(lambda _: self._when_reads_done())
            self._closed.addCallback(lambda _: self._close_pools())
        done: Deferred[None] = Deferred()
        self._closed.addCallback(lambda _: done.callback(None))
        return done

    def _close_pools(self) -> None:
        self._readers.close()
        self._writers.close()

    def _when_reads_done(self) -> Deferred[None]:
        if not self._reading:
            return succeed(None)
        self._reads_done = Deferred()
        return self._reads_done

    def _read_settled(self, result: T) -> T:
        self._reading -= 1
        if not self._reading and self._reads_done is not None:
            waiter, self._reads_done = self._reads_done, None
            waiter.callback(None)
        return result

    def _time(self, description: str, result: Deferred[T]) -> None:
        started = time.monotonic()
        observe = self.observe
        assert observe is not None

        def settled(value: T) -> T:
            observe(description, time.monotonic() - started)
            return value

        result.addBoth(settled)

    def _run_read(self, connection: PooledConnection, function: Callable[..., T], args: tuple[Any, ...]) -> T:
        """In a reader's thread."""
        engine = self.engine
        for attempt in range(1, MAX_ATTEMPTS + 1):
            try:
                cursor = connection.raw.cursor()
                if engine.shares_commits:
                    cursor.execute("BEGIN")
                result = function(Transaction(engine, cursor), *args)
                cursor.close()
                connection.raw.rollback()
                return result
            except Exception as error:
                abandon(engine, connection, error)
                if attempt == MAX_ATTEMPTS or not may_run_again(engine, error):
                    raise
        raise AssertionError("unreachable")


def open_database(
    dsn: str,
    data_dir: Path | str,
    reactor: Any,
    *,
    pool_size: int = 4,
    observe: Observe | None = None,
    migrations: Path = MIGRATIONS,
) -> Database:
    """Open the database that ``dsn`` names and bring its tables up to date.

    Blocks while it migrates: it is called before anything is served.

    Args:
        dsn: ``sqlite:FILE`` (relative to ``data_dir``) or Go's form for MySQL.

    Raises:
        DSNError, DatabaseUnavailable, DatabaseTooNew, MigrationError
    """
    where = parse_dsn(dsn, Path(data_dir))
    engine: Engine
    if isinstance(where, SQLiteDSN):
        engine = SQLiteEngine(where.path)
        engine.create_file()
    else:
        engine = MySQLEngine(where)
    connection = engine.connect()
    try:
        migrate(engine, connection, migrations)
    finally:
        connection.close()
    return Database(engine, reactor, pool_size=pool_size, observe=observe)
