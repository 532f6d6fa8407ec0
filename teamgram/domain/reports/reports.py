"""Reports, as they are written down and read."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from teamgram.database import Database, Row, Transaction
from teamgram.domain.boxes.message import Message
from teamgram.domain.boxes.store import messages_txn
from teamgram.domain.errors import FloodWait
from teamgram.domain.ids.peer import box_owner

MAX_SAID = 512
"""Characters that are kept of what somebody writes beside a report."""
MAX_MESSAGES = 100
MAX_COPIED = 1024
"""Characters that are copied of a message."""
MAX_OPEN = 200
"""Of one person, that nobody has dealt with: who reports more waits."""
_WAIT = 3600


@dataclass(frozen=True, slots=True)
class CopiedMessage:
    """A message as it was when it was reported.

    Attributes:
        id: in the reporter's box.
        carries: what kind of media, "" for none; ``file_ids`` are of what is in it.
    """

    id: int
    sender_id: int
    date: int
    text: str
    carries: str = ""
    file_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class NewReport:
    """Somebody reports something.

    Attributes:
        peer: marked id of whom, or where.
        about_id: the person in a group, or the photo, that is meant; 0 for none.
        message_ids: in the reporter's box, or a channel's.
    """

    reporter_id: int
    peer: int
    kind: str
    reason: str
    now: int
    said: str = ""
    about_id: int = 0
    message_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """One that was written down. ``closed_at``: unix seconds, 0 while nobody has dealt with it."""

    id: int
    reporter_id: int
    peer: int
    about_id: int
    kind: str
    reason: str
    said: str
    copied: tuple[CopiedMessage, ...]
    reported_at: int
    closed_at: int


class ReportBook:
    """All reports of this server."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, report: NewReport) -> int:
        """Write one down, with copies of the messages that the reporter has; its id.

        Raises:
            FloodWait: they have reported ``MAX_OPEN`` things that nobody has dealt with.
        """
        return await self._database.write("report", _add_txn, report)

    async def listed(self, *, closed: bool = False, limit: int = 100) -> list[Report]:
        """The newest ones, open or all."""
        return await self._database.read("reports", _listed_txn, closed, limit)

    async def get(self, report_id: int) -> Report | None:
        """One of them."""
        return await self._database.read("report by id", _get_txn, report_id)

    async def close(self, report_ids: Sequence[int], now: int) -> list[int]:
        """Somebody has dealt with these; the ids of those that were open."""
        return await self._database.write("close reports", _close_txn, tuple(report_ids), now)


def _add_txn(txn: Transaction, report: NewReport) -> int:
    txn.execute("SELECT COUNT(*) FROM reports WHERE reporter_id = ? AND closed_at = 0", (report.reporter_id,))
    row = txn.fetchone()
    if row is not None and row[0] >= MAX_OPEN:
        raise FloodWait(_WAIT)
    copied: list[CopiedMessage] = []
    if report.message_ids:
        owner_id = box_owner(report.reporter_id, report.peer)
        found = messages_txn(txn, owner_id, report.message_ids[:MAX_MESSAGES])
        copied = [_copied(message) for _, message in sorted(found.items()) if message.peer == report.peer]
    txn.execute(
        "INSERT INTO reports (reporter_id, peer, about_id, kind, reason, said, copied, reported_at, closed_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)",
        (
            report.reporter_id,
            report.peer,
            report.about_id,
            report.kind[:16],
            report.reason[:32],
            report.said[:MAX_SAID],
            json.dumps([asdict(one) for one in copied]).encode(),
            report.now,
        ),
    )
    return txn.lastrowid


def _copied(message: Message) -> CopiedMessage:
    extra, carries = message.extra, ""
    if extra.media is not None:
        carries = next((name for name in extra.media.__struct_fields__ if getattr(extra.media, name)), "")
    elif extra.action is not None:
        carries = extra.action.kind
    return CopiedMessage(
        message.id,
        message.sender_id,
        message.date,
        message.text[:MAX_COPIED],
        carries,
        tuple(sorted(extra.file_ids)),
    )


_COLUMNS = "SELECT id, reporter_id, peer, about_id, kind, reason, said, copied, reported_at, closed_at FROM reports"


def _report(row: Row) -> Report:
    copied = tuple(CopiedMessage(**{**one, "file_ids": tuple(one["file_ids"])}) for one in json.loads(row[7]))
    return Report(row[0], row[1], row[2], row[3], row[4], row[5], row[6], copied, row[8], row[9])


def _listed_txn(txn: Transaction, closed: bool, limit: int) -> list[Report]:
    where = "" if closed else " WHERE closed_at = 0"
    txn.execute(f"{_COLUMNS}{where} ORDER BY id DESC LIMIT ?", (limit,))
    return [_report(row) for row in txn.fetchall()]


def _get_txn(txn: Transaction, report_id: int) -> Report | None:
    txn.execute(f"{_COLUMNS} WHERE id = ?", (report_id,))
    row = txn.fetchone()
    return _report(row) if row is not None else None


def _close_txn(txn: Transaction, report_ids: Sequence[int], now: int) -> list[int]:
    closed = []
    for report_id in dict.fromkeys(report_ids):
        txn.execute("UPDATE reports SET closed_at = ? WHERE id = ? AND closed_at = 0", (now, report_id))
        if txn.rowcount:
            closed.append(report_id)
    return closed
