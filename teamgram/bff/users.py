"""RPCUsers: who somebody is."""

from typing import Any

from teamgram.bff.errors import bad_request
from teamgram.bff.peers import InputPeers
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.views.full_users import FullUserViews
from teamgram.bff.views.users import UserViews
from teamgram.domain.contacts.numbers import Numbers
from teamgram.interfaces.rpc import RpcError, RpcMetadata
from teamgram.mtproto.tl import tl

MAX_USERS = 1000
"""Users in one ``users.getUsers``."""


class UsersService(RpcService):
    """Users by id and by number."""

    name = "RPCUsers"

    def __init__(
        self,
        numbers: Numbers,
        peers: InputPeers,
        views: UserViews,
        full_views: FullUserViews,
    ) -> None:
        self._numbers = numbers
        self._peers = peers
        self._views = views
        self._full_views = full_views

    @rpc("users.getUsers")
    async def get_users(self, caller: RpcMetadata, query: Any) -> list[Any]:
        """users.getUsers#d91a548 id:Vector<InputUser> = Vector<User>"""
        if len(query.id) > MAX_USERS:
            raise bad_request("LIMIT_INVALID")
        user_ids: list[int] = []
        for written in query.id:
            try:
                user = self._peers.try_user(caller, written) or await self._peers.user(caller, written)
                user_ids.append(user.id)
            except RpcError:
                user_ids.append(0)  # one who cannot be addressed does not spoil the others
        views = {view.id: view for view in await self._views.render(caller.user_id, filter(None, user_ids))}
        # Clients match answers to questions by position.
        return [
            views[user_id] if user_id else tl.userEmpty(id=getattr(written, "user_id", 0))
            for user_id, written in zip(user_ids, query.id, strict=True)
        ]

    @rpc("users.getFullUser")
    async def get_full_user(self, caller: RpcMetadata, query: Any) -> Any:
        """users.getFullUser#b60f5918 id:InputUser = users.UserFull"""
        user = await self._peers.user(caller, query.id)
        return tl.users.userFull(
            full_user=await self._full_views.render(caller.user_id, user),
            chats=[],
            users=await self._views.render(caller.user_id, [user.id]),
        )

    @rpc("contacts.resolvePhone")
    async def resolve_phone(self, caller: RpcMetadata, query: Any) -> Any:
        """contacts.resolvePhone#8af94344 phone:string = contacts.ResolvedPeer"""
        user = await self._numbers.find(caller.user_id, query.phone)
        if user is None:
            raise bad_request("PHONE_NOT_OCCUPIED")
        return tl.contacts.resolvedPeer(
            peer=tl.peerUser(user_id=user.id), chats=[], users=await self._views.render(caller.user_id, [user.id])
        )
