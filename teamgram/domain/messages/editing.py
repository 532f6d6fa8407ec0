"""Editing: the content changes once, and every owner's log says so."""

from dataclasses import dataclass

import msgspec

from teamgram.database import Transaction
from teamgram.domain.boxes.around import copies_of_txn
from teamgram.domain.boxes.changes import BoxChanges, OwnChange
from teamgram.domain.boxes.entity import Entity
from teamgram.domain.boxes.events import MessageEdited
from teamgram.domain.boxes.media import LinkPreview, Media
from teamgram.domain.boxes.message import Message, Tag, pack_extra, searched_text, with_nameless
from teamgram.domain.boxes.store import copies_txn, message_columns, message_from_row, messages_txn, shown_txn
from teamgram.domain.boxes.talks import note_changes_txn, talk_of
from teamgram.domain.channels.admin_log import MessageChanged, log_txn
from teamgram.domain.channels.channel import Seat
from teamgram.domain.channels.rights import check_reads
from teamgram.domain.chats.chat import Chat
from teamgram.domain.chats.chats import Actor
from teamgram.domain.contacts.relations import Relation, is_bot_txn
from teamgram.domain.files.naming import CONTENT, change_uses_txn
from teamgram.domain.ids.peer import box_owner, marked_channel
from teamgram.domain.messages import rules
from teamgram.domain.messages.audience import check_sends, check_takes_txn
from teamgram.domain.messages.changed_media import Move, check_replaces, moved, with_what_is_done
from teamgram.domain.messages.discussions import discussion_group_txn, edit_copy_txn
from teamgram.domain.messages.errors import CaptionTooLong, MessageEmpty, MessageIdInvalid, MessageNotModified
from teamgram.domain.messages.media import media_tags
from teamgram.domain.messages.place import place_txn
from teamgram.domain.messages.rules import Place
from teamgram.domain.messages.text import MAX_CAPTION
from teamgram.domain.updates.fanout import Fanout
from teamgram.domain.web_pages.store import wait_txn


@dataclass(frozen=True, slots=True)
class EditRequest:
    """New text for a message, or other media.

    Attributes:
        text: None keeps it (with its entities, tags and preview).
        reply_markup: None keeps it, b"" takes it off.
        media: None keeps what it carries.
        move: of a live location.
        via: the bot by way of which the message was sent, with its key, if that changes it for the owner.
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
    media: Media | None = None
    move: Move | None = None
    preview: LinkPreview | None = None
    via: tuple[int, int] | None = None


def _via_txn(txn: Transaction, request: EditRequest, via: tuple[int, int]) -> tuple[Message, Place]:
    """A message that a bot may change which a person has sent by way of it: for ever, wherever they are now.

    Raises:
        MessageIdInvalid: there is none any more, or it is not the bot's.
    """
    message = messages_txn(txn, request.owner_id, [request.message_id]).get(request.message_id)
    if message is None or not all(via) or (message.extra.via_bot_id, message.extra.via_key) != via:
        raise MessageIdInvalid(str(request.message_id))
    # In a channel the box is not the sender's.
    return message, place_txn(txn, message.sender_id, message.peer, request.now)


def editable_txn(txn: Transaction, owner_id: int, peer: int, message_id: int, now: int) -> tuple[Message, Place]:
    """A message that the owner may change, and where it lies.

    Raises:
        MessageIdInvalid, MessageAuthorRequired, ChatNotFound, ChatWriteForbidden, …: see ``rules.check_edits``.
    """
    place = place_txn(txn, owner_id, peer, now)
    if isinstance(place, Seat):
        check_reads(place)
    message = messages_txn(txn, box_owner(owner_id, peer), [message_id]).get(message_id)
    if message is None or message.peer != peer:
        raise MessageIdInvalid(str(message_id))
    is_bot = place.is_bot if isinstance(place, Relation) else is_bot_txn(txn, owner_id)
    rules.check_edits(message, place, now, is_bot=is_bot)
    return message, place


def _new_media_txn(txn: Transaction, request: EditRequest, message: Message, place: Place) -> Media | None:
    if request.move is not None:
        return moved(message, request.move, request.now)
    if request.media is None:
        return message.extra.media
    check_replaces(message, request.media)
    if isinstance(place, Chat | Seat):
        check_sends(place, message.sender_id, request.media)
    else:
        check_takes_txn(txn, place, [request.media])
    return with_what_is_done(message.extra.media, request.media)


def _text_tags_txn(txn: Transaction, request: EditRequest, message: Message) -> int:
    """What the text alone is found by."""
    if request.text is not None:
        return request.tags
    txn.execute("SELECT tags FROM message_contents WHERE id = ?", (message.content_id,))
    row = txn.fetchone()
    return int(row[0] & Tag.URL) if row else 0


def _discussed_txn(txn: Transaction, message: Message, place: Place) -> tuple[int, int] | None:
    """Where a post is spoken of: the group, and its copy there."""
    if not isinstance(place, Seat) or not message.extra.post or discussion_group_txn(txn, place.channel) is None:
        return None
    found = copies_of_txn(txn, place.channel.id, [message.id]).get(message.id)
    return found if found is not None and found[0] == place.channel.linked_id else None


def edit_txn(txn: Transaction, fanout: Fanout, request: EditRequest) -> OwnChange:
    """Change the content for every owner of it.

    Raises:
        MessageIdInvalid, MessageAuthorRequired, …: see ``rules.check_edits``.
        MediaNotChangeable, NewMediaInvalid, AlbumMediaInvalid: see ``changed_media``.
        MediaForbidden, VoiceForbidden: it could not be sent there either.
        MessageNotModified: it says so already.
        MessageEmpty, CaptionTooLong: only beside media may a text be empty, and it is shorter there.
    """
    owner_id, message_id = request.owner_id, request.message_id
    if request.via is not None:
        message, place = _via_txn(txn, request, request.via)
    else:
        message, place = editable_txn(txn, owner_id, request.peer, message_id, request.now)
    copies = copies_txn(txn, [message.content_id])
    changes = BoxChanges(txn, request.now)
    discussed = _discussed_txn(txn, message, place)
    owners = [owner for _, owner, _, _ in copies]
    changes.lock(owners if discussed is None else (*owners, marked_channel(discussed[0])))
    text = message.text if request.text is None else request.text
    entities = message.extra.entities if request.text is None else request.entities
    media = _new_media_txn(txn, request, message, place)
    if not text and media is None:
        raise MessageEmpty
    if media is not None and len(text) > MAX_CAPTION:
        raise CaptionTooLong(str(len(text)))
    reply_markup = message.extra.reply_markup if request.reply_markup is None else request.reply_markup
    preview = message.extra.preview if request.text is None and request.preview is None else request.preview
    if media is not None:
        preview = None
    before = message.extra
    new = (text, entities, reply_markup, media, preview)
    if new == (message.text, before.entities, before.reply_markup, before.media, before.preview):
        raise MessageNotModified(str(message_id))
    extra = msgspec.structs.replace(
        message.extra,
        entities=entities,
        reply_markup=reply_markup,
        media=media,
        invert_media=request.invert_media or message.extra.invert_media,
        preview=preview,
    )
    if preview is not None and preview.page.pending_since:
        wait_txn(txn, preview.page.id, message.content_id)
    if request.text is not None or media != message.extra.media:
        said = searched_text(message.text, message.extra)
        note_changes_txn(txn, [(message.content_id, talk_of(message.owner_id, message.peer), said)])
    tags = with_nameless(_text_tags_txn(txn, request, message) | media_tags(media), extra)
    txn.execute(
        "UPDATE message_contents SET message = ?, extra = ?, edited_at = ?, tags = ? WHERE id = ?",
        (text, pack_extra(extra), request.now, int(tags), message.content_id),
    )
    if (media, preview) != (message.extra.media, message.extra.preview):
        change_uses_txn(txn, CONTENT, message.content_id, extra)
    # Read again after the change: flags (mentioned, pinned, …) are each owner's own.
    txn.execute(f"SELECT {message_columns} WHERE m.content_id = ?", (message.content_id,))
    edited = shown_txn(txn, [message_from_row(row) for row in txn.fetchall()])
    if isinstance(place, Seat):
        actor = Actor(place.user_id, request.now, request.perm_auth_key_id)
        # Of what somebody changes in their own words again and again, the first change tells enough.
        for copy in edited if message.sender_id != place.user_id or not message.edit_date else ():
            log_txn(txn, actor, place.channel.id, MessageChanged(message, copy))
        if discussed is not None:
            edit_copy_txn(txn, changes, edited[0], discussed, int(tags))
    for copy in edited:
        # Boxes that are not locked cannot have a copy: copies are made by sending alone.
        changes.append(copy.owner_id, MessageEdited(copy.id))
        changes.messages[copy.owner_id, copy.id] = copy
    changes.save(fanout.deliver, request.perm_auth_key_id)
    return changes.own(message.owner_id, place.user_id if isinstance(place, Seat) else 0)
