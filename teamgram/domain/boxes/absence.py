"""Who is in the basic groups whose messages lie in their boxes: only they see what goes on below those messages."""

from collections.abc import Iterable

from teamgram.database import Transaction
from teamgram.domain.ids.peer import chat_id_of, is_chat, marked_chat

_PER_QUERY = 250
_PRESENT = 0
"""``status`` of those who are there."""


def absent_txn(txn: Transaction, places: Iterable[tuple[int, int]]) -> set[tuple[int, int]]:
    """Those of the places (owner, marked peer) that are groups in which the owner is not any more."""
    asked = {(owner_id, peer) for owner_id, peer in places if is_chat(peer)}
    if not asked:
        return asked
    chats, users = sorted({chat_id_of(peer) for _, peer in asked}), sorted({owner_id for owner_id, _ in asked})
    present: set[tuple[int, int]] = set()
    for start in range(0, len(chats), _PER_QUERY):
        some = chats[start : start + _PER_QUERY]
        for first in range(0, len(users), _PER_QUERY):
            few = users[first : first + _PER_QUERY]
            txn.execute(
                f"SELECT user_id, chat_id FROM chat_participants WHERE status = ?"
                f" AND chat_id IN ({', '.join('?' * len(some))}) AND user_id IN ({', '.join('?' * len(few))})",
                (_PRESENT, *some, *few),
            )
            present.update((user_id, marked_chat(chat_id)) for user_id, chat_id in txn.fetchall())
    return asked - present
