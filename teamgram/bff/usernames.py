"""RPCUsernames: names that anybody can look up."""

from typing import Any

from teamgram.bff.errors import bad_request
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.bff.views.messages import peer_view
from teamgram.domain.ids.peer import PeerKind
from teamgram.domain.ids.username import check_username
from teamgram.domain.updates.events import UserNameChanged
from teamgram.domain.users.users import UsernameOccupied
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl


class Usernames(RpcService):
    """Taking and resolving usernames."""

    name = "RPCUsernames"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._users = shared.domain.users
        self._watchers = shared.domain.watchers
        self._views = shared.user_views
        self._fanout = shared.domain.fanout

    @rpc("account.checkUsername")
    async def check_username(self, caller: RpcMetadata, query: Any) -> bool:
        """account.checkUsername#2714d86c username:string = Bool"""
        owner = await self._users.resolve_username(check_username(query.username))
        if owner is None:
            return True
        if owner.kind is PeerKind.USER and owner.id == caller.user_id:
            return True
        raise UsernameOccupied(query.username)

    @rpc("account.updateUsername")
    async def update_username(self, caller: RpcMetadata, query: Any) -> Any:
        """account.updateUsername#3e0bdd7c username:string = User"""
        username = check_username(query.username) if query.username else ""
        await self._users.set_username(caller.user_id, username)
        watchers = await self._watchers.of(caller.user_id)
        self._fanout.publish([caller.user_id, *watchers], UserNameChanged(caller.user_id), caller.perm_auth_key_id)
        (view,) = await self._views.render(caller.user_id, [caller.user_id])
        return view

    @rpc("contacts.resolveUsername")
    async def resolve_username(self, caller: RpcMetadata, query: Any) -> Any:
        """contacts.resolveUsername#725afbbc flags:# username:string referer:flags.0?string = contacts.ResolvedPeer"""
        username = query.username.lstrip("@")
        if not username or len(username) > 64:
            raise bad_request("USERNAME_INVALID")
        owner = await self._users.resolve_username(username)
        if owner is None:
            raise bad_request("USERNAME_NOT_OCCUPIED")
        users, chats = await self._shared.peers(caller.user_id, {owner.marked})
        return tl.contacts.resolvedPeer(peer=peer_view(owner.marked), chats=chats, users=users)
