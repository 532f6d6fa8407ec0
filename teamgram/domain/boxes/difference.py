"""What happened since a client last looked: state and difference."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from teamgram.database import Database, Transaction
from teamgram.domain.boxes import log
from teamgram.domain.boxes.events import OF_A_MESSAGE, InboxRead, LogEntry, NewMessage, OutboxRead
from teamgram.domain.boxes.message import Message
from teamgram.domain.boxes.store import chunks, marks, message_columns, message_from_row, messages_txn, shown_txn
from teamgram.domain.ids.peer import channels_only

MAX_AHEAD = 1_000_000
"""How far above a box's pts a client may be and take it along: a backup lacks less, and a pts is an int of 31 bits."""

_SENT_AT = 5
"""Its place in ``message_columns``."""


@dataclass(frozen=True, slots=True)
class State:
    """Where a message box stands."""

    pts: int
    unread_count: int


@dataclass(frozen=True, slots=True)
class Difference:
    """What happened after a pts.

    Attributes:
        entries: in order; none twice, none left out.
        messages: the messages that entries speak of, as they are now, by id; a deleted one is missing.
        state: where the box stands now.
        complete: nothing lies between the last entry and ``state``.
        too_long: it is more than the client said that it would take.
        jumps: the client's pts is none that the box's log knows; it goes on from ``state`` whatever there is to tell.
        random_ids: of the owner's own messages among ``messages``, by message id.
        reached_at: unix seconds from which the rest comes when it is not complete and the log does not tell it; else 0.
    """

    entries: tuple[LogEntry, ...]
    messages: dict[int, Message]
    state: State
    complete: bool = True
    too_long: bool = False
    jumps: bool = False
    random_ids: Mapping[int, int] = field(default_factory=dict)
    reached_at: int = 0

    @property
    def reached_pts(self) -> int:
        """The pts after the last entry, or of the state when all was told."""
        return self.state.pts if self.complete else self.entries[-1].pts


class UpdateLog:
    """Everybody's log, to read."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def go_on_after_a_gap(self) -> None:
        """Let every box count on well above what anybody can have seen of a time that the database has lost.

        Clients that saw some of it take new updates for a gap and ask for the difference; without this they would
        take them for old ones, and new messages for the lost ones of the same ids.
        """
        await self._database.write("boxes go on", _after_a_gap_txn)

    async def state(self, owner_id: int) -> State:
        """The owner's pts (at least 1) and how many messages are unread."""
        return await self._database.read("update state", state_txn, owner_id)

    async def moved_channels(self, user_id: int, since: int) -> tuple[list[tuple[int, int]], list[int]]:
        """See ``moved_channels_txn``."""
        return await self._database.read("moved channels", moved_channels_txn, user_id, since)

    async def difference(self, owner_id: int, pts: int, limit: int, total_limit: int = 0, since: int = 0) -> Difference:
        """At most about ``limit`` entries after ``pts``.

        Below what is left of the log the messages that came since a date stand in for it, and where the dialogs with
        them are read up to: Telegram Desktop hears nothing any more after ``differenceTooLong``, and TDLib loads
        nothing on it. Above the box's pts (the database is a backup of before) the answer has the true state, and
        the box goes on above what the client has seen: TDLib does not go back, and others would take new messages
        for old ones of the same ids.

        Args:
            total_limit: when more pts than that have gone by, the answer is ``too_long``; 0 for no such bound.
            since: unix seconds of the client's state.
        """
        found = await self._database.read("update difference", difference_txn, owner_id, pts, limit, total_limit, since)
        if found.state.pts < pts <= found.state.pts + MAX_AHEAD:
            await self._database.write("box goes on", go_on_above_txn, owner_id, pts)
        return found


def pts_txn(txn: Transaction, owner_id: int) -> int:
    """Where a box stands."""
    txn.execute("SELECT pts FROM message_boxes WHERE owner_id = ?", (owner_id,))
    row = txn.fetchone()
    return row[0] if row else log.FIRST_PTS


def state_txn(txn: Transaction, owner_id: int) -> State:
    pts = pts_txn(txn, owner_id)
    txn.execute("SELECT COALESCE(SUM(unread_count), 0) FROM dialogs WHERE owner_id = ?", (owner_id,))
    unread = txn.fetchone()
    return State(pts, int(unread[0]) if unread else 0)


def _after_a_gap_txn(txn: Transaction) -> None:
    txn.execute(
        "UPDATE message_boxes SET pts = pts + ?, last_message_id = last_message_id + ? WHERE pts < ?",
        (MAX_AHEAD, MAX_AHEAD, 2**31 - 100 * MAX_AHEAD),
    )


def go_on_above_txn(txn: Transaction, owner_id: int, pts: int) -> None:
    """Let a box count on from a pts that a client has seen; its message ids grow as much."""
    txn.execute(
        "UPDATE message_boxes SET last_message_id = last_message_id + (? - pts), pts = ?"
        " WHERE owner_id = ? AND pts < ? AND pts >= ?",
        (pts, pts, owner_id, pts, pts - MAX_AHEAD),
    )


def difference_txn(
    txn: Transaction, owner_id: int, pts: int, limit: int, total_limit: int, since: int = 0
) -> Difference:
    state = state_txn(txn, owner_id)
    if pts >= state.pts:
        return Difference((), {}, state, jumps=pts > state.pts)
    txn.execute("SELECT log_floor FROM message_boxes WHERE owner_id = ?", (owner_id,))
    row = txn.fetchone()
    if total_limit and state.pts - pts > total_limit:
        return Difference((), {}, state, too_long=True)
    if row is None or pts < row[0]:
        return _since_txn(txn, owner_id, state, pts, limit, since, row[0] if row else state.pts)
    entries = log.entries_after_txn(txn, owner_id, pts, limit + 1)
    complete = len(entries) <= limit
    entries = entries[:limit]
    wanted = sorted({entry.event.id for entry in entries if isinstance(entry.event, OF_A_MESSAGE)})
    messages = messages_txn(txn, owner_id, wanted)
    new = [entry.event.id for entry in entries if isinstance(entry.event, NewMessage)]
    random_ids = _random_ids_txn(txn, owner_id, messages, new)
    return Difference(entries, messages, state, complete, jumps=not entries, random_ids=random_ids)


def channel_difference_txn(txn: Transaction, owner_id: int, pts: int, limit: int, most: int) -> Difference:
    """What happened in a channel's box after ``pts``; ``too_long`` where it is more than ``most``, or not kept."""
    now = pts_txn(txn, owner_id)
    state = State(now, 0)
    if pts >= now:
        return Difference((), {}, state, jumps=pts > now)
    txn.execute("SELECT log_floor FROM message_boxes WHERE owner_id = ?", (owner_id,))
    row = txn.fetchone()
    if row is None or pts < row[0] or now - pts > most:
        return Difference((), {}, state, too_long=True)
    entries = log.entries_after_txn(txn, owner_id, pts, limit + 1)
    complete = len(entries) <= limit
    entries = entries[:limit]
    wanted = sorted({entry.event.id for entry in entries if isinstance(entry.event, OF_A_MESSAGE)})
    return Difference(entries, messages_txn(txn, owner_id, wanted), state, complete)


def moved_channels_txn(txn: Transaction, user_id: int, since: int) -> tuple[list[tuple[int, int]], list[int]]:
    """What a client that was away has to ask for: channels of the user in which something happened since a time.

    Args:
        since: unix seconds.

    Returns:
        (marked id of the channel, its pts) of those that moved; bare ids of those in which the user themself came,
        went or became something else.
    """
    join = txn.engine.ordered_join
    txn.execute(
        f"SELECT b.owner_id, b.pts FROM dialogs d {join} message_boxes b ON b.owner_id = d.peer"
        " LEFT JOIN update_log l ON l.owner_id = b.owner_id AND l.pts = b.pts"
        f" WHERE d.owner_id = ? AND {channels_only('d.peer')} AND (l.logged_at >= ? OR l.logged_at IS NULL)",
        (user_id, since),
    )
    moved = [(row[0], row[1]) for row in txn.fetchall()]
    txn.execute("SELECT channel_id FROM channel_members WHERE user_id = ? AND changed_at >= ?", (user_id, since))
    return moved, [row[0] for row in txn.fetchall()]


def _random_ids_txn(
    txn: Transaction, owner_id: int, messages: Mapping[int, Message], new: Iterable[int]
) -> dict[int, int]:
    """How the clients of an owner called what they sent, by message id."""
    own = {messages[id_].content_id: id_ for id_ in new if id_ in messages and messages[id_].sender_id == owner_id}
    found: dict[int, int] = {}
    for some in chunks(sorted(own)):
        txn.execute(
            f"SELECT id, random_id FROM message_contents WHERE id IN ({marks(some)}) AND random_id IS NOT NULL", some
        )
        found.update((own[content_id], random_id) for content_id, random_id in txn.fetchall())
    return found


def _since_txn(
    txn: Transaction, owner_id: int, state: State, pts: int, limit: int, since: int, floor: int
) -> Difference:
    """What came since a date, in place of a log that begins at ``floor``, after ``pts``."""
    if since <= 0:
        return Difference((), {}, state, jumps=True)  # a client that knows no date has nothing to add to
    first = _first_since_txn(txn, owner_id, since)
    of_box = f"SELECT {message_columns} WHERE m.owner_id = ? AND m.id >= ?"
    txn.execute(f"{of_box} ORDER BY m.id LIMIT ?", (owner_id, first, limit + 1))
    rows = list(txn.fetchall())
    complete, reached_at = len(rows) <= limit, 0
    if not complete:
        # The date is all that the client says when it comes for the rest: no second is told in two parts.
        last, last_id = rows[-1][_SENT_AT], rows[-1][1]
        txn.execute(f"{of_box} AND m.sent_at <= ? ORDER BY m.id", (owner_id, last_id + 1, last))
        rows += txn.fetchall()
        reached_at = last + 1
    messages = {message.id: message for message in shown_txn(txn, [message_from_row(row) for row in rows])}
    reached = state.pts if complete else min(pts + 1, floor - 1)
    entries = [LogEntry(owner_id, reached, 0, message.date, NewMessage(id_)) for id_, message in messages.items()]
    if complete:
        txn.execute(
            "SELECT peer, read_inbox_max_id, unread_count, read_outbox_max_id, top_sent_at FROM dialogs"
            " WHERE owner_id = ? AND top_sent_at >= ?",
            (owner_id, since),
        )
        for peer, inbox, unread, outbox, date in txn.fetchall():
            entries.append(LogEntry(owner_id, reached, 0, date, InboxRead(peer, inbox, unread)))
            entries.append(LogEntry(owner_id, reached, 0, date, OutboxRead(peer, outbox)))
    random_ids = _random_ids_txn(txn, owner_id, messages, messages)
    return Difference(
        tuple(entries), messages, state, complete, jumps=True, random_ids=random_ids, reached_at=reached_at
    )


def _first_since_txn(txn: Transaction, owner_id: int, since: int) -> int:
    """The owner's first message id from that time (unix seconds); ids and dates grow together."""
    txn.execute("SELECT last_message_id FROM message_boxes WHERE owner_id = ?", (owner_id,))
    row = txn.fetchone()
    low, high = 1, (row[0] if row else 0) + 1
    while low < high:
        middle = (low + high) // 2
        txn.execute(
            "SELECT id, sent_at FROM messages WHERE owner_id = ? AND id >= ? ORDER BY id LIMIT 1", (owner_id, middle)
        )
        found = txn.fetchone()
        if found is None or found[1] >= since:
            high = middle
        else:
            low = found[0] + 1
    return low
