"""What an owner does with the whole of a channel, and who wrote what is said in its name."""

from typing import Any

from teamgram.bff.channels.members import channel_changed
from teamgram.bff.errors import bad_request
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.bff.stickers.naming import named_set
from teamgram.domain.channels.errors import PasswordMissing
from teamgram.domain.channels.rights import check_administers, check_owns
from teamgram.domain.chats.rights import check_gives_away
from teamgram.domain.ids.peer import PeerKind
from teamgram.domain.stickers.sticker_set import EMOJI, REGULAR
from teamgram.interfaces.rpc import RpcMetadata


class ChannelOwnershipService(RpcService):
    """RPCChannels."""

    name = "RPCChannels"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    @rpc("channels.editCreator")
    async def edit_creator(self, caller: RpcMetadata, query: Any) -> Any:
        """channels.editCreator#8f38cd1f channel:InputChannel user_id:InputUser password:... = Updates"""
        shared = self._shared
        seat = await shared.seat(caller, query.channel)
        user = await shared.input_peers.user(caller, query.user_id)
        await shared.domain.channel_ownership.give_away(shared.actor(caller), seat.channel.id, user.id)
        return await channel_changed(shared, caller, seat)

    @rpc("channels.setStickers")
    async def set_stickers(self, caller: RpcMetadata, query: Any) -> bool:
        """channels.setStickers#ea8ca4f9 channel:InputChannel stickerset:InputStickerSet = Bool"""
        return await _choose(self._shared, caller, query, emoji=False)


async def _choose(shared: Shared, caller: RpcMetadata, query: Any, *, emoji: bool) -> bool:
    seat = await shared.seat(caller, query.channel)
    set_id = 0
    if query.stickerset.NAME != "inputStickerSetEmpty":
        chosen = await shared.domain.sticker_sets.find(named_set(query.stickerset))
        if chosen.kind != (EMOJI if emoji else REGULAR):
            raise bad_request("STICKERSET_INVALID")
        set_id = chosen.id
    await shared.domain.channel_ownership.choose_stickers(shared.actor(caller), seat.channel.id, set_id, emoji=emoji)
    return True


class WholeGroups(RpcService):
    """What is by its name a matter of chats."""

    name = "RPCChats"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    @rpc("messages.editChatCreator")
    async def edit_chat_creator(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.editChatCreator#f743b857 peer:InputPeer user_id:InputUser ... = Updates"""
        shared = self._shared
        peer = await shared.peer(caller, query.peer)
        user = await shared.input_peers.user(caller, query.user_id)
        if peer.kind is PeerKind.CHANNEL:
            await shared.domain.channel_ownership.give_away(shared.actor(caller), peer.id, user.id)
        elif peer.kind is PeerKind.CHAT:
            chat = await shared.domain.chats.of_member(caller.user_id, peer.id)
            check_gives_away(chat, caller.user_id, user.id)
            raise PasswordMissing(str(caller.user_id))
        raise bad_request("PEER_ID_INVALID")

    @rpc("channels.setEmojiStickers")
    async def set_emoji_stickers(self, caller: RpcMetadata, query: Any) -> bool:
        """channels.setEmojiStickers#3cd930b7 channel:InputChannel stickerset:InputStickerSet = Bool"""
        return await _choose(self._shared, caller, query, emoji=True)

    @rpc("channels.convertToGigagroup")
    async def convert_to_gigagroup(self, caller: RpcMetadata, query: Any) -> Any:
        """channels.convertToGigagroup#b290c69 channel:InputChannel = Updates"""
        shared = self._shared
        seat = await shared.seat(caller, query.channel)
        await shared.domain.channel_ownership.make_broadcast_group(shared.actor(caller), seat.channel.id)
        return await channel_changed(shared, caller, seat)


class MessageAuthors(RpcService):
    """By its name a matter of saved messages."""

    name = "RPCSavedMessageDialogs"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    @rpc("channels.getMessageAuthor")
    async def get_message_author(self, caller: RpcMetadata, query: Any) -> Any:
        """channels.getMessageAuthor#ece2a0e6 channel:InputChannel id:int = User"""
        shared = self._shared
        seat = await shared.seat(caller, query.channel)
        check_administers(seat)
        found, _ = await shared.domain.messages.in_channel(
            caller.user_id, seat.channel.marked, [query.id], seat.hidden_up_to
        )
        if query.id not in found or found[query.id].sender_id <= 0:
            raise bad_request("MESSAGE_ID_INVALID")
        (user,), _ = await shared.peers(caller.user_id, {found[query.id].sender_id})
        return user


class SingleUsernames(RpcService):
    """A channel has one username: there are no others to switch on, off or about."""

    name = "RPCFragment"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    async def _own(self, caller: RpcMetadata, query: Any) -> str:
        """The username of a channel of the caller's.

        Raises:
            ChannelNotFound, ChannelPrivate, ChatAdminRequired.
        """
        seat = await self._shared.seat(caller, query.channel)
        check_owns(seat)
        return seat.channel.username

    @rpc("channels.toggleUsername")
    async def toggle_username(self, caller: RpcMetadata, query: Any) -> bool:
        """channels.toggleUsername#50f24105 channel:InputChannel username:string active:Bool = Bool"""
        own = await self._own(caller, query)
        is_own = bool(own) and query.username.lower() == own.lower()
        raise bad_request("USERNAME_NOT_MODIFIED" if is_own and query.active else "USERNAME_INVALID")

    @rpc("channels.reorderUsernames")
    async def reorder_usernames(self, caller: RpcMetadata, query: Any) -> bool:
        """channels.reorderUsernames#b45ced1d channel:InputChannel order:Vector<string> = Bool"""
        own = await self._own(caller, query)
        is_all = [name.lower() for name in query.order[:2]] == ([own.lower()] if own else [])
        raise bad_request("USERNAME_NOT_MODIFIED" if is_all else "ORDER_INVALID")

    @rpc("channels.deactivateAllUsernames")
    async def deactivate_all_usernames(self, caller: RpcMetadata, query: Any) -> bool:
        """channels.deactivateAllUsernames#a245dd3 channel:InputChannel = Bool"""
        # Those that were bought; apps ask for it when a channel becomes private.
        await self._own(caller, query)
        return True
