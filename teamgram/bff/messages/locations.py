"""messages.getRecentLocations."""

from typing import Any

from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.domain.boxes.message import Message, Tag
from teamgram.domain.messages.history import Page
from teamgram.interfaces.rpc import RpcMetadata

MAX_LOCATIONS = 100


class RecentLocations(RpcService):
    """Who is under way in a conversation."""

    name = "RPCMessages"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    @rpc("messages.getRecentLocations")
    async def get_recent_locations(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getRecentLocations#702a40e0 peer:InputPeer limit:int hash:long = messages.Messages"""
        shared = self._shared
        peer = await shared.peer(caller, query.peer)
        page = Page(limit=MAX_LOCATIONS)
        found = await shared.domain.messages.page(await shared.search_in(caller, peer, tags=Tag.GEO), page)
        live = [message for message in found.messages if _is_live(message, shared.now())]
        return await shared.messages_answer(caller.user_id, live[: min(max(query.limit, 1), MAX_LOCATIONS)])


def _is_live(message: Message, now: int) -> bool:
    media = message.extra.media
    return media is not None and media.place is not None and media.place.is_live(message.date, now)
