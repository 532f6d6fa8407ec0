"""messages.getHistory, getMessages, search and what else looks into the caller's messages."""

from typing import Any

from teamgram.bff.errors import bad_request
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.bff.views.messages import message_view, peers_in
from teamgram.domain.boxes.message import Tag
from teamgram.domain.ids.peer import PeerKind
from teamgram.domain.messages.history import Found, Page, Search
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl

MAX_MESSAGE_IDS = 200

MAX_QUERY = 256
"""Characters of a search's text that count."""

# What each filter asks for; ``None``: nothing here can ever match.
_FILTERS: dict[str, dict[str, Any]] = {
    "inputMessagesFilterEmpty": {},
    "inputMessagesFilterPhotos": {"tags": Tag.PHOTO},
    "inputMessagesFilterVideo": {"tags": Tag.VIDEO},
    "inputMessagesFilterPhotoVideo": {"tags": Tag.PHOTO | Tag.VIDEO},
    "inputMessagesFilterDocument": {"tags": Tag.DOCUMENT},
    "inputMessagesFilterUrl": {"tags": Tag.URL},
    "inputMessagesFilterGif": {"tags": Tag.GIF},
    "inputMessagesFilterVoice": {"tags": Tag.VOICE},
    "inputMessagesFilterMusic": {"tags": Tag.MUSIC},
    "inputMessagesFilterChatPhotos": {"tags": Tag.CHAT_PHOTO},
    "inputMessagesFilterPhoneCalls": {"tags": Tag.PHONE_CALL},
    "inputMessagesFilterRoundVoice": {"tags": Tag.VOICE | Tag.ROUND_VIDEO},
    "inputMessagesFilterRoundVideo": {"tags": Tag.ROUND_VIDEO},
    "inputMessagesFilterMyMentions": {"mentioned": True},
    "inputMessagesFilterGeo": {"tags": Tag.GEO},
    "inputMessagesFilterContacts": {"tags": Tag.CONTACT},
    "inputMessagesFilterPinned": {"pinned": True},
    "inputMessagesFilterPoll": {"tags": Tag.POLL},
}


def _filter(view: Any) -> dict[str, Any]:
    wanted = _FILTERS.get(view.NAME)
    if wanted is None:
        raise bad_request("INPUT_FILTER_INVALID")
    return wanted


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
        found = await self._shared.domain.messages.page(Search(caller.user_id, peer.marked), page_from(query))
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

    @rpc("messages.search")
    async def search(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.search#29ee847a flags:# peer:InputPeer q:string from_id:flags.0?InputPeer ... = messages.Messages"""
        shared = self._shared
        everywhere = query.peer.NAME == "inputPeerEmpty"
        peer = None if everywhere else (await shared.peer(caller, query.peer)).marked
        from_id = 0
        if query.from_id is not None:
            author = await shared.input_peers.peer(caller, query.from_id)
            if author.kind is not PeerKind.USER:
                raise bad_request("FROM_PEER_INVALID")
            from_id = author.id
        saved_peer = 0
        if query.saved_peer_id is not None and peer == caller.user_id:
            saved_peer = (await shared.input_peers.peer(caller, query.saved_peer_id)).marked
        search = Search(
            caller.user_id,
            peer,
            saved_peer=saved_peer,
            from_id=from_id,
            min_date=query.min_date,
            max_date=query.max_date,
            **_filter(query.filter),
        )
        found = await self._found(query.q.strip()[:MAX_QUERY], search, page_from(query))
        return await shared.page_answer(caller.user_id, found)

    async def _found(self, text: str, search: Search, page: Page) -> Found:
        """Without a text all that there is of the kind."""
        if text:
            return await self._shared.domain.search.page(text, search, page)
        return await self._shared.domain.messages.page(search, page)

    @rpc("messages.searchGlobal")
    async def search_global(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.searchGlobal#4bc6589a flags:# ... q:string filter:MessagesFilter ... = messages.Messages"""
        shared = self._shared
        text = query.q.strip()[:MAX_QUERY]
        wanted = _filter(query.filter)
        if not text and not wanted:
            raise bad_request("SEARCH_QUERY_EMPTY")
        if query.broadcasts_only:
            return tl.messages.messages(messages=[], topics=[], chats=[], users=[])
        search = Search(
            caller.user_id,
            None,
            min_date=query.min_date,
            max_date=query.max_date,
            folder_id=query.folder_id,
            peers="groups" if query.groups_only else "users" if query.users_only else "all",
            **wanted,
        )
        # Ids of private chats and basic groups are one sequence, so the id alone says where to go on.
        found = await self._found(text, search, Page(offset_id=query.offset_id, limit=query.limit))
        answer = await shared.page_answer(caller.user_id, found)
        if found.messages and answer.NAME == "messages.messagesSlice":
            answer.next_rate = found.messages[-1].date
        return answer

    @rpc("messages.getSearchCounters")
    async def get_search_counters(self, caller: RpcMetadata, query: Any) -> list[Any]:
        """messages.getSearchCounters#1bbcf300 flags:# peer:InputPeer ... = Vector<messages.SearchCounter>"""
        peer = await self._shared.peer(caller, query.peer)
        counters = []
        for view in query.filters[: len(_FILTERS)]:
            count = await self._shared.domain.messages.count(Search(caller.user_id, peer.marked, **_filter(view)))
            counters.append(tl.messages.searchCounter(filter=view, count=count))
        return counters

    @rpc("messages.getUnreadMentions")
    async def get_unread_mentions(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getUnreadMentions#f107e790 flags:# peer:InputPeer ... = messages.Messages"""
        peer = await self._shared.peer(caller, query.peer)
        search = Search(caller.user_id, peer.marked, unread_mentions=True)
        return await self._shared.page_answer(
            caller.user_id, await self._shared.domain.messages.page(search, page_from(query))
        )

    @rpc("messages.getMessagesViews")
    async def get_messages_views(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getMessagesViews#5784d3e1 peer:InputPeer id:Vector<int> increment:Bool = messages.MessageViews"""
        await self._shared.peer(caller, query.peer)
        if len(query.id) > MAX_MESSAGE_IDS:
            raise bad_request("LIMIT_INVALID")
        # Views are counted in channels alone.
        return tl.messages.messageViews(views=[tl.messageViews() for _ in query.id], chats=[], users=[])
