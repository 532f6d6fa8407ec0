"""messages.search, searchGlobal and what shows the media that were sent in a conversation."""

from typing import Any

from teamgram.bff.errors import bad_request
from teamgram.bff.messages.history import page_from
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.bff.views.messages import message_view, peers_in
from teamgram.bff.views.reactions import reactions_from
from teamgram.domain.boxes.message import Tag
from teamgram.domain.ids.peer import PeerKind
from teamgram.domain.messages.history import Found, Page, Search
from teamgram.domain.reactions.allowed import MAX_PER_USER
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl

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


# core.telegram.org/method/messages.getSearchResultsCalendar: these two are not supported.
_WITHOUT_PLACES = frozenset(("inputMessagesFilterEmpty", "inputMessagesFilterMyMentions"))


def _filter(view: Any) -> dict[str, Any]:
    wanted = _FILTERS.get(view.NAME)
    if wanted is None:
        raise bad_request("INPUT_FILTER_INVALID")
    return wanted


class MessageSearching(RpcService):
    """What finds messages by what they say and what they carry."""

    name = "RPCMessages"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    @rpc("messages.search")
    async def search(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.search#29ee847a flags:# peer:InputPeer q:string from_id:flags.0?InputPeer ... = messages.Messages"""
        shared = self._shared
        everywhere = query.peer.NAME == "inputPeerEmpty"
        peer = None if everywhere else await shared.peer(caller, query.peer)
        from_id = 0
        if query.from_id is not None:
            author = await shared.input_peers.peer(caller, query.from_id)
            # What a channel says is all that there is in it.
            if author.kind is not PeerKind.USER and author != peer:
                raise bad_request("FROM_PEER_INVALID")
            from_id = author.id if author.kind is PeerKind.USER else 0
        is_saved = peer is not None and peer.marked == caller.user_id
        what = {
            "tagged": reactions_from(query.saved_reaction)[:MAX_PER_USER] if is_saved else (),
            "from_id": from_id,
            "min_date": query.min_date,
            "max_date": query.max_date,
            **_filter(query.filter),
        }
        if peer is None:
            search = Search(caller.user_id, None, **what)
        else:
            saved_peer = await self._saved_peer(caller, peer.marked, query)
            search = await shared.search_in(caller, peer, saved_peer=saved_peer, **what)
        found = await self._found(query.q.strip()[:MAX_QUERY], search, page_from(query))
        return await shared.page_answer(caller.user_id, found)

    async def _found(self, text: str, search: Search, page: Page) -> Found:
        """Without a text all that there is of the kind."""
        if text or search.is_of_a_kind:
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
        counters = []
        for view in query.filters[: len(_FILTERS)]:
            search = await self._of_kind(caller, query, view)
            domain = self._shared.domain
            count = await (domain.search if search.is_of_a_kind else domain.messages).count(search)
            counters.append(tl.messages.searchCounter(filter=view, count=count))
        return counters

    @rpc("messages.getSearchResultsPositions")
    async def get_search_results_positions(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getSearchResultsPositions#9c7f2f10 flags:# peer:InputPeer ... = messages.SearchResultsPositions"""
        search = await self._of_kind(caller, query, query.filter, _WITHOUT_PLACES)
        count, positions = await self._shared.domain.search.positions(search, query.offset_id, query.limit)
        return tl.messages.searchResultsPositions(
            count=count,
            positions=[
                tl.searchResultPosition(msg_id=position.id, date=position.date, offset=position.offset)
                for position in positions
            ],
        )

    @rpc("messages.getSearchResultsCalendar")
    async def get_search_results_calendar(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getSearchResultsCalendar#6aa3f6bd flags:# peer:InputPeer ... = messages.SearchResultsCalendar"""
        search = await self._of_kind(caller, query, query.filter, _WITHOUT_PLACES)
        page = Page(offset_id=query.offset_id, offset_date=query.offset_date)
        calendar = await self._shared.domain.search.calendar(search, page)
        newest = [day.newest for day in calendar.days]
        users, chats = await self._shared.peers(caller.user_id, peers_in(newest))
        return tl.messages.searchResultsCalendar(
            count=calendar.count,
            min_date=newest[-1].date if newest else 0,
            min_msg_id=calendar.days[-1].oldest_id if newest else 0,
            offset_id_offset=calendar.offset or None,
            # A client tells the day by its own clock from a time on it.
            periods=[
                tl.searchResultsCalendarPeriod(
                    date=day.newest.date, min_msg_id=day.oldest_id, max_msg_id=day.newest.id, count=day.count
                )
                for day in calendar.days
            ],
            messages=[message_view(message, self._shared.updates.files) for message in newest],
            chats=chats,
            users=users,
        )

    @rpc("messages.searchSentMedia")
    async def search_sent_media(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.searchSentMedia#107e31a0 q:string filter:MessagesFilter limit:int = messages.Messages"""
        wanted = _filter(query.filter)
        if "tags" not in wanted:
            raise bad_request("FILTER_NOT_SUPPORTED")
        search = Search(caller.user_id, None, from_id=caller.user_id, **wanted)
        found = await self._found(query.q.strip()[:MAX_QUERY], search, Page(limit=query.limit))
        return await self._shared.page_answer(caller.user_id, found)

    async def _of_kind(
        self, caller: RpcMetadata, query: Any, filter_view: Any, unsupported: frozenset[str] = frozenset()
    ) -> Search:
        """What a query names by its peer, and a filter."""
        if filter_view.NAME in unsupported:
            raise bad_request("FILTER_NOT_SUPPORTED")
        peer = await self._shared.peer(caller, query.peer)
        saved_peer = await self._saved_peer(caller, peer.marked, query)
        return await self._shared.search_in(caller, peer, saved_peer=saved_peer, **_filter(filter_view))

    async def _saved_peer(self, caller: RpcMetadata, peer: int, query: Any) -> int:
        """In Saved Messages whom it was saved from; 0 for all of it."""
        # Older layers have no such field.
        view = getattr(query, "saved_peer_id", None)
        if view is None or peer != caller.user_id:
            return 0
        return (await self._shared.input_peers.peer(caller, view)).marked
