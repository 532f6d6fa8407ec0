"""Setting and taking the mark that messages are pinned, and telling their owners."""

from collections.abc import Iterable, Sequence

from teamgram.database import Transaction
from teamgram.domain.boxes.changes import BoxChanges
from teamgram.domain.boxes.events import MessagesPinned
from teamgram.domain.boxes.marks import PINNED, add_marks_txn, drop_marks_txn


def set_pinned_txn(
    txn: Transaction, changes: BoxChanges, copies: Sequence[tuple[int, int, int, int]], pinned: bool
) -> None:
    """Pin these copies of messages (content, owner, id, peer), or unpin them, and have their owners told."""
    by_dialog: dict[tuple[int, int], list[int]] = {}
    for _, owner_id, message_id, peer in copies:
        by_dialog.setdefault((owner_id, peer), []).append(message_id)
    for (owner_id, peer), message_ids in sorted(by_dialog.items()):
        changed = _changed_txn(txn, owner_id, message_ids, pinned)
        if pinned:
            add_marks_txn(txn, [(owner_id, peer, PINNED, id_) for id_ in changed])
        else:
            drop_marks_txn(txn, owner_id, peer, changed, (PINNED,))
        if not changed:
            continue
        txn.execute(
            "UPDATE dialogs SET pinned_message_id = (SELECT COALESCE(MAX(k.id), 0) FROM message_marks k"
            " WHERE k.owner_id = ? AND k.peer = ? AND k.kind = ?) WHERE owner_id = ? AND peer = ?",
            (owner_id, peer, PINNED, owner_id, peer),
        )
        changes.append(owner_id, MessagesPinned(peer, changed, pinned), len(changed))


def _changed_txn(txn: Transaction, owner_id: int, message_ids: Iterable[int], pinned: bool) -> tuple[int, ...]:
    """Set the flag; the ids of those that did not have it so."""
    changed = []
    for message_id in sorted(message_ids):
        txn.execute(
            "UPDATE messages SET pinned = ? WHERE owner_id = ? AND id = ? AND pinned = ?",
            (int(pinned), owner_id, message_id, int(not pinned)),
        )
        if txn.rowcount:
            changed.append(message_id)
    return tuple(changed)
