"""The words of a reply that is under way, on disk every few seconds: a restart leaves them, marked as cut off."""

from collections.abc import Iterable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from teamgram.openclaw.agent.run import Run
from teamgram.openclaw.sessions import transcripts
from teamgram.openclaw.sessions.agent_sessions import AgentSessions

SECONDS = 3.0
HALF_REPLY = "openclaw.half"


class HalfReply:
    """Writes down what a run has said since its last message, as pieces that come one after the other."""

    _log = Logger()

    def __init__(self, run: Run, sessions: AgentSessions, reactor: Any) -> None:
        self._run = run
        self._sessions = sessions
        self._reactor = reactor
        self._written = ""
        self._writing: Deferred[None] | None = None
        self._timer = reactor.callLater(SECONDS, self._due)

    def stop(self) -> None:
        """The run is over: how it ended is written elsewhere."""
        if self._timer.active():
            self._timer.cancel()

    def _due(self) -> None:
        self._timer = self._reactor.callLater(SECONDS, self._due)
        text = self._run.live.unrecorded
        if text == self._written or self._writing is not None or self._run.is_settling:
            return
        grown = text.startswith(self._written) and self._written
        data: dict[str, Any] = {"runId": self._run.id, "text": text[len(self._written) :] if grown else text}
        if not grown:
            data["begins"] = True
        self._written = text
        now_ms = round(float(self._reactor.seconds()) * 1000)
        record = transcripts.record(transcripts.CUSTOM, None, now_ms, customType=HALF_REPLY, data=data)
        self._writing = self._sessions.append(self._run.session, [record], now_ms)
        self._writing.addErrback(lambda failure: self._log.failure("half a reply is not on disk", failure=failure))
        self._writing.addBoth(self._done)

    def _done(self, result: object) -> None:
        self._writing = None


def left_of(newest_first: Iterable[dict[str, Any]], run_id: str) -> str:
    """What of a run's words no message has, from the records of its session."""
    found: list[str] = []
    for record in newest_first:
        if record.get("runId") == run_id and record.get("type") == transcripts.MESSAGE:
            break
        data = record.get("data")
        if record.get("customType") == HALF_REPLY and isinstance(data, dict) and data.get("runId") == run_id:
            found.append(str(data.get("text") or ""))
            if data.get("begins"):
                break
    return "".join(reversed(found)).strip()
