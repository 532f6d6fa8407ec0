"""Saved Messages, sorted by whom they were saved from."""

from collections.abc import Sequence
from dataclasses import dataclass

from teamgram.database import Database, Transaction
from teamgram.domain.boxes.message import Message
from teamgram.domain.boxes.store import marks, messages_txn
from teamgram.domain.dialogs.dialogs import MAX_PAGE, MAX_PINNED
from teamgram.domain.messages.errors import PinnedDialogsTooMany
from teamgram.domain.updates.events import PinnedSavedDialogsReordered, SavedDialogPinnedChanged
from teamgram.domain.updates.fanout import Fanout


@dataclass(frozen=True, slots=True)
class SavedDialog:
    """What the owner has saved from ``peer`` (marked id; the owner's own for their notes)."""

    peer: int
    top_message_id: int
    pinned: bool


@dataclass(frozen=True, slots=True)
class SavedDialogList:
    """A page, with the newest message of each, by id; ``count`` of all."""

    dialogs: tuple[SavedDialog, ...]
    messages: dict[int, Message]
    count: int


class SavedDialogs:
    """Everybody's Saved Messages."""

    def __init__(self, database: Database, fanout: Fanout) -> None:
        self._database = database
        self._fanout = fanout

    async def page(self, owner_id: int, *, offset_id: int, limit: int, exclude_pinned: bool) -> SavedDialogList:
        """Pinned ones first (on the first page), then those with the newest message.

        Args:
            offset_id: newest message of the last one that was seen, 0 for the beginning.
        """
        return await self._database.read("saved dialogs", _page_txn, owner_id, offset_id, limit, exclude_pinned)

    async def pinned(self, owner_id: int) -> SavedDialogList:
        """The pinned ones, top first."""
        return await self._database.read("pinned saved dialogs", _pinned_txn, owner_id)

    async def of_peers(self, owner_id: int, peers: Sequence[int]) -> SavedDialogList:
        """Those of these peers that have anything saved from them."""
        return await self._database.read("saved dialogs of peers", _of_peers_txn, owner_id, tuple(peers))

    async def pin(self, owner_id: int, peer: int, pinned: bool, perm_auth_key_id: int = 0) -> None:
        """Put one on top, or back into its order.

        Raises:
            PinnedDialogsTooMany: as many as may be are pinned already.
        """
        await self._database.write("pin saved dialog", _pin_txn, self._fanout, owner_id, peer, pinned, perm_auth_key_id)

    async def reorder_pinned(self, owner_id: int, peers: Sequence[int], force: bool, perm_auth_key_id: int = 0) -> None:
        """Put the pinned ones in this order, first on top; with ``force`` exactly these are pinned.

        Raises:
            PinnedDialogsTooMany.
        """
        await self._database.write(
            "reorder saved pins", _reorder_txn, self._fanout, owner_id, tuple(peers), force, perm_auth_key_id
        )


def _tops_txn(txn: Transaction, owner_id: int) -> dict[int, int]:
    """Newest message id by whom it was saved from."""
    txn.execute(
        "SELECT saved_peer, MAX(id) FROM messages WHERE owner_id = ? AND peer = ? AND saved_peer <> 0"
        " GROUP BY saved_peer",
        (owner_id, owner_id),
    )
    return dict(txn.fetchall())


def _pins_txn(txn: Transaction, owner_id: int) -> list[int]:
    txn.execute("SELECT saved_peer FROM saved_dialog_pins WHERE owner_id = ? ORDER BY pinned_order DESC", (owner_id,))
    return [row[0] for row in txn.fetchall()]


def _listed(
    txn: Transaction, owner_id: int, tops: dict[int, int], peers: Sequence[int], pins: Sequence[int], count: int
) -> SavedDialogList:
    dialogs = tuple(SavedDialog(peer, tops[peer], peer in pins) for peer in peers)
    return SavedDialogList(dialogs, messages_txn(txn, owner_id, [dialog.top_message_id for dialog in dialogs]), count)


def _page_txn(txn: Transaction, owner_id: int, offset_id: int, limit: int, exclude_pinned: bool) -> SavedDialogList:
    tops, pins = _tops_txn(txn, owner_id), _pins_txn(txn, owner_id)
    rest = sorted((peer for peer in tops if peer not in pins), key=lambda peer: -tops[peer])
    if offset_id:
        rest = [peer for peer in rest if tops[peer] < offset_id]
    on_top = [] if exclude_pinned or offset_id else [peer for peer in pins if peer in tops]
    count = len(tops) - (sum(peer in tops for peer in pins) if exclude_pinned else 0)
    return _listed(txn, owner_id, tops, (on_top + rest)[: max(0, min(limit, MAX_PAGE))], pins, count)


def _pinned_txn(txn: Transaction, owner_id: int) -> SavedDialogList:
    tops, pins = _tops_txn(txn, owner_id), _pins_txn(txn, owner_id)
    listed = [peer for peer in pins if peer in tops]
    return _listed(txn, owner_id, tops, listed, pins, len(listed))


def _of_peers_txn(txn: Transaction, owner_id: int, peers: Sequence[int]) -> SavedDialogList:
    tops, pins = _tops_txn(txn, owner_id), _pins_txn(txn, owner_id)
    listed = [peer for peer in dict.fromkeys(peers) if peer in tops]
    return _listed(txn, owner_id, tops, listed, pins, len(listed))


def _write_pins_txn(txn: Transaction, owner_id: int, pins: Sequence[int]) -> None:
    if len(pins) > MAX_PINNED:
        raise PinnedDialogsTooMany(str(len(pins)))
    keep = f" AND saved_peer NOT IN ({marks(pins)})" if pins else ""
    txn.execute(f"DELETE FROM saved_dialog_pins WHERE owner_id = ?{keep}", (owner_id, *pins))
    for order, peer in enumerate(reversed(pins)):
        txn.upsert("saved_dialog_pins", {"owner_id": owner_id, "saved_peer": peer}, {"pinned_order": order + 1})


def _pin_txn(txn: Transaction, fanout: Fanout, owner_id: int, peer: int, pinned: bool, perm_auth_key_id: int) -> None:
    pins = _pins_txn(txn, owner_id)
    if (peer in pins) == pinned:
        return
    _write_pins_txn(txn, owner_id, [peer, *pins] if pinned else [other for other in pins if other != peer])
    txn.call_after(fanout.publish, (owner_id,), SavedDialogPinnedChanged(peer, pinned), perm_auth_key_id)


def _reorder_txn(
    txn: Transaction, fanout: Fanout, owner_id: int, peers: tuple[int, ...], force: bool, perm_auth_key_id: int
) -> None:
    present = _pins_txn(txn, owner_id)
    pins = [peer for peer in dict.fromkeys(peers) if force or peer in present]
    if not force:
        pins += [peer for peer in present if peer not in peers]
    _write_pins_txn(txn, owner_id, pins)
    txn.call_after(fanout.publish, (owner_id,), PinnedSavedDialogsReordered(tuple(pins)), perm_auth_key_id)
