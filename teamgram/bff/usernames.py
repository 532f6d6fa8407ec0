"""RPCUsernames: names that anybody can look up."""

from typing import Any

from teamgram.bff.errors import bad_request
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.views.users import UserViews
from teamgram.domain.contacts.watchers import Watchers
from teamgram.domain.ids.peer import PeerKind
from teamgram.domain.ids.username import check_username
from teamgram.domain.updates.events import UserNameChanged
from teamgram.domain.updates.fanout import Fanout
from teamgram.domain.users.users import UsernameOccupied, Users
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl


class Usernames(RpcService):
    """Taking and resolving usernames."""

    name = "RPCUsernames"

    def __init__(self, users: Users, watchers: Watchers, views: UserViews, fanout: Fanout) -> None:
        self._users = users
        self._watchers = watchers
        self._views = views
        self._fanout = fanout

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
        if owner is None or owner.kind is not PeerKind.USER:
            raise bad_request("USERNAME_NOT_OCCUPIED")
        return tl.contacts.resolvedPeer(
            peer=tl.peerUser(user_id=owner.id), chats=[], users=await self._views.render(caller.user_id, [owner.id])
        )
