"""What sends that share a commit keep for one another: counters of boxes and what dialogs show.

A message raises two counters of each box that it comes into, and its dialog. Of ten
messages to the same group that are committed together only the last ones' are
ever seen, so they are written once, at the end of the sends (``Transaction.put_off``).
A dialog is raised in the table first, which says whether it is there.
"""

from dataclasses import dataclass, field

from teamgram.database import Transaction


@dataclass(slots=True)
class BoxNumbers:
    """How far a box has come."""

    pts: int
    last_message_id: int


@dataclass(slots=True)
class Raise:
    """How a dialog was raised: its newest message, and what was added to its counts."""

    top_message_id: int
    top_sent_at: int
    unread: int
    mentions: int


@dataclass(slots=True)
class KeptCounters:
    """Of the sends so far that will be committed together.

    Attributes:
        boxes: by owner; those whose archive is empty.
        dialogs: (owner, peer) of those that are there; None: nothing is to be written.
    """

    boxes: dict[int, BoxNumbers] = field(default_factory=dict)
    dialogs: dict[tuple[int, int], Raise | None] = field(default_factory=dict)

    def raise_dialog(self, owner_id: int, peer: int, raised: Raise) -> bool:
        """Raise a dialog later; False when it is not known to be there."""
        key = owner_id, peer
        if key not in self.dialogs:
            return False
        before = self.dialogs[key]
        if before is not None:
            raised.unread += before.unread
            raised.mentions += before.mentions
        self.dialogs[key] = raised
        return True

    def write(self, txn: Transaction) -> None:
        """What was put off."""
        write_boxes_txn(txn, self.boxes)
        raise_txn(txn, {key: raised for key, raised in self.dialogs.items() if raised is not None})


def write_boxes_txn(txn: Transaction, boxes: dict[int, BoxNumbers]) -> None:
    """Write how far boxes have come."""
    txn.executemany(
        "UPDATE message_boxes SET pts = ?, last_message_id = ? WHERE owner_id = ?",
        [(box.pts, box.last_message_id, owner_id) for owner_id, box in boxes.items()],
    )


def raise_txn(txn: Transaction, dialogs: dict[tuple[int, int], Raise]) -> bool:
    """Set what dialogs show, by (owner, peer); False when some of them are not there."""
    if not dialogs:
        return True
    txn.executemany(
        "UPDATE dialogs SET top_message_id = ?, top_sent_at = ?, unread_count = unread_count + ?,"
        " unread_mentions = unread_mentions + ? WHERE owner_id = ? AND peer = ?",
        [
            (raised.top_message_id, raised.top_sent_at, raised.unread, raised.mentions, *key)
            for key, raised in dialogs.items()
        ],
    )
    return txn.rowcount == len(dialogs)


def kept_by(txn: Transaction) -> KeptCounters | None:
    """What the sends before this one kept; None where each transaction is on its own."""
    if not txn.may_put_off:
        return None
    if not isinstance(txn.put_off, KeptCounters):
        txn.write_put_off()
        txn.put_off = KeptCounters()
    return txn.put_off
