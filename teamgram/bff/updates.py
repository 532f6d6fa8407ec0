"""RPCUpdates: where a client stands, and what it has missed."""

from typing import Any

from teamgram.bff.errors import bad_request
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.bff.views.messages import message_view, peers_in
from teamgram.bff.views.updates import entry_view
from teamgram.domain.boxes.difference import Difference, State
from teamgram.domain.boxes.events import NewMessage
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl

MAX_ENTRIES = 1000
"""Log entries in one answer; the client comes again for the rest."""


class Updates(RpcService):
    """State and difference of the caller's message box."""

    name = "RPCUpdates"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    @rpc("updates.getState")
    async def get_state(self, caller: RpcMetadata, query: Any) -> Any:
        """updates.getState#edd4882a = updates.State"""
        return state_view(await self._shared.domain.log.state(caller.user_id), self._shared.now())

    @rpc("updates.getDifference")
    async def get_difference(self, caller: RpcMetadata, query: Any) -> Any:
        """updates.getDifference#19c2f763 flags:# pts:int ... date:int qts:int ... = updates.Difference"""
        if query.pts <= 0:
            raise bad_request("PERSISTENT_TIMESTAMP_EMPTY")
        limit = min(query.pts_limit or MAX_ENTRIES, MAX_ENTRIES)
        if limit < 0:
            raise bad_request("PERSISTENT_TIMESTAMP_INVALID")
        difference = await self._shared.domain.log.difference(
            caller.user_id, query.pts, limit, max(0, query.pts_total_limit or 0), query.date
        )
        now = self._shared.now()
        if difference.too_long:
            return tl.updates.differenceTooLong(pts=difference.state.pts)
        if not difference.entries and not difference.jumps:
            return tl.updates.differenceEmpty(date=now, seq=0)
        return await self._answer(caller.user_id, difference, now)

    async def _answer(self, viewer_id: int, difference: Difference, now: int) -> Any:
        files = self._shared.updates.files
        new_messages: list[Any] = []
        other_updates: list[Any] = []
        for entry in difference.entries:
            event = entry.event
            if isinstance(event, NewMessage):
                message = difference.messages.get(event.id)
                # A message that is gone again is not told; the state that comes with this answer is past it.
                if message is not None:
                    new_messages.append(message_view(message, files))
                continue
            update = entry_view(entry, difference.messages.get(getattr(event, "id", 0)), files)
            if update is not None:
                other_updates.append(update)
        # Its own messages by the names that the client gave them: it may have sent them before the cut.
        other_updates[:0] = [
            tl.updateMessageID(random_id=random_id, id=id_) for id_, random_id in difference.random_ids.items()
        ]
        users, chats = await self._shared.peers(viewer_id, peers_in(difference.messages.values()))
        content: dict[str, Any] = {
            "new_messages": new_messages,
            "new_encrypted_messages": [],
            "other_updates": other_updates,
            "chats": chats,
            "users": users,
        }
        if difference.complete:
            return tl.updates.difference(**content, state=state_view(difference.state, now))
        reached = State(difference.reached_pts, difference.state.unread_count)
        return tl.updates.differenceSlice(
            **content, intermediate_state=state_view(reached, difference.reached_at or now)
        )

    @rpc("updates.getChannelDifference")
    async def get_channel_difference(self, caller: RpcMetadata, query: Any) -> Any:
        """updates.getChannelDifference#3173d78 flags:# force:flags.0?true channel:InputChannel ..."""
        # There are no channels here yet, so no id can be one.
        raise bad_request("CHANNEL_INVALID")


def state_view(state: State, now: int) -> Any:
    """``updates.state``; nothing here uses qts, and seq counts nothing."""
    return tl.updates.state(pts=state.pts, qts=0, date=now, seq=0, unread_count=state.unread_count)
