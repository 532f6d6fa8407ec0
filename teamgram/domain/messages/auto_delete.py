"""Messages whose time is over are deleted, for everybody, as if somebody had deleted them."""

from collections.abc import Mapping, Sequence

from twisted.internet.interfaces import IReactorTime

from teamgram.database import Database, Transaction
from teamgram.domain.boxes.events import LogEntry
from teamgram.domain.boxes.message import Message
from teamgram.domain.messages import deleting
from teamgram.domain.messages.due import DueWork
from teamgram.domain.updates.events import TransientEvent
from teamgram.domain.updates.fanout import Fanout

_AT_ONCE = 500
_PER_TRANSACTION = 10
"""Contents: in a group each is deleted from the boxes of all members."""


class AutoDelete:
    """Deletes what is over, at its time by ``clock``; subscribe it to the ``Fanout``, to what all processes commit."""

    def __init__(self, database: Database, fanout: Fanout, clock: IReactorTime) -> None:
        self._database = database
        self._fanout = fanout
        self._clock = clock
        self._due = DueWork(clock, self._delete_due, "messages that are over could not be deleted")

    def start(self) -> None:
        """Delete what is over, also what was while nobody looked, from now on."""
        self._due.start()

    async def stop(self) -> None:
        """Wait for what is being deleted; before the database closes."""
        await self._due.stop()

    async def settled(self) -> None:
        """Wait until nothing is being deleted."""
        await self._due.settled()

    # --- FanoutSubscriber ---

    def transient(self, user_ids: Sequence[int], event: TransientEvent, except_perm_auth_key_id: int) -> None:
        """Nothing of it is a message."""

    def logged(
        self,
        entries: Sequence[LogEntry],
        messages: Mapping[tuple[int, int], Message],
        except_perm_auth_key_id: int,
    ) -> None:
        """Know when the next one ends. All messages of one commit are of one conversation, the last one is new."""
        last = next(reversed(messages.values()), None)  # type: ignore[call-overload]
        if last is not None and last.extra.ttl_period:
            self._due.falls_due(last.date + last.extra.ttl_period)

    async def _delete_due(self) -> float | None:
        """Delete what is over; when the next is, None for never."""
        while self._due.running:
            found: list[tuple[int, int]] = await self._database.read("messages that are over", _first_txn)
            now = int(self._clock.seconds())
            due = [content_id for content_id, ends_at in found if ends_at <= now]
            if not due:
                return float(found[0][1]) if found else None
            for start in range(0, len(due), _PER_TRANSACTION):
                some = tuple(due[start : start + _PER_TRANSACTION])
                await self._database.write("delete what is over", deleting.end_txn, self._fanout, some, now)
        return None


def _first_txn(txn: Transaction) -> list[tuple[int, int]]:
    txn.execute("SELECT content_id, ends_at FROM message_ends ORDER BY ends_at, content_id LIMIT ?", (_AT_ONCE,))
    return [(content_id, ends_at) for content_id, ends_at in txn.fetchall()]
