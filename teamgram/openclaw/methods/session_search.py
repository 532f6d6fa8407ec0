"""``sessions.{search,title.prepare}``: finding what was said, and a name for what is being said."""

import re
from collections.abc import Iterator
from typing import Any

from teamgram.openclaw.agent.parts import AgentParts
from teamgram.openclaw.gateway import scopes
from teamgram.openclaw.gateway.errors import invalid
from teamgram.openclaw.gateway.router import Call, method
from teamgram.openclaw.sessions import transcripts
from teamgram.openclaw.sessions.transcripts import text_of

#: What one search reads: sessions, the newest first, and of each so many records from its end.
MAX_SEARCHED = 300
MAX_RECORDS = 5000
_MAX_WORDS = 16
_DEFAULT_HITS = 10
_SNIPPET = 240
_WORD = re.compile(r"\w+")


class SessionSearchMethods:
    """The family."""

    def __init__(self, parts: AgentParts) -> None:
        self._parts = parts

    @method("sessions.search", scopes.READ)
    async def search(self, call: Call) -> dict[str, Any]:
        """What people and agents said, the messages with most of the words first."""
        params, parts = call.params, self._parts
        wanted = list(dict.fromkeys(_WORD.findall(params["query"].casefold())))[:_MAX_WORDS]
        keys = {parts.runs.canonical_key(key) for key in params.get("sessionKeys") or ()}
        agent_id = params.get("agentId")
        sessions = [
            session
            for session in parts.sessions.newest_first()
            if (not keys or session.key in keys) and (not agent_id or session.agent_id == agent_id)
        ]
        hits: list[dict[str, Any]] = []
        for session in sessions[:MAX_SEARCHED] if wanted else ():
            hits += await parts.sessions.read(session, lambda records, last: _hits(records, wanted))
            for hit in hits:
                hit.setdefault("sessionKey", session.key)
                hit.setdefault("sessionId", session.session_id)
        hits.sort(key=lambda hit: (-hit["score"], -hit["timestamp"]))
        limit = params.get("limit") or _DEFAULT_HITS
        return {"results": hits[:limit], "truncated": len(hits) > limit or len(sessions) > MAX_SEARCHED}

    @method("sessions.title.prepare", scopes.WRITE)
    def title(self, call: Call) -> dict[str, Any]:
        """A name for a conversation that begins so: its first sentence, as far as it goes. No model is asked."""
        if self._parts.roster.get(call.params["agentId"]) is None:
            raise invalid(f'unknown agent id "{call.params["agentId"]}"')
        line = " ".join(call.params["message"].split())
        sentence = re.split(r"(?<=[.!?。!?])\s", line, maxsplit=1)[0]
        if len(sentence) > 60:
            sentence = sentence[:60].rsplit(" ", 1)[0][:59].rstrip(",;:-") + "…"
        return {"title": sentence or None}


def _hits(newest_first: Iterator[dict[str, Any]], wanted: list[str]) -> list[dict[str, Any]]:
    found = []
    for number, record in enumerate(newest_first):
        if number >= MAX_RECORDS:
            break
        message = record.get("message")
        if record.get("type") != transcripts.MESSAGE or not isinstance(message, dict):
            continue
        if message.get("role") not in ("user", "assistant"):
            continue
        text = text_of(message)
        low = text.casefold()
        there = [word for word in wanted if word in low]
        if not there:
            continue
        at = max(0, low.find(there[0]) - _SNIPPET // 3)
        found.append(
            {
                "messageId": str(record.get("id")),
                "role": message["role"],
                "timestamp": transcripts.from_iso(str(record.get("timestamp"))),
                "snippet": " ".join(text[at : at + _SNIPPET].split()),
                "score": round(len(there) / len(wanted), 3),
            }
        )
    return found
