"""Deleting and pinning."""

from typing import Any

from teamgram.bff.errors import bad_request
from teamgram.bff.messages.marks import affected_history, affected_messages
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.domain.ids.peer import PeerKind
from teamgram.domain.messages.deleting import HistoryRequest
from teamgram.domain.messages.pins import PinRequest
from teamgram.interfaces.rpc import RpcMetadata

MAX_DELETE = 1000


class RemovingMessages(RpcService):
    """Takes messages out of boxes, and puts them on top of conversations."""

    name = "RPCMessages"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    @rpc("messages.deleteMessages")
    async def delete_messages(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.deleteMessages#e58e95d2 flags:# revoke:flags.0?true id:Vector<int> = messages.AffectedMessages"""
        if len(query.id) > MAX_DELETE:
            raise bad_request("MESSAGE_ID_INVALID")
        change = await self._shared.domain.messages.delete(
            caller.user_id,
            query.id,
            revoke=query.revoke,
            now=self._shared.now(),
            perm_auth_key_id=caller.perm_auth_key_id,
        )
        return affected_messages(change)

    @rpc("messages.deleteHistory")
    async def delete_history(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.deleteHistory#b08f922a flags:# just_clear:flags.0?true ... = messages.AffectedHistory"""
        shared = self._shared
        peer = await shared.peer(caller, query.peer)
        if peer.kind is PeerKind.CHANNEL:
            raise bad_request("PEER_ID_INVALID")  # channels.deleteHistory is for them
        min_date, max_date = query.min_date or 0, query.max_date or 0
        if min_date < 0 or (max_date and max_date < min_date):
            raise bad_request("MIN_DATE_INVALID")
        if query.revoke and (min_date or max_date) and peer.kind is not PeerKind.USER:
            raise bad_request("CHAT_REVOKE_DATE_UNSUPPORTED")
        change, left = await shared.domain.messages.delete_history(
            HistoryRequest(
                caller.user_id,
                peer.marked,
                shared.now(),
                max_id=query.max_id,
                min_date=min_date,
                max_date=max_date,
                just_clear=query.just_clear,
                revoke=query.revoke,
                perm_auth_key_id=caller.perm_auth_key_id,
            )
        )
        return affected_history(change, left)

    @rpc("messages.updatePinnedMessage")
    async def update_pinned_message(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.updatePinnedMessage#d2aaf7ec flags:# silent:flags.0?true ... peer:InputPeer id:int = Updates"""
        shared = self._shared
        peer = await shared.peer(caller, query.peer)
        change = await shared.domain.messages.pin(
            PinRequest(
                caller.user_id,
                peer.marked,
                query.id,
                shared.now(),
                unpin=query.unpin,
                silent=query.silent,
                one_side=query.pm_oneside,
                perm_auth_key_id=caller.perm_auth_key_id,
            )
        )
        return await shared.updates.answer(change)

    @rpc("messages.unpinAllMessages")
    async def unpin_all_messages(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.unpinAllMessages#62dd747 flags:# peer:InputPeer ... = messages.AffectedHistory"""
        shared = self._shared
        peer = await shared.peer(caller, query.peer)
        change = await shared.domain.messages.unpin_all(
            caller.user_id,
            peer.marked,
            shared.now(),
            caller.perm_auth_key_id,
            max(0, query.top_msg_id or 0) if peer.kind is PeerKind.CHANNEL else 0,
        )
        return affected_history(change)
