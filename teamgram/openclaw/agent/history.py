"""What a session's transcript shows to a client, read from its end. The shaping is plain Python."""

import base64
import binascii
import json
from collections.abc import Iterable, Iterator
from typing import Any

from teamgram.openclaw.gateway import frames
from teamgram.openclaw.sessions import transcripts
from teamgram.openclaw.sessions.agent_session import AgentSession
from teamgram.openclaw.sessions.agent_sessions import AgentSessions
from teamgram.openclaw.sessions.transcripts import text_of

DEFAULT_LIMIT = 200
MAX_BYTES = 6 * 1024 * 1024
MAX_DELTA_EVENTS = 200
MAX_DELTA_BYTES = 1024 * 1024


def shown(record: dict[str, Any], seq: int) -> dict[str, Any]:
    """A message or reset record as histories and ``session.message`` show it."""
    about: dict[str, Any] = {"id": record.get("id"), "seq": seq}
    if record.get("type") == transcripts.RESET:
        about["kind"] = "reset"
        content = [{"type": "text", "text": "Reset"}]
        stamp = transcripts.from_iso(str(record.get("timestamp")))
        return {"role": "system", "content": content, "timestamp": stamp, "__openclaw": about}
    message = dict(record["message"])
    about["recordTimestampMs"] = transcripts.from_iso(str(record.get("timestamp")))
    if record.get("runId"):
        about["runId"] = record["runId"]
    if message.get("idempotencyKey"):
        about["idempotencyKey"] = message["idempotencyKey"]
    about |= message.pop("__openclaw", None) or {}
    message["__openclaw"] = about
    return message


def is_shown(record: dict[str, Any]) -> bool:
    """Whether a record counts in a history."""
    kind = record.get("type")
    return kind == transcripts.RESET or (kind == transcripts.MESSAGE and isinstance(record.get("message"), dict))


def shorten(message: dict[str, Any], most_chars: int) -> dict[str, Any]:
    """The message with its text cut, marked as such."""
    text = text_of(message)
    if len(text) <= most_chars:
        return message
    cut = text[:most_chars] + "\n… (truncated)"
    content: Any = message.get("content")
    if isinstance(content, list):
        others = [part for part in content if not (isinstance(part, dict) and part.get("type") == "text")]
        content = [{"type": "text", "text": cut}, *others]
    else:
        content = cut
    about = {**(message.get("__openclaw") or {}), "truncated": True}
    return {**message, "content": content, "__openclaw": about}


def page(
    newest_first: Iterable[dict[str, Any]], last_seq: int, *, limit: int, offset: int, most_chars: int, most_bytes: int
) -> list[dict[str, Any]]:
    """``limit`` messages, oldest first, that end ``offset`` messages before the newest; fewer if they are large."""
    found: list[dict[str, Any]] = []
    seq, size = last_seq, 0
    for record in newest_first:
        if not is_shown(record):
            continue
        if seq <= last_seq - offset:
            message = shown(record, seq)
            if most_chars:
                message = shorten(message, most_chars)
            size += len(frames.encode_json(message))
            if size > most_bytes and found:
                break
            found.append(message)
        seq -= 1
        if record.get("type") == transcripts.RESET or len(found) == limit or seq <= 0:
            break
    found.reverse()
    return found


def since(newest_first: Iterable[dict[str, Any]], last_seq: int, after_seq: int) -> list[dict[str, Any]] | None:
    """Messages after ``after_seq``, oldest first; None when they are too many for a delta."""
    found: list[dict[str, Any]] = []
    seq, size = last_seq, 0
    for record in newest_first if last_seq > after_seq else ():
        if not is_shown(record):
            continue
        message = shown(record, seq)
        size += len(frames.encode_json(message))
        if len(found) == MAX_DELTA_EVENTS or size > MAX_DELTA_BYTES:
            return None
        found.append(message)
        seq -= 1
        if seq <= after_seq or record.get("type") == transcripts.RESET:
            break
    found.reverse()
    return found


def cursor(session: AgentSession, seq: int) -> str:
    """Where a client is when it has everything up to message ``seq``."""
    value = {
        "agentId": session.agent_id,
        "generation": session.lifecycle_revision,
        "lastSeq": seq,
        "sessionId": session.session_id,
        "version": 1,
    }
    return base64.urlsafe_b64encode(frames.encode_json(value)).rstrip(b"=").decode()


def seq_of_cursor(text: str, session: AgentSession) -> int | None:
    """The last message number that the client has, None for a cursor that is not of this session as it is now."""
    try:
        value = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError):
        return None
    if not isinstance(value, dict):
        return None
    seq = value.get("lastSeq")
    same = value.get("sessionId") == session.session_id and value.get("generation") == session.lifecycle_revision
    return seq if same and isinstance(seq, int) and 0 <= seq <= session.messages else None


class Histories:
    """Reads them, in a thread."""

    def __init__(self, sessions: AgentSessions) -> None:
        self._sessions = sessions

    async def page(
        self, session: AgentSession, limit: int, *, offset: int = 0, most_chars: int = 0, most_bytes: int = MAX_BYTES
    ) -> list[dict[str, Any]]:
        """See :func:`page`."""
        return (await self.page_of(session, limit, offset, most_chars, most_bytes))[0]

    async def page_of(
        self, session: AgentSession, limit: int, offset: int, most_chars: int, most_bytes: int
    ) -> tuple[list[dict[str, Any]], int]:
        """(:func:`page`, of how many messages), both as of one moment."""

        def read(newest_first: Iterator[dict[str, Any]], last: int) -> tuple[list[dict[str, Any]], int]:
            found = page(newest_first, last, limit=limit, offset=offset, most_chars=most_chars, most_bytes=most_bytes)
            return found, last

        return await self._sessions.read(session, read) if session.messages else ([], 0)

    async def since(self, session: AgentSession, after_seq: int) -> list[dict[str, Any]] | None:
        """See :func:`since`."""
        return await self._sessions.read(session, lambda records, last: since(records, last, after_seq))
