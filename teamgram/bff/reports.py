"""What people report: written down for the operator (``teamgram reports``), who decides."""

from typing import Any

from twisted.logger import Logger

from teamgram.bff.errors import bad_request
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.domain.ids.peer import Peer, is_user
from teamgram.domain.reports.reasons import TITLE, next_step
from teamgram.domain.reports.reports import MAX_MESSAGES, NewReport
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl

_REASON = "inputReportReason"


async def report(shared: Shared, caller: RpcMetadata, peer: Peer, kind: str, reason: str, **more: Any) -> None:
    """Write a report down; ``more``: fields of ``NewReport``."""
    written = NewReport(caller.user_id, peer.marked, kind, reason, shared.now(), **more)
    report_id = await shared.domain.reports.add(written)
    # What somebody wrote about it may be anybody's words, and is not for the log.
    Reports._log.warn(
        "user {user_id} reports {peer}: {reason} (teamgram reports show {report_id})",
        user_id=caller.user_id,
        peer=peer.marked,
        reason=reason,
        report_id=report_id,
    )


class Reports(RpcService):
    """Reports about people, groups, messages and photos."""

    name = "RPCReports"
    _log = Logger()

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    @rpc("messages.reportSpam")
    async def report_spam(self, caller: RpcMetadata, query: Any) -> bool:
        """messages.reportSpam#cf1592db peer:InputPeer = Bool"""
        await self._about_peer(caller, query.peer, "spam", "spam", "")
        return True

    @rpc("account.reportPeer")
    async def report_peer(self, caller: RpcMetadata, query: Any) -> bool:
        """account.reportPeer#c5ba3d86 peer:InputPeer reason:ReportReason message:string = Bool"""
        await self._about_peer(caller, query.peer, "peer", _reason(query.reason), query.message)
        return True

    @rpc("account.reportProfilePhoto")
    async def report_profile_photo(self, caller: RpcMetadata, query: Any) -> bool:
        """account.reportProfilePhoto#fa8cc6f5 peer:InputPeer photo_id:InputPhoto reason:ReportReason ... = Bool"""
        peer = await self._shared.peer(caller, query.peer)
        photo_id = getattr(query.photo_id, "id", 0)
        reason = _reason(query.reason)
        await report(self._shared, caller, peer, "photo", reason, said=query.message, about_id=photo_id)
        return True

    async def _about_peer(self, caller: RpcMetadata, written: Any, kind: str, reason: str, said: str) -> None:
        peer = await self._shared.peer(caller, written)
        await report(self._shared, caller, peer, kind, reason, said=said)
        await self._shared.domain.dialogs.hide_bar(caller.user_id, peer.marked)

    @rpc("messages.report")
    async def report_messages(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.report#fc78af9b peer:InputPeer id:Vector<int> option:bytes message:string = ReportResult"""
        peer = await self._shared.peer(caller, query.peer)
        if len(query.id) > MAX_MESSAGES:
            raise bad_request("MESSAGE_ID_INVALID")
        # Up to layer 188 a reason stood in the request, and nothing more was asked.
        is_older = getattr(query, "reason", None) is not None
        reason = _reason(query.reason) if is_older else ""
        if not is_older:
            try:
                reason = query.option.decode()
                step = next_step(reason, query.message)
            except (KeyError, UnicodeDecodeError):
                raise bad_request("OPTION_INVALID") from None
            if step is not None and step.choices:
                options = [tl.messageReportOption(text=text, option=name.encode()) for name, text in step.choices]
                return tl.reportResultChooseOption(title=TITLE, options=options)
            if step is not None:
                return tl.reportResultAddComment(option=query.option)
        ids = tuple(query.id)
        await report(self._shared, caller, peer, "message", reason, said=query.message, message_ids=ids)
        return tl.reportResultReported()


class GroupReports(RpcService):
    """Reports about what somebody wrote in a supergroup."""

    name = "RPCChannels"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    @rpc("channels.reportSpam")
    async def report_spam(self, caller: RpcMetadata, query: Any) -> bool:
        """channels.reportSpam#f44a8315 channel:InputChannel participant:InputPeer id:Vector<int> = Bool"""
        shared = self._shared
        seat = await shared.seat(caller, query.channel)
        by = await shared.peer(caller, query.participant)
        if len(query.id) > MAX_MESSAGES:
            raise bad_request("MESSAGE_ID_INVALID")
        about_id = by.id if is_user(by.marked) else by.marked
        where = Peer.channel(seat.channel.id)
        await report(shared, caller, where, "message", "spam", about_id=about_id, message_ids=tuple(query.id))
        return True


class ReactionReports(RpcService):
    """Reports about a reaction to a message."""

    name = "RPCReactions"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    @rpc("messages.reportReaction")
    async def report_reaction(self, caller: RpcMetadata, query: Any) -> bool:
        """messages.reportReaction#3f64c076 peer:InputPeer id:int reaction_peer:InputPeer = Bool"""
        shared = self._shared
        peer = await shared.peer(caller, query.peer)
        by = await shared.peer(caller, query.reaction_peer)
        await report(shared, caller, peer, "reaction", "spam", about_id=by.marked, message_ids=(query.id,))
        return True


def _reason(view: Any) -> str:
    name: str = view.NAME
    return name.removeprefix(_REASON).lower()
