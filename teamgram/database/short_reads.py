"""Reads that are over before a thread could have begun: done at once, in the reactor's thread.

Most reads of a SQLite file are look-ups by key that take tens of microseconds;
to hand one to a thread and its result back takes several times that, and much
longer while the reactor is busy, for CPython's interpreter lock goes to a
waiting thread last. So a read is tried here first. SQLite counts what it does
for it (``sqlite3_progress_handler``) and stops when that is no longer short;
then the read is a thread's after all, and the next ones of its kind are at once.
"""

import sqlite3
import time
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed

from teamgram.database.dialect import Engine
from teamgram.database.transaction import Transaction

#: Instructions of SQLite's machine between two looks at the time. It counts a statement's over all its runs, so a read
#: may come to a look however short it is: only the time says that it is long.
STEPS = 10_000
#: Seconds of CPU after which a read is stopped at the next look.
SHORT_SECONDS = 0.002
#: A read of several statements that took longer than this (seconds of CPU) was not short either, unless it is the only
#: one among so many of its kind: a collection of garbage or a pause of the machine falls into any read.
MAX_SECONDS = 0.005
AMONG = 100
#: Seconds that a kind of read is left to the threads after it was not short.
LONG_FOR = 60.0


class ShortReads:
    """A connection of the reactor thread's own.

    Attributes:
        left: times that a kind of read was left to the threads.
    """

    def __init__(
        self,
        engine: Engine,
        seconds: Callable[[], float] = time.monotonic,
        # Of this thread: what other programs take meanwhile makes no read long.
        cpu_seconds: Callable[[], float] = time.thread_time,
    ) -> None:
        self._engine = engine
        self._seconds = seconds
        self._cpu_seconds = cpu_seconds
        self._connection: Any = None
        self._long_until: dict[str, float] = {}
        self._since_slow: dict[str, int] = {}
        self._began = 0.0
        self.left = 0

    def attempt(self, description: str, function: Callable[..., Any], args: tuple[Any, ...]) -> "Deferred[Any] | None":
        """What ``function(txn, *args)`` returned or raised, already; None when a thread has to do it."""
        long_until = self._long_until.get(description)
        if long_until is not None:
            if self._seconds() < long_until:
                return None
            del self._long_until[description]
        connection = self._connection
        if connection is None:
            connection = self._connection = self._open()
        began = self._began = self._cpu_seconds()
        try:
            cursor = connection.cursor()
            if self._engine.begin_read:
                cursor.execute(self._engine.begin_read)
            result = function(Transaction(self._engine, cursor), *args)
            cursor.close()
        except Exception as error:
            connection.rollback()
            if getattr(error, "sqlite_errorcode", None) in _NOT_HERE:
                self.leave(description)
                return None
            return fail()
        connection.rollback()
        self._count(description, self._cpu_seconds() - began > MAX_SECONDS)
        return succeed(result)

    def _is_too_long(self) -> bool:
        return self._cpu_seconds() - self._began > SHORT_SECONDS

    def _count(self, description: str, slow: bool) -> None:
        """Leave a kind to the threads when a second one was slow before so many that were not."""
        since = self._since_slow.get(description)
        if slow:
            if since is not None:
                self.leave(description)
            self._since_slow[description] = 0
        elif since is not None:
            if since < AMONG:
                self._since_slow[description] = since + 1
            else:
                del self._since_slow[description]

    def leave(self, description: str) -> None:
        """Leave the reads of that kind to the threads for a while."""
        self.left += 1
        self._long_until[description] = self._seconds() + LONG_FOR

    def close(self) -> None:
        """Close the connection; nothing is read here any more."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> Any:
        connection = self._engine.connect()
        self._engine.prepare_reader(connection)
        # Nothing is waited for here.
        connection.execute("PRAGMA busy_timeout = 0")
        connection.set_progress_handler(self._is_too_long, STEPS)
        return connection


#: Stopped by us, or waiting for another process: a thread can take its time.
_NOT_HERE = frozenset((sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_BUSY))
