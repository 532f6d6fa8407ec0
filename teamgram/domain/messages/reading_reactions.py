"""Seeing the reactions to what one wrote."""

from collections.abc import Sequence

from msgspec.structs import replace

from teamgram.database import Transaction
from teamgram.domain.boxes import reaction_store
from teamgram.domain.boxes.absence import absent_txn
from teamgram.domain.boxes.changes import BoxChanges
from teamgram.domain.boxes.events import ReactionsChanged
from teamgram.domain.boxes.marks import REACTION_UNREAD, drop_marks_txn
from teamgram.domain.boxes.message import Message
from teamgram.domain.boxes.reactions import Reactions
from teamgram.domain.boxes.store import marks, message_columns, message_from_row, messages_txn, shown_txn
from teamgram.domain.ids.peer import is_channel, no_channels
from teamgram.domain.updates.events import MessageReacted

MAX_READ = 200
"""Messages in one step."""


def see_reactions_txn(
    txn: Transaction, changes: BoxChanges, user_id: int, peer: int | None, message_ids: Sequence[int] | None
) -> list[MessageReacted]:
    """Take the marks off, in a dialog or (None) in all but channels; the user's box is locked.

    Args:
        message_ids: None: of everything there.

    Returns:
        what the user's devices are to be told of messages in a channel: its log has nothing of it.
    """
    where, params = "owner_id = ? AND kind = ?", [user_id, REACTION_UNREAD]
    if peer is None:
        where += f" AND {no_channels('peer')}"
    else:
        where += " AND peer = ?"
        params.append(peer)
    if message_ids is not None:
        if not message_ids:
            return []
        where += f" AND id IN ({marks(message_ids)})"
        params += message_ids
    txn.execute(f"SELECT peer, id FROM message_marks WHERE {where} ORDER BY peer, id LIMIT ?", (*params, MAX_READ))
    told: list[MessageReacted] = []
    by_peer: dict[int, list[int]] = {}
    for in_peer, message_id in txn.fetchall():
        by_peer.setdefault(in_peer, []).append(message_id)
    for in_peer, ids in by_peer.items():
        drop_marks_txn(txn, user_id, in_peer, ids, (REACTION_UNREAD,))
        owner_id = in_peer if is_channel(in_peer) else user_id
        found = {message.content_id: message for message in messages_txn(txn, owner_id, ids).values()}
        for content_id, reactions in reaction_store.stored_txn(txn, list(found), txn.engine.for_update).items():
            seen = Reactions(reactions.counts, tuple(replace(one, unread=False) for one in reactions.recent))
            reaction_store.save_txn(txn, content_id, seen)
            if owner_id == user_id:
                tell_reactions_txn(txn, changes, content_id, user_id)
            else:
                told.append(told_in_channel(in_peer, replace(found[content_id], reactions=seen)))
    return told


def told_in_channel(
    peer: int, message: Message, choices: tuple[tuple[int, tuple[str, ...]], ...] = ()
) -> MessageReacted:
    """What is told of the reactions to a message of that channel (marked id).

    Args:
        choices: what users have chosen since the last telling.
    """
    reactions, is_named = message.reactions or Reactions(()), not message.extra.post
    return MessageReacted(peer, message.id, reactions, is_named, message.sender_id if is_named else 0, choices)


def tell_reactions_txn(txn: Transaction, changes: BoxChanges, content_id: int, owner_id: int = 0) -> None:
    """Log for every copy (or one owner's) that its reactions changed; the boxes are locked.

    Who is not in the group any more hears nothing of it.
    """
    where, params = (
        ("m.content_id = ? AND m.owner_id = ?", (content_id, owner_id))
        if owner_id
        else (
            "m.content_id = ?",
            (content_id,),
        )
    )
    txn.execute(f"SELECT {message_columns} WHERE {where}", params)
    copies = shown_txn(txn, [message_from_row(row) for row in txn.fetchall()])
    absent = absent_txn(txn, ((copy.owner_id, copy.peer) for copy in copies))
    for copy in copies:
        if (copy.owner_id, copy.peer) not in absent:
            changes.append(copy.owner_id, ReactionsChanged(copy.id))
            changes.messages[copy.owner_id, copy.id] = copy
