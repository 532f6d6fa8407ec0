"""MySQL's writers: retries, lost connections, commits of unknown outcome, order of publication."""

import socket
import threading
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

from twisted.internet.defer import gatherResults
from twisted.trial.unittest import SynchronousTestCase

import pymysql

from teamgram.database import CommitOutcomeUnknown, DatabaseUnavailable, Transaction, open_database
from teamgram.database.dsn import MySQLDSN
from teamgram.database.mysql_engine import MySQLEngine
from teamgram.database.parallel import ParallelCommit
from teamgram.database.workers import Job
from trial_tests.backends import BackendTestCase

SCHEMA = "CREATE TABLE accounts (id BIGINT NOT NULL PRIMARY KEY, amount BIGINT NOT NULL) {engine_suffix};"


def amounts(txn: Transaction) -> list[int]:
    txn.execute("SELECT amount FROM accounts ORDER BY id")
    return [row[0] for row in txn.fetchall()]


class MySQLTests(BackendTestCase):
    """ParallelWriter through Database, on a real server."""

    on_servers = True

    async def setUp(self) -> None:
        self.files = Path(self.mktemp())
        self.files.mkdir()
        (self.files / "0001_accounts.sql").write_text(SCHEMA)
        self.db = self.open_database(migrations=self.files)

        def fill(txn: Transaction) -> None:
            txn.executemany("INSERT INTO accounts VALUES (?, ?)", [(1, 100), (2, 100)])

        await self.db.write("fill", fill)

    async def test_deadlock_retried(self) -> None:
        """Of two transactions that lock each other out one is run again; both happen once."""
        met = threading.Barrier(2, timeout=10)
        runs: list[int] = []

        def move(txn: Transaction, source: int, target: int) -> None:
            first_time = runs.count(source) == 0
            runs.append(source)
            txn.execute("UPDATE accounts SET amount = amount - 1 WHERE id = ?", (source,))
            if first_time:
                met.wait()
            txn.execute("UPDATE accounts SET amount = amount + 2 WHERE id = ?", (target,))

        await gatherResults([self.db.write("move", move, 1, 2), self.db.write("move", move, 2, 1)])
        self.assertEqual(await self.db.read("amounts", amounts), [101, 101])
        self.assertEqual(len(runs), 3)

    async def kill_connections(self) -> None:
        """As an operator, or the server's wait_timeout, does."""

        def kill_others(txn: Transaction) -> None:
            txn.execute("SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()")
            for (connection,) in txn.fetchall():
                txn.execute(f"KILL {connection}")

        place = self._place
        assert place is not None
        other = open_database(*place, self.real_reactor, migrations=self.files)
        await other.read("kill", kill_others)
        await other.close()

    async def test_dead_connections_replaced(self) -> None:
        """Reads and writes go on after the server closed every connection of the pools."""
        for _ in range(3):
            await gatherResults([self.db.read("amounts", amounts) for _ in range(8)])
            await self.kill_connections()

            def add(txn: Transaction) -> None:
                txn.execute("UPDATE accounts SET amount = amount + 1 WHERE id = 1")

            await gatherResults([self.db.write("add", add) for _ in range(4)])
            self.assertEqual((await self.db.read("amounts", amounts))[1], 100)
        self.assertEqual(await self.db.read("amounts", amounts), [112, 100])

    async def test_lost_before_commit_run_again(self) -> None:
        """A connection that dies inside the function costs a second run, not the write."""
        runs: list[int] = []

        def add(txn: Transaction) -> None:
            runs.append(1)
            txn.execute("UPDATE accounts SET amount = amount + 1 WHERE id = 1")
            if len(runs) == 1:
                txn._cursor.connection._sock.shutdown(socket.SHUT_RDWR)
            txn.execute("UPDATE accounts SET amount = amount + 1 WHERE id = 2")

        await self.db.write("add", add)
        self.assertEqual(await self.db.read("amounts", amounts), [101, 101])
        self.assertEqual(len(runs), 2)

    async def test_lost_in_commit_not_run_again(self) -> None:
        """A connection that dies during COMMIT is told as such, and nothing is run twice; later writes go on."""
        runs: list[int] = []

        def add(txn: Transaction, cut: bool) -> None:
            runs.append(1)
            txn.execute("UPDATE accounts SET amount = amount + 1 WHERE id = 1")
            connection = txn._cursor.connection
            if cut:

                def commit() -> None:
                    # The server has it, its answer gets lost.
                    pymysql.Connection.commit(connection)
                    raise pymysql.OperationalError(2013, "Lost connection to MySQL server during query")

                connection.commit = commit

        with self.assertRaises(CommitOutcomeUnknown):
            await self.db.write("add", add, True)
        self.assertEqual(len(runs), 1)
        await self.db.write("add", add, False)
        self.assertEqual(await self.db.read("amounts", amounts), [102, 100])

    async def test_later_read_sees_write(self) -> None:
        """A reader's connection that was used before sees what was written since."""
        for expected in range(101, 110):

            def add(txn: Transaction) -> None:
                txn.execute("UPDATE accounts SET amount = amount + 1 WHERE id = 1")

            await self.db.write("add", add)
            found = await gatherResults([self.db.read("amounts", amounts) for _ in range(6)])
            self.assertEqual({rows[0] for rows in found}, {expected})

    def test_nobody_there(self) -> None:
        """With no server at the address the start fails saying where it looked, without the password."""
        error = self.assertRaises(
            DatabaseUnavailable, open_database, "u:secret@tcp(127.0.0.1:1)/t", self.mktemp(), self.real_reactor
        )
        self.assertIn("127.0.0.1:1", str(error))
        self.assertNotIn("secret", str(error))


class _FakeConnection:
    """A connection on which everything succeeds, except COMMITs for which an error is set."""

    is_open = True

    def __init__(self) -> None:
        self.raw = self
        self.commit_errors: list[Exception] = []

    def cursor(self) -> Any:
        return MagicMock()

    def commit(self) -> None:
        if self.commit_errors:
            raise self.commit_errors.pop(0)

    def rollback(self) -> None:
        pass


class OrderTests(SynchronousTestCase):
    """What reaches the reactor thread out of order is settled in the order of the commits."""

    def setUp(self) -> None:
        self.connection = _FakeConnection()
        self.commits = ParallelCommit(MySQLEngine(MySQLDSN("u", "", "t")))

    def run_job(self, name: str) -> Job:
        job = Job("job", lambda txn: name, ())
        self.commits.run(self.connection, [job])  # type: ignore[arg-type]
        return job

    def test_reported_in_other_order(self) -> None:
        """A job whose commit came second waits for the first one's report."""
        first, second, third = [self.run_job(name) for name in ("first", "second", "third")]
        self.assertEqual(list(self.commits.in_order([second])), [])
        self.assertEqual(list(self.commits.in_order([first])), [first, second])
        self.assertEqual(list(self.commits.in_order([third])), [third])

    def test_failed_function_waits_for_nobody(self) -> None:
        """A job that never reached COMMIT is settled at once."""
        first = self.run_job("first")
        failed = Job("job", lambda txn: 1 // 0, ())
        self.commits.run(self.connection, [failed])  # type: ignore[arg-type]
        self.assertIsInstance(failed.error, ZeroDivisionError)
        self.assertEqual(list(self.commits.in_order([failed])), [failed])
        self.assertEqual(list(self.commits.in_order([first])), [first])

    def test_commit_undone_by_server(self) -> None:
        """A COMMIT that the server undid is tried again and holds nobody up for ever."""
        self.connection.commit_errors.append(pymysql.OperationalError(1213, "Deadlock found"))
        first, second = self.run_job("first"), self.run_job("second")
        self.assertEqual((first.result, first.error), ("first", None))
        self.assertEqual(list(self.commits.in_order([second, first])), [first, second])
