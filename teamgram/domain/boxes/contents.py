"""Which contents lie in a box, as one set: what a search of many messages is crossed with.

Contents get their numbers in the order in which a box gets their messages, for
the box is locked when they do. The note that a history was cleared is the one
exception: it takes an old message's id.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from pyroaring import BitMap64

from teamgram.database import Transaction
from teamgram.domain.boxes.numbers import numbers_txn, pack, unpack_all
from teamgram.domain.boxes.store import chunks, marks

BLOCK = 4096
"""Message ids of one stored set; the newest messages, fewer than these, are read one by one."""


@dataclass(frozen=True, slots=True)
class BoxContents:
    """What is in a box.

    Attributes:
        unstored: messages that were read one by one.
    """

    ids: BitMap64
    unstored: int


def mark_stale_txn(txn: Transaction, owner_id: int, message_ids: Iterable[int]) -> None:
    """These messages of a locked box are gone, or say something else."""
    for some in chunks(sorted({message_id // BLOCK for message_id in message_ids})):
        txn.execute(
            f"UPDATE box_contents SET stale = 1 WHERE owner_id = ? AND block IN ({marks(some)})", (owner_id, *some)
        )


def box_contents_txn(txn: Transaction, owner_id: int) -> BoxContents:
    """All contents in the box."""
    txn.execute("SELECT block, stale, contents, ids FROM box_contents WHERE owner_id = ? ORDER BY block", (owner_id,))
    rows = txn.fetchall()
    ids = unpack_all((row[2], row[3]) for row in rows if not row[1])
    unstored = 0
    # Blocks follow each other without a gap.
    ranges = [(row[0] * BLOCK, (row[0] + 1) * BLOCK) for row in rows if row[1]]
    for first, end in (*ranges, ((rows[-1][0] + 1) * BLOCK if rows else 0, 1 << 62)):
        read = _contents_txn(txn, owner_id, first, end)
        unstored += len(read)
        ids |= BitMap64(read)
    return BoxContents(ids, unstored)


def _contents_txn(txn: Transaction, owner_id: int, first: int, end: int) -> list[int]:
    source = "FROM messages WHERE owner_id = ? AND id >= ? AND id < ?"
    return numbers_txn(txn, ("content_id",), source, (owner_id, first, end))


def due_blocks_txn(txn: Transaction, owner_id: int, suffix: str = "") -> list[int]:
    """Blocks of the box that are missing or stale."""
    txn.execute(f"SELECT last_message_id FROM message_boxes WHERE owner_id = ?{suffix}", (owner_id,))
    row = txn.fetchone()
    if row is None or row[0] < BLOCK - 1:
        return []
    txn.execute("SELECT COUNT(*) FROM box_contents WHERE owner_id = ?", (owner_id,))
    stored = txn.fetchone()
    txn.execute("SELECT block FROM box_contents WHERE owner_id = ? AND stale = 1 ORDER BY block", (owner_id,))
    due = [block for (block,) in txn.fetchall()]
    return [*due, *range(stored[0] if stored else 0, (row[0] + 1) // BLOCK)]


def store_contents_txn(txn: Transaction, owner_id: int, most: int) -> bool:
    """Store what is missing or stale, at most so many blocks; whether that was not all."""
    # What deletes messages has the box locked.
    due = due_blocks_txn(txn, owner_id, txn.engine.for_update)
    for block in due[:most]:
        count, ids = pack(BitMap64(_contents_txn(txn, owner_id, block * BLOCK, (block + 1) * BLOCK)))
        txn.upsert("box_contents", {"owner_id": owner_id, "block": block}, {"stale": 0, "contents": count, "ids": ids})
    return len(due) > most


def long_boxes_txn(txn: Transaction, after: int, limit: int) -> list[int]:
    """Owners (ids > ``after``, in order) whose boxes are long enough for a stored set."""
    txn.execute(
        "SELECT owner_id FROM message_boxes WHERE owner_id > ? AND last_message_id >= ? ORDER BY owner_id LIMIT ?",
        (after, BLOCK, limit),
    )
    return [row[0] for row in txn.fetchall()]
