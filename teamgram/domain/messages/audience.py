"""Who gets what is written in a dialog, and whether it may be written there."""

from collections.abc import Iterable, Sequence

from teamgram.database import Transaction
from teamgram.domain.boxes.audience import Audience
from teamgram.domain.boxes.media import Media
from teamgram.domain.chats import rights
from teamgram.domain.chats.chat import Banned, Chat
from teamgram.domain.chats.store import chat_txn, member_ids_txn
from teamgram.domain.contacts import relations
from teamgram.domain.contacts.relations import Relation
from teamgram.domain.ids.peer import chat_id_of, is_user
from teamgram.domain.messages.errors import MediaDoesNotEnd, MediaForbidden, VoiceForbidden
from teamgram.domain.messages.media import forbidden_by
from teamgram.domain.messages.place import place_txn
from teamgram.domain.privacy.facts import allowing_txn
from teamgram.domain.privacy.keys import VOICE_MESSAGES
from teamgram.domain.users.user import SERVICE_USER_ID


def audience_txn(
    txn: Transaction, sender_id: int, peer: int, media: Sequence[Media | None] = (None,)
) -> tuple[Audience, Chat | None]:
    """Who gets what ``sender_id`` writes to ``peer`` (marked id), and the group if it is one.

    Args:
        media: what each message carries, None for a text; empty: ``check_sends`` is asked later.

    Raises:
        ChatNotFound, ChatWriteForbidden: see ``rights.check_writes``.
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
    # Held, so that nobody comes or goes until the transaction ends.
    chat = rights.known(chat_txn(txn, chat_id_of(peer), (sender_id,), lock=True), chat_id_of(peer), sender_id)
    if not media:
        rights.check_writes(chat, sender_id, Banned.SEND_MESSAGES)
    for one in media:
        check_sends(chat, sender_id, one)
        if one is not None and one.ttl:
            raise MediaDoesNotEnd(str(chat.id))
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


def check_sends(chat: Chat, sender_id: int, media: Media | None) -> None:
    """Write a text or media in a group.

    Raises:
        ChatWriteForbidden: they may send nothing there, or no texts.
        MediaForbidden: they may send, but not this.
    """
    if media is None:
        rights.check_writes(chat, sender_id)
        return
    rights.check_writes(chat, sender_id, Banned.SEND_MESSAGES)
    bans = forbidden_by(media)
    if not rights.may(chat, sender_id, bans):
        of_all = rights.may(chat, sender_id, bans & (Banned.SEND_MESSAGES | Banned.SEND_MEDIA))
        kinds = (kind for ban, kind in _KINDS.items() if ban & bans) if of_all else ()
        raise MediaForbidden(str(chat.id), next(iter(kinds), ""))


def check_sends_by_way_of_bots(chat: Chat, sender_id: int) -> None:
    """Send in a group what a bot offered.

    Raises:
        MediaForbidden: members may not.
    """
    if not rights.may(chat, sender_id, Banned.SEND_INLINE):
        raise MediaForbidden(str(chat.id), "inline")


def writable_txn(txn: Transaction, sender_id: int, peer: int, bans: Banned = rights.WRITING) -> None:
    """Whether ``sender_id`` may write to ``peer`` (marked id), without writing.

    Args:
        bans: those of a group that forbid it.

    Raises:
        As ``audience_txn``.
    """
    place = place_txn(txn, sender_id, peer)
    if isinstance(place, Chat):
        rights.check_writes(place, sender_id, bans)
    else:
        relations.check_writes(place)
