"""chatlists.*: links to folders, for who shares one and for who follows one."""

from collections.abc import Iterable, Sequence
from typing import Any

from teamgram.bff.errors import bad_request
from teamgram.bff.folders.service import named_peers
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.bff.views.folders import link_view, title_view
from teamgram.bff.views.messages import peer_view
from teamgram.domain.folders.folder import MAX_CHATS
from teamgram.domain.folders.links import FolderJoined
from teamgram.domain.ids.peer import marked_channel, marked_chat
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl


class FolderLinksService(RpcService):
    """Links to folders."""

    name = "RPCFolders"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._links = shared.domain.folder_links

    # --- who shares ---

    @rpc("chatlists.exportChatlistInvite")
    async def export_chatlist_invite(self, caller: RpcMetadata, query: Any) -> Any:
        """chatlists.exportChatlistInvite#8472478e chatlist:InputChatlist title:string peers:Vector<InputPeer> = …"""
        shared = self._shared
        peers = await named_peers(shared, caller, query.peers)
        owned, link = await self._links.export(
            caller.user_id,
            query.chatlist.filter_id,
            query.title,
            peers,
            shared.now(),
            device=caller.perm_auth_key_id,
        )
        return tl.chatlists.exportedChatlistInvite(filter=await shared.folder_views.one(owned), invite=link_view(link))

    @rpc("chatlists.getExportedInvites")
    async def get_exported_invites(self, caller: RpcMetadata, query: Any) -> Any:
        """chatlists.getExportedInvites#ce03da83 chatlist:InputChatlist = chatlists.ExportedInvites"""
        links = await self._links.of_folder(caller.user_id, query.chatlist.filter_id)
        users, chats = await self._shared.peers(caller.user_id, {peer for link in links for peer in link.peers})
        return tl.chatlists.exportedInvites(invites=[link_view(link) for link in links], chats=chats, users=users)

    @rpc("chatlists.editExportedInvite")
    async def edit_exported_invite(self, caller: RpcMetadata, query: Any) -> Any:
        """chatlists.editExportedInvite#653db63d flags:# chatlist:InputChatlist slug:string title:flags.1?string …"""
        peers = None if query.peers is None else await named_peers(self._shared, caller, query.peers)
        link = await self._links.edit(
            caller.user_id, query.chatlist.filter_id, query.slug, title=query.title, peers=peers
        )
        return link_view(link)

    @rpc("chatlists.deleteExportedInvite")
    async def delete_exported_invite(self, caller: RpcMetadata, query: Any) -> bool:
        """chatlists.deleteExportedInvite#719c5c5e chatlist:InputChatlist slug:string = Bool"""
        await self._links.delete(caller.user_id, query.chatlist.filter_id, query.slug, device=caller.perm_auth_key_id)
        return True

    # --- who follows ---

    @rpc("chatlists.checkChatlistInvite")
    async def check_chatlist_invite(self, caller: RpcMetadata, query: Any) -> Any:
        """chatlists.checkChatlistInvite#41c10fff slug:string = chatlists.ChatlistInvite"""
        found = await self._links.check(caller.user_id, query.slug, self._shared.now())
        chats = await self._previews(caller, (*found.missing, *found.already))
        if found.folder_id:
            return tl.chatlists.chatlistInviteAlready(
                filter_id=found.folder_id,
                missing_peers=_views(found.missing),
                already_peers=_views(found.already),
                chats=chats,
                users=[],
            )
        return tl.chatlists.chatlistInvite(
            title_noanimate=found.folder.still,
            title=title_view(found.folder),
            emoticon=found.folder.emoticon or None,
            peers=_views(found.missing),
            chats=chats,
            users=[],
        )

    @rpc("chatlists.joinChatlistInvite")
    async def join_chatlist_invite(self, caller: RpcMetadata, query: Any) -> Any:
        """chatlists.joinChatlistInvite#a6b1e39a slug:string peers:Vector<InputPeer> = Updates"""
        joined = await self._links.join(self._shared.actor(caller), query.slug, _marked(query.peers))
        return await self._answer(caller, joined)

    @rpc("chatlists.getChatlistUpdates")
    async def get_chatlist_updates(self, caller: RpcMetadata, query: Any) -> Any:
        """chatlists.getChatlistUpdates#89419521 chatlist:InputChatlist = chatlists.ChatlistUpdates"""
        found = await self._links.news(caller.user_id, query.chatlist.filter_id, self._shared.now())
        chats = await self._previews(caller, found.missing)
        return tl.chatlists.chatlistUpdates(missing_peers=_views(found.missing), chats=chats, users=[])

    @rpc("chatlists.joinChatlistUpdates")
    async def join_chatlist_updates(self, caller: RpcMetadata, query: Any) -> Any:
        """chatlists.joinChatlistUpdates#e089f8f5 chatlist:InputChatlist peers:Vector<InputPeer> = Updates"""
        joined = await self._links.join_news(self._shared.actor(caller), query.chatlist.filter_id, _marked(query.peers))
        return await self._answer(caller, joined)

    @rpc("chatlists.hideChatlistUpdates")
    async def hide_chatlist_updates(self, caller: RpcMetadata, query: Any) -> bool:
        """chatlists.hideChatlistUpdates#66e486fb chatlist:InputChatlist = Bool"""
        await self._links.hide_news(caller.user_id, query.chatlist.filter_id, self._shared.now())
        return True

    @rpc("chatlists.getLeaveChatlistSuggestions")
    async def get_leave_chatlist_suggestions(self, caller: RpcMetadata, query: Any) -> list[Any]:
        """chatlists.getLeaveChatlistSuggestions#fdbcd714 chatlist:InputChatlist = Vector<Peer>"""
        return _views(await self._links.leave_suggestions(caller.user_id, query.chatlist.filter_id))

    @rpc("chatlists.leaveChatlist")
    async def leave_chatlist(self, caller: RpcMetadata, query: Any) -> Any:
        """chatlists.leaveChatlist#74fae13a chatlist:InputChatlist peers:Vector<InputPeer> = Updates"""
        left = await self._links.leave(self._shared.actor(caller), query.chatlist.filter_id, _marked(query.peers))
        return await self._answer(caller, left)

    async def _previews(self, caller: RpcMetadata, peers: Iterable[int]) -> list[Any]:
        """``Chat`` each, as somebody sees it who may come in."""
        return await self._shared.updates.chat_previews(caller.user_id, peers)

    async def _answer(self, caller: RpcMetadata, joined: FolderJoined) -> Any:
        """``updates`` with what became of the groups and of the folder."""
        updates = tl.updates(updates=[], users=[], chats=[], date=self._shared.now(), seq=0)
        for change in joined.changes:
            # Each in a box of its own, where it is a channel's.
            one = await self._shared.updates.answer(change)
            updates.updates += one.updates
            updates.users = _each_once([*updates.users, *one.users])
            updates.chats = _each_once([*updates.chats, *one.chats])
        if joined.channel_ids:
            channels = {marked_channel(channel_id) for channel_id in joined.channel_ids}
            updates.updates[:0] = [tl.updateChannel(channel_id=channel_id) for channel_id in joined.channel_ids]
            _, chats = await self._shared.peers(caller.user_id, channels)
            updates.chats = _each_once([*updates.chats, *chats])
        updates.updates.append(await self._shared.folder_views.update(caller.user_id, joined.folder_id))
        return updates


def _each_once(views: list[Any]) -> list[Any]:
    return list({(view.NAME, view.id): view for view in views}.values())


def _views(peers: Iterable[int]) -> list[Any]:
    return [peer_view(peer) for peer in peers]


def _marked(written: Sequence[Any]) -> tuple[int, ...]:
    """Marked ids of groups that the caller need not be in yet: what the link leads to is looked up by the domain.

    Raises:
        RpcError: ``FILTER_INCLUDE_TOO_MUCH``.
    """
    if len(written) > MAX_CHATS:
        raise bad_request("FILTER_INCLUDE_TOO_MUCH")
    marked = []
    for peer in written:
        if peer.NAME == "inputPeerChat" and peer.chat_id > 0:
            marked.append(marked_chat(peer.chat_id))
        elif peer.NAME == "inputPeerChannel" and peer.channel_id > 0:
            marked.append(marked_channel(peer.channel_id))
    return tuple(marked)
