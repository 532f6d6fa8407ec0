"""Files of a test: a directory of its own, and the bounds that it wants."""

import dataclasses
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred

from teamgram.blobs import DirectoryBlobs
from teamgram.database import Database
from teamgram.domain.files.filing import Filing
from teamgram.domain.files.settings import FileSettings


def open_filing(case: Any, database: Database, clock: Any, **settings: Any) -> Filing:
    """Nothing lies on disk before the first file comes; its threads and processes end with the test."""
    from twisted.internet import reactor

    blobs = DirectoryBlobs(Path(case.mktemp()), reactor)
    bounds = dataclasses.replace(FileSettings(), **settings)
    filing = Filing.open(database, blobs, reactor, clock, bounds, b"k" * 32)
    case.addCleanup(lambda: Deferred.fromCoroutine(filing.stop()))
    return filing


def unused_filing(database: Database, clock: Any) -> Filing:
    """For tests in which nobody sends a file."""
    return Filing.open(database, DirectoryBlobs(Path("unused"), None), None, clock, FileSettings(), b"k" * 32)
