"""A channel's messages as a reader has them: which are theirs, which speak to them, how often posts were seen.

A post lies in the channel's box once; what differs for a reader is put on when it is read.
"""

from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from teamgram.database import Transaction
from teamgram.domain.boxes.around import answers_txn, counted, looks_txn
from teamgram.domain.boxes.marks import MENTION_UNREAD, MENTIONED
from teamgram.domain.boxes.message import FIRST_VIEWS, Forward, Message
from teamgram.domain.boxes.store import chunks, marks, message_fields, message_from_row, messages_txn, shown_txn
from teamgram.domain.hearing.ears import heard_txn
from teamgram.domain.ids.peer import channel_id_of


def channel_messages_txn(
    txn: Transaction,
    user_id: int,
    marked: int,
    message_ids: Sequence[int],
    hidden_up_to: int = 0,
    *,
    unheard: bool = False,
) -> dict[int, Message]:
    """Messages of a channel (marked id) by id, as the user has them; those that are gone or hidden are missing.

    Args:
        unheard: with what a bot does not hear: what is answered by something that it hears.
    """
    wanted = [id_ for id_ in message_ids if id_ > hidden_up_to]
    found = messages_txn(txn, marked, wanted)
    seen = seen_txn(txn, user_id, list(found.values()), unheard=unheard)
    return {message.id: message for message in seen}


def tops_txn(txn: Transaction, user_id: int, tops: Mapping[int, int]) -> list[Message]:
    """The newest message of each channel, by its marked id and the message's id."""
    found: list[Message] = []
    join = txn.engine.ordered_join
    for some in chunks(sorted(tops)):
        txn.execute(
            f"SELECT {message_fields} FROM dialogs t {join} messages m ON m.owner_id = t.owner_id"
            f" AND m.id = t.top_message_id {join} message_contents c ON c.id = m.content_id"
            f" WHERE t.owner_id IN ({marks(some)}) AND t.peer = t.owner_id",
            some,
        )
        found += map(message_from_row, txn.fetchall())
    return seen_txn(txn, user_id, found)


def seen_txn(txn: Transaction, user_id: int, messages: Sequence[Message], *, unheard: bool = False) -> list[Message]:
    """Messages of channels, as the user has them, in the given order; what a bot does not hear is left out.

    Args:
        unheard: see ``channel_messages_txn``.
    """
    if not messages:
        return []
    messages = shown_txn(txn, messages, user_id)
    mentions = _mentions_txn(txn, user_id, messages)
    counts = looks_txn(txn, [message.content_id for message in messages if message.extra.post])
    replies = answers_txn(txn, messages)
    seen = [
        _seen(replace(message, replies=answers) if answers else message, user_id, mentions, counts)
        for message in messages
        for answers in (replies.get((message.owner_id, message.id)),)
    ]
    return seen if unheard else list(heard_txn(txn, user_id, seen))


def _seen(
    message: Message,
    user_id: int,
    mentions: Mapping[tuple[int, int], set[int]],
    counts: Mapping[int, tuple[int, int]],
) -> Message:
    message = counted(message, counts)
    kinds = mentions.get((message.peer, message.id), ())
    out = message.sender_id == user_id
    if not (out or kinds):
        return message
    return replace(message, out=out, mentioned=MENTIONED in kinds, mention_unread=MENTION_UNREAD in kinds)


def _mentions_txn(txn: Transaction, user_id: int, messages: Sequence[Message]) -> dict[tuple[int, int], set[int]]:
    found: dict[tuple[int, int], set[int]] = {}
    peers = sorted({message.peer for message in messages})
    for some in chunks(peers):
        txn.execute(
            f"SELECT peer, id, kind FROM message_marks WHERE owner_id = ? AND peer IN ({marks(some)})"
            " AND kind IN (?, ?) AND id >= ? AND id <= ?",
            (
                user_id,
                *some,
                MENTIONED,
                MENTION_UNREAD,
                min(message.id for message in messages),
                max(message.id for message in messages),
            ),
        )
        for peer, id_, kind in txn.fetchall():
            found.setdefault((peer, id_), set()).add(kind)
    return found


def count_forwards_txn(txn: Transaction, forwards: Iterable[tuple[Forward | None, Message | None]]) -> None:
    """The posts that these headers name were sent on once more each.

    Args:
        forwards: with each its copy in a channel or supergroup, None elsewhere.
    """
    for forward, copy in forwards:
        if forward is None or not forward.post_id:
            continue
        txn.execute("SELECT content_id FROM messages WHERE owner_id = ? AND id = ?", (forward.from_id, forward.post_id))
        row = txn.fetchone()
        if row is not None:
            txn.insert_ignore("post_counts", {"content_id": row[0], "views": FIRST_VIEWS, "forwards": 0})
            txn.execute("UPDATE post_counts SET forwards = forwards + 1 WHERE content_id = ?", (row[0],))
            if copy is not None:
                place = {"channel_id": channel_id_of(copy.owner_id), "marked_id": copy.owner_id, "message_id": copy.id}
                txn.insert_ignore("post_copies", {"content_id": row[0], **place})
