"""Telling everybody who has a poll how it stands: at once, and then at most once a second, however many vote."""

from twisted.internet.interfaces import IReactorTime

import msgspec

from teamgram.database import Database, Transaction
from teamgram.domain.boxes.absence import absent_txn
from teamgram.domain.boxes.message import unpack_extra
from teamgram.domain.boxes.poll import UNASKED, Poll, PollState
from teamgram.domain.boxes.poll_store import states_txn
from teamgram.domain.boxes.store import chunks, marks
from teamgram.domain.ids.peer import channel_id_of, is_channel, is_user
from teamgram.domain.updates.coalescing import Coalescing
from teamgram.domain.updates.events import PollChanged
from teamgram.domain.updates.fanout import Fanout, ToldInChannel

REST = 1.0
"""Seconds between two tellings of one poll."""

MAX_PLACES = 100
"""Of a poll that was sent on more often the newest messages are told; the others see it when they look."""


def told_txn(txn: Transaction, poll_id: int) -> tuple[Poll, PollState, list[int], list[int]] | None:
    """A poll, how it stands, and the owners of the boxes that have it: who has voted, and the others."""
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
    txn.execute(f"SELECT DISTINCT owner_id, peer FROM messages WHERE content_id IN ({marks(contents)})", contents)
    places = {(owner_id, peer) for owner_id, peer in txn.fetchall()}
    owners = sorted({owner_id for owner_id, _ in places - absent_txn(txn, places)})
    voted: set[int] = set()
    for some in chunks(owner_id for owner_id in owners if is_user(owner_id)):
        txn.execute(
            f"SELECT user_id FROM poll_votes WHERE poll_id = ? AND user_id IN ({marks(some)})", (poll_id, *some)
        )
        voted.update(row[0] for row in txn.fetchall())
    return media.poll, state, sorted(voted), [owner_id for owner_id in owners if owner_id not in voted]


class PollTeller:
    """Tells how polls stand."""

    def __init__(self, database: Database, fanout: Fanout, clock: IReactorTime) -> None:
        self._database = database
        self._fanout = fanout
        self._closed: set[int] = set()
        self._changes: Coalescing[int] = Coalescing(clock, REST, self._tell)

    def changed(self, poll_id: int, closed: bool = False) -> None:
        """It stands otherwise, and that is committed."""
        if closed:
            self._closed.add(poll_id)
        self._changes.changed(poll_id)

    async def _tell(self, poll_id: int) -> None:
        closed = poll_id in self._closed
        self._closed.discard(poll_id)
        found = await self._database.read("who has a poll", told_txn, poll_id)
        if found is None:
            return
        poll, state, voted, others = found
        if state.closed:
            # Everybody sees how it ended; who asked is told so apart, for it is theirs.
            rest = [one for one in (*voted, *others) if one != poll.creator_id]
            self._publish(rest, PollChanged(poll, state, True, closed))
            self._publish([poll.creator_id], PollChanged(poll, state, True, closed, True))
            return
        hidden = msgspec.structs.replace(UNASKED, voters=state.voters)
        channels = [owner_id for owner_id in others if is_channel(owner_id)]
        self._publish([owner_id for owner_id in others if is_user(owner_id)], PollChanged(poll, hidden, True))
        # A channel's members are told alike, what those may know who have voted; apps keep it from the others.
        # An update without results Web A takes for one that takes the reader's own vote back, so there are always some.
        alike = msgspec.structs.replace(poll, correct=(), solution="", public=False)
        if poll.hides_results:
            unknown = msgspec.structs.replace(hidden, counts=(0,) * len(poll.answers))
            self._publish([*voted, *channels], PollChanged(alike, unknown, True))
            return
        self._publish(voted, PollChanged(poll, state, True))
        self._publish(channels, PollChanged(alike, state, True))

    def _publish(self, owner_ids: list[int], event: PollChanged) -> None:
        users = [owner_id for owner_id in owner_ids if is_user(owner_id)]
        if users:
            self._fanout.publish(users, event)
        for owner_id in owner_ids:
            if is_channel(owner_id):
                self._fanout.bus.publish(ToldInChannel(channel_id_of(owner_id), event))

    async def stop(self) -> None:
        """Tell nothing more; before the database closes."""
        await self._changes.stop()

    async def settled(self) -> None:
        """Wait until nothing is being told."""
        await self._changes.settled()
