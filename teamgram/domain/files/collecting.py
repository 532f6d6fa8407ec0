"""Files that no message, profile or set names any more go after a while, and their bytes an hour later.

A round looks through some of the files and some of the bytes, notes those that nobody names, and ends those for which
that has been so for long. A file may be named again meanwhile. Bytes that are kept again while they are removed are
noticed by whoever keeps or names them (``Storage``, ``naming.keep_txn``): a removal is announced before it, and known
for an hour after it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from teamgram.database import Database
from teamgram.domain.files import collecting_store as store
from teamgram.domain.files.errors import StorageAway
from teamgram.domain.files.naming import GONE, forget_gone_txn
from teamgram.domain.files.storage import Storage

EVERY = 900
"""Seconds between two rounds."""
BLOB_GRACE = 3600
"""Seconds that bytes stay when no file has them."""
ORPHAN_AGE = 86_400
"""Seconds after which bytes in the store that no file was made of are nobody's."""

PAGE = 500
PAGES = 20
"""Of files, in one round: a store of a million is looked through in a day."""


@dataclass(frozen=True, slots=True)
class Names:
    """JSON that names files: ``column`` of ``table``, read by ``unpack``, is what ``kind`` of use."""

    kind: str
    table: str
    column: str
    unpack: Callable[[Any], Any]


@dataclass(slots=True)
class Collected:
    """What a round, or all since the start, did away with."""

    files: int = 0
    blobs: int = 0


class Collecting:
    """Rounds from ``start`` on.

    Args:
        names: where names lie inside of JSON, to learn them from rows of before they were noted.
        forget: told which files (kind, id) are no more.
        grace: seconds that a file stays when nobody names it; more than a file reference holds.
    """

    _log = Logger()

    def __init__(
        self,
        database: Database,
        storage: Storage,
        clock: Any,
        names: tuple[Names, ...],
        forget: Callable[[str, int], None],
        grace: int,
    ) -> None:
        self._database = database
        self._storage = storage
        self._clock = clock
        self._names = names
        self._forget = forget
        self._grace = grace
        self._after = dict.fromkeys(store.KINDS, 0)
        self._after_blob = ""
        self._learned = False
        self.collected = Collected()
        self._rounds = LoopingCall(lambda: Deferred.fromCoroutine(self.round()).addErrback(self._failed))

    async def round(self) -> Collected:
        """One round; what went."""
        before = Collected(self.collected.files, self.collected.blobs)
        if await self.learn(PAGES):
            await self.look(PAGES)
            await self.look_through_store(1)
            await self.end_files()
            await self.end_blobs()
        went = Collected(self.collected.files - before.files, self.collected.blobs - before.blobs)
        if went != Collected():
            self._log.info("{files} files that nobody names are gone, and {blobs} pieces of bytes", **_fields(went))
        return went

    def _now(self) -> int:
        return int(self._clock.seconds())

    async def learn(self, pages: int) -> bool:
        """Learn names from at most so many pages of rows of before names were noted; whether all are known."""
        if self._learned:
            return True
        write = self._database.write
        for kind in store.KINDS:
            while await write("learn files", store.learn_files_txn, kind, PAGE):
                pages -= 1
                if pages <= 0:
                    return False
        for one in self._names:
            where = one.kind, one.table, one.column, one.unpack
            while await write("learn uses of files", store.learn_uses_txn, *where, PAGE):
                pages -= 1
                if pages <= 0:
                    return False
        self._learned = True
        return True

    async def look(self, pages: int) -> bool:
        """Note files that nobody names, on at most so many pages; whether the end was reached."""
        now = self._now()
        for kind in store.KINDS:
            while pages > 0:
                after = await self._database.write(
                    "unnamed files", store.unnamed_txn, kind, self._after[kind], now - self._grace, PAGE, now
                )
                self._after[kind] = after
                pages -= 1
                if not after:
                    break
        return pages > 0

    async def look_through_store(self, pages: int) -> bool:
        """Note bytes in the store that no file has and nobody is about to name; whether the end was reached."""
        for _ in range(pages):
            found = await self._storage.stored(self._after_blob, PAGE)
            self._after_blob = found[-1].name if len(found) == PAGE else ""
            now = self._now()
            old = [one.name for one in found if one.written_at < now - ORPHAN_AGE]
            if old:
                await self._database.write("unnamed bytes", store.unnamed_blobs_txn, old, now)
            if not self._after_blob:
                return True
        return False

    async def end_files(self) -> None:
        """Forget files that nobody has named for long."""
        while due := await self._due(store.KINDS, self._now() - self._grace):
            for kind, name, _ in due:
                if await self._database.write("end file", store.end_file_txn, kind, int(name), self._now()):
                    self.collected.files += 1
                    self._forget(kind, int(name))

    async def end_blobs(self) -> None:
        """Remove bytes that no file has had for an hour."""
        while due := await self._due(("blob",), self._now() - BLOB_GRACE):
            for _, name, state in due:
                if state == GONE:
                    await self._database.write("forget removed bytes", forget_gone_txn, name)
                elif await self._database.write("remove bytes", store.begin_end_txn, name):
                    try:
                        await self._storage.remove(name)
                    except StorageAway:
                        return
                    await self._database.write("bytes removed", store.ended_txn, name, self._now())
                    self.collected.blobs += 1

    async def _due(self, kinds: tuple[str, ...], before: int) -> list[tuple[str, str, int]]:
        return await self._database.read("ending files", store.due_txn, kinds, before, PAGE)

    def _failed(self, failure: Failure) -> None:
        if not isinstance(failure.value, StorageAway):
            self._log.failure("collecting files failed", failure=failure)

    def start(self) -> None:
        """A round now and then, the first after one interval."""
        self._rounds.clock = self._clock
        self._rounds.start(EVERY, now=False)

    def stop(self) -> None:
        """No more rounds."""
        if self._rounds.running:
            self._rounds.stop()


def _fields(went: Collected) -> dict[str, int]:
    return {"files": went.files, "blobs": went.blobs}
