"""SQL of ``uploads``, ``upload_parts`` and ``upload_accounts``. Every function runs inside a transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

from teamgram.database import Transaction
from teamgram.domain.files import parts
from teamgram.domain.files.collecting_store import unnamed_blobs_txn
from teamgram.domain.files.errors import FilePartsInvalid, QuotaExceeded, UploadsTooMany
from teamgram.domain.files.naming import keep_txn, used_txn
from teamgram.domain.files.settings import FileSettings

LEAST_PART = 64 << 10
"""What the smallest part counts: each is a file and a row, so a million tiny ones are not nothing."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part that came, and is staged under that name."""

    user_id: int
    file_id: int
    number: int
    size: int
    staged: str
    total: int


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that is coming or came.

    Attributes:
        parts: (number, size, name that it is staged under), in order.
        joined: (number of parts, blob, size, MD5) once they were joined; the parts are gone then.
    """

    parts: tuple[tuple[int, int, str], ...]
    joined: tuple[int, str, int, str] | None


def _counts(size: int) -> int:
    return max(size, LEAST_PART)


def save_part_txn(txn: Transaction, part: Part, now: int, settings: FileSettings) -> tuple[str, int]:
    """Note a part; the name of the piece whose place it takes (or empty), and by how much more is in progress.

    Raises:
        FilePartsInvalid: another total than before.
        FilePartSizeInvalid, FilePartSizeChanged: see ``parts.check_beside``.
        UploadsTooMany, QuotaExceeded: see ``FileSettings``.
    """
    key = part.user_id, part.file_id
    txn.execute(
        "SELECT total_parts, blob_name FROM uploads WHERE user_id = ? AND file_id = ?" + txn.engine.for_update,
        key,
    )
    row = txn.fetchone()
    total, blob = row or (0, "")
    if blob:
        # Sent and begun again under the same number: another file.
        txn.execute("DELETE FROM uploads WHERE user_id = ? AND file_id = ?", key)
        row, total = None, 0
    if part.total and total and part.total != total:
        raise FilePartsInvalid(f"{part.total} after {total}")
    # This part as it came before, and the one with the highest number.
    txn.execute(
        "SELECT part, size, staged FROM upload_parts WHERE user_id = ? AND file_id = ? AND (part = ? OR part ="
        " (SELECT MAX(part) FROM upload_parts WHERE user_id = ? AND file_id = ?)) ORDER BY part",
        (*key, part.number, *key),
    )
    there = txn.fetchall()
    before = next((row for row in there if row[0] == part.number), None)
    if there:
        highest, highest_size, _ = there[-1]
        parts.check_beside(part.number, part.size, highest, highest_size)
        if part.total and highest >= part.total:
            raise FilePartsInvalid(f"{part.total} with part {highest}")
    more = _counts(part.size) - (_counts(before[1]) if before is not None else 0)
    begins = row is None and txn.insert_ignore(
        "uploads",
        {
            "user_id": part.user_id,
            "file_id": part.file_id,
            "began_at": now,
            "total_parts": part.total,
            "held": 0,
            "parts": 0,
            "blob_name": "",
            "size": 0,
            "md5": "",
        },
    )
    _check_room_txn(txn, part.user_id, more, settings, begins=begins)
    txn.upsert(
        "upload_parts",
        {"user_id": part.user_id, "file_id": part.file_id, "part": part.number},
        {"size": part.size, "staged": part.staged},
    )
    txn.execute(
        "UPDATE uploads SET held = held + ?, total_parts = ? WHERE user_id = ? AND file_id = ?",
        (more, part.total or total, *key),
    )
    return (before[2] if before is not None else ""), more


def _check_room_txn(txn: Transaction, user_id: int, more: int, settings: FileSettings, *, begins: bool) -> None:
    """Count what comes, unless it is over the account's bounds: by one row, however many uploads are open."""
    _account_txn(txn, user_id, int(begins), more)
    txn.execute("SELECT open_uploads, held FROM upload_accounts WHERE user_id = ?", (user_id,))
    count, held = txn.fetchone() or (0, 0)
    if settings.account_quota and used_txn(txn, user_id) + held > settings.account_quota:
        raise QuotaExceeded(str(settings.account_quota))
    if held > settings.account_bytes or (begins and count > settings.account_uploads):
        raise UploadsTooMany(f"{count} uploads of {held} bytes")


def _account_txn(txn: Transaction, user_id: int, uploads: int, held: int) -> None:
    """So many uploads and bytes more are in progress, or less."""
    change = uploads, held, user_id
    statement = "UPDATE upload_accounts SET open_uploads = open_uploads + ?, held = held + ? WHERE user_id = ?"
    txn.execute(statement, change)
    if not txn.rowcount:
        txn.insert_ignore("upload_accounts", {"user_id": user_id, "open_uploads": 0, "held": 0})
        txn.execute(statement, change)


def upload_txn(txn: Transaction, user_id: int, file_id: int) -> Upload:
    """What there is of a file."""
    txn.execute("SELECT parts, blob_name, size, md5 FROM uploads WHERE user_id = ? AND file_id = ?", (user_id, file_id))
    row = txn.fetchone()
    if row is not None and row[1]:
        return Upload((), (row[0], row[1], row[2], row[3]))
    txn.execute(
        "SELECT part, size, staged FROM upload_parts WHERE user_id = ? AND file_id = ? ORDER BY part",
        (user_id, file_id),
    )
    return Upload(tuple((part, size, staged) for part, size, staged in txn.fetchall()), None)


def joined_txn(txn: Transaction, user_id: int, file_id: int, staged: Sequence[str], blob: tuple[str, int, str]) -> int:
    """These pieces were joined to one blob (name, size, MD5); by how much less is in progress."""
    keep_txn(txn, blob[0])
    txn.execute(
        "SELECT held, blob_name FROM uploads WHERE user_id = ? AND file_id = ?" + txn.engine.for_update,
        (user_id, file_id),
    )
    row = txn.fetchone()
    txn.execute(
        "UPDATE uploads SET held = 0, parts = ?, blob_name = ?, size = ?, md5 = ? WHERE user_id = ? AND file_id = ?",
        (len(staged), *blob, user_id, file_id),
    )
    if row is not None and not row[1]:
        # It stays for a day, and holds nothing.
        _account_txn(txn, user_id, -1, -row[0])
    txn.execute("DELETE FROM upload_parts WHERE user_id = ? AND file_id = ?", (user_id, file_id))
    return int(row[0]) if row else 0


def held_txn(txn: Transaction) -> int:
    """What everybody's uploads count."""
    txn.execute("SELECT COALESCE(SUM(held), 0) FROM uploads")
    row = txn.fetchone()
    return int(row[0]) if row else 0


def end_old_txn(txn: Transaction, before: int, at_most: int, now: int) -> int:
    """Forget uploads that began before then, whether they became a file or not; how many."""
    txn.execute(
        "SELECT user_id, file_id, blob_name, held FROM uploads WHERE began_at < ? LIMIT ?" + txn.engine.for_update,
        (before, at_most),
    )
    old = txn.fetchall()
    for table in ("upload_parts", "uploads"):
        txn.executemany(f"DELETE FROM {table} WHERE user_id = ? AND file_id = ?", [row[:2] for row in old])
    for user_id in sorted({row[0] for row in old}):
        ended = [held for owner, _, blob, held in old if owner == user_id and not blob]
        _account_txn(txn, user_id, -len(ended), -sum(ended))
        txn.execute("DELETE FROM upload_accounts WHERE user_id = ? AND open_uploads = 0", (user_id,))
    unnamed_blobs_txn(txn, sorted({blob for _, _, blob, _ in old if blob}), now)
    return len(old)
