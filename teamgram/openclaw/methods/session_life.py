"""``sessions.*`` about a session's life: taken up, put away, begun anew, summed up, deleted."""

import uuid
from typing import Any

from teamgram.openclaw.agent.house import AgentHouse
from teamgram.openclaw.agent.providers.model_api import ProviderError
from teamgram.openclaw.gateway import scopes
from teamgram.openclaw.gateway.errors import invalid, unavailable
from teamgram.openclaw.gateway.router import Call, method
from teamgram.openclaw.methods.session_rows import SessionEvents, SessionRows
from teamgram.openclaw.sessions import transcripts
from teamgram.openclaw.sessions.agent_session import AgentSession


class SessionLifeMethods:
    """The family."""

    def __init__(self, house: AgentHouse, rows: SessionRows, events: SessionEvents) -> None:
        self._house = house
        self._rows = rows
        self._events = events

    def _existing(self, params: dict[str, Any]) -> AgentSession:
        key = self._house.runs.parse_key(params["key"], params.get("agentId")).text
        session = self._house.sessions.get(key)
        if session is None:
            raise invalid(f"No session found: {key}")
        return session

    async def _save(self, session: AgentSession) -> None:
        await self._house.sessions.save(session, self._house.now_ms())
        self._events.changed(session, reason="update")

    @method("sessions.activate", scopes.WRITE)
    async def activate(self, call: Call) -> dict[str, Any]:
        """Make a session, or take a closed one up again."""
        key = self._house.runs.parse_key(call.params.get("key") or "main", call.params.get("agentId"))
        session = self._house.runs.session_for(key)
        session.closed_at = session.archived_at = 0
        session.last_interaction_at = self._house.now_ms()
        await self._save(session)
        return {"ok": True, "key": session.key, "session": self._rows.row(session)}

    @method("sessions.close", scopes.WRITE)
    async def close(self, call: Call) -> dict[str, Any]:
        """End a session's turns and put it away; its transcript stays, and activate or a message opens it again."""
        if not call.params.get("key"):
            raise invalid("invalid sessions.close params: must have required property 'key'")
        session = self._existing(call.params)
        await self._house.lanes.abort(session.key, None, "stop")
        session.closed_at = session.archived_at = self._house.now_ms()
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
        await self._house.lanes.abort(session.key, None, "aborted")
        now_ms = self._house.now_ms()
        session.begin_anew(now_ms)
        record = transcripts.record(transcripts.RESET, None, now_ms, reason=reason)
        await self._house.sessions.append(session, [record], now_ms)
        self._events.changed(session, reason="new" if reason == "new" else "reset")

    @method("sessions.delete", scopes.ADMIN)
    async def delete(self, call: Call) -> dict[str, Any]:
        """Take a session out; its transcript is kept under another name, or left where it is."""
        params, house = call.params, self._house
        key = house.runs.parse_key(params["key"], params.get("agentId"))
        if key.classification == "main":
            raise invalid(f"Cannot delete the main session ({key.text}).")
        session = house.sessions.get(key.text)
        if session is None:
            return {"ok": True, "key": key.text, "deleted": False, "archived": []}
        expected = params.get("expectedSessionId")
        if expected and expected != session.session_id:
            raise invalid("session changed", {"reason": "session-changed"})
        await house.lanes.abort(session.key, None, "aborted")
        archived = await house.sessions.archive(session, house.now_ms())
        self._events.deleted(session)
        return {"ok": True, "key": key.text, "deleted": True, "archived": [str(archived)] if archived else []}

    @method("sessions.compact", scopes.ADMIN)
    async def compact(self, call: Call) -> dict[str, Any]:
        """Sum the conversation up, or keep only its last lines."""
        session, house = self._existing(call.params), self._house
        if house.lanes.running(session.key) is not None:
            raise unavailable("the session is busy; stop its turn first", retryable=True)
        answer: dict[str, Any] = {"ok": True, "key": session.key}
        if call.params.get("maxLines"):
            kept = await self._truncate(session, call.params["maxLines"])
            return {**answer, "compacted": True, "kept": kept}
        agent = house.roster.get(session.agent_id) or house.roster.default
        ref = self._rows.model_of(session, agent.id)
        context = await house.compaction.context(session, house.catalog.context_tokens(ref))
        try:
            result = await house.compaction.compact(session, agent, ref, context, everything=True)
        except ProviderError as error:
            raise unavailable(error.message) from None
        if result is None:
            return {**answer, "compacted": False, "reason": "nothing to compact"}
        self._events.changed(session, reason="update")
        return {**answer, "compacted": True, "result": result}

    async def _truncate(self, session: AgentSession, most: int) -> int:
        def read() -> list[dict[str, Any]]:
            found = []
            for record in self._house.sessions.backward(session):
                if record.get("type") == transcripts.MESSAGE:
                    found.append(record)
                if len(found) == most or record.get("type") == transcripts.RESET:
                    break
            return found[::-1]

        records = await self._house.sessions.in_thread(read)
        session.lifecycle_revision = str(uuid.uuid4())
        await self._house.sessions.rewrite(session, records, self._house.now_ms())
        self._events.changed(session, reason="update")
        return len(records)
