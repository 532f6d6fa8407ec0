"""In whose name somebody writes: their own, and an anonymous administrator in their supergroup's."""

from typing import Any

from teamgram.bff.errors import bad_request
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.bff.views.messages import peer_view
from teamgram.domain.channels.voice import is_anonymous
from teamgram.domain.ids.peer import Peer, PeerKind
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl


async def speaker(shared: Shared, caller: RpcMetadata, peer: Peer) -> int:
    """The marked id in whose name the caller writes there: nobody chooses."""
    if peer.kind is PeerKind.CHANNEL:
        seat = await shared.seat_at(caller, peer)
        if seat.channel.is_broadcast or is_anonymous(seat):
            return peer.marked
    return caller.user_id


async def check_send_as(shared: Shared, caller: RpcMetadata, peer: Peer, query: Any) -> None:
    """Refuse what a client wants to send in a name that is not the one that it would have.

    Raises:
        RpcError: ``SEND_AS_PEER_INVALID``.
    """
    if query.send_as is None:
        return
    wanted = await shared.input_peers.peer(caller, query.send_as)
    if wanted.marked != await speaker(shared, caller, peer):
        raise bad_request("SEND_AS_PEER_INVALID")


class SpeakingAs(RpcService):
    """What clients ask before they offer a choice of names: here there is one."""

    name = "RPCMessages"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    @rpc("channels.getSendAs")
    async def get_send_as(self, caller: RpcMetadata, query: Any) -> Any:
        """channels.getSendAs#e785a43f flags:# for_paid_reactions:flags.0?true ... = channels.SendAsPeers"""
        shared = self._shared
        marked = await speaker(shared, caller, await shared.peer(caller, query.peer))
        users, chats = await shared.peers(caller.user_id, {marked})
        return tl.channels.sendAsPeers(peers=[tl.sendAsPeer(peer=peer_view(marked))], chats=chats, users=users)

    @rpc("messages.saveDefaultSendAs")
    async def save_default_send_as(self, caller: RpcMetadata, query: Any) -> bool:
        """messages.saveDefaultSendAs#ccfddf96 peer:InputPeer send_as:InputPeer = Bool"""
        await check_send_as(self._shared, caller, await self._shared.peer(caller, query.peer), query)
        return True
