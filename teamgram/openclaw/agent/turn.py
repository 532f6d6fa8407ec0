"""How a turn goes: ask the model, use the tools it wants, ask again, until it has nothing more to do.

Whatever happens, a turn ends once, on disk first and then told.
"""

from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet.defer import CancelledError
from twisted.logger import Logger

from teamgram.openclaw.agent import context as conversation
from teamgram.openclaw.agent.compaction import Compaction
from teamgram.openclaw.agent.context import Context
from teamgram.openclaw.agent.failover import Failover
from teamgram.openclaw.agent.idempotency import ABORTED, ERROR, OK, Outcome
from teamgram.openclaw.agent.providers.catalog import Catalog
from teamgram.openclaw.agent.providers.model_api import (
    CONTEXT_LENGTH,
    TIMEOUT,
    UNKNOWN,
    ModelRef,
    ModelReply,
    ModelRequest,
    ProviderError,
    ToolCall,
    Usage,
)
from teamgram.openclaw.agent.roster import Agent, Roster, model_chain
from teamgram.openclaw.agent.run import Run
from teamgram.openclaw.agent.run_events import terminal_reply
from teamgram.openclaw.agent.run_records import cut_off_message, end_record, error_message, message_record
from teamgram.openclaw.agent.tools.registry import ToolContext, ToolError, Tools
from teamgram.openclaw.agent_sessions import AgentSessions

#: Model calls in one turn; a model that still wants tools then is going round in circles.
MAX_MODEL_CALLS = 50

DEADLINE, SHUTDOWN = "deadline", "shutdown"

Changed = Callable[..., None]


class Steering(Protocol):
    """What was said to a running turn since its last model call."""

    def has_steered(self, run: Run) -> bool:
        """Whether something was."""

    def take_steered(self, run: Run) -> list[dict[str, Any]]:
        """Take it into the transcript, and its records into the turn."""


class Turns:
    """Takes turns."""

    _log = Logger()

    def __init__(
        self,
        sessions: AgentSessions,
        roster: Roster,
        catalog: Catalog,
        tools: Tools,
        compaction: Compaction,
        reactor: Any,
        *,
        steering: Steering,
        changed: Changed,
    ) -> None:
        self._sessions = sessions
        self._roster = roster
        self._catalog = catalog
        self._tools = tools
        self._compaction = compaction
        self._reactor = reactor
        self._failover = Failover(catalog, reactor)
        self._steering = steering
        self._changed = changed

    def _now_ms(self) -> int:
        return round(float(self._reactor.seconds()) * 1000)

    async def take(self, run: Run) -> Outcome:
        """The whole turn. Never raises."""
        deadline = self._reactor.callLater(self._seconds(run), self._too_long, run)
        words = _Words(run, self._reactor)
        try:
            try:
                outcome = await self._converse(run, words)
            except CancelledError:
                outcome = await self._stopped(run, words)
            except ProviderError as error:
                outcome = await self._failed(run, words, error)
            except Exception:
                self._log.failure("turn {run_id} failed", run_id=run.id)
                bug = ProviderError("The turn failed inside the gateway; its log says why.", reason="internal")
                outcome = await self._failed(run, words, bug)
        except Exception as error:
            # The disk refuses even the end of the turn: tell it all the same.
            self._log.failure("the end of turn {run_id} could not be written", run_id=run.id)
            message = f"the transcript could not be written ({type(error).__name__})"
            outcome = self._outcome(run, ERROR, message)
            run.events.error(message, UNKNOWN, None)
        finally:
            words.stop()
            if deadline.active():
                deadline.cancel()
        return outcome

    def _seconds(self, run: Run) -> float:
        if run.request.timeout_ms:
            return run.request.timeout_ms / 1000
        return float(self._roster.defaults.timeout_seconds) or 600.0

    def _too_long(self, run: Run) -> None:
        if not run.is_settling and run.task is not None:
            run.stop_reason = DEADLINE
            run.task.cancel()

    # The conversation

    def chain(self, run: Run, agent: Agent) -> tuple[ModelRef, ...]:
        """The models to ask: the request's, else the session's, else the agent's own."""
        chosen = run.request.model or run.session.model
        return model_chain(chosen) if chosen else agent.models

    async def _converse(self, run: Run, words: "_Words") -> Outcome:
        events, session = run.events, run.session
        agent = self._roster.get(session.agent_id) or self._roster.default
        chain = self.chain(run, agent)
        events.status("preparing_workspace")
        events.status("preparing_context")
        most = self._catalog.context_tokens(chain[0])
        context = await self._compaction.fitting_context(session, agent, chain[0], most)
        run.started_at = session.run_started_at = self._now_ms()
        session.run_status, session.run_ended_at, session.last_run_id = "running", 0, run.id
        events.lifecycle("start", startedAt=run.started_at)
        self._changed(session, reason="agent.run.started")
        self._changed(session, phase="start", run_id=run.id)
        events.status("starting_model")
        usage = Usage()
        used_tools: list[str] = []
        for _ in range(MAX_MODEL_CALLS):
            context, ref, reply = await self._ask(run, words, agent, chain, context)
            words.flush()
            usage.add(reply.usage)
            events.usage(usage.output)
            session.context_tokens_used = reply.usage.input + reply.usage.cache_read + reply.usage.output
            message = self._assistant(ref, reply)
            if reply.tool_calls:
                await self._record(run, context, [message])
                for call in reply.tool_calls:
                    used_tools.append(call.name)
                    await self._record(run, context, [await self._use_tool(run, agent, call)])
            elif not self._steering.has_steered(run):
                return await self._done(run, ref, message, usage, used_tools)
            else:
                await self._record(run, context, [message])
            for record in self._steering.take_steered(run):
                context.messages.append(record["message"])
                context.ids.append(record["id"])
        raise ProviderError(f"The turn was stopped after {MAX_MODEL_CALLS} model calls.", reason="loop")

    async def _ask(
        self, run: Run, words: "_Words", agent: Agent, chain: tuple[ModelRef, ...], context: Context
    ) -> tuple[Context, ModelRef, ModelReply]:
        system = "\n\n".join(part for part in (agent.system_prompt, run.request.extra_system) if part)
        specs = self._tools.specs(agent, run.session)
        for attempt in range(2):
            messages = conversation.with_results(context.messages)

            def make(ref: ModelRef, messages: list[dict[str, Any]] = messages) -> ModelRequest:
                return ModelRequest(ref, system, messages, specs, self._catalog.max_tokens(ref))

            words.begin_item()
            try:
                ref, reply = await self._failover.ask(run, chain, make, words.add, words.take_back)
                return context, ref, reply
            except ProviderError as error:
                if error.kind != CONTEXT_LENGTH or attempt:
                    raise
                context = await self._compaction.shrink(run.session, agent, chain[0], context)
        raise AssertionError("unreachable")

    def _assistant(self, ref: ModelRef, reply: ModelReply) -> dict[str, Any]:
        content: list[dict[str, Any]] = [{"type": "text", "text": reply.text}] if reply.text else []
        content += [
            {"type": "toolCall", "id": call.id, "name": call.name, "arguments": call.arguments}
            for call in reply.tool_calls
        ]
        return {
            "role": "assistant",
            "content": content,
            "api": self._catalog.provider(ref.provider).api,
            "provider": ref.provider,
            "model": ref.model,
            "usage": reply.usage.to_wire(),
            "stopReason": reply.stop_reason,
            "timestamp": self._now_ms(),
            "responseId": reply.response_id,
        }

    async def _record(self, run: Run, context: Context, messages: list[dict[str, Any]]) -> None:
        records = [self._message_record(run, message) for message in messages]
        for record in records:
            context.messages.append(record["message"])
            context.ids.append(record["id"])
        await self._sessions.append(run.session, records, self._now_ms())

    def _message_record(self, run: Run, message: dict[str, Any]) -> dict[str, Any]:
        return message_record(run.id, message, self._now_ms())

    async def _use_tool(self, run: Run, agent: Agent, call: ToolCall) -> dict[str, Any]:
        run.events.tool("start", call.name, call.id, args=call.arguments)
        about = ToolContext(agent, run.session, run.id, f"{run.id}:{call.id}")
        is_error = True
        try:
            text = await self._tools.call(call.name, call.arguments, about)
            is_error = False
        except ToolError as error:
            text = str(error)
        except CancelledError:
            raise
        except Exception:
            self._log.failure("tool {name} failed", name=call.name)
            text = f"{call.name} failed inside the gateway"
        result = conversation.tool_result(call.id, call.name, text, is_error=is_error)
        result["timestamp"] = self._now_ms()
        shown = {"content": result["content"]}
        run.events.tool("result", call.name, call.id, isError=is_error, result=shown)
        return result

    # The end

    def _outcome(self, run: Run, status: str, summary: str, **more: Any) -> Outcome:
        now_ms = self._now_ms()
        return Outcome(
            status, summary, run.started_at or run.accepted_at, now_ms, session_id=run.session.session_id, **more
        )

    async def _done(
        self, run: Run, ref: ModelRef, message: dict[str, Any], usage: Usage, used_tools: list[str]
    ) -> Outcome:
        session, events = run.session, run.events
        run.is_settling = True
        stop_reason = str(message["stopReason"])
        now_ms = self._now_ms()
        events.lifecycle("finishing", stopReason=stop_reason, aborted=False, endedAt=now_ms)
        session.input_tokens += usage.input + usage.cache_read + usage.cache_write
        session.output_tokens += usage.output
        outcome = self._outcome(
            run, OK, "completed", stop_reason=stop_reason, text=run.live.text, model=str(ref), usage=usage.to_wire()
        )
        session.run_status, session.last_error, session.aborted_last_run = "done", "", False
        await self._settle(run, [self._message_record(run, message)], outcome)
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
        events.final(outcome.text, stop_reason)
        return outcome

    async def _settle(self, run: Run, records: list[dict[str, Any]], outcome: Outcome) -> None:
        """Write the end of a turn with whatever else it leaves, in one append."""
        session = run.session
        session.close_run(run.id)
        session.run_ended_at = session.last_interaction_at = outcome.ended_at
        end = end_record(run.id, run.request.method, run.request.fingerprint, outcome, self._now_ms())
        await self._sessions.append(session, [*records, end], self._now_ms())

    async def _stopped(self, run: Run, words: "_Words") -> Outcome:
        if run.stop_reason == DEADLINE:
            error = ProviderError("The turn took longer than it may.", kind=TIMEOUT, reason="timeout")
            return await self._failed(run, words, error)
        if run.stop_reason == SHUTDOWN:
            return await self._failed(run, words, ProviderError("The gateway stopped.", reason="shutdown"))
        run.is_settling = True
        reason = run.stop_reason or "rpc"
        words.flush()
        text = run.live.text
        records = []
        if text:
            records.append(self._message_record(run, cut_off_message(text, self._now_ms())))
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

    async def _failed(self, run: Run, words: "_Words", error: ProviderError) -> Outcome:
        run.is_settling = True
        words.flush()
        session = run.session
        chosen = self.chain(run, self._roster.get(session.agent_id) or self._roster.default)[0]
        detail = {"provider": chosen.provider, "model": chosen.model, "failoverReason": error.reason}
        if error.status:
            detail["httpStatus"] = error.status  # type: ignore[assignment]
        now_ms = self._now_ms()
        run.events.lifecycle("finishing", error=error.message, errorObservation=detail, aborted=False, endedAt=now_ms)
        session.run_status, session.last_error = "error", error.message
        outcome = self._outcome(run, ERROR, error.message, stop_reason="error", text=run.live.text, model=str(chosen))
        records = []
        if run.live.text:
            records.append(self._message_record(run, cut_off_message(run.live.text, self._now_ms())))
        records.append(self._message_record(run, error_message(run.id, error.message, now_ms)))
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


class _Words:
    """Tells a turn's words when they are due."""

    def __init__(self, run: Run, reactor: Any) -> None:
        self._run = run
        self._reactor = reactor
        self._timer: Any = None

    def begin_item(self) -> None:
        """Another model call."""
        self._run.live.begin_item()
        self._run.events.begin_item()

    def take_back(self) -> None:
        """That call is made again."""
        self._run.live.take_back_item()

    def add(self, text: str) -> None:
        """The model said this."""
        live = self._run.live
        live.add(text)
        if self._timer is not None or not live.has_news:
            return
        wait = live.next_at - self._reactor.seconds()
        if wait <= 0:
            self.flush()
        else:
            self._timer = self._reactor.callLater(wait, self._due)

    def _due(self) -> None:
        self._timer = None
        self.flush()

    def flush(self) -> None:
        """Tell what waits, now."""
        self.stop()
        run = self._run
        piece = run.live.take(self._reactor.seconds())
        if piece is None:
            return
        run.events.piece(piece, run.live.size)
        if run.request.on_text is not None:
            # Who cannot take words back hears what is said instead of them.
            run.request.on_text(piece.item_delta if piece.replaces else piece.text)

    def stop(self) -> None:
        """No more timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
