"""Short reads of a SQLite file are done at once, long ones by a thread."""

import sqlite3
import threading
from typing import Any

from twisted.trial.unittest import TestCase

from teamgram.database import Database, Transaction, open_database
from teamgram.database.errors import DatabaseClosed

COUNT = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) SELECT count(*) FROM n"


class ShortReadsTests(TestCase):
    timeout = 60.0

    def setUp(self) -> None:
        from twisted.internet import reactor

        self.threads: list[str] = []
        self.observed: list[str] = []
        self.db: Database = open_database(
            "sqlite:test.db",
            self.mktemp_directory(),
            reactor,
            observe=lambda description, seconds: self.observed.append(description),
        )
        self.addCleanup(lambda: self.db.close())

    def mktemp_directory(self) -> str:
        """A fresh one."""
        import os

        directory = self.mktemp()
        os.mkdir(directory)
        return directory

    def count(self, txn: Transaction, number: int) -> int:
        """Takes so many steps."""
        self.threads.append(threading.current_thread().name)
        txn.execute(COUNT, (number,))
        ((counted,),) = txn.fetchall()
        return int(counted)

    def here(self) -> str:
        return threading.current_thread().name

    def test_short(self) -> None:
        """Done when read returns, in this thread, and counted."""
        self.assertEqual(self.successResultOf(self.db.read("count", self.count, 10)), 10)
        self.assertEqual(self.threads, [self.here()])
        self.assertEqual(self.observed, ["count"])

    def test_short_again_and_again(self) -> None:
        """However often; SQLite adds up what a statement did in all its runs."""
        for _ in range(5000):
            self.successResultOf(self.db.read("count", self.count, 10))

    def test_several_statements_again_and_again(self) -> None:
        """Their counts reach a look in the same read now and then; none of them was long."""

        def several(txn: Transaction) -> None:
            for _ in range(3):
                self.count(txn, 10)
                txn.execute(COUNT.replace("count(*)", "max(i)"), (10,))

        for _ in range(3000):
            self.successResultOf(self.db.read("several", several))

    async def test_long(self) -> None:
        """Stopped here and done by a thread; the next ones of the kind begin there, others do not."""
        reading = self.db.read("count", self.count, 1_000_000)
        self.assertNoResult(reading)
        self.assertEqual(await reading, 1_000_000)
        self.assertEqual(await self.db.read("count", self.count, 10), 10)
        self.assertEqual([name == self.here() for name in self.threads], [True, False, False])
        self.assertEqual(self.successResultOf(self.db.read("another", self.count, 10)), 10)

    async def test_slow_now_and_then(self) -> None:
        """One slow read among many is somebody else's fault; two of them are not."""
        short = self.db._short_reads
        assert short is not None
        clock = [0.0]
        self.patch(short, "_cpu_seconds", lambda: clock[0])

        def slow(txn: Transaction) -> None:
            self.count(txn, 10)
            clock[0] += 0.006

        for _ in range(3):
            self.successResultOf(self.db.read("one", slow))
            for _ in range(101):
                self.successResultOf(self.db.read("one", self.count, 10))
        self.assertEqual(short.left, 0)
        for _ in range(2):
            self.successResultOf(self.db.read("one", slow))
        self.assertEqual(short.left, 1)
        await self.db.read("one", self.count, 10)
        self.assertNotEqual(self.threads[-1], self.here())

    async def test_tried_again(self) -> None:
        """A kind that was long is tried here again after a while."""
        now = [0.0]
        short = self.db._short_reads
        assert short is not None
        self.patch(short, "_seconds", lambda: now[0])
        await self.db.read("count", self.count, 1_000_000)
        now[0] += 61
        self.assertEqual(self.successResultOf(self.db.read("count", self.count, 10)), 10)

    def test_what_it_raises(self) -> None:
        """Comes through the Deferred; nothing is left open, and nothing can be written."""

        def raises(txn: Transaction) -> Any:
            raise KeyError("why")

        self.failureResultOf(self.db.read("raises", raises), KeyError)
        self.failureResultOf(
            self.db.read("write", lambda txn: txn.execute("CREATE TABLE stray (id INTEGER)")), sqlite3.OperationalError
        )
        self.assertEqual(self.successResultOf(self.db.read("count", self.count, 10)), 10)

    async def test_sees_what_was_written(self) -> None:
        """Every write that was answered, and none that was not."""
        await self.db.write("create", lambda txn: txn.execute("CREATE TABLE numbers (id INTEGER)"))
        for number in range(5):
            await self.db.write("insert", lambda txn, n: txn.execute("INSERT INTO numbers VALUES (?)", (n,)), number)

            def rows(txn: Transaction) -> int:
                txn.execute("SELECT count(*) FROM numbers")
                ((found,),) = txn.fetchall()
                return int(found)

            self.assertEqual(self.successResultOf(self.db.read("rows", rows)), number + 1)

    async def test_closed(self) -> None:
        """Nothing is read after close, which closes this connection too."""
        self.successResultOf(self.db.read("count", self.count, 10))
        await self.db.close()
        self.failureResultOf(self.db.read("count", self.count, 10), DatabaseClosed)
        short = self.db._short_reads
        assert short is not None
        self.assertIsNone(short._connection)
