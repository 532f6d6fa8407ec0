"""Who gets what is written in a dialog, and whether it may be written there."""

from collections.abc import Iterable, Sequence

from teamgram.database import Transaction
from teamgram.domain.boxes.audience import Audience
from teamgram.domain.boxes.media import Media
from teamgram.domain.channels import rights as channel_rights
from teamgram.domain.channels.channel import Seat
from teamgram.domain.channels.store import seat_txn
from teamgram.domain.chats import rights
from teamgram.domain.chats.chat import Banned, Chat
from teamgram.domain.chats.store import chat_txn, member_ids_txn
from teamgram.domain.contacts import relations
from teamgram.domain.contacts.relations import Relation
from teamgram.domain.ids.peer import channel_id_of, chat_id_of, is_channel, is_user
from teamgram.domain.messages.errors import MediaDoesNotEnd, MediaForbidden, VoiceForbidden
from teamgram.domain.messages.media import forbidden_by
from teamgram.domain.messages.place import place_txn
from teamgram.domain.privacy.facts import allowing_txn
from teamgram.domain.privacy.keys import VOICE_MESSAGES
from teamgram.domain.users.user import SERVICE_USER_ID


def audience_txn(
    txn: Transaction, sender_id: int, peer: int, now: int, media: Sequence[Media | None] = (None,)
) -> tuple[Audience, Chat | Seat | None]:
    """Who gets what ``sender_id`` writes to ``peer`` (marked id), and the group, or their seat in the channel.

    Args:
        media: what each message carries, None for a text; empty: ``check_sends`` is asked later.

    Raises:
        ChatNotFound, ChatWriteForbidden: see ``rights.check_writes``.
        ChannelNotFound, ChannelPrivate, ChatAdminRequired, UserBannedInChannel: see ``check_posts``.
        MediaForbidden: see ``check_sends``.
        MediaDoesNotEnd, VoiceForbidden: see ``check_takes_txn``.
        UserNotFound, PeerBlockedByOwner, PeerDeactivated, PeerIsBot, BlockedByPeer: see ``relations.check_writes``.
        NotBegun: see ``relations.check_begun_txn``.
    """
    if is_user(peer):
        relation = relations.relation_txn(txn, sender_id, peer)
        delivered = relations.check_writes(relation)
        relations.check_begun_txn(txn, relation)
        check_takes_txn(txn, relation, media)
        ttl = relation.ttl
        default_ttl = relation.default_ttl if ttl is None and peer not in (sender_id, SERVICE_USER_ID) else 0
        return Audience.private(sender_id, peer, delivered=delivered, ttl=ttl or 0, default_ttl=default_ttl), None
    if is_channel(peer):
        seat = seat_txn(txn, channel_id_of(peer), sender_id, now)
        if not media:
            channel_rights.check_posts(seat, Banned.SEND_MESSAGES)
        for one in media:
            check_sends(seat, sender_id, one)
        return Audience.channel(peer, seat.channel.ttl_seconds), seat
    # Held, so that nobody comes or goes until the transaction ends.
    chat = rights.known(chat_txn(txn, chat_id_of(peer), (sender_id,), lock=True), chat_id_of(peer), sender_id)
    if not media:
        rights.check_writes(chat, sender_id, Banned.SEND_MESSAGES)
    for one in media:
        check_sends(chat, sender_id, one)
    return Audience.group(chat.id, member_ids_txn(txn, chat.id), chat.ttl_seconds), chat


def check_takes_txn(txn: Transaction, relation: Relation, media: Iterable[Media | None]) -> None:
    """Send somebody media.

    Raises:
        MediaDoesNotEnd: it would end, and the other one is a bot or oneself.
        VoiceForbidden: they do not want to hear or see the user speak (key ``VoiceMessages``).
    """
    sender_id, other_id = relation.user_id, relation.other_id
    carried = [one for one in media if one is not None]
    if any(one.ttl for one in carried) and (sender_id == other_id or relation.is_bot or relation.other_is_bot):
        raise MediaDoesNotEnd(str(other_id))
    # Who is blocked is not told so by this either: what they send is not delivered.
    if sender_id == other_id or relation.is_blocked or not any(one.played in ("voice", "round") for one in carried):
        return
    if not allowing_txn(txn, VOICE_MESSAGES, [other_id], sender_id):
        raise VoiceForbidden(str(other_id))


_KINDS = {
    Banned.SEND_PHOTOS: "photos",
    Banned.SEND_VIDEOS: "videos",
    Banned.SEND_AUDIOS: "audios",
    Banned.SEND_VOICES: "voices",
    Banned.SEND_DOCS: "docs",
    Banned.SEND_STICKERS: "stickers",
    Banned.SEND_GIFS: "gifs",
    Banned.SEND_GAMES: "game",
    Banned.SEND_POLLS: "poll",
    Banned.SEND_PLAIN: "plain",
}
"""What a ban is of, for whom it has a name of its own."""


def check_sends(place: Chat | Seat, sender_id: int, media: Media | None) -> None:
    """Write a text or media in a group or channel.

    Raises:
        ChatWriteForbidden: they may send nothing there, or no texts.
        ChannelPrivate, ChatAdminRequired, UserBannedInChannel: see ``check_posts`` of a channel's rights.
        MediaForbidden: they may send, but not this.
        MediaDoesNotEnd: it would end, which is between two people.
    """
    _check_writes(place, sender_id, rights.WRITING if media is None else Banned.SEND_MESSAGES)
    if media is None:
        return
    bans = forbidden_by(media)
    if not may(place, sender_id, bans):
        of_all = may(place, sender_id, bans & (Banned.SEND_MESSAGES | Banned.SEND_MEDIA))
        kinds = (kind for ban, kind in _KINDS.items() if ban & bans) if of_all else ()
        raise MediaForbidden(str(sender_id), next(iter(kinds), ""))
    if media.ttl:
        raise MediaDoesNotEnd(str(sender_id))


def check_sends_by_way_of_bots(place: Chat | Seat, sender_id: int) -> None:
    """Send in a group or channel what a bot offered.

    Raises:
        MediaForbidden: members may not.
    """
    if not may(place, sender_id, Banned.SEND_INLINE):
        raise MediaForbidden(str(sender_id), "inline")


def _check_writes(place: Chat | Seat, sender_id: int, bans: Banned) -> None:
    if isinstance(place, Seat):
        channel_rights.check_posts(place, bans)
    else:
        rights.check_writes(place, sender_id, bans)


def may(place: Chat | Seat, user_id: int, bans: Banned) -> bool:
    """Whether somebody may do what those bans would forbid a member."""
    if isinstance(place, Seat):
        return channel_rights.may(place, bans)
    return rights.may(place, user_id, bans)


def writable_txn(txn: Transaction, sender_id: int, peer: int, now: int, bans: Banned = rights.WRITING) -> None:
    """Whether ``sender_id`` may write to ``peer`` (marked id), without writing.

    Args:
        bans: those of a group that forbid it.

    Raises:
        As ``audience_txn``.
    """
    place = place_txn(txn, sender_id, peer, now)
    if isinstance(place, Chat | Seat):
        _check_writes(place, sender_id, bans)
    else:
        relations.check_writes(place)
