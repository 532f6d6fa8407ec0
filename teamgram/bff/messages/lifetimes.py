"""messages.setHistoryTTL and setDefaultHistoryTTL: when messages delete themselves."""

from typing import Any

from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.domain.updates.events import HistoryTtlChanged
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl


class LifetimesService(RpcService):
    """For one conversation."""

    name = "RPCDialogs"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    @rpc("messages.setHistoryTTL")
    async def set_history_ttl(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.setHistoryTTL#b80e5fe4 peer:InputPeer period:int = Updates"""
        shared = self._shared
        peer = await shared.peer(caller, query.peer)
        change = await shared.domain.lifetimes.set(shared.actor(caller), peer.marked, query.period)
        updates = await shared.updates.answer(change)
        updates.updates += shared.drawn(HistoryTtlChanged(peer.marked, query.period))
        return updates


class DefaultLifetime(RpcService):
    """For conversations that the caller begins."""

    name = "RPCPrivacySettings"

    def __init__(self, shared: Shared) -> None:
        self._lifetimes = shared.domain.lifetimes

    @rpc("messages.getDefaultHistoryTTL")
    async def get_default_history_ttl(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getDefaultHistoryTTL#658b7188 = DefaultHistoryTTL"""
        return tl.defaultHistoryTTL(period=await self._lifetimes.default_of(caller.user_id))

    @rpc("messages.setDefaultHistoryTTL")
    async def set_default_history_ttl(self, caller: RpcMetadata, query: Any) -> bool:
        """messages.setDefaultHistoryTTL#9eb51445 period:int = Bool"""
        await self._lifetimes.set_default(caller.user_id, query.period)
        return True
