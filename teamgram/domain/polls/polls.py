"""Polls: one call, one transaction. Peers are marked ids, ids of messages the acting user's own."""

from dataclasses import dataclass

from twisted.internet.interfaces import IReactorTime

import msgspec

from teamgram.database import Database, Transaction
from teamgram.domain.bots.poll_updates import tell_end_txn, tell_vote_txn
from teamgram.domain.boxes.changes import BoxChanges, OwnChange
from teamgram.domain.boxes.events import MessageEdited
from teamgram.domain.boxes.message import Message
from teamgram.domain.boxes.poll import Poll, PollCloses, PollState
from teamgram.domain.boxes.poll_store import states_txn
from teamgram.domain.boxes.store import copies_txn, message_columns, message_from_row, shown_txn
from teamgram.domain.channels.channel import Seat
from teamgram.domain.contacts.relations import Relation
from teamgram.domain.messages import rules
from teamgram.domain.messages.due import DueWork
from teamgram.domain.messages.errors import MessageNotModified
from teamgram.domain.polls.telling import PollTeller
from teamgram.domain.polls.voting import VoteRequest, Votes, chosen, polled_txn, vote_txn, votes_txn
from teamgram.domain.updates.events import PollChanged
from teamgram.domain.updates.fanout import Fanout

_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Polled:
    """A user's message with a poll, and how that stands for them."""

    message: Message
    poll: Poll
    state: PollState


class Polls:
    """Votes in polls, and their end. What changes is told through the fan-out after it is committed."""

    def __init__(self, database: Database, fanout: Fanout, clock: IReactorTime) -> None:
        self._database = database
        self._fanout = fanout
        self._clock = clock
        self._teller = PollTeller(database, fanout, clock)
        self._due = DueWork(clock, self._close_due, "polls that are over could not be closed")
        fanout.bus.listen(PollCloses, lambda closes: self._due.falls_due(closes.at))

    def start(self) -> None:
        """Close what is to close by itself, also what was to be closed while nobody looked, from now on."""
        self._due.start()

    async def rest(self) -> None:
        """Close nothing by itself, until the next ``start``: another process does."""
        await self._due.stop()

    async def stop(self) -> None:
        """Close and tell nothing more; before the database closes."""
        await self._due.stop()
        await self._teller.stop()

    async def settled(self) -> None:
        """Wait until nothing is being closed or told."""
        await self._due.settled()
        await self._teller.settled()

    async def vote(self, request: VoteRequest) -> Polled:
        """Vote, or take a vote back.

        Raises:
            MessageIdInvalid, PollClosed, OptionInvalid, OptionsTooMany, RevoteNotAllowed, …: see ``voting.vote_txn``.
        """
        return await self._database.write("vote", self._vote_txn, request)

    async def look(self, user_id: int, peer: int, message_id: int) -> Polled:
        """How the poll of a message stands for a user.

        Raises:
            MessageIdInvalid: they have no such message with a poll.
        """
        return await self._database.read("poll", _look_txn, user_id, peer, message_id, int(self._clock.seconds()))

    async def votes(
        self, user_id: int, peer: int, message_id: int, option: bytes | None, offset: str, limit: int
    ) -> Votes:
        """A page of who voted.

        Raises:
            MessageIdInvalid, VotesNotPublic, VoteRequired, OptionInvalid, …: see ``voting.votes_txn``.
        """
        now = int(self._clock.seconds())
        return await self._database.read("votes", votes_txn, user_id, peer, message_id, option, offset, limit, now)

    async def close(self, owner_id: int, peer: int, message_id: int, now: int, device: int = 0) -> OwnChange:
        """End a poll: for its author, where they may write, at any time.

        Raises:
            MessageIdInvalid, MessageAuthorRequired, ChatWriteForbidden, …: see ``rules.check_edits``.
            MessageNotModified: it is closed.
        """
        return await self._database.write("close poll", self._close_txn, owner_id, peer, message_id, now, device)

    def _vote_txn(self, txn: Transaction, request: VoteRequest) -> Polled:
        message, poll, state, is_new = vote_txn(txn, request)
        if is_new:
            # The voter's other devices are told of the vote itself.
            told = msgspec.structs.replace(PollState(voters=state.voters), choices=state.choices)
            own = PollChanged(poll, told if poll.hides_results else state)
            txn.call_after(self._fanout.publish, (request.user_id,), own, request.perm_auth_key_id)
            txn.call_after(self._teller.changed, poll.id)
            tell_vote_txn(txn, self._fanout, poll, state, request.user_id, chosen(poll, request.options), request.now)
        return Polled(message, poll, state)

    def _close_txn(
        self, txn: Transaction, owner_id: int, peer: int, message_id: int, now: int, device: int
    ) -> OwnChange:
        message, poll, place = polled_txn(txn, owner_id, peer, message_id, now)
        # There is no time after which it may not be closed.
        rules.check_edits(message, place, message.date, is_bot=isinstance(place, Relation) and place.is_bot)
        changes = BoxChanges(txn, now)
        changes.lock(owner for _, owner, _, _ in copies_txn(txn, [message.content_id]))
        if not _set_closed_txn(txn, poll.id):
            raise MessageNotModified(str(message_id))
        txn.execute(f"SELECT {message_columns} WHERE m.content_id = ?", (message.content_id,))
        closed = shown_txn(txn, [message_from_row(row) for row in txn.fetchall()])
        for copy in closed:
            changes.append(copy.owner_id, MessageEdited(copy.id))
            changes.messages[copy.owner_id, copy.id] = copy
        changes.save(self._fanout.deliver, device)
        txn.call_after(self._teller.changed, poll.id, True)
        tell_end_txn(txn, self._fanout, poll, states_txn(txn, [poll.id])[poll.id], now)
        if not isinstance(place, Seat):
            return changes.own(owner_id)
        own = changes.own(message.owner_id, owner_id)
        shown = shown_txn(txn, list(own.messages.values()), owner_id)
        return msgspec.structs.replace(own, messages={one.id: one for one in shown})

    async def _close_due(self) -> float | None:
        while self._due.running:
            found = await self._database.read("polls to close", _first_txn)
            now = int(self._clock.seconds())
            due = [poll_id for poll_id, closes_at in found if closes_at <= now]
            if not due:
                return float(found[0][1]) if found else None
            for poll_id in due:
                if await self._database.write("close poll", _set_closed_txn, poll_id):
                    self._teller.changed(poll_id, True)
        return None


def _look_txn(txn: Transaction, user_id: int, peer: int, message_id: int, now: int) -> Polled:
    message, poll, _ = polled_txn(txn, user_id, peer, message_id, now)
    return Polled(message, poll, message.poll or PollState())


def _set_closed_txn(txn: Transaction, poll_id: int) -> bool:
    """Whether it was open."""
    txn.execute("UPDATE polls SET closed = 1 WHERE id = ? AND closed = 0", (poll_id,))
    return txn.rowcount > 0


def _first_txn(txn: Transaction) -> list[tuple[int, int]]:
    txn.execute(
        "SELECT id, closes_at FROM polls WHERE closed = 0 AND closes_at > 0 ORDER BY closes_at LIMIT ?", (_AT_ONCE,)
    )
    return [(poll_id, closes_at) for poll_id, closes_at in txn.fetchall()]
