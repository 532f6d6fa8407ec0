"""The database as stores see it: functions that run in a transaction, elsewhere.

``read`` and ``write`` take a function and plain values and hand back what it
returns. The function runs in a pool thread, so it must not touch what belongs
to the reactor thread, and it may run more than once: on MySQL when the server
undid it (deadlock, lost connection), on SQLite when the batch it was in fell.

A write is durable when its Deferred fires. Cancelling that Deferred makes the
caller stop waiting; it does not undo the write, nor its ``call_after`` calls.
"""

import time
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any, TypeVar, TypeVarTuple

from twisted.internet.defer import Deferred, fail, succeed

from teamgram.database.dialect import Engine
from teamgram.database.dsn import SQLiteDSN, parse_dsn
from teamgram.database.engines import SQLiteEngine
from teamgram.database.errors import DatabaseClosed, DatabaseOverloaded
from teamgram.database.group_commit import MAX_BATCH, GroupCommit
from teamgram.database.migrate import MIGRATIONS, migrate
from teamgram.database.parallel import ParallelCommit
from teamgram.database.pool import Pool, PooledConnection
from teamgram.database.reads import Reads
from teamgram.database.short_reads import ShortReads
from teamgram.database.transaction import Transaction
from teamgram.database.workers import Job, Workers

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

#: Called with a description and the seconds from the call of read or write to its answer.
Observe = Callable[[str, float], object]

#: Writes (and, apart from them, reads) that may wait before more are refused.
MAX_WAITING = 20000


class Database:
    """Readers and writers over one engine; made by :func:`open_database`.

    Args:
        pool_size: connections that read (SQLite: three at most); on MySQL also as many that write.
        observe: told the time of every read and write; ``description`` is a
            fixed string, fit for a metric's label.
        owner: on whose behalf the code that calls ``read`` runs. Reads of
            different owners take turns; writes stay in the order of the calls.

    Attributes:
        refused: reads and writes that found too many waiting, since the start.
    """

    def __init__(
        self,
        engine: Engine,
        reactor: Any,
        *,
        pool_size: int = 4,
        observe: Observe | None = None,
        max_waiting: int = MAX_WAITING,
        owner: Callable[[], int] = lambda: 0,
    ) -> None:
        self.engine = engine
        self.refused = 0
        self._pools: list[Pool] = []
        self._short_reads = ShortReads(engine) if engine.reads_at_once else None
        reads = Reads(engine)
        readers = min(pool_size, engine.most_readers)
        self._readers = self._workers(
            reactor, engine.prepare_reader, reads.run, readers, max_waiting=max_waiting, owner=owner
        )
        if engine.shares_commits:
            group = GroupCommit(engine)
            self._writers = self._workers(
                reactor, engine.prepare_writer, group.run, 1, most=MAX_BATCH, max_waiting=max_waiting
            )
        else:
            parallel = ParallelCommit(engine)
            self._writers = self._workers(
                reactor,
                engine.prepare_writer,
                parallel.run,
                pool_size,
                max_waiting=max_waiting,
                in_order=parallel.in_order,
            )
        self.observe = observe
        self._closing: Deferred[None] | None = None
        # By line: what fires when the last write of it, and all before, are settled.
        self._lines: dict[Hashable, Deferred[None]] = {}

    def _workers(
        self,
        reactor: Any,
        prepare: Callable[[Any], None],
        work: Callable[[PooledConnection, list[Job]], None],
        size: int,
        most: int = 1,
        **options: Any,
    ) -> Workers:
        pool = Pool(self.engine, reactor, size, prepare)
        self._pools.append(pool)
        return Workers(reactor, pool, work, size=size, most=most, **options)

    @property
    def observe(self) -> Observe | None:
        """Who is told the time of every read and write."""
        return self._observe

    @observe.setter
    def observe(self, observe: Observe | None) -> None:
        self._observe = self._readers.observe = self._writers.observe = observe

    @property
    def waiting_writes(self) -> int:
        """Writes that have been asked for and not answered."""
        return self._writers.waiting

    @property
    def waiting_reads(self) -> int:
        """Reads that have been asked for and not answered."""
        return self._readers.waiting

    def read(self, description: str, function: Callable[[Transaction, *Ts], T], *args: *Ts) -> Deferred[T]:
        """``function(txn, *args)`` on one snapshot of the database, changing nothing.

        On SQLite a short one is done when this returns (:mod:`teamgram.database.short_reads`).
        Sees every write that was answered before the call. Fails with the
        driver's error, :class:`DatabaseOverloaded` or :class:`DatabaseClosed`.
        """
        if self._short_reads is not None and self._closing is None:
            began = time.monotonic()
            result = self._short_reads.attempt(description, function, args)
            if result is not None:
                if self._observe is not None:
                    self._observe(description, time.monotonic() - began)
                return result
        return self._submit(self._readers, description, function, args)

    def leave_to_threads(self, description: str) -> None:
        """Say beforehand that reads of this kind are not short; what SQLite makes long is found out without."""
        if self._short_reads is not None:
            self._short_reads.leave(description)

    def write(self, description: str, function: Callable[[Transaction, *Ts], T], *args: *Ts) -> Deferred[T]:
        """``function(txn, *args)`` in a transaction of its own; fires when that is on disk.

        On SQLite writes run in the order of the calls. Fails with whatever the
        function raised (all of it undone), with :class:`DatabaseOverloaded`,
        :class:`DatabaseClosed` or :class:`CommitOutcomeUnknown`.
        """
        return self._submit(self._writers, description, function, args)

    def write_in_line(
        self, line: Hashable, description: str, function: Callable[[Transaction, *Ts], T], *args: *Ts
    ) -> Deferred[T]:
        """As ``write``, after what was asked for before it in the same line. On SQLite all writes are in one line."""
        if self.engine.shares_commits:
            return self.write(description, function, *args)
        before = self._lines.get(line)
        settled = self._lines[line] = Deferred()

        def leave(value: T) -> T:
            if self._lines.get(line) is settled:
                del self._lines[line]
            # One that was given up while it waited does not let the next one overtake those in front.
            (succeed(None) if before is None else before).addCallback(settled.callback)
            return value

        if before is None:
            return self.write(description, function, *args).addBoth(leave)
        turn: Deferred[None] = Deferred()
        before.addCallback(lambda _: turn.callback(None))
        return turn.addCallback(lambda _: self.write(description, function, *args)).addBoth(leave)

    def close(self) -> Deferred[None]:
        """Refuse what is new, wait for what was asked for, then close the connections. May be called twice."""
        if self._closing is None:
            self._closing = self._writers.when_idle()
            self._closing.addCallback(lambda _: self._readers.when_idle())
            self._closing.addCallback(lambda _: self._close_pools())
        done: Deferred[None] = Deferred()
        self._closing.addCallback(lambda _: done.callback(None))
        return done

    def _submit(
        self, workers: Workers, description: str, function: Callable[[Transaction, *Ts], T], args: tuple[*Ts]
    ) -> Deferred[T]:
        if self._closing is not None:
            return fail(DatabaseClosed(description))
        try:
            return workers.submit(description, function, args)
        except DatabaseOverloaded:
            self.refused += 1
            return fail()

    def _close_pools(self) -> None:
        if self._short_reads is not None:
            self._short_reads.close()
        for workers in (self._readers, self._writers):
            workers.close()
        for pool in self._pools:
            pool.close()


def open_database(
    dsn: str,
    data_dir: Path | str,
    reactor: Any,
    *,
    pool_size: int = 4,
    observe: Observe | None = None,
    migrations: Path = MIGRATIONS,
    owner: Callable[[], int] = lambda: 0,
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
        # PyMySQL and what it brings are a megabyte that SQLite's users need not have.
        from teamgram.database.mysql_engine import MySQLEngine

        engine = MySQLEngine(where)
    connection = engine.connect()
    try:
        migrate(engine, connection, migrations)
    finally:
        connection.close()
    return Database(engine, reactor, pool_size=pool_size, observe=observe, owner=owner)
