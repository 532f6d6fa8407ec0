"""The running turns: accepting requests once, one turn a session at a time, queueing, stopping."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger
from twisted.python.failure import Failure

from teamgram.openclaw import agent_session_keys
from teamgram.openclaw.agent.idempotency import ABORTED, ERROR, OK, Entry, Idempotency, Outcome
from teamgram.openclaw.agent.roster import Roster
from teamgram.openclaw.agent.run import CHAT, COLLECT, INTERRUPT, SHUTDOWN, STEER, Run, RunRequest
from teamgram.openclaw.agent.run_events import RunEvents
from teamgram.openclaw.agent.run_records import end_record, message_record
from teamgram.openclaw.agent.turn import Turns
from teamgram.openclaw.agent_session import AgentSession, OpenRun
from teamgram.openclaw.agent_session_keys import SessionKey
from teamgram.openclaw.agent_sessions import AgentSessions
from teamgram.openclaw.errors import GatewayError, invalid, unavailable
from teamgram.openclaw.events import EventStream

#: Messages that may wait in one session.
MAX_WAITING = 100

_CONFLICT = (
    "This message ID was already used for different input. Check the conversation history and use a new message ID "
    "to send again."
)


@dataclass(slots=True)
class _Lane:
    """One session's turns: the one that runs, and those that wait, oldest first."""

    active: Run | None = None
    waiting: deque[Run] = field(default_factory=deque)


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of a request.

    Attributes:
        status: ``started``, ``in_flight``, or ``ended`` (see ``entry.outcome``).
        run: the turn, None when it has ended.
        interrupted: another turn was stopped for it.
    """

    status: str
    run: Run | None
    entry: Entry
    interrupted: bool = False


class AgentRuns:
    """All turns. Implements :class:`teamgram.openclaw.runs_api.Runs`.

    Attributes:
        turns: takes them; set once, before the first request.
        on_changed: called with (session, reason=, phase=, run_id=) when clients should look again.
    """

    _log = Logger()

    def __init__(
        self, sessions: AgentSessions, roster: Roster, stream: EventStream, reactor: Any, main_key: Callable[[], str]
    ) -> None:
        self.sessions = sessions
        self.idempotency = Idempotency()
        self.turns: Turns
        self.on_changed: Callable[..., None] = lambda *args, **more: None
        self._roster = roster
        self._stream = stream
        self._reactor = reactor
        self._main_key = main_key
        self._lanes: dict[str, _Lane] = {}
        self._running = 0
        self._starved: deque[Run] = deque()
        self._idle: list[Deferred[None]] = []
        self._stopping = False

    def _now_ms(self) -> int:
        return round(float(self._reactor.seconds()) * 1000)

    # What the core asks

    def active(self) -> int:
        """Turns that run or wait."""
        return sum((lane.active is not None) + len(lane.waiting) for lane in self._lanes.values())

    def when_idle(self) -> Deferred[None]:
        """Fires when none is left."""
        if not self._lanes:
            return succeed(None)
        waiting: Deferred[None] = Deferred()
        self._idle.append(waiting)
        return waiting

    def parse_key(self, session_key: str, agent_id: str | None = None) -> SessionKey:
        """The canonical key of what a client said.

        Raises:
            GatewayError: it is none, or its agent does not exist.
        """
        try:
            key = agent_session_keys.parse(session_key, agent_id or self._roster.default.id, self._main_key())
        except agent_session_keys.BadSessionKey as error:
            raise invalid(str(error)) from None
        if self._roster.get(key.agent_id) is None:
            raise invalid(f'Unknown agent id "{key.agent_id}"')
        return key

    def canonical_key(self, session_key: str) -> str:
        """``main`` → ``agent:main:main``; what is no key stays as it is."""
        try:
            return self.parse_key(session_key).text
        except GatewayError:
            return session_key

    # Looking

    def running(self, session_key: str) -> Run | None:
        """The turn that runs in a session."""
        lane = self._lanes.get(session_key)
        return lane.active if lane else None

    def waiting(self, session_key: str) -> list[Run]:
        """Turns that wait there."""
        lane = self._lanes.get(session_key)
        return list(lane.waiting) if lane else []

    # Accepting

    def session_for(self, key: SessionKey, *, session_id: str = "", created_via: str = "operator") -> AgentSession:
        """The session of a key, made if there is none.

        Raises:
            GatewayError: the session id cannot be one.
        """
        session = self.sessions.get(key.text)
        if session is not None:
            return session
        try:
            return self.sessions.create(key, self._now_ms(), session_id=session_id, created_via=created_via)
        except agent_session_keys.BadSessionKey as error:
            raise invalid(str(error)) from None

    async def accept(self, session: AgentSession, request: RunRequest) -> Accepted:
        """Take a request once; returns when it is on disk. The turn starts by itself after that.

        Raises:
            GatewayError: the key was used for something else, too much waits, the disk refuses.
        """
        known = self.idempotency.find(session.key, request.method, request.run_id, self._now_ms())
        if known is not None:
            return await self._repeated(known, request)
        lane = self._lanes.get(session.key)
        if lane is not None and len(lane.waiting) >= MAX_WAITING:
            raise unavailable("too many messages wait in this session", retryable=True)
        interrupted = False
        if lane is not None and lane.active is not None and request.queue_mode == INTERRUPT:
            interrupted = self._stop(lane.active, "aborted")
        run, entry = self._open(session, request)
        try:
            await self._write_request(run)
        except Exception as error:
            self._drop(run)
            self._log.failure("request {run_id} could not be written", run_id=run.id)
            raise unavailable(f"the transcript could not be written: {error}", retryable=True) from None
        run.is_accepted = True
        self._tell_accepted(run, True)
        self.on_changed(session, reason="send")
        # After the answer: the client hears that it is accepted before it hears of the turn.
        self._reactor.callLater(0, self._advance, session.key)
        return Accepted("started", run, entry, interrupted)

    async def _repeated(self, known: Entry, request: RunRequest) -> Accepted:
        if known.fingerprint != request.fingerprint:
            raise invalid(_CONFLICT, {"reason": "chat-request-conflict"})
        run = known.run
        if run is not None and not run.is_accepted:
            waiting: Deferred[bool] = Deferred()
            run.accepted.append(waiting)
            if not await waiting:
                raise unavailable("the transcript could not be written", retryable=True)
        return Accepted("ended" if known.outcome is not None else "in_flight", known.run, known)

    def _open(self, session: AgentSession, request: RunRequest) -> tuple[Run, Entry]:
        """Take the key and a place in the session's queue: from here on a repetition is one."""
        events = RunEvents(
            self._stream,
            self._now_ms,
            run_id=request.run_id,
            session_key=session.key,
            session_id=session.session_id,
            agent_id=session.agent_id,
            sender=request.sender,
            is_chat=request.method == CHAT,
            is_heartbeat=request.is_heartbeat,
        )
        run = Run(request, session, events, self._now_ms())
        entry = self.idempotency.begin(session.key, request.method, run.id, request.fingerprint, run)
        lane = self._lanes.setdefault(session.key, _Lane())
        if lane.active is None and not lane.waiting:
            lane.active = run
        elif request.queue_mode == INTERRUPT:
            lane.waiting.appendleft(run)
        else:
            lane.waiting.append(run)
        return run, entry

    async def _write_request(self, run: Run) -> None:
        """On disk: the user's message in its place if the turn starts at once, else as one that waits."""
        session, request = run.session, run.request
        lane = self._lanes[session.key]
        note = OpenRun(run.id, request.fingerprint, run.accepted_at, request.method)
        session.last_interaction_at = run.accepted_at
        if session.closed_at:
            # Talking in a session that was put away takes it up again.
            session.closed_at = session.archived_at = 0
        session.chat_type = session.chat_type or "direct"
        # A copy: what an append under way encodes must not change under it.
        if lane.active is run:
            session.open_runs = [*session.open_runs, note]
            await self.sessions.append(session, [self._user_record(run)], run.accepted_at)
            run.is_ready = True
        else:
            note.waiting = request.message
            session.open_runs = [*session.open_runs, note]
            await self.sessions.save(session, run.accepted_at)

    def _user_record(self, run: Run) -> dict[str, Any]:
        return message_record(run.id, run.request.message, self._now_ms())

    def _end_record(self, run: Run, outcome: Outcome) -> dict[str, Any]:
        return end_record(run.id, run.request.method, run.request.fingerprint, outcome, self._now_ms())

    def _drop(self, run: Run) -> None:
        run.session.close_run(run.id)
        self.idempotency.drop(run.session.key, run.request.method, run.id)
        lane = self._lanes[run.session.key]
        if lane.active is run:
            lane.active = None
        elif run in lane.waiting:
            lane.waiting.remove(run)
        self._tell_accepted(run, False)
        # Whoever wanted to stop it meanwhile need not wait.
        run.end(Outcome(ERROR, "the transcript could not be written", run.accepted_at, self._now_ms()))
        self._advance(run.session.key)

    def _tell_accepted(self, run: Run, good: bool) -> None:
        waiting, run.accepted = run.accepted, []
        for each in waiting:
            each.callback(good)

    # Running

    def _advance(self, key: str) -> None:
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
        if run.is_ready and run.is_accepted and run.task is None and run not in self._starved:
            self._start(run)

    def _begin_waiting(self, lane: _Lane, run: Run) -> None:
        """The turn's message, and those that it takes along, move to their place in the transcript."""
        taken = [run]
        while run.request.queue_mode == COLLECT and lane.waiting:
            following = lane.waiting[0]
            if following.request.queue_mode != COLLECT or not following.is_accepted:
                break
            taken.append(lane.waiting.popleft())
        # The newest of them answers for all.
        lane.active = run = taken.pop()
        self._take_along(run, taken)
        note = run.session.open_run(run.id)
        if note is not None:
            note.waiting = None
        writing = self.sessions.append(run.session, [self._user_record(run)], self._now_ms())
        writing.addCallbacks(self._in_place, self._could_not_begin, callbackArgs=(run,), errbackArgs=(run,))

    def _in_place(self, result: None, run: Run) -> None:
        run.is_ready = True
        self._advance(run.session.key)

    def _take_along(self, run: Run, taken: list[Run]) -> list[dict[str, Any]]:
        """Messages whose turns end here, because ``run`` answers them; returns the records of the messages."""
        records: list[dict[str, Any]] = []
        messages = [self._user_record(each) for each in taken]
        for each, message in zip(taken, messages, strict=True):
            outcome = Outcome(OK, "completed", each.accepted_at, self._now_ms(), session_id=run.session.session_id)
            run.session.close_run(each.id)
            records += [message, self._end_record(each, outcome)]
            self._reactor.callLater(0, self._ended_along, each, outcome)
        if records:
            self.sessions.append(run.session, records, self._now_ms()).addErrback(self._log_failure)
        return messages

    def _ended_along(self, run: Run, outcome: Outcome) -> None:
        run.events.seq += 1
        run.events.final("", None)
        self._forget(run, outcome)

    def _could_not_begin(self, failure: Failure, run: Run) -> None:
        self._log.failure("turn {run_id} could not begin", failure=failure, run_id=run.id)
        run.session.close_run(run.id)
        outcome = Outcome(ERROR, "the transcript could not be written", run.accepted_at, self._now_ms())
        run.events.error(outcome.summary, "unknown", None)
        self._ended(outcome, run)

    def _start(self, run: Run) -> None:
        if run.stop_reason:
            # Stopped before it began: it ends as any other, without asking a model.
            run.task = Deferred.fromCoroutine(self.turns.take(run))
            self._running += 1
            run.task.addBoth(self._turn_over, run)
            run.task.cancel()
            return
        if self._running >= max(1, self._roster.defaults.max_concurrent):
            self._starved.append(run)
            return
        self._running += 1
        run.task = Deferred.fromCoroutine(self.turns.take(run))
        run.task.addBoth(self._turn_over, run)

    def _turn_over(self, result: Any, run: Run) -> None:
        self._running -= 1
        if isinstance(result, Failure):
            self._log.failure("turn {run_id} broke", failure=result, run_id=run.id)
            result = Outcome(ERROR, "the turn broke", run.accepted_at, self._now_ms())
        self._ended(result, run)
        if self._starved:
            self._start(self._starved.popleft())

    def _ended(self, outcome: Outcome, run: Run) -> None:
        self._forget(run, outcome)
        lane = self._lanes[run.session.key]
        lane.active = None
        self.on_changed(run.session, reason="agent.input.settled")
        self.on_changed(run.session, phase="error" if outcome.status == ERROR else "end", run_id=run.id)
        self._advance(run.session.key)

    def _forget(self, run: Run, outcome: Outcome) -> None:
        self.idempotency.end(run.session.key, run.request.method, run.id, outcome)
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
        """Whether messages came for a running turn."""
        return bool(self._steered(run))

    def take_steered(self, run: Run) -> list[dict[str, Any]]:
        """Messages that came for a running turn: their own turns end, the running one answers them."""
        lane, taken = self._lanes[run.session.key], self._steered(run)
        if not taken:
            return []
        lane.waiting = deque(each for each in lane.waiting if each not in taken)
        return self._take_along(run, taken)

    # Stopping

    async def abort(self, session_key: str, run_id: str | None, reason: str) -> list[str]:
        """Stop the session's turns, or one of them; returns the ids of those it stopped, once they have ended."""
        lane = self._lanes.get(session_key)
        if lane is None:
            return []
        found = [run for run in (*lane.waiting, lane.active) if run is not None and run_id in (None, run.id)]
        stopped = [run for run in found if self._stop(run, reason)]
        for run in stopped:
            await run.when_ended()
        return [run.id for run in stopped]

    def _stop(self, run: Run, reason: str) -> bool:
        if run.is_settling or run.stop_reason:
            return False
        run.stop_reason = reason
        if run.task is not None:
            run.task.cancel()
            return True
        lane = self._lanes[run.session.key]
        if run in self._starved:
            self._starved.remove(run)
            self._start(run)
        elif run in lane.waiting:
            lane.waiting.remove(run)
            self._end_unstarted(run, reason)
        return True

    def _end_unstarted(self, run: Run, reason: str) -> None:
        """A waiting turn is stopped: what was said stays in the transcript, nobody answers it."""
        outcome = Outcome(ABORTED, "aborted", run.accepted_at, self._now_ms(), stop_reason=reason)
        run.session.close_run(run.id)
        records = [self._user_record(run), self._end_record(run, outcome)]
        writing = self.sessions.append(run.session, records, self._now_ms())
        writing.addErrback(self._log_failure)

        def told(_: None) -> None:
            run.events.seq += 1
            run.events.aborted("", reason)
            self._forget(run, outcome)
            self._advance(run.session.key)

        writing.addCallback(told)

    def _log_failure(self, failure: Failure) -> None:
        self._log.failure("a transcript could not be written", failure=failure)

    async def shutdown(self) -> None:
        """End whatever still runs, with an error that says so."""
        for lane in tuple(self._lanes.values()):
            for run in (*lane.waiting, lane.active):
                if run is not None:
                    self._stop(run, SHUTDOWN)
        await self.when_idle()
