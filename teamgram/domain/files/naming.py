"""Who names files and bytes: what is in none of these places goes after a while (``collecting.py``).

A new table with the id of a document or photo in it is one line here; where the id lies inside of JSON, whoever
writes that tells ``note_uses_txn``. ``trial_tests/domain/files/test_naming.py`` looks through the tables.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from teamgram.database import Transaction
from teamgram.domain.files.errors import StorageAway
from teamgram.domain.files.file import Document, File, Photo, PhotoSize, VideoSize

FILES_NAMED_IN = (
    ("file_uses", "file_id"),
    ("profile_photos", "photo_id"),
    ("contacts", "photo_id"),
    ("chats", "photo_id"),
    ("channels", "photo_id"),
    ("sticker_set_items", "document_id"),
    ("account_files", "document_id"),
    ("wallpapers", "document_id"),
)
"""(table, column) with the id of a document or photo that is to stay; each has an index that begins with it."""

BLOBS_NAMED_IN = (
    ("file_blobs", "blob_name"),
    ("uploads", "blob_name"),
)
"""(table, column) with the name of bytes that are to stay."""

CONTENT, SET_THUMB, WEB_PAGE, SCHEDULED = "content", "set", "page", "waiting"

WAITING, GOING, GONE = 0, 1, 2
"""States of bytes in ``files_ending``."""


def unnamed(column: str, named_in: Sequence[tuple[str, str]] = FILES_NAMED_IN) -> str:
    """SQL that is true where ``column`` is named nowhere."""
    return " AND ".join(f"NOT EXISTS (SELECT 1 FROM {table} n WHERE n.{its} = {column})" for table, its in named_in)


# Uses inside of JSON


_FILES = (Document, Photo)
_LEAVES = frozenset({int, str, bytes, bool, float, type(None)})
"""What most fields hold, and nothing lies in: for every message with media and every piece of a file that is read
all fields are looked through."""


def files_in(value: Any) -> list[Document | Photo]:
    """Every document and photo that is part of a domain object, in order."""
    found: list[Document | Photo] = []
    _find_files(value, found)
    return found


def _find_files(value: Any, found: list[Document | Photo]) -> None:
    if isinstance(value, _FILES):
        found.append(value)
        return
    parts: Iterable[Any] = ()
    if isinstance(value, msgspec.Struct):
        parts = [getattr(value, name) for name in value.__struct_fields__]
    elif isinstance(value, tuple | list):
        parts = value
    for part in parts:
        if part.__class__ not in _LEAVES:
            _find_files(part, found)


def note_uses_txn(txn: Transaction, kind: str, used_by: int, value: Any) -> None:
    """A content (or what ``kind`` says) has the files that are part of ``value``."""
    for file_id in {file.id for file in files_in(value)}:
        txn.insert_ignore("file_uses", {"file_id": file_id, "kind": kind, "used_by": used_by})


def drop_uses_txn(txn: Transaction, kind: str, used_by: Iterable[int]) -> None:
    """These have no files any more."""
    txn.executemany("DELETE FROM file_uses WHERE kind = ? AND used_by = ?", [(kind, one) for one in used_by])


def change_uses_txn(txn: Transaction, kind: str, used_by: int, value: Any) -> None:
    """One has other files than before."""
    drop_uses_txn(txn, kind, (used_by,))
    note_uses_txn(txn, kind, used_by, value)


# Bytes


def blobs_of(file: File) -> dict[str, int]:
    """Names and sizes of the bytes that a file consists of."""
    pieces: tuple[PhotoSize | VideoSize, ...]
    pieces = file.thumbs if isinstance(file, Document) else (*file.sizes, *file.videos)
    blobs = {piece.blob: piece.size for piece in pieces}
    if isinstance(file, Document):
        blobs[file.blob] = file.size
    return blobs


def name_blobs_txn(txn: Transaction, owner_id: int, file: File) -> None:
    """A file was made of bytes that are in the store: they stay while it does.

    Raises:
        StorageAway: some of them are being removed just now, or were since they were kept: it has to be done again.
    """
    blobs = blobs_of(file)
    new = False
    for name in sorted(blobs):
        keep_txn(txn, name)
        new |= txn.insert_ignore("file_blobs", {"blob_name": name, "file_id": file.id})
    if new:
        count_txn(txn, owner_id, 1, sum(blobs.values()))


def keep_txn(txn: Transaction, name: str) -> None:
    """Bytes have a name from now on.

    Raises:
        StorageAway: see ``name_blobs_txn``.
    """
    state = ending_txn(txn, name, for_update=txn.engine.for_update)
    if state in (GOING, GONE):
        raise StorageAway("removed just now")
    if state is not None:
        forget_gone_txn(txn, name)


def ending_txn(txn: Transaction, name: str, for_update: str = "") -> int | None:
    """The state of bytes that nobody names, or named; None when they are nothing of that kind."""
    txn.execute("SELECT state FROM files_ending WHERE kind = 'blob' AND name = ?" + for_update, (name,))
    row = txn.fetchone()
    return int(row[0]) if row else None


def forget_gone_txn(txn: Transaction, name: str) -> None:
    """Bytes of that name may be kept again."""
    txn.execute("DELETE FROM files_ending WHERE kind = 'blob' AND name = ?", (name,))


def count_txn(txn: Transaction, user_id: int, files: int, size: int) -> None:
    """An account has so many files and bytes more, or less."""
    more = "UPDATE storage_used SET files = files + ?, bytes = bytes + ? WHERE user_id = ?", (files, size, user_id)
    txn.execute(*more)
    if not txn.rowcount:
        txn.insert_ignore("storage_used", {"user_id": user_id, "files": 0, "bytes": 0})
        txn.execute(*more)


def used_txn(txn: Transaction, user_id: int) -> int:
    """Bytes of the files that an account has made."""
    txn.execute("SELECT bytes FROM storage_used WHERE user_id = ?", (user_id,))
    row = txn.fetchone()
    return int(row[0]) if row else 0


def end_txn(txn: Transaction, kind: str, names: Iterable[object], since: int) -> None:
    """Nobody names these; they go when that has been so for a while."""
    for name in names:
        txn.insert_ignore("files_ending", {"kind": kind, "name": str(name), "since": since, "state": WAITING})


def end_files_txn(txn: Transaction, value: Any) -> None:
    """The files that are part of ``value`` are to go without waiting, if nobody else names them."""
    for file in files_in(value):
        end_txn(txn, "document" if isinstance(file, Document) else "photo", (file.id,), 0)
