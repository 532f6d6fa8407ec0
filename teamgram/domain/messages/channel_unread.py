"""How many of a channel's messages somebody has not read: counted when asked for, and no further than ``COUNTED``."""

from collections.abc import Mapping

from teamgram.database import Transaction
from teamgram.domain.boxes.store import chunks, marks

COUNTED = 100
"""Where more message ids than these lie above the mark, they stand for the number of unread messages."""


def unread_txn(txn: Transaction, user_id: int, read: Mapping[int, tuple[int, int]]) -> dict[int, int]:
    """How many messages of others are unread in these channels, by marked id; at most ``COUNTED`` are read in each.

    Args:
        read: by marked id, the channel's newest message and the last one that the user has read, as it is stored.
    """
    unread: dict[int, int] = {}
    to_count: list[int] = []
    for peer, (top, max_id) in read.items():
        gap = top - max_id
        unread[peer] = gap if gap > COUNTED else 0
        if 0 < gap <= COUNTED:
            to_count.append(peer)
    join = txn.engine.ordered_join
    for some in chunks(to_count):
        txn.execute(
            f"SELECT d.peer, COUNT(*) FROM dialogs d {join} messages m ON m.owner_id = d.peer"
            f" AND m.id > d.read_inbox_max_id {join} message_contents c ON c.id = m.content_id"
            f" WHERE d.owner_id = ? AND d.peer IN ({marks(some)}) AND c.sender_id <> ? GROUP BY d.peer",
            (user_id, *some, user_id),
        )
        unread.update((row[0], int(row[1])) for row in txn.fetchall())
    return unread
