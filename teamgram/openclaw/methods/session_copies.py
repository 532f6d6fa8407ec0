"""``sessions.{search,fork,branches.list,title.prepare}``: finding what was said, and going on from there elsewhere."""

import re
import uuid
from collections.abc import Iterator
from typing import Any

from teamgram.openclaw.agent.parts import AgentParts
from teamgram.openclaw.gateway import scopes
from teamgram.openclaw.gateway.errors import invalid
from teamgram.openclaw.gateway.router import Call, method
from teamgram.openclaw.methods.session_rows import SessionEvents
from teamgram.openclaw.methods.session_writes import on_disk
from teamgram.openclaw.sessions import transcripts
from teamgram.openclaw.sessions.agent_session import AgentSession
from teamgram.openclaw.sessions.transcripts import text_of

#: What one search reads: sessions, the newest first, and of each so many records from its end.
MAX_SEARCHED = 300
MAX_RECORDS = 5000
_MAX_WORDS = 16
_DEFAULT_HITS = 10
_SNIPPET = 240
_WORD = re.compile(r"\w+")
#: (what is taken along, the entry it was forked at).
_Fork = tuple[list[dict[str, Any]], dict[str, Any] | None]


class SessionCopyMethods:
    """The family."""

    def __init__(self, parts: AgentParts, events: SessionEvents) -> None:
        self._parts = parts
        self._events = events

    def _existing(self, params: dict[str, Any]) -> AgentSession:
        key = self._parts.runs.parse_key(params["sessionKey"], params.get("agentId")).text
        session = self._parts.sessions.get(key)
        if session is None:
            raise invalid(f"No session found: {key}")
        return session

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

    @method("sessions.fork", scopes.WRITE)
    async def fork(self, call: Call) -> dict[str, Any]:
        """Another session with the conversation up to an entry; before one of the user's, whose text is edited."""
        session, parts = self._existing(call.params), self._parts
        entry_id = call.params["entryId"]

        def read(
            newest_first: Iterator[dict[str, Any]], last: int
        ) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
            kept: list[dict[str, Any]] = []
            entry: dict[str, Any] | None = None
            for record in newest_first:
                if record.get("type") == transcripts.RESET:
                    break
                if entry is None:
                    if record.get("id") != entry_id:
                        continue
                    entry = record
                    if (record.get("message") or {}).get("role") == "user":
                        continue
                if record.get("type") in (transcripts.MESSAGE, transcripts.COMPACTION):
                    kept.append(record)
            return kept[::-1], entry

        records, entry = await parts.sessions.read(session, read)
        if entry is None:
            raise invalid(f"no such entry: {entry_id}")
        key = parts.runs.parse_key(f"agent:{session.agent_id}:dashboard:{uuid.uuid4()}")
        forked = parts.runs.session_for(key)
        forked.parent_key, forked.model, forked.settings = session.key, session.model, dict(session.settings)
        now_ms = parts.now_ms()
        await on_disk(parts.sessions.append(forked, records, now_ms))
        self._events.changed(forked, reason="create")
        message = entry.get("message") or {}
        answer: dict[str, Any] = {"sessionKey": forked.key}
        if message.get("role") == "user":
            answer["editorText"] = text_of(message)
        return answer

    @method("sessions.branches.list", scopes.READ)
    def branches(self, call: Call) -> dict[str, Any]:
        """The one that there is: what is gone on with from an earlier place is a session of its own here."""
        key = self._parts.runs.parse_key(call.params["sessionKey"], call.params.get("agentId")).text
        session = self._parts.sessions.get(key)
        if session is None or not session.messages:
            # The Control UI asks as soon as it shows a session, also one that nobody has said anything in.
            return {"branches": []}
        branch = {
            "leafEntryId": session.leaf_id or session.last_id,
            "headline": session.preview[:200],
            "messageCount": session.messages,
            "updatedAt": transcripts.iso(session.updated_at),
            "active": True,
        }
        return {"branches": [branch]}

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
