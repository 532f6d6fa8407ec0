"""What the archive does by itself when messages come: news take a conversation out of it, strangers are put into it."""

from collections.abc import Collection, Sequence

import msgspec

from teamgram.database import Transaction
from teamgram.domain.boxes.audience import Box
from teamgram.domain.boxes.store import marks
from teamgram.domain.contacts.store import is_contact_txn
from teamgram.domain.privacy.archiving import DEFAULT, archiving_txn
from teamgram.domain.users.notifications import chosen_txn, is_muted, kind_of, mute_txn
from teamgram.domain.users.user import SERVICE_USER_ID

ARCHIVE = 1
"""The ``folder_id`` of what is in it."""

_AT_ONCE = 200


class _Named(msgspec.Struct):
    pinned: tuple[int, ...] = ()
    included: tuple[int, ...] = ()


_decode_named = msgspec.json.Decoder(_Named).decode


def come_out_txn(txn: Transaction, boxes: Sequence[Box], now: int) -> list[Box]:
    """Take the dialogs of these boxes, which have news, out of the archive; those that came."""
    found: list[Box] = []
    for start in range(0, len(boxes), _AT_ONCE):
        some = boxes[start : start + _AT_ONCE]
        one_of = " OR ".join(["owner_id = ? AND peer = ?"] * len(some))
        txn.execute(
            f"SELECT owner_id, peer FROM dialogs WHERE folder_id = ? AND ({one_of})",
            (ARCHIVE, *(value for box in some for value in box)),
        )
        found += [Box(*row) for row in txn.fetchall()]
    if not found:
        return []
    wishes = archiving_txn(txn, {box.owner_id for box in found})
    came = []
    for box in found:
        wish = wishes.get(box.owner_id, DEFAULT)
        if wish.keep_unmuted or _is_muted_txn(txn, box, now):
            continue
        if wish.keep_foldered and box.peer in _foldered_txn(txn, box.owner_id):
            continue
        came.append(box)
    move_txn(txn, came, 0)
    return came


def strangers_txn(txn: Transaction, sender_id: int, boxes: Sequence[Box]) -> list[Box]:
    """Of dialogs that the sender has just begun, put those into the archive whose owners want no strangers."""
    if sender_id == SERVICE_USER_ID:
        return []
    wishes = archiving_txn(txn, {box.owner_id for box in boxes})
    filed = []
    for box in boxes:
        wish = wishes.get(box.owner_id, DEFAULT)
        if wish.new_strangers and not is_contact_txn(txn, box.owner_id, sender_id):
            mute_txn(txn, box.owner_id, str(box.peer))
            filed.append(box)
    move_txn(txn, filed, ARCHIVE)
    return filed


def move_txn(txn: Transaction, boxes: Collection[Box], folder_id: int) -> None:
    """Put dialogs of locked boxes into the archive, or back among the others; there they are not pinned."""
    if not boxes:
        return
    txn.executemany(
        "UPDATE dialogs SET folder_id = ?, pinned_order = 0 WHERE owner_id = ? AND peer = ?",
        [(folder_id, *box) for box in boxes],
    )
    owner_ids = sorted({box.owner_id for box in boxes})
    txn.execute(
        "UPDATE message_boxes SET archives = (SELECT COUNT(*) > 0 FROM dialogs d"
        f" WHERE d.owner_id = message_boxes.owner_id AND d.folder_id = ?) WHERE owner_id IN ({marks(owner_ids)})",
        (ARCHIVE, *owner_ids),
    )


def _is_muted_txn(txn: Transaction, box: Box, now: int) -> bool:
    return is_muted(chosen_txn(txn, box.owner_id, (str(box.peer), kind_of(box.peer))), box.peer, now)


def _foldered_txn(txn: Transaction, owner_id: int) -> set[int]:
    """What the owner's folders name; of each folder only that is read here (``domain/folders`` has them)."""
    txn.execute("SELECT details FROM folders WHERE owner_id = ?", (owner_id,))
    return {
        peer for row in txn.fetchall() for named in [_decode_named(row[0])] for peer in named.pinned + named.included
    }
