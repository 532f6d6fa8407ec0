"""The small dialect, on the path ``/mini`` and optionally on a port of its own.

Server on connect: ``{"type":"connected", sessionId}``. Client:
``{"type":"message", sessionId?, content}`` and ``{"type":"ping"}``. Server:
``chunk``…, ``tool_start``, ``tool_done``, ``message_done``, ``pong``, and
``{"type":"error", message}`` for anything else.

Its clients know no handshake: they come in on loopback, or with the shared
secret as ``?token=`` or bearer.
"""

import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from teamgram.openclaw.gateway import auth, frames, handshake, scopes, websocket
from teamgram.openclaw.gateway.errors import GatewayError
from teamgram.openclaw.gateway.outbox import Event
from teamgram.openclaw.gateway.router import Call

if TYPE_CHECKING:
    from teamgram.openclaw.gateway.connection import Connection

_MAX_SESSION_ID = 128


class Mini:
    """One client that speaks it."""

    name = "mini"

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection
        self._session_id = str(uuid.uuid4())
        self._runs: dict[str, str] = {}

    def opened(self) -> None:
        """Admit the client at once, or refuse it."""
        connection = self._connection
        plane = connection.plane
        refused = "gateway starting" if not plane.is_ready else self._refused()
        if refused is not None:
            self._say({"type": "error", "message": refused})
            connection.close(websocket.POLICY if plane.is_ready else websocket.TRY_AGAIN, refused)
            return
        client = {"id": "webchat", "version": "mini", "platform": "unknown", "mode": "backend"}
        plane.identify(connection, client, "operator", [scopes.WRITE], auth.NONE, ["tool-events"])
        connection.outbox.encode = self._encode
        plane.subscribe(connection)
        connection.opened(frames.MAX_PAYLOAD)
        self._say({"type": "connected", "sessionId": self._session_id})
        plane.welcome(connection)

    def closed(self) -> None:
        """Its turns go on."""
        self._runs.clear()

    def _refused(self) -> str | None:
        connection = self._connection
        plane, opening = connection.plane, connection.opening
        allowed = plane.config.sections.gateway.control_ui.allowed_origins
        if opening.origin is not None and not handshake.origin_allowed(opening.origin, allowed):
            return "origin not allowed"
        query = parse_qs(opening.path.partition("?")[2])
        bearer = opening.headers.get("authorization", "").removeprefix("Bearer ")
        given = {"token": (query.get("token") or [bearer])[0]}
        if plane.shared_secret.mode == auth.NONE:
            return None
        now_ms = plane.seconds() * 1000
        if plane.limiter.locked_for_ms("shared-secret", connection.ip, opening.loopback, now_ms):
            return "too many failed authentication attempts"
        if plane.shared_secret.matches(given):
            plane.limiter.succeeded("shared-secret", connection.ip)
            return None
        if given["token"]:
            plane.limiter.failed("shared-secret", connection.ip, opening.loopback, now_ms)
            return "unauthorized"
        # A web page can reach loopback too, so a browser always has to know the secret.
        return None if opening.loopback and opening.origin is None else "unauthorized"

    def message(self, payload: bytes) -> None:
        """One frame from the client."""
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
        connection.plane.router.dispatch(Call("chat.send", params, connection, _Reply(self, run_id), run_id))

    def failed(self, run_id: str, message: str) -> None:
        """A message was refused before its turn began."""
        self._runs.pop(run_id, None)
        self._error(message)

    def _error(self, message: str) -> None:
        self._say({"type": "error", "message": message})

    def _say(self, value: dict[str, Any]) -> None:
        self._connection.send(frames.encode_json(value))

    def _encode(self, event: Event, seq: int) -> bytes | None:
        payload = event.payload
        session_id = self._runs.get(payload.get("runId", "")) if isinstance(payload, dict) else None
        if session_id is None:
            return None
        said = _said(event.name, payload)
        if said is None:
            return None
        if event.name == "chat" and payload["state"] in ("final", "error", "aborted"):
            del self._runs[payload["runId"]]
        return frames.encode_json({**said, "sessionId": session_id})


class _Reply:
    """The acknowledgement has no frame here; a refusal does."""

    __slots__ = ("_dialect", "_run_id")

    def __init__(self, dialect: Mini, run_id: str) -> None:
        self._dialect = dialect
        self._run_id = run_id

    def result(self, payload: Any) -> None:
        """Nothing to say."""

    def error(self, error: GatewayError) -> None:
        """``{"type":"error"}``."""
        self._dialect.failed(self._run_id, error.message)


def _text(message: Any) -> str:
    content = message.get("content") if isinstance(message, dict) else None
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content or () if isinstance(part, dict))


def _said(name: str, payload: dict[str, Any]) -> dict[str, Any] | None:
    """What a ``chat`` or ``agent`` event is in this dialect."""
    if name == "chat":
        state = payload["state"]
        if state == "delta":
            text = payload.get("deltaText", "")
            return {"type": "chunk", "content": text} if text else None
        if state in ("final", "aborted"):
            return {"type": "message_done", "content": _text(payload.get("message"))}
        if state == "error":
            return {"type": "error", "message": payload.get("errorMessage") or "the turn failed"}
        return None
    if name == "agent" and payload.get("stream") == "tool":
        data = payload.get("data", {})
        if data.get("phase") == "start":
            return {"type": "tool_start", "tool": data.get("name"), "args": data.get("args")}
        if data.get("phase") == "result":
            return {"type": "tool_done", "tool": data.get("name"), "result": data.get("result")}
    return None
