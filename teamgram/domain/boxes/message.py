"""A message: the content that exists once, and each owner's row of it.

In private chats and basic groups everybody has their own message box: the same
content lies in each box under the owner's own message id. The structs here are
what is stored as JSON beside the text (``Extra``) and what the views render.
"""

from dataclasses import dataclass
from enum import IntFlag
from typing import NamedTuple

import msgspec

from teamgram.domain.boxes.entity import Entity
from teamgram.domain.boxes.media import LinkPreview, Media
from teamgram.domain.boxes.poll import PollState, TodoItem
from teamgram.domain.boxes.reactions import Reactions
from teamgram.domain.files.file import Photo
from teamgram.domain.files.naming import files_in
from teamgram.domain.wallpapers.wallpaper import Wallpaper


class Tag(IntFlag):
    """What a content has that search can ask for; the bits are stored."""

    URL = 1 << 0
    PHOTO = 1 << 1
    VIDEO = 1 << 2
    DOCUMENT = 1 << 3
    MUSIC = 1 << 4
    VOICE = 1 << 5
    ROUND_VIDEO = 1 << 6
    GIF = 1 << 7
    GEO = 1 << 8
    CONTACT = 1 << 9
    CHAT_PHOTO = 1 << 10
    PHONE_CALL = 1 << 11
    POLL = 1 << 12
    SERVICE = 1 << 13
    TODO = 1 << 14
    # Nobody finds it by who wrote it: it is a channel's word, or an anonymous administrator's.
    NAMELESS = 1 << 20


class Reply(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a message answers; the answered message's id is per owner and lies in the row.

    ``date``, and ``from_id`` or ``from_name``, are set for an answer to a
    message of another conversation, which the others here may not have: they
    see who wrote it and what is quoted of it.
    """

    quote_text: str = ""
    quote_entities: tuple[Entity, ...] = ()
    quote_offset: int = 0
    quoted: bool = False
    from_id: int = 0
    date: int = 0
    from_name: str = ""


class Forward(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a forwarded message was first written; ``saved_*`` only in Saved Messages.

    ``from_name`` stands alone where its author does not want to be linked to,
    and so does ``saved_sender_name``: who had sent on what was saved, and
    when, if it had been sent on before. ``from_id`` is a marked id; ``post_id`` and ``post_author`` say which post of
    a channel it was, and who signed it.
    """

    date: int
    from_id: int = 0
    saved_from_peer: int = 0
    saved_from_id: int = 0
    from_name: str = ""
    saved_sender_id: int = 0
    saved_sender_name: str = ""
    saved_date: int = 0
    saved_out: bool = False
    post_id: int = 0
    post_author: str = ""


class Action(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a service message tells; ``kind`` is the TL name without ``messageAction``, first letter small."""

    kind: str
    title: str = ""
    user_ids: tuple[int, ...] = ()
    photo: Photo | None = None
    wallpaper: Wallpaper | None = None
    for_both: bool = False
    same: bool = False
    period: int = 0
    chat_id: int = 0
    done: tuple[int, ...] = ()
    undone: tuple[int, ...] = ()
    items: tuple[TodoItem, ...] = ()
    icon_color: int = 0
    icon_emoji_id: int | None = None
    closed: bool | None = None
    hidden: bool | None = None


class Extra(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything of a content besides sender, date and text.

    ``reply_markup`` is TL of the newest layer, opaque to the domain. ``grouped_id`` is the
    same in all messages of an album. ``post``: it is the channel's word, and who wrote it is not said but by
    ``author``, if they sign. ``as_peer``: the marked id in whose name it was sent, 0 for the sender's own.
    ``via_bot_id`` is the bot that offered what the sender has chosen;
    it may change the message by ``via_key``. ``no_preview``: a bot wanted no page under it.
    ``thread_id``: in a channel's box, the first message of what it belongs to, a topic if it is ``in_topic``.
    ``scheduled``: it waits for its time, or did. ``ttl_period``: seconds after which it deletes itself.
    """

    entities: tuple[Entity, ...] = ()
    reply: Reply | None = None
    forward: Forward | None = None
    action: Action | None = None
    silent: bool = False
    noforwards: bool = False
    invert_media: bool = False
    reply_markup: bytes = b""
    media: Media | None = None
    grouped_id: int = 0
    preview: LinkPreview | None = None
    post: bool = False
    author: str = ""
    as_peer: int = 0
    via_bot_id: int = 0
    via_key: int = 0
    no_preview: bool = False
    scheduled: bool = False
    ttl_period: int = 0
    thread_id: int = 0
    in_topic: bool = False

    @property
    def file_ids(self) -> set[int]:
        """Ids of the photos and documents that whoever has the message is given with it."""
        return {file.id for file in files_in(self)}


PLAIN = Extra()

_encode_extra = msgspec.json.Encoder().encode
_decode_extra = msgspec.json.Decoder(Extra).decode


def pack_extra(extra: Extra) -> bytes | None:
    """As it is stored; None for a plain text."""
    return None if extra == PLAIN else _encode_extra(extra)


FIRST_VIEWS = 1
"""Who posts has seen it."""


def with_nameless(tags: int, extra: Extra) -> int:
    """A content's tags, with the one that says that its sender is not to be found out."""
    return tags | Tag.NAMELESS if extra.post or extra.as_peer else tags & ~Tag.NAMELESS


def searched_text(text: str, extra: Extra) -> str:
    """What words are looked for in: the text, and what the media beside it is called."""
    names = extra.media.names if extra.media is not None else ()
    return "\n".join((text, *names)) if names else text


def unpack_extra(stored: bytes | None) -> Extra:
    """The inverse of ``pack_extra``."""
    return _decode_extra(stored) if stored else PLAIN


class MessageAnswers(NamedTuple):
    """MessageAnswers to a message of a channel's box.

    Attributes:
        last_id: of the newest.
        group_id: the supergroup (bare id) in which they lie, where they are comments on a post; else 0.
    """

    total: int
    last_id: int
    group_id: int = 0


class Message(msgspec.Struct, frozen=True, gc=False):
    """One owner's copy of a message.

    Attributes:
        id: the owner's own message id.
        peer: marked id of the dialog it lies in (see ``Peer.marked``).
        content_id: the content, the same in every owner's box; negative for a message that waits to be sent.
        reply_to_id: the owner's own id of the message it answers, 0 for none.
        out: the owner sent it.
        mention_unread: it speaks to the owner (``mentioned``), who has not seen it yet.
        media_unread: the owner has not played it yet; of what the owner sent, nobody has.
        views, forwards: how often a channel's post was looked at and sent on.
        mentions: in a channel, while it is told: the users to whom it speaks; ``mentions_seen``: who has seen that.
        poll: where its poll stands for the owner, if it has one.
        replies: the answers to it, if there are any, or may be comments.
        reactions: to it, if there are any; ``chosen``: the owner's, in order, None where that is not known.
    """

    owner_id: int
    id: int
    peer: int
    content_id: int
    sender_id: int
    date: int
    text: str
    extra: Extra
    edit_date: int = 0
    out: bool = False
    mentioned: bool = False
    mention_unread: bool = False
    pinned: bool = False
    reply_to_id: int = 0
    media_unread: bool = False
    views: int = 0
    forwards: int = 0
    mentions: tuple[int, ...] = ()
    poll: PollState | None = None
    reactions: Reactions | None = None
    chosen: tuple[str, ...] | None = None
    replies: MessageAnswers | None = None
    mentions_seen: tuple[int, ...] = ()

    @property
    def from_peer(self) -> int:
        """The marked id of who speaks in it: a channel where it is the channel's word."""
        extra = self.extra
        return self.peer if extra.post else extra.as_peer or self.sender_id

    def seen_by(self, user_id: int) -> "Message":
        """A channel's message as that user has it."""
        out, mentioned = self.sender_id == user_id, user_id in self.mentions
        chosen = self.chosen
        if user_id in self.reactors:
            assert self.reactions is not None
            chosen = self.reactions.chosen_by(user_id)
        if not (out or mentioned or chosen):
            return self
        return msgspec.structs.replace(
            self,
            out=out,
            mentioned=mentioned or self.mentioned,
            mention_unread=(mentioned and user_id not in self.mentions_seen) or self.mention_unread,
            chosen=chosen,
        )

    @property
    def reactors(self) -> set[int]:
        """The users whose own reactions are told with it, where all are known."""
        reactions = self.reactions
        if reactions is None or not reactions.is_complete:
            return set()
        return {one.user_id for one in reactions.recent}

    @property
    def saved_peer(self) -> int:
        """In Saved Messages the marked id of whom it was saved from, the owner for their own notes; elsewhere 0."""
        if self.peer != self.owner_id or self.peer < 0:
            return 0
        forward = self.extra.forward
        return forward.saved_from_peer if forward is not None and forward.saved_from_peer else self.owner_id

    @property
    def is_copied_post(self) -> bool:
        """Whether it is a discussion group's copy of a post, the root of what is said to that."""
        forward = self.extra.forward
        source = forward.saved_from_peer if forward is not None else 0
        return source != 0 and source == self.extra.as_peer != self.owner_id

    def __repr__(self) -> str:
        return f"<Message {self.id} of {self.owner_id}>"


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody is about to write in a dialog."""

    text: str
    date: int
    entities: tuple[Entity, ...] = ()
    reply_to_id: int = 0
    no_webpage: bool = False
    invert_media: bool = False


_encode_draft = msgspec.json.Encoder().encode
_decode_draft = msgspec.json.Decoder(Draft).decode


def pack_draft(draft: Draft) -> bytes:
    """As it is stored."""
    return _encode_draft(draft)


def unpack_draft(stored: bytes) -> Draft:
    """The inverse of ``pack_draft``."""
    return _decode_draft(stored)
