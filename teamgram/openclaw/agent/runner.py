"""How a run goes: ask the model, use the tools it wants, ask again, until it has nothing more to do.

Whatever happens, a run ends once, on disk first and then told.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger

from teamgram.openclaw.agent import agent_files, skills
from teamgram.openclaw.agent import context as conversation
from teamgram.openclaw.agent.compaction import Compaction
from teamgram.openclaw.agent.context import Context
from teamgram.openclaw.agent.failover import Failover, Resting, RunAsker, chain_of
from teamgram.openclaw.agent.half_replies import HalfReply
from teamgram.openclaw.agent.outcome import Outcome
from teamgram.openclaw.agent.providers.catalog import Catalog
from teamgram.openclaw.agent.providers.model_api import (
    CONTEXT_LENGTH,
    ModelRef,
    ModelReply,
    ModelRequest,
    ProviderError,
    ToolCall,
    Usage,
)
from teamgram.openclaw.agent.providers.thinking import level_of
from teamgram.openclaw.agent.roster import Agent, Roster
from teamgram.openclaw.agent.run import DEADLINE, Run
from teamgram.openclaw.agent.run_ends import RunEnds
from teamgram.openclaw.agent.run_records import message_record
from teamgram.openclaw.agent.tools.registry import ToolContext, ToolError, Tools
from teamgram.openclaw.agent.words import Words
from teamgram.openclaw.sessions.agent_sessions import AgentSessions

#: Model calls in one run; a model that still wants tools then is going round in circles.
MAX_MODEL_CALLS = 50

_NOT_SUMMED_UP = (
    "⚠️ The older part of this conversation could not be summed up ({}). It is kept, but not seen this time."
)

Changed = Callable[..., None]


class Surroundings(Resting, Protocol):
    """What goes on in a run's session beside it."""

    def has_steered(self, run: Run) -> bool:
        """Whether something was said to it since its last model call."""

    async def rest_until(self, run: Run, waiting: Deferred[Any]) -> Any:
        """What ``waiting`` gives, without a slot until then."""

    def take_steered(self, run: Run) -> list[dict[str, Any]]:
        """Take that into the transcript; its records."""


class Runner:
    """Carries runs out."""

    _log = Logger()

    def __init__(
        self,
        sessions: AgentSessions,
        roster: Roster,
        catalog: Catalog,
        tools: Tools,
        compaction: Compaction,
        failover: Failover,
        reactor: Any,
        *,
        changed: Changed,
        programs: Callable[[], str],
    ) -> None:
        """Args:
        programs: where those that skills need are looked for, as ``PATH`` has it.
        """
        self._programs = programs
        self._sessions = sessions
        self._roster = roster
        self._catalog = catalog
        self._tools = tools
        self._compaction = compaction
        self._reactor = reactor
        self._failover = failover
        self._ends = RunEnds(sessions, roster, self._now_ms)
        self._changed = changed

    def _now_ms(self) -> int:
        return round(float(self._reactor.seconds()) * 1000)

    async def carry_out(self, run: Run, around: Surroundings) -> Outcome:
        """The whole run. Never raises."""
        deadline = self._reactor.callLater(self._seconds(run), self._too_long, run)
        words = Words(run, self._reactor)
        half = HalfReply(run, self._sessions, self._reactor)
        try:
            try:
                outcome = await self._converse(run, words, around)
            except CancelledError:
                outcome = await self._ends.stopped(run, words)
            except ProviderError as error:
                outcome = await self._ends.failed(run, words, error)
            except Exception:
                self._log.failure("run {run_id} failed", run_id=run.id)
                bug = ProviderError("The run failed inside the gateway; its log says why.", reason="internal")
                outcome = await self._ends.failed(run, words, bug)
        except Exception as error:
            self._log.failure("the end of run {run_id} could not be written", run_id=run.id)
            outcome = self._ends.unwritten(run, error)
        finally:
            words.stop()
            half.stop()
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

    async def _converse(self, run: Run, words: Words, around: Surroundings) -> Outcome:
        events, session = run.events, run.session
        agent = self._roster.get(session.agent_id) or self._roster.default
        chain = chain_of(run, agent)
        events.status("preparing_workspace")
        events.status("preparing_context")
        context, trouble = await self._compaction.fitting_context(session, agent, chain)
        most = self._roster.most_messages(session.parsed.rest)
        if most:
            context = conversation.newest(context, most)
        if trouble:
            words.begin_item()
            words.add(_NOT_SUMMED_UP.format(trouble))
        run.started_at = session.run_started_at = self._now_ms()
        session.run_status, session.run_ended_at, session.last_run_id = "running", 0, run.id
        events.lifecycle("start", startedAt=run.started_at)
        self._changed(session, reason="agent.run.started")
        self._changed(session, phase="start", run_id=run.id)
        events.status("starting_model")
        usage = Usage()
        used_tools: list[str] = []
        off = self._roster.skills_off
        told = await self._sessions.in_thread(
            lambda: _told_of(agent.workspace, off, self._programs(), is_main=session.kind == "main")
        )
        for _ in range(MAX_MODEL_CALLS):
            context, ref, reply = await self._ask(run, words, around, agent, chain, context, told)
            words.flush()
            reply.usage.price(self._catalog.prices(ref))
            usage.add(reply.usage)
            events.usage(usage.output)
            session.context_tokens_used = reply.usage.input + reply.usage.cache_read + reply.usage.output
            message = self._assistant(ref, reply)
            if reply.tool_calls:
                await self._record_said(run, context, message)
                theirs = {spec.name for spec in run.request.client_tools}
                for call in reply.tool_calls:
                    if call.name not in theirs:
                        used_tools.append(call.name)
                        await self._record(run, context, [await self._use_tool(run, around, agent, call)])
                calls = [call for call in reply.tool_calls if call.name in theirs]
                if calls:
                    return await self._ends.handed_over(run, ref, calls, usage, used_tools)
            elif not around.has_steered(run):
                return await self._ends.done(run, ref, message, usage, used_tools)
            else:
                await self._record_said(run, context, message)
            for record in around.take_steered(run):
                context.messages.append(record["message"])
                context.ids.append(record["id"])
        raise ProviderError(f"The run was stopped after {MAX_MODEL_CALLS} model calls.", reason="loop")

    async def _ask(
        self,
        run: Run,
        words: Words,
        around: Surroundings,
        agent: Agent,
        chain: tuple[ModelRef, ...],
        context: Context,
        skilled: str,
    ) -> tuple[Context, ModelRef, ModelReply]:
        system = "\n\n".join(part for part in (agent.system_prompt, skilled, run.request.extra_system) if part)
        wishes = (run.request.thinking, run.session.settings.get("thinkingLevel"))
        level = level_of(*wishes, self._roster.defaults.thinking_default)
        theirs = run.request.client_tools
        names = {spec.name for spec in theirs}
        specs = [*(spec for spec in self._tools.specs(agent, run.session) if spec.name not in names), *theirs]
        for attempt in range(2):
            messages = conversation.with_results(context.messages)

            def make(ref: ModelRef, messages: list[dict[str, Any]] = messages) -> ModelRequest:
                limits = [limit for limit in (self._catalog.max_tokens(ref), run.request.max_tokens) if limit]
                effort = self._catalog.effort(ref, level)
                return ModelRequest(ref, system, messages, specs, min(limits, default=0), effort=effort)

            words.begin_item()
            try:
                asker = RunAsker(run, around, words.take_back)
                ref, reply = await self._failover.ask(asker, chain, make, words.add)
                return context, ref, reply
            except ProviderError as error:
                if error.kind != CONTEXT_LENGTH or attempt:
                    raise
                context = await self._shrunk(run, agent, chain, context)
        raise AssertionError("unreachable")

    async def _shrunk(self, run: Run, agent: Agent, chain: tuple[ModelRef, ...], context: Context) -> Context:
        try:
            return await self._compaction.shrink(run.session, agent, chain, context)
        except ProviderError as error:
            text = f"The conversation is too long for the model, and it could not be summed up: {error.message}"
            raise ProviderError(text, kind=CONTEXT_LENGTH, reason="context_length", status=error.status) from None

    def _assistant(self, ref: ModelRef, reply: ModelReply) -> dict[str, Any]:
        content: list[dict[str, Any]] = []
        if reply.thoughts:
            content += reply.thoughts
        elif reply.thinking:
            content.append({"type": "thinking", "thinking": reply.thinking})
        if reply.text:
            content.append({"type": "text", "text": reply.text})
        content += reply.images
        content += [call.to_part() for call in reply.tool_calls]
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

    async def _record_said(self, run: Run, context: Context, message: dict[str, Any]) -> None:
        # Before the disk has it: who stops the run meanwhile must not write the same words again.
        run.live.recorded()
        await self._record(run, context, [message])

    async def _record(self, run: Run, context: Context, messages: list[dict[str, Any]]) -> None:
        records = [self._message_record(run, message) for message in messages]
        for record in records:
            context.messages.append(record["message"])
            context.ids.append(record["id"])
        await self._sessions.append(run.session, records, self._now_ms())

    def _message_record(self, run: Run, message: dict[str, Any]) -> dict[str, Any]:
        return message_record(run.id, message, self._now_ms())

    async def _use_tool(self, run: Run, around: Surroundings, agent: Agent, call: ToolCall) -> dict[str, Any]:
        run.events.tool("start", call.name, call.id, args=call.arguments)
        about = ToolContext(
            agent,
            run.session,
            run.id,
            f"{run.id}:{call.id}",
            run.granted,
            lambda waiting: around.rest_until(run, waiting),
        )
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


def _told_of(workspace: Path, off: frozenset[str], programs: str, *, is_main: bool) -> str:
    """What lies in an agent's workspace for its model: who it is, and what it can look up. Blocks."""
    parts = (agent_files.prompt(workspace, is_main=is_main), skills.prompt(skills.find(workspace, programs), off))
    return "\n\n".join(part for part in parts if part)
