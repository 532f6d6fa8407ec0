"""RPCUpdates: where a client stands, and what it has missed."""

from dataclasses import replace
from typing import Any

from teamgram.bff.errors import bad_request
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.bff.views.dialogs import dialog_view
from teamgram.bff.views.messages import message_view, peers_in
from teamgram.bff.views.notifications import notify_settings_view
from teamgram.bff.views.updates import entry_view
from teamgram.domain.boxes.difference import Difference, State
from teamgram.domain.boxes.events import NewMessage
from teamgram.domain.channels.channel import Seat
from teamgram.domain.ids.peer import channel_id_of, marked_channel
from teamgram.domain.users.notifications import UNCHANGED
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl

MAX_ENTRIES = 1000
"""Log entries in one answer; the client comes again for the rest."""

_POLL_SECONDS = 30
"""After which somebody who looks into a channel without being in it asks again."""

_LOOK_SECONDS = 60
"""After which a member asks again who has it open: Web A and Telegram Desktop would ask each second."""

_SLACK = 10
"""Seconds before a client's date from which its channels are named: a push may have been lost that was overtaken."""


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
        in_channels, channels = await self._moved(caller.user_id, query.date) if difference.complete else ([], set())
        if not difference.entries and not difference.jumps and not in_channels:
            return tl.updates.differenceEmpty(date=now, seq=0)
        return await self._answer(caller.user_id, difference, now, in_channels, channels)

    async def _moved(self, user_id: int, date: int) -> tuple[list[Any], set[int]]:
        """What tells a client of its channels that it has to ask for their differences; and their marked ids."""
        if date <= 0:
            return [], set()
        moved, changed = await self._shared.domain.log.moved_channels(user_id, date - _SLACK)
        updates = [
            *(tl.updateChannel(channel_id=channel_id) for channel_id in changed),
            *(tl.updateChannelTooLong(channel_id=channel_id_of(marked), pts=pts) for marked, pts in moved),
        ]
        return updates, {*(marked_channel(channel_id) for channel_id in changed), *(marked for marked, _ in moved)}

    async def _answer(
        self, viewer_id: int, difference: Difference, now: int, in_channels: list[Any], channels: set[int]
    ) -> Any:
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
        other_updates += in_channels
        users, chats = await self._shared.peers(viewer_id, peers_in(difference.messages.values()) | channels)
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
        """updates.getChannelDifference#3173d78 flags:# force:flags.0?true channel:InputChannel
        filter:ChannelMessagesFilter pts:int limit:int = updates.ChannelDifference
        """
        shared = self._shared
        if query.pts <= 0:
            raise bad_request("PERSISTENT_TIMESTAMP_EMPTY")
        if query.limit <= 0:
            raise bad_request("PERSISTENT_TIMESTAMP_INVALID")
        seat = await shared.seat(caller, query.channel)
        limit = min(query.limit, MAX_ENTRIES)
        difference = await shared.domain.channel_log.difference(seat, query.pts, limit)
        # Who is not in it has nothing pushed.
        again = _LOOK_SECONDS if seat.is_present else _POLL_SECONDS
        if difference.too_long or difference.jumps:
            return await self._channel_from_anew(seat, again)
        if not difference.entries:
            return tl.updates.channelDifferenceEmpty(final=True, pts=difference.state.pts, timeout=again)
        files = shared.updates.files
        new_messages, other_updates = [], []
        for entry in difference.entries:
            event = entry.event
            message = difference.messages.get(getattr(event, "id", 0))
            if isinstance(event, NewMessage):
                if message is not None:
                    new_messages.append(message_view(message, files))
                continue
            update = entry_view(entry, message, files)
            if update is not None:
                other_updates.append(update)
        users, chats = await shared.peers(
            caller.user_id, peers_in(difference.messages.values()) | {seat.channel.marked}
        )
        return tl.updates.channelDifference(
            final=difference.complete,
            pts=difference.reached_pts,
            timeout=again,
            new_messages=new_messages,
            other_updates=other_updates,
            chats=chats,
            users=users,
        )

    async def _channel_from_anew(self, seat: Seat, again: int) -> Any:
        """``updates.channelDifferenceTooLong``: the channel's newest messages, from which the client goes on."""
        shared, viewer_id, marked = self._shared, seat.user_id, seat.channel.marked
        found = await shared.domain.channel_log.newest(seat)
        dialog = await shared.domain.dialogs.get(viewer_id, marked)
        chosen = (await shared.domain.notifications.get(viewer_id)).get(str(marked), UNCHANGED)
        users, chats = await shared.peers(viewer_id, peers_in(found.messages) | {marked})
        return tl.updates.channelDifferenceTooLong(
            final=True,
            timeout=again,
            dialog=dialog_view(replace(dialog, pts=found.pts), notify_settings_view(chosen)),
            messages=[message_view(message, shared.updates.files) for message in found.messages],
            chats=chats,
            users=users,
        )


def state_view(state: State, now: int) -> Any:
    """``updates.state``; nothing here uses qts, and seq counts nothing."""
    return tl.updates.state(pts=state.pts, qts=0, date=now, seq=0, unread_count=state.unread_count)
