"""RPCChats: making groups, changing them and looking at them."""

from collections.abc import Iterable, Sequence
from secrets import randbits
from typing import Any

from teamgram.bff.channels.members import channel_changed
from teamgram.bff.channels.settings import switch
from teamgram.bff.errors import bad_request
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.bff.views.bots import bot_info_view
from teamgram.bff.views.chats import banned_from, chat_view, invite_view, participants_view
from teamgram.bff.views.messages import peer_view
from teamgram.bff.views.notifications import notify_settings_view
from teamgram.bff.views.reactions import allowed_view
from teamgram.bff.views.updates import entries_drawing
from teamgram.domain.boxes.changes import OwnChange
from teamgram.domain.channels.channel import Flag
from teamgram.domain.chats.chat import Chat
from teamgram.domain.chats.chats import Actor
from teamgram.domain.chats.errors import ChatNotFound
from teamgram.domain.chats.join_requests import Pending
from teamgram.domain.chats.rights import sees
from teamgram.domain.ids.peer import PeerKind, marked_chat
from teamgram.domain.messages.lifetimes import checked_lifetime
from teamgram.domain.privacy.errors import UserPrivacyRestricted
from teamgram.domain.users.notifications import UNCHANGED
from teamgram.domain.users.user import User
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl

MAX_CHAT_IDS = 100

MISSING_INVITEES_LAYER = 177
"""From here on a client is told who did not come along; older ones get an error."""


class ChatsService(RpcService):
    """The basic groups that the caller is or was in."""

    name = "RPCChats"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    @rpc("messages.createChat")
    async def create_chat(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.createChat#92ceddd4 flags:# users:Vector<InputUser> title:string ... = messages.InvitedUsers"""
        shared = self._shared
        if len(query.users) > 200:
            raise bad_request("USERS_TOO_MUCH")
        users = [await shared.input_peers.user(caller, user) for user in query.users]
        checked_lifetime(query.ttl_period or 0)
        created = await shared.domain.chats.create(
            shared.actor(caller),
            [user.id for user in users],
            query.title,
            alone=caller.layer >= MISSING_INVITEES_LAYER,
        )
        chat_id, change = created.chat_id, created.change
        if query.ttl_period:
            # Told to this device as well: the answer is the group as it was founded.
            actor = Actor(caller.user_id, shared.now())
            await shared.domain.lifetimes.set(actor, marked_chat(chat_id), query.ttl_period)
        chat = await shared.domain.chats.of_member(caller.user_id, chat_id)
        participants = tl.updateChatParticipants(participants=participants_view(chat, caller.user_id))
        # TDLib gives a group up whose first message comes without a random_id: the server makes one here.
        [first] = change.messages
        first_id = tl.updateMessageID(id=first, random_id=randbits(63))
        updates = await self._told(change, [first_id, participants], {*chat.members, marked_chat(chat_id)})
        return _invited(updates, created.missing)

    @rpc("messages.addChatUser")
    async def add_chat_user(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.addChatUser#cbc6d107 chat_id:long user_id:InputUser fwd_limit:int = messages.InvitedUsers"""
        shared = self._shared
        user = await shared.input_peers.user(caller, query.user_id)
        try:
            change = await shared.domain.chats.add_user(shared.actor(caller), query.chat_id, user.id)
        except UserPrivacyRestricted:
            if caller.layer < MISSING_INVITEES_LAYER:
                raise
            nothing = tl.updates(updates=[], users=[], chats=[], date=shared.now(), seq=0)
            return _invited(nothing, [user.id])
        return _invited(await self._members_told(change, caller, query.chat_id), [])

    async def _members_told(self, change: OwnChange, caller: RpcMetadata, chat_id: int) -> Any:
        """The answer to who changed the members: all of them as they are now, while the caller is one."""
        chat = await self._shared.domain.chats.of_member(caller.user_id, chat_id)
        if chat.member(caller.user_id) is None:
            return await self._told(change)
        participants = tl.updateChatParticipants(participants=participants_view(chat, caller.user_id))
        inviters = {chat.participants[user_id].inviter_id for user_id in chat.members}
        return await self._told(change, [participants], {*chat.members, *inviters, marked_chat(chat_id)})

    async def _told(self, change: OwnChange, more: Sequence[Any] = (), peers: Iterable[int] = ()) -> Any:
        drawing = entries_drawing(change.entries, change.messages, self._shared.updates.files)
        drawing.updates[:0] = more
        drawing.peers.update(peers)
        return await self._shared.updates.finish(change.owner_id, drawing)

    @rpc("messages.deleteChatUser")
    async def delete_chat_user(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.deleteChatUser#a2185cab flags:# revoke_history:flags.0?true chat_id:long user_id:InputUser ..."""
        shared = self._shared
        user = await shared.input_peers.user(caller, query.user_id)
        change = await shared.domain.chats.remove_user(shared.actor(caller), query.chat_id, user.id)
        if query.revoke_history:
            # Not what they wrote goes, but what they have of the group.
            await shared.domain.messages.delete_all(user.id, -query.chat_id, shared.now())
        return await self._members_told(change, caller, query.chat_id)

    @rpc("messages.editChatTitle")
    async def edit_chat_title(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.editChatTitle#73783ffd chat_id:long title:string = Updates"""
        shared = self._shared
        return await self._told(await shared.domain.chats.edit_title(shared.actor(caller), query.chat_id, query.title))

    @rpc("messages.editChatAbout")
    async def edit_chat_about(self, caller: RpcMetadata, query: Any) -> bool:
        """messages.editChatAbout#def60797 peer:InputPeer about:string = Bool"""
        shared = self._shared
        peer = await shared.peer(caller, query.peer)
        if peer.kind is PeerKind.CHANNEL:
            await shared.domain.channels.edit_about(shared.actor(caller), peer.id, query.about)
            return True
        chat = await group(shared, caller, query.peer)
        await shared.domain.chats.edit_about(shared.actor(caller), chat.id, query.about.strip())
        return True

    @rpc("messages.editChatAdmin")
    async def edit_chat_admin(self, caller: RpcMetadata, query: Any) -> bool:
        """messages.editChatAdmin#a85bd1c2 chat_id:long user_id:InputUser is_admin:Bool = Bool"""
        shared = self._shared
        user = await shared.input_peers.user(caller, query.user_id)
        await shared.domain.chats.set_admin(shared.actor(caller), query.chat_id, user.id, query.is_admin)
        return True

    @rpc("messages.editChatDefaultBannedRights")
    async def edit_chat_default_banned_rights(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.editChatDefaultBannedRights#a5866b41 peer:InputPeer banned_rights:ChatBannedRights = Updates"""
        shared = self._shared
        peer = await shared.peer(caller, query.peer)
        rights = query.banned_rights
        if rights.view_messages:
            raise bad_request("BANNED_RIGHTS_INVALID")
        if peer.kind is PeerKind.CHANNEL:
            await shared.domain.channel_administration.set_default_banned(
                shared.actor(caller), peer.id, banned_from(rights)
            )
            seat = await shared.domain.channels.seat(caller.user_id, peer.id, shared.now())
            return await channel_changed(shared, caller, seat)
        chat = await group(self._shared, caller, query.peer)
        version = await shared.domain.chats.set_default_banned_rights(
            shared.actor(caller), chat.id, banned_from(rights)
        )
        _, chats = await shared.peers(caller.user_id, {marked_chat(chat.id)})
        update = tl.updateChatDefaultBannedRights(
            peer=peer_view(marked_chat(chat.id)), default_banned_rights=chats[0].default_banned_rights, version=version
        )
        return tl.updates(updates=[update], users=[], chats=chats, date=shared.now(), seq=0)

    @rpc("messages.deleteChat")
    async def delete_chat(self, caller: RpcMetadata, query: Any) -> bool:
        """messages.deleteChat#5bd0ee50 chat_id:long = Bool"""
        await self._shared.domain.chats.delete(self._shared.actor(caller), query.chat_id)
        return True

    @rpc("messages.getFullChat")
    async def get_full_chat(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getFullChat#aeb00b34 chat_id:long = messages.ChatFull"""
        shared, viewer_id = self._shared, caller.user_id
        try:
            chat = await shared.domain.chats.of_member(viewer_id, query.chat_id)
        except ChatNotFound:
            raise bad_request("CHAT_ID_INVALID") from None
        dialog = await shared.domain.dialogs.get(viewer_id, marked_chat(chat.id))
        chosen = (await shared.domain.notifications.get(viewer_id)).get(str(marked_chat(chat.id)), UNCHANGED)
        present = chat.member(viewer_id) is not None
        invite = (
            await shared.domain.invites.permanent_of(shared.actor(caller), chat.id)
            if chat.is_admin(viewer_id)
            else None
        )
        waiting = await shared.domain.join_requests.pending(chat.id) if chat.is_admin(viewer_id) else Pending()
        members = await shared.domain.users.get(chat.members) if present else {}
        allowed = await shared.domain.reaction_choices.allowed(marked_chat(chat.id))
        full = tl.chatFull(
            id=chat.id,
            about=chat.about if present else "",
            participants=participants_view(chat, viewer_id),
            chat_photo=await self._photo(chat, viewer_id),
            notify_settings=notify_settings_view(chosen),
            exported_invite=invite_view(invite) if invite is not None else None,
            requests_pending=waiting.count or None,
            recent_requesters=list(waiting.recent) or None,
            bot_info=await self._bot_info(members.values(), chat) or None,
            pinned_msg_id=dialog.pinned_message_id or None,
            folder_id=dialog.folder_id or None,
            ttl_period=chat.ttl_seconds or None,
            has_scheduled=await shared.domain.scheduled.has_any(viewer_id, marked_chat(chat.id)),
            available_reactions=allowed_view(allowed),
            reactions_limit=allowed.limit,
        )
        inviters = {chat.participants[user_id].inviter_id for user_id in members}
        users, chats = await shared.peers(viewer_id, {*members, *inviters, *waiting.recent, marked_chat(chat.id)})
        return tl.messages.chatFull(full_chat=full, chats=chats, users=users)

    async def _bot_info(self, members: Iterable[User], chat: Chat) -> list[Any]:
        bots = [user for user in members if user.is_bot]
        known = await self._shared.domain.bots.get([user.id for user in bots])
        return [bot_info_view(user, known.get(user.id), marked_chat(chat.id)) for user in bots]

    async def _photo(self, chat: Chat, viewer_id: int) -> Any:
        photo = await self._shared.domain.chat_photos.of(chat) if sees(chat, viewer_id) else None
        return self._shared.updates.files.of_group(photo, chat.id) if photo is not None else None

    @rpc("messages.getChats")
    async def get_chats(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getChats#49e9528f id:Vector<long> = messages.Chats"""
        found = await self._shared.domain.chats.get(query.id[:MAX_CHAT_IDS])
        chats = [
            chat_view(found[chat_id], caller.user_id, self._shared.updates.files.dc_id)
            for chat_id in dict.fromkeys(query.id[:MAX_CHAT_IDS])
            if chat_id in found and found[chat_id].participant(caller.user_id) is not None
        ]
        if query.id and not chats:
            raise bad_request("CHAT_ID_INVALID")
        return tl.messages.chats(chats=chats)

    @rpc("messages.getAllChats")
    async def get_all_chats(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getAllChats#875f74be except_ids:Vector<long> = messages.Chats"""
        ids = [
            chat_id
            for chat_id in await self._shared.domain.chats.ids_of(caller.user_id)
            if chat_id not in query.except_ids
        ]
        _, chats = await self._shared.peers(caller.user_id, {marked_chat(chat_id) for chat_id in ids})
        return tl.messages.chats(chats=chats)

    @rpc("messages.getCommonChats")
    async def get_common_chats(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getCommonChats#e40ca104 user_id:InputUser max_id:long limit:int = messages.Chats"""
        user = await self._shared.input_peers.user(caller, query.user_id)
        if user.id == caller.user_id:
            raise bad_request("USER_ID_INVALID")
        limit = min(max(query.limit, 1), MAX_CHAT_IDS)
        ids = await self._shared.domain.chats.common(caller.user_id, user.id, query.max_id, limit)
        found = await self._shared.domain.chats.get(ids)
        dc_id = self._shared.updates.files.dc_id
        return tl.messages.chats(chats=[chat_view(found[chat_id], caller.user_id, dc_id) for chat_id in ids])


def _invited(updates: Any, missing: Sequence[int]) -> Any:
    """``messages.invitedUsers``; the codec gives layers that do not know it the updates in it."""
    return tl.messages.invitedUsers(
        updates=updates, missing_invitees=[tl.missingInvitee(user_id=user_id) for user_id in missing]
    )


async def group(shared: Shared, caller: RpcMetadata, input_peer: Any) -> Chat:
    """The basic group that is meant, which the caller is or was in.

    Raises:
        RpcError: ``PEER_ID_INVALID``.
    """
    peer = await shared.peer(caller, input_peer)
    if peer.kind is not PeerKind.CHAT:
        raise bad_request("PEER_ID_INVALID")
    return await shared.domain.chats.of_member(caller.user_id, peer.id)


class ProtectedChats(RpcService):
    """Groups whose messages may not be copied; by its name a matter of messages."""

    name = "RPCMessages"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    @rpc("messages.toggleNoForwards")
    async def toggle_no_forwards(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.toggleNoForwards#b2081a35 flags:# peer:InputPeer enabled:Bool ... = Updates"""
        shared = self._shared
        if (await shared.peer(caller, query.peer)).kind is PeerKind.CHANNEL:
            return await switch(shared, caller, query.peer, {Flag.NOFORWARDS: query.enabled})
        chat = await group(shared, caller, query.peer)
        await shared.domain.chats.set_noforwards(shared.actor(caller), chat.id, query.enabled)
        _, chats = await shared.peers(caller.user_id, {marked_chat(chat.id)})
        return tl.updates(updates=[tl.updateChat(chat_id=chat.id)], users=[], chats=chats, date=shared.now(), seq=0)
