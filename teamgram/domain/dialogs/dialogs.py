"""The list of conversations."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from teamgram.database import Database, Transaction
from teamgram.domain.boxes.archive import ARCHIVE, move_txn
from teamgram.domain.boxes.audience import Box
from teamgram.domain.boxes.changes import BoxChanges, OwnChange
from teamgram.domain.boxes.difference import State, state_txn
from teamgram.domain.boxes.events import DialogsMoved
from teamgram.domain.boxes.marks import REACTION_UNREAD, counts_txn
from teamgram.domain.boxes.message import Draft, Message, pack_draft
from teamgram.domain.boxes.store import messages_txn
from teamgram.domain.contacts import relations
from teamgram.domain.dialogs import channels_store, store
from teamgram.domain.dialogs.channels_store import ListPlace
from teamgram.domain.dialogs.dialog import Dialog
from teamgram.domain.ids.peer import box_owner, is_channel
from teamgram.domain.messages.channel_unread import unread_txn
from teamgram.domain.messages.channel_view import tops_txn
from teamgram.domain.messages.errors import PeerHistoryEmpty, PinnedDialogsTooMany
from teamgram.domain.updates.events import (
    DialogPinnedChanged,
    DialogUnreadMarkChanged,
    DraftChanged,
    PinnedDialogsReordered,
    UserTyping,
)
from teamgram.domain.updates.fanout import Fanout
from teamgram.domain.users.user import SERVICE_USER_ID

MAX_PAGE = 100
MAX_PINNED = 5
"""In the main list; in the archive it is ``MAX_PINNED_ARCHIVED``, as in the official app configuration."""
MAX_PINNED_ARCHIVED = 100
MAX_PRIVATE_PEERS = 500


@dataclass(frozen=True, slots=True)
class DialogList:
    """A page of dialogs with the newest message of each.

    Attributes:
        messages: by id those of the owner's box, then those of channels.
        count: how many dialogs there are in all.
        archive: the newest dialog in the archive, when the page is to show that there is one.
        unread: (marked peer, messages) of those in the archive that are unread.
    """

    dialogs: tuple[Dialog, ...]
    messages: tuple[Message, ...]
    count: int
    state: State | None = None
    archive: Dialog | None = None
    unread: tuple[tuple[int, int], ...] = ()


class Dialogs:
    """Everybody's conversations. Peers are marked ids (``Peer.marked``)."""

    def __init__(self, database: Database, fanout: Fanout) -> None:
        self._database = database
        self._fanout = fanout

    async def page(
        self,
        owner_id: int,
        *,
        folder_id: int | None = None,
        offset_date: int = 0,
        offset_id: int = 0,
        offset_peer: int = 0,
        limit: int = 20,
        exclude_pinned: bool = False,
    ) -> DialogList:
        """Pinned ones first (on the first page), then by the date of the newest message.

        Args:
            folder_id: None for both; the first page of 0 says what is in the archive.
            offset_date, offset_id, offset_peer: of the newest message in the last dialog of the page before, and that
                dialog's peer (marked id).
        """
        offset = offset_date, offset_id, offset_peer
        return await self._database.read(
            "dialogs", _page_txn, owner_id, folder_id, offset, min(limit, MAX_PAGE), exclude_pinned
        )

    async def pinned(self, owner_id: int, folder_id: int = 0) -> DialogList:
        """The pinned ones, top first, with the state of the box at the same moment."""
        return await self._database.read("pinned dialogs", _pinned_txn, owner_id, folder_id)

    async def of_peers(self, owner_id: int, peers: Sequence[int]) -> DialogList:
        """The dialogs with these peers, empty ones included, with the state of the box at the same moment."""
        return await self._database.read("peer dialogs", _of_peers_txn, owner_id, peers)

    async def get(self, owner_id: int, peer: int) -> Dialog:
        """One dialog; an empty one when nothing has happened there."""
        return (await self.of_peers(owner_id, [peer])).dialogs[0]

    async def pin(self, owner_id: int, peer: int, pinned: bool, perm_auth_key_id: int = 0) -> None:
        """Put a dialog on top of the list, or back into its order.

        Raises:
            PeerHistoryEmpty: there is no such dialog.
            PinnedDialogsTooMany: the list has as many as it may.
        """
        await self._database.write("pin dialog", _pin_txn, self._fanout, owner_id, peer, pinned, perm_auth_key_id)

    async def reorder_pinned(
        self, owner_id: int, folder_id: int, peers: Sequence[int], force: bool, perm_auth_key_id: int = 0
    ) -> None:
        """Put the pinned dialogs in this order, first on top.

        Args:
            force: dialogs that are not named are unpinned, named ones pinned.
        """
        await self._database.write(
            "reorder pinned", _reorder_txn, self._fanout, owner_id, folder_id, tuple(peers), force, perm_auth_key_id
        )

    async def move(
        self, owner_id: int, moves: Sequence[tuple[int, bool]], now: int, perm_auth_key_id: int = 0
    ) -> OwnChange:
        """Put dialogs into the archive, or back among the others; each (peer, whether into it).

        They are not pinned in the new place. Dialogs that are not there, or are there already, stay as they are.
        """
        return await self._database.write(
            "move dialogs", _move_txn, self._fanout, owner_id, tuple(moves), now, perm_auth_key_id
        )

    async def mark_unread(self, owner_id: int, peer: int, unread: bool, perm_auth_key_id: int = 0) -> None:
        """Set or take off the mark that a dialog is still to be looked at."""
        await self._database.write("mark unread", _mark_txn, self._fanout, owner_id, peer, unread, perm_auth_key_id)

    async def unread_marks(self, owner_id: int) -> list[int]:
        """The peers whose dialogs carry that mark."""
        return await self._database.read("unread marks", store.unread_marks_txn, owner_id)

    async def hide_bar(self, owner_id: int, peer: int) -> None:
        """The owner does not want the "report or add" bar over this dialog."""
        await self._database.write("hide bar", _hide_bar_txn, owner_id, peer)

    async def save_draft(self, owner_id: int, peer: int, draft: Draft | None, perm_auth_key_id: int = 0) -> None:
        """Keep what is being written, or forget it (None)."""
        await self._database.write("save draft", _draft_txn, self._fanout, owner_id, peer, draft, perm_auth_key_id)

    async def say_typing(self, user_id: int, other_id: int, action: str, progress: int) -> None:
        """Tell the other side of a private chat what the user is doing there; nothing across a block."""
        if other_id in (user_id, SERVICE_USER_ID):
            return
        relation = await self._database.read("typing", relations.relation_txn, user_id, other_id)
        if relations.reaches(relation):
            self._fanout.publish((other_id,), UserTyping(user_id, action, progress))

    async def private_peers(self, owner_id: int) -> list[int]:
        """The users with whom the owner has a private chat, the latest first, at most ``MAX_PRIVATE_PEERS``."""
        return await self._database.read("private peers", store.private_peers_txn, owner_id, MAX_PRIVATE_PEERS)

    async def drafts(self, owner_id: int) -> list[Dialog]:
        """Every dialog with a draft."""
        return await self._database.read("drafts", store.drafts_txn, owner_id)

    async def clear_drafts(self, owner_id: int, perm_auth_key_id: int = 0) -> None:
        """Forget every draft."""
        await self._database.write("clear drafts", _clear_drafts_txn, self._fanout, owner_id, perm_auth_key_id)


_Standing = TypeVar("_Standing", bound=Dialog | ListPlace)


def _empty(owner_id: int, peer: int) -> Dialog:
    return Dialog(owner_id, peer, 0, 0, 0, 0, 0, 0, False, 0, 0, 0, False, None)


def _with_messages(
    txn: Transaction, owner_id: int, dialogs: Sequence[Dialog], count: int, state: State | None = None
) -> DialogList:
    channels = [dialog for dialog in dialogs if is_channel(dialog.peer) and dialog.top_message_id]
    own = [dialog.top_message_id for dialog in dialogs if dialog.top_message_id and not is_channel(dialog.peer)]
    messages = list(messages_txn(txn, owner_id, own).values())
    if channels:
        read = {dialog.peer: (dialog.top_message_id, dialog.read_inbox_max_id) for dialog in channels}
        unread = unread_txn(txn, owner_id, read)
        dialogs = [replace(one, unread_count=unread.get(one.peer, one.unread_count)) for one in dialogs]
        messages += tops_txn(txn, owner_id, {dialog.peer: dialog.top_message_id for dialog in channels})
    reacted = counts_txn(txn, owner_id, REACTION_UNREAD, [dialog.peer for dialog in dialogs])
    if reacted:
        dialogs = [replace(one, unread_reactions=reacted[one.peer]) if one.peer in reacted else one for one in dialogs]
    return DialogList(tuple(dialogs), tuple(messages), count, state)


def _page_txn(
    txn: Transaction,
    owner_id: int,
    folder_id: int | None,
    offset: tuple[int, int, int],
    limit: int,
    exclude_pinned: bool,
) -> DialogList:
    before = None
    offset_date, offset_id, offset_peer = offset
    if offset_id and not offset_date:
        box = box_owner(owner_id, offset_peer)
        txn.execute("SELECT sent_at FROM messages WHERE owner_id = ? AND id = ?", (box, offset_id))
        row = txn.fetchone()
        offset_date = row[0] if row else 0
    if offset_date:
        before = (offset_date, offset_id)
    with_channels = channels_store.places_txn(txn, owner_id, folder_id)
    dialogs: list[Dialog | ListPlace] = []
    if not exclude_pinned and not before:
        dialogs = list(store.pinned_txn(txn, owner_id, folder_id or 0))
        if with_channels:
            dialogs = _by_order([*dialogs, *(one for one in with_channels if _is_first(one, folder_id))])
    room = max(0, limit - len(dialogs))
    newest: list[Dialog | ListPlace] = list(store.newest_txn(txn, owner_id, folder_id, room, before))
    count = store.count_txn(txn, owner_id, folder_id, with_pinned=not exclude_pinned)
    if with_channels:
        place = (*before, 0 if is_channel(offset_peer) else 1, offset_peer) if before is not None else None
        loose = [
            one for one in with_channels if not _is_first(one, folder_id) and (place is None or _place(one) < place)
        ]
        newest = sorted([*newest, *loose], key=_place, reverse=True)[:room]
        count += sum(not (exclude_pinned and _is_first(one, folder_id)) for one in with_channels)
    listed = _whole_txn(txn, owner_id, [*dialogs, *newest])
    archive = _archive_txn(txn, owner_id) if folder_id == 0 and before is None else None
    if archive is None:
        return _with_messages(txn, owner_id, listed, count)
    # Its newest message comes along.
    page = _with_messages(txn, owner_id, [*listed, archive[0]], count)
    return replace(page, dialogs=page.dialogs[:-1], archive=archive[0], unread=archive[1])


def _whole_txn(txn: Transaction, owner_id: int, listed: Sequence[Dialog | ListPlace]) -> list[Dialog]:
    """The dialogs that stand there; those with channels of which the owner sees nothing are left out."""
    peers = [one.peer for one in listed if isinstance(one, ListPlace)]
    channels = channels_store.of_peers_txn(txn, owner_id, peers) if peers else {}
    found = [channels.get(one.peer) if isinstance(one, ListPlace) else one for one in listed]
    return [one for one in found if one is not None and one.top_message_id]


def _is_first(dialog: Dialog | ListPlace, folder_id: int | None) -> bool:
    """Whether it stands before those that are ordered by date: of both folders together only what the first pins."""
    return dialog.pinned_order > 0 and (folder_id is not None or dialog.folder_id == 0)


def _archive_txn(txn: Transaction, owner_id: int) -> tuple[Dialog, tuple[tuple[int, int], ...]] | None:
    """The dialog in the archive with the newest message, and (peer, unread messages) of those that are unread."""
    if not store.has_archive_txn(txn, owner_id):
        return None  # without looking through all dialogs
    channels = [one for one in channels_store.in_folder_txn(txn, owner_id, ARCHIVE) if one.top_message_id]
    newest = sorted([*store.newest_archived_txn(txn, owner_id), *channels], key=_place)
    if not newest:
        return None
    unread = dict(store.unread_txn(txn, owner_id, ARCHIVE))
    counted = unread_txn(txn, owner_id, {one.peer: (one.top_message_id, one.read_inbox_max_id) for one in channels})
    unread.update({one.peer: counted[one.peer] for one in channels if one.unread_mark or counted[one.peer]})
    return newest[-1], tuple(unread.items())


def _by_order(pinned: Sequence[_Standing]) -> list[_Standing]:
    return sorted(pinned, key=lambda dialog: dialog.pinned_order, reverse=True)


def _place(dialog: Dialog | ListPlace) -> tuple[int, int, int, int]:
    """Where it stands in the list, the greatest on top: channels have ids of their own, which others may have, too."""
    return dialog.top_sent_at, dialog.top_message_id, 0 if is_channel(dialog.peer) else 1, dialog.peer


def _all_pinned_txn(txn: Transaction, owner_id: int, folder_id: int) -> list[Dialog]:
    """Top first."""
    with_channels = channels_store.in_folder_txn(txn, owner_id, folder_id)
    return _by_order([*store.pinned_txn(txn, owner_id, folder_id), *(one for one in with_channels if one.pinned_order)])


def _found_txn(txn: Transaction, owner_id: int, peers: Sequence[int]) -> dict[int, Dialog]:
    found = store.dialogs_txn(txn, owner_id, [peer for peer in peers if not is_channel(peer)])
    channels = [peer for peer in peers if is_channel(peer)]
    return found | channels_store.of_peers_txn(txn, owner_id, channels) if channels else found


def _pinned_txn(txn: Transaction, owner_id: int, folder_id: int) -> DialogList:
    dialogs = _all_pinned_txn(txn, owner_id, folder_id)
    return _with_messages(txn, owner_id, dialogs, len(dialogs), state_txn(txn, owner_id))


def _of_peers_txn(txn: Transaction, owner_id: int, peers: Sequence[int]) -> DialogList:
    found = _found_txn(txn, owner_id, peers)
    if others := [peer for peer in peers if is_channel(peer) and peer not in found]:
        # Who may look into a channel is asked before. TDLib takes no dialog with one that has no pts.
        found |= channels_store.looked_into_txn(txn, owner_id, others)
    dialogs = [found.get(peer) or _empty(owner_id, peer) for peer in peers]
    return _with_messages(txn, owner_id, dialogs, len(dialogs), state_txn(txn, owner_id))


def _pin_txn(txn: Transaction, fanout: Fanout, owner_id: int, peer: int, pinned: bool, perm_auth_key_id: int) -> None:
    dialog = _found_txn(txn, owner_id, [peer]).get(peer)
    if dialog is None or not dialog.top_message_id:
        raise PeerHistoryEmpty(str(peer))
    if bool(dialog.pinned_order) == pinned:
        return
    order = 0
    if pinned:
        on_top = _all_pinned_txn(txn, owner_id, dialog.folder_id)
        if len(on_top) >= (MAX_PINNED_ARCHIVED if dialog.folder_id else MAX_PINNED):
            raise PinnedDialogsTooMany(str(len(on_top)))
        order = on_top[0].pinned_order + 1 if on_top else 1
    store.set_txn(txn, owner_id, peer, pinned_order=order)
    event = DialogPinnedChanged(peer, pinned, dialog.folder_id)
    txn.call_after(fanout.publish, (owner_id,), event, perm_auth_key_id)


def _reorder_txn(
    txn: Transaction,
    fanout: Fanout,
    owner_id: int,
    folder_id: int,
    peers: tuple[int, ...],
    force: bool,
    perm_auth_key_id: int,
) -> None:
    present = _all_pinned_txn(txn, owner_id, folder_id)
    pinned = {dialog.peer for dialog in present}
    wanted = [peer for peer in dict.fromkeys(peers) if force or peer in pinned]
    if not force:
        wanted += [dialog.peer for dialog in present if dialog.peer not in peers]
    if len(wanted) > (MAX_PINNED_ARCHIVED if folder_id else MAX_PINNED):
        raise PinnedDialogsTooMany(str(len(wanted)))
    for peer in pinned - set(wanted):
        store.set_txn(txn, owner_id, peer, pinned_order=0)
    for place, peer in enumerate(reversed(wanted)):
        store.set_txn(txn, owner_id, peer, pinned_order=place + 1)
    txn.call_after(fanout.publish, (owner_id,), PinnedDialogsReordered(tuple(wanted), folder_id), perm_auth_key_id)


def _move_txn(
    txn: Transaction,
    fanout: Fanout,
    owner_id: int,
    moves: tuple[tuple[int, bool], ...],
    now: int,
    perm_auth_key_id: int,
) -> OwnChange:
    changes = BoxChanges(txn, now)
    changes.lock((owner_id,))
    found = _found_txn(txn, owner_id, [peer for peer, _ in moves])
    for archived in (True, False):
        peers = [
            peer
            for peer, wanted in dict(moves).items()
            if wanted == archived and peer in found and bool(found[peer].folder_id) != archived
        ]
        if peers:
            move_txn(txn, [Box(owner_id, peer) for peer in peers], ARCHIVE if archived else 0)
            changes.append(owner_id, DialogsMoved(tuple(peers), archived))
    changes.save(fanout.deliver, perm_auth_key_id)
    return changes.own(owner_id)


def _mark_txn(txn: Transaction, fanout: Fanout, owner_id: int, peer: int, unread: bool, perm_auth_key_id: int) -> None:
    if store.set_txn(txn, owner_id, peer, unread_mark=int(unread)):
        txn.call_after(fanout.publish, (owner_id,), DialogUnreadMarkChanged(peer, unread), perm_auth_key_id)


def _hide_bar_txn(txn: Transaction, owner_id: int, peer: int) -> None:
    if not is_channel(peer):
        store.ensure_txn(txn, owner_id, peer)
    store.set_txn(txn, owner_id, peer, hidden_bar=1)


def _draft_txn(
    txn: Transaction, fanout: Fanout, owner_id: int, peer: int, draft: Draft | None, perm_auth_key_id: int
) -> None:
    stored = None if draft is None else pack_draft(draft)
    # In a channel there is a row for who is in it, and for nobody else.
    if draft is not None and not is_channel(peer):
        store.ensure_txn(txn, owner_id, peer)
    if store.set_txn(txn, owner_id, peer, draft=stored):
        txn.call_after(fanout.publish, (owner_id,), DraftChanged(peer, stored), perm_auth_key_id)


def _clear_drafts_txn(txn: Transaction, fanout: Fanout, owner_id: int, perm_auth_key_id: int) -> None:
    for dialog in store.drafts_txn(txn, owner_id):
        _draft_txn(txn, fanout, owner_id, dialog.peer, None, perm_auth_key_id)
