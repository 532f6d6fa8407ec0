"""SQLite's one writer: sharing commits, isolating failures, surviving kill -9."""

import os
import signal
import sqlite3
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, DeferredList, gatherResults
from twisted.internet.protocol import ProcessProtocol
from twisted.internet.task import deferLater

from teamgram.database import Database, Transaction
from trial_tests.backends import BackendTestCase
from trial_tests.database import acknowledging_writer


def put(txn: Transaction, number: int) -> int:
    txn.execute("INSERT INTO numbers (n) VALUES (?)", (number,))
    return number


def numbers(txn: Transaction) -> list[int]:
    txn.execute("SELECT n FROM numbers ORDER BY rowid")
    return [row[0] for row in txn.fetchall()]


class GroupCommitTests(BackendTestCase):
    """GroupCommitWriter through Database."""

    def setUp(self) -> None:
        self.files = Path(self.mktemp())
        self.files.mkdir()
        (self.files / "0001_numbers.sql").write_text(acknowledging_writer.SCHEMA)
        self.db = self.open_database(migrations=self.files)

    async def hold_the_writer(self, db: Database) -> threading.Event:
        """Keep the writer's thread busy until the event is set: what is written meanwhile shares one batch."""
        started, go_on = threading.Event(), threading.Event()

        def hold(txn: Transaction) -> None:
            started.set()
            go_on.wait(10)

        self.held = db.write("hold", hold)
        while not started.is_set():
            await deferLater(self.real_reactor, 0)
        return go_on

    def count_commits(self) -> list[str]:
        """From now on the commits of the writer's connection, as they happen."""
        commits: list[str] = []

        def trace(statement: str) -> None:
            if statement == "COMMIT":
                commits.append(statement)

        def install(txn: Transaction) -> None:
            txn._cursor.connection.set_trace_callback(trace)

        self.tracing = self.db.write("trace", install)
        return commits

    async def test_many_writes_one_commit(self) -> None:
        """Writes that waited during a commit share the next one."""
        commits = self.count_commits()
        await self.tracing
        go_on = await self.hold_the_writer(self.db)
        writes = gatherResults([self.db.write("put", put, n) for n in range(100)])
        del commits[:]
        go_on.set()
        self.assertEqual(await writes, list(range(100)))
        # One for the write that held the thread, one for the hundred.
        self.assertEqual(len(commits), 2)

    async def test_order_of_calls(self) -> None:
        """Writes run in the order in which they were asked for, and are answered in it."""
        go_on = await self.hold_the_writer(self.db)
        answered: list[int] = []
        writes: list[Any] = [self.db.write("put", put, n).addCallback(answered.append) for n in range(50)]
        go_on.set()
        await DeferredList(writes)
        self.assertEqual(answered, list(range(50)))
        self.assertEqual(await self.db.read("numbers", numbers), list(range(50)))

    async def test_failure_in_batch_isolated(self) -> None:
        """In one batch a failing write takes back exactly what it did; those before and after it are committed."""
        go_on = await self.hold_the_writer(self.db)

        def fail(txn: Transaction) -> None:
            put(txn, 1000)
            txn.execute("DELETE FROM numbers")
            raise LookupError

        writes: list[Any] = [
            self.db.write("put", put, 1),
            self.db.write("fail", fail),
            self.db.write("put", put, 2),
        ]
        go_on.set()
        outcomes = await DeferredList(writes, consumeErrors=True)
        self.assertEqual([ok for ok, _ in outcomes], [True, False, True])
        self.assertEqual(await self.db.read("numbers", numbers), [1, 2])

    async def test_failure_has_the_next_batch_guarded(self) -> None:
        """A batch in which something fails is run again; the next one is not, whatever fails in it."""
        run: list[int] = []

        def put_counted(txn: Transaction, number: int) -> int:
            run.append(number)
            return put(txn, number)

        def fail(txn: Transaction) -> None:
            raise LookupError

        for batch in (1, 2):
            go_on = await self.hold_the_writer(self.db)
            writes: list[Any] = [
                self.db.write("put", put_counted, 10 * batch),
                self.db.write("fail", fail),
                self.db.write("put", put_counted, 10 * batch + 1),
            ]
            go_on.set()
            outcomes = await DeferredList(writes, consumeErrors=True)
            self.assertEqual([ok for ok, _ in outcomes], [True, False, True])
        self.assertEqual(run, [10, 10, 11, 20, 21])
        self.assertEqual(await self.db.read("numbers", numbers), [10, 11, 20, 21])

    async def test_put_off(self) -> None:
        """What writes of one kind put off is written once, before another kind's runs and before the commit."""
        statements: list[str] = []
        adding = self.adding(statements)

        def look(txn: Transaction) -> list[int]:
            return numbers(txn)

        go_on = await self.hold_the_writer(self.db)
        writes: list[Any] = [self.db.write("add", adding, number) for number in (1, 2, 3)]
        seen = self.db.write("look", look)
        writes += [self.db.write("add", adding, number) for number in (10, 20)]
        go_on.set()
        self.assertEqual(await gatherResults(writes), [True] * 5)
        self.assertEqual(await seen, [6])
        self.assertEqual(statements, ["add 6", "add 30"])
        self.assertEqual(await self.db.read("numbers", numbers), [6, 30])

    async def test_put_off_by_what_falls(self) -> None:
        """When a batch fails what was put off goes with it; run again, each is on its own, as one that is alone is."""
        statements: list[str] = []
        adding = self.adding(statements)

        def fail(txn: Transaction) -> None:
            raise LookupError

        go_on = await self.hold_the_writer(self.db)
        writes: list[Any] = [self.db.write("add", adding, 1), self.db.write("add", adding, 2)]
        failing = self.db.write("fail", fail)
        go_on.set()
        self.assertEqual(await gatherResults(writes), [False, False])
        await self.assertFailure(failing, LookupError)
        self.assertFalse(await self.db.write("add", adding, 3))
        self.assertEqual(statements, ["add 3", "add 1", "add 2", "add 3"])
        self.assertEqual(await self.db.read("numbers", numbers), [1, 2, 3])

    def adding(self, statements: list[str]) -> Callable[[Transaction, int], bool]:
        """A write that leaves the adding up to the last of its kind, if it may; whether it did."""

        class Sum:
            number = 0

            def write(self, txn: Transaction) -> None:
                statements.append(f"add {self.number}")
                put(txn, self.number)

        def add(txn: Transaction, number: int) -> bool:
            added = txn.put_off if isinstance(txn.put_off, Sum) else Sum()
            added.number += number
            if not txn.may_put_off:
                added.write(txn)
                return False
            txn.put_off = added
            return True

        return add

    async def test_write_that_hides_its_fall(self) -> None:
        """A write that goes on after the transaction fell under it, as on a full disk, loses no other one."""
        go_on = await self.hold_the_writer(self.db)
        fallen: list[int] = []

        def hide(txn: Transaction) -> None:
            if not fallen:
                fallen.append(1)
                txn.execute("ROLLBACK")

        writes: list[Any] = [self.db.write("put", put, 1), self.db.write("hide", hide), self.db.write("put", put, 2)]
        go_on.set()
        outcomes = await DeferredList(writes, consumeErrors=True)
        self.assertEqual([ok for ok, _ in outcomes], [True, True, True])
        self.assertEqual(await self.db.read("numbers", numbers), [1, 2])

    async def test_batch_that_falls_as_a_whole(self) -> None:
        """When one write brings the whole transaction down, the others are run again and only that one fails."""
        go_on = await self.hold_the_writer(self.db)
        published: list[int] = []

        def publish(txn: Transaction, number: int) -> None:
            put(txn, number)
            txn.call_after(published.append, number)

        def bring_down(txn: Transaction) -> None:
            # What SQLite does by itself when the disk is full.
            txn.execute("ROLLBACK")
            raise sqlite3.OperationalError("database or disk is full")

        writes = [
            self.db.write("publish", publish, 1),
            self.db.write("bring down", bring_down),
            self.db.write("publish", publish, 2),
        ]
        go_on.set()
        outcomes = await DeferredList(writes, consumeErrors=True)
        self.assertEqual([ok for ok, _ in outcomes], [True, False, True])
        self.assertEqual(await self.db.read("numbers", numbers), [1, 2])
        self.assertEqual(published, [1, 2])

    async def test_settings(self) -> None:
        """The writer's connection waits for the disk at each commit; foreign keys are enforced on every connection."""

        def settings(txn: Transaction) -> list[Any]:
            found = []
            for name in ("synchronous", "journal_mode", "foreign_keys"):
                txn.execute(f"PRAGMA {name}")
                found.append(txn.fetchall()[0][0])
            return found

        self.assertEqual(await self.db.write("settings", settings), [2, "wal", 1])
        self.assertEqual((await self.db.read("settings", settings))[1:], ["wal", 1])

    async def test_kill_9(self) -> None:
        """A process that is killed in the middle of writing has lost nothing that it acknowledged."""
        await self.db.close()
        assert self._place is not None
        data_dir = self._place[1]
        for _ in range(3):
            acknowledged = await _DoomedProcess.run_and_kill(self.real_reactor, data_dir, self.files, after=150)
            self.assertGreaterEqual(len(acknowledged), 150)
            db = self.open_database(migrations=self.files)
            there = await db.read("numbers", numbers)
            await db.close()
            self.assertEqual(acknowledged - set(there), set())
            self.assertEqual(len(there), len(set(there)))


class _DoomedProcess(ProcessProtocol):
    """A child that writes and prints each number after its write was answered; killed after so many."""

    def __init__(self, after: int) -> None:
        self.after = after
        self.output = b""
        self.errors = b""
        self.ended: Deferred[None] = Deferred()

    @classmethod
    async def run_and_kill(cls, reactor: Any, data_dir: Path, files: Path, after: int) -> set[int]:
        protocol = cls(after)
        command = [
            sys.executable,
            "-m",
            acknowledging_writer.__name__,
            str(data_dir),
            str(files),
        ]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        reactor.spawnProcess(protocol, sys.executable, command, environment)
        await protocol.ended
        assert not protocol.errors, protocol.errors.decode()
        # The last line may be cut short; then its number was not told to anybody.
        return {int(line) for line in protocol.output.split(b"\n")[:-1]}

    def outReceived(self, data: bytes) -> None:
        self.output += data
        if self.output.count(b"\n") >= self.after and self.transport is not None:
            try:
                self.transport.signalProcess(signal.Signals.SIGKILL.name.removeprefix("SIG"))
            except Exception:  # it is dead already
                pass

    def errReceived(self, data: bytes) -> None:
        self.errors += data

    def processEnded(self, reason: Any) -> None:
        self.ended.callback(None)
