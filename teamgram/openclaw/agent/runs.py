"""Requests for runs: each is accepted once, written down, and given its place among the session's runs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from teamgram.openclaw.agent.idempotency import Entry, Idempotency
from teamgram.openclaw.agent.lanes import Lanes
from teamgram.openclaw.agent.outcome import ERROR, Outcome
from teamgram.openclaw.agent.roster import Roster
from teamgram.openclaw.agent.run import CHAT, INTERRUPT, Run, RunRequest
from teamgram.openclaw.agent.run_events import RunEvents
from teamgram.openclaw.agent.run_records import message_record
from teamgram.openclaw.agent.runner import Changed
from teamgram.openclaw.gateway.errors import GatewayError, invalid, unavailable
from teamgram.openclaw.gateway.events import EventStream
from teamgram.openclaw.sessions import keys as agent_session_keys
from teamgram.openclaw.sessions.agent_session import AgentSession, OpenRun
from teamgram.openclaw.sessions.agent_sessions import AgentSessions
from teamgram.openclaw.sessions.keys import SessionKey

_CONFLICT = (
    "This message ID was already used for different input. Check the conversation history and use a new message ID "
    "to send again."
)


@dataclass(frozen=True, slots=True)
class AcceptedRun:
    """What became of a request.

    Attributes:
        status: ``started``, ``in_flight``, or ``ended`` (see ``entry.outcome``).
        run: the run, None when it has ended.
        interrupted: another run was stopped for it.
    """

    status: str
    run: Run | None
    entry: Entry
    interrupted: bool = False


class AgentRuns:
    """Accepts requests. Implements :class:`teamgram.openclaw.gateway.active_runs.ActiveRuns`.

    Attributes:
        idempotency: the requests that are known.
    """

    _log = Logger()

    def __init__(
        self,
        sessions: AgentSessions,
        roster: Roster,
        idempotency: Idempotency,
        lanes: Lanes,
        stream: EventStream,
        reactor: Any,
        now_ms: Callable[[], int],
        changed: Changed,
        main_key: Callable[[], str],
    ) -> None:
        self.idempotency = idempotency
        self._sessions = sessions
        self._roster = roster
        self._lanes = lanes
        self._stream = stream
        self._reactor = reactor
        self._now_ms = now_ms
        self._changed = changed
        self._main_key = main_key

    # What the core asks

    def active(self) -> int:
        """Runs that run or wait."""
        return self._lanes.active()

    def when_idle(self) -> Deferred[None]:
        """Fires when none is left."""
        return self._lanes.when_idle()

    def parse_key(self, session_key: Any, agent_id: Any = None) -> SessionKey:
        """The canonical key of what a client said, of whatever type: not all methods have a declared shape.

        Raises:
            GatewayError: it is none, or its agent does not exist.
        """
        if not isinstance(session_key, str) or not isinstance(agent_id or "", str):
            raise invalid("a session key and an agent id must be text")
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

    def key_of_session(self, session_id: str) -> str:
        """The key of the session with that id; what is none stays as it is."""
        session = self._sessions.by_id(session_id)
        return session.key if session is not None else session_id

    def session_count(self) -> int:
        """How many sessions there are."""
        return sum(1 for _ in self._sessions)

    # Accepting

    def session_for(self, key: SessionKey, *, session_id: str = "", created_via: str = "operator") -> AgentSession:
        """The session of a key, made if there is none.

        Raises:
            GatewayError: the session id cannot be one.
        """
        session = self._sessions.get(key.text)
        if session is not None:
            return session
        try:
            return self._sessions.create(key, self._now_ms(), session_id=session_id, created_via=created_via)
        except agent_session_keys.BadSessionKey as error:
            raise invalid(str(error)) from None

    async def accept(self, session: AgentSession, request: RunRequest) -> AcceptedRun:
        """Take a request once; returns when it is on disk. The run starts by itself after that.

        Raises:
            GatewayError: the key was used for something else, too much waits, the disk refuses.
        """
        known = self.idempotency.find(session.key, request.method, request.run_id, self._now_ms())
        if known is not None:
            return await self._repeated(known, request)
        if self._lanes.is_full(session.key, request.person):
            raise unavailable("too many messages wait in this session", retryable=True)
        interrupted = False
        running = self._lanes.running(session.key)
        if running is not None and request.queue_mode == INTERRUPT:
            interrupted = self._lanes.stop(running, "aborted")
        run = self._run(session, request)
        # From here on a repetition is one.
        entry = self.idempotency.begin(session.key, request.method, run.id, request.fingerprint, run)
        is_first = self._lanes.enter(run)
        try:
            await self._write_request(run, is_first)
        except Exception as error:
            self._drop(run)
            self._log.failure("request {run_id} could not be written", run_id=run.id)
            raise unavailable(f"the transcript could not be written: {error}", retryable=True) from None
        run.is_accepted = True
        self._tell_accepted(run, True)
        self._changed(session, reason="send")
        # After the answer: the client hears that it is accepted before it hears of the run.
        self._reactor.callLater(0, self._lanes.advance, session.key)
        return AcceptedRun("started", run, entry, interrupted)

    async def _repeated(self, known: Entry, request: RunRequest) -> AcceptedRun:
        if known.fingerprint != request.fingerprint:
            raise invalid(_CONFLICT, {"reason": "chat-request-conflict"})
        run = known.run
        if run is not None and not run.is_accepted:
            waiting: Deferred[bool] = Deferred()
            run.accepted.append(waiting)
            if not await waiting:
                raise unavailable("the transcript could not be written", retryable=True)
        return AcceptedRun("ended" if known.outcome is not None else "in_flight", known.run, known)

    def _run(self, session: AgentSession, request: RunRequest) -> Run:
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
        return Run(request, session, events, self._now_ms(), request.granted)

    async def _write_request(self, run: Run, is_first: bool) -> None:
        """On disk: the user's message in its place if the run starts at once, else as one that waits."""
        session, request = run.session, run.request
        note = OpenRun(run.id, request.fingerprint, run.accepted_at, request.method)
        session.last_interaction_at = run.accepted_at
        if session.closed_at:
            # Talking in a session that was put away takes it up again.
            session.closed_at = session.archived_at = 0
        session.chat_type = session.chat_type or "direct"
        if is_first:
            message = message_record(run.id, request.message, self._now_ms())
            await self._sessions.append(session, [message], run.accepted_at, note)
            run.is_ready = True
        else:
            note.waiting = request.message
            await self._sessions.save(session, run.accepted_at, note)

    def _drop(self, run: Run) -> None:
        run.session.close_run(run.id)
        self.idempotency.drop(run.session.key, run.request.method, run.id)
        self._lanes.leave(run)
        self._tell_accepted(run, False)
        # Whoever wanted to stop it meanwhile need not wait.
        run.end(Outcome(ERROR, "the transcript could not be written", run.accepted_at, self._now_ms()))
        self._lanes.advance(run.session.key)

    def _tell_accepted(self, run: Run, good: bool) -> None:
        waiting, run.accepted = run.accepted, []
        for each in waiting:
            each.callback(good)
