"""The files of a web app's build: which there are, and reading one of them.

What was found when the directory was looked through is all that is ever
opened: a request can only name one of these, and no link is followed, not
even one that took a file's or a folder's place since.
"""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

#: Telegram Web A has 11,600 files (most of them emoji), two deep; the largest, Web K's, has 9 MB.
MAX_FILES = 30_000
MAX_DEPTH = 8
MAX_FILE_BYTES = 16 << 20
_NO_LINK = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


@dataclass(frozen=True, slots=True)
class WebFiles:
    """What lies below a directory.

    Attributes:
        sizes: path from the directory, with ``/`` between names -> bytes.
        left_out: what is not served, with the reason.
    """

    sizes: dict[str, int]
    left_out: list[str]


class TooManyFilesError(ValueError):
    """No build of a web app has so many files."""


def list_files(directory: Path) -> WebFiles:
    """Look through a directory; links, hidden files and what is no plain file are left out.

    Raises:
        OSError: it cannot be read.
        TooManyFilesError: it is something else than a build.
    """
    found = WebFiles({}, [])
    _list(directory, "", 0, found)
    return found


def _list(folder: Path, prefix: str, depth: int, found: WebFiles) -> None:
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda each: each.name):
            path = prefix + entry.name
            if why := _refused(entry, depth):
                found.left_out.append(f"{path!r}: {why}")
            elif entry.is_dir(follow_symlinks=False):
                _list(folder / entry.name, path + "/", depth + 1, found)
            else:
                found.sizes[path] = entry.stat(follow_symlinks=False).st_size
            if len(found.sizes) + len(found.left_out) > MAX_FILES:
                raise TooManyFilesError(f"more than {MAX_FILES} files lie there: that is no build of a web app")


def _refused(entry: "os.DirEntry[str]", depth: int) -> str:
    if entry.is_symlink():
        return "a link"
    if entry.name.startswith("."):
        return "hidden"
    if not entry.name.isprintable() or "\\" in entry.name:
        return "its name"
    if entry.is_dir(follow_symlinks=False):
        return "too deep" if depth >= MAX_DEPTH else ""
    if not entry.is_file(follow_symlinks=False):
        return "no plain file"
    if entry.stat(follow_symlinks=False).st_size > MAX_FILE_BYTES:
        return f"more than {MAX_FILE_BYTES >> 20} MiB"
    return ""


def read_file(directory: Path, path: str) -> bytes:
    """The bytes of one of the listed files.

    Raises:
        OSError: it is gone, or no longer what it was when it was listed: a link, or too large.
    """
    *folders, name = path.split("/")
    at = os.open(directory, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
    try:
        for folder in folders:
            below = os.open(folder, _NO_LINK | os.O_DIRECTORY, dir_fd=at)
            os.close(at)
            at = below
        descriptor = os.open(name, _NO_LINK, dir_fd=at)
    finally:
        os.close(at)
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(f"{path} is no plain file")
        content = file.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise OSError(f"{path} has more than {MAX_FILE_BYTES} bytes")
    return content


#: Device, inode, size and time of change; two that are equal are one file that was not written to in between.
Mark = tuple[int, int, int, int]


def mark_of(path: Path) -> Mark | None:
    """What tells whether a file is still the one that was read; None: it is not there."""
    try:
        found = os.stat(path, follow_symlinks=False)
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
