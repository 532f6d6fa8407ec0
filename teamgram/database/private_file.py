"""Files beside the database, which only their owner may read: replaced whole, and on disk when that is said. Blocks."""

import os
from pathlib import Path


def replace(path: Path, content: bytes) -> None:
    """Put ``content`` under that name, at once or not at all, and see it on disk; the folder is there.

    Raises:
        OSError: it cannot be written; what was there still is.
    """
    temporary = path.with_name(path.name + ".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    os.replace(temporary, path)
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Make a new or changed name in that folder durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
