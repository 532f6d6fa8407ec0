"""``Chat``, ``ChatFullInfo``, ``ChatPermissions`` and ``ChatMember`` (core.telegram.org/bots/api#chat and below)."""

from typing import Any

from teamgram.bots.views.users import user_json
from teamgram.domain.channels.channel import FOREVER, AdminRight, Channel, Flag, Member, Seat
from teamgram.domain.chats.chat import Banned, Chat, Participant, Role, Standing
from teamgram.domain.ids.peer import marked_chat
from teamgram.domain.users.user import User

#: What each permission of a group's members is refused by.
PERMISSIONS = {
    "can_send_messages": Banned.SEND_PLAIN,
    "can_send_audios": Banned.SEND_AUDIOS,
    "can_send_documents": Banned.SEND_DOCS,
    "can_send_photos": Banned.SEND_PHOTOS,
    "can_send_videos": Banned.SEND_VIDEOS,
    "can_send_video_notes": Banned.SEND_ROUNDVIDEOS,
    "can_send_voice_notes": Banned.SEND_VOICES,
    "can_send_polls": Banned.SEND_POLLS,
    "can_send_other_messages": Banned.SEND_STICKERS,
    "can_add_web_page_previews": Banned.EMBED_LINKS,
    "can_change_info": Banned.CHANGE_INFO,
    "can_invite_users": Banned.INVITE_USERS,
    "can_pin_messages": Banned.PIN_MESSAGES,
}

NO_GIFTS = dict.fromkeys(
    ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels"), False
)
"""Nobody gives any here; libraries want to be told."""


def private_chat_json(user: User) -> dict[str, Any]:
    """The chat with a person."""
    told: dict[str, Any] = {"id": user.id, "first_name": user.first_name}
    if user.last_name:
        told["last_name"] = user.last_name
    if user.username:
        told["username"] = user.username
    return told | {"type": "private"}


def group_json(chat: Chat) -> dict[str, Any]:
    """A basic group."""
    return {
        "id": marked_chat(chat.id),
        "title": chat.title,
        "type": "group",
        "all_members_are_administrators": False,
        "accepted_gift_types": NO_GIFTS,
    }


def channel_json(channel: Channel) -> dict[str, Any]:
    """A channel or supergroup."""
    told: dict[str, Any] = {"id": channel.marked, "title": channel.title}
    if channel.username:
        told["username"] = channel.username
    if channel.has(Flag.FORUM):
        told["is_forum"] = True
    return told | {"type": "channel" if channel.is_broadcast else "supergroup"}


def permissions_json(banned: int) -> dict[str, bool]:
    """``ChatPermissions`` of a group's members."""
    forbidden = Banned(banned)
    everything = Banned.SEND_MESSAGES in forbidden
    told = {name: ban not in forbidden for name, ban in PERMISSIONS.items()}
    return {name: may and not (everything and name.startswith("can_send")) for name, may in told.items()}


def member_json(user: User, participant: Participant | None) -> dict[str, Any]:
    """``ChatMember``: who was never in a group has left it."""
    told: dict[str, Any] = {"user": user_json(user)}
    if participant is None or participant.standing is Standing.LEFT:
        return told | {"status": "left"}
    if participant.standing is Standing.REMOVED:
        return told | {"status": "kicked", "until_date": 0}
    if participant.role is Role.CREATOR:
        return told | {"status": "creator", "is_anonymous": False}
    if participant.role is Role.ADMIN:
        return told | {"status": "administrator", "can_be_edited": False, **_ADMIN}
    return told | {"status": "member"}


ADMIN_RIGHTS = {
    "is_anonymous": AdminRight.ANONYMOUS,
    "can_manage_chat": AdminRight.OTHER,
    "can_change_info": AdminRight.CHANGE_INFO,
    "can_post_messages": AdminRight.POST_MESSAGES,
    "can_edit_messages": AdminRight.EDIT_MESSAGES,
    "can_delete_messages": AdminRight.DELETE_MESSAGES,
    "can_invite_users": AdminRight.INVITE_USERS,
    "can_restrict_members": AdminRight.BAN_USERS,
    "can_pin_messages": AdminRight.PIN_MESSAGES,
    "can_manage_topics": AdminRight.MANAGE_TOPICS,
    "can_promote_members": AdminRight.ADD_ADMINS,
    "can_manage_video_chats": AdminRight.MANAGE_CALL,
    "can_post_stories": AdminRight.POST_STORIES,
    "can_edit_stories": AdminRight.EDIT_STORIES,
    "can_delete_stories": AdminRight.DELETE_STORIES,
    "can_manage_direct_messages": AdminRight.MANAGE_DIRECT_MESSAGES,
}
"""Of ``ChatAdministratorRights`` (core.telegram.org/bots/api#chatadministratorrights)."""

_IN_CHANNELS = frozenset({"can_post_messages", "can_edit_messages", "can_manage_direct_messages"})
_IN_GROUPS = frozenset({"can_pin_messages", "can_manage_topics"})


def admin_rights_json(rights: int, *, channels: bool) -> dict[str, bool]:
    """``ChatAdministratorRights`` of those bits; what there is in groups, or in channels, alone is left out."""
    absent = _IN_GROUPS if channels else _IN_CHANNELS
    return {name: bool(rights & right) for name, right in ADMIN_RIGHTS.items() if name not in absent}


def channel_member_json(user: User, member: Member, seat: Seat) -> dict[str, Any]:
    """``ChatMember`` of a channel or supergroup, for the bot whose seat that is."""
    told: dict[str, Any] = {"user": user_json(user)}
    part, titled = member.membership, {"custom_title": member.membership.rank} if member.membership.rank else {}
    if part.standing is Standing.REMOVED:
        return told | {"status": "kicked", "until_date": part.banned_until % FOREVER}
    if part.standing is Standing.LEFT:
        return told | {"status": "left"}
    if part.role is Role.CREATOR:
        return told | {"status": "creator", "is_anonymous": bool(part.admin_rights & AdminRight.ANONYMOUS), **titled}
    if part.role is Role.ADMIN:
        rights = admin_rights_json(part.admin_rights, channels=seat.channel.is_broadcast)
        edited = seat.is_owner or member.promoted_by == seat.user_id
        return told | {"status": "administrator", "can_be_edited": edited, **rights, **titled}
    if part.banned_rights:
        may = permissions_json(part.banned_rights)
        return told | {"status": "restricted", "is_member": True, "until_date": part.banned_until % FOREVER, **may}
    return told | {"status": "member"}


#: What administrators of basic groups may (core.telegram.org/api/rights).
_ADMIN = {
    "can_manage_chat": True,
    "can_change_info": True,
    "can_delete_messages": True,
    "can_invite_users": True,
    "can_restrict_members": True,
    "can_pin_messages": True,
    "can_promote_members": False,
    "can_manage_video_chats": False,
    "can_post_stories": False,
    "can_edit_stories": False,
    "can_delete_stories": False,
    "can_manage_topics": False,
    "is_anonymous": False,
}
