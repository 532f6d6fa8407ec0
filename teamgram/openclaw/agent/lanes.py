"""Who goes next: one run a session at a time, the others wait in its lane; steering, collecting, stopping."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from teamgram.openclaw.agent.idempotency import Idempotency
from teamgram.openclaw.agent.outcome import ABORTED, ERROR, OK, Outcome
from teamgram.openclaw.agent.roster import Roster
from teamgram.openclaw.agent.run import COLLECT, INTERRUPT, SHUTDOWN, STEER, Run
from teamgram.openclaw.agent.run_records import end_record, message_record
from teamgram.openclaw.agent.runner import Changed, Runner
from teamgram.openclaw.agent.slots import OWNERS, Slots
from teamgram.openclaw.sessions.agent_sessions import AgentSessions

#: Messages that may wait in one session, and those of one person who is no owner among them.
MAX_WAITING = 100
MAX_WAITING_OF_ONE = 25


@dataclass(slots=True)
class _Lane:
    """One session's runs: the one that runs, and those that wait, oldest first."""

    active: Run | None = None
    waiting: deque[Run] = field(default_factory=deque)


class Lanes:
    """All sessions' runs, and how many run at once. What :class:`teamgram.openclaw.agent.runner.Surroundings` wants."""

    _log = Logger()

    def __init__(
        self,
        sessions: AgentSessions,
        roster: Roster,
        runner: Runner,
        idempotency: Idempotency,
        reactor: Any,
        now_ms: Callable[[], int],
        changed: Changed,
    ) -> None:
        self._sessions = sessions
        self._roster = roster
        self._runner = runner
        self._idempotency = idempotency
        self._reactor = reactor
        self._now_ms = now_ms
        self._changed = changed
        self._lanes: dict[str, _Lane] = {}
        self._slots = Slots(lambda: self._roster.defaults.max_concurrent)
        self._idle: list[Deferred[None]] = []

    def active(self) -> int:
        """Runs that are under way or wait."""
        return sum((lane.active is not None) + len(lane.waiting) for lane in self._lanes.values())

    def counts(self) -> dict[str, int]:
        """How many sessions have runs, how many of these run, wait, and in how many sessions they wait."""
        lanes = list(self._lanes.values())
        return {
            "laneCount": len(lanes),
            "activeCount": sum(lane.active is not None for lane in lanes),
            "queuedCount": sum(len(lane.waiting) for lane in lanes),
            "queuedLaneCount": sum(bool(lane.waiting) for lane in lanes),
        }

    def when_idle(self) -> Deferred[None]:
        """Fires when none is left."""
        if not self._lanes:
            return succeed(None)
        waiting: Deferred[None] = Deferred()
        self._idle.append(waiting)
        return waiting

    def running(self, session_key: str) -> Run | None:
        """The run that runs in a session."""
        lane = self._lanes.get(session_key)
        return lane.active if lane else None

    # Queueing

    def is_full(self, session_key: str, person: str) -> bool:
        """As many messages of that person wait in that session as may. What strangers say keeps no owner out."""
        lane = self._lanes.get(session_key)
        if lane is None:
            return False
        owners = sum(run.request.person == OWNERS for run in lane.waiting)
        if person == OWNERS:
            return owners >= MAX_WAITING
        own = sum(run.request.person == person for run in lane.waiting)
        return own >= MAX_WAITING_OF_ONE or len(lane.waiting) - owners >= MAX_WAITING

    def enter(self, run: Run) -> bool:
        """Take a place in the session's lane; True if nothing is before it. It starts with :meth:`advance`."""
        lane = self._lanes.setdefault(run.session.key, _Lane())
        if lane.active is None and not lane.waiting:
            lane.active = run
        elif run.request.queue_mode == INTERRUPT:
            lane.waiting.appendleft(run)
        else:
            lane.waiting.append(run)
        if lane.active is not None:
            # One that an owner waits for is served as an owner's.
            self._slots.move(lane.active, self._person(lane.active))
        return lane.active is run

    def _person(self, run: Run) -> str:
        """Whose slot a run takes: the owners', if one of them asked for it or waits behind it."""
        behind = self._lanes[run.session.key].waiting
        return OWNERS if any(each.request.person == OWNERS for each in behind) else run.request.person

    def leave(self, run: Run) -> None:
        """Give the place up again: the request was not accepted after all."""
        lane = self._lanes[run.session.key]
        if lane.active is run:
            lane.active = None
        elif run in lane.waiting:
            lane.waiting.remove(run)

    # Running

    def configured(self) -> None:
        """More runs may be allowed at once than before."""
        self._slots.resized()

    def advance(self, key: str) -> None:
        """Start what may start in a session."""
        lane = self._lanes.get(key)
        if lane is None:
            return
        run = lane.active
        if run is None:
            if not lane.waiting:
                del self._lanes[key]
                self._tell_idle()
                return
            if not lane.waiting[0].is_accepted:
                return
            run = lane.active = lane.waiting.popleft()
            self._begin_waiting(lane, run)
            return
        if run.is_ready and run.is_accepted and run.task is None and not self._slots.waits(run):
            self._start(run)

    def _begin_waiting(self, lane: _Lane, run: Run) -> None:
        """The run's message, and those that it takes along, move to their place in the transcript."""
        taken = [run]
        while run.request.queue_mode == COLLECT and lane.waiting:
            following = lane.waiting[0]
            if following.request.queue_mode != COLLECT or not following.is_accepted:
                break
            taken.append(lane.waiting.popleft())
        # The newest of them answers for all.
        lane.active = run = taken.pop()
        self._take_along(run, taken)
        writing = self._sessions.append(run.session, [self._user_record(run)], self._now_ms())
        writing.addCallbacks(self._in_place, self._could_not_begin, callbackArgs=(run,), errbackArgs=(run,))

    def _in_place(self, result: None, run: Run) -> None:
        run.is_ready = True
        self.advance(run.session.key)

    def _take_along(self, run: Run, taken: list[Run]) -> list[dict[str, Any]]:
        """Messages whose runs end here, because ``run`` answers them; returns the records of the messages."""
        records: list[dict[str, Any]] = []
        messages = [self._user_record(each) for each in taken]
        for each, message in zip(taken, messages, strict=True):
            run.granted &= each.granted
            outcome = Outcome(OK, "completed", each.accepted_at, self._now_ms(), session_id=run.session.session_id)
            records += [message, self._end_record(each, outcome)]
            self._reactor.callLater(0, self._ended_along, each, outcome)
        if records:
            self._sessions.append(run.session, records, self._now_ms()).addErrback(self._log_failure)
        return messages

    def _ended_along(self, run: Run, outcome: Outcome) -> None:
        try:
            run.events.seq += 1
            run.events.final("", None)
        finally:
            self._forget(run, outcome)

    def _could_not_begin(self, failure: Failure, run: Run) -> None:
        self._log.failure("run {run_id} could not begin", failure=failure, run_id=run.id)
        run.session.close_run(run.id)
        outcome = Outcome(ERROR, "the transcript could not be written", run.accepted_at, self._now_ms())
        try:
            run.events.error(outcome.summary, "unknown", None)
        finally:
            self._ended(outcome, run)

    def _start(self, run: Run) -> None:
        if run.stop_reason:
            # Stopped before it began: it ends as any other, without asking a model.
            self._begin(run)
            assert run.task is not None
            run.task.cancel()
        else:
            self._slots.ask(run, self._person(run), lambda: self._begin(run))

    def _begin(self, run: Run) -> None:
        run.task = Deferred.fromCoroutine(self._runner.carry_out(run, self))
        run.task.addBoth(self._turn_over, run)

    async def rest(self, run: Run, seconds: float) -> None:
        """Wait, without a slot meanwhile."""
        await self.rest_until(run, deferLater(self._reactor, seconds, lambda: None))

    async def rest_until(self, run: Run, waiting: Deferred[Any]) -> Any:
        """What ``waiting`` gives, without a slot until then."""
        self._slots.rest(run)
        result = await waiting
        granted: Deferred[None] = Deferred(lambda _: self._slots.leave(run))
        self._slots.ask(run, self._person(run), lambda: granted.callback(None))
        await granted
        return result

    def _turn_over(self, result: Any, run: Run) -> None:
        if isinstance(result, Failure):
            self._log.failure("run {run_id} broke", failure=result, run_id=run.id)
            result = Outcome(ERROR, "the run broke", run.accepted_at, self._now_ms())
        try:
            self._ended(result, run)
        finally:
            self._slots.leave(run)

    def _ended(self, outcome: Outcome, run: Run) -> None:
        self._forget(run, outcome)
        lane = self._lanes[run.session.key]
        lane.active = None
        self._changed(run.session, reason="agent.input.settled")
        self._changed(run.session, phase="error" if outcome.status == ERROR else "end", run_id=run.id)
        self.advance(run.session.key)

    def _forget(self, run: Run, outcome: Outcome) -> None:
        self._idempotency.end(run.session.key, run.request.method, run.id, outcome)
        run.end(outcome)

    def _tell_idle(self) -> None:
        if not self._lanes:
            idle, self._idle = self._idle, []
            for waiting in idle:
                if not waiting.called:
                    waiting.callback(None)

    def _steered(self, run: Run) -> list[Run]:
        lane = self._lanes[run.session.key]
        return [each for each in lane.waiting if each.request.queue_mode == STEER and each.is_accepted]

    def has_steered(self, run: Run) -> bool:
        """Whether messages came for a run that is under way."""
        return bool(self._steered(run))

    def take_steered(self, run: Run) -> list[dict[str, Any]]:
        """Messages that came for a run that is under way: their own runs end, it answers them."""
        lane, taken = self._lanes[run.session.key], self._steered(run)
        if not taken:
            return []
        lane.waiting = deque(each for each in lane.waiting if each not in taken)
        return self._take_along(run, taken)

    def _user_record(self, run: Run) -> dict[str, Any]:
        return message_record(run.id, run.request.message, self._now_ms())

    def _end_record(self, run: Run, outcome: Outcome) -> dict[str, Any]:
        return end_record(run.id, run.request.method, run.request.fingerprint, outcome, self._now_ms())

    # Stopping

    async def abort(self, session_key: str, run_id: str | None, reason: str) -> list[str]:
        """Stop the session's runs, or one of them; returns the ids of those it stopped, once they have ended."""
        lane = self._lanes.get(session_key)
        if lane is None:
            return []
        found = [run for run in (*lane.waiting, lane.active) if run is not None and run_id in (None, run.id)]
        stopped = [run for run in found if self.stop(run, reason)]
        for run in stopped:
            await run.when_ended()
        return [run.id for run in stopped]

    def stop(self, run: Run, reason: str) -> bool:
        """Stop a run wherever it stands; False if it is ending already."""
        if run.is_settling or run.stop_reason:
            return False
        run.stop_reason = reason
        if run.task is not None:
            run.task.cancel()
            return True
        lane = self._lanes[run.session.key]
        if self._slots.waits(run):
            self._slots.leave(run)
            self._start(run)
        elif run in lane.waiting:
            lane.waiting.remove(run)
            self._end_unstarted(run, reason)
        return True

    def _end_unstarted(self, run: Run, reason: str) -> None:
        """A waiting run is stopped: what was said stays in the transcript, nobody answers it."""
        outcome = Outcome(ABORTED, "aborted", run.accepted_at, self._now_ms(), stop_reason=reason)
        records = [self._user_record(run), self._end_record(run, outcome)]
        writing = self._sessions.append(run.session, records, self._now_ms())
        writing.addErrback(self._log_failure)

        def told(_: None) -> None:
            try:
                run.events.seq += 1
                run.events.aborted("", reason)
            finally:
                self._forget(run, outcome)
                self.advance(run.session.key)

        writing.addCallback(told)

    def _log_failure(self, failure: Failure) -> None:
        self._log.failure("a transcript could not be written", failure=failure)

    async def shutdown(self) -> None:
        """End whatever still runs, with an error that says so; returns when it has."""
        for lane in tuple(self._lanes.values()):
            for run in (*lane.waiting, lane.active):
                if run is not None:
                    self.stop(run, SHUTDOWN)
        await self.when_idle()
