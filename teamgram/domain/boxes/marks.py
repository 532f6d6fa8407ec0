"""Which messages of a box speak to its owner, and which are pinned: the few that have it, by dialog.

The same stands in each message's row, for those that are read by their id.
"""

from collections.abc import Iterable, Sequence

from teamgram.database import Transaction
from teamgram.domain.boxes.store import chunks, marks

# The numbers are stored.
MENTIONED = 1
MENTION_UNREAD = 2
PINNED = 3


def add_marks_txn(txn: Transaction, rows: Sequence[tuple[int, int, int, int]]) -> None:
    """Each (owner, marked peer, mark, message id); those that have it keep it."""
    txn.executemany(txn.engine.upsert_sql("message_marks", ("owner_id", "peer", "kind", "id"), ()), rows)


def drop_marks_txn(
    txn: Transaction,
    owner_id: int,
    peer: int,
    message_ids: Iterable[int],
    kinds: Sequence[int] = (MENTIONED, MENTION_UNREAD, PINNED),
) -> None:
    """They have these marks no more."""
    for some in chunks(message_ids):
        txn.execute(
            f"DELETE FROM message_marks WHERE owner_id = ? AND peer = ? AND kind IN ({marks(kinds)})"
            f" AND id IN ({marks(some)})",
            (owner_id, peer, *kinds, *some),
        )
