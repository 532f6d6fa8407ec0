"""``message.action`` and ``chat.message.get``: single messages, sent and looked at."""

from collections.abc import Iterator
from typing import Any

from teamgram.openclaw.agent import history
from teamgram.openclaw.agent.delivery import Deliveries
from teamgram.openclaw.agent.parts import AgentParts
from teamgram.openclaw.gateway import scopes
from teamgram.openclaw.gateway.errors import invalid
from teamgram.openclaw.gateway.router import Call, method
from teamgram.openclaw.sessions import transcripts
from teamgram.openclaw.sessions.transcripts import text_of

_DEFAULT_CHARS = 200_000


class MessageMethods:
    """The family."""

    def __init__(self, parts: AgentParts, deliveries: Deliveries) -> None:
        self._parts = parts
        self._deliveries = deliveries

    @method("message.action", scopes.WRITE)
    async def action(self, call: Call) -> dict[str, Any]:
        """What the command line's ``message send`` asks: ``send`` is the one action that there is."""
        params, asked = call.params, call.params["params"]
        if params["action"] != "send":
            raise invalid(f'Channel {params["channel"]} does not support action "{params["action"][:64]}"')
        to, text = asked.get("to") or asked.get("target"), asked.get("message") or asked.get("text")
        if not isinstance(to, str) or not to.strip() or not isinstance(text, str) or not text.strip():
            raise invalid("message.action send needs to and message")
        agent_id = params.get("agentId") or self._parts.roster.default.id
        sent = await self._deliveries.deliver(
            to, text, params["channel"], params["idempotencyKey"], agent_id, call.connection.granted
        )
        return {"ok": True, **sent}

    @method("chat.message.get", scopes.READ)
    async def get(self, call: Call) -> dict[str, Any]:
        """One message of a history, whole where the history cut it."""
        params, parts = call.params, self._parts
        session = parts.sessions.get(parts.runs.parse_key(params["sessionKey"], params.get("agentId")).text)
        if session is None:
            return {"ok": False, "unavailableReason": "not_found"}
        wanted = params["messageId"]

        def find(newest_first: Iterator[dict[str, Any]], last: int) -> dict[str, Any] | None:
            for record in newest_first:
                if record.get("type") == transcripts.RESET:
                    return None
                if record.get("id") == wanted and history.is_shown(record):
                    return record
            return None

        record = await parts.sessions.read(session, find)
        if record is None:
            return {"ok": False, "unavailableReason": "not_found"}
        message = history.shown(record, 0)
        message["__openclaw"].pop("seq", None)
        if len(text_of(message)) > (params.get("maxChars") or _DEFAULT_CHARS):
            return {"ok": False, "unavailableReason": "oversized"}
        return {"ok": True, "message": message}
