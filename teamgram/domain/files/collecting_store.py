"""SQL of collecting files. Every function runs inside a transaction."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from teamgram.database import Transaction
from teamgram.domain.files import naming
from teamgram.domain.files.file import Document, File, Photo

_decode: dict[str, Callable[[Any], File]] = {
    "document": msgspec.json.Decoder(Document).decode,
    "photo": msgspec.json.Decoder(Photo).decode,
}
_TABLES = {"document": "documents", "photo": "photos"}
KINDS = tuple(_TABLES)


def unnamed_txn(txn: Transaction, kind: str, after: int, before: int, at_most: int, now: int) -> int:
    """Look through files behind ``after`` that were made before then; note those that nobody names. The last one's id.

    Returns 0 at the end.
    """
    txn.execute(f"SELECT id FROM {_TABLES[kind]} WHERE id > ? ORDER BY id LIMIT ?", (after, at_most))
    ids = [id_ for (id_,) in txn.fetchall()]
    if not ids:
        return 0
    txn.execute(
        f"SELECT f.id FROM {_TABLES[kind]} f WHERE f.id > ? AND f.id <= ? AND f.created_at < ?"
        f" AND {naming.unnamed('f.id')}",
        (after, ids[-1], before),
    )
    naming.end_txn(txn, kind, [id_ for (id_,) in txn.fetchall()], now)
    return ids[-1] if len(ids) == at_most else 0


def unnamed_blobs_txn(txn: Transaction, names: Sequence[str], now: int) -> None:
    """Note those of these bytes that nobody names."""
    for name in names:
        if not _is_named_txn(txn, name):
            naming.end_txn(txn, "blob", (name,), now)


def _is_named_txn(txn: Transaction, name: str) -> bool:
    return any(
        _has_txn(txn, f"SELECT 1 FROM {table} WHERE {column} = ? LIMIT 1", name)
        for table, column in naming.BLOBS_NAMED_IN
    )


def _has_txn(txn: Transaction, sql: str, value: object) -> bool:
    txn.execute(sql, (value,))
    return txn.fetchone() is not None


def due_txn(txn: Transaction, kinds: Sequence[str], before: int, at_most: int) -> list[tuple[str, str, int]]:
    """(kind, name, state) of what nobody has named since before then, the oldest first."""
    marks = ", ".join("?" * len(kinds))
    txn.execute(
        f"SELECT kind, name, state FROM files_ending WHERE since < ? AND kind IN ({marks}) ORDER BY since LIMIT ?",
        (before, *kinds, at_most),
    )
    return [(kind, name, state) for kind, name, state in txn.fetchall()]


def end_file_txn(txn: Transaction, kind: str, id_: int, now: int) -> bool:
    """Forget a document or photo that nobody names, and let its bytes wait for their end; whether it was forgotten."""
    table = _TABLES[kind]
    txn.execute(f"SELECT owner_id, details FROM {table} WHERE id = ?" + txn.engine.for_update, (id_,))
    row = txn.fetchone()
    gone = False
    if row is not None and _has_txn(txn, f"SELECT 1 FROM {table} f WHERE f.id = ? AND {naming.unnamed('f.id')}", id_):
        blobs = naming.blobs_of(_decode[kind](row[1]))
        txn.execute("DELETE FROM file_blobs WHERE file_id = ?", (id_,))
        txn.execute(f"DELETE FROM {table} WHERE id = ?", (id_,))
        naming.count_txn(txn, row[0], -1, -sum(blobs.values()))
        unnamed_blobs_txn(txn, sorted(blobs), now)
        gone = True
    txn.execute("DELETE FROM files_ending WHERE kind = ? AND name = ?", (kind, str(id_)))
    return gone


def begin_end_txn(txn: Transaction, name: str) -> bool:
    """Bytes are about to be removed; False when they may not, for somebody names them (again)."""
    if naming.ending_txn(txn, name, txn.engine.for_update) is None:
        return False
    if _is_named_txn(txn, name):
        naming.forget_gone_txn(txn, name)
        return False
    txn.execute("UPDATE files_ending SET state = ? WHERE kind = 'blob' AND name = ?", (naming.GOING, name))
    return True


def ended_txn(txn: Transaction, name: str, now: int) -> None:
    """Bytes were removed. That is known for a while, for somebody who kept the same ones just before it."""
    txn.execute(
        "UPDATE files_ending SET state = ?, since = ? WHERE kind = 'blob' AND name = ?", (naming.GONE, now, name)
    )


# What was written before names were noted


def learn_files_txn(txn: Transaction, kind: str, at_most: int) -> bool:
    """Note the bytes of the next files that were made before anybody did; whether there may be more."""
    after = _progress_txn(txn, kind)
    if after < 0:
        return False
    txn.execute(f"SELECT id, owner_id, details FROM {_TABLES[kind]} WHERE id > ? ORDER BY id LIMIT ?", (after, at_most))
    rows = txn.fetchall()
    for _, owner_id, details in rows:
        naming.name_blobs_txn(txn, owner_id, _decode[kind](details))
    _advance_txn(txn, kind, rows[-1][0] if len(rows) == at_most else -1)
    return len(rows) == at_most


def learn_uses_txn(
    txn: Transaction, kind: str, table: str, column: str, unpack: Callable[[Any], Any], at_most: int
) -> bool:
    """Note the files in the JSON of the next rows that were written before anybody did; whether there may be more."""
    after = _progress_txn(txn, kind)
    if after < 0:
        return False
    txn.execute(f"SELECT id, {column} FROM {table} WHERE id > ? ORDER BY id LIMIT ?", (after, at_most))
    rows = txn.fetchall()
    for id_, stored in rows:
        if stored:
            naming.note_uses_txn(txn, kind, id_, unpack(stored))
    _advance_txn(txn, kind, rows[-1][0] if len(rows) == at_most else -1)
    return len(rows) == at_most


def _progress_txn(txn: Transaction, kind: str) -> int:
    txn.execute("SELECT value FROM server_state WHERE name = ?", (f"files_named_{kind}",))
    row = txn.fetchone()
    return int(row[0]) if row else 0


def _advance_txn(txn: Transaction, kind: str, to: int) -> None:
    txn.upsert("server_state", {"name": f"files_named_{kind}"}, {"value": to})


# Who uses what


def usage_txn(txn: Transaction, at_most: int) -> list[tuple[int, int, int]]:
    """(account, files, bytes), the most bytes first."""
    txn.execute(
        "SELECT user_id, files, bytes FROM storage_used WHERE files > 0 ORDER BY bytes DESC, user_id LIMIT ?",
        (at_most,),
    )
    return [(user_id, files, size) for user_id, files, size in txn.fetchall()]


def totals_txn(txn: Transaction) -> dict[str, int]:
    """How many there are of everything."""
    totals = {}
    for what, sql in (
        ("documents", "SELECT COUNT(*) FROM documents"),
        ("photos", "SELECT COUNT(*) FROM photos"),
        ("blobs", "SELECT COUNT(DISTINCT blob_name) FROM file_blobs"),
        ("bytes", "SELECT COALESCE(SUM(bytes), 0) FROM storage_used"),
        ("uploads", "SELECT COUNT(*) FROM uploads WHERE blob_name = ''"),
        ("uploading_bytes", "SELECT COALESCE(SUM(held), 0) FROM uploads"),
        ("ending", "SELECT COUNT(*) FROM files_ending WHERE state < 2"),
    ):
        txn.execute(sql)
        row = txn.fetchone()
        totals[what] = int(row[0]) if row else 0
    return totals


def named_page_txn(txn: Transaction, after: str, at_most: int) -> list[str]:
    """Names of bytes that files consist of, behind ``after``, in order."""
    txn.execute(
        "SELECT DISTINCT blob_name FROM file_blobs WHERE blob_name > ? ORDER BY blob_name LIMIT ?", (after, at_most)
    )
    return [name for (name,) in txn.fetchall()]


def count_unnamed_txn(txn: Transaction, names: Sequence[str]) -> int:
    """How many of these bytes nobody names."""
    return sum(not _is_named_txn(txn, name) for name in names)


def files_of_txn(txn: Transaction, blob_name: str, at_most: int = 5) -> list[int]:
    """Ids of files that have these bytes."""
    txn.execute("SELECT file_id FROM file_blobs WHERE blob_name = ? ORDER BY file_id LIMIT ?", (blob_name, at_most))
    return [id_ for (id_,) in txn.fetchall()]
