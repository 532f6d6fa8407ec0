"""How runs end: done, stopped or failed; on disk first and then told."""

from collections.abc import Callable, Sequence
from typing import Any

from teamgram.openclaw.agent.failover import chain_of
from teamgram.openclaw.agent.outcome import ABORTED, ERROR, OK, Outcome
from teamgram.openclaw.agent.providers.model_api import TIMEOUT, UNKNOWN, ModelRef, ProviderError, ToolCall, Usage
from teamgram.openclaw.agent.roster import Roster
from teamgram.openclaw.agent.run import DEADLINE, SHUTDOWN, Run
from teamgram.openclaw.agent.run_events import terminal_reply
from teamgram.openclaw.agent.run_records import cut_off_message, end_record, error_message, message_record
from teamgram.openclaw.agent.words import Words
from teamgram.openclaw.sessions.agent_sessions import AgentSessions


class RunEnds:
    """Ends runs. Each way raises what the disk raises; :meth:`unwritten` is for that case."""

    def __init__(self, sessions: AgentSessions, roster: Roster, now_ms: Callable[[], int]) -> None:
        self._sessions = sessions
        self._roster = roster
        self._now_ms = now_ms

    def _outcome(self, run: Run, status: str, summary: str, **more: Any) -> Outcome:
        now_ms = self._now_ms()
        return Outcome(
            status, summary, run.started_at or run.accepted_at, now_ms, session_id=run.session.session_id, **more
        )

    async def done(
        self, run: Run, ref: ModelRef, message: dict[str, Any], usage: Usage, used_tools: list[str]
    ) -> Outcome:
        """The model has nothing more to do.

        Args:
            ref, message: the model that answered, and its answer as the transcript keeps it.
            usage: of all the run's model calls.
        """
        return await self._well(run, ref, [message], usage, used_tools, str(message["stopReason"]))

    async def handed_over(
        self, run: Run, ref: ModelRef, calls: list[ToolCall], usage: Usage, used_tools: list[str]
    ) -> Outcome:
        """The model wants tools of whoever asked: their results begin another run. Its message is written already."""
        return await self._well(run, ref, [], usage, used_tools, "toolUse", calls)

    async def _well(
        self,
        run: Run,
        ref: ModelRef,
        messages: list[dict[str, Any]],
        usage: Usage,
        used_tools: list[str],
        stop_reason: str,
        calls: Sequence[ToolCall] = (),
    ) -> Outcome:
        session, events = run.session, run.events
        run.is_settling = True
        now_ms = self._now_ms()
        events.lifecycle("finishing", stopReason=stop_reason, aborted=False, endedAt=now_ms)
        session.input_tokens += usage.input + usage.cache_read + usage.cache_write
        session.output_tokens += usage.output
        outcome = self._outcome(
            run, OK, "completed", stop_reason=stop_reason, text=run.live.text, model=str(ref), usage=usage.to_wire()
        )
        outcome.tool_calls = [{"id": call.id, "name": call.name, "arguments": call.arguments} for call in calls]
        outcome.images = [part for m in messages for part in m["content"] if part.get("type") == "image"]
        session.run_status, session.last_error, session.aborted_last_run = "done", "", False
        await self._settle(run, [message_record(run.id, message, self._now_ms()) for message in messages], outcome)
        receipt = {
            "runId": run.id,
            "sessionId": session.session_id,
            "effective": {"provider": ref.provider, "model": ref.model},
            "successfulToolNames": used_tools,
        }
        events.lifecycle(
            "end",
            stopReason=stop_reason,
            aborted=False,
            startedAt=outcome.started_at,
            endedAt=outcome.ended_at,
            terminalReply=terminal_reply(outcome.text),
            terminalReceipt=receipt,
        )
        events.final(outcome.text, stop_reason, outcome.images)
        return outcome

    async def _settle(self, run: Run, records: list[dict[str, Any]], outcome: Outcome) -> None:
        """Write the end of a run with whatever else it leaves, in one append."""
        session = run.session
        session.run_ended_at = session.last_interaction_at = outcome.ended_at
        end = end_record(run.id, run.request.method, run.request.fingerprint, outcome, self._now_ms())
        await self._sessions.append(session, [*records, end], self._now_ms())

    async def stopped(self, run: Run, words: Words) -> Outcome:
        """Somebody stopped it, or :attr:`Run.stop_reason` is one of ours, which are failures."""
        if run.stop_reason == DEADLINE:
            error = ProviderError("The run took longer than it may.", kind=TIMEOUT, reason="timeout")
            return await self.failed(run, words, error)
        if run.stop_reason == SHUTDOWN:
            return await self.failed(run, words, ProviderError("The gateway stopped.", reason="shutdown"))
        run.is_settling = True
        reason = run.stop_reason or "rpc"
        words.flush()
        text = run.live.text
        records = []
        if run.live.unrecorded:
            message = cut_off_message(run.live.unrecorded, self._now_ms())
            records.append(message_record(run.id, message, self._now_ms()))
        session = run.session
        session.run_status, session.aborted_last_run = "aborted", True
        outcome = self._outcome(run, ABORTED, "aborted", stop_reason=reason, text=text)
        await self._settle(run, records, outcome)
        run.events.aborted(text, reason)
        run.events.lifecycle(
            "end",
            status="cancelled",
            aborted=True,
            stopReason=reason,
            startedAt=outcome.started_at,
            endedAt=outcome.ended_at,
        )
        return outcome

    async def failed(self, run: Run, words: Words, error: ProviderError) -> Outcome:
        """It could not be finished; what was said until then stays."""
        run.is_settling = True
        words.flush()
        session = run.session
        chosen = chain_of(run, self._roster.get(session.agent_id) or self._roster.default)[0]
        detail = {"provider": chosen.provider, "model": chosen.model, "failoverReason": error.reason}
        if error.status:
            detail["httpStatus"] = error.status  # type: ignore[assignment]
        now_ms = self._now_ms()
        run.events.lifecycle("finishing", error=error.message, errorObservation=detail, aborted=False, endedAt=now_ms)
        session.run_status, session.last_error = "error", error.message
        outcome = self._outcome(run, ERROR, error.message, stop_reason="error", text=run.live.text, model=str(chosen))
        records = []
        if run.live.unrecorded:
            message = cut_off_message(run.live.unrecorded, self._now_ms())
            records.append(message_record(run.id, message, self._now_ms()))
        records.append(message_record(run.id, error_message(run.id, error.message, now_ms), self._now_ms()))
        await self._settle(run, records, outcome)
        run.events.lifecycle(
            "error",
            error=error.message,
            errorObservation=detail,
            aborted=False,
            startedAt=outcome.started_at,
            endedAt=outcome.ended_at,
        )
        run.events.error(error.message, error.kind, detail)
        return outcome

    def unwritten(self, run: Run, error: Exception) -> Outcome:
        """The disk refuses even the end of the run: tell it all the same."""
        message = f"the transcript could not be written ({type(error).__name__})"
        outcome = self._outcome(run, ERROR, message)
        run.events.error(message, UNKNOWN, None)
        return outcome
