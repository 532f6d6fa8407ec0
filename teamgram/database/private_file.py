"""Files beside the database, for their owner alone: made and replaced whole, and on disk when that is said. Blocks."""

import os
import secrets
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


def create(path: Path, content: bytes) -> bool:
    """Put ``content`` under that name unless there is something, whole and on disk when anybody sees it.

    Returns:
        False: it is there already.

    Raises:
        OSError: it cannot be written; nothing is under that name then.
    """
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(8)}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        # Unlike a rename, this takes nobody's place.
        os.link(temporary, path)
    except FileExistsError:
        return False
    finally:
        os.unlink(temporary)
    sync_folder(path.parent)
    return True


def sync_folder(path: Path) -> None:
    """Make a new or changed name in that folder durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
