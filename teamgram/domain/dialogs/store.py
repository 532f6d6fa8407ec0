"""SQL of ``dialogs`` outside what ``domain/messages`` does to them when messages come and go."""

from collections.abc import Sequence

from teamgram.database import Row, Transaction
from teamgram.domain.boxes.archive import ARCHIVE
from teamgram.domain.boxes.message import unpack_draft
from teamgram.domain.boxes.store import chunks, marks, new_dialog_row
from teamgram.domain.dialogs.dialog import Dialog
from teamgram.domain.ids.peer import users_only

_COLUMNS = (
    "owner_id, peer, top_message_id, top_sent_at, read_inbox_max_id, read_outbox_max_id, unread_count,"
    " unread_mentions, unread_mark, pinned_order, folder_id, pinned_message_id, hidden_bar, draft"
)
# A conversation is listed while there is a message in it. The date says the same, and lets the index pass over rows of
# channels, in which neither stands.
_LISTED = "owner_id = ? AND folder_id = ? AND top_sent_at > 0 AND top_message_id > 0"
# In the list of both folders only those that are pinned in the first come first.
_LISTED_ANYWHERE = "owner_id = ? AND top_sent_at > 0 AND top_message_id > 0"
_PINNED_FIRST = "pinned_order > 0 AND folder_id = 0"


def _dialog(row: Row) -> Dialog:
    draft = unpack_draft(row[13]) if row[13] else None
    return Dialog(
        row[0],
        row[1],
        row[2],
        row[3],
        row[4],
        row[5],
        row[6],
        row[7],
        bool(row[8]),
        row[9],
        row[10],
        row[11],
        bool(row[12]),
        draft,
    )


def dialogs_txn(txn: Transaction, owner_id: int, peers: Sequence[int]) -> dict[int, Dialog]:
    """The owner's dialogs with these peers (marked ids); those that have nothing stored are missing."""
    found: dict[int, Dialog] = {}
    for some in chunks(peers):
        txn.execute(f"SELECT {_COLUMNS} FROM dialogs WHERE owner_id = ? AND peer IN ({marks(some)})", (owner_id, *some))
        for row in txn.fetchall():
            found[row[1]] = _dialog(row)
    return found


def pinned_txn(txn: Transaction, owner_id: int, folder_id: int) -> list[Dialog]:
    """Pinned dialogs, top first."""
    txn.execute(
        f"SELECT {_COLUMNS} FROM dialogs WHERE {_LISTED} AND pinned_order > 0 ORDER BY pinned_order DESC",
        (owner_id, folder_id),
    )
    return [_dialog(row) for row in txn.fetchall()]


def newest_txn(
    txn: Transaction, owner_id: int, folder_id: int | None, limit: int, before: tuple[int, int] | None = None
) -> list[Dialog]:
    """Dialogs that are not pinned, the one with the newest message first.

    Args:
        folder_id: None for those of both.
        before: (date, message id) of the last dialog that was seen.
    """
    where, params = _listed(owner_id, folder_id)
    if before is not None:
        where += " AND (top_sent_at < ? OR (top_sent_at = ? AND top_message_id < ?))"
        params += [before[0], before[0], before[1]]
    where += " AND pinned_order = 0" if folder_id is not None else f" AND NOT ({_PINNED_FIRST})"
    txn.execute(
        f"SELECT {_COLUMNS} FROM dialogs WHERE {where} ORDER BY top_sent_at DESC, top_message_id DESC LIMIT ?",
        (*params, limit),
    )
    return [_dialog(row) for row in txn.fetchall()]


def has_archive_txn(txn: Transaction, owner_id: int) -> bool:
    """Whether anything is in the owner's archive."""
    txn.execute("SELECT archives FROM message_boxes WHERE owner_id = ?", (owner_id,))
    row = txn.fetchone()
    return row is not None and bool(row[0])


def newest_archived_txn(txn: Transaction, owner_id: int) -> list[Dialog]:
    """The dialog in the archive with the newest message, pinned or not, in the owner's own box; none or one."""
    txn.execute(
        f"SELECT {_COLUMNS} FROM dialogs WHERE {_LISTED} ORDER BY top_sent_at DESC, top_message_id DESC LIMIT 1",
        (owner_id, ARCHIVE),
    )
    return [_dialog(row) for row in txn.fetchall()]


def count_txn(txn: Transaction, owner_id: int, folder_id: int | None, *, with_pinned: bool) -> int:
    """How many dialogs the folder lists, or both."""
    where, params = _listed(owner_id, folder_id)
    if not with_pinned:
        where += " AND pinned_order = 0" if folder_id is not None else f" AND NOT ({_PINNED_FIRST})"
    txn.execute(f"SELECT COUNT(*) FROM dialogs WHERE {where}", params)
    row = txn.fetchone()
    return int(row[0]) if row else 0


def _listed(owner_id: int, folder_id: int | None) -> tuple[str, list[int]]:
    return (_LISTED_ANYWHERE, [owner_id]) if folder_id is None else (_LISTED, [owner_id, folder_id])


def unread_txn(txn: Transaction, owner_id: int, folder_id: int) -> list[tuple[int, int]]:
    """(marked peer, unread messages) of those in the folder that have any, or are marked so."""
    txn.execute(
        f"SELECT peer, unread_count FROM dialogs WHERE {_LISTED} AND (unread_count > 0 OR unread_mark > 0)",
        (owner_id, folder_id),
    )
    return [(peer, unread) for peer, unread in txn.fetchall()]


def ensure_txn(txn: Transaction, owner_id: int, peer: int) -> None:
    """Make the row of a dialog in which nothing has happened yet."""
    txn.insert_ignore("dialogs", new_dialog_row(owner_id, peer))


def set_txn(txn: Transaction, owner_id: int, peer: int, **columns: int | bytes | None) -> bool:
    """Change columns of one dialog; False when there is none."""
    changes = ", ".join(f"{name} = ?" for name in columns)
    txn.execute(f"UPDATE dialogs SET {changes} WHERE owner_id = ? AND peer = ?", (*columns.values(), owner_id, peer))
    return txn.rowcount > 0


def drafts_txn(txn: Transaction, owner_id: int) -> list[Dialog]:
    """Dialogs with a draft."""
    txn.execute(f"SELECT {_COLUMNS} FROM dialogs WHERE owner_id = ? AND draft IS NOT NULL", (owner_id,))
    return [_dialog(row) for row in txn.fetchall()]


def unread_marks_txn(txn: Transaction, owner_id: int) -> list[int]:
    """Marked ids of the peers whose dialogs are marked as unread."""
    txn.execute("SELECT peer FROM dialogs WHERE owner_id = ? AND unread_mark = 1", (owner_id,))
    return [row[0] for row in txn.fetchall()]


def private_peers_txn(txn: Transaction, owner_id: int, limit: int) -> list[int]:
    """Users with whom the owner has a private chat, the latest first."""
    txn.execute(
        f"SELECT peer FROM dialogs WHERE owner_id = ? AND {users_only('peer')} AND peer <> ? AND top_message_id > 0"
        " ORDER BY top_sent_at DESC LIMIT ?",
        (owner_id, owner_id, limit),
    )
    return [row[0] for row in txn.fetchall()]
