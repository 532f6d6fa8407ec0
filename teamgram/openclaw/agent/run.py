"""One run of an agent, from the request to its one end."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from twisted.internet.defer import Deferred

from teamgram.openclaw.agent.outcome import Outcome
from teamgram.openclaw.agent.providers.model_api import ToolSpec
from teamgram.openclaw.agent.run_events import RunEvents
from teamgram.openclaw.agent.slots import OWNERS
from teamgram.openclaw.agent.streaming import LiveText
from teamgram.openclaw.gateway.events import Subscriber
from teamgram.openclaw.sessions.agent_session import AgentSession

STEER, FOLLOWUP, COLLECT, INTERRUPT = "steer", "followup", "collect", "interrupt"

CHAT, AGENT = "chat", "agent"

#: Reasons of ours for which a run is stopped; the others are what a client gave.
DEADLINE, SHUTDOWN = "deadline", "shutdown"


def new_run_id() -> str:
    """For requests that bring none."""
    return str(uuid.uuid4())


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What somebody asks of an agent.

    Attributes:
        run_id: also the key under which a repetition is known.
        message: the user message as the transcript keeps it.
        method: :data:`CHAT` or :data:`AGENT`; decides how repetitions are answered and which phases are told.
        granted: the scopes of whoever asks, with all they imply: its tools reach no further than they do.
        sender: the client's place in the event stream; it alone hears tools' arguments and results.
        timeout_ms: 0 is the configured one.
        thinking: how much the model is to think; empty: as the session or the configuration says.
        client_tools: tools of whoever asks: a call of one ends the run, and its result begins another.
        max_tokens: the longest reply of the model; 0 is the configured one.
        on_text: hears the words as they come, beside all events (HTTP streaming, the messenger).
        on_wait: hears, in words for people, that a model failed and is asked again in a while.
        person: whose share of the slots it takes. Whoever has the gateway's secret is an owner, and so is the clock;
            the messenger names everybody else.
    """

    run_id: str
    message: dict[str, Any]
    fingerprint: str
    method: str = CHAT
    granted: frozenset[str] = frozenset()
    sender: Subscriber | None = None
    queue_mode: str = STEER
    timeout_ms: int = 0
    model: str = ""
    extra_system: str = ""
    is_heartbeat: bool = False
    thinking: str = ""
    client_tools: tuple[ToolSpec, ...] = ()
    max_tokens: int = 0
    on_text: Callable[[str], None] | None = None
    on_wait: Callable[[str], None] | None = None
    person: str = OWNERS


@dataclass(eq=False, slots=True)
class Run:
    """A run that was accepted.

    Attributes:
        granted: what its tools may do: no more than any of those may whose messages it answers.
        live: its visible text.
        task: what runs; None before it starts.
        stop_reason: why it is being stopped, empty while it is not.
        is_settling: its end is being written: too late to stop it.
        accepted: fires when the request is on disk (with whether it is).
        is_accepted: it is on disk, and the client knows.
        is_ready: its message stands in its place in the transcript: the run may start.
    """

    request: RunRequest
    session: AgentSession
    events: RunEvents
    accepted_at: int
    granted: frozenset[str] = frozenset()
    live: LiveText = field(default_factory=LiveText)
    started_at: int = 0
    task: Deferred[Any] | None = None
    stop_reason: str = ""
    is_settling: bool = False
    outcome: Outcome | None = None
    accepted: list[Deferred[bool]] = field(default_factory=list)
    is_accepted: bool = False
    is_ready: bool = False
    waiters: list[Deferred[Outcome]] = field(default_factory=list)

    @property
    def id(self) -> str:
        """The run id."""
        return self.request.run_id

    def when_ended(self) -> Deferred[Outcome]:
        """Fires with how it ended."""
        waiting: Deferred[Outcome] = Deferred()
        if self.outcome is not None:
            waiting.callback(self.outcome)
        else:
            self.waiters.append(waiting)
        return waiting

    def end(self, outcome: Outcome) -> None:
        """Tell who waits."""
        self.outcome = outcome
        waiters, self.waiters = self.waiters, []
        for waiting in waiters:
            if not waiting.called:
                waiting.callback(outcome)
