"""SQLite's one writer: while one commit is on its way to the disk, the next writes gather and then share theirs.

All that wait are run one after another in a single transaction; one COMMIT, one
fsync, settles the whole batch. When one of them raises, the batch is run again
with a SAVEPOINT for each function: who raises is rolled back to it and fails
alone. The next batches have savepoints from the start, for what fails is seldom
alone; only when nothing has failed for a while do they go without again, since
SQLite copies every page that a savepoint's statements change.
"""

import sqlite3

from twisted.logger import Logger

from teamgram.database.dialect import Engine
from teamgram.database.pool import PooledConnection
from teamgram.database.transaction import Transaction
from teamgram.database.workers import Job

#: The most writes that share one commit: bounds how long the first one waits for the last.
MAX_BATCH = 512
#: Batches with savepoints after one in which something failed: so few are run twice, however much fails.
GUARDED_BATCHES = 64


class GroupCommit:
    """The work of the writer's thread."""

    _log = Logger()

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: sqlite3.Connection | None = None
        self._txn: Transaction
        self._guarded = 0

    def run(self, connection: PooledConnection, jobs: list[Job]) -> None:
        """Run the jobs and commit them, together where possible."""
        raw = connection.raw
        if raw is not self._connection:
            self._connection = raw
            self._txn = Transaction(self._engine, raw.cursor())
        if len(jobs) == 1:
            self._run_alone(raw, self._txn, jobs[0])
            return
        if self._guarded:
            self._guarded -= 1
        else:
            try:
                self._run_together(raw, self._txn, jobs)
                return
            except BaseException:
                self._txn.may_put_off, self._txn.put_off = False, None
                self._roll_back(raw, self._txn)
                self._guarded = GUARDED_BATCHES
        try:
            self._run_guarded(raw, self._txn, jobs)
        except BaseException:
            # The transaction fell as a whole, as SQLite's does on a full disk, and took the innocent with it.
            self._roll_back(raw, self._txn)
            for job in jobs:
                self._run_alone(raw, self._txn, job)

    def _run_together(self, raw: sqlite3.Connection, txn: Transaction, jobs: list[Job]) -> None:
        """All or none."""
        txn.execute("BEGIN IMMEDIATE")
        txn.may_put_off = True
        before = None
        for job in jobs:
            if txn.put_off is not None and job.function is not before:
                txn.write_put_off()
            before = job.function
            txn.after = None
            job.result = job.function(txn, *job.args)
            job.after = txn.after
            if not raw.in_transaction:
                # The function has caught the error with which it fell; what comes next would be on its own.
                raise sqlite3.OperationalError("the transaction fell as a whole")
        txn.write_put_off()
        txn.may_put_off = False
        txn.execute("COMMIT")

    def _run_guarded(self, raw: sqlite3.Connection, txn: Transaction, jobs: list[Job]) -> None:
        execute = txn.execute
        execute("BEGIN IMMEDIATE")
        for job in jobs:
            execute("SAVEPOINT one_write")
            job.error = job.after = txn.after = None
            try:
                job.result = job.function(txn, *job.args)
                job.after = txn.after
            except BaseException as error:
                if not raw.in_transaction:
                    raise
                job.error = error
                self._guarded = GUARDED_BATCHES
                execute("ROLLBACK TO one_write")
            execute("RELEASE one_write")
        execute("COMMIT")

    def _run_alone(self, raw: sqlite3.Connection, txn: Transaction, job: Job) -> None:
        job.error = job.after = txn.after = None
        try:
            txn.execute("BEGIN IMMEDIATE")
            job.result = job.function(txn, *job.args)
            job.after = txn.after
            txn.execute("COMMIT")
        except BaseException as error:
            job.error = error
            self._roll_back(raw, txn)

    def _roll_back(self, raw: sqlite3.Connection, txn: Transaction) -> None:
        if raw.in_transaction:
            try:
                txn.execute("ROLLBACK")
            except sqlite3.Error:
                self._log.failure("rollback failed")
