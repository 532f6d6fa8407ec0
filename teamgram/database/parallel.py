"""MySQL's writers: every write is a transaction of its own, several at once, retried where the server undid it.

Two transactions that touch the same rows commit in the order in which they got
the rows' locks, but their threads may report back in the other order. Each
takes a ticket just before COMMIT, while it still holds its locks, and the
reactor thread settles them by ticket: what ``call_after`` publishes about one
user leaves in the order of that user's commits.
"""

import itertools
import random
import threading
import time
from collections.abc import Iterator

from teamgram.database.dialect import Engine
from teamgram.database.errors import CommitOutcomeUnknown
from teamgram.database.pool import PooledConnection
from teamgram.database.transaction import Transaction
from teamgram.database.workers import Job

#: Times that one transaction is run before its error is passed on.
MAX_ATTEMPTS = 6


class ParallelCommit:
    """The work of the writers' threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._tickets = itertools.count(1)
        # Only touched in the reactor thread: jobs by ticket, None for a ticket whose COMMIT was undone.
        self._next_ticket = 1
        self._early: dict[int, Job | None] = {}

    def run(self, connection: PooledConnection, jobs: list[Job]) -> None:
        """Run each job in its own transaction."""
        for job in jobs:
            self._run(connection, job)

    def in_order(self, jobs: list[Job]) -> Iterator[Job]:
        """The jobs that may be settled now, in the order of their commits. Reactor thread."""
        for job in jobs:
            if not job.tickets:
                # Never got as far as COMMIT: nothing depends on when it is told.
                yield job
                continue
            for ticket in job.tickets:
                self._early[ticket] = None
            self._early[job.tickets[-1]] = job
        while self._next_ticket in self._early:
            ready = self._early.pop(self._next_ticket)
            self._next_ticket += 1
            if ready is not None:
                yield ready

    def _run(self, connection: PooledConnection, job: Job) -> None:
        for attempt in range(1, MAX_ATTEMPTS + 1):
            job.error = None
            try:
                with connection.raw.cursor() as cursor:
                    txn = Transaction(self._engine, cursor)
                    job.result = job.function(txn, *job.args)
                    job.after = txn.after
            except BaseException as error:
                job.error = error
                abandon(self._engine, connection, error)
            else:
                with self._lock:
                    job.tickets = (*job.tickets, next(self._tickets))
                self._commit(connection, job)
            if job.error is None or not may_run_again(self._engine, job.error):
                return
            if attempt < MAX_ATTEMPTS:
                time.sleep(random.uniform(0.002, 0.010) * attempt)

    def _commit(self, connection: PooledConnection, job: Job) -> None:
        try:
            connection.raw.commit()
        except BaseException as error:
            job.error = error
            if self._engine.is_disconnect(error):
                job.error = CommitOutcomeUnknown("the connection died during COMMIT")
                job.error.__cause__ = error
            abandon(self._engine, connection, error)


def may_run_again(engine: Engine, error: BaseException) -> bool:
    """The transaction surely did not happen and may succeed on another try."""
    return engine.is_retryable(error) or engine.is_disconnect(error)


def abandon(engine: Engine, connection: PooledConnection, error: BaseException) -> None:
    """End a failed transaction; a connection that is dead, or cannot even roll back, is replaced when next used."""
    if connection.is_open and not engine.is_disconnect(error):
        try:
            connection.raw.rollback()
            return
        except Exception:
            pass
    connection.discard()
