"""Folders as TL objects, and what happens to them as ``Update``."""

from collections.abc import Iterable, Mapping
from typing import Any

from teamgram.bff.views.entities import entity_views
from teamgram.bff.views.messages import peer_view
from teamgram.domain.channels.channels import Channels
from teamgram.domain.folders.folder import Folder, Kinds
from teamgram.domain.folders.folders import Folders
from teamgram.domain.folders.store import FolderLink, FolderList, OwnedFolder
from teamgram.domain.ids.peer import Peer, PeerKind, marked_channel
from teamgram.domain.updates.events import FolderChanged
from teamgram.domain.users.users import Users
from teamgram.mtproto.tl import tl

LINK_PREFIX = "https://t.me/addlist/"
"""Clients take the slug from links of this form and ask the server that they talk to."""

# dialogFilter has a flag for each bit, named like it.
_KINDS = tuple((kind.name.lower(), kind) for kind in Kinds if kind.name)


def title_view(folder: Folder) -> Any:
    """``textWithEntities``; older layers get the text alone."""
    return tl.textWithEntities(text=folder.title, entities=entity_views(folder.entities) or [])


def kinds_from(view: Any) -> int:
    """``Kinds`` bits from a ``dialogFilter``."""
    return int(sum(kind for name, kind in _KINDS if getattr(view, name, False)))


def link_view(link: FolderLink) -> Any:
    """``exportedChatlistInvite``."""
    return tl.exportedChatlistInvite(
        title=link.title, url=LINK_PREFIX + link.slug, peers=[peer_view(peer) for peer in link.peers]
    )


class FolderViews:
    """Renders folders, whose conversations are named as their owner would name them; handles ``FolderChanged``."""

    def __init__(self, folders: Folders, users: Users, channels: Channels) -> None:
        self._folders = folders
        self._users = users
        self._channels = channels

    async def listed(self, listed: FolderList) -> list[Any]:
        """``DialogFilter`` each."""
        inputs = await self._inputs(owned.folder for owned in listed.owned.values())
        return [tl.dialogFilterDefault() if owned is None else _folder_view(owned, inputs) for owned in listed.folders]

    async def one(self, owned: OwnedFolder) -> Any:
        """``DialogFilter``."""
        return _folder_view(owned, await self._inputs([owned.folder]))

    async def _inputs(self, folders: Iterable[Folder]) -> dict[int, Any]:
        """``InputPeer`` by marked id; who is nobody any more is missing."""
        peers = {peer for folder in folders for peer in (*folder.named, *folder.excluded)}
        found: dict[int, Any] = {}
        user_ids: list[int] = []
        channel_ids: list[int] = []
        for marked in peers:
            peer = Peer.from_marked(marked)
            if peer.kind is PeerKind.USER:
                user_ids.append(peer.id)
            elif peer.kind is PeerKind.CHAT:
                found[marked] = tl.inputPeerChat(chat_id=peer.id)
            else:
                channel_ids.append(peer.id)
        # TDLib knows no inputPeerSelf here.
        for user in (await self._users.get(user_ids)).values():
            found[user.id] = tl.inputPeerUser(user_id=user.id, access_hash=user.access_hash)
        for channel in (await self._channels.get(channel_ids)).values():
            address = tl.inputPeerChannel(channel_id=channel.id, access_hash=channel.access_hash)
            found[marked_channel(channel.id)] = address
        return found

    # Updates

    def handles(self, event: object) -> bool:
        """Whether ``render`` knows this kind of event."""
        return isinstance(event, FolderChanged)

    async def render(self, viewer_id: int, event: Any) -> tuple[list[Any], tuple[int, ...]]:
        """(the ``Update``, nobody) for the folder's owner."""
        return [await self.update(viewer_id, event.folder_id)], ()

    async def update(self, owner_id: int, folder_id: int) -> Any:
        """``updateDialogFilter`` of a folder as it is now."""
        owned = (await self._folders.listed(owner_id)).owned.get(folder_id)
        return tl.updateDialogFilter(id=folder_id, filter=await self.one(owned) if owned is not None else None)


def _folder_view(owned: OwnedFolder, inputs: Mapping[int, Any]) -> Any:
    folder = owned.folder
    fields = {
        "id": owned.id,
        "title": title_view(folder),
        "title_noanimate": folder.still,
        "emoticon": folder.emoticon or None,
        "color": folder.color,
        "pinned_peers": [inputs[peer] for peer in folder.pinned if peer in inputs],
        "include_peers": [inputs[peer] for peer in folder.included if peer in inputs],
    }
    if owned.is_shared:
        return tl.dialogFilterChatlist(has_my_invites=owned.has_links, **fields)
    return tl.dialogFilter(
        exclude_peers=[inputs[peer] for peer in folder.excluded if peer in inputs],
        **{name: bool(folder.kinds & kind) for name, kind in _KINDS},
        **fields,
    )
