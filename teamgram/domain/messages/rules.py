"""Who may do what to a message: pure functions over it, and over the group, channel or two people it lies between."""

from teamgram.domain.boxes.message import Message
from teamgram.domain.channels import rights as channel_rights
from teamgram.domain.channels.channel import AdminRight, Flag, Seat
from teamgram.domain.chats import rights
from teamgram.domain.chats.chat import Chat
from teamgram.domain.contacts import relations
from teamgram.domain.contacts.relations import Relation
from teamgram.domain.ids.peer import is_user
from teamgram.domain.messages.errors import (
    EditForbidden,
    ForwardsRestricted,
    MediaNotChangeable,
    MessageAuthorRequired,
    MessageDeleteForbidden,
    MessageEditTimeExpired,
    MessageIdInvalid,
)

EDIT_TIME_LIMIT = 172_800
"""Seconds in which a person may change a message; ``edit_time_limit`` in help.getConfig."""

Place = Chat | Seat | Relation
"""Where a message lies, as the transaction sees it: the group, a user's seat in the channel, or the two people."""


def check_edits(message: Message, place: Place, now: int, *, is_bot: bool) -> None:
    """Change what a message says: its author, for a while, where they may still write and are heard.

    Raises:
        MessageIdInvalid: a service message.
        MessageAuthorRequired: somebody else's words, also when one has forwarded them.
        MessageEditTimeExpired: see ``EDIT_TIME_LIMIT``; bots may at any time, and everybody in Saved Messages, and
            what is live while it is.
        ChatWriteForbidden: see ``rights.check_writes``.
        MediaNotChangeable: it ends by itself.
        EditForbidden: the other one has blocked the author. What is sent then is kept from the other; a change
            of what they have would not be.
        PeerBlockedByOwner, PeerDeactivated, PeerIsBot, BlockedByPeer: see ``relations.check_writes``.
    """
    if message.extra.action is not None:
        raise MessageIdInvalid(str(message.id))
    is_own = message.sender_id == (place.user_id if isinstance(place, Seat) else message.owner_id)
    edits_others = isinstance(place, Seat) and message.extra.post and channel_rights.may_edit_others(place)
    if not (is_own or edits_others) or message.extra.forward is not None:
        raise MessageAuthorRequired(str(message.id))
    if message.extra.media is not None and message.extra.media.ttl:
        raise MediaNotChangeable(str(message.id))
    if isinstance(place, Chat):
        rights.check_writes(place, message.owner_id)
    elif isinstance(place, Seat):
        # Who may pin in a supergroup may keep what is pinned up to date for ever, and so may who edits posts.
        if not edits_others:
            channel_rights.check_posts(place)
        if edits_others or place.has(AdminRight.PIN_MESSAGES):
            return
    elif not relations.check_writes(place):
        raise EditForbidden(str(message.id))
    # What somebody keeps for themselves may be changed for ever.
    media = message.extra.media
    is_live = media is not None and media.place is not None and media.place.is_live(message.date, now)
    is_kept = message.peer == message.owner_id and is_user(message.peer)
    is_free = is_bot or is_live or is_kept
    if not is_free and now - message.date > EDIT_TIME_LIMIT:
        raise MessageEditTimeExpired(str(message.id))


_BEGINNING = ("channelCreate", "channelMigrateFrom", "topicCreate")


def is_beginning(message: Message) -> bool:
    """Whether a channel or a topic was begun with it: it stays as long as that.

    By the first message clients know that there is none before, and a topic's id is that of its own.
    """
    return message.extra.action is not None and message.extra.action.kind in _BEGINNING


def check_deletes_for_all(message: Message, chat: Chat | Seat, topic_id: int = 0) -> None:
    """Take a group's or channel's message from everybody: see ``may_delete_for_all``, ``may_delete`` of the rights.

    Args:
        topic_id: the topic that goes with it, 0 for none.

    Raises:
        MessageDeleteForbidden.
        ChannelPrivate.
    """
    if isinstance(chat, Seat):
        channel_rights.check_reads(chat)
        stays = is_beginning(message) and message.id != topic_id
        if stays or not channel_rights.may_delete(chat, message.sender_id):
            raise MessageDeleteForbidden(str(message.id))
        return
    if not rights.may_delete_for_all(chat, message.owner_id, message.sender_id):
        raise MessageDeleteForbidden(str(message.id))


def check_copies(message: Message | None, message_id: int, peer: int, chat: Chat | Seat | None) -> Message:
    """Take a message's words elsewhere (forward it, quote it in another chat).

    Args:
        peer: marked id of the dialog that it is said to lie in.
        chat: the group or channel that it lies in, None in a private chat.

    Raises:
        MessageIdInvalid: it is not there, or is a service message.
        ChatForbidden: the owner is not in the group any more.
        ChannelPrivate: the channel is not theirs to see.
        ForwardsRestricted: the message or its group is protected, or what it carries ends by itself.
    """
    if message is None or message.peer != peer or message.extra.action is not None:
        raise MessageIdInvalid(str(message_id))
    is_protected = False
    if isinstance(chat, Seat):
        channel_rights.check_reads(chat)
        is_protected = chat.channel.has(Flag.NOFORWARDS)
    elif chat is not None:
        rights.check_looks(chat, message.owner_id)
        is_protected = chat.noforwards
    ends = message.extra.media is not None and message.extra.media.ttl > 0
    if message.extra.noforwards or ends or is_protected:
        raise ForwardsRestricted(str(message_id))
    return message
