"""What several owners are told alike: log entries that are the same but for numbers of the owner's own.

A message to a group lies in every member's box under another id; what its
log entries say is the same otherwise. ``alike`` says what is the same, as a
key, and which numbers are not; ``renumbered`` puts other numbers in.
"""

from collections.abc import Hashable, Mapping, Sequence
from typing import TypeAlias

from msgspec.structs import replace

from teamgram.domain.boxes.events import (
    OF_A_MESSAGE,
    ContentsRead,
    DialogsMoved,
    InboxRead,
    LogEntry,
    MessageEdited,
    MessagesDeleted,
    MessagesPinned,
    NewMessage,
    OutboxRead,
    ReactionsChanged,
)
from teamgram.domain.boxes.message import Message
from teamgram.mtproto.tl.places import MAX_NUMBERS

Owned: TypeAlias = tuple[Sequence[LogEntry], Mapping[int, Message]]
"""One owner's entries, and the messages that they speak of, by id."""


def alike(owned: Owned) -> tuple[Hashable, tuple[int, ...]] | None:
    """(what is the same for all of whom the same is told, the owner's own numbers in order); None: nobody else's."""
    entries, messages = owned
    key: list[object] = []
    numbers: list[int] = []
    for entry in entries:
        event = entry.event
        if isinstance(event, OF_A_MESSAGE):
            message = messages.get(event.id)
            key += [type(event), entry.pts_count, None if message is None else _shared(message)]
            numbers.append(event.id)
            if message is not None and message.reply_to_id:
                numbers.append(message.reply_to_id)
        elif isinstance(event, MessagesDeleted):
            key += [MessagesDeleted, len(event.ids), entry.pts_count]
            numbers += event.ids
        elif isinstance(event, MessagesPinned):
            key += [MessagesPinned, event.peer, event.pinned, len(event.ids), entry.pts_count]
            numbers += event.ids
        else:
            return None
        numbers.append(entry.pts)
    return (tuple(key), tuple(numbers)) if len(numbers) <= MAX_NUMBERS else None


def _shared(message: Message) -> Hashable:
    """Everything of one owner's copy of a content that their id and reply id do not say."""
    return (
        message.content_id,
        message.peer,
        message.out,
        message.mentioned,
        message.mention_unread,
        message.media_unread,
        message.pinned,
        message.edit_date,
        message.reply_to_id > 0,
        message.poll,
        # Who asked sees it as theirs.
        message.poll is not None and _asked(message),
        message.reactions,
        message.chosen,
        # Who is among those who reacted last sees it as theirs.
        message.reactions is not None and _reacted(message),
    )


def _asked(message: Message) -> bool:
    media = message.extra.media
    return media is not None and media.poll is not None and media.poll.creator_id == message.owner_id


def _reacted(message: Message) -> int:
    """The owner where the view of those who reacted last names them as themselves, else 0."""
    assert message.reactions is not None
    return message.owner_id if any(one.user_id == message.owner_id for one in message.reactions.recent) else 0


def renumbered(owned: Owned, numbers: Sequence[int]) -> Owned:
    """The same with other numbers, in the order that ``alike`` has them."""
    entries, messages = owned
    rest = iter(numbers)
    new_entries: list[LogEntry] = []
    new_messages: dict[int, Message] = {}
    for entry in entries:
        event = entry.event
        changed: NewMessage | MessageEdited | ReactionsChanged | MessagesDeleted | MessagesPinned
        if isinstance(event, OF_A_MESSAGE):
            number = next(rest)
            changed = replace(event, id=number)
            message = messages.get(event.id)
            if message is not None:
                reply_to_id = next(rest) if message.reply_to_id else 0
                new_messages[number] = replace(message, id=number, reply_to_id=reply_to_id)
        else:
            assert not isinstance(event, InboxRead | OutboxRead | ContentsRead | DialogsMoved)
            changed = replace(event, ids=tuple(next(rest) for _ in event.ids))
        new_entries.append(replace(entry, event=changed, pts=next(rest)))
    return new_entries, new_messages
