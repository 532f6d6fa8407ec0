"""Transcripts on disk: durable appends by one writer a session, repair after a crash, scans at start.

The functions block; :class:`TranscriptWriter` calls them in a thread.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool
from twisted.python.failure import Failure

from teamgram.database import private_file
from teamgram.openclaw.sessions import transcripts

SUFFIX = ".jsonl"


def append(path: Path, size: int, data: bytes) -> None:
    """Add ``data`` after the first ``size`` bytes and see it on disk. Blocks.

    Whatever stands after ``size`` is what an earlier append that failed left behind; it goes.
    """
    is_new = size == 0 and not path.exists()
    if is_new:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        if os.fstat(descriptor).st_size != size:
            os.ftruncate(descriptor, size)
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fdatasync(descriptor)
    finally:
        os.close(descriptor)
    if is_new:
        private_file.sync_folder(path.parent)


def cut_torn_line(path: Path) -> tuple[int, int]:
    """Cut what follows the last whole line. Blocks.

    Returns:
        (bytes that remain, bytes that were cut)
    """
    with open(path, "r+b") as file:
        end = whole = file.seek(0, os.SEEK_END)
        position, block = end, 4096
        while position:
            start = max(0, position - block)
            file.seek(start)
            kept = transcripts.whole_bytes(file.read(position - start))
            if kept:
                whole = start + kept
                break
            position, whole, block = start, 0, block * 2
        if whole < end:
            file.truncate(whole)
            os.fsync(file.fileno())
    return whole, end - whole


def cut_torn_batch(path: Path) -> tuple[int, int]:
    """If the last line is torn, cut the whole append that it belongs to. Blocks.

    Returns:
        (bytes that remain, bytes that were cut)
    """
    size, cut = cut_torn_line(path)
    if not cut:
        return size, 0
    with open(path, "r+b") as file:
        reader = transcripts.BackwardReader(file, size, max(size, 1))
        for record in reader:
            if record.get("customType") == transcripts.SESSION_STATE:
                cut += size - reader.record_end
                size = reader.record_end
                file.truncate(size)
                os.fsync(file.fileno())
                break
    return size, cut


def read_backward(path: Path, end: int | None = None, most_bytes: int = 64 * 1024 * 1024) -> Iterator[dict[str, Any]]:
    """Records from the newest on. Blocks. A missing file has none."""
    try:
        file = open(path, "rb")  # noqa: SIM115
    except FileNotFoundError:
        return
    with file:
        size = file.seek(0, os.SEEK_END) if end is None else end
        yield from transcripts.BackwardReader(file, size, most_bytes)


def read_first(path: Path) -> dict[str, Any] | None:
    """Line 1, None when it is damaged. Blocks."""
    with open(path, "rb") as file:
        return transcripts.decode_line(file.readline(65536))


def archive(path: Path, stamp: str) -> Path | None:
    """Move a transcript out of the index; None when there is none. Blocks."""
    target = path.with_name(f"{path.name}.deleted.{stamp.replace(':', '-')}")
    try:
        os.rename(path, target)
    except FileNotFoundError:
        return None
    private_file.sync_folder(path.parent)
    return target


class TranscriptWriter:
    """The one writer of one transcript. Appends that come while it writes share the next write.

    Attributes:
        size: bytes that are on disk for certain.
    """

    def __init__(self, path: Path, reactor: Any, size: int = 0) -> None:
        self.path = path
        self.size = size
        self._reactor = reactor
        self._pending: list[bytes] = []
        self._waiting: list[Deferred[None]] = []
        self._busy = False

    @property
    def is_idle(self) -> bool:
        """Nothing is being written or waits to be."""
        return not self._busy and not self._waiting

    def append(self, records: list[Any]) -> Deferred[None]:
        """Fires when the records are on disk; fails as the write failed, and then none of them are there."""
        done: Deferred[None] = Deferred()
        self._pending.append(transcripts.encode_lines(records))
        self._waiting.append(done)
        if not self._busy:
            self._write()
        return done

    def run(self, function: Callable[[], Any]) -> Deferred[Any]:
        """Call something that blocks, in a thread; the caller sees to it that no append is under way."""
        return deferToThreadPool(self._reactor, self._reactor.getThreadPool(), function)

    def _write(self) -> None:
        data, waiting = b"".join(self._pending), self._waiting
        self._pending, self._waiting, self._busy = [], [], True
        running = self.run(lambda: append(self.path, self.size, data))
        running.addBoth(self._written, len(data), waiting)

    def _written(self, result: Any, size: int, waiting: list[Deferred[None]]) -> None:
        self._busy = False
        if not isinstance(result, Failure):
            self.size += size
        if self._waiting:
            self._write()
        for done in waiting:
            done.callback(None) if not isinstance(result, Failure) else done.errback(result)
