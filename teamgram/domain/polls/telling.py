"""Telling everybody who has a poll how it stands: at once, and then at most once a second, however many vote."""

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

import msgspec

from teamgram.database import Database, Transaction
from teamgram.domain.boxes.message import unpack_extra
from teamgram.domain.boxes.poll import UNASKED, Poll, PollState
from teamgram.domain.boxes.poll_store import states_txn
from teamgram.domain.boxes.store import chunks, marks
from teamgram.domain.updates.events import PollChanged
from teamgram.domain.updates.fanout import Fanout

REST = 1.0
"""Seconds between two tellings of one poll."""

MAX_PLACES = 100
"""Of a poll that was sent on more often the newest messages are told; the others see it when they look."""


def told_txn(txn: Transaction, poll_id: int) -> tuple[Poll, PollState, list[int], list[int]] | None:
    """A poll, how it stands, and the users who have it in their boxes: who has voted, and the others."""
    txn.execute(
        "SELECT content_id FROM poll_places WHERE poll_id = ? ORDER BY content_id DESC LIMIT ?", (poll_id, MAX_PLACES)
    )
    contents = tuple(row[0] for row in txn.fetchall())
    if not contents:
        return None
    txn.execute(
        f"SELECT extra FROM message_contents WHERE id IN ({marks(contents)}) AND extra IS NOT NULL LIMIT 1", contents
    )
    row = txn.fetchone()
    media = unpack_extra(row[0]).media if row is not None else None
    state = states_txn(txn, [poll_id]).get(poll_id)
    if media is None or media.poll is None or state is None:
        return None
    txn.execute(f"SELECT DISTINCT owner_id FROM messages WHERE content_id IN ({marks(contents)})", contents)
    owners = sorted(row[0] for row in txn.fetchall())
    voted: set[int] = set()
    for some in chunks(owners):
        txn.execute(
            f"SELECT user_id FROM poll_votes WHERE poll_id = ? AND user_id IN ({marks(some)})", (poll_id, *some)
        )
        voted.update(row[0] for row in txn.fetchall())
    return media.poll, state, sorted(voted), [owner_id for owner_id in owners if owner_id not in voted]


class PollTeller:
    """Tells how polls stand."""

    _log = Logger()

    def __init__(self, database: Database, fanout: Fanout, clock: IReactorTime) -> None:
        self._database = database
        self._fanout = fanout
        self._clock = clock
        self._resting: dict[int, Any] = {}
        self._again: dict[int, bool] = {}
        self._telling: set[Deferred[None]] = set()
        self._stopped = False

    def changed(self, poll_id: int, closed: bool = False) -> None:
        """It stands otherwise, and that is committed."""
        if self._stopped:
            return
        if poll_id in self._resting:
            self._again[poll_id] = closed or self._again.get(poll_id, False)
            return
        self._resting[poll_id] = self._clock.callLater(REST, self._rested, poll_id)
        telling = Deferred.fromCoroutine(self._tell(poll_id, closed))
        self._telling.add(telling)
        telling.addErrback(lambda failure: self._log.failure("a poll could not be told", failure=failure))
        telling.addBoth(lambda _: self._telling.discard(telling))

    def _rested(self, poll_id: int) -> None:
        del self._resting[poll_id]
        if poll_id in self._again:
            self.changed(poll_id, self._again.pop(poll_id))

    async def _tell(self, poll_id: int, closed: bool) -> None:
        found = await self._database.read("who has a poll", told_txn, poll_id)
        if found is None:
            return
        poll, state, voted, others = found
        if state.closed:
            # Everybody sees how it ended; who asked is told so apart, for it is theirs.
            rest = [user_id for user_id in (*voted, *others) if user_id != poll.creator_id]
            self._publish(rest, PollChanged(poll, state, True, closed))
            if len(rest) < len(voted) + len(others):
                self._publish([poll.creator_id], PollChanged(poll, state, True, closed, True))
            return
        hidden = msgspec.structs.replace(UNASKED, voters=state.voters)
        self._publish(voted, PollChanged(poll, hidden if poll.hides_results else state, True))
        self._publish(others, PollChanged(poll, hidden, True))

    def _publish(self, user_ids: list[int], event: PollChanged) -> None:
        if user_ids:
            self._fanout.publish(user_ids, event)

    async def stop(self) -> None:
        """Tell nothing more; before the database closes."""
        self._stopped = True
        for call in self._resting.values():
            if call.active():
                call.cancel()
        self._resting.clear()
        await self.settled()

    async def settled(self) -> None:
        """Wait until nothing is being told."""
        for telling in list(self._telling):
            await telling
