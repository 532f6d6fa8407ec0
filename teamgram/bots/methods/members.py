"""Who is in groups, supergroups and channels, who administers them, and who may do less."""

from typing import Any

from teamgram.bots.conversation import Conversations
from teamgram.bots.errors import bad_request
from teamgram.bots.parameters import Parameters
from teamgram.bots.registry import ApiCall, api_method
from teamgram.bots.views.chats import (
    ADMIN_RIGHTS,
    PERMISSIONS,
    channel_member_json,
    member_json,
)
from teamgram.domain.channels.channel import NOBODY, Member, Seat
from teamgram.domain.channels.members import ListOf
from teamgram.domain.chats.chat import Banned, Role, Standing
from teamgram.domain.chats.chats import Actor
from teamgram.domain.chats.errors import UserNotParticipant
from teamgram.domain.domain import Domain
from teamgram.domain.ids.peer import is_channel, is_user

MAX_ADMINS = 200


class BotMembers:
    """Members, by their ids."""

    def __init__(self, domain: Domain, conversations: Conversations, clock: Any) -> None:
        self._domain = domain
        self._conversations = conversations
        self._clock = clock

    def _actor(self, call: ApiCall) -> Actor:
        return Actor(call.bot_id, int(self._clock.seconds()), 0)

    async def _peer(self, call: ApiCall) -> int:
        return await self._conversations.peer(call.bot_id, call.parameters)

    async def _seat(self, call: ApiCall, kinds: str = "supergroup and channel") -> Seat:
        """The bot's seat, in what only channels and supergroups have.

        Raises:
            ApiError: the chat is none of them.
        """
        peer = await self._peer(call)
        if not is_channel(peer):
            raise bad_request(f"method is available for {kinds} chats only")
        return await self._conversations.seat(call.bot_id, peer)

    async def _member(self, seat: Seat, user_id: int) -> Member:
        """Somebody there, also who never was."""
        try:
            return await self._domain.channel_members.one(seat, user_id)
        except UserNotParticipant:
            return NOBODY

    @api_method("getChatMemberCount")
    async def get_chat_member_count(self, call: ApiCall) -> int:
        """Int."""
        peer = await self._peer(call)
        if is_user(peer):
            return 2
        if is_channel(peer):
            return (await self._conversations.seat(call.bot_id, peer)).channel.members
        return len((await self._conversations.group(call.bot_id, peer)).members)

    @api_method("getChatAdministrators")
    async def get_chat_administrators(self, call: ApiCall) -> Any:
        """Array of ChatMember: other bots are left out."""
        peer = await self._peer(call)
        if is_user(peer):
            raise bad_request("there are no administrators in the private chat")
        if is_channel(peer):
            seat = await self._conversations.seat(call.bot_id, peer)
            listed = await self._domain.channel_members.page(
                call.bot_id, int(self._clock.seconds()), seat.channel.id, ListOf.ADMINS, "", 0, MAX_ADMINS
            )
            users = await self._domain.users.get([one.user_id for one in listed.members])
            return [
                channel_member_json(users[one.user_id], one, seat)
                for one in listed.members
                if one.user_id in users and (one.user_id == call.bot_id or not users[one.user_id].is_bot)
            ]
        chat = await self._conversations.group(call.bot_id, peer)
        admins = [one for one in chat.participants.values() if one.standing is Standing.PRESENT]
        admins = [one for one in admins if one.role is not Role.MEMBER]
        users = await self._domain.users.get([one.user_id for one in admins])
        return [
            member_json(users[one.user_id], one)
            for one in admins
            if one.user_id in users and (one.user_id == call.bot_id or not users[one.user_id].is_bot)
        ]

    @api_method("getChatMember")
    async def get_chat_member(self, call: ApiCall) -> Any:
        """ChatMember."""
        peer = await self._peer(call)
        if is_user(peer):
            user = await self._conversations.person(call.bot_id, call.parameters)
            if user.id not in (peer, call.bot_id):
                raise bad_request("user not found")
            return member_json(user, None) | {"status": "member"}
        if is_channel(peer):
            seat = await self._conversations.seat(call.bot_id, peer)
            user = await self._conversations.person(call.bot_id, call.parameters)
            return channel_member_json(user, await self._member(seat, user.id), seat)
        chat = await self._conversations.group(call.bot_id, peer)
        user = await self._conversations.person(call.bot_id, call.parameters, chat)
        return member_json(user, chat.participant(user.id))

    @api_method("banChatMember")
    async def ban_chat_member(self, call: ApiCall) -> bool:
        """True: they are out, and come back through an administrator alone."""
        peer = await self._peer(call)
        if call.parameters.number("user_id") == call.bot_id:
            raise bad_request("can't restrict self")
        if is_channel(peer):
            seat = await self._conversations.seat(call.bot_id, peer)
            user = await self._conversations.person(call.bot_id, call.parameters)
            until = call.parameters.number("until_date")
            await self._set_banned(call, seat, user.id, int(Banned.VIEW_MESSAGES), until)
            return True
        chat = await self._conversations.group(call.bot_id, peer)
        user = await self._conversations.person(call.bot_id, call.parameters, chat)
        if chat.member(user.id) is not None:
            await self._domain.chats.remove_user(self._actor(call), chat.id, user.id)
        return True

    @api_method("unbanChatMember")
    async def unban_chat_member(self, call: ApiCall) -> bool:
        """True: they may come back; who is there leaves, unless only a ban shall be taken back."""
        seat = await self._seat(call)
        user = await self._conversations.person(call.bot_id, call.parameters)
        member = await self._member(seat, user.id)
        if member.membership.is_present:
            if call.parameters.flag("only_if_banned"):
                return True
            await self._set_banned(call, seat, user.id, int(Banned.VIEW_MESSAGES), 0)
        await self._set_banned(call, seat, user.id, 0, 0)
        return True

    @api_method("restrictChatMember")
    async def restrict_chat_member(self, call: ApiCall) -> bool:
        """True."""
        seat = await self._seat(call, "supergroup")
        if seat.channel.is_broadcast:
            raise bad_request("method is available for supergroup chats only")
        user = await self._conversations.person(call.bot_id, call.parameters)
        until = call.parameters.number("until_date")
        await self._set_banned(call, seat, user.id, banned_of(call.parameters), until)
        return True

    async def _set_banned(self, call: ApiCall, seat: Seat, user_id: int, banned: int, until: int) -> None:
        await self._domain.channel_administration.set_banned(
            self._actor(call), seat.channel.id, user_id, banned, max(until, 0)
        )

    @api_method("promoteChatMember")
    async def promote_chat_member(self, call: ApiCall) -> bool:
        """True: with any right they administer it, with none they are a member again."""
        peer = await self._peer(call)
        rights = [right for name, right in ADMIN_RIGHTS.items() if call.parameters.flag(name)]
        if is_channel(peer):
            seat = await self._conversations.seat(call.bot_id, peer)
            user = await self._conversations.person(call.bot_id, call.parameters)
            rank = (await self._member(seat, user.id)).membership.rank if rights else ""
            await self._domain.channel_administration.set_admin(
                self._actor(call), seat.channel.id, user.id, int(sum(rights)), rank
            )
            return True
        chat = await self._conversations.group(call.bot_id, peer)
        user = await self._conversations.person(call.bot_id, call.parameters, chat)
        await self._domain.chats.set_admin(self._actor(call), chat.id, user.id, bool(rights))
        return True

    @api_method("setChatAdministratorCustomTitle")
    async def set_custom_title(self, call: ApiCall) -> bool:
        """True."""
        seat = await self._seat(call, "supergroup")
        user = await self._conversations.person(call.bot_id, call.parameters)
        member = await self._member(seat, user.id)
        if member.membership.role is not Role.ADMIN:
            raise bad_request("user is not an administrator")
        title = call.parameters.text("custom_title")
        await self._domain.channel_administration.set_admin(
            self._actor(call), seat.channel.id, user.id, member.membership.admin_rights, title
        )
        return True

    @api_method("setChatPermissions")
    async def set_chat_permissions(self, call: ApiCall) -> bool:
        """True."""
        banned, peer = banned_of(call.parameters), await self._peer(call)
        if is_channel(peer):
            seat = await self._conversations.seat(call.bot_id, peer)
            await self._domain.channel_administration.set_default_banned(self._actor(call), seat.channel.id, banned)
            return True
        chat = await self._conversations.group(call.bot_id, peer)
        await self._domain.chats.set_default_banned_rights(self._actor(call), chat.id, banned)
        return True


def banned_of(parameters: Parameters) -> int:
    """``Banned`` bits of what ``permissions`` do not allow.

    Raises:
        ApiError: they are none.
    """
    given = parameters.object("permissions")
    if not isinstance(given, dict):
        raise bad_request("can't parse permissions JSON object: expected an Object")
    return int(sum(ban for name, ban in PERMISSIONS.items() if not given.get(name)))
