"""Blobs as files in a directory.

``kept/ab/cd/abcd…`` is named by its SHA-256, ``staged/ab/abcd…`` by chance. What is kept is written under a name in
``new/``, synced, and renamed to where it belongs: a name in ``kept/`` is always a whole file. What lies in ``new/``
at a start was being written when the process ended, and goes.
"""

import errno
import os
import re
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from hashlib import md5, sha256
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

from teamgram.blobs.errors import BlobMissing, BlobsAway, BlobsFull
from teamgram.blobs.interface import Kept, Stored

T = TypeVar("T")

THREADS = 4
COPIED_AT_ONCE = 256 << 10
"""Bytes of a file that are in memory while it is joined."""

_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK)
"""What file systems say that have no hard links, or no more of them."""

LOOKED_AT_EVERY = 64 << 20
LOOKED_AT_AFTER = 1.0
"""Bytes, or seconds, after which it is asked again how much room there is."""

_NEW_AND_SYNCED = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_DSYNC
"""What is written is on disk when ``write`` returns."""

_KEPT_NAME = re.compile(r"[0-9a-f]{64}")
_STAGED_NAME = re.compile(r"[0-9a-f]{32}")


class DirectoryBlobs:
    """Implements ``Blobs`` below ``directory``, which is made when the first bytes come.

    Args:
        min_free_bytes: room on the disk below which nothing new is taken.
    """

    def __init__(self, directory: Path, reactor: Any, *, min_free_bytes: int = 0) -> None:
        self.directory = directory
        self._reactor = reactor
        self._min_free_bytes = min_free_bytes
        self._pool: ThreadPool | None = None
        self._closed = False
        self._sweeping = Lock()
        self._swept = False
        self._room_seen, self._look_again = 0, 0.0
        self.failing = ""

    async def check(self) -> None:
        try:
            await self._in_thread(self._check)
        except (BlobsFull, OSError):
            pass  # failing says it.

    async def stage(self, data: bytes) -> str:
        name = secrets.token_hex(16)
        await self._in_thread(self._stage, name, data)
        return name

    async def discard(self, staged: Sequence[str]) -> None:
        if staged:
            await self._in_thread(self._discard, tuple(staged))

    async def drop_staged(self, before: float) -> None:
        await self._in_thread(self._drop_staged, before)

    async def join(self, staged: Sequence[str]) -> Kept:
        return await self._in_thread(self._join, tuple(staged))

    async def keep(self, data: bytes) -> Kept:
        return await self._in_thread(self._keep, data)

    async def read(self, name: str, offset: int, length: int) -> bytes:
        return await self._in_thread(self._read, name, offset, length)

    async def hashes(self, name: str, offset: int, length: int, count: int) -> list[tuple[int, int, bytes]]:
        return await self._in_thread(self._hashes, name, offset, length, count)

    async def stored(self, after: str, at_most: int) -> list[Stored]:
        return await self._in_thread(self._stored, after, at_most)

    async def remove(self, name: str) -> None:
        await self._in_thread(self._remove, name)

    async def close(self) -> None:
        self._closed = True
        pool, self._pool = self._pool, None
        if pool is not None:
            # Joins its threads: each is in one bounded call at most.
            await deferToThreadPool(self._reactor, self._reactor.getThreadPool(), pool.stop)

    def _in_thread(self, function: Callable[..., T], *args: Any) -> "Deferred[T]":
        if self._closed:
            # Threads that are started now nobody would end, and the process would wait for them for ever.
            raise BlobsAway("closed")
        if self._pool is None:
            self._pool = ThreadPool(0, THREADS, "blobs")
            self._pool.start()
        return deferToThreadPool(self._reactor, self._pool, self._tried, function, *args)

    # In threads

    def _tried(self, function: Callable[..., T], *args: Any) -> T:
        try:
            result = function(*args)
        except BlobsFull:
            self.failing = f"less than {self._min_free_bytes >> 20} MiB are free: nothing new is taken"
            raise
        except OSError as error:
            self.failing = f"{error.strerror}"
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise BlobsFull from None
            raise
        if self.failing and function in (self._check, self._stage):
            self.failing = ""
        return result

    def _check(self) -> None:
        # Made when the first bytes come: until then what holds it counts.
        there = next(path for path in (self.directory, *self.directory.parents) if path.is_dir())
        self._check_room(there, 0)

    def _check_room(self, there: Path, size: int) -> None:
        room = os.statvfs(there)
        left = room.f_bavail * room.f_frsize - size - self._min_free_bytes
        if left < 0:
            raise BlobsFull
        self._room_seen = min(left, LOOKED_AT_EVERY)
        self._look_again = time.monotonic() + LOOKED_AT_AFTER

    def _kept_path(self, name: str) -> Path:
        if _KEPT_NAME.fullmatch(name) is None:
            raise BlobMissing("no name of a blob")
        return self.directory / "kept" / name[:2] / name[2:4] / name

    def _staged_path(self, name: str) -> Path:
        if _STAGED_NAME.fullmatch(name) is None:
            raise BlobMissing("no name of a piece")
        return self.directory / "staged" / name[:2] / name

    def _new_folder(self) -> Path:
        folder = self.directory / "new"
        with self._sweeping:
            if not self._swept:
                self._sweep(folder)
                self._make_staged_folders()
                self._swept = True
        return folder

    def _new(self, size: int) -> Path:
        """A name to write under; there is room for so many bytes."""
        folder = self._new_folder()
        self._check_room(folder, size)
        return folder / f"{os.getpid()}-{secrets.token_hex(8)}"

    def _sweep(self, folder: Path) -> None:
        """Drop what was being written by processes that are gone; whoever writes here begins with its number."""
        _make_folder(folder)
        for left in folder.iterdir():
            owner = left.name.partition("-")[0]
            if owner == str(os.getpid()) or not Path("/proc", owner).exists():
                left.unlink(missing_ok=True)

    def _make_staged_folders(self) -> None:
        """All of them together: made one by one, nearly each of the first pieces would have to sync one."""
        staged = self.directory / "staged"
        _make_folder(staged)
        there = len(list(staged.iterdir()))
        for number in range(256) if there < 256 else ():
            (staged / f"{number:02x}").mkdir(mode=0o700, exist_ok=True)
        if there < 256:
            _sync(staged)

    def _stage(self, name: str, data: bytes) -> None:
        # Nobody has heard of the name before this returns: half a piece, of a process that was killed, is nobody's.
        # Every call that lets go of the interpreter has to wait for it again, so there are few. The folder is not
        # synced: should the machine fall before the file system has written the name, the piece is one that is
        # missing, and is asked for again; its bytes are whole or not there.
        folder = self._new_folder()
        self._room_seen -= len(data)
        if self._room_seen < 0 or time.monotonic() >= self._look_again:
            self._check_room(folder, len(data))
        place = self._staged_path(name)
        try:
            descriptor = os.open(place, _NEW_AND_SYNCED, 0o600)
        except FileNotFoundError:
            _make_folder(place.parent)
            descriptor = os.open(place, _NEW_AND_SYNCED, 0o600)
        try:
            _write_all(descriptor, data)
        except BaseException:
            place.unlink(missing_ok=True)
            raise
        finally:
            os.close(descriptor)

    def _discard(self, staged: tuple[str, ...]) -> None:
        for name in staged:
            self._staged_path(name).unlink(missing_ok=True)

    def _drop_staged(self, before: float) -> None:
        folder = self.directory / "staged"
        for path in folder.glob("*/*") if folder.is_dir() else ():
            try:
                if path.stat().st_mtime < before:
                    path.unlink()
            except FileNotFoundError:
                pass

    def _keep(self, data: bytes) -> Kept:
        kept = Kept(sha256(data).hexdigest(), len(data), md5(data, usedforsecurity=False).hexdigest())
        place = self._kept_path(kept.name)
        if place.exists():
            # Who moved it there may still be about to make its name durable.
            _sync(place.parent)
        else:
            path = self._new(len(data))
            _write(path, data)
            _move(path, place)
        return kept

    def _join(self, staged: tuple[str, ...]) -> Kept:
        paths = [self._staged_path(name) for name in staged]
        size = 0
        for piece in paths:
            try:
                size += piece.stat().st_size
            except FileNotFoundError:
                raise BlobMissing(piece.name) from None
        if len(paths) == 1 and (linked := self._join_one(paths[0])) is not None:
            return linked
        path = self._new(size)
        strong, weak, written = sha256(), md5(usedforsecurity=False), 0
        try:
            with path.open("xb", buffering=0) as target:
                for piece in paths:
                    with piece.open("rb", buffering=0) as source:
                        while some := source.read(COPIED_AT_ONCE):
                            strong.update(some)
                            weak.update(some)
                            written += len(some)
                            _write_all(target.fileno(), some)
                os.fsync(target.fileno())
        except FileNotFoundError:
            path.unlink(missing_ok=True)
            raise BlobMissing(piece.name) from None
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        _move(path, self._kept_path(strong.hexdigest()))
        return Kept(strong.hexdigest(), written, weak.hexdigest())

    def _join_one(self, piece: Path) -> Kept | None:
        """A piece that is a whole file has its bytes on disk already, and gets one more name.

        None where a file may have one only.
        """
        try:
            data = piece.read_bytes()
            kept = Kept(sha256(data).hexdigest(), len(data), md5(data, usedforsecurity=False).hexdigest())
            place = self._kept_path(kept.name)
            _make_folder(place.parent)
            with suppress(FileExistsError):
                os.link(piece, place)
        except FileNotFoundError:
            raise BlobMissing(piece.name) from None
        except OSError as error:
            if error.errno in _NO_LINKS:
                return None
            raise
        _sync(place.parent)
        return kept

    def _read(self, name: str, offset: int, length: int) -> bytes:
        try:
            descriptor = os.open(self._kept_path(name), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            raise BlobMissing(name) from None
        try:
            return os.pread(descriptor, length, offset)
        finally:
            os.close(descriptor)

    def _stored(self, after: str, at_most: int) -> list[Stored]:
        found: list[Stored] = []
        kept = self.directory / "kept"
        for first in _listed(kept, after[:2]):
            for second in _listed(first, after[2:4] if first.name == after[:2] else ""):
                for path in _listed(second, after):
                    if path.name > after and _KEPT_NAME.fullmatch(path.name):
                        there = path.stat()
                        found.append(Stored(path.name, there.st_size, there.st_mtime))
                        if len(found) >= at_most:
                            return found
        return found

    def _remove(self, name: str) -> None:
        path = self._kept_path(name)
        path.unlink(missing_ok=True)

    def _hashes(self, name: str, offset: int, length: int, count: int) -> list[tuple[int, int, bytes]]:
        pieces = []
        for at in range(offset, offset + length * count, length):
            some = self._read(name, at, length)
            if not some:
                break
            pieces.append((at, len(some), sha256(some).digest()))
        return pieces


def _listed(folder: Path, since: str) -> list[Path]:
    """What lies in a folder from that name on, in order."""
    return sorted(path for path in folder.iterdir() if path.name >= since) if folder.is_dir() else []


def _write(path: Path, data: bytes) -> None:
    try:
        with path.open("xb", buffering=0) as file:
            _write_all(file.fileno(), data)
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _move(path: Path, place: Path) -> None:
    """Give a synced file the name that it is found under, durably."""
    _make_folder(place.parent)
    path.rename(place)
    _sync(place.parent)


def _make_folder(path: Path) -> None:
    if path.is_dir():
        return
    _make_folder(path.parent)
    path.mkdir(mode=0o700, exist_ok=True)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
