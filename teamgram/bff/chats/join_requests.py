"""RPCChatInvites: who asks to be let into groups and channels."""

from typing import Any

from teamgram.bff.chats.invites import group_id_of
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.domain.chats.invite import hash_in
from teamgram.domain.chats.join_requests import Pending, marked_of
from teamgram.domain.updates.events import JoinRequestsPending
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl


class JoinRequestsService(RpcService):
    """Administrators let people in, or turn them away."""

    name = "RPCChatInvites"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    @rpc("messages.hideChatJoinRequest")
    async def hide_chat_join_request(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.hideChatJoinRequest#7fe7e815 flags:# approved:flags.0?true peer:InputPeer ... = Updates"""
        shared = self._shared
        group_id = await group_id_of(shared, caller, query.peer)
        user = await shared.input_peers.user(caller, query.user_id)
        pending = await shared.domain.join_requests.settle(
            shared.actor(caller), group_id, user.id, approved=query.approved
        )
        return await self._told(caller, group_id, pending)

    @rpc("messages.hideAllChatJoinRequests")
    async def hide_all_chat_join_requests(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.hideAllChatJoinRequests#e085f4ea flags:# approved:flags.0?true peer:InputPeer ... = Updates"""
        shared = self._shared
        group_id = await group_id_of(shared, caller, query.peer)
        pending = await shared.domain.join_requests.settle_all(
            shared.actor(caller), group_id, hash_in(query.link or ""), approved=query.approved
        )
        return await self._told(caller, group_id, pending)

    async def _told(self, caller: RpcMetadata, group_id: int, pending: Pending) -> Any:
        shared = self._shared
        event = JoinRequestsPending(marked_of(group_id), pending.count, pending.recent)
        users, chats = await shared.peers(caller.user_id, {event.peer, *event.recent})
        return tl.updates(updates=shared.drawn(event), users=users, chats=chats, date=shared.now(), seq=0)
