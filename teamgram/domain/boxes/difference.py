"""What happened since a client last looked: state and difference."""

from dataclasses import dataclass

from teamgram.database import Database, Transaction
from teamgram.domain.boxes import log
from teamgram.domain.boxes.events import LogEntry, MessageEdited, NewMessage
from teamgram.domain.boxes.message import Message
from teamgram.domain.boxes.store import messages_txn


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
        too_long: the log does not reach back so far; the client must load its lists anew.
    """

    entries: tuple[LogEntry, ...]
    messages: dict[int, Message]
    state: State
    complete: bool = True
    too_long: bool = False

    @property
    def reached_pts(self) -> int:
        """The pts after the last entry, or of the state when all was told."""
        return self.state.pts if self.complete else self.entries[-1].pts


class UpdateLog:
    """Everybody's log, to read."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def state(self, owner_id: int) -> State:
        """The owner's pts (at least 1) and how many messages are unread."""
        return await self._database.read("update state", state_txn, owner_id)

    async def difference(self, owner_id: int, pts: int, limit: int, total_limit: int = 0) -> Difference:
        """At most ``limit`` entries after ``pts``.

        Args:
            total_limit: when more pts than that have gone by, the answer is ``too_long``; 0 for no such bound.
        """
        return await self._database.read("update difference", difference_txn, owner_id, pts, limit, total_limit)


def state_txn(txn: Transaction, owner_id: int) -> State:
    txn.execute("SELECT pts FROM message_boxes WHERE owner_id = ?", (owner_id,))
    row = txn.fetchone()
    txn.execute("SELECT COALESCE(SUM(unread_count), 0) FROM dialogs WHERE owner_id = ?", (owner_id,))
    unread = txn.fetchone()
    return State(row[0] if row else log.FIRST_PTS, int(unread[0]) if unread else 0)


def difference_txn(txn: Transaction, owner_id: int, pts: int, limit: int, total_limit: int) -> Difference:
    state = state_txn(txn, owner_id)
    if pts >= state.pts:
        return Difference((), {}, state)
    txn.execute("SELECT log_floor FROM message_boxes WHERE owner_id = ?", (owner_id,))
    row = txn.fetchone()
    if row is None or pts < row[0] or (total_limit and state.pts - pts > total_limit):
        return Difference((), {}, state, too_long=True)
    entries = log.entries_after_txn(txn, owner_id, pts, limit + 1)
    complete = len(entries) <= limit
    entries = entries[:limit]
    wanted = sorted({entry.event.id for entry in entries if isinstance(entry.event, NewMessage | MessageEdited)})
    messages = messages_txn(txn, owner_id, wanted)
    return Difference(entries, messages, state, complete)
