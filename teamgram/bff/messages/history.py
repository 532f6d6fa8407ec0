"""messages.getHistory, getMessages, search and what else looks into the caller's messages."""

from collections.abc import Mapping
from typing import Any

from teamgram.bff.errors import bad_request
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.bff.views.messages import message_view, peers_in, replies_view
from teamgram.domain.boxes.message import MessageAnswers
from teamgram.domain.ids.peer import PeerKind, marked_channel
from teamgram.domain.messages.history import Page
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl

MAX_MESSAGE_IDS = 200


def page_from(query: Any) -> Page:
    """The page that a paging query of any kind asks for."""
    return Page(
        offset_id=query.offset_id,
        offset_date=getattr(query, "offset_date", 0),
        add_offset=query.add_offset,
        limit=query.limit,
        max_id=query.max_id,
        min_id=query.min_id,
    )


class MessageHistory(RpcService):
    """What looks into the caller's message box and changes nothing."""

    name = "RPCMessages"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    @rpc("messages.getHistory")
    async def get_history(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getHistory#4423e6c5 peer:InputPeer offset_id:int offset_date:int ... = messages.Messages"""
        peer = await self._shared.peer(caller, query.peer)
        search = await self._shared.search_in(caller, peer)
        found = await self._shared.domain.messages.page(search, page_from(query))
        return await self._shared.page_answer(caller.user_id, found)

    @rpc("messages.getMessages")
    async def get_messages(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getMessages#63c66506 id:Vector<InputMessage> = messages.Messages"""
        ids = await self._message_ids(caller, query.id)
        found = await self._shared.domain.messages.get(caller.user_id, [id_ for id_ in ids if id_])
        users, chats = await self._shared.peers(caller.user_id, peers_in(found.values()))
        messages = [
            message_view(found[id_], self._shared.updates.files) if id_ in found else tl.messageEmpty(id=asked)
            for id_, asked in zip(ids, (getattr(view, "id", 0) or 0 for view in query.id), strict=True)
        ]
        return tl.messages.messages(messages=messages, topics=[], chats=chats, users=users)

    async def _message_ids(self, caller: RpcMetadata, views: list[Any]) -> list[int]:
        """The caller's ids of what is asked for; 0 where there is none."""
        if len(views) > MAX_MESSAGE_IDS:
            raise bad_request("LIMIT_INVALID")
        ids: list[int] = []
        for view in views:
            if view.NAME == "inputMessageReplyTo":
                message = (await self._shared.domain.messages.get(caller.user_id, [view.id])).get(view.id)
                ids.append(message.reply_to_id if message is not None else 0)
            else:
                # inputMessagePinned is for channels alone.
                ids.append(view.id if view.NAME == "inputMessageID" else 0)
        return ids

    @rpc("messages.getUnreadMentions")
    async def get_unread_mentions(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getUnreadMentions#f107e790 flags:# peer:InputPeer ... = messages.Messages"""
        peer = await self._shared.peer(caller, query.peer)
        search = await self._shared.search_in(caller, peer, unread_mentions=True)
        return await self._shared.page_answer(
            caller.user_id, await self._shared.domain.search.page("", search, page_from(query))
        )

    @rpc("messages.getMessagesViews")
    async def get_messages_views(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getMessagesViews#5784d3e1 peer:InputPeer id:Vector<int> increment:Bool = messages.MessageViews"""
        shared = self._shared
        peer = await shared.peer(caller, query.peer)
        if len(query.id) > MAX_MESSAGE_IDS:
            raise bad_request("LIMIT_INVALID")
        counts: dict[int, tuple[int, int]] = {}
        answers: Mapping[int, MessageAnswers] = {}
        if peer.kind is PeerKind.CHANNEL:
            seat = await shared.seat_at(caller, peer)
            counts = await shared.domain.post_counts.get(seat, query.id, look=query.increment)
            answers = await shared.domain.topics_seen.answers(seat, query.id)
        views = [
            tl.messageViews(
                views=counts[id_][0] if id_ in counts else None,
                forwards=counts[id_][1] if id_ in counts else None,
                replies=replies_view(answers[id_]) if id_ in answers else None,
            )
            for id_ in query.id
        ]
        groups = {marked_channel(one.group_id) for one in answers.values() if one.group_id}
        users, chats = await shared.peers(caller.user_id, groups)
        return tl.messages.messageViews(views=views, chats=chats, users=users)
