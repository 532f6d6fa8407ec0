"""Everybody's folders (core.telegram.org/api/folders)."""

from collections.abc import Sequence

import msgspec

from teamgram.database import Database, Transaction
from teamgram.domain.folders import store
from teamgram.domain.folders.errors import FolderIdInvalid, FolderNotShareable, FoldersTooMany
from teamgram.domain.folders.folder import MAX_FOLDERS, Folder, Kinds, check_id, checked, in_order, is_shareable
from teamgram.domain.folders.store import FolderList, OwnedFolder
from teamgram.domain.updates.events import FolderChanged, FoldersChanged, FoldersReordered
from teamgram.domain.updates.fanout import Fanout

_EVERY_KIND = Kinds.CONTACTS | Kinds.NON_CONTACTS | Kinds.GROUPS | Kinds.BROADCASTS | Kinds.BOTS
SUGGESTED = (
    (Folder("Unread", int(_EVERY_KIND | Kinds.EXCLUDE_READ)), "New messages from all chats."),
    (Folder("Personal", int(Kinds.CONTACTS | Kinds.NON_CONTACTS)), "Only messages from personal chats."),
)
"""Folders that everybody can use, with what apps say of them."""


class Folders:
    """What people put together. What changes is told to their other devices."""

    def __init__(self, database: Database, fanout: Fanout) -> None:
        self._database = database
        self._fanout = fanout

    async def listed(self, owner_id: int) -> FolderList:
        """All of somebody's folders, in their order."""
        return await self._database.read("folders", store.list_txn, owner_id)

    async def suggested(self, owner_id: int) -> list[tuple[int, Folder, str]]:
        """(a free id, the folder, what is said of it) of those that the owner might want and has not."""
        listed = await self.listed(owner_id)
        owned = listed.owned
        if len(owned) >= MAX_FOLDERS:
            return []
        kinds = {one.folder.kinds for one in owned.values()}
        free = (folder_id for folder_id in range(2, 256) if folder_id not in owned)
        return [(next(free), folder, said) for folder, said in SUGGESTED if folder.kinds not in kinds]

    async def put(
        self, owner_id: int, folder_id: int, folder: Folder, *, shared: bool = False, device: int = 0
    ) -> None:
        """Make a folder, or change one.

        Args:
            shared: the client takes it for one that is shared.

        Raises:
            FolderIdInvalid, FoldersTooMany, FolderNotShareable.
            FolderTitleEmpty, …: see ``folder.checked``.
        """
        check_id(folder_id)
        await self._database.write("put folder", self._put_txn, owner_id, folder_id, checked(folder), shared, device)

    def _put_txn(
        self, txn: Transaction, owner_id: int, folder_id: int, folder: Folder, shared: bool, device: int
    ) -> None:
        listed = store.list_txn(txn, owner_id, lock=True)
        before = listed.owned.get(folder_id)
        if before is None:
            if len(listed.owned) >= MAX_FOLDERS:
                raise FoldersTooMany(str(MAX_FOLDERS))
            store.order_txn(txn, owner_id, (*listed.ids, folder_id))
        elif before.is_shared:
            if not shared:
                # A client too old to be shown it takes its id for a free one.
                raise FolderIdInvalid(str(folder_id))
            if not is_shareable(folder):
                raise FolderNotShareable(str(folder_id))
            folder = msgspec.structs.replace(folder, joined=before.folder.joined, hidden=before.folder.hidden)
        store.put_txn(txn, owner_id, folder_id, folder, before.slug if before is not None else "")
        self._tell_after(txn, owner_id, FolderChanged(folder_id), device)

    async def delete(self, owner_id: int, folder_id: int, *, device: int = 0) -> None:
        """Forget a folder and the links to it; one that is not there stays so."""
        check_id(folder_id)
        await self._database.write("delete folder", self._delete_txn, owner_id, folder_id, device)

    def _delete_txn(self, txn: Transaction, owner_id: int, folder_id: int, device: int) -> None:
        listed = store.list_txn(txn, owner_id, lock=True)
        if folder_id not in listed.owned:
            return
        store.drop_txn(txn, owner_id, folder_id)
        store.order_txn(txn, owner_id, [one for one in listed.ids if one != folder_id])
        self._tell_after(txn, owner_id, FolderChanged(folder_id), device)

    async def reorder(self, owner_id: int, ids: Sequence[int], *, device: int = 0) -> None:
        """List the folders in this order."""
        await self._database.write("reorder folders", self._reorder_txn, owner_id, tuple(ids), device)

    def _reorder_txn(self, txn: Transaction, owner_id: int, ids: tuple[int, ...], device: int) -> None:
        listed = store.list_txn(txn, owner_id, lock=True)
        order = in_order(listed.ids, ids)
        if order != listed.ids:
            store.order_txn(txn, owner_id, order)
            self._tell_after(txn, owner_id, FoldersReordered(tuple(order)), device)

    async def show_tags(self, owner_id: int, shown: bool, *, device: int = 0) -> None:
        """Whether the list of all chats shows in which folders each one is."""
        await self._database.write("show folder tags", self._tags_txn, owner_id, shown, device)

    def _tags_txn(self, txn: Transaction, owner_id: int, shown: bool, device: int) -> None:
        if store.list_txn(txn, owner_id, lock=True).tags != shown:
            txn.execute("UPDATE folder_lists SET tags = ? WHERE owner_id = ?", (int(shown), owner_id))
            self._tell_after(txn, owner_id, FoldersChanged(), device)

    def _tell_after(
        self, txn: Transaction, owner_id: int, event: FolderChanged | FoldersReordered | FoldersChanged, device: int
    ) -> None:
        txn.call_after(self._fanout.publish, (owner_id,), event, device)


def owned_folder(listed: FolderList, folder_id: int) -> OwnedFolder:
    """A folder of the list.

    Raises:
        FolderIdInvalid.
    """
    found = listed.owned.get(folder_id)
    if found is None:
        raise FolderIdInvalid(str(folder_id))
    return found
