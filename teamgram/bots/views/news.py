"""Updates of who is in a chat, asks to be let in, and reacts (core.telegram.org/bots/api#chatmemberupdated)."""

from collections.abc import Mapping
from typing import Any

from teamgram.bots.views.chats import ADMIN_RIGHTS, admin_rights_json, permissions_json
from teamgram.bots.views.messages import Around, chat_json
from teamgram.bots.views.users import user_json
from teamgram.domain.bot_news.news import (
    BotNews,
    JoinAsked,
    MemberChanged,
    ReactionChanged,
    ReactionsCounted,
    TakenPart,
    kind_of,
)
from teamgram.domain.boxes.reactions import custom_id
from teamgram.domain.channels.channel import AdminRight
from teamgram.domain.chats.invite import Invite
from teamgram.domain.ids.peer import channel_id_of, is_channel
from teamgram.domain.users.user import User

_CHAT_ADMIN = AdminRight.OTHER | AdminRight.CHANGE_INFO | AdminRight.DELETE_MESSAGES | AdminRight.INVITE_USERS
_OF_GROUP_ADMINS = int(_CHAT_ADMIN | AdminRight.BAN_USERS | AdminRight.PIN_MESSAGES)
"""What administrators of basic groups may (core.telegram.org/api/rights)."""


def people_in(news: BotNews) -> set[int]:
    """The marked ids of whom it speaks."""
    named = {news.peer}
    if isinstance(news, MemberChanged):
        named |= {news.actor_id, news.user_id}
    elif not isinstance(news, ReactionsCounted):
        named.add(news.user_id)
    return named - {0}


def news_json(news: BotNews, bot_id: int, around: Around, invites: Mapping[str, Invite]) -> dict[str, Any] | None:
    """The update; None: somebody whom it speaks of is not there any more.

    Args:
        invites: the links that are spoken of, by hash.
    """
    told = _FIELDS[type(news)](news, around, invites)
    return None if told is None else {kind_of(news, bot_id): told}


def _member_fields(news: MemberChanged, around: Around, invites: Mapping[str, Invite]) -> dict[str, Any] | None:
    actor, user = around.users.get(news.actor_id), around.users.get(news.user_id)
    if actor is None or user is None:
        return None
    channel = around.channels.get(channel_id_of(news.peer)) if is_channel(news.peer) else None
    in_channel = channel is not None and channel.is_broadcast
    told = {
        "chat": chat_json(news.peer, around),
        "from": user_json(actor),
        "date": news.date,
        "old_chat_member": part_json(user, news.before, channels=in_channel),
        "new_chat_member": part_json(user, news.after, channels=in_channel),
    }
    return told | ({"via_join_request": True} if news.by_request else {})


def part_json(user: User, part: TakenPart, *, channels: bool) -> dict[str, Any]:
    """``ChatMember`` of what somebody was or is."""
    told: dict[str, Any] = {"user": user_json(user), "status": part.status}
    if part.status == "creator":
        told["is_anonymous"] = bool(part.rights & AdminRight.ANONYMOUS)
    elif part.status == "administrator":
        told |= {"can_be_edited": False, **dict.fromkeys(ADMIN_RIGHTS, False)}
        told |= admin_rights_json(part.rights or _OF_GROUP_ADMINS, channels=channels)
    elif part.status == "restricted":
        told |= {"is_member": part.present, "until_date": part.until, **permissions_json(part.banned)}
    elif part.status == "kicked":
        told["until_date"] = part.until
    return told | ({"custom_title": part.rank} if part.rank else {})


def _asked_fields(news: JoinAsked, around: Around, invites: Mapping[str, Invite]) -> dict[str, Any] | None:
    user, invite = around.users.get(news.user_id), invites.get(news.hash)
    if user is None:
        return None
    told = {
        "chat": chat_json(news.peer, around),
        "from": user_json(user),
        "user_chat_id": user.id,
        "date": news.date,
    }
    creator = around.users.get(invite.admin_id) if invite is not None else None
    if invite is not None and creator is not None:
        told["invite_link"] = invite_json(invite, creator)
    return told


def invite_json(invite: Invite, creator: User) -> dict[str, Any]:
    """``ChatInviteLink``."""
    told: dict[str, Any] = {
        "invite_link": invite.link,
        "creator": user_json(creator),
        "creates_join_request": invite.request_needed,
        "is_primary": invite.permanent,
        "is_revoked": invite.revoked,
    }
    more = {"name": invite.title, "expire_date": invite.expires_at, "member_limit": invite.usage_limit}
    return told | {name: value for name, value in more.items() if value}


def reaction_json(reaction: str) -> dict[str, str]:
    """``ReactionType``."""
    number = custom_id(reaction)
    if number:
        return {"type": "custom_emoji", "custom_emoji_id": str(number)}
    return {"type": "emoji", "emoji": reaction}


def _reaction_fields(news: ReactionChanged, around: Around, invites: Mapping[str, Invite]) -> dict[str, Any] | None:
    user = around.users.get(news.user_id)
    if user is None:
        return None
    return {
        "chat": chat_json(news.peer, around),
        "message_id": news.message_id,
        "user": user_json(user),
        "date": news.date,
        "old_reaction": [reaction_json(one) for one in news.before],
        "new_reaction": [reaction_json(one) for one in news.after],
    }


def _count_fields(news: ReactionsCounted, around: Around, invites: Mapping[str, Invite]) -> dict[str, Any]:
    return {
        "chat": chat_json(news.peer, around),
        "message_id": news.message_id,
        "date": news.date,
        "reactions": [{"type": reaction_json(one), "total_count": count} for one, count in news.counts],
    }


_FIELDS: dict[type, Any] = {
    MemberChanged: _member_fields,
    JoinAsked: _asked_fields,
    ReactionChanged: _reaction_fields,
    ReactionsCounted: _count_fields,
}
