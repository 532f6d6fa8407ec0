"""Run by the durability test in a process of its own: write numbers for ever, print each one once it is answered.

python -m trial_tests.database.acknowledging_writer DATA_DIR MIGRATIONS
"""

import itertools
import os
import sys
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import react

from teamgram.database import Transaction, open_database

SCHEMA = "CREATE TABLE numbers (n BIGINT NOT NULL) {engine_suffix};"


def put(txn: Transaction, number: int) -> int:
    """One write."""
    txn.execute("INSERT INTO numbers (n) VALUES (?)", (number,))
    return number


def main(reactor: Any, data_dir: str, files: str) -> Deferred[Any]:
    """Eight writers, so that commits are shared; ends only by being killed."""
    db = open_database("sqlite:teamgram.db", data_dir, reactor, migrations=Path(files))
    first = int.from_bytes(os.urandom(5), "big") << 20
    numbers = itertools.count(first)

    async def write_for_ever() -> None:
        while True:
            done = await db.write("put", put, next(numbers))
            os.write(1, b"%d\n" % done)

    return gatherResults([Deferred.fromCoroutine(write_for_ever()) for _ in range(8)])


if __name__ == "__main__":
    react(main, sys.argv[1:])
