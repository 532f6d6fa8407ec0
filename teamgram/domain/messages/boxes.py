"""Message boxes: everybody's own sequence of message ids and of pts.

All writing goes through one ``BoxChanges`` per transaction. It locks the boxes
it touches (in ascending owner id, so that two transactions cannot wait for each
other), gives out ids and pts in memory, and ``save`` writes the counters and
the log and publishes after the commit. A box therefore changes by one
transaction at a time, and its log has no hole.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from teamgram.database import Row, Transaction
from teamgram.domain.messages.message import PLAIN, Extra, Message, pack_extra, unpack_extra
from teamgram.domain.updates import log
from teamgram.domain.updates.events import LogEntry, LoggedEvent, NewMessage
from teamgram.domain.updates.fanout import Fanout

message_columns = (
    "m.owner_id, m.id, m.peer, m.content_id, c.sender_id, m.sent_at, c.message, c.extra, c.edited_at, m.outgoing,"
    " m.mentioned, m.mention_unread, m.pinned, m.reply_to_id"
    " FROM messages m JOIN message_contents c ON c.id = m.content_id"
)
"""SELECT this (it goes on with WHERE) and give the rows to ``message_from_row``."""


def message_from_row(row: Row) -> Message:
    """One owner's message from the columns above."""
    return Message(
        row[0],
        row[1],
        row[2],
        row[3],
        row[4],
        row[5],
        row[6],
        unpack_extra(row[7]),
        row[8],
        bool(row[9]),
        bool(row[10]),
        bool(row[11]),
        bool(row[12]),
        row[13],
    )


def chunks(values: Iterable[int], size: int = 500) -> Iterator[tuple[int, ...]]:
    """Values in tuples short enough for one IN (...)."""
    values = iter(values)
    while some := tuple(islice(values, size)):
        yield some


def marks(values: Sequence[object]) -> str:
    """Placeholders for one IN (...)."""
    return ", ".join("?" * len(values))


@dataclass(frozen=True, slots=True)
class OwnChange:
    """What a transaction did to one box: the answer to the one who asked for it.

    Attributes:
        entries: the box's log entries, in order.
        messages: the owner's messages that entries speak of, by id.
        pts: the box's pts now.
    """

    owner_id: int
    entries: tuple[LogEntry, ...]
    messages: dict[int, Message]
    pts: int

    @property
    def pts_count(self) -> int:
        """How many pts the change took."""
        return sum(entry.pts_count for entry in self.entries)


class DuplicateRandomId(Exception):
    """The sender has used that random_id; the transaction is rolled back and the first result read."""


@dataclass(slots=True)
class _Box:
    pts: int
    last_message_id: int


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message on its way into boxes.

    Attributes:
        random_id: the sender's; None for service messages.
        reply_to_ids: each owner's own id of the message it answers.
        mentioned: users who are told that the message speaks to them.
    """

    text: str
    extra: Extra = PLAIN
    tags: int = 0
    random_id: int | None = None
    reply_to_ids: Mapping[int, int] | None = None
    mentioned: frozenset[int] = frozenset()


class BoxChanges:
    """What one transaction does to message boxes."""

    def __init__(self, txn: Transaction, date: int) -> None:
        self.txn = txn
        self.date = date
        self.entries: list[LogEntry] = []
        self.messages: dict[tuple[int, int], Message] = {}
        self._boxes: dict[int, _Box] = {}

    def lock(self, owner_ids: Iterable[int]) -> None:
        """Take the boxes for this transaction. Call it once, with everybody, before reading what depends on them."""
        wanted = sorted(set(owner_ids))
        for some in chunks(wanted):
            self._read(some)
        missing = [owner_id for owner_id in wanted if owner_id not in self._boxes]
        for owner_id in missing:
            self.txn.insert_ignore(
                "message_boxes",
                {"owner_id": owner_id, "pts": log.FIRST_PTS, "last_message_id": 0, "log_floor": log.FIRST_PTS},
            )
        for some in chunks(missing):
            self._read(some)

    def _read(self, owner_ids: Sequence[int]) -> None:
        self.txn.execute(
            f"SELECT owner_id, pts, last_message_id FROM message_boxes WHERE owner_id IN ({marks(owner_ids)})"
            f" ORDER BY owner_id{self.txn.engine.for_update}",
            owner_ids,
        )
        for owner_id, pts, last_message_id in self.txn.fetchall():
            self._boxes[owner_id] = _Box(pts, last_message_id)

    def pts(self, owner_id: int) -> int:
        """The box's pts as far as this transaction has brought it."""
        return self._boxes[owner_id].pts

    def append(self, owner_id: int, event: LoggedEvent, pts_count: int = 1) -> int:
        """Log an event of a locked box; its pts."""
        box = self._boxes[owner_id]
        box.pts += pts_count
        self.entries.append(LogEntry(owner_id, box.pts, pts_count, self.date, event))
        return box.pts

    def post(
        self, sender_id: int, boxes: Sequence[tuple[int, int]], outgoing: Sequence[Outgoing]
    ) -> list[dict[int, Message]]:
        """Put messages into boxes, in order.

        Args:
            boxes: (owner, marked id of the dialog in the owner's box), locked.

        Returns:
            for each outgoing message every owner's copy.

        Raises:
            DuplicateRandomId: one of them was sent before.
        """
        txn, date = self.txn, self.date
        posted: list[dict[int, Message]] = []
        rows: list[Row] = []
        unread = dict.fromkeys((owner_id for owner_id, _ in boxes), 0)
        mentions = dict(unread)
        for message in outgoing:
            sent: dict[int, Message] = {}
            sender_box = self._boxes.get(sender_id)
            inserted = txn.insert_ignore(
                "message_contents",
                {
                    "sender_id": sender_id,
                    "random_id": message.random_id,
                    # What the sender's copy gets in the loop below.
                    "sender_message_id": sender_box.last_message_id + 1 if sender_box else 0,
                    "sender_pts": sender_box.pts + 1 if sender_box else 0,
                    "sent_at": date,
                    "edited_at": 0,
                    "message": message.text,
                    "folded": message.text.casefold(),
                    "tags": message.tags,
                    "extra": pack_extra(message.extra),
                },
            )
            if not inserted:
                raise DuplicateRandomId
            content_id = txn.lastrowid
            reply_to_ids = message.reply_to_ids or {}
            for owner_id, peer in boxes:
                box = self._boxes[owner_id]
                box.last_message_id += 1
                message_id = box.last_message_id
                out = owner_id == sender_id
                mentioned = owner_id in message.mentioned
                reply_to_id = reply_to_ids.get(owner_id, 0)
                copy = Message(
                    owner_id,
                    message_id,
                    peer,
                    content_id,
                    sender_id,
                    date,
                    message.text,
                    message.extra,
                    0,
                    out,
                    mentioned,
                    mentioned,
                    False,
                    reply_to_id,
                )
                sent[owner_id] = copy
                self.messages[owner_id, message_id] = copy
                self.append(owner_id, NewMessage(message_id))
                if not out:
                    unread[owner_id] += 1
                    mentions[owner_id] += mentioned
                rows.append(
                    (
                        owner_id,
                        message_id,
                        peer,
                        content_id,
                        date,
                        out,
                        mentioned,
                        mentioned,
                        0,
                        reply_to_id,
                        copy.saved_peer,
                    )
                )
            posted.append(sent)
        txn.executemany(
            "INSERT INTO messages (owner_id, id, peer, content_id, sent_at, outgoing, mentioned, mention_unread,"
            " pinned, reply_to_id, saved_peer) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            rows,
        )
        self._raise_dialogs(
            [
                (self._boxes[owner_id].last_message_id, date, unread[owner_id], mentions[owner_id], owner_id, peer)
                for owner_id, peer in boxes
            ]
        )
        return posted

    def _raise_dialogs(self, tops: list[tuple[int, int, int, int, int, int]]) -> None:
        self.txn.executemany(
            "UPDATE dialogs SET top_message_id = ?, top_sent_at = ?, unread_count = unread_count + ?,"
            " unread_mentions = unread_mentions + ? WHERE owner_id = ? AND peer = ?",
            tops,
        )
        if self.txn.rowcount == len(tops):
            return
        for message_id, date, unread, mentions, owner_id, peer in tops:
            self.txn.insert_ignore(
                "dialogs",
                new_dialog_row(owner_id, peer)
                | {
                    "top_message_id": message_id,
                    "top_sent_at": date,
                    "unread_count": unread,
                    "unread_mentions": mentions,
                },
            )

    def own(self, owner_id: int) -> OwnChange:
        """What this transaction did to one locked box."""
        return OwnChange(
            owner_id,
            tuple(entry for entry in self.entries if entry.owner_id == owner_id),
            {message.id: message for (owner, _), message in self.messages.items() if owner == owner_id},
            self._boxes[owner_id].pts,
        )

    def save(self, fanout: Fanout | None = None, except_perm_auth_key_id: int = 0) -> None:
        """Write counters and log; tell whoever is there after the commit."""
        if not self.entries:
            return
        self.txn.executemany(
            "UPDATE message_boxes SET pts = ?, last_message_id = ? WHERE owner_id = ?",
            [(box.pts, box.last_message_id, owner_id) for owner_id, box in self._boxes.items()],
        )
        log.append_txn(self.txn, self.entries)
        if fanout is not None:
            self.txn.call_after(fanout.deliver, self.entries, self.messages, except_perm_auth_key_id)


def new_dialog_row(owner_id: int, peer: int) -> dict[str, int | bytes | None]:
    """A dialog in which nothing has happened."""
    return {
        "owner_id": owner_id,
        "peer": peer,
        "top_message_id": 0,
        "top_sent_at": 0,
        "read_inbox_max_id": 0,
        "read_outbox_max_id": 0,
        "unread_count": 0,
        "unread_mentions": 0,
        "unread_mark": 0,
        "pinned_order": 0,
        "folder_id": 0,
        "pinned_message_id": 0,
        "hidden_bar": 0,
        "draft": None,
    }


def copies_txn(txn: Transaction, content_ids: Sequence[int]) -> list[tuple[int, int, int, int]]:
    """Every owner's copy of these contents: (content id, owner, message id, marked peer)."""
    rows: list[tuple[int, int, int, int]] = []
    for some in chunks(content_ids):
        txn.execute(f"SELECT content_id, owner_id, id, peer FROM messages WHERE content_id IN ({marks(some)})", some)
        rows.extend(txn.fetchall())
    return rows


def messages_txn(txn: Transaction, owner_id: int, message_ids: Sequence[int]) -> dict[int, Message]:
    """The owner's messages with these ids; deleted ones are missing."""
    found: dict[int, Message] = {}
    for some in chunks(message_ids):
        txn.execute(
            f"SELECT {message_columns} WHERE m.owner_id = ? AND m.id IN ({marks(some)})",
            (owner_id, *some),
        )
        for row in txn.fetchall():
            found[row[1]] = message_from_row(row)
    return found
