"""Readers: each function sees one moment of the database and leaves nothing behind."""

from teamgram.database.dialect import Engine
from teamgram.database.parallel import MAX_ATTEMPTS, abandon, may_run_again
from teamgram.database.pool import PooledConnection
from teamgram.database.transaction import Transaction
from teamgram.database.workers import Job


class Reads:
    """The work of the readers' threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def run(self, connection: PooledConnection, jobs: list[Job]) -> None:
        """Run each job in a transaction of its own that is rolled back."""
        for job in jobs:
            for _ in range(MAX_ATTEMPTS):
                job.error = None
                try:
                    cursor = connection.raw.cursor()
                    if self._engine.begin_read:
                        cursor.execute(self._engine.begin_read)
                    job.result = job.function(Transaction(self._engine, cursor), *job.args)
                    cursor.close()
                    connection.raw.rollback()
                    break
                except BaseException as error:
                    job.error = error
                    abandon(self._engine, connection, error)
                    if not may_run_again(self._engine, error):
                        break
