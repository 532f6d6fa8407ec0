"""Basic groups as a given viewer sees them."""

from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Any, NamedTuple

from teamgram.bff.views.media import chat_photo_view
from teamgram.domain.chats.chat import Banned, Chat, Participant, Role, Standing
from teamgram.domain.chats.chats import Chats
from teamgram.domain.chats.invite import Invite
from teamgram.mtproto.tl import tl

# chatBannedRights has a flag for each bit, named like it.
_BANNED = tuple((banned.name.lower(), banned) for banned in Banned if banned.name)
# Default rights do not end.
_FOREVER = 0x7FFFFFFF
# Groups whose views are kept.
_MOST_VIEWS = 1_000


class SeenChat(NamedTuple):
    """What of a ``chat`` is not the same for everybody: two viewers for whom this is equal see the same."""

    creator: bool
    left: bool
    admin: bool


_NOT_IN_IT = SeenChat(creator=False, left=True, admin=False)


class ChatViews:
    """Renders groups; ``cached`` never waits, ``render`` always answers."""

    def __init__(self, chats: Chats, dc_id: int) -> None:
        self._chats = chats
        self._dc_id = dc_id
        # What was drawn of the group as it is remembered, which is replaced as a whole when it changes.
        self._views: dict[int, tuple[Chat, dict[SeenChat | None, Any]]] = {}

    def cached(self, viewer_id: int, chat_id: int) -> Any | None:
        """``Chat`` for the viewer, or None: ask ``render``."""
        chat = self._chats.cached(chat_id)
        return None if chat is None else self._view(chat, how_seen(chat, viewer_id))

    def _view(self, chat: Chat, seen: SeenChat | None) -> Any:
        """The group for all who see it so, drawn once. The objects are shared."""
        known = self._views.get(chat.id)
        if known is None or known[0] is not chat:
            if len(self._views) >= _MOST_VIEWS:
                self._views.clear()
            known = self._views[chat.id] = chat, {}
        view = known[1].get(seen)
        if view is None:
            view = known[1][seen] = _seen_view(chat, seen, self._dc_id)
        return view

    def seen(self, viewer_id: int, chat_id: int) -> tuple[bool, SeenChat | None]:
        """Whether the group is in memory, and then what is the viewer's own in what ``cached`` would give."""
        chat = self._chats.cached(chat_id)
        return (False, None) if chat is None else (True, how_seen(chat, viewer_id))

    async def render(self, viewer_id: int, chat_ids: Iterable[int]) -> list[Any]:
        """``Chat`` objects for the viewer, each once; ids that no group has are left out."""
        ids = list(dict.fromkeys(chat_ids))
        chats = await self._chats.get(ids)
        return [chat_view(chats[chat_id], viewer_id, self._dc_id) for chat_id in ids if chat_id in chats]

    async def previews(self, viewer_id: int, chat_ids: Iterable[int]) -> list[Any]:
        """As ``render``, but who never was in a group sees what one is shown who may come in."""
        ids = list(dict.fromkeys(chat_ids))
        chats = await self._chats.get(ids)
        return [
            _seen_view(chats[chat_id], how_seen(chats[chat_id], viewer_id) or _NOT_IN_IT, self._dc_id)
            for chat_id in ids
            if chat_id in chats
        ]


def how_seen(chat: Chat, viewer_id: int) -> SeenChat | None:
    """What the viewer sees of the group in their own way; None for who was put out of it, or never was in it."""
    participant = chat.participant(viewer_id)
    if participant is None or participant.standing is Standing.REMOVED:
        return None
    present = participant.standing is Standing.PRESENT
    return SeenChat(chat.creator_id == viewer_id, not present, present and participant.role is Role.ADMIN)


def chat_view(chat: Chat, viewer_id: int, dc_id: int) -> Any:
    """``chat``, or ``chatForbidden`` for who was put out of it.

    Args:
        dc_id: where clients get its photo.
    """
    return _seen_view(chat, how_seen(chat, viewer_id), dc_id)


def _seen_view(chat: Chat, seen: SeenChat | None, dc_id: int) -> Any:
    if seen is None:
        return tl.chatForbidden(id=chat.id, title=chat.title)
    return tl.chat(
        id=chat.id,
        title=chat.title,
        photo=chat_photo_view(chat.photo, dc_id),
        participants_count=len(chat.members),
        date=chat.created_at,
        version=chat.version,
        creator=seen.creator,
        left=seen.left,
        deactivated=chat.deactivated,
        noforwards=chat.noforwards,
        admin_rights=admin_rights_view() if seen.admin else None,
        default_banned_rights=banned_rights_view(chat.default_banned_rights),
        migrated_to=tl.inputChannel(channel_id=chat.migrated_to, access_hash=chat.migrated_to_hash)
        if chat.migrated_to
        else None,
    )


@cache
def admin_rights_view() -> Any:
    """What every administrator of a basic group may do. The object is shared."""
    return tl.chatAdminRights(
        change_info=True,
        delete_messages=True,
        ban_users=True,
        invite_users=True,
        pin_messages=True,
        manage_call=True,
        other=True,
    )


@lru_cache(maxsize=1_000)
def banned_rights_view(banned: int, until: int = _FOREVER) -> Any:
    """``chatBannedRights`` from ``Banned`` bits. The objects are shared."""
    return tl.chatBannedRights(until_date=until, **{name: bool(banned & bit) for name, bit in _BANNED})


def banned_from(view: Any) -> int:
    """``Banned`` bits from ``chatBannedRights``."""
    banned = 0
    for name, bit in _BANNED:
        if getattr(view, name, False):
            banned |= bit
    return int(banned)


def participant_view(participant: Participant) -> Any:
    """``ChatParticipant``."""
    if participant.role is Role.CREATOR:
        return tl.chatParticipantCreator(user_id=participant.user_id)
    make = tl.chatParticipantAdmin if participant.role is Role.ADMIN else tl.chatParticipant
    return make(user_id=participant.user_id, inviter_id=participant.inviter_id, date=participant.joined_at)


def participants_view(chat: Chat, viewer_id: int) -> Any:
    """``chatParticipants``, or ``chatParticipantsForbidden`` for who is not in the group."""
    if chat.member(viewer_id) is None:
        return tl.chatParticipantsForbidden(chat_id=chat.id)
    return tl.chatParticipants(
        chat_id=chat.id,
        participants=[participant_view(chat.participants[user_id]) for user_id in chat.members],
        version=chat.version,
    )


def invite_view(invite: Invite) -> Any:
    """``chatInviteExported``."""
    return tl.chatInviteExported(
        revoked=invite.revoked,
        permanent=invite.permanent,
        request_needed=invite.request_needed,
        requested=invite.waiting or None,
        link=invite.link,
        admin_id=invite.admin_id,
        date=invite.created_at,
        expire_date=invite.expires_at or None,
        usage_limit=invite.usage_limit or None,
        usage=invite.used or None,
        title=invite.title or None,
    )
