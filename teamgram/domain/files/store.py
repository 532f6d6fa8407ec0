"""SQL of ``documents`` and ``photos``. Every function runs inside a transaction."""

from collections.abc import Callable
from typing import Any

import msgspec

from teamgram.database import Transaction
from teamgram.domain.files.file import Document, File, Photo
from teamgram.domain.files.naming import name_blobs_txn

_encode = msgspec.json.Encoder().encode
_decode_document: Callable[[Any], Document] = msgspec.json.Decoder(Document).decode
decode_photo: Callable[[Any], Photo] = msgspec.json.Decoder(Photo).decode
"""A photo from its ``details``."""


def add_txn(txn: Transaction, owner_id: int, file: File) -> None:
    """A file that was made.

    Raises:
        StorageAway: see ``name_blobs_txn``.
    """
    row = file.id, owner_id, file.date, _encode(file)
    if isinstance(file, Document):
        txn.execute(
            "INSERT INTO documents (id, owner_id, created_at, details, size, blob_name) VALUES (?, ?, ?, ?, ?, ?)",
            (*row, file.size, file.blob),
        )
    else:
        txn.execute("INSERT INTO photos (id, owner_id, created_at, details) VALUES (?, ?, ?, ?)", row)
    name_blobs_txn(txn, owner_id, file)


def document_txn(txn: Transaction, id_: int) -> Document | None:
    """A document by its id."""
    txn.execute("SELECT details FROM documents WHERE id = ?", (id_,))
    row = txn.fetchone()
    return _decode_document(row[0]) if row else None


def document_of_content_txn(
    txn: Transaction, owner_id: int, blob_name: str, size: int, mime_type: str
) -> Document | None:
    """The newest of the owner's documents of those bytes."""
    txn.execute(
        "SELECT details FROM documents WHERE blob_name = ? AND owner_id = ? AND size = ?"
        " ORDER BY created_at DESC, id LIMIT 20",
        (blob_name, owner_id, size),
    )
    found = (_decode_document(row[0]) for row in txn.fetchall())
    return next((document for document in found if document.mime_type == mime_type), None)


def photo_txn(txn: Transaction, id_: int) -> Photo | None:
    """A photo by its id."""
    txn.execute("SELECT details FROM photos WHERE id = ?", (id_,))
    row = txn.fetchone()
    return decode_photo(row[0]) if row else None
