"""Message boxes: everybody's own sequence of message ids and of pts.

All writing goes through one ``BoxChanges`` per transaction. It locks the boxes
it touches (in ascending owner id, so that two transactions cannot wait for each
other), gives out ids and pts in memory, and ``save`` writes the counters and
the log and publishes after the commit. A box therefore changes by one
transaction at a time, and its log has no hole.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec
from msgspec.structs import replace

from teamgram.database import Row, Transaction
from teamgram.domain.boxes import log
from teamgram.domain.boxes.archive import come_out_txn, strangers_txn
from teamgram.domain.boxes.around import tell_around_txn
from teamgram.domain.boxes.audience import Audience, Box
from teamgram.domain.boxes.events import DialogsMoved, LogEntry, LoggedEvent, NewMessage
from teamgram.domain.boxes.kept import BoxNumbers, Raise, kept_by, raise_txn, write_boxes_txn
from teamgram.domain.boxes.marks import MENTION_UNREAD, MENTIONED, add_marks_txn
from teamgram.domain.boxes.message import FIRST_VIEWS, PLAIN, Extra, Message, pack_extra, with_nameless
from teamgram.domain.boxes.poll_store import add_place_txn
from teamgram.domain.boxes.store import chunks, marks, new_dialog_row, shown_txn
from teamgram.domain.files.naming import CONTENT, note_uses_txn


class OwnChange(msgspec.Struct, frozen=True):
    """What a transaction did to one box: the answer to the one who asked for it.

    Attributes:
        entries: the box's log entries, in order.
        messages: the owner's messages that entries speak of, by id.
        pts: the box's pts now.
        viewer_id: who asked; 0 where it is the owner.
    """

    owner_id: int
    entries: tuple[LogEntry, ...]
    messages: dict[int, Message]
    pts: int
    viewer_id: int = 0

    @property
    def pts_count(self) -> int:
        """How many pts the change took."""
        return sum(entry.pts_count for entry in self.entries)


class DuplicateRandomId(Exception):
    """The sender has used that random_id; the transaction is rolled back and the first result read."""


class Outgoing(msgspec.Struct, frozen=True):
    """One message on its way into boxes.

    Attributes:
        random_id: the sender's; None for service messages.
        reply_to_ids: each owner's own id of the message it answers.
        mentioned: users who are told that the message speaks to them.
        unheard: owners whose box it does not go into.
    """

    text: str
    extra: Extra = PLAIN
    tags: int = 0
    random_id: int | None = None
    reply_to_ids: Mapping[int, int] | None = None
    mentioned: frozenset[int] = frozenset()
    unheard: frozenset[int] = frozenset()


_UNSAID = Outgoing("")

Tell = Callable[[Sequence[LogEntry], Mapping[tuple[int, int], Message], int], object]
"""Given log entries in order, the messages that they speak of by (owner, id), and the device to leave out."""


class BoxChanges:
    """What one transaction does to message boxes.

    Args:
        keeps: it does nothing else, so that it may leave counters to those that it shares a commit with.
    """

    def __init__(self, txn: Transaction, date: int, *, keeps: bool = False) -> None:
        self.txn = txn
        self.date = date
        self.entries: list[LogEntry] = []
        self.messages: dict[tuple[int, int], Message] = {}
        self._boxes: dict[int, BoxNumbers] = {}
        # Whose archive is not empty.
        self._archivers: set[int] = set()
        self._kept = kept_by(txn) if keeps else None
        if not keeps:
            txn.write_put_off()

    def lock(self, owner_ids: Iterable[int]) -> None:
        """Take the boxes for this transaction. Call it once, with everybody, before reading what depends on them."""
        wanted = sorted(set(owner_ids))
        if self._kept is not None and self._kept.boxes:
            boxes = self._kept.boxes
            self._boxes = {owner_id: boxes[owner_id] for owner_id in wanted if owner_id in boxes}
            wanted = [owner_id for owner_id in wanted if owner_id not in boxes]
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
            f"SELECT owner_id, pts, last_message_id, archives FROM message_boxes WHERE owner_id IN ({marks(owner_ids)})"
            f" ORDER BY owner_id{self.txn.engine.for_update}",
            owner_ids,
        )
        for owner_id, pts, last_message_id, archives in self.txn.fetchall():
            self._boxes[owner_id] = BoxNumbers(pts, last_message_id)
            if archives:
                self._archivers.add(owner_id)

    def pts(self, owner_id: int) -> int:
        """The box's pts as far as this transaction has brought it."""
        return self._boxes[owner_id].pts

    def append(self, owner_id: int, event: LoggedEvent, pts_count: int = 1) -> int:
        """Log an event of a locked box; its pts."""
        box = self._boxes[owner_id]
        box.pts += pts_count
        self.entries.append(LogEntry(owner_id, box.pts, pts_count, self.date, event))
        return box.pts

    def post(self, sender_id: int, audience: Audience, outgoing: Sequence[Outgoing]) -> list[dict[int, Message]]:
        """Put messages into boxes, in order.

        Args:
            audience: its boxes are locked.

        Returns:
            for each outgoing message every owner's copy.

        Raises:
            DuplicateRandomId: one of them was sent before.
        """
        txn, date, entries = self.txn, self.date, self.entries
        boxes = _without(audience.boxes, frozenset.intersection(*(one.unheard for one in outgoing or (_UNSAID,))))
        posted: list[dict[int, Message]] = []
        rows: list[Row] = []
        spoken: list[tuple[int, int, int, int]] = []
        is_channel = bool(boxes) and boxes[0].owner_id < 0
        # Whose copy's numbers the sender is told.
        told_id = boxes[0].owner_id if is_channel else sender_id
        sent_to = next((peer for owner_id, peer in boxes if owner_id == told_id), 0)
        unread = dict.fromkeys((owner_id for owner_id, _ in boxes), 0)
        mentions = dict(unread)
        ends: list[tuple[int, int]] = []
        for message in outgoing:
            said = message.extra
            if audience.ttl and said.action is None:
                said = replace(said, ttl_period=audience.ttl)
            sent: dict[int, Message] = {}
            sender_box = self._boxes.get(told_id)
            inserted = txn.insert_ignore(
                "message_contents",
                {
                    "sender_id": sender_id,
                    "random_id": message.random_id,
                    "peer": sent_to,
                    # What the sender's copy gets in the loop below.
                    "sender_message_id": sender_box.last_message_id + 1 if sender_box else 0,
                    "sender_pts": sender_box.pts + 1 if sender_box else 0,
                    "sent_at": date,
                    "edited_at": 0,
                    "message": message.text,
                    "tags": int(with_nameless(message.tags, said)) if is_channel else message.tags,
                    "extra": pack_extra(said),
                },
            )
            if not inserted:
                raise DuplicateRandomId
            content_id = txn.lastrowid
            if said.ttl_period:
                ends.append((content_id, date + said.ttl_period))
            if said.media is not None or said.action is not None or said.preview is not None:
                note_uses_txn(txn, CONTENT, content_id, said)
            poll = said.media.poll if said.media is not None else None
            if poll is not None:
                add_place_txn(txn, poll, content_id)
            reply_to_ids = message.reply_to_ids or {}
            text, extra, spoken_to = message.text, said, message.mentioned
            is_played = extra.media is not None and bool(extra.media.played)
            for owner_id, peer in _without(boxes, message.unheard):
                box = self._boxes[owner_id]
                message_id = box.last_message_id = box.last_message_id + 1
                box.pts += 1
                out = owner_id == sender_id
                mentioned = owner_id in spoken_to
                reply_to_id = reply_to_ids.get(owner_id, 0)
                copy = Message(
                    owner_id,
                    message_id,
                    peer,
                    content_id,
                    sender_id,
                    date,
                    text,
                    extra,
                    0,
                    out,
                    mentioned,
                    mentioned,
                    False,
                    reply_to_id,
                    # What one keeps for oneself one has heard.
                    is_played and peer != owner_id,
                    FIRST_VIEWS if extra.post else 0,
                )
                if is_channel and spoken_to:
                    copy = replace(copy, mentions=tuple(sorted(spoken_to)))
                    for user_id in spoken_to:
                        spoken += [(user_id, peer, mark, message_id) for mark in (MENTIONED, MENTION_UNREAD)]
                        mentions[user_id] = mentions.get(user_id, 0) + 1
                sent[owner_id] = copy
                self.messages[owner_id, message_id] = copy
                entries.append(LogEntry(owner_id, box.pts, 1, date, NewMessage(message_id)))
                if not out:
                    unread[owner_id] += 1
                    if mentioned:
                        mentions[owner_id] += 1
                if mentioned:
                    spoken += [(owner_id, peer, mark, message_id) for mark in (MENTIONED, MENTION_UNREAD)]
                rows.append(
                    (
                        owner_id,
                        message_id,
                        peer,
                        content_id,
                        date,
                        # sqlite3 takes an int as it is; for a bool it asks around first.
                        int(out),
                        int(mentioned),
                        int(mentioned),
                        0,
                        reply_to_id,
                        copy.saved_peer if peer == owner_id else 0,
                        int(copy.media_unread),
                    )
                )
            if poll is not None:
                # It may have been sent on.
                for copy in shown_txn(txn, list(sent.values())):
                    sent[copy.owner_id] = self.messages[copy.owner_id, copy.id] = copy
            posted.append(sent)
        txn.executemany(
            "INSERT INTO messages (owner_id, id, peer, content_id, sent_at, outgoing, mentioned, mention_unread,"
            " pinned, reply_to_id, saved_peer, media_unread) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            rows,
        )
        if ends:
            txn.executemany("INSERT INTO message_ends (content_id, ends_at) VALUES (?, ?)", ends)
        if spoken:
            add_marks_txn(txn, spoken)
        if is_channel and mentions:
            txn.executemany(
                "UPDATE dialogs SET unread_mentions = unread_mentions + ? WHERE owner_id = ? AND peer = ?",
                [(count, user_id, sent_to) for user_id, count in sorted(mentions.items()) if user_id > 0],
            )
        begun = self._raise_dialogs(
            {
                (owner_id, peer): Raise(
                    self._boxes[owner_id].last_message_id, date, unread[owner_id], mentions[owner_id]
                )
                for owner_id, peer in boxes
            }
        )
        if self._archivers:
            news = [box for box in boxes if box.owner_id in self._archivers and unread[box.owner_id]]
            for owner_id, peer in come_out_txn(txn, news, date) if news else ():
                self.append(owner_id, DialogsMoved((peer,), archived=False))
        if begun and not is_channel:
            for owner_id, peer in strangers_txn(txn, sender_id, begun):
                self.append(owner_id, DialogsMoved((peer,), archived=True, muted=True))
        return posted

    def lay_by(self, owner_id: int, other_id: int, message_id: int, since: int) -> int:
        """Put a copy of another owner's message into a locked box, told to nobody; its id there, 0: it is older.

        Args:
            since: unix seconds.
        """
        self.txn.execute("SELECT sent_at FROM messages WHERE owner_id = ? AND id = ?", (other_id, message_id))
        row = self.txn.fetchone()
        if row is None or row[0] < since:
            return 0
        box = self._boxes[owner_id]
        box.last_message_id += 1
        self.txn.execute(
            "INSERT INTO messages (owner_id, id, peer, content_id, sent_at, outgoing, mentioned, mention_unread,"
            " pinned, reply_to_id, saved_peer, media_unread)"
            " SELECT ?, ?, peer, content_id, sent_at, 0, 0, 0, 0, 0, 0, 0 FROM messages WHERE owner_id = ? AND id = ?",
            (owner_id, box.last_message_id, other_id, message_id),
        )
        return box.last_message_id

    def _raise_dialogs(self, raised: dict[tuple[int, int], Raise]) -> list[Box]:
        """Set what dialogs show; those that were begun by somebody else."""
        kept = self._kept
        if kept is not None:
            raised = {key: one for key, one in raised.items() if not kept.raise_dialog(*key, one)}
        begun: list[Box] = []
        if not raise_txn(self.txn, raised):
            for (owner_id, peer), one in raised.items():
                inserted = self.txn.insert_ignore(
                    "dialogs",
                    new_dialog_row(owner_id, peer)
                    | {
                        "top_message_id": one.top_message_id,
                        "top_sent_at": one.top_sent_at,
                        "unread_count": one.unread,
                        "unread_mentions": one.mentions,
                    },
                )
                if inserted and one.unread:
                    begun.append(Box(owner_id, peer))
        if kept is not None:
            kept.dialogs.update(dict.fromkeys(raised))
        return begun

    def own(self, owner_id: int, viewer_id: int = 0) -> OwnChange:
        """What this transaction did to one locked box.

        Args:
            viewer_id: who is told of it, where the box is a channel's.
        """
        return OwnChange(
            owner_id,
            tuple(entry for entry in self.entries if entry.owner_id == owner_id),
            {
                message.id: message.seen_by(viewer_id) if viewer_id else message
                for (owner, _), message in self.messages.items()
                if owner == owner_id
            },
            self._boxes[owner_id].pts,
            viewer_id,
        )

    def save(self, tell: Tell, except_perm_auth_key_id: int = 0) -> None:
        """Write counters and log; ``tell`` whoever is there after the commit (``Fanout.deliver``)."""
        if not self.entries:
            return
        self._save_boxes()
        log.append_txn(self.txn, self.entries)
        tell_around_txn(self.txn, self.entries, self.messages)
        self.txn.call_after(tell, self.entries, self.messages, except_perm_auth_key_id)

    def _save_boxes(self) -> None:
        kept = self._kept
        if kept is None:
            write_boxes_txn(self.txn, self._boxes)
            return
        if self._archivers or any(type(entry.event) is not NewMessage for entry in self.entries):
            # Something was put into an archive, or may have to be: that is looked up each time.
            write_boxes_txn(self.txn, self._boxes)
            for owner_id in self._boxes:
                kept.boxes.pop(owner_id, None)
            return
        kept.boxes.update(self._boxes)


def _without(boxes: tuple[Box, ...], owner_ids: frozenset[int]) -> tuple[Box, ...]:
    return tuple([box for box in boxes if box.owner_id not in owner_ids]) if owner_ids else boxes
