"""The store of bytes as files see it: what it cannot do is a domain error, and what goes in and out is counted."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from teamgram.blobs import Blobs, BlobsAway, BlobsFull, Kept, Stored
from teamgram.database import Database
from teamgram.domain.files import naming
from teamgram.domain.files.errors import StorageAway, StorageFull

T = TypeVar("T")

CHECK_EVERY = 10.0
"""Seconds between two questions to a store that may be somewhere else."""


class Storage:
    """``Blobs`` over ``blobs``. Every method may raise ``StorageAway``, those that take bytes ``StorageFull``.

    Args:
        database: knows what is being removed.

    Attributes:
        staged_bytes, kept_bytes, read_bytes: that came as parts, became files, and went out.
        refused: how often it was full, and away.
    """

    _log = Logger()

    def __init__(self, blobs: Blobs, database: Database) -> None:
        self._database = database
        self._blobs = blobs
        self.staged_bytes = self.kept_bytes = self.read_bytes = 0
        self.refused = {"full": 0, "away": 0}
        self._checks = LoopingCall(lambda: Deferred.fromCoroutine(self.check()).addErrback(self._failed))

    @property
    def failing(self) -> str:
        """Why nothing can be stored now; empty when it can."""
        return self._blobs.failing

    async def check(self) -> None:
        """See ``Blobs``."""
        await self._blobs.check()

    async def _done(self, doing: Awaitable[T]) -> T:
        try:
            return await doing
        except BlobsFull:
            self.refused["full"] += 1
            raise StorageFull from None
        except BlobsAway as error:
            self.refused["away"] += 1
            raise StorageAway(str(error)) from None

    async def _stays(self, keep: Callable[[], Awaitable[Kept]]) -> Kept:
        kept = await self._done(keep())
        state = await self._database.read("bytes that end", naming.ending_txn, kept.name)
        if state == naming.GOING:
            raise StorageAway("removed just now")
        if state == naming.GONE:
            # Perhaps what was found there was removed a moment later. From now on nobody removes it.
            await self._database.write("bytes come again", naming.forget_gone_txn, kept.name)
            kept = await self._done(keep())
        return kept

    async def stage(self, data: bytes) -> str:
        """See ``Blobs``."""
        name = await self._done(self._blobs.stage(data))
        self.staged_bytes += len(data)
        return name

    async def discard(self, staged: Sequence[str]) -> None:
        """As in ``Blobs``, but a store that is away is no matter: what is left goes with what is too old."""
        try:
            await self._blobs.discard(staged)
        except BlobsAway:
            self.refused["away"] += 1

    async def drop_staged(self, before: float) -> None:
        """See ``Blobs``."""
        await self._done(self._blobs.drop_staged(before))

    async def join(self, staged: Sequence[str]) -> Kept:
        """See ``Blobs``."""
        kept = await self._stays(lambda: self._blobs.join(staged))
        self.kept_bytes += kept.size
        return kept

    async def keep(self, data: bytes) -> Kept:
        """See ``Blobs``."""
        kept = await self._stays(lambda: self._blobs.keep(data))
        self.kept_bytes += kept.size
        return kept

    async def read(self, name: str, offset: int, length: int) -> bytes:
        """See ``Blobs``."""
        data = await self._done(self._blobs.read(name, offset, length))
        self.read_bytes += len(data)
        return data

    async def hashes(self, name: str, offset: int, length: int, count: int) -> list[tuple[int, int, bytes]]:
        """See ``Blobs``."""
        return await self._done(self._blobs.hashes(name, offset, length, count))

    async def stored(self, after: str, at_most: int) -> list[Stored]:
        """See ``Blobs``."""
        return await self._done(self._blobs.stored(after, at_most))

    async def remove(self, name: str) -> None:
        """See ``Blobs``."""
        await self._done(self._blobs.remove(name))

    async def close(self) -> None:
        """See ``Blobs``."""
        await self._blobs.close()

    # Whether it is there

    def start(self, clock: Any) -> None:
        """Ask now and from now on."""
        self._checks.clock = clock
        self._checks.start(CHECK_EVERY)

    def stop(self) -> None:
        """Ask no more."""
        if self._checks.running:
            self._checks.stop()

    def _failed(self, failure: Failure) -> None:
        self._log.failure("asking for the store of files failed", failure=failure)
