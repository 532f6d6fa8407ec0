"""Messages of channels by their ids: getting, deleting, linking to and reading them."""

from typing import Any

from teamgram.bff.channels.answers import nothing_told
from teamgram.bff.errors import bad_request
from teamgram.bff.messages.history import MAX_MESSAGE_IDS
from teamgram.bff.messages.marks import affected_history, affected_messages
from teamgram.bff.messages.removing import MAX_DELETE
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.bff.views.messages import message_view, peers_in
from teamgram.domain.boxes.message import Message
from teamgram.domain.channels.channel import Seat
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl

LINK_PREFIX = "https://t.me/"


class ChannelMessages(RpcService):
    """Messages of a channel by their ids, and reading it."""

    name = "RPCChannels"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    @rpc("channels.getMessages")
    async def get_messages(self, caller: RpcMetadata, query: Any) -> Any:
        """channels.getMessages#ad8c9a23 channel:InputChannel id:Vector<InputMessage> = messages.Messages"""
        shared = self._shared
        seat = await shared.seat(caller, query.channel)
        ids, answered = await self._ids(seat, query.id)
        found, pts = await shared.domain.messages.in_channel(
            caller.user_id, seat.channel.marked, [id_ for id_ in ids if id_], seat.hidden_up_to
        )
        if answered := answered - found.keys():
            # A bot has what is answered by something that it hears.
            more, _ = await shared.domain.messages.in_channel(
                caller.user_id, seat.channel.marked, sorted(answered), seat.hidden_up_to, unheard=True
            )
            found |= more
        users, chats = await shared.peers(caller.user_id, peers_in(found.values()) | {seat.channel.marked})
        messages = [
            message_view(found[id_], shared.updates.files)
            if id_ in found
            else tl.messageEmpty(id=asked, peer_id=tl.peerChannel(channel_id=seat.channel.id))
            for id_, asked in zip(ids, (getattr(view, "id", 0) or 0 for view in query.id), strict=True)
        ]
        return tl.messages.channelMessages(
            pts=pts, count=len(messages), messages=messages, topics=[], chats=chats, users=users
        )

    async def _ids(self, seat: Seat, views: list[Any]) -> tuple[list[int], set[int]]:
        """The ids of what is asked for, 0 where there is none; and those that are asked for by their answers."""
        if len(views) > MAX_MESSAGE_IDS:
            raise bad_request("LIMIT_INVALID")
        domain, marked = self._shared.domain, seat.channel.marked
        answering = [view.id for view in views if view.NAME == "inputMessageReplyTo"]
        answers: dict[int, Message] = {}
        if answering:
            answers, _ = await domain.messages.in_channel(seat.user_id, marked, answering, seat.hidden_up_to)
        pinned = 0
        if any(view.NAME == "inputMessagePinned" for view in views):
            pinned = (await domain.channels.counts(seat)).pinned_message_id
        ids: list[int] = []
        for view in views:
            if view.NAME == "inputMessageReplyTo":
                ids.append(answers[view.id].reply_to_id if view.id in answers else 0)
            elif view.NAME == "inputMessagePinned":
                ids.append(pinned)
            else:
                ids.append(view.id if view.NAME == "inputMessageID" else 0)
        return ids, {message.reply_to_id for message in answers.values() if message.reply_to_id}

    @rpc("channels.exportMessageLink")
    async def export_message_link(self, caller: RpcMetadata, query: Any) -> Any:
        """channels.exportMessageLink#e63fadeb flags:# grouped:flags.0?true … id:int = ExportedMessageLink"""
        seat = await self._shared.seat(caller, query.channel)
        channel = seat.channel
        found, _ = await self._shared.domain.messages.in_channel(
            caller.user_id, channel.marked, [query.id], seat.hidden_up_to
        )
        if query.id not in found:
            raise bad_request("MESSAGE_ID_INVALID")
        # Apps know by "single" that one picture of an album is meant, not all of it.
        single = "?single" if found[query.id].extra.grouped_id and not query.grouped else ""
        link = f"{LINK_PREFIX}{channel.username or f'c/{channel.id}'}/{query.id}{single}"
        return tl.exportedMessageLink(link=link, html="")  # nothing shows posts on other people's pages

    @rpc("channels.deleteMessages")
    async def delete_messages(self, caller: RpcMetadata, query: Any) -> Any:
        """channels.deleteMessages#84c1fd4e channel:InputChannel id:Vector<int> = messages.AffectedMessages"""
        shared = self._shared
        if len(query.id) > MAX_DELETE:
            raise bad_request("MESSAGE_ID_INVALID")
        seat = await shared.seat(caller, query.channel)
        change = await shared.domain.messages.delete_in_channel(
            caller.user_id, seat.channel.marked, query.id, shared.now(), caller.perm_auth_key_id
        )
        return affected_messages(change)

    @rpc("channels.deleteHistory")
    async def delete_history(self, caller: RpcMetadata, query: Any) -> Any:
        """channels.deleteHistory#9baa9647 flags:# for_everyone:flags.0?true … = Updates"""
        shared = self._shared
        seat = await shared.seat(caller, query.channel)
        if query.for_everyone:
            change = await shared.domain.messages.clear_channel(
                caller.user_id, seat.channel.marked, query.max_id, shared.now(), caller.perm_auth_key_id
            )
            return await shared.updates.answer(change)
        up_to = await shared.domain.channels.hide_history(shared.actor(caller), seat.channel.id, query.max_id)
        updates = nothing_told(shared)
        updates.updates.append(tl.updateChannelAvailableMessages(channel_id=seat.channel.id, available_min_id=up_to))
        return updates

    @rpc("channels.deleteParticipantHistory")
    async def delete_participant_history(self, caller: RpcMetadata, query: Any) -> Any:
        """channels.deleteParticipantHistory#367544db channel:InputChannel … = messages.AffectedHistory"""
        shared = self._shared
        seat = await shared.seat(caller, query.channel)
        writer = await shared.peer(caller, query.participant)
        change, left = await shared.domain.messages.delete_written_by(
            caller.user_id, seat.channel.marked, writer.marked, shared.now(), caller.perm_auth_key_id
        )
        return affected_history(change, left)

    @rpc("channels.readHistory")
    async def read_history(self, caller: RpcMetadata, query: Any) -> bool:
        """channels.readHistory#cc104937 channel:InputChannel max_id:int = Bool"""
        seat = await self._shared.seat(caller, query.channel)
        await self._shared.domain.messages.read_channel(
            caller.user_id, seat.channel.marked, query.max_id, caller.perm_auth_key_id
        )
        return True

    @rpc("channels.readMessageContents")
    async def read_message_contents(self, caller: RpcMetadata, query: Any) -> bool:
        """channels.readMessageContents#eab5dc38 channel:InputChannel id:Vector<int> = Bool"""
        if len(query.id) > MAX_MESSAGE_IDS:
            raise bad_request("LIMIT_INVALID")
        seat = await self._shared.seat(caller, query.channel)
        if query.id:
            await self._shared.domain.messages.read_channel_contents(
                caller.user_id, seat.channel.marked, query.id, caller.perm_auth_key_id
            )
        return True
