"""Transcripts on disk: durable appends, repair after a crash, scans at start.

The functions block; :mod:`transcript_writer` calls them in a thread, one at a time for each file.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from teamgram.database import private_file
from teamgram.openclaw.sessions import transcripts

SUFFIX = ".jsonl"


def append(path: Path, size: int, data: bytes) -> int:
    """Add ``data`` after the first ``size`` bytes and see it on disk; returns the new size. Blocks.

    Whatever stands after ``size`` is what an earlier append that failed left behind; it goes. Of a file that is
    shorter than that, somebody else has taken something away: what is left of it stays, and no gap is made.
    """
    is_new = size == 0 and not path.exists()
    if is_new:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        found = os.fstat(descriptor).st_size
        if found < size:
            size, _ = cut_torn_line(path)
        if found > size:
            os.ftruncate(descriptor, size)
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fdatasync(descriptor)
    finally:
        os.close(descriptor)
    if is_new:
        private_file.sync_folder(path.parent)
    return size + len(data)


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
