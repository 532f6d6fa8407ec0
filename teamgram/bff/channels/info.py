"""channels.editTitle, editPhoto, updateUsername and checkUsername."""

from typing import Any

from teamgram.bff.channels.answers import told
from teamgram.bff.chats.photos import ChatPhotoReader
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.interfaces.rpc import RpcMetadata


class ChannelInfo(RpcService):
    """What a channel is called and looks like."""

    name = "RPCChannels"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._photos = ChatPhotoReader(shared)

    @rpc("channels.editTitle")
    async def edit_title(self, caller: RpcMetadata, query: Any) -> Any:
        """channels.editTitle#566decd0 channel:InputChannel title:string = Updates"""
        shared = self._shared
        channel = await shared.input_peers.channel(caller, query.channel)
        change = await shared.domain.channels.edit_title(shared.actor(caller), channel.id, query.title)
        return await told(shared, caller, channel.id, change)

    @rpc("channels.editPhoto")
    async def edit_photo(self, caller: RpcMetadata, query: Any) -> Any:
        """channels.editPhoto#f12e57c9 channel:InputChannel photo:InputChatPhoto = Updates"""
        shared, photos = self._shared, self._shared.domain.channel_photos
        seat = await shared.seat(caller, query.channel)
        # Pictures are opened only for who may put them up.
        photos.check_edits(seat)
        photo = await self._photos.photo(caller, query.photo)
        change = await photos.edit(shared.actor(caller), seat.channel.id, photo)
        return await told(shared, caller, seat.channel.id, change)


class ChannelUsernamesService(RpcService):
    """Public names of channels."""

    name = "RPCUsernames"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    @rpc("channels.checkUsername")
    async def check_username(self, caller: RpcMetadata, query: Any) -> bool:
        """channels.checkUsername#10e6bd2c channel:InputChannel username:string = Bool"""
        shared = self._shared
        channel_id = 0
        if query.channel.NAME != "inputChannelEmpty":
            channel_id = (await shared.seat(caller, query.channel)).channel.id
        await shared.domain.channel_usernames.check(caller.user_id, channel_id, query.username)
        return True

    @rpc("channels.updateUsername")
    async def update_username(self, caller: RpcMetadata, query: Any) -> bool:
        """channels.updateUsername#3514b3de channel:InputChannel username:string = Bool"""
        shared = self._shared
        channel = await shared.input_peers.channel(caller, query.channel)
        await shared.domain.channel_usernames.set(shared.actor(caller), channel.id, query.username)
        return True
