"""SQL of dialogs with channels: the member's own row of ``dialogs``, beside what all of them see alike.

What is newest and pinned in a channel lies once, in the row of ``dialogs`` that is the channel's own (its owner and its
peer).
"""

from collections.abc import Sequence
from typing import NamedTuple

from teamgram.database import Row, Transaction
from teamgram.domain.boxes.message import unpack_draft
from teamgram.domain.boxes.store import chunks, marks
from teamgram.domain.chats.chat import Standing
from teamgram.domain.dialogs.dialog import Dialog
from teamgram.domain.ids.peer import CHANNEL_MARK, channels_only

# t: the channel's own row, w: who the owner of the dialog is there.
_COLUMNS = (
    "d.owner_id, d.peer, t.top_message_id, t.top_sent_at, d.read_inbox_max_id, d.read_outbox_max_id,"
    " d.unread_mentions, d.unread_mark, d.pinned_order, d.folder_id, t.pinned_message_id, d.hidden_bar, d.draft, b.pts,"
    " w.hidden_up_to"
)


def _from(txn: Transaction) -> str:
    join = txn.engine.ordered_join
    return (
        f"FROM dialogs d {join} dialogs t ON t.owner_id = d.peer AND t.peer = d.peer"
        f" {join} message_boxes b ON b.owner_id = d.peer"
        f" {join} channel_members w ON w.channel_id = -{CHANNEL_MARK} - d.peer AND w.user_id = d.owner_id"
        f" WHERE d.owner_id = ? AND d.peer < -{CHANNEL_MARK} AND w.standing = {int(Standing.PRESENT)}"
    )


def _dialog(row: Row) -> Dialog:
    hidden_up_to = row[14]
    is_hidden = row[2] <= hidden_up_to
    return Dialog(
        row[0],
        row[1],
        0 if is_hidden else row[2],
        row[3],
        row[4],
        row[5],
        0,
        row[6],
        bool(row[7]),
        row[8],
        row[9],
        row[10] if row[10] > hidden_up_to else 0,
        bool(row[11]),
        unpack_draft(row[12]) if row[12] else None,
        row[13],
    )


class ListPlace(NamedTuple):
    """Where a dialog with a channel stands in its member's list; the attributes are those of ``Dialog``."""

    peer: int
    top_sent_at: int
    top_message_id: int
    pinned_order: int
    folder_id: int


def places_txn(txn: Transaction, owner_id: int, folder_id: int | None) -> list[ListPlace]:
    """Where all of the owner's dialogs with channels in that folder, or in both, stand: a third of the cost of them."""
    in_folder, params = ("", []) if folder_id is None else (" AND d.folder_id = ?", [folder_id])
    txn.execute(
        "SELECT d.peer, t.top_sent_at, t.top_message_id, d.pinned_order, d.folder_id"
        f" FROM dialogs d {txn.engine.ordered_join} dialogs t ON t.owner_id = d.peer AND t.peer = d.peer"
        f" WHERE d.owner_id = ? AND {channels_only('d.peer')} AND t.top_message_id > 0{in_folder}",
        (owner_id, *params),
    )
    return [ListPlace(*row) for row in txn.fetchall()]


def in_folder_txn(txn: Transaction, owner_id: int, folder_id: int | None) -> list[Dialog]:
    """The owner's dialogs with channels in that folder, or in both, the newest message first; unread not counted."""
    in_folder, params = ("", []) if folder_id is None else (" AND d.folder_id = ?", [folder_id])
    txn.execute(
        f"SELECT {_COLUMNS} {_from(txn)}{in_folder} ORDER BY t.top_sent_at DESC, t.top_message_id DESC, d.peer",
        (owner_id, *params),
    )
    return [_dialog(row) for row in txn.fetchall()]


def of_peers_txn(txn: Transaction, owner_id: int, peers: Sequence[int]) -> dict[int, Dialog]:
    """The owner's dialogs with these channels (marked ids), those that they are in; unread not counted."""
    found: dict[int, Dialog] = {}
    for some in chunks(peers):
        txn.execute(f"SELECT {_COLUMNS} {_from(txn)} AND d.peer IN ({marks(some)})", (owner_id, *some))
        found.update((row[1], _dialog(row)) for row in txn.fetchall())
    return found


def looked_into_txn(txn: Transaction, owner_id: int, peers: Sequence[int]) -> dict[int, Dialog]:
    """Dialogs with these channels (marked ids) for somebody who is in none of them: nothing there is unread."""
    found: dict[int, Dialog] = {}
    join = txn.engine.ordered_join
    for some in chunks(peers):
        txn.execute(
            "SELECT t.owner_id, t.top_message_id, t.top_sent_at, t.pinned_message_id, b.pts"
            f" FROM dialogs t {join} message_boxes b ON b.owner_id = t.owner_id"
            f" WHERE t.owner_id IN ({marks(some)}) AND t.peer = t.owner_id",
            some,
        )
        for peer, top, sent_at, pinned, pts in txn.fetchall():
            found[peer] = Dialog(
                owner_id, peer, top, sent_at, top, top, 0, 0, False, 0, 0, pinned, False, None, pts=pts
            )
    return found
