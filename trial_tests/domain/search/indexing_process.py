"""A process that indexes what there is in small steps, telling of each: it is there to be killed.

python -m trial_tests.domain.search.indexing_process DSN DATA_DIR
"""

import sys
from pathlib import Path
from typing import Any

from twisted.internet import task
from twisted.internet.defer import Deferred

from teamgram.cache.bus import MemoryBus
from teamgram.database import open_database
from teamgram.domain.boxes import contents
from teamgram.domain.search import folding, indexing
from teamgram.domain.search.indexing import SearchIndexer


async def index(reactor: Any, dsn: str, data_dir: str) -> None:
    """A few messages a step, folded and merged at once."""
    database = open_database(dsn, Path(data_dir), reactor)
    indexer = SearchIndexer(database, reactor, MemoryBus())
    while True:
        if not await indexer._step():
            # All done before the test could kill it.
            await task.deferLater(reactor, 0.05, lambda: None)
        await indexer.tidy(at_most=3)
        print("step", flush=True)


def main() -> None:
    """Make much happen with few messages."""
    folding.FOLD_ROWS, folding.FAN_OUT, folding.MOST_WORDS = 30, 2, 2
    folding.STEP_ROWS, folding.STEP_BLOCKS = 20, 4
    indexing.STEP, contents.BLOCK = 8, 16
    _, dsn, data_dir = sys.argv
    task.react(lambda reactor: Deferred.fromCoroutine(index(reactor, dsn, data_dir)))


if __name__ == "__main__":
    main()
