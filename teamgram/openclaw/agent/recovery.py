"""After a restart: runs that a crash cut off end with a visible error, and repetitions are known again."""

from typing import Any

from twisted.internet.defer import Deferred, DeferredList
from twisted.logger import Logger

from teamgram.openclaw.agent.half_replies import left_of
from teamgram.openclaw.agent.idempotency import TTL_MS
from teamgram.openclaw.agent.outcome import ERROR, Outcome
from teamgram.openclaw.agent.parts import AgentParts, CutOff
from teamgram.openclaw.agent.run_records import cut_off_message, end_record, error_message, message_record
from teamgram.openclaw.sessions import transcripts
from teamgram.openclaw.sessions.agent_session import AgentSession, OpenRun

INTERRUPTED = "The gateway restarted while this run was running. Nothing was repeated; send the message again to go on."
UNANSWERED = "The gateway restarted before this message was answered. Send it again to go on."

#: How a run ends that was cut off.
_RESTART = "restart"

_log = Logger()


def recover(parts: AgentParts) -> Deferred[None]:
    """Look at every session that was in use lately. Reads block; fires when what had to be written is.

    Until then a history may lack what was said last: it waits in the session's state and is just being put in its
    place. Runs that a restart cut off are in ``parts.cut_off`` then: those of now, and those of lately, since the
    process may have died again before it told anybody.
    """
    now_ms = parts.now_ms()
    ends: list[tuple[int, AgentSession, dict[str, Any]]] = []
    for session in parts.sessions:
        if now_ms - session.updated_at < TTL_MS:
            try:
                ends += _recent_ends(parts, session, now_ms)
            except Exception:
                # One transcript that cannot be read must not keep the gateway from starting.
                _log.failure("the last runs of {key} are not known any more", key=session.key)
    # In the order in which they ended, whatever their sessions: when there are too many, the oldest are forgotten.
    for _, session, data in sorted(ends, key=lambda end: end[0]):
        try:
            _remember(parts, session, data)
        except (TypeError, ValueError):
            _log.warn("a run of {key} ended in a way that cannot be read", key=session.key)
        else:
            if data.get("stopReason") == _RESTART:
                parts.cut_off.append(CutOff(session, str(data.get("runId")), str(data.get("summary") or "")))
    writes: list[Deferred[Any]] = [
        _end_open_runs(parts, session, now_ms)
        for session in (*parts.sessions, *parts.sessions.superseded)
        if session.open_runs
    ]
    for session in parts.sessions.superseded:
        _log.warn("{id} of {key} was being deleted; it is put aside", id=session.session_id, key=session.key)
        aside = parts.sessions.archive(session, now_ms)
        writes.append(aside.addErrback(lambda failure: _log.failure("not put aside", failure=failure)))
    return DeferredList(writes).addCallback(lambda _: None)


def _recent_ends(
    parts: AgentParts, session: AgentSession, now_ms: int
) -> list[tuple[int, AgentSession, dict[str, Any]]]:
    """The ends of recent runs in the transcript, oldest first: (milliseconds, the session, what was recorded)."""
    found = []
    for record in parts.sessions.read_at_start(session):
        ended_at = transcripts.from_iso(str(record.get("timestamp")))
        if now_ms - ended_at > TTL_MS:
            break
        data = record.get("data")
        if record.get("customType") == transcripts.RUN_END and isinstance(data, dict):
            found.append((ended_at, session, data))
    return found[::-1]


def _remember(parts: AgentParts, session: AgentSession, data: dict[str, Any]) -> None:
    run_id, method = str(data.get("runId")), str(data.get("method") or "chat")
    outcome = Outcome(
        str(data.get("status")),
        str(data.get("summary") or ""),
        int(data.get("startedAt") or 0),
        int(data.get("endedAt") or 0),
        stop_reason=str(data.get("stopReason") or ""),
        session_id=session.session_id,
        model=str(data.get("model") or ""),
        usage=data.get("usage"),
    )
    known = parts.runs.idempotency
    known.begin(session.key, method, run_id, str(data.get("fingerprint") or ""), None)
    known.end(session.key, method, run_id, outcome)


def _end_open_runs(parts: AgentParts, session: AgentSession, now_ms: int) -> Deferred[None]:
    records: list[dict[str, Any]] = []
    for run in session.open_runs:
        records += _end_one(parts, session, run, now_ms)
    _log.warn("{count} runs of {key} were cut off", count=len(session.open_runs), key=session.key)
    session.run_status, session.last_error = "error", INTERRUPTED
    session.run_ended_at = now_ms
    writing = parts.sessions.append(session, records, now_ms)
    return writing.addErrback(lambda failure: _log.failure("an interrupted run could not be ended", failure=failure))


def _end_one(parts: AgentParts, session: AgentSession, run: OpenRun, now_ms: int) -> list[dict[str, Any]]:
    records = []
    text = INTERRUPTED
    if run.waiting is not None:
        text = UNANSWERED
        records.append(message_record(run.run_id, run.waiting, now_ms))
    else:
        said = left_of(parts.sessions.read_at_start(session), run.run_id)
        if said:
            records.append(message_record(run.run_id, cut_off_message(said, now_ms), now_ms))
    records.append(message_record(run.run_id, error_message(run.run_id, text, now_ms), now_ms))
    parts.cut_off.append(CutOff(session, run.run_id, text))
    outcome = Outcome(ERROR, text, run.accepted_at, now_ms, stop_reason=_RESTART, session_id=session.session_id)
    records.append(end_record(run.run_id, run.method, run.fingerprint, outcome, now_ms))
    known = parts.runs.idempotency
    known.begin(session.key, run.method, run.run_id, run.fingerprint, None)
    known.end(session.key, run.method, run.run_id, outcome)
    return records
