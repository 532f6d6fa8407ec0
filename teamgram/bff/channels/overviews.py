"""Lists of channels that clients ask for by themselves: quiet ones, left ones, similar ones."""

from typing import Any

from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.domain.ids.peer import marked_channel
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl


class QuietChannels(RpcService):
    """RPCChannels."""

    name = "RPCChannels"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    @rpc("channels.getInactiveChannels")
    async def get_inactive_channels(self, caller: RpcMetadata, query: Any) -> Any:
        """channels.getInactiveChannels#11e831ee = messages.InactiveChats"""
        shared = self._shared
        quiet = await shared.domain.channel_overviews.quiet(caller.user_id, shared.now())
        dates = {one.channel_id: one.date for one in quiet}
        _, chats = await shared.peers(caller.user_id, {marked_channel(channel_id) for channel_id in dates})
        chats.sort(key=lambda chat: (dates[chat.id], chat.id))
        return tl.messages.inactiveChats(dates=[dates[chat.id] for chat in chats], chats=chats, users=[])


class SimilarChannels(RpcService):
    """RPCChannelRecommendations."""

    name = "RPCChannelRecommendations"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    @rpc("channels.getChannelRecommendations")
    async def get_channel_recommendations(self, caller: RpcMetadata, query: Any) -> Any:
        """channels.getChannelRecommendations#25a71742 flags:# channel:flags.0?InputChannel = messages.Chats"""
        shared = self._shared
        channel_id = (await shared.seat(caller, query.channel)).channel.id if query.channel is not None else 0
        found = await shared.domain.channel_overviews.similar(caller.user_id, channel_id)
        _, chats = await shared.peers(caller.user_id, {marked_channel(one) for one in found})
        places = {one: place for place, one in enumerate(found)}
        return tl.messages.chats(chats=sorted(chats, key=lambda chat: places[chat.id]))


class LeftChannels(RpcService):
    """RPCTakeout."""

    name = "RPCTakeout"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    @rpc("channels.getLeftChannels")
    async def get_left_channels(self, caller: RpcMetadata, query: Any) -> Any:
        """channels.getLeftChannels#8341ecc0 offset:int = messages.Chats"""
        shared = self._shared
        await shared.domain.takeouts.check(caller.user_id, caller.perm_auth_key_id, shared.now())
        count, found = await shared.domain.channel_overviews.left(caller.user_id, query.offset)
        _, chats = await shared.peers(caller.user_id, {marked_channel(one) for one in found})
        if not query.offset and len(found) == count:
            return tl.messages.chats(chats=chats)
        return tl.messages.chatsSlice(count=count, chats=chats)
