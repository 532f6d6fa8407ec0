"""SQL of folders and their links."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from teamgram.database import Row, Transaction
from teamgram.domain.folders.folder import ALL_CHATS, Folder, pack_folder, unpack_folder


@dataclass(frozen=True, slots=True)
class OwnedFolder:
    """A folder of somebody's.

    Attributes:
        slug: of the link by which it came, "" for one's own.
        has_links: its owner has made links to it.
    """

    id: int
    folder: Folder
    slug: str = ""
    has_links: bool = False

    @property
    def is_shared(self) -> bool:
        """Whether others have the same one, or may."""
        return bool(self.slug) or self.has_links


@dataclass(frozen=True, slots=True)
class FolderList:
    """Somebody's folders in their order, all chats (id 0) among them as None."""

    folders: tuple[OwnedFolder | None, ...] = (None,)
    tags: bool = False

    @property
    def ids(self) -> list[int]:
        """As they are listed."""
        return [ALL_CHATS if owned is None else owned.id for owned in self.folders]

    @property
    def owned(self) -> dict[int, OwnedFolder]:
        """By id."""
        return {owned.id: owned for owned in self.folders if owned is not None}


@dataclass(frozen=True, slots=True)
class FolderLink:
    """A link to a folder: groups (marked ids) that whoever follows it may come into."""

    slug: str
    owner_id: int
    folder_id: int
    title: str
    created_at: int
    peers: tuple[int, ...]


def list_txn(txn: Transaction, owner_id: int, *, lock: bool = False) -> FolderList:
    """The owner's folders; with ``lock`` nobody else changes them until the transaction ends."""
    if lock:
        txn.insert_ignore("folder_lists", {"owner_id": owner_id, "listed_ids": "[0]", "tags": 0})
    for_update = txn.engine.for_update if lock else ""
    txn.execute(f"SELECT listed_ids, tags FROM folder_lists WHERE owner_id = ?{for_update}", (owner_id,))
    row = txn.fetchone()
    if row is None:
        return FolderList()
    txn.execute(
        "SELECT id, details, slug, EXISTS (SELECT 1 FROM folder_links l WHERE l.owner_id = folders.owner_id"
        " AND l.folder_id = folders.id) FROM folders WHERE owner_id = ?",
        (owner_id,),
    )
    found = {one[0]: OwnedFolder(one[0], unpack_folder(one[1]), one[2], bool(one[3])) for one in txn.fetchall()}
    return FolderList(tuple(found.get(folder_id) for folder_id in json.loads(row[0])), bool(row[1]))


def order_txn(txn: Transaction, owner_id: int, ids: Iterable[int]) -> None:
    """These are the owner's folders, in this order; their list is locked."""
    txn.execute("UPDATE folder_lists SET listed_ids = ? WHERE owner_id = ?", (json.dumps(list(ids)), owner_id))


def put_txn(txn: Transaction, owner_id: int, folder_id: int, folder: Folder, slug: str) -> None:
    """Write a folder of a locked list."""
    txn.upsert("folders", {"owner_id": owner_id, "id": folder_id}, {"slug": slug, "details": pack_folder(folder)})


def drop_txn(txn: Transaction, owner_id: int, folder_id: int) -> None:
    """A folder of a locked list is gone, with the links to it."""
    txn.execute("DELETE FROM folders WHERE owner_id = ? AND id = ?", (owner_id, folder_id))
    txn.execute("DELETE FROM folder_links WHERE owner_id = ? AND folder_id = ?", (owner_id, folder_id))


_LINK = "SELECT slug, owner_id, folder_id, title, created_at, peers FROM folder_links"


def _link(row: Row) -> FolderLink:
    return FolderLink(row[0], row[1], row[2], row[3], row[4], tuple(json.loads(row[5])))


def link_txn(txn: Transaction, slug: str) -> FolderLink | None:
    """The link of that name."""
    txn.execute(f"{_LINK} WHERE slug = ?", (slug,))
    row = txn.fetchone()
    return _link(row) if row is not None else None


def links_txn(txn: Transaction, owner_id: int, folder_id: int) -> list[FolderLink]:
    """The owner's links to a folder, the oldest first."""
    txn.execute(f"{_LINK} WHERE owner_id = ? AND folder_id = ? ORDER BY created_at, slug", (owner_id, folder_id))
    return [_link(row) for row in txn.fetchall()]


def save_link_txn(txn: Transaction, link: FolderLink) -> None:
    """Write a link, new or changed."""
    txn.upsert(
        "folder_links",
        {"slug": link.slug},
        {
            "owner_id": link.owner_id,
            "folder_id": link.folder_id,
            "title": link.title,
            "created_at": link.created_at,
            "peers": json.dumps(list(link.peers)),
        },
    )


def drop_link_txn(txn: Transaction, slug: str) -> None:
    """Nobody follows it any more."""
    txn.execute("DELETE FROM folder_links WHERE slug = ?", (slug,))
