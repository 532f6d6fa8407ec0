"""RPCMessages: searching in what all public channels have posted."""

from typing import Any

from teamgram.bff.errors import bad_request
from teamgram.bff.messages.searching import MAX_QUERY
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.bff.views.messages import message_view, peers_in
from teamgram.domain.search.posts import PostPlace
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl

_DAILY = 1_000_000


class SearchingPosts(RpcService):
    """Posts of public channels by a word or a hashtag, whoever reads them; it costs nothing."""

    name = "RPCMessages"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    @rpc("channels.checkSearchPostsFlood")
    def check_search_posts_flood(self, caller: RpcMetadata, query: Any) -> Any:
        """channels.checkSearchPostsFlood#22567115 flags:# query:flags.0?string = SearchPostsFlood"""
        # What bounds searches is the flood limit of all methods.
        return tl.searchPostsFlood(query_is_free=True, total_daily=_DAILY, remains=_DAILY, stars_amount=0)

    @rpc("channels.searchPosts")
    async def search_posts(self, caller: RpcMetadata, query: Any) -> Any:
        """channels.searchPosts#f2c4f24d flags:# hashtag:flags.0?string query:flags.1?string ... = messages.Messages"""
        shared = self._shared
        hashtag = (query.hashtag or "").strip().lstrip("#$")[:MAX_QUERY]
        words = (getattr(query, "query", None) or "").strip()[:MAX_QUERY]
        if not hashtag and not words:
            raise bad_request("QUERY_TOO_SHORT")
        after = None
        if query.offset_id and query.offset_rate:
            peer = await shared.input_peers.peer(caller, query.offset_peer)
            after = PostPlace(query.offset_rate, peer.marked, query.offset_id)
        seats = await shared.domain.channel_overviews.public(caller.user_id, shared.now())
        found = await shared.domain.post_search.page(hashtag, words, seats, query.limit, after)
        messages = [message_view(message, shared.updates.files) for message in found.messages]
        users, chats = await shared.peers(caller.user_id, peers_in(found.messages))
        if not found.has_more:
            return tl.messages.messages(messages=messages, topics=[], chats=chats, users=users)
        return tl.messages.messagesSlice(
            inexact=True,
            count=found.count,
            next_rate=found.messages[-1].date,
            messages=messages,
            topics=[],
            chats=chats,
            users=users,
        )
