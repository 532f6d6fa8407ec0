"""Each box's log: what ``updates.getDifference`` reads.

``pts`` counts from 1 for an owner to whom nothing has happened (0 would tell
clients that there is no state). An entry carries the value after the event; an
entry's ``pts - pts_count`` is always the ``pts`` of the entry before it.
Entries are appended by ``domain/messages`` in the transaction that changes the
message box, after the box is locked, so no reader can see a pts before all
smaller ones are committed.
"""

from collections.abc import Sequence

import msgspec

from teamgram.database import Transaction
from teamgram.domain.boxes.events import (
    ContentsRead,
    DialogsMoved,
    InboxRead,
    LogEntry,
    LoggedEvent,
    MessageEdited,
    MessagesDeleted,
    MessagesPinned,
    NewMessage,
    OutboxRead,
    ReactionsChanged,
)

FIRST_PTS = 1

# The numbers are stored.
_KINDS: dict[int, type[LoggedEvent]] = {
    1: NewMessage,
    2: MessageEdited,
    3: MessagesDeleted,
    4: InboxRead,
    5: OutboxRead,
    6: ContentsRead,
    7: MessagesPinned,
    20: DialogsMoved,
    30: ReactionsChanged,
}
_KIND_OF = {kind: number for number, kind in _KINDS.items()}
_DECODERS: dict[int, msgspec.json.Decoder[LoggedEvent]] = {
    number: msgspec.json.Decoder(kind) for number, kind in _KINDS.items()
}
_encode = msgspec.json.Encoder().encode


def append_txn(txn: Transaction, entries: Sequence[LogEntry]) -> None:
    """Write entries whose pts this transaction has taken."""
    txn.executemany(
        "INSERT INTO update_log (owner_id, pts, pts_count, logged_at, kind, event) VALUES (?, ?, ?, ?, ?, ?)",
        [
            (entry.owner_id, entry.pts, entry.pts_count, entry.date, _KIND_OF[type(entry.event)], _encode(entry.event))
            for entry in entries
        ],
    )


def entries_after_txn(txn: Transaction, owner_id: int, pts: int, limit: int) -> tuple[LogEntry, ...]:
    """The owner's first ``limit`` entries after ``pts``, in order."""
    txn.execute(
        "SELECT pts, pts_count, logged_at, kind, event FROM update_log WHERE owner_id = ? AND pts > ?"
        " ORDER BY pts LIMIT ?",
        (owner_id, pts, limit),
    )
    return tuple(LogEntry(owner_id, row[0], row[1], row[2], _DECODERS[row[3]].decode(row[4])) for row in txn.fetchall())


def old_txn(txn: Transaction, before: int) -> list[tuple[int, int]]:
    """(owner, pts of the newest) of those who have entries logged before then (unix seconds)."""
    txn.execute("SELECT owner_id, MAX(pts) FROM update_log WHERE logged_at < ? GROUP BY owner_id", (before,))
    return [(owner_id, pts) for owner_id, pts in txn.fetchall()]


def trim_txn(txn: Transaction, owner_id: int, pts: int, limit: int) -> int:
    """Drop at most ``limit`` of the owner's entries up to ``pts``, oldest first; how many went."""
    txn.execute(
        "SELECT pts FROM update_log WHERE owner_id = ? AND pts <= ? ORDER BY pts LIMIT ?", (owner_id, pts, limit)
    )
    dropped = txn.fetchall()
    if dropped:
        floor = dropped[-1][0]
        # The floor first: a difference that starts below it must not be answered from what is left.
        txn.execute("UPDATE message_boxes SET log_floor = ? WHERE owner_id = ?", (floor, owner_id))
        txn.execute("DELETE FROM update_log WHERE owner_id = ? AND pts <= ?", (owner_id, floor))
    return len(dropped)
