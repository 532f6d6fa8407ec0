"""Invite links of groups (core.telegram.org/bots/api#chatinvitelink)."""

from typing import Any

from teamgram.bots.conversation import Conversations
from teamgram.bots.errors import bad_request
from teamgram.bots.parameters import Parameters
from teamgram.bots.registry import ApiCall, api_method
from teamgram.bots.views.news import invite_json
from teamgram.domain.chats.chats import Actor
from teamgram.domain.chats.invite import Invite, hash_in
from teamgram.domain.domain import Domain
from teamgram.domain.ids.peer import is_channel

MAX_USES = 99_999


class BotInvites:
    """A bot that administers a group makes links of its own; others' are not its business."""

    def __init__(self, domain: Domain, conversations: Conversations, clock: Any) -> None:
        self._domain = domain
        self._conversations = conversations
        self._clock = clock

    async def _group(self, call: ApiCall) -> tuple[int, Actor]:
        """What links name it by, and who acts there."""
        peer = await self._conversations.peer(call.bot_id, call.parameters)
        actor = Actor(call.bot_id, int(self._clock.seconds()), 0)
        if is_channel(peer):
            return peer, actor
        return (await self._conversations.group(call.bot_id, peer)).id, actor

    @api_method("exportChatInviteLink")
    async def export(self, call: ApiCall) -> str:
        """String: the bot's main link, made anew."""
        chat_id, actor = await self._group(call)
        invite = await self._domain.invites.export(actor, chat_id, new_permanent=True)
        return invite.link

    @api_method("createChatInviteLink")
    async def create(self, call: ApiCall) -> Any:
        """ChatInviteLink."""
        chat_id, actor = await self._group(call)
        title, expires_at, usage_limit = _bounds(call.parameters, actor.now)
        made = await self._domain.invites.export(
            actor,
            chat_id,
            title=title,
            expires_at=expires_at,
            usage_limit=usage_limit,
            request_needed=call.parameters.flag("creates_join_request"),
        )
        return await self._told(made)

    @api_method("editChatInviteLink")
    async def edit(self, call: ApiCall) -> Any:
        """ChatInviteLink; what is not given is taken off."""
        chat_id, actor = await self._group(call)
        hash_ = hash_in(call.parameters.text("invite_link"))
        if (await self._domain.invites.get(call.bot_id, chat_id, hash_)).permanent:
            raise bad_request("CHAT_INVITE_PERMANENT")
        title, expires_at, usage_limit = _bounds(call.parameters, actor.now)
        changed = await self._domain.invites.edit(
            actor,
            chat_id,
            hash_,
            title=title,
            expires_at=expires_at,
            usage_limit=usage_limit,
            request_needed=call.parameters.flag("creates_join_request"),
        )
        return await self._told(changed)

    @api_method("revokeChatInviteLink")
    async def revoke(self, call: ApiCall) -> Any:
        """ChatInviteLink; in the place of a main link there is another one at once."""
        chat_id, actor = await self._group(call)
        hash_ = hash_in(call.parameters.text("invite_link"))
        revoked, _ = await self._domain.invites.revoke(actor, chat_id, hash_)
        return await self._told(revoked)

    async def _told(self, invite: Invite) -> dict[str, Any]:
        return invite_json(invite, await self._domain.users.require(invite.admin_id))

    @api_method("approveChatJoinRequest")
    async def approve(self, call: ApiCall) -> bool:
        """True: they are in."""
        return await self._settle(call, approved=True)

    @api_method("declineChatJoinRequest")
    async def decline(self, call: ApiCall) -> bool:
        """True: they do not wait any more."""
        return await self._settle(call, approved=False)

    async def _settle(self, call: ApiCall, *, approved: bool) -> bool:
        chat_id, actor = await self._group(call)
        await self._domain.join_requests.settle(actor, chat_id, call.parameters.user_id(), approved=approved)
        return True


def _bounds(parameters: Parameters, now: int) -> tuple[str, int, int]:
    """(name, end, uses) of a link that shall be.

    Raises:
        ApiError: none that can be here.
    """
    expires_at, usage_limit = parameters.number("expire_date"), parameters.number("member_limit")
    if expires_at and expires_at <= now:
        raise bad_request("EXPIRE_DATE_INVALID")
    if not 0 <= usage_limit <= MAX_USES:
        raise bad_request("USAGE_LIMIT_INVALID")
    return parameters.text("name")[:32], expires_at, usage_limit
