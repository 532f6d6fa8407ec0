"""SQL of messages that wait."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from teamgram.database import Row, Transaction
from teamgram.domain.boxes.message import Extra, Message
from teamgram.domain.boxes.store import chunks, marks
from teamgram.domain.files.naming import SCHEDULED, change_uses_txn, drop_uses_txn, note_uses_txn

WHEN_ONLINE = 0x7FFFFFFE
"""Instead of a date: when the other one is online."""

MAX_ID = (1 << 18) - 1
"""TDLib takes no more for the id of a scheduled message."""


class Waiting(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is going to be sent.

    Attributes:
        reply_to_id: the owner's own id of the message that it answers, 0 for none.
        mentioned: users whom the text names.
    """

    text: str
    extra: Extra = Extra()
    tags: int = 0
    reply_to_id: int = 0
    mentioned: tuple[int, ...] = ()


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Waiting).decode


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A message that waits.

    Attributes:
        number: this server's.
        id: its owner's, in that dialog.
        due_at: unix seconds, or ``WHEN_ONLINE``.
    """

    number: int
    owner_id: int
    peer: int
    id: int
    due_at: int
    edited_at: int
    random_id: int | None
    waiting: Waiting

    @property
    def message(self) -> Message:
        """As its owner sees it. Its content has no number yet: it is called by the negative one of what waits."""
        return Message(
            self.owner_id,
            self.id,
            self.peer,
            -self.number,
            self.owner_id,
            self.due_at,
            self.waiting.text,
            msgspec.structs.replace(self.waiting.extra, scheduled=True),
            self.edited_at,
            out=True,
            reply_to_id=self.waiting.reply_to_id,
        )


_COLUMNS = "SELECT number, owner_id, peer, id, due_at, edited_at, random_id, details FROM scheduled_messages"


def _scheduled(row: Row) -> Scheduled:
    return Scheduled(row[0], row[1], row[2], row[3], row[4], row[5], row[6], _decode(row[7]))


def of_dialog_txn(txn: Transaction, owner_id: int, peer: int) -> list[Scheduled]:
    """What waits in a dialog, the latest first."""
    txn.execute(f"{_COLUMNS} WHERE owner_id = ? AND peer = ? ORDER BY due_at DESC, id DESC", (owner_id, peer))
    return [_scheduled(row) for row in txn.fetchall()]


def by_id_txn(txn: Transaction, owner_id: int, peer: int, ids: Sequence[int], *, lock: bool = False) -> list[Scheduled]:
    """What waits in a dialog under these ids, in the order in which it was written."""
    found: list[Scheduled] = []
    for_update = txn.engine.for_update if lock else ""
    for some in chunks(sorted(set(ids))):
        txn.execute(
            f"{_COLUMNS} WHERE owner_id = ? AND peer = ? AND id IN ({marks(some)}) ORDER BY number{for_update}",
            (owner_id, peer, *some),
        )
        found += [_scheduled(row) for row in txn.fetchall()]
    return found


def by_random_id_txn(txn: Transaction, owner_id: int, random_ids: Sequence[int]) -> list[Scheduled]:
    """What waits under these random_ids, in the order in which it was written."""
    txn.execute(
        f"{_COLUMNS} WHERE owner_id = ? AND random_id IN ({marks(random_ids)}) ORDER BY number", (owner_id, *random_ids)
    )
    return [_scheduled(row) for row in txn.fetchall()]


def due_txn(txn: Transaction, now: int, online: Sequence[int], limit: int) -> list[Scheduled]:
    """What is due, the oldest first.

    Args:
        online: users who came online.
    """
    txn.execute(f"{_COLUMNS} WHERE due_at <= ? ORDER BY due_at, number LIMIT ?", (now, limit))
    found = [_scheduled(row) for row in txn.fetchall()]
    for some in chunks(online):
        txn.execute(
            f"{_COLUMNS} WHERE due_at = ? AND peer IN ({marks(some)}) ORDER BY number LIMIT ?",
            (WHEN_ONLINE, *some, limit),
        )
        found += [_scheduled(row) for row in txn.fetchall()]
    return found


def next_txn(txn: Transaction, now: int) -> int | None:
    """When the next is due after ``now``."""
    txn.execute("SELECT MIN(due_at) FROM scheduled_messages WHERE due_at > ? AND due_at < ?", (now, WHEN_ONLINE))
    row = txn.fetchone()
    return row[0] if row else None


def awaited_txn(txn: Transaction) -> set[int]:
    """Whom messages wait for."""
    txn.execute("SELECT DISTINCT peer FROM scheduled_messages WHERE due_at = ?", (WHEN_ONLINE,))
    return {row[0] for row in txn.fetchall()}


def count_txn(txn: Transaction, owner_id: int, peer: int) -> int:
    """How many wait in a dialog."""
    txn.execute("SELECT COUNT(*) FROM scheduled_messages WHERE owner_id = ? AND peer = ?", (owner_id, peer))
    row = txn.fetchone()
    return int(row[0]) if row else 0


def has_any_txn(txn: Transaction, owner_id: int, peer: int) -> bool:
    """Whether anything waits in a dialog."""
    txn.execute("SELECT 1 FROM scheduled_messages WHERE owner_id = ? AND peer = ? LIMIT 1", (owner_id, peer))
    return txn.fetchone() is not None


def last_id_txn(txn: Transaction, owner_id: int, peer: int) -> int:
    """The last id that was given out in a dialog; until the transaction ends nobody else is given one."""
    txn.insert_ignore("scheduled_message_ids", {"owner_id": owner_id, "peer": peer, "last_id": 0})
    txn.execute(
        f"SELECT last_id FROM scheduled_message_ids WHERE owner_id = ? AND peer = ?{txn.engine.for_update}",
        (owner_id, peer),
    )
    row = txn.fetchone()
    return int(row[0]) if row else 0


def insert_txn(
    txn: Transaction, owner_id: int, peer: int, due_at: int, waiting: Sequence[tuple[int | None, Waiting]]
) -> list[Scheduled]:
    """Write messages (random_id, what it is) after ``last_id_txn``; they are given ids."""
    last_id = last_id_txn(txn, owner_id, peer)
    written = []
    for random_id, one in waiting:
        last_id = last_id % MAX_ID + 1
        txn.execute(
            "INSERT INTO scheduled_messages (owner_id, peer, id, due_at, edited_at, random_id, details)"
            " VALUES (?, ?, ?, ?, 0, ?, ?)",
            (owner_id, peer, last_id, due_at, random_id, _encode(one)),
        )
        number = txn.lastrowid
        note_uses_txn(txn, SCHEDULED, number, one.extra)
        written.append(Scheduled(number, owner_id, peer, last_id, due_at, 0, random_id, one))
    txn.execute(
        "UPDATE scheduled_message_ids SET last_id = ? WHERE owner_id = ? AND peer = ?", (last_id, owner_id, peer)
    )
    return written


def change_txn(txn: Transaction, scheduled: Scheduled) -> None:
    """Write one that says something else, or waits for another time."""
    txn.execute(
        "UPDATE scheduled_messages SET due_at = ?, edited_at = ?, details = ? WHERE number = ?",
        (scheduled.due_at, scheduled.edited_at, _encode(scheduled.waiting), scheduled.number),
    )
    change_uses_txn(txn, SCHEDULED, scheduled.number, scheduled.waiting.extra)


def drop_txn(txn: Transaction, numbers: Iterable[int]) -> int:
    """These wait no more; how many did."""
    dropped = 0
    for some in chunks(sorted(numbers)):
        txn.execute(f"DELETE FROM scheduled_messages WHERE number IN ({marks(some)})", some)
        dropped += txn.rowcount
        drop_uses_txn(txn, SCHEDULED, some)
    return dropped


def has_file_txn(txn: Transaction, owner_id: int, number: int, file_id: int) -> bool:
    """Whether that file is in a message of the owner's that waits."""
    txn.execute(f"{_COLUMNS} WHERE number = ? AND owner_id = ?", (number, owner_id))
    row = txn.fetchone()
    return row is not None and file_id in _scheduled(row).waiting.extra.file_ids
