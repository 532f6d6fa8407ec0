"""Runs that nobody asked for: what ``wake``, ``system-event`` and the scheduler left is brought to the agent.

A heartbeat without anything new asks no model: it is told as skipped.
"""

import re
from collections import deque
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from teamgram.openclaw.agent.idempotency import fingerprint
from teamgram.openclaw.agent.outcome import OK, Outcome
from teamgram.openclaw.agent.parts import AgentParts
from teamgram.openclaw.agent.run import CHAT, FOLLOWUP, RunRequest, new_run_id
from teamgram.openclaw.agent.run_records import user_message
from teamgram.openclaw.gateway import scopes
from teamgram.openclaw.state_file import StateFile, read_json

_EVERY = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(ms|s|m|h|d)?")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
#: Whoever may write may also wake the agent, so a beat may do no more than they.
_GRANTED = scopes.expand([scopes.WRITE])
#: Whoever wakes the agent within this time of another is told of in one turn.
COALESCE_SECONDS = 0.25
_PROMPT = "These things happened since you last looked. Say briefly what the owner should know or do about them."


def seconds_of(text: str) -> float:
    """``30m`` → 1800.0; 0 for what means never."""
    match = _EVERY.fullmatch(text.strip().lower())
    return float(match.group(1)) * _UNITS[match.group(2) or "m"] if match else 0.0


class Wakes(Protocol):
    """What ``wake`` and ``system-event`` leave for the agent, and whether it wants to be woken.

    Attributes:
        system_events: texts, oldest first.
        keep_events: see that they are on disk.
        on_wake: called with (text, mode, params).
        last_heartbeat: what the last beat reported, None before the first.
    """

    system_events: deque[str]
    keep_events: Any
    on_wake: Any
    last_heartbeat: dict[str, Any] | None
    heartbeats_enabled: bool


class Heartbeat:
    """The default agent's heartbeat."""

    _log = Logger()

    def __init__(self, parts: AgentParts, wakes: Wakes) -> None:
        self._parts = parts
        self._wakes = wakes
        self._timer: Any = None
        self._interval = 0.0
        self._running = False
        self._soon: Any = None
        self._turn_runs = self._again = False
        self._bringing: list[str] = []
        self._file = StateFile(parts.state_dir / "wakes.json", self._snapshot, parts.reactor)
        stored = read_json(self._file.path) or {}
        wakes.system_events.extend(text for text in stored.get("texts", ()) if isinstance(text, str))
        wakes.keep_events = self._file.save
        wakes.on_wake = self._woken
        parts.config.on_change(lambda change: self._configured())

    def _snapshot(self) -> dict[str, Any]:
        return {"version": 1, "texts": [*self._bringing, *self._wakes.system_events]}

    @property
    def every_seconds(self) -> float:
        """The interval in force; 0: none."""
        return seconds_of(self._parts.roster.defaults.heartbeat.every)

    def start(self) -> None:
        """Beat from now on."""
        self._running = True
        self._arm()

    def _arm(self) -> None:
        self._interval = self.every_seconds
        if self._interval:
            self._timer = self._parts.reactor.callLater(max(1.0, self._interval), self._due)

    def _configured(self) -> None:
        if self._running and self.every_seconds != self._interval:
            self._disarm()
            self._arm()

    def stop(self) -> None:
        """No more."""
        self._running = False
        self._disarm()
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None

    def _disarm(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()

    def leave(self, text: str, now: bool) -> None:
        """Something happened: bring it with the next beat, or at once."""
        self._wakes.system_events.append(text)
        self._file.save().addErrback(lambda failure: None)
        if now:
            self.beat_soon()

    def _woken(self, text: str, mode: str, params: dict[str, Any]) -> None:
        # The text is in the queue already.
        if mode == "now":
            self.beat_soon()

    def beat_soon(self) -> None:
        """One beat for all who ask for one within a moment, or while one is under way."""
        self._again = self._turn_runs
        if self._soon is None and not self._turn_runs:
            self._soon = self._parts.reactor.callLater(COALESCE_SECONDS, self._beat_now)

    def _beat_now(self) -> None:
        self._soon = None
        self.beat()

    def _due(self) -> None:
        self._arm()
        self.beat()

    def beat(self) -> None:
        """One heartbeat."""
        events = self._wakes.system_events
        if not self._wakes.heartbeats_enabled:
            self._tell("skipped", reason="disabled")
        elif self._turn_runs:
            pass  # What came meanwhile is brought when that one has ended.
        elif not events:
            self._tell("skipped", reason="nothing-new")
        else:
            texts = list(events)
            events.clear()
            self._turn_runs = True
            turn = Deferred.fromCoroutine(self._turn(texts))
            turn.addErrback(self._failed, texts)
            turn.addBoth(self._turn_over)

    def _turn_over(self, result: Any) -> None:
        self._turn_runs = False
        if self._again and self._wakes.system_events and result is None and self._running:
            self.beat_soon()

    def _failed(self, failure: Any, texts: list[str]) -> str:
        self._log.failure("a heartbeat failed", failure=failure)
        self._wakes.system_events.extendleft(reversed(texts))
        self._tell("failed", reason=failure.getErrorMessage())
        return "failed"

    async def _turn(self, texts: list[str]) -> None:
        parts = self._parts
        prompt = parts.roster.defaults.heartbeat.prompt or _PROMPT
        text = prompt + "\n\n" + "\n".join(f"- {each}" for each in texts)
        session = parts.runs.session_for(parts.runs.parse_key("main"), created_via="heartbeat")
        run_id = new_run_id()
        message = user_message(run_id, text, parts.now_ms(), __openclaw={"kind": "heartbeat"})
        request = RunRequest(
            run_id, message, fingerprint(text), CHAT, granted=_GRANTED, queue_mode=FOLLOWUP, is_heartbeat=True
        )
        self._bringing = texts
        try:
            accepted = await parts.runs.accept(session, request)
        finally:
            # From here on they stand in the transcript, or wait again.
            self._bringing = []
        self._file.save().addErrback(lambda failure: None)
        assert accepted.run is not None
        outcome: Outcome = await accepted.run.when_ended()
        self._tell("sent" if outcome.status == OK else "failed", preview=outcome.text[:200], reason=outcome.summary)

    def _tell(self, status: str, **more: Any) -> None:
        parts = self._parts
        self._wakes.last_heartbeat = {
            "ts": parts.now_ms(),
            "status": status,
            "agentId": parts.roster.default.id,
            **{name: value for name, value in more.items() if value},
        }
        parts.stream.broadcast("heartbeat", self._wakes.last_heartbeat)
