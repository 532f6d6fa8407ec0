"""SQL that reads boxes, for whoever writes into them or looks into one."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice

import msgspec

from teamgram.database import Row, Transaction
from teamgram.domain.boxes.absence import absent_txn
from teamgram.domain.boxes.message import Message, unpack_extra
from teamgram.domain.boxes.poll import UNKNOWN, PollState
from teamgram.domain.boxes.poll_store import viewed_txn
from teamgram.domain.boxes.reaction_store import chosen_txn
from teamgram.domain.boxes.reactions import unpack_reactions

message_fields = (
    "m.owner_id, m.id, m.peer, m.content_id, c.sender_id, m.sent_at, c.message, c.extra, c.edited_at, m.outgoing,"
    " m.mentioned, m.mention_unread, m.pinned, m.reply_to_id, m.media_unread, c.reactions"
)
"""SELECT this of ``messages m`` and their ``message_contents c`` and give the rows to ``message_from_row``,
and what is to be shown to ``shown_txn``."""

message_columns = f"{message_fields} FROM messages m JOIN message_contents c ON c.id = m.content_id"
"""The same with where they are read; it goes on with WHERE."""


def message_from_row(row: Row) -> Message:
    """One owner's message from the columns above."""
    return Message(
        row[0],
        row[1],
        row[2],
        row[3],
        row[4],
        row[5],
        row[6],
        unpack_extra(row[7]),
        row[8],
        bool(row[9]),
        bool(row[10]),
        bool(row[11]),
        bool(row[12]),
        row[13],
        bool(row[14]),
        reactions=unpack_reactions(row[15]) if row[15] is not None else None,
    )


def shown_txn(txn: Transaction, messages: Sequence[Message], viewer_id: int = 0) -> list[Message]:
    """Messages with what changes around them: where their polls stand, and what their owner reacted with.

    Who is not in the group any more does not see what goes on there. Nothing is read where there are no polls and no
    reactions.

    Args:
        viewer_id: who looks, where that is not the owner of the box.
    """
    changing = [
        (at, message)
        for at, message in enumerate(messages)
        if message.reactions is not None or ((media := message.extra.media) is not None and media.poll is not None)
    ]
    shown = list(messages)
    if not changing:
        return shown
    absent = absent_txn(txn, ((message.owner_id, message.peer) for _, message in changing))
    polls: dict[int, tuple[int, int]] = {}
    reacted: dict[int, tuple[int, int]] = {}
    for at, message in changing:
        user_id = viewer_id or message.owner_id
        media = message.extra.media
        if media is not None and media.poll is not None:
            polls[at] = media.poll.id, user_id
        reactions = message.reactions
        if reactions is None:
            continue
        if (message.owner_id, message.peer) in absent:
            shown[at] = msgspec.structs.replace(message, reactions=None)
        elif reactions.is_complete:
            # Of nobody in particular: of who has not reacted. Who has is told apart (``Message.seen_by``).
            chosen = reactions.chosen_by(user_id) if user_id > 0 else ()
            shown[at] = msgspec.structs.replace(message, chosen=chosen)
        elif user_id > 0:
            reacted[at] = message.content_id, user_id
    if polls:
        for at, state in zip(polls, viewed_txn(txn, list(polls.values())), strict=True):
            message = shown[at]
            if (message.owner_id, message.peer) in absent:
                state = PollState(closed=state.closed)
            elif polls[at][1] < 0:
                # Who has not voted is told no more than how many have.
                told = state if state.closed else PollState(voters=state.voters)
                state = msgspec.structs.replace(told, choices=UNKNOWN)
            shown[at] = msgspec.structs.replace(message, poll=state)
    if reacted:
        found = chosen_txn(txn, reacted.values())
        for at, key in reacted.items():
            shown[at] = msgspec.structs.replace(shown[at], chosen=found.get(key, ()))
    return shown


def chunks(values: Iterable[int], size: int = 500) -> Iterator[tuple[int, ...]]:
    """Values in tuples short enough for one IN (...)."""
    values = iter(values)
    while some := tuple(islice(values, size)):
        yield some


def marks(values: Collection[object]) -> str:
    """Placeholders for one IN (...)."""
    return ", ".join("?" * len(values))


def new_dialog_row(owner_id: int, peer: int) -> dict[str, int | bytes | None]:
    """A dialog in which nothing has happened."""
    return {
        "owner_id": owner_id,
        "peer": peer,
        "top_message_id": 0,
        "top_sent_at": 0,
        "read_inbox_max_id": 0,
        "read_outbox_max_id": 0,
        "unread_count": 0,
        "unread_mentions": 0,
        "unread_mark": 0,
        "pinned_order": 0,
        "folder_id": 0,
        "pinned_message_id": 0,
        "hidden_bar": 0,
        "draft": None,
    }


def copies_txn(txn: Transaction, content_ids: Sequence[int]) -> list[tuple[int, int, int, int]]:
    """Every owner's copy of these contents: (content id, owner, message id, marked peer)."""
    rows: list[tuple[int, int, int, int]] = []
    for some in chunks(content_ids):
        txn.execute(f"SELECT content_id, owner_id, id, peer FROM messages WHERE content_id IN ({marks(some)})", some)
        rows.extend(txn.fetchall())
    return rows


def messages_txn(txn: Transaction, owner_id: int, message_ids: Sequence[int]) -> dict[int, Message]:
    """The owner's messages with these ids; deleted ones are missing."""
    found: dict[int, Message] = {}
    for some in chunks(message_ids):
        txn.execute(
            f"SELECT {message_columns} WHERE m.owner_id = ? AND m.id IN ({marks(some)})",
            (owner_id, *some),
        )
        for message in shown_txn(txn, [message_from_row(row) for row in txn.fetchall()]):
            found[message.id] = message
    return found
