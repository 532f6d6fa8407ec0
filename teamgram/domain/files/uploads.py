"""Parts that come in any order over any connection, until somebody says which file they are."""

from twisted.internet.defer import CancelledError, Deferred, DeferredLock
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from teamgram.blobs import BlobMissing, Blobs, Kept
from teamgram.database import Database
from teamgram.domain.files import parts as rules
from teamgram.domain.files import upload_store as store
from teamgram.domain.files.errors import (
    ChecksumInvalid,
    FilePartMissing,
    QuotaExceeded,
    StorageAway,
    UploadsTooMany,
)
from teamgram.domain.files.naming import used_txn
from teamgram.domain.files.settings import MAX_PART, FileSettings

SWEEP_EVERY = 900

Uploaded = Kept
"""A file whose parts have all come: where its bytes lie, how many they are, and their MD5."""

_AT_ONCE = 500


class Uploads:
    """Every account's files on their way in."""

    _log = Logger()

    def __init__(self, database: Database, blobs: Blobs, clock: IReactorTime, settings: FileSettings) -> None:
        self._database = database
        self._blobs = blobs
        self.clock = clock
        self.settings = settings
        self._held: int | None = None
        self._joining: dict[tuple[int, int], DeferredLock] = {}
        self._waiters: list[Deferred[None]] = []
        self._rounds = LoopingCall(lambda: Deferred.fromCoroutine(self.sweep()).addErrback(self._failed))

    @property
    def held_bytes(self) -> int:
        """What everybody's parts count now; 0 until the first came."""
        return self._held or 0

    async def save_part(self, user_id: int, file_id: int, number: int, data: bytes, total: int = 0) -> None:
        """Take a part; of one that comes again the last counts. It is on disk when this returns.

        Args:
            total: how many there will be, 0 when that is not known.

        Raises:
            FilePartInvalid, FilePartEmpty, FilePartTooBig, FilePartSizeInvalid, FilePartSizeChanged, FilePartsInvalid.
            UploadsTooMany, QuotaExceeded, StorageFull: there is no room.
            StorageAway: see ``Storage``.
        """
        settings = self.settings
        rules.check_part(number, len(data), total, settings.max_parts)
        if self._held is None:
            self._held = await self._database.read("bytes in progress", store.held_txn)
        if self._held + len(data) > settings.all_bytes:
            raise UploadsTooMany("everybody's")
        staged = await self._blobs.stage(data)
        part = store.Part(user_id, file_id, number, len(data), staged, total)
        try:
            replaced, more = await self._database.write(
                "save file part", store.save_part_txn, part, int(self.clock.seconds()), settings
            )
        except CancelledError:
            # Whether it was written nobody knows; the piece goes with what is too old, if it is in no upload.
            raise
        except Exception:
            await self._blobs.discard([staged])
            raise
        self._held += more
        if replaced:
            await self._blobs.discard([replaced])

    async def check_room(self, user_id: int, more: int) -> None:
        """Whether an account may have so many bytes more, which came by another way.

        Raises:
            QuotaExceeded.
        """
        quota = self.settings.account_quota
        if quota and await self._database.read("storage used", used_txn, user_id) + more > quota:
            raise QuotaExceeded(str(quota))

    async def finish(
        self, user_id: int, file_id: int, count: int, md5: str = "", looked_at: store.Upload | None = None
    ) -> Uploaded:
        """The parts as one file. It may be asked for again for a day, at no cost.

        Args:
            md5: what the client says it is, in hexadecimal; empty when it does not.
            looked_at: what ``upload_txn`` found just now, if it was asked.

        Raises:
            FilePartsInvalid, FilePartMissing, FilePartSizeInvalid, FilePartSizeChanged: they are not that file.
            ChecksumInvalid, StorageFull, StorageAway.
        """
        if looked_at is not None and looked_at.joined is not None:
            return _checked(self._joined(looked_at.joined, count), md5)
        key = user_id, file_id
        if key in self._joining:
            # Whoever is at it changes what there is.
            looked_at = None
        lock = self._joining.setdefault(key, DeferredLock())
        await lock.acquire()
        noting: Deferred[None] | None = None
        try:
            kept, staged = await self._finish(user_id, file_id, count, looked_at)
            if staged:
                noting = Deferred.fromCoroutine(self._note_joined(key, staged, kept))
        finally:
            if noting is None:
                self._unlock(key, lock)
            else:
                # Nobody waits for it: until it is written the parts are there to be joined again.
                noting.addErrback(self._not_noted).addBoth(lambda _: self._unlock(key, lock))
        return _checked(kept, md5)

    def _unlock(self, key: tuple[int, int], lock: DeferredLock) -> None:
        lock.release()
        if not lock.locked and not lock.waiting:
            self._joining.pop(key, None)
        if not self._joining:
            waiters, self._waiters = self._waiters, []
            for waiter in waiters:
                waiter.callback(None)

    def _not_noted(self, failure: Failure) -> None:
        if not isinstance(failure.value, StorageAway):
            self._log.failure("an upload that became a file was not noted", failure=failure)

    async def settled(self) -> None:
        """Wait until nothing is being joined, and what was joined is noted."""
        while self._joining:
            waiter: Deferred[None] = Deferred()
            self._waiters.append(waiter)
            await waiter

    def _joined(self, joined: tuple[int, str, int, str], count: int) -> Uploaded:
        parts, name, size, md5 = joined
        rules.check_whole(dict.fromkeys(range(parts), MAX_PART), count, self.settings.max_parts)
        return Kept(name, size, md5)

    async def _finish(
        self, user_id: int, file_id: int, count: int, looked_at: store.Upload | None
    ) -> tuple[Uploaded, tuple[str, ...]]:
        """The file, and the pieces that were joined just now."""
        upload = looked_at
        if upload is None:
            upload = await self._database.read("upload", store.upload_txn, user_id, file_id)
        if upload.joined is not None:
            return self._joined(upload.joined, count), ()
        rules.check_whole({number: size for number, size, _ in upload.parts}, count, self.settings.max_parts)
        staged = [name for _, _, name in upload.parts]
        try:
            kept = await self._blobs.join(staged)
        except BlobMissing as missing:
            if looked_at is not None:
                # It was joined, or another part came, between that look and this.
                return await self._finish(user_id, file_id, count, None)
            # Another one took its place while it was read, or it was too old.
            raise FilePartMissing(staged.index(str(missing))) from None
        return kept, tuple(staged)

    async def _note_joined(self, key: tuple[int, int], staged: tuple[str, ...], kept: Kept) -> None:
        blob = kept.name, kept.size, kept.md5
        less = await self._database.write("file joined", store.joined_txn, *key, staged, blob)
        if self._held is not None:
            self._held -= less
        await self._blobs.discard(staged)

    # What nobody came back for

    async def sweep(self) -> int:
        """One round; how many uploads ended."""
        settings = self.settings
        now = int(self.clock.seconds())
        before = now - settings.upload_seconds
        total, ended = 0, _AT_ONCE
        while ended == _AT_ONCE:
            ended = await self._database.write("end old uploads", store.end_old_txn, before, _AT_ONCE, now)
            total += ended
        self._held = await self._database.read("bytes in progress", store.held_txn)
        # An hour more: a piece is staged before its row is written.
        await self._blobs.drop_staged(before - 3600)
        if total:
            self._log.info("{count} old uploads ended", count=total)
        return total

    def _failed(self, failure: Failure) -> None:
        self._log.failure("ending old uploads failed", failure=failure)

    def start(self) -> None:
        """A round now and then, the first after one interval."""
        self._rounds.clock = self.clock
        self._rounds.start(SWEEP_EVERY, now=False)

    def stop(self) -> None:
        """No more rounds."""
        if self._rounds.running:
            self._rounds.stop()


def _checked(kept: Uploaded, md5: str) -> Uploaded:
    """A file, if its sender means the same one.

    Raises:
        ChecksumInvalid.
    """
    if md5 and md5.lower() != kept.md5:
        raise ChecksumInvalid
    return kept
