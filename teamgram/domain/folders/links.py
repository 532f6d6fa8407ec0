"""Links to folders: others get the same groups together, and come into those that they choose.

Whoever made a link lets people in by it, so what counts is what they may do now, not when they made it.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec

from teamgram.database import Database, Transaction
from teamgram.domain.boxes.changes import OwnChange
from teamgram.domain.boxes.message import Action
from teamgram.domain.channels import rights as channel_rights
from teamgram.domain.channels import store as channel_store
from teamgram.domain.channels.channel import Seat
from teamgram.domain.channels.errors import ChannelNotFound, ChannelPrivate, OwnerMustStay
from teamgram.domain.channels.joining import ChannelJoining
from teamgram.domain.chats import rights
from teamgram.domain.chats import store as chat_store
from teamgram.domain.chats.chat import Chat
from teamgram.domain.chats.chats import Actor, Chats
from teamgram.domain.chats.errors import (
    ChatAdminRequired,
    ChatNotFound,
    ChatWriteForbidden,
    InviteHashExpired,
    UserAlreadyParticipant,
    UserNotParticipant,
)
from teamgram.domain.folders import store
from teamgram.domain.folders.errors import (
    FolderChatsTooMany,
    FolderLinkExpired,
    FolderLinkPeersEmpty,
    FolderLinkSlugEmpty,
    FolderLinksTooMany,
    FolderNotShareable,
    FoldersTooMany,
    SharedFoldersTooMany,
)
from teamgram.domain.folders.folder import (
    MAX_CHATS,
    MAX_FOLDERS,
    MAX_LINKS,
    MAX_SHARED,
    Folder,
    groups_among,
    is_shareable,
)
from teamgram.domain.folders.folders import owned_folder
from teamgram.domain.folders.store import FolderLink, FolderList, OwnedFolder
from teamgram.domain.ids.peer import (
    channel_id_of,
    chat_id_of,
    is_channel,
    is_chat,
    is_user,
    marked_channel,
    marked_chat,
)
from teamgram.domain.updates.events import FolderChanged
from teamgram.domain.updates.fanout import Fanout

_SLUG_BYTES = 12
_MAX_TITLE = 32


@dataclass(frozen=True, slots=True)
class SharedFolder:
    """What a link leads to, for one user. Groups are marked ids.

    Attributes:
        folder_id: the user's own folder that is the same one; 0: they have none.
        missing: groups of the link that the folder lacks and the user may come into.
        already: groups of the link that are in the folder.
    """

    folder: Folder
    folder_id: int
    missing: tuple[int, ...]
    already: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class FolderJoined:
    """The folder that the user has now, and their side of each group that they came into or left.

    Attributes:
        channel_ids: channels and supergroups among them.
    """

    folder_id: int
    changes: tuple[OwnChange, ...]
    channel_ids: tuple[int, ...] = ()


class FolderLinks:
    """Makes links to folders and lets people follow them."""

    def __init__(self, database: Database, chats: Chats, joining: ChannelJoining, fanout: Fanout) -> None:
        self._database = database
        self._chats = chats
        self._joining = joining
        self._fanout = fanout

    # --- who shares ---

    async def export(
        self, owner_id: int, folder_id: int, title: str, peers: Sequence[int], now: int, *, device: int = 0
    ) -> tuple[OwnedFolder, FolderLink]:
        """A new link to some groups of a folder.

        Raises:
            FolderIdInvalid, FolderNotShareable, FolderLinkPeersEmpty, FolderLinksTooMany, SharedFoldersTooMany.
            ChatNotFound, ChatAdminRequired: the owner lets nobody into one of them.
        """
        link = FolderLink(
            secrets.token_urlsafe(_SLUG_BYTES),
            owner_id,
            folder_id,
            title[:_MAX_TITLE],
            now,
            tuple(dict.fromkeys(peers)),
        )
        return await self._database.write("export folder", self._export_txn, link, device)

    def _export_txn(self, txn: Transaction, link: FolderLink, device: int) -> tuple[OwnedFolder, FolderLink]:
        listed = store.list_txn(txn, link.owner_id, lock=True)
        owned = owned_folder(listed, link.folder_id)
        if not is_shareable(owned.folder):
            raise FolderNotShareable(str(link.folder_id))
        if not owned.is_shared:
            _check_shares_more(listed)
        if len(store.links_txn(txn, link.owner_id, link.folder_id)) >= MAX_LINKS:
            raise FolderLinksTooMany(str(MAX_LINKS))
        _check_shares_txn(txn, link)
        store.save_link_txn(txn, link)
        txn.call_after(self._fanout.publish, (link.owner_id,), FolderChanged(link.folder_id), device)
        return replace(owned, has_links=True), link

    async def of_folder(self, owner_id: int, folder_id: int) -> list[FolderLink]:
        """The owner's links to a folder, the oldest first."""
        return await self._database.read("folder links", store.links_txn, owner_id, folder_id)

    async def edit(
        self, owner_id: int, folder_id: int, slug: str, *, title: str | None = None, peers: Sequence[int] | None = None
    ) -> FolderLink:
        """Change what a link is called or leads to; None leaves that as it is.

        Raises:
            FolderLinkExpired, FolderLinkPeersEmpty, ChatNotFound, ChatAdminRequired.
        """
        groups = None if peers is None else tuple(dict.fromkeys(peers))
        return await self._database.write("edit folder link", _edit_txn, owner_id, folder_id, slug, title, groups)

    async def delete(self, owner_id: int, folder_id: int, slug: str, *, device: int = 0) -> None:
        """Nobody follows that link any more.

        Raises:
            FolderLinkExpired.
        """
        await self._database.write("delete folder link", self._delete_txn, owner_id, folder_id, slug, device)

    def _delete_txn(self, txn: Transaction, owner_id: int, folder_id: int, slug: str, device: int) -> None:
        _own_link_txn(txn, owner_id, folder_id, slug)
        store.drop_link_txn(txn, slug)
        txn.call_after(self._fanout.publish, (owner_id,), FolderChanged(folder_id), device)

    # --- who follows ---

    async def check(self, user_id: int, slug: str, now: int) -> SharedFolder:
        """What a link leads to.

        Raises:
            FolderLinkSlugEmpty, FolderLinkExpired.
        """
        return await self._database.read("check folder link", _check_txn, user_id, slug, now)

    async def join(self, actor: Actor, slug: str, peers: Sequence[int]) -> FolderJoined:
        """Come into these of a link's groups, and have them in a folder like the link's.

        Raises:
            FolderLinkSlugEmpty, FolderLinkExpired, FolderLinkPeersEmpty.
            FoldersTooMany, SharedFoldersTooMany, FolderChatsTooMany, UsersTooMany.
        """
        await self._database.read("may follow folder link", _check_follows_txn, actor.user_id, slug, tuple(peers))
        changes, channel_ids = await self._enter(actor, slug, peers)
        folder_id: int = await self._database.write("follow folder link", self._keep_txn, actor, slug, tuple(peers))
        return FolderJoined(folder_id, changes, channel_ids)

    async def news(self, user_id: int, folder_id: int, now: int) -> SharedFolder:
        """What the link by which a folder came leads to now; groups that were declined are not offered again.

        Raises:
            FolderIdInvalid: it came by none.
        """
        return await self._database.read("folder news", _news_txn, user_id, folder_id, now)

    async def join_news(self, actor: Actor, folder_id: int, peers: Sequence[int]) -> FolderJoined:
        """Come into these groups that the folder's link leads to.

        Raises:
            FolderIdInvalid, FolderLinkExpired, FolderLinkPeersEmpty, FolderChatsTooMany, UsersTooMany.
        """
        slug: str = await self._database.read("link of folder", _slug_txn, actor.user_id, folder_id)
        return await self.join(actor, slug, peers)

    async def hide_news(self, user_id: int, folder_id: int, now: int) -> None:
        """Do not offer again what the folder's link leads to now.

        Raises:
            FolderIdInvalid.
        """
        await self._database.write("hide folder news", _hide_txn, user_id, folder_id, now)

    async def leave_suggestions(self, user_id: int, folder_id: int) -> list[int]:
        """The groups of a shared folder that the user came into by its link and is still in.

        Raises:
            FolderIdInvalid.
        """
        return await self._database.read("groups to leave", _to_leave_txn, user_id, folder_id)

    async def leave(self, actor: Actor, folder_id: int, peers: Sequence[int]) -> FolderJoined:
        """Forget a shared folder, and leave these of its groups.

        Raises:
            FolderIdInvalid.
        """
        named: tuple[int, ...] = await self._database.write("forget folder", self._forget_txn, actor, folder_id)
        changes = []
        channel_ids = []
        for peer in dict.fromkeys(peers):
            if peer not in named or is_user(peer):
                continue
            try:
                if is_chat(peer):
                    changes.append(await self._chats.remove_user(actor, chat_id_of(peer), actor.user_id))
                else:
                    await self._joining.leave(actor, channel_id_of(peer))
                    channel_ids.append(channel_id_of(peer))
            except (UserNotParticipant, ChatNotFound, ChannelNotFound, ChannelPrivate, OwnerMustStay):
                continue  # put out meanwhile, or not theirs to leave
        return FolderJoined(folder_id, tuple(changes), tuple(channel_ids))

    async def _enter(
        self, actor: Actor, slug: str, peers: Sequence[int]
    ) -> tuple[tuple[OwnChange, ...], tuple[int, ...]]:
        """Come into each group in a transaction of its own: all their members' boxes at once would be too many."""
        changes = []
        channel_ids = []
        for peer in dict.fromkeys(peers):
            entered, change = await self._database.write("enter by folder", self._enter_txn, actor, slug, peer)
            if change is not None:
                changes.append(change)
            if entered and is_channel(peer):
                channel_ids.append(channel_id_of(peer))
        return tuple(changes), tuple(channel_ids)

    def _enter_txn(self, txn: Transaction, actor: Actor, slug: str, peer: int) -> tuple[bool, OwnChange | None]:
        """Whether the user came into a group or channel, and the note that says so if there is one."""
        link = _link_txn(txn, slug)
        if peer not in link.peers:
            return False, None
        action = Action("chatJoinedByLink", user_ids=(link.owner_id,))
        if is_chat(peer):
            chat = chat_store.chat_txn(txn, chat_id_of(peer), (actor.user_id, link.owner_id), lock=True)
            if chat is None or not _is_open(chat, link, actor.user_id) or chat.member(actor.user_id) is not None:
                return False, None
            return True, self._chats.put_in_txn(txn, actor, chat, actor.user_id, action, chat.creator_id)
        seat = channel_store.seat_txn(txn, channel_id_of(peer), actor.user_id, actor.now, lock=True)
        owner = channel_store.seat_txn(txn, channel_id_of(peer), link.owner_id, actor.now)
        if seat.is_present or not _is_open_channel(seat, owner):
            return False, None
        return True, self._joining.enter_txn(txn, actor, seat, link.owner_id, action)

    def _keep_txn(self, txn: Transaction, actor: Actor, slug: str, peers: tuple[int, ...]) -> int:
        """Put what the user is in now into the folder of the link, which is made if need be; its id."""
        link = _link_txn(txn, slug)
        listed = store.list_txn(txn, actor.user_id, lock=True)
        wanted = [peer for peer in dict.fromkeys(peers) if peer in link.peers]
        there = _places_txn(txn, link, actor.user_id, actor.now)
        inside = [peer for peer in wanted if there.get(peer)]
        owned = _same(listed, link)
        if owned is None:
            folder = _folder_of_txn(txn, link)
            folder_id = next(number for number in range(2, 256) if number not in listed.owned)
            _check_folders_more(listed)
            folder = Folder(
                folder.title,
                included=tuple(inside),
                entities=folder.entities,
                emoticon=folder.emoticon,
                still=folder.still,
                joined=tuple(inside),
            )
            store.put_txn(txn, actor.user_id, folder_id, folder, slug)
            store.order_txn(txn, actor.user_id, (*listed.ids, folder_id))
        else:
            folder_id, folder = owned.id, owned.folder
            new = [peer for peer in inside if peer not in folder.named]
            folder = msgspec.structs.replace(folder, included=(*folder.included, *new), joined=(*folder.joined, *new))
            store.put_txn(txn, actor.user_id, folder_id, folder, owned.slug)
        txn.call_after(self._fanout.publish, (actor.user_id,), FolderChanged(folder_id), actor.perm_auth_key_id)
        return folder_id

    def _forget_txn(self, txn: Transaction, actor: Actor, folder_id: int) -> tuple[int, ...]:
        listed = store.list_txn(txn, actor.user_id, lock=True)
        owned = owned_folder(listed, folder_id)
        store.drop_txn(txn, actor.user_id, folder_id)
        store.order_txn(txn, actor.user_id, [one for one in listed.ids if one != folder_id])
        txn.call_after(self._fanout.publish, (actor.user_id,), FolderChanged(folder_id), actor.perm_auth_key_id)
        return owned.folder.named


def _check_folders_more(listed: FolderList) -> None:
    if len(listed.owned) >= MAX_FOLDERS:
        raise FoldersTooMany(str(MAX_FOLDERS))
    _check_shares_more(listed)


def _check_shares_more(listed: FolderList) -> None:
    if sum(owned.is_shared for owned in listed.owned.values()) >= MAX_SHARED:
        raise SharedFoldersTooMany(str(MAX_SHARED))


def _check_shares_txn(txn: Transaction, link: FolderLink) -> None:
    """Whether the link's owner lets people into all of its groups."""
    if not link.peers:
        raise FolderLinkPeersEmpty
    if len(link.peers) > MAX_CHATS:
        raise FolderChatsTooMany(str(len(link.peers)))
    if groups_among(link.peers) != list(link.peers):
        raise ChatNotFound(str(link.peers))
    chats = _chats_txn(txn, link, link.owner_id)
    for peer in link.peers:
        if is_chat(peer):
            rights.check_makes_links(rights.known(chats.get(peer), peer, link.owner_id), link.owner_id)
        else:
            seat = channel_store.seat_txn(txn, channel_id_of(peer), link.owner_id, link.created_at)
            channel_rights.check_invites(seat)


def _chats_txn(txn: Transaction, link: FolderLink, user_id: int) -> dict[int, Chat]:
    """The link's basic groups by marked id, with the part of the user and the link's owner in each."""
    by_id = {chat_id_of(peer): peer for peer in link.peers if is_chat(peer)}
    found = chat_store.chats_for_txn(txn, by_id, (user_id, link.owner_id))
    return {by_id[chat_id]: chat for chat_id, chat in found.items()}


def _places_txn(txn: Transaction, link: FolderLink, user_id: int, now: int) -> dict[int, bool]:
    """Those of the link's groups and channels that are open to the user, and whether they are in it."""
    open_to = {
        peer: chat.member(user_id) is not None
        for peer, chat in _chats_txn(txn, link, user_id).items()
        if _is_open(chat, link, user_id)
    }
    channels = channel_store.channels_txn(txn, [channel_id_of(peer) for peer in link.peers if is_channel(peer)])
    if channels:
        mine = channel_store.memberships_of_txn(txn, user_id)
        theirs = channel_store.memberships_of_txn(txn, link.owner_id)
        for channel_id, channel in channels.items():
            seat = Seat.at(channel, user_id, mine.get(channel_id), now)
            if _is_open_channel(seat, Seat.at(channel, link.owner_id, theirs.get(channel_id), now)):
                open_to[channel.marked] = seat.is_present
    return open_to


def _is_open(chat: Chat, link: FolderLink, user_id: int) -> bool:
    """Whether the user is in the group, or may come in by the link."""
    try:
        rights.check_makes_links(chat, link.owner_id)
        rights.check_enters(chat, user_id, usable=True)
    except UserAlreadyParticipant:
        return True
    except (ChatAdminRequired, InviteHashExpired):
        return False
    return True


def _is_open_channel(seat: Seat, owner: Seat) -> bool:
    """As ``_is_open``, for a channel."""
    try:
        channel_rights.check_invites(owner)
        channel_rights.check_enters(seat, usable=True)
    except UserAlreadyParticipant:
        return True
    except (ChannelPrivate, ChatAdminRequired, ChatWriteForbidden, InviteHashExpired):
        return False
    return True


def _link_txn(txn: Transaction, slug: str) -> FolderLink:
    if not slug:
        raise FolderLinkSlugEmpty
    link = store.link_txn(txn, slug)
    if link is None:
        raise FolderLinkExpired(slug)
    return link


def _own_link_txn(txn: Transaction, owner_id: int, folder_id: int, slug: str) -> FolderLink:
    link = _link_txn(txn, slug)
    if (link.owner_id, link.folder_id) != (owner_id, folder_id):
        raise FolderLinkExpired(slug)
    return link


def _edit_txn(
    txn: Transaction, owner_id: int, folder_id: int, slug: str, title: str | None, peers: tuple[int, ...] | None
) -> FolderLink:
    link = _own_link_txn(txn, owner_id, folder_id, slug)
    if title is not None:
        link = replace(link, title=title[:_MAX_TITLE])
    if peers is not None:
        link = replace(link, peers=peers)
        _check_shares_txn(txn, link)
    store.save_link_txn(txn, link)
    return link


def _same(listed: FolderList, link: FolderLink) -> OwnedFolder | None:
    """The folder that the link leads to in somebody's own list: it came by it, or is the one that is shared."""
    for owned in listed.owned.values():
        if owned.slug == link.slug:
            return owned
    return None


def _folder_of_txn(txn: Transaction, link: FolderLink) -> Folder:
    owned = store.list_txn(txn, link.owner_id).owned.get(link.folder_id)
    if owned is None:
        raise FolderLinkExpired(link.slug)
    return owned.folder


def _check_txn(txn: Transaction, user_id: int, slug: str, now: int) -> SharedFolder:
    link = _link_txn(txn, slug)
    listed = store.list_txn(txn, user_id)
    same = listed.owned.get(link.folder_id) if user_id == link.owner_id else _same(listed, link)
    return _seen_txn(txn, user_id, link, same, now)


def _seen_txn(txn: Transaction, user_id: int, link: FolderLink, same: OwnedFolder | None, now: int) -> SharedFolder:
    places = _places_txn(txn, link, user_id, now)
    there = [peer for peer in link.peers if peer in places]
    if same is None:
        return SharedFolder(_folder_of_txn(txn, link), 0, tuple(there))
    named = set(same.folder.named)
    already = tuple(peer for peer in there if peer in named)
    return SharedFolder(same.folder, same.id, tuple(peer for peer in there if peer not in named), already)


def _check_follows_txn(txn: Transaction, user_id: int, slug: str, peers: tuple[int, ...]) -> None:
    link = _link_txn(txn, slug)
    if user_id == link.owner_id or not set(peers) & set(link.peers):
        raise FolderLinkPeersEmpty
    listed = store.list_txn(txn, user_id)
    same = _same(listed, link)
    if same is None:
        _check_folders_more(listed)
    elif len({*same.folder.named, *peers} & {*same.folder.named, *link.peers}) > MAX_CHATS:
        raise FolderChatsTooMany(str(MAX_CHATS))


def _followed_txn(txn: Transaction, user_id: int, folder_id: int, *, lock: bool = False) -> OwnedFolder:
    return owned_folder(store.list_txn(txn, user_id, lock=lock), folder_id)


def _slug_txn(txn: Transaction, user_id: int, folder_id: int) -> str:
    return _followed_txn(txn, user_id, folder_id).slug


def _news_txn(txn: Transaction, user_id: int, folder_id: int, now: int) -> SharedFolder:
    owned = _followed_txn(txn, user_id, folder_id)
    link = store.link_txn(txn, owned.slug) if owned.slug else None
    if link is None:
        # Shared by the user, or by nobody any more.
        return SharedFolder(owned.folder, folder_id, ())
    seen = _seen_txn(txn, user_id, link, owned, now)
    return replace(seen, missing=tuple(peer for peer in seen.missing if peer not in owned.folder.hidden))


def _hide_txn(txn: Transaction, user_id: int, folder_id: int, now: int) -> None:
    owned = _followed_txn(txn, user_id, folder_id, lock=True)
    link = store.link_txn(txn, owned.slug) if owned.slug else None
    if link is None:
        return
    declined = {*owned.folder.hidden, *_news_txn(txn, user_id, folder_id, now).missing}
    # Only what the link still leads to: who changes it often does not make the folder grow.
    folder = msgspec.structs.replace(owned.folder, hidden=tuple(peer for peer in link.peers if peer in declined))
    store.put_txn(txn, user_id, folder_id, folder, owned.slug)


def _to_leave_txn(txn: Transaction, user_id: int, folder_id: int) -> list[int]:
    folder = _followed_txn(txn, user_id, folder_id).folder
    inside = {marked_chat(chat_id) for chat_id in chat_store.chat_ids_of_txn(txn, user_id)}
    inside |= {marked_channel(channel_id) for channel_id in channel_store.channel_ids_of_txn(txn, user_id)}
    return [peer for peer in folder.joined if peer in inside and peer in folder.named]
