"""RPCSavedMessageDialogs: Saved Messages, sorted by whom they were saved from."""

from typing import Any

from teamgram.bff.dialogs import MAX_PEERS
from teamgram.bff.errors import bad_request
from teamgram.bff.messages.history import page_from
from teamgram.bff.messages.marks import affected_history
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.bff.views.messages import message_view, peer_view, peers_in
from teamgram.domain.dialogs.saved import SavedDialogList
from teamgram.domain.messages.deleting import HistoryRequest
from teamgram.domain.messages.history import Search
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl


class SavedMessageDialogs(RpcService):
    """The caller's Saved Messages. ``parent_peer`` is for channels, of which there are none here."""

    name = "RPCSavedMessageDialogs"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    async def _answer(self, caller: RpcMetadata, listed: SavedDialogList) -> Any:
        messages = list(listed.messages.values())
        peers = peers_in(messages) | {dialog.peer for dialog in listed.dialogs}
        users, chats = await self._shared.peers(caller.user_id, peers)
        content = {
            "dialogs": [
                tl.savedDialog(peer=peer_view(dialog.peer), top_message=dialog.top_message_id, pinned=dialog.pinned)
                for dialog in listed.dialogs
            ],
            "messages": [message_view(message, self._shared.updates.files) for message in messages],
            "chats": chats,
            "users": users,
        }
        if len(listed.dialogs) == listed.count:
            return tl.messages.savedDialogs(**content)
        return tl.messages.savedDialogsSlice(count=listed.count, **content)

    @rpc("messages.getSavedDialogs")
    async def get_saved_dialogs(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getSavedDialogs#1e91fc99 flags:# exclude_pinned:flags.0?true ... = messages.SavedDialogs"""
        _check_parent(query)
        listed = await self._shared.domain.saved_dialogs.page(
            caller.user_id,
            offset_id=max(0, query.offset_id),
            limit=query.limit if query.limit > 0 else 20,
            exclude_pinned=query.exclude_pinned,
        )
        return await self._answer(caller, listed)

    @rpc("messages.getPinnedSavedDialogs")
    async def get_pinned_saved_dialogs(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getPinnedSavedDialogs#d63d94e0 = messages.SavedDialogs"""
        return await self._answer(caller, await self._shared.domain.saved_dialogs.pinned(caller.user_id))

    @rpc("messages.getSavedDialogsByID")
    async def get_saved_dialogs_by_id(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getSavedDialogsByID#6f6f9c96 flags:# parent_peer:flags.1?InputPeer ids:Vector<InputPeer> ..."""
        _check_parent(query)
        if len(query.ids) > MAX_PEERS:
            raise bad_request("PEER_ID_INVALID")
        peers = [(await self._shared.peer(caller, peer)).marked for peer in query.ids]
        return await self._answer(caller, await self._shared.domain.saved_dialogs.of_peers(caller.user_id, peers))

    @rpc("messages.getSavedHistory")
    async def get_saved_history(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getSavedHistory#998ab009 flags:# parent_peer:flags.0?InputPeer peer:InputPeer ..."""
        _check_parent(query)
        peer = await self._shared.peer(caller, query.peer)
        search = Search(caller.user_id, caller.user_id, saved_peer=peer.marked)
        return await self._shared.page_answer(
            caller.user_id, await self._shared.domain.messages.page(search, page_from(query))
        )

    @rpc("messages.deleteSavedHistory")
    async def delete_saved_history(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.deleteSavedHistory#4dc5085f flags:# parent_peer:flags.0?InputPeer peer:InputPeer ..."""
        _check_parent(query)
        peer = await self._shared.peer(caller, query.peer)
        change, left = await self._shared.domain.messages.delete_history(
            HistoryRequest(
                caller.user_id,
                caller.user_id,
                self._shared.now(),
                max_id=query.max_id,
                min_date=query.min_date or 0,
                max_date=query.max_date or 0,
                saved_peer=peer.marked,
                perm_auth_key_id=caller.perm_auth_key_id,
            )
        )
        return affected_history(change, left)

    @rpc("messages.toggleSavedDialogPin")
    async def toggle_saved_dialog_pin(self, caller: RpcMetadata, query: Any) -> bool:
        """messages.toggleSavedDialogPin#ac81bbde flags:# pinned:flags.0?true peer:InputDialogPeer = Bool"""
        peer = await self._shared.dialog_peer(caller, query.peer)
        await self._shared.domain.saved_dialogs.pin(caller.user_id, peer.marked, query.pinned, caller.perm_auth_key_id)
        return True

    @rpc("messages.reorderPinnedSavedDialogs")
    async def reorder_pinned_saved_dialogs(self, caller: RpcMetadata, query: Any) -> bool:
        """messages.reorderPinnedSavedDialogs#8b716587 flags:# force:flags.0?true order:Vector<InputDialogPeer> ..."""
        if len(query.order) > MAX_PEERS:
            raise bad_request("PEER_ID_INVALID")
        peers = [(await self._shared.dialog_peer(caller, peer)).marked for peer in query.order]
        await self._shared.domain.saved_dialogs.reorder_pinned(
            caller.user_id, peers, query.force, caller.perm_auth_key_id
        )
        return True


def _check_parent(query: Any) -> None:
    if query.parent_peer is not None:
        raise bad_request("PEER_ID_INVALID")
