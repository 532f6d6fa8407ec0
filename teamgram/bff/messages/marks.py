"""What has been read, and by whom."""

from typing import Any

from teamgram.bff.errors import bad_request
from teamgram.bff.messages.history import MAX_MESSAGE_IDS
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.domain.boxes.changes import OwnChange
from teamgram.domain.ids.peer import PeerKind
from teamgram.domain.messages.errors import MessageTooOld
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl


def affected_messages(change: OwnChange) -> Any:
    """``messages.affectedMessages``."""
    return tl.messages.affectedMessages(pts=change.pts, pts_count=change.pts_count)


def affected_history(change: OwnChange, left: int = 0) -> Any:
    """``messages.affectedHistory``; the caller comes again while ``left`` is not 0."""
    return tl.messages.affectedHistory(pts=change.pts, pts_count=change.pts_count, offset=left)


class ReadMarks(RpcService):
    """Moves and shows reading marks."""

    name = "RPCMessages"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    @rpc("messages.readHistory")
    async def read_history(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.readHistory#e306d3a peer:InputPeer max_id:int = messages.AffectedMessages"""
        shared = self._shared
        peer = await shared.peer(caller, query.peer)
        if peer.kind is PeerKind.CHANNEL:
            raise bad_request("PEER_ID_INVALID")  # channels.readHistory is for them
        change = await shared.domain.messages.read_history(
            caller.user_id, peer.marked, query.max_id, shared.now(), caller.perm_auth_key_id
        )
        return affected_messages(change)

    @rpc("messages.readMessageContents")
    async def read_message_contents(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.readMessageContents#36a73f77 id:Vector<int> = messages.AffectedMessages"""
        if len(query.id) > MAX_MESSAGE_IDS:
            raise bad_request("LIMIT_INVALID")
        change = await self._shared.domain.messages.read_contents(
            caller.user_id, query.id, self._shared.now(), caller.perm_auth_key_id
        )
        return affected_messages(change)

    @rpc("messages.readMentions")
    async def read_mentions(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.readMentions#36e5bf4d flags:# peer:InputPeer top_msg_id:flags.0?int = messages.AffectedHistory"""
        shared = self._shared
        peer = await shared.peer(caller, query.peer)
        if peer.kind is PeerKind.CHANNEL:
            await shared.domain.messages.read_channel_contents(caller.user_id, peer.marked, (), caller.perm_auth_key_id)
            _, pts = await shared.domain.messages.in_channel(caller.user_id, peer.marked, ())
            return tl.messages.affectedHistory(pts=pts, pts_count=0, offset=0)
        return affected_history(
            await shared.domain.messages.read_mentions(
                caller.user_id, peer.marked, shared.now(), caller.perm_auth_key_id
            )
        )

    @rpc("messages.receivedMessages")
    def received_messages(self, caller: RpcMetadata, query: Any) -> list[Any]:
        """messages.receivedMessages#5a954c0 max_id:int = Vector<ReceivedNotifyMessage>"""
        # Says which push notifications can be taken back; none are sent.
        return []

    @rpc("messages.getOutboxReadDate")
    async def get_outbox_read_date(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getOutboxReadDate#8c4bfe5d peer:InputPeer msg_id:int = OutboxReadDate"""
        peer = await self._shared.peer(caller, query.peer)
        if peer.kind is not PeerKind.USER:
            raise bad_request("PEER_ID_INVALID")
        date = await self._shared.domain.messages.outbox_read_date(
            caller.user_id, peer.marked, query.msg_id, self._shared.now()
        )
        if not date:
            raise bad_request("MESSAGE_NOT_READ_YET")
        return tl.outboxReadDate(date=date)


class GroupReadMarks(RpcService):
    """Who in a group has read what; by its name a matter of chats."""

    name = "RPCChats"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    @rpc("messages.getMessageReadParticipants")
    async def get_message_read_participants(self, caller: RpcMetadata, query: Any) -> list[Any]:
        """messages.getMessageReadParticipants#31c1c44f peer:InputPeer msg_id:int = Vector<ReadParticipantDate>"""
        peer = await self._shared.peer(caller, query.peer)
        if peer.kind is PeerKind.USER or (
            peer.kind is PeerKind.CHANNEL and (await self._shared.seat_at(caller, peer)).channel.is_broadcast
        ):
            raise bad_request("PEER_ID_INVALID")
        try:
            readers = await self._shared.domain.messages.read_participants(
                caller.user_id, peer.marked, query.msg_id, self._shared.now()
            )
        except MessageTooOld:
            # This method has its own word for it.
            raise bad_request("MSG_TOO_OLD") from None
        return [tl.readParticipantDate(user_id=user_id, date=date) for user_id, date in readers]
