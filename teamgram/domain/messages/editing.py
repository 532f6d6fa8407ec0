"""Editing: the content changes once, and every owner's log says so."""

from dataclasses import dataclass

import msgspec

from teamgram.database import Transaction
from teamgram.domain.boxes.changes import BoxChanges, OwnChange
from teamgram.domain.boxes.events import MessageEdited
from teamgram.domain.boxes.message import Entity, Message, pack_extra
from teamgram.domain.boxes.store import copies_txn, message_columns, message_from_row, messages_txn
from teamgram.domain.boxes.talks import note_changes_txn, talk_of
from teamgram.domain.contacts.relations import Relation, is_bot_txn
from teamgram.domain.messages import rules
from teamgram.domain.messages.errors import CaptionTooLong, MessageEmpty, MessageIdInvalid, MessageNotModified
from teamgram.domain.messages.media import media_tags
from teamgram.domain.messages.place import place_txn
from teamgram.domain.messages.text import MAX_CAPTION
from teamgram.domain.updates.fanout import Fanout


@dataclass(frozen=True, slots=True)
class EditRequest:
    """New text for a message.

    Attributes:
        text: None keeps it (with its entities and tags).
        reply_markup: None keeps it, b"" takes it off.
    """

    owner_id: int
    peer: int
    message_id: int
    now: int
    text: str | None = None
    entities: tuple[Entity, ...] = ()
    tags: int = 0
    reply_markup: bytes | None = None
    invert_media: bool = False
    perm_auth_key_id: int = 0


def editable_txn(txn: Transaction, owner_id: int, peer: int, message_id: int, now: int) -> Message:
    """A message that the owner may change.

    Raises:
        MessageIdInvalid, MessageAuthorRequired, ChatNotFound, ChatWriteForbidden, …: see ``rules.check_edits``.
    """
    message = messages_txn(txn, owner_id, [message_id]).get(message_id)
    if message is None or message.peer != peer:
        raise MessageIdInvalid(str(message_id))
    place = place_txn(txn, owner_id, peer)
    is_bot = place.is_bot if isinstance(place, Relation) else is_bot_txn(txn, owner_id)
    rules.check_edits(message, place, now, is_bot=is_bot)
    return message


def edit_txn(txn: Transaction, fanout: Fanout, request: EditRequest) -> OwnChange:
    """Change the content for every owner of it.

    Raises:
        MessageIdInvalid, MessageAuthorRequired, …: see ``rules.check_edits``.
        MessageNotModified: it says so already.
        MessageEmpty, CaptionTooLong: only beside media may a text be empty, and it is shorter there.
    """
    owner_id, message_id = request.owner_id, request.message_id
    message = editable_txn(txn, owner_id, request.peer, message_id, request.now)
    copies = copies_txn(txn, [message.content_id])
    changes = BoxChanges(txn, request.now)
    changes.lock(owner for _, owner, _, _ in copies)
    text = message.text if request.text is None else request.text
    entities = message.extra.entities if request.text is None else request.entities
    media = message.extra.media
    if not text and media is None:
        raise MessageEmpty
    if media is not None and len(text) > MAX_CAPTION:
        raise CaptionTooLong(str(len(text)))
    reply_markup = message.extra.reply_markup if request.reply_markup is None else request.reply_markup
    new = (text, entities, reply_markup)
    if new == (message.text, message.extra.entities, message.extra.reply_markup):
        raise MessageNotModified(str(message_id))
    extra = msgspec.structs.replace(
        message.extra,
        entities=entities,
        reply_markup=reply_markup,
        invert_media=request.invert_media or message.extra.invert_media,
    )
    if request.text is not None:
        note_changes_txn(txn, [(message.content_id, talk_of(owner_id, message.peer), message.text)])
    tags = "" if request.text is None else ", tags = ?"
    txn.execute(
        f"UPDATE message_contents SET message = ?, extra = ?, edited_at = ?{tags} WHERE id = ?",
        (
            text,
            pack_extra(extra),
            request.now,
            *((request.tags | media_tags(media),) if tags else ()),
            message.content_id,
        ),
    )
    # Read again after the change: flags (mentioned, pinned, …) are each owner's own.
    txn.execute(f"SELECT {message_columns} WHERE m.content_id = ?", (message.content_id,))
    for copy in map(message_from_row, txn.fetchall()):
        # Boxes that are not locked cannot have a copy: copies are made by sending alone.
        changes.append(copy.owner_id, MessageEdited(copy.id))
        changes.messages[copy.owner_id, copy.id] = copy
    changes.save(fanout.deliver, request.perm_auth_key_id)
    return changes.own(owner_id)
