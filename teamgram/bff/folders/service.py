"""Folders of conversations: which there are, in which order, and whether their tags are shown."""

from collections.abc import Sequence
from typing import Any

from teamgram.bff.errors import bad_request
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.bff.views.entities import entity_from
from teamgram.bff.views.folders import kinds_from
from teamgram.domain.boxes.entity import Entity
from teamgram.domain.folders.folder import MAX_CHATS, MAX_FOLDERS, MAX_TITLE, Folder
from teamgram.domain.folders.store import OwnedFolder
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl

_MAX_EMOTICON = 16


class FoldersService(RpcService):
    """The caller's folders."""

    name = "RPCFolders"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._folders = shared.domain.folders

    @rpc("messages.getDialogFilters")
    async def get_dialog_filters(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getDialogFilters#efd48c89 = messages.DialogFilters"""
        listed = await self._folders.listed(caller.user_id)
        return tl.messages.dialogFilters(
            tags_enabled=listed.tags, filters=await self._shared.folder_views.listed(listed)
        )

    @rpc("messages.getSuggestedDialogFilters")
    async def get_suggested_dialog_filters(self, caller: RpcMetadata, query: Any) -> list[Any]:
        """messages.getSuggestedDialogFilters#a29cd42c = Vector<DialogFilterSuggested>"""
        return [
            tl.dialogFilterSuggested(
                filter=await self._shared.folder_views.one(OwnedFolder(folder_id, folder)), description=said
            )
            for folder_id, folder, said in await self._folders.suggested(caller.user_id)
        ]

    @rpc("messages.updateDialogFilter")
    async def update_dialog_filter(self, caller: RpcMetadata, query: Any) -> bool:
        """messages.updateDialogFilter#1ad4a04a flags:# id:int filter:flags.0?DialogFilter = Bool"""
        device = caller.perm_auth_key_id
        written = query.filter
        if written is None:
            await self._folders.delete(caller.user_id, query.id, device=device)
            return True
        if written.NAME == "dialogFilterDefault":
            raise bad_request("FILTER_ID_INVALID")
        folder = Folder(
            written.title.text,
            kinds_from(written),
            await named_peers(self._shared, caller, written.pinned_peers),
            await named_peers(self._shared, caller, written.include_peers),
            await named_peers(self._shared, caller, getattr(written, "exclude_peers", ())),
            _title_entities(written.title),
            (written.emoticon or "")[:_MAX_EMOTICON],
            written.color,
            bool(written.title_noanimate),
        )
        shared = written.NAME == "dialogFilterChatlist"
        await self._folders.put(caller.user_id, query.id, folder, shared=shared, device=device)
        return True

    @rpc("messages.updateDialogFiltersOrder")
    async def update_dialog_filters_order(self, caller: RpcMetadata, query: Any) -> bool:
        """messages.updateDialogFiltersOrder#c563c1e4 order:Vector<int> = Bool"""
        ids = query.order[: MAX_FOLDERS + 1]
        await self._folders.reorder(caller.user_id, ids, device=caller.perm_auth_key_id)
        return True


class FolderTags(RpcService):
    """Tags of folders in the list of all chats."""

    name = "RPCFolderTags"

    def __init__(self, shared: Shared) -> None:
        self._folders = shared.domain.folders

    @rpc("messages.toggleDialogFilterTags")
    async def toggle_dialog_filter_tags(self, caller: RpcMetadata, query: Any) -> bool:
        """messages.toggleDialogFilterTags#fd2dda49 enabled:Bool = Bool"""
        await self._folders.show_tags(caller.user_id, query.enabled, device=caller.perm_auth_key_id)
        return True


async def named_peers(shared: Shared, caller: RpcMetadata, written: Sequence[Any]) -> tuple[int, ...]:
    """Marked ids of the conversations that a client names, each once.

    Raises:
        RpcError: ``FILTER_INCLUDE_TOO_MUCH``, ``PEER_ID_INVALID``, ``CHANNEL_INVALID``.
        ChatNotFound: a group that is none of the caller's.
    """
    if len(written) > MAX_CHATS:
        raise bad_request("FILTER_INCLUDE_TOO_MUCH")
    # One look at the database for all of them, not for each.
    user_ids = [peer.user_id for peer in written if peer.NAME == "inputPeerUser"]
    await shared.domain.users.get([user_id for user_id in user_ids if user_id > 0])
    await shared.domain.chats.get([peer.chat_id for peer in written if peer.NAME == "inputPeerChat"])
    return tuple(dict.fromkeys([(await shared.peer(caller, peer)).marked for peer in written]))


def _title_entities(title: Any) -> tuple[Entity, ...]:
    """The custom emoji in a folder's name, as far as they lie in it."""
    size = len(title.text.encode("utf-16-le")) // 2
    found = []
    for view in title.entities[:MAX_TITLE]:
        entity = entity_from(view)
        if entity is not None and entity.kind == "customEmoji":
            if entity.offset >= 0 and entity.length > 0 and entity.offset + entity.length <= size:
                found.append(entity)
    return tuple(found)
