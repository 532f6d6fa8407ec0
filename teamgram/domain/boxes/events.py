"""Logged events: what happened in a box, as facts, before anybody renders them for a client.

Each takes ``pts`` in the transaction that writes it, lies in the box's log and
comes again through ``updates.getDifference``. An event holds plain ids and
values, never a TL object: ``bff/views/updates.py`` renders the same event for
the live push and for the difference. ``tag`` is stored as ``kind``, so no number changes.
"""

from typing import TypeAlias

import msgspec


class NewMessage(msgspec.Struct, frozen=True, gc=False, tag=1, tag_field="kind"):
    """The owner's message box has a new message with the owner's own id ``id``."""

    id: int


class MessageEdited(msgspec.Struct, frozen=True, gc=False, tag=2, tag_field="kind"):
    """The owner's message ``id`` has new content."""

    id: int


class MessagesDeleted(msgspec.Struct, frozen=True, gc=False, tag=3, tag_field="kind"):
    """The owner's messages ``ids`` are gone; takes as many pts as there are ids."""

    ids: tuple[int, ...]


class InboxRead(msgspec.Struct, frozen=True, gc=False, tag=4, tag_field="kind"):
    """The owner read what ``peer`` (marked id) sent, up to ``max_id``."""

    peer: int
    max_id: int
    still_unread: int


class OutboxRead(msgspec.Struct, frozen=True, gc=False, tag=5, tag_field="kind"):
    """``peer`` (marked id) read what the owner sent there, up to the owner's ``max_id``."""

    peer: int
    max_id: int


class ContentsRead(msgspec.Struct, frozen=True, gc=False, tag=6, tag_field="kind"):
    """The owner saw the mention or played the media in messages ``ids``; takes as many pts as there are ids."""

    ids: tuple[int, ...]


class MessagesPinned(msgspec.Struct, frozen=True, gc=False, tag=7, tag_field="kind"):
    """The owner's messages ``ids`` in ``peer`` (marked id) are pinned, or no longer; takes as many pts as ids."""

    peer: int
    ids: tuple[int, ...]
    pinned: bool


class DialogsMoved(msgspec.Struct, frozen=True, gc=False, tag=20, tag_field="kind"):
    """The dialogs with ``peers`` (marked ids) are in the archive now, or no longer.

    ``muted``: they were put there because a stranger began them, and make no sound.
    """

    peers: tuple[int, ...]
    archived: bool
    muted: bool = False


class ReactionsChanged(msgspec.Struct, frozen=True, gc=False, tag=30, tag_field="kind"):
    """There are other reactions to the owner's message ``id``, or the owner has seen them."""

    id: int


LoggedEvent: TypeAlias = (
    NewMessage
    | MessageEdited
    | MessagesDeleted
    | InboxRead
    | OutboxRead
    | ContentsRead
    | MessagesPinned
    | DialogsMoved
    | ReactionsChanged
)

OF_WORDS = (NewMessage, MessageEdited)
"""Kinds of event by which a message says something."""

OF_A_MESSAGE = (*OF_WORDS, ReactionsChanged)
"""Kinds of event that speak of one message, for ``isinstance``: a tuple is looked through faster than a union."""


class LogEntry(msgspec.Struct, frozen=True, gc=False):
    """One row of a box's log: ``pts`` is the value after the event, ``pts_count`` how many it took."""

    owner_id: int
    pts: int
    pts_count: int
    date: int
    event: LoggedEvent
