"""The JSON-RPC dialect.

Client: ``{"type":"gateway.hello", version, authToken?, capabilities?}``, then
``{id, method, params}``. Server: ``{"type":"gateway.welcome", serverId,
configHash, supportedMethods}``, ``{id, result}`` or ``{id, error:{code,
message, data?}}``, and pushes ``{"type":"chat.event"|"agent.event"|
"session.event", event, data, id}``. Chosen by its first frame, or by the path
``/jsonrpc`` (then the other protocol's challenge is not sent).
"""

import uuid
from typing import Any

from teamgram.net import websocket
from teamgram.openclaw.gateway import frames, scopes
from teamgram.openclaw.gateway.connection import Connection
from teamgram.openclaw.gateway.dialects.desk import Desk
from teamgram.openclaw.gateway.door import Answer
from teamgram.openclaw.gateway.errors import FORBIDDEN, INTERNAL, NOT_PAIRED, GatewayError
from teamgram.openclaw.gateway.outbox import Event
from teamgram.openclaw.gateway.router import Call

PARSE_ERROR, INVALID_REQUEST, UNKNOWN_METHOD, UNAUTHORIZED, INTERNAL_ERROR = -32700, -32600, -32601, -32602, -32603

#: This dialect's names for methods that the router has under another; all others are reached under their own.
_METHODS = {
    "agent.invoke": "agent",
    "tools.list": "tools.catalog",
}
_OWN = ("ping", "gateway.startup")

_REFUSALS = {
    Answer.LOCKED: "unauthorized: too many failed authentication attempts (retry later)",
    Answer.MISSING: "unauthorized: gateway token missing",
    Answer.WRONG: "unauthorized: gateway token mismatch",
}

_CHAT_EVENTS = {
    "delta": "message.delta",
    "final": "message.complete",
    "error": "message.error",
    "aborted": "message.aborted",
    "status": "message.status",
}


class JsonRpc:
    """One client that speaks it."""

    name = "jsonrpc"

    def __init__(self, connection: Connection, desk: Desk) -> None:
        self._connection = connection
        self._desk = desk

    def opened(self) -> None:
        """The client speaks first."""

    def closed(self) -> None:
        """Nothing to stop."""

    def message(self, payload: bytes) -> None:
        """One frame from the client."""
        try:
            value = frames.decode_json(payload)
        except frames.NotJson:
            self._error(None, PARSE_ERROR, "Parse error")
            return
        if not self._connection.is_open:
            if isinstance(value, dict) and value.get("type") == "gateway.hello":
                self.hello(value)
            else:
                self._error(_id_of(value), INVALID_REQUEST, "the first frame must be gateway.hello")
                self._connection.close(websocket.POLICY, "the first frame must be gateway.hello")
            return
        self._request(value)

    def hello(self, first: dict[str, Any]) -> None:
        """Judge the first frame: the shared secret opens everything, nothing else opens anything."""
        connection = self._connection
        if not self._desk.lifetime.is_ready:
            self._error(None, INTERNAL_ERROR, "gateway starting; retry shortly", {"retryAfterMs": 500})
            connection.close(websocket.TRY_AGAIN, "gateway starting")
            return
        if self._refused(first.get("authToken")):
            return
        said = first.get("capabilities")
        capabilities = [each for each in said if isinstance(each, str)] if isinstance(said, list) else []
        client = {
            "id": "gateway-client",
            "version": str(first.get("version") or ""),
            "platform": "unknown",
            "mode": "backend",
        }
        method = self._desk.door.secret.mode
        reception = self._desk.reception
        reception.identify(connection, client, "operator", list(scopes.ALL), method, ["tool-events", *capabilities])
        connection.outbox.encode_with(encode_push)
        subscriber = reception.subscribe(connection)
        subscriber.all_sessions = True
        connection.opened(frames.MAX_PAYLOAD)
        names = dict.fromkeys((*_OWN, *filter(self._name, _METHODS), *self._desk.router.names()))
        welcome = {
            "type": "gateway.welcome",
            "serverId": self._desk.lifetime.boot_id,
            "configHash": self._desk.config.hash,
            "supportedMethods": list(names),
        }
        connection.send(frames.encode_json(welcome))
        reception.welcome(connection)

    def _refused(self, token: Any) -> bool:
        connection = self._connection
        door, caller = self._desk.door, connection.caller
        if caller.origin is not None and not door.page_allowed(caller.origin):
            self._refuse("unauthorized: origin not allowed")
            return True
        verdict = door.check(caller, {"token": token if isinstance(token, str) else ""})
        if verdict.answer is Answer.OPEN:
            return False
        connection.hold(verdict.hold_ms, lambda: self._refuse(_REFUSALS[verdict.answer]))
        return True

    def _refuse(self, text: str) -> None:
        self._desk.reception.counters.refused_connects += 1
        self._error(None, UNAUTHORIZED, text)
        self._connection.close(websocket.POLICY, text)

    def _request(self, value: Any) -> None:
        connection = self._connection
        request_id = _id_of(value)
        method = value.get("method") if isinstance(value, dict) else None
        if not isinstance(method, str) or not method or request_id is None:
            self._error(request_id, INVALID_REQUEST, "a request is {id, method, params}")
            return
        params = value.get("params")
        if method == "ping":
            self._result(request_id, {"pong": True, "ts": self._desk.lifetime.now_ms()})
        elif method == "gateway.startup":
            self._result(request_id, self._startup())
        else:
            name = self._name(method)
            if name is None:
                self._error(request_id, UNKNOWN_METHOD, f"unknown method: {method}")
                return
            call = Call(name, _params(method, params), connection, _RpcResponder(self, request_id), request_id)
            self._desk.router.dispatch(call)

    def _name(self, method: str) -> str | None:
        """The router's name for a method of this dialect, None when there is none."""
        router = self._desk.router
        return next((name for name in (method, _METHODS.get(method)) if name is not None and name in router), None)

    def _startup(self) -> dict[str, Any]:
        return {
            "status": "ready",
            "serverId": self._desk.lifetime.boot_id,
            "version": self._desk.lifetime.version,
            "configHash": self._desk.config.hash,
            "uptimeMs": self._desk.lifetime.uptime_ms(),
        }

    def _result(self, request_id: Any, result: Any) -> None:
        self._connection.send(frames.encode_json({"id": request_id, "result": result}))

    def _error(self, request_id: Any, code: int, message: str, data: Any = None) -> None:
        error: dict[str, Any] = {"code": code, "message": message}
        if data is not None:
            error["data"] = data
        self._connection.send(frames.encode_json({"id": request_id, "error": error}))

    def failed(self, request_id: Any, error: GatewayError) -> None:
        """A method refused: its code goes along in ``data``."""
        code = {FORBIDDEN: UNAUTHORIZED, NOT_PAIRED: UNAUTHORIZED}.get(error.code, INTERNAL_ERROR)
        if error.code not in (FORBIDDEN, NOT_PAIRED, INTERNAL) and error.message.startswith("invalid "):
            code = INVALID_REQUEST
        self._error(request_id, code, error.message, error.to_wire())


class _RpcResponder:
    """Answers one request."""

    __slots__ = ("_dialect", "_id")

    def __init__(self, dialect: JsonRpc, request_id: Any) -> None:
        self._dialect = dialect
        self._id = request_id

    def result(self, payload: Any) -> None:
        """``result``."""
        self._dialect._result(self._id, payload)

    def error(self, error: GatewayError) -> None:
        """``error``."""
        self._dialect.failed(self._id, error)


def _id_of(value: Any) -> Any:
    found = value.get("id") if isinstance(value, dict) else None
    return found if isinstance(found, str | int) and not isinstance(found, bool) else None


def _params(method: str, params: Any) -> Any:
    """Parameters under the router's names: this dialect's clients leave the optional ones out."""
    if not isinstance(params, dict):
        return params
    if method.startswith("sessions.") and "sessionKey" in params and "key" not in params:
        return {"key" if name == "sessionKey" else name: value for name, value in params.items()}
    if method not in ("chat.send", "agent.invoke"):
        return params
    mapped = dict(params)
    for ours, theirs in (("content", "message"), ("text", "message"), ("sessionId", "sessionKey")):
        if ours in mapped and theirs not in mapped:
            mapped[theirs] = mapped.pop(ours)
    mapped.setdefault("idempotencyKey", str(uuid.uuid4()))
    if method == "chat.send":
        mapped.setdefault("sessionKey", "main")
    return mapped


def encode_push(event: Event, seq: int) -> bytes | None:
    """The frame of a push with its number as ``id``; None for events that this dialect does not have."""
    head = event.head("jsonrpc", _push_head)
    return None if head is None else websocket.frame(b'%b,"id":%d}' % (head, seq))


def _push_head(name: str, payload: Any) -> bytes | None:
    if name == "chat":
        kind, event = "chat.event", _CHAT_EVENTS.get(payload.get("state"), "message.status")
    elif name == "agent":
        phase = payload.get("data", {}).get("phase")
        kind, event = "agent.event", f"{payload.get('stream')}.{phase}" if phase else str(payload.get("stream"))
    elif name.startswith(("session.", "sessions.")):
        kind, event = "session.event", name.partition(".")[2]
    elif name == "config.changed":
        return frames.encode_json({"type": "config.reloaded", "configHash": payload.get("hash"), "data": payload})[:-1]
    else:
        return None
    return frames.encode_json({"type": kind, "event": event, "data": payload})[:-1]
