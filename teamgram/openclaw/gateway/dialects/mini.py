"""The small dialect, on the path ``/mini`` and on a port of its own.

Server on connect: ``{"type":"connected", sessionId}``; ``?sessionId=`` finds a
session again. Client: ``{"type":"message", sessionId?, content}`` and
``{"type":"ping"}``. Server, each with the ``sessionId``: ``chunk`` with
``content``…, ``tool_start`` with ``toolName``, ``tool_done`` with ``toolName``
and ``output``, ``message_done`` with ``content``; ``pong``, and
``{"type":"error", message}`` for anything else.

Its clients know no handshake: they bring the shared secret as ``?token=`` or
bearer. On the dialect's own port, which is bound to loopback and which nobody
proxies by accident, programs of this machine need none, unless ``mini.auth``
is ``token``.
"""

import re
import uuid
from typing import Any
from urllib.parse import parse_qs

from teamgram.net import websocket
from teamgram.openclaw.gateway import auth, frames, scopes
from teamgram.openclaw.gateway.append_only import AppendOnly
from teamgram.openclaw.gateway.connection import Connection
from teamgram.openclaw.gateway.dialects.desk import Desk
from teamgram.openclaw.gateway.dialects.jsonrpc_words import text_of
from teamgram.openclaw.gateway.door import Answer, bearer
from teamgram.openclaw.gateway.errors import GatewayError
from teamgram.openclaw.gateway.outbox import Event
from teamgram.openclaw.gateway.router import Call

_MAX_SESSION_ID = 128
_SESSION_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")


class Mini:
    """One client that speaks it."""

    name = "mini"

    def __init__(self, connection: Connection, desk: Desk, *, own_port: bool) -> None:
        self._connection = connection
        self._desk = desk
        self._own_port = own_port
        asked = parse_qs(connection.opening.path.partition("?")[2]).get("sessionId", [""])[0]
        self._session_id = asked if _SESSION_ID.fullmatch(asked) else str(uuid.uuid4())
        self._runs: dict[str, str] = {}
        self._words: dict[str, AppendOnly] = {}

    def opened(self) -> None:
        """Admit the client at once, or refuse it."""
        connection = self._connection
        if not self._desk.lifetime.is_ready:
            self._refuse("gateway starting", websocket.TRY_AGAIN)
            return
        if self._refused():
            return
        client = {"id": "webchat", "version": "mini", "platform": "unknown", "mode": "backend"}
        self._desk.reception.identify(connection, client, "operator", [scopes.WRITE], auth.NONE, ["tool-events"])
        connection.outbox.encode_with(self._encode)
        self._desk.reception.subscribe(connection)
        connection.opened(frames.MAX_PAYLOAD)
        self._say({"type": "connected", "sessionId": self._session_id})
        self._desk.reception.welcome(connection)

    def closed(self) -> None:
        """Its turns go on."""
        self._runs.clear()
        self._words.clear()

    def _refused(self) -> bool:
        connection = self._connection
        opening, caller, door = connection.opening, connection.caller, self._desk.door
        if caller.origin is not None and not door.page_allowed(caller.origin):
            self._refuse("origin not allowed")
            return True
        token = parse_qs(opening.path.partition("?")[2]).get("token", [""])[0] or bearer(opening.headers)
        # A web page can reach loopback too, so a browser always has to know the secret.
        is_free = self._own_port and self._desk.config.sections.mini.auth == "none"
        if is_free and caller.local and caller.origin is None and not token:
            return False
        verdict = door.check(caller, {"token": token})
        if verdict.answer is Answer.OPEN:
            return False
        is_locked = verdict.answer is Answer.LOCKED
        text = "too many failed authentication attempts" if is_locked else "unauthorized"
        connection.hold(verdict.hold_ms, lambda: self._refuse(text))
        return True

    def _refuse(self, text: str, code: int = websocket.POLICY) -> None:
        self._desk.reception.counters.refused_connects += 1
        self._say({"type": "error", "message": text})
        self._connection.close(code, text)

    def message(self, payload: bytes) -> None:
        """One frame from the client."""
        if not self._connection.is_open:
            return
        try:
            value = frames.decode_json(payload)
        except frames.NotJson:
            self._error("Invalid JSON")
            return
        kind = value.get("type") if isinstance(value, dict) else None
        if kind == "ping":
            self._say({"type": "pong"})
        elif kind == "message":
            self._chat(value)
        else:
            self._error(f"Unknown message type: {kind}" if isinstance(kind, str) else "a message needs a type")

    def _chat(self, value: dict[str, Any]) -> None:
        content, session_id = value.get("content"), value.get("sessionId") or self._session_id
        if not isinstance(content, str) or not content:
            self._error("content is required")
            return
        if not isinstance(session_id, str) or len(session_id) > _MAX_SESSION_ID:
            self._error("sessionId must be a short string")
            return
        run_id = str(uuid.uuid4())
        self._runs[run_id] = session_id
        params = {"sessionKey": f"mini:{session_id}", "message": content, "idempotencyKey": run_id}
        connection = self._connection
        self._desk.router.dispatch(Call("chat.send", params, connection, _MiniResponder(self, run_id), run_id))

    def _delta(self, run_id: str, payload: dict[str, Any]) -> dict[str, Any] | None:
        words = self._words.setdefault(run_id, AppendOnly())
        text = payload.get("deltaText", "")
        text = words.replace(text) if payload.get("replace") else words.add(text)
        return {"type": "chunk", "content": text} if text else None

    def failed(self, run_id: str, message: str) -> None:
        """A message was refused before its turn began."""
        self._runs.pop(run_id, None)
        self._error(message)

    def nothing_begun(self, run_id: str) -> None:
        """A message was a command: there are no words to come."""
        session_id = self._runs.pop(run_id, self._session_id)
        self._say({"type": "message_done", "content": "", "sessionId": session_id})

    def _error(self, message: str) -> None:
        self._say({"type": "error", "message": message})

    def _say(self, value: dict[str, Any]) -> None:
        self._connection.send(frames.encode_json(value))

    def _encode(self, event: Event, seq: int) -> bytes | None:
        payload = event.payload
        session_id = self._runs.get(payload.get("runId", "")) if isinstance(payload, dict) else None
        if session_id is None:
            return None
        run_id = payload["runId"]
        said = self._delta(run_id, payload) if _is_delta(event.name, payload) else _said(event.name, payload)
        if said is None:
            return None
        if event.name == "chat" and payload["state"] in ("final", "error", "aborted"):
            del self._runs[run_id]
            self._words.pop(run_id, None)
        return websocket.frame(frames.encode_json({**said, "sessionId": session_id}))


class _MiniResponder:
    """The acknowledgement has no frame here; a refusal does."""

    __slots__ = ("_dialect", "_run_id")

    def __init__(self, dialect: Mini, run_id: str) -> None:
        self._dialect = dialect
        self._run_id = run_id

    def result(self, payload: Any) -> None:
        """Nothing to say of what begins a turn; what begins none (``/stop``) has its whole answer with that."""
        if not isinstance(payload, dict) or "runId" not in payload:
            self._dialect.nothing_begun(self._run_id)

    def error(self, error: GatewayError) -> None:
        """``{"type":"error"}``."""
        self._dialect.failed(self._run_id, error.message)


def _is_delta(name: str, payload: dict[str, Any]) -> bool:
    return name == "chat" and payload["state"] == "delta"


def _said(name: str, payload: dict[str, Any]) -> dict[str, Any] | None:
    """What a ``chat`` or ``agent`` event is in this dialect."""
    if name == "chat":
        state = payload["state"]
        if state in ("final", "aborted"):
            return {"type": "message_done", "content": text_of(payload.get("message"))}
        if state == "error":
            return {"type": "error", "message": payload.get("errorMessage") or "the turn failed"}
        return None
    if name == "agent" and payload.get("stream") == "tool":
        data = payload.get("data", {})
        if data.get("phase") == "start":
            return {"type": "tool_start", "toolName": data.get("name"), "args": data.get("args")}
        if data.get("phase") == "result":
            return {"type": "tool_done", "toolName": data.get("name"), "output": text_of(data.get("result"))}
    return None
