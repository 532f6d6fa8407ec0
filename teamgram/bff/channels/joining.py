"""channels.joinChannel, leaveChannel, inviteToChannel and deleteChannel."""

from typing import Any

from teamgram.bff.channels.answers import nothing_told, told
from teamgram.bff.errors import bad_request
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.domain.privacy.errors import UserPrivacyRestricted
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl

MAX_INVITED = 200
MISSING_INVITEES_LAYER = 177
"""From here on a client is told who did not come along; older ones get an error."""


class JoiningService(RpcService):
    """Coming and going."""

    name = "RPCChannels"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    @rpc("channels.joinChannel")
    async def join_channel(self, caller: RpcMetadata, query: Any) -> Any:
        """channels.joinChannel#7f6a1e19 channel:InputChannel = messages.ChatInviteJoinResult"""
        shared = self._shared
        channel = await shared.input_peers.channel(caller, query.channel)
        change = await shared.domain.joining.join(shared.actor(caller), channel.id)
        return tl.messages.chatInviteJoinResultOk(updates=await told(shared, caller, channel.id, change))

    @rpc("channels.leaveChannel")
    async def leave_channel(self, caller: RpcMetadata, query: Any) -> Any:
        """channels.leaveChannel#f836aa95 channel:InputChannel = Updates"""
        shared = self._shared
        channel = await shared.input_peers.channel(caller, query.channel)
        await shared.domain.joining.leave(shared.actor(caller), channel.id)
        return await told(shared, caller, channel.id)

    @rpc("channels.inviteToChannel")
    async def invite_to_channel(self, caller: RpcMetadata, query: Any) -> Any:
        """channels.inviteToChannel#c9e33d54 channel:InputChannel users:Vector<InputUser> = messages.InvitedUsers"""
        shared = self._shared
        if not query.users or len(query.users) > MAX_INVITED:
            raise bad_request("USERS_TOO_FEW" if not query.users else "USERS_TOO_MUCH")
        channel = await shared.input_peers.channel(caller, query.channel)
        users = [await shared.input_peers.user(caller, view) for view in query.users]
        invited = await shared.domain.joining.invite(shared.actor(caller), channel.id, [user.id for user in users])
        if caller.layer < MISSING_INVITEES_LAYER and len(invited.missing) == len(users):
            raise UserPrivacyRestricted(str(users[0].id))
        if invited.change is None and len(invited.missing) == len(users):
            updates = nothing_told(shared)
        else:
            updates = await told(shared, caller, channel.id, invited.change)
        return tl.messages.invitedUsers(
            updates=updates, missing_invitees=[tl.missingInvitee(user_id=user_id) for user_id in invited.missing]
        )

    @rpc("channels.deleteChannel")
    async def delete_channel(self, caller: RpcMetadata, query: Any) -> Any:
        """channels.deleteChannel#c0111fe3 channel:InputChannel = Updates"""
        shared = self._shared
        channel = await shared.input_peers.channel(caller, query.channel)
        await shared.domain.joining.delete(shared.actor(caller), channel.id)
        return await told(shared, caller, channel.id)
