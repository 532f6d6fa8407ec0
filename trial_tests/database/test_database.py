"""What every database promises its stores, on both engines."""

import threading
from pathlib import Path
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, DeferredList, gatherResults
from twisted.internet.task import deferLater

from teamgram.database import Database, DatabaseClosed, DatabaseOverloaded, Transaction
from trial_tests.backends import BackendTestCase, on_every_backend

SCHEMA = """
CREATE TABLE things (
    id {bigint_pk_auto},
    name VARCHAR(191) NOT NULL,
    amount BIGINT NOT NULL,
    body {blob},
    note {text},
    UNIQUE (name)
) {engine_suffix};
CREATE TABLE pairs (a BIGINT NOT NULL, b BIGINT NOT NULL, c BIGINT NOT NULL, PRIMARY KEY (a, b)) {clustered_suffix};
"""


def insert(txn: Transaction, name: str, amount: int = 0) -> int:
    txn.execute("INSERT INTO things (name, amount) VALUES (?, ?)", (name, amount))
    return txn.lastrowid


def names(txn: Transaction) -> list[str]:
    txn.execute("SELECT name FROM things ORDER BY id")
    return [row[0] for row in txn.fetchall()]


@on_every_backend
class DatabaseTests(BackendTestCase):
    """Database and Transaction."""

    def setUp(self) -> None:
        self.files = Path(self.mktemp())
        self.files.mkdir()
        (self.files / "0001_things.sql").write_text(SCHEMA)
        self.db = self.open()

    def open(self, **options: Any) -> Database:
        return self.open_database(migrations=self.files, **options)

    async def query(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        def select(txn: Transaction) -> list[tuple[Any, ...]]:
            txn.execute(sql, parameters)
            return list(txn.fetchall())

        return await self.db.read("query", select)

    async def test_read_your_write(self) -> None:
        """A read that is asked for after a write was answered sees it, also after opening again."""
        self.assertEqual(await self.db.write("insert", insert, "a"), 1)
        self.assertEqual(await self.db.read("names", names), ["a"])
        await self.db.close()
        self.db = self.open()
        self.assertEqual(await self.db.read("names", names), ["a"])

    async def test_values(self) -> None:
        """64-bit numbers, bytes, emoji, quotes and None come back as they went in; rows are tuples."""
        row = (-(2**63), bytes(range(256)), "👩‍🚀 'x' \"y\" \\ % ?", None)

        def put(txn: Transaction) -> None:
            txn.execute("INSERT INTO things (name, amount, body, note) VALUES (?, ?, ?, ?)", ("a", *row[:3]))
            txn.execute("INSERT INTO things (name, amount) VALUES (?, ?)", ("b", 2**63 - 1))

        await self.db.write("put", put)
        self.assertEqual(await self.query("SELECT amount, body, note FROM things WHERE name = ?", "a"), [row[:3]])
        self.assertEqual(await self.query("SELECT amount, note FROM things WHERE name = 'b'"), [(2**63 - 1, None)])

    async def test_portable_sql(self) -> None:
        """Sums are ints, || concatenates, % is literal, and text minds its case in = and LIKE."""
        for name, amount in (("Ann", 1), ("ann", 2)):
            await self.db.write("insert", insert, name, amount)
        self.assertEqual(
            await self.query("SELECT SUM(amount), name || '%' FROM things WHERE name = 'ann' GROUP BY name"),
            [(2, "ann%")],
        )
        self.assertEqual(await self.query("SELECT name FROM things WHERE name LIKE ?", "a%"), [("ann",)])
        [(total,)] = await self.query("SELECT SUM(amount) FROM things")
        self.assertIs(type(total), int)

    async def test_rowcount_counts_matches(self) -> None:
        """rowcount of an UPDATE counts rows that matched, whether or not a value changed."""
        await self.db.write("insert", insert, "a", 5)

        def update(txn: Transaction) -> int:
            txn.execute("UPDATE things SET amount = 5")
            return txn.rowcount

        self.assertEqual(await self.db.write("update", update), 1)

    async def test_executemany(self) -> None:
        """executemany runs once for each row."""

        def many(txn: Transaction) -> None:
            txn.executemany("INSERT INTO pairs (a, b, c) VALUES (?, ?, ?)", [(1, n, n * n) for n in range(20)])

        await self.db.write("many", many)
        self.assertEqual(await self.query("SELECT COUNT(*), SUM(c) FROM pairs"), [(20, sum(n * n for n in range(20)))])

    async def test_upsert(self) -> None:
        """upsert inserts a new key and changes only the given columns of an old one."""

        def put(txn: Transaction, values: dict[str, int]) -> None:
            txn.upsert("pairs", {"a": 1, "b": 2}, values)

        await self.db.write("put", put, {"c": 3})
        await self.db.write("put", put, {"c": 4})
        self.assertEqual(await self.query("SELECT a, b, c FROM pairs"), [(1, 2, 4)])

    async def test_insert_ignore(self) -> None:
        """insert_ignore says whether it inserted, leaves the old row alone, and the transaction goes on."""

        def put(txn: Transaction) -> list[bool]:
            answers = [txn.insert_ignore("things", {"name": "a", "amount": n}) for n in (1, 2)]
            insert(txn, "b")
            return answers

        self.assertEqual(await self.db.write("put", put), [True, False])
        self.assertEqual(await self.query("SELECT name, amount FROM things ORDER BY id"), [("a", 1), ("b", 0)])

    async def test_insert_ignore_hides_nothing_else(self) -> None:
        """insert_ignore raises for a row that is wrong in another way than a taken key."""

        def put(txn: Transaction) -> bool:
            return txn.insert_ignore("things", {"name": None, "amount": 1})

        with self.assertRaises(Exception):  # noqa: B017 - the driver's own error
            await self.db.write("put", put)

    async def test_failing_write_undone(self) -> None:
        """A function that raises fails with its own exception, and all it did is undone."""

        def fail(txn: Transaction) -> None:
            insert(txn, "half")
            raise LookupError("on purpose")

        with self.assertRaises(LookupError):
            await self.db.write("fail", fail)
        self.assertEqual(await self.db.read("names", names), [])

    async def test_failing_read(self) -> None:
        """A read that raises fails with its own exception, and the connection serves the next one."""

        def fail(txn: Transaction) -> None:
            txn.execute("SELECT * FROM nowhere")

        for _ in range(6):
            with self.assertRaises(Exception):  # noqa: B017 - the driver's own error
                await self.db.read("fail", fail)
        self.assertEqual(await self.db.read("names", names), [])

    async def test_failing_write_among_others(self) -> None:
        """Of many writes at once those that raise fail alone; the others are all there."""

        def maybe(txn: Transaction, number: int) -> int:
            insert(txn, f"n{number}", number)
            if number % 5 == 3:
                raise LookupError(number)
            return number

        outcomes = await DeferredList([self.db.write("maybe", maybe, n) for n in range(40)], consumeErrors=True)
        self.assertEqual([ok for ok, _ in outcomes], [n % 5 != 3 for n in range(40)])
        good = {(f"n{n}",) for n in range(40) if n % 5 != 3}
        self.assertEqual(set(await self.query("SELECT name FROM things")), good)

    async def test_increments_all_count(self) -> None:
        """Many writes that read a number and store it plus one never lose an increment."""
        await self.db.write("insert", insert, "counter", 0)

        def increment(txn: Transaction) -> int:
            txn.execute("SELECT amount FROM things WHERE name = 'counter'" + txn.engine.for_update)
            row = txn.fetchone()
            assert row is not None
            txn.execute("UPDATE things SET amount = ? WHERE name = 'counter'", (row[0] + 1,))
            return int(row[0]) + 1

        values = await gatherResults([self.db.write("increment", increment) for _ in range(100)])
        self.assertEqual(sorted(values), list(range(1, 101)))

    async def test_call_after_in_commit_order(self) -> None:
        """call_after calls of writes to one row come in the order of its numbers, before each one's caller goes on."""
        await self.db.write("insert", insert, "counter", 0)
        seen: list[tuple[str, int]] = []

        def take(txn: Transaction) -> int:
            txn.execute("UPDATE things SET amount = amount + 1 WHERE name = 'counter'")
            txn.execute("SELECT amount FROM things WHERE name = 'counter'")
            row = txn.fetchone()
            assert row is not None
            txn.call_after(seen.append, ("published", row[0]))
            txn.call_after(seen.append, ("published too", row[0]))
            return int(row[0])

        async def one() -> None:
            seen.append(("answered", await self.db.write("take", take)))

        await gatherResults([Deferred.fromCoroutine(one()) for _ in range(60)])
        expected = [(what, n) for n in range(1, 61) for what in ("published", "published too", "answered")]
        self.assertEqual(seen, expected)

    async def test_call_after_in_reactor_thread(self) -> None:
        """call_after calls happen in the reactor thread, where the transaction is visible to others."""
        threads: list[threading.Thread] = []

        def put(txn: Transaction) -> threading.Thread:
            txn.call_after(lambda: threads.append(threading.current_thread()))
            return threading.current_thread()

        worker = await self.db.write("put", put)
        self.assertIs(threads[0], threading.current_thread())
        self.assertIsNot(worker, threading.current_thread())

    async def test_no_call_after_failure(self) -> None:
        """A write that fails makes none of its call_after calls."""
        calls: list[int] = []

        def fail(txn: Transaction) -> None:
            txn.call_after(calls.append, 1)
            raise LookupError

        with self.assertRaises(LookupError):
            await self.db.write("fail", fail)
        await self.db.write("insert", insert, "next")
        self.assertEqual(calls, [])

    async def test_call_after_that_raises(self) -> None:
        """A call_after call that raises is logged; the write is answered and the other calls are made."""
        calls: list[int] = []

        def put(txn: Transaction) -> str:
            txn.call_after(lambda: 1 // 0)
            txn.call_after(calls.append, 1)
            return "done"

        self.assertEqual(await self.db.write("put", put), "done")
        self.assertEqual(calls, [1])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    async def test_read_is_one_moment(self) -> None:
        """Two SELECTs of one read see the same state although a write was answered between them."""
        await self.db.write("insert", insert, "a")
        between, proceed = threading.Event(), threading.Event()

        def read_twice(txn: Transaction) -> tuple[list[str], list[str]]:
            first = names(txn)
            between.set()
            proceed.wait(10)
            return first, names(txn)

        self.db.leave_to_threads("twice")
        reading = self.db.read("twice", read_twice)
        while not between.is_set():
            await self.db.read("names", names)
            await deferLater(self.real_reactor, 0)  # a read that is done at once lets nothing else happen
        await self.db.write("insert", insert, "b")
        proceed.set()
        self.assertEqual(await reading, (["a"], ["a"]))

    async def test_reads_change_nothing(self) -> None:
        """What a read function writes by mistake is refused or undone."""
        try:
            await self.db.read("insert", insert, "stray")
        except Exception:  # SQLite refuses, MySQL's transaction is rolled back
            pass
        self.assertEqual(await self.db.read("names", names), [])

    async def test_cancelled_write_happens(self) -> None:
        """Cancelling stops the waiting, not the write."""
        write = self.db.write("insert", insert, "a")
        write.cancel()
        with self.assertRaises(CancelledError):
            await write
        await self.db.write("insert", insert, "b")
        self.assertEqual(sorted(await self.db.read("names", names)), ["a", "b"])

    async def test_cancelled_read(self) -> None:
        """Cancelling a read stops the waiting; closing still waits for its thread."""
        self.db.leave_to_threads("names")
        reading = self.db.read("names", names)
        reading.cancel()
        with self.assertRaises(CancelledError):
            await reading
        await self.db.close()

    async def test_close_drains(self) -> None:
        """close refuses what is new and waits for what was asked for."""
        writes = [self.db.write("insert", insert, f"n{n}") for n in range(20)]
        reading = self.db.read("names", names)
        closing = self.db.close()
        with self.assertRaises(DatabaseClosed):
            await self.db.write("insert", insert, "late")
        with self.assertRaises(DatabaseClosed):
            await self.db.read("names", names)
        await closing
        self.assertTrue(all(write.called for write in writes))
        await reading
        self.db = self.open()
        self.assertEqual(len(await self.db.read("names", names)), 20)

    async def test_overloaded(self) -> None:
        """Past the bound a write is refused at once, and room comes back when others are settled."""
        self.db._writers.max_waiting = 3
        writes = [self.db.write("insert", insert, f"n{n}") for n in range(4)]
        with self.assertRaises(DatabaseOverloaded):
            await writes[3]
        await gatherResults(writes[:3])
        await self.db.write("insert", insert, "n3")
        self.assertEqual(self.db.waiting_writes, 0)

    async def test_observed(self) -> None:
        """The observer hears of each read and write, failed ones too, with its seconds."""
        heard: list[tuple[str, float]] = []
        db = self.open(observe=lambda description, seconds: heard.append((description, seconds)))
        await db.write("insert", insert, "a")
        await db.read("names", names)
        with self.assertRaises(Exception):  # noqa: B017 - the driver's own error
            await db.write("again", insert, "a")
        self.assertEqual([description for description, _ in heard], ["insert", "names", "again"])
        self.assertTrue(all(0 < seconds < 30 for _, seconds in heard))
