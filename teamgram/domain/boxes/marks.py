"""Which messages of a box speak to its owner, are pinned or have news: the few that do, by dialog.

The same stands in each message's row, for those that are read by their id.
"""

from collections.abc import Collection, Iterable, Sequence

from teamgram.database import Transaction
from teamgram.domain.boxes.store import chunks, marks

# The numbers are stored.
MENTIONED = 1
MENTION_UNREAD = 2
PINNED = 3
REACTION_UNREAD = 4


def add_marks_txn(txn: Transaction, rows: Sequence[tuple[int, int, int, int]]) -> None:
    """Each (owner, marked peer, mark, message id); those that have it keep it."""
    txn.executemany(txn.engine.upsert_sql("message_marks", ("owner_id", "peer", "kind", "id"), ()), rows)


def marked_txn(txn: Transaction, owner_id: int, kind: int, peer: int) -> list[int]:
    """Ids of the messages in a dialog that have that mark, the newest first."""
    txn.execute(
        "SELECT id FROM message_marks WHERE owner_id = ? AND peer = ? AND kind = ? ORDER BY id DESC",
        (owner_id, peer, kind),
    )
    return [row[0] for row in txn.fetchall()]


def counts_txn(txn: Transaction, owner_id: int, kind: int, peers: Collection[int]) -> dict[int, int]:
    """How many messages have that mark, by dialog; those without any are missing."""
    found: dict[int, int] = {}
    for some in chunks(peers):
        txn.execute(
            "SELECT peer, COUNT(*) FROM message_marks WHERE owner_id = ? AND kind = ?"
            f" AND peer IN ({marks(some)}) GROUP BY peer",
            (owner_id, kind, *some),
        )
        found.update((peer, int(count)) for peer, count in txn.fetchall())
    return found


def drop_marks_txn(
    txn: Transaction,
    owner_id: int,
    peer: int,
    message_ids: Iterable[int],
    kinds: Sequence[int] = (MENTIONED, MENTION_UNREAD, PINNED, REACTION_UNREAD),
) -> None:
    """They have these marks no more."""
    for some in chunks(message_ids):
        txn.execute(
            f"DELETE FROM message_marks WHERE owner_id = ? AND peer = ? AND kind IN ({marks(kinds)})"
            f" AND id IN ({marks(some)})",
            (owner_id, peer, *kinds, *some),
        )
