"""contacts.getTopPeers: with whom somebody has most to do."""

from typing import Any

from teamgram.bff.list_hash import list_hash
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.bff.views.messages import peer_view
from teamgram.domain.dialogs.top_peers import (
    BOTS,
    CHANNELS,
    CORRESPONDENTS,
    FORWARD_CHATS,
    FORWARD_USERS,
    GROUPS,
    INLINE_BOTS,
)
from teamgram.domain.ids.peer import Peer
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl

_ASKED = (
    ("correspondents", CORRESPONDENTS),
    ("bots_pm", BOTS),
    ("bots_inline", INLINE_BOTS),
    ("groups", GROUPS),
    ("channels", CHANNELS),
    ("forward_users", FORWARD_USERS),
    ("forward_chats", FORWARD_CHATS),
)
_MOST = 100
_NAME = "topPeerCategory"


class TopPeersService(RpcService):
    """The caller's."""

    name = "RPCContacts"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._top = shared.domain.top_peers

    @rpc("contacts.getTopPeers")
    async def get_top_peers(self, caller: RpcMetadata, query: Any) -> Any:
        """contacts.getTopPeers#973478b6 flags:# correspondents:flags.0?true … offset:int limit:int hash:long
        = contacts.TopPeers
        """
        wanted = [category for flag, category in _ASKED if getattr(query, flag)]
        rated = await self._top.rated(caller.user_id, wanted, self._shared.now())
        if rated is None:
            return tl.contacts.topPeersDisabled()
        first = max(0, query.offset)
        limit = min(query.limit, _MOST) if query.limit > 0 else _MOST
        shown = {category: peers[first : first + limit] for category, peers in rated.items()}
        peers = [peer for found in shown.values() for peer, _ in found]
        if query.hash and query.hash == list_hash(Peer.from_marked(peer).id for peer in peers):
            return tl.contacts.topPeersNotModified()
        users, chats = await self._shared.peers(caller.user_id, peers)
        return tl.contacts.topPeers(
            categories=[
                tl.topPeerCategoryPeers(
                    category=getattr(tl, _NAME + category)(),
                    count=len(rated[category]),
                    peers=[tl.topPeer(peer=peer_view(peer), rating=rating) for peer, rating in found],
                )
                for category, found in shown.items()
            ],
            chats=chats,
            users=users,
        )

    @rpc("contacts.resetTopPeerRating")
    async def reset_top_peer_rating(self, caller: RpcMetadata, query: Any) -> bool:
        """contacts.resetTopPeerRating#1ae373ac category:TopPeerCategory peer:InputPeer = Bool"""
        peer = await self._shared.peer(caller, query.peer)
        category = query.category.NAME.removeprefix(_NAME)
        await self._top.forget(caller.user_id, category, peer.marked, self._shared.now())
        return True

    @rpc("contacts.toggleTopPeers")
    async def toggle_top_peers(self, caller: RpcMetadata, query: Any) -> bool:
        """contacts.toggleTopPeers#8514bdda enabled:Bool = Bool"""
        await self._top.switch(caller.user_id, query.enabled)
        return True
