"""Conversations, whoever's box they are seen from, and what was said in them before it changed."""

from collections.abc import Sequence

from teamgram.database import Transaction

Talk = tuple[int, int]
"""A conversation: both users of a private chat in ascending order, a group's or channel's marked id twice."""


def talk_of(owner_id: int, peer: int) -> Talk:
    """The conversation that a message of this box and dialog (marked id) belongs to."""
    if peer < 0 or owner_id < 0:
        one = peer if peer < 0 else owner_id
        return one, one
    return (owner_id, peer) if owner_id <= peer else (peer, owner_id)


def note_changes_txn(txn: Transaction, changes: Sequence[tuple[int, Talk, str]]) -> None:
    """Leave word for the index of contents about to change: (content, its conversation, what it says until now)."""
    rows = [(content_id, *talk, message) for content_id, talk, message in changes]
    if rows:
        txn.executemany("INSERT INTO search_changes (content_id, low, high, message) VALUES (?, ?, ?, ?)", rows)
