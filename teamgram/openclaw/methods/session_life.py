"""``sessions.*`` about a session's life: taken up, put away, begun anew, summed up, deleted."""

from collections.abc import Iterator
from typing import Any

from twisted.internet.defer import Deferred

from teamgram.openclaw.agent.idempotency import TTL_MS
from teamgram.openclaw.agent.parts import AgentParts
from teamgram.openclaw.agent.providers.model_api import ProviderError
from teamgram.openclaw.gateway import scopes
from teamgram.openclaw.gateway.errors import invalid, unavailable
from teamgram.openclaw.gateway.router import Call, method
from teamgram.openclaw.methods.session_rows import SessionEvents, SessionRows
from teamgram.openclaw.methods.session_writes import on_disk
from teamgram.openclaw.sessions import transcripts
from teamgram.openclaw.sessions.agent_session import AgentSession


class SessionLifeMethods:
    """The family."""

    def __init__(self, parts: AgentParts, rows: SessionRows, events: SessionEvents) -> None:
        self._parts = parts
        self._rows = rows
        self._events = events

    def _existing(self, params: dict[str, Any]) -> AgentSession:
        key = self._parts.runs.parse_key(params["key"], params.get("agentId")).text
        session = self._parts.sessions.get(key)
        if session is None:
            raise invalid(f"No session found: {key}")
        return session

    async def _save(self, session: AgentSession) -> None:
        await on_disk(self._parts.sessions.save(session, self._parts.now_ms()))
        self._events.changed(session, reason="update")

    @method("sessions.activate", scopes.WRITE)
    async def activate(self, call: Call) -> dict[str, Any]:
        """Make a session, or take a closed one up again."""
        key = self._parts.runs.parse_key(call.params.get("key") or "main", call.params.get("agentId"))
        session = self._parts.runs.session_for(key)
        session.closed_at = session.archived_at = 0
        session.last_interaction_at = self._parts.now_ms()
        await self._save(session)
        return {"ok": True, "key": session.key, "session": self._rows.row(session)}

    @method("sessions.close", scopes.WRITE)
    async def close(self, call: Call) -> dict[str, Any]:
        """End a session's runs and put it away; its transcript stays, and activate or a message opens it again."""
        if not call.params.get("key"):
            raise invalid("invalid sessions.close params: must have required property 'key'")
        session = self._existing(call.params)
        await self._parts.lanes.abort(session.key, None, "stop")
        session.closed_at = session.archived_at = self._parts.now_ms()
        await self._save(session)
        return {"ok": True, "key": session.key, "session": self._rows.row(session)}

    @method("sessions.reset", scopes.ADMIN)
    async def reset(self, call: Call) -> dict[str, Any]:
        """Begin a conversation anew in the same session."""
        session = self._existing(call.params)
        reason = call.params.get("reason") or "reset"
        await self.reset_session(session, reason)
        answer = {"ok": True, "key": session.key, "entry": self._rows.entry(session)}
        return {**answer, "resolved": self._rows.resolved(session)}

    async def reset_session(self, session: AgentSession, reason: str) -> None:
        """Stop what runs, then write the reset."""
        await self._parts.lanes.abort(session.key, None, "aborted")
        now_ms = self._parts.now_ms()
        session.begin_anew(now_ms)
        record = transcripts.record(transcripts.RESET, None, now_ms, reason=reason)
        await on_disk(self._parts.sessions.append(session, [record], now_ms))
        self._events.changed(session, reason="new" if reason == "new" else "reset")

    @method("sessions.delete", scopes.ADMIN)
    async def delete(self, call: Call) -> dict[str, Any]:
        """Take a session out; its transcript is kept under another name, or left where it is."""
        params, parts = call.params, self._parts
        key = parts.runs.parse_key(params["key"], params.get("agentId"))
        if key.classification == "main":
            raise invalid(f"Cannot delete the main session ({key.text}).")
        session = parts.sessions.get(key.text)
        if session is None:
            return {"ok": True, "key": key.text, "deleted": False, "archived": []}
        expected = params.get("expectedSessionId")
        if expected and expected != session.session_id:
            raise invalid("session changed", {"reason": "session-changed"})
        # Whoever writes from now on begins another session; what goes on in this one ends in its own transcript.
        parts.sessions.retire(session)
        await parts.lanes.abort(session.key, None, "aborted")
        ending = parts.lanes.running(session.key)
        if ending is not None and ending.session is session:
            await ending.when_ended()
        archived = await on_disk(parts.sessions.archive(session, parts.now_ms()))
        self._events.deleted(session)
        return {"ok": True, "key": key.text, "deleted": True, "archived": [str(archived)] if archived else []}

    @method("sessions.compact", scopes.ADMIN)
    async def compact(self, call: Call) -> dict[str, Any]:
        """Sum the conversation up, or keep only its last lines."""
        session, parts = self._existing(call.params), self._parts
        if parts.lanes.running(session.key) is not None:
            raise unavailable("the session is busy; stop its run first", retryable=True)
        answer: dict[str, Any] = {"ok": True, "key": session.key}
        if call.params.get("maxLines"):
            kept = await self._truncate(session, call.params["maxLines"])
            return {**answer, "compacted": True, "kept": kept}
        result = await self.sum_up(session)
        if result is None:
            return {**answer, "compacted": False, "reason": "nothing to compact"}
        return {**answer, "compacted": True, "result": result}

    async def compact_session(self, session: AgentSession) -> bool:
        """Sum the conversation up; False: there is nothing to sum up.

        Raises:
            GatewayError: it is being answered, no model would do it, or the disk refuses.
        """
        if self._parts.lanes.running(session.key) is not None:
            raise unavailable("the session is busy; stop its run first", retryable=True)
        return await self.sum_up(session) is not None

    async def sum_up(self, session: AgentSession) -> dict[str, Any] | None:
        """What became of it, None when there is nothing to sum up. Raises as :meth:`compact_session`."""
        parts = self._parts
        agent = parts.roster.get(session.agent_id) or parts.roster.default
        ref = self._rows.model_of(session, agent.id)
        context = await parts.compaction.context(session, parts.catalog.context_tokens(ref))
        try:
            chain = agent.models if agent.models[0] == ref else (ref,)
            compacting = parts.compaction.compact(session, agent, chain, context, everything=True)
            result: dict[str, Any] | None = await on_disk(Deferred.fromCoroutine(compacting))
        except ProviderError as error:
            raise unavailable(error.message) from None
        if result is not None:
            self._events.changed(session, reason="update")
        return result

    async def _truncate(self, session: AgentSession, most: int) -> int:
        now_ms = self._parts.now_ms()
        kept = [0]

        def choose(newest_first: Iterator[dict[str, Any]], last: int) -> list[dict[str, Any]]:
            found, messages = _last_messages(newest_first, most, now_ms - TTL_MS)
            kept[0] = messages
            return found

        await on_disk(self._parts.sessions.truncate(session, choose, now_ms))
        self._events.changed(session, reason="update")
        return kept[0]


def _last_messages(
    newest_first: Iterator[dict[str, Any]], most: int, ended_since_ms: int
) -> tuple[list[dict[str, Any]], int]:
    """The newest ``most`` messages with the summaries between them, oldest first, and how many messages they are.

    The ends of runs since ``ended_since_ms`` stay too: without them a request that is repeated after the next start
    would not be known for one.
    """
    found: list[dict[str, Any]] = []
    messages, is_open = 0, True
    for record in newest_first:
        kind = record.get("type")
        is_open = is_open and messages < most and kind != transcripts.RESET
        if is_open and kind in (transcripts.MESSAGE, transcripts.COMPACTION):
            found.append(record)
            messages += kind == transcripts.MESSAGE
            continue
        is_recent = transcripts.from_iso(str(record.get("timestamp"))) >= ended_since_ms
        if record.get("customType") == transcripts.RUN_END and is_recent:
            found.append(record)
        if not (is_open or is_recent):
            break
    return found[::-1], messages
