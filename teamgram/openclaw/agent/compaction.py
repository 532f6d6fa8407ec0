"""Keeping a conversation within what its model can see: the older part becomes a summary, in the transcript too."""

import uuid
from collections.abc import Iterable, Iterator
from typing import Any

from twisted.internet.task import deferLater

from teamgram.openclaw.agent import context as conversation
from teamgram.openclaw.agent.context import Context
from teamgram.openclaw.agent.failover import MAX_RETRIES_WITH_FALLBACK, Failover
from teamgram.openclaw.agent.providers.catalog import Catalog
from teamgram.openclaw.agent.providers.model_api import ModelRef, ModelRequest, ProviderError
from teamgram.openclaw.agent.roster import Agent
from teamgram.openclaw.gateway.events import EventStream
from teamgram.openclaw.sessions import transcripts
from teamgram.openclaw.sessions.agent_session import AgentSession
from teamgram.openclaw.sessions.agent_sessions import AgentSessions

#: Of the context: what is left for the reply and the tools, and how much stays word for word.
_RESERVE = 0.25
_KEEP = 0.2
_CHARS_PER_TOKEN = 4


class Compaction:
    """Compacts sessions.

    Attributes:
        running: keys of sessions that are being compacted now.
    """

    def __init__(
        self, sessions: AgentSessions, catalog: Catalog, failover: Failover, stream: EventStream, reactor: Any
    ) -> None:
        self.running: set[str] = set()
        self._sessions = sessions
        self._catalog = catalog
        self._failover = failover
        self._stream = stream
        self._reactor = reactor

    def _now_ms(self) -> int:
        return round(float(self._reactor.seconds()) * 1000)

    async def context(self, session: AgentSession, most_tokens: int) -> Context:
        """What the model sees now."""
        return await self._sessions.read(session, lambda records, last: conversation.build(records, most_tokens))

    async def fitting_context(
        self, session: AgentSession, agent: Agent, chain: tuple[ModelRef, ...]
    ) -> tuple[Context, str]:
        """The same, compacted first if it does not leave room for a reply.

        Returns:
            (the context, why its older part could not be summed up). Then the transcript is as it was, and only the
            newest part that fits is in the context.
        """
        most_tokens = self._catalog.context_tokens(chain[0])
        usable = int(most_tokens * (1 - _RESERVE))
        context = await self.context(session, most_tokens * 2)
        if context.tokens <= usable and not context.truncated:
            return context, ""
        try:
            return await self.shrink(session, agent, chain, context, keep=_KEEP), ""
        except ProviderError as error:
            return await self.context(session, usable), error.message

    async def shrink(
        self, session: AgentSession, agent: Agent, chain: tuple[ModelRef, ...], context: Context, *, keep: float = 0.0
    ) -> Context:
        """Sum up the older part. What the user said last always stays.

        Args:
            chain: the models to ask for the summary, in this order.
            keep: which part of the model's context stays word for word beside that.

        Raises:
            ProviderError: the model could not sum it up.
        """
        limit = self._catalog.context_tokens(chain[0])
        if await self.compact(session, agent, chain, context, keep=keep) is None:
            return context
        return await self.context(session, limit)

    async def compact(
        self,
        session: AgentSession,
        agent: Agent,
        chain: tuple[ModelRef, ...],
        context: Context,
        *,
        keep: float = 0.0,
        everything: bool = False,
    ) -> dict[str, Any] | None:
        """Write a compaction record; None when there is nothing to sum up.

        Args:
            chain, keep: as for :meth:`shrink`.
            everything: keep nothing word for word: nobody waits for an answer.

        Returns:
            ``{"summary", "firstKeptEntryId", "tokensBefore"}``

        Raises:
            ProviderError: no model could sum it up, or all gave an empty summary; the transcript is as it was.
        """
        limit = self._catalog.context_tokens(chain[0])
        plan = conversation.plan_compaction(context, int(limit * keep), everything=everything)
        if plan is None:
            return None
        operation = {
            "operationId": str(uuid.uuid4()),
            "operation": "compact",
            "sessionKey": session.key,
            "agentId": session.agent_id,
        }
        self._stream.broadcast("session.operation", {**operation, "phase": "start", "ts": self._now_ms()})
        self.running.add(session.key)
        completed = False
        try:
            text = conversation.as_text(plan.older, int(limit * (1 - _RESERVE)) * _CHARS_PER_TOKEN)
            asked = [
                *(message for message in plan.older if message.get("role") == "user"),
                {"role": "user", "content": f"{text}\n\n{conversation.SUMMARY_PROMPT}"},
            ]

            def make(ref: ModelRef) -> ModelRequest:
                # The echo provider digests the single messages; a real model gets the conversation as one text.
                messages = asked[:-1] if ref.provider == "echo" else asked[-1:]
                return ModelRequest(ref, agent.system_prompt, messages, is_summary=True)

            _, reply = await self._failover.ask(_Summing(self._reactor), chain, make, lambda text: None)
            result = {"summary": reply.text.strip(), "firstKeptEntryId": "", "tokensBefore": plan.tokens_before}
            now_ms = self._now_ms()

            def made(newest_first: Iterator[dict[str, Any]], last: int) -> list[dict[str, Any]]:
                # What was said while the model summed up is no part of the summary.
                result["firstKeptEntryId"] = plan.first_kept_id or _first_after(newest_first, plan.last_id)
                return [transcripts.record(transcripts.COMPACTION, None, now_ms, **result)]

            await self._sessions.append_after(session, made, now_ms)
            session.compactions += 1
            completed = True
            return result
        finally:
            self.running.discard(session.key)
            end = {**operation, "phase": "end", "completed": completed, "ts": self._now_ms()}
            self._stream.broadcast("session.operation", end)


class _Summing:
    """A compaction asks for a summary. Nobody hears of its attempts, and somebody mostly waits: it makes few."""

    most_retries = MAX_RETRIES_WITH_FALLBACK

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor

    def asking(self, ref: ModelRef) -> None:
        """See :class:`Asker`."""

    async def rest(self, error: ProviderError, attempt: int, retries: int, seconds: float) -> None:
        """See :class:`Asker`."""
        await deferLater(self._reactor, seconds, lambda: None)

    def giving_up(
        self, chain: tuple[ModelRef, ...], position: int, following: ModelRef | None, error: ProviderError
    ) -> None:
        """See :class:`Asker`."""

    def may_be_silent(self) -> bool:
        """An empty summary would lose the conversation."""
        return False

    def take_back(self) -> None:
        """See :class:`Asker`."""


def _first_after(newest_first: Iterable[dict[str, Any]], record_id: str) -> str:
    """The oldest message that came after a record, empty when none did."""
    first = ""
    for record in newest_first:
        if record.get("id") == record_id or record.get("type") == transcripts.RESET:
            break
        if record.get("type") == transcripts.MESSAGE:
            first = str(record.get("id"))
    return first
