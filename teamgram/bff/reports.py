"""RPCReports: what people report. Nobody judges here; the operator reads it in the log."""

from typing import Any

from twisted.logger import Logger

from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.interfaces.rpc import RpcMetadata


class Reports(RpcService):
    """Reports about people and groups."""

    name = "RPCReports"
    _log = Logger()

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    @rpc("messages.reportSpam")
    async def report_spam(self, caller: RpcMetadata, query: Any) -> bool:
        """messages.reportSpam#cf1592db peer:InputPeer = Bool"""
        await self._reported(caller, query.peer, "spam")
        return True

    @rpc("account.reportPeer")
    async def report_peer(self, caller: RpcMetadata, query: Any) -> bool:
        """account.reportPeer#c5ba3d86 peer:InputPeer reason:ReportReason message:string = Bool"""
        # What the person wrote about it may be anybody's words: the kind of it is enough to look into it.
        await self._reported(caller, query.peer, query.reason.NAME.removeprefix("inputReportReason").lower())
        return True

    async def _reported(self, caller: RpcMetadata, written: Any, reason: str) -> None:
        peer = await self._shared.peer(caller, written)
        await self._shared.domain.dialogs.hide_bar(caller.user_id, peer.marked)
        self._log.warn(
            "user {user_id} reports {peer}: {reason}", user_id=caller.user_id, peer=peer.marked, reason=reason
        )
