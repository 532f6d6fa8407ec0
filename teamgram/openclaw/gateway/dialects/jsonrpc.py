"""The JSON-RPC dialect.

Client: ``{"type":"gateway.hello", version, authToken?, capabilities?}``, then
``{id, method, params}``. Server: ``{"type":"gateway.welcome", serverId,
configHash, supportedMethods}``, ``{id, result}`` or ``{id, error:{code,
message, data?}}``, and pushes ``{"type":"chat.event"|"agent.event"|
"session.event", event, data, id, timestamp}``. Chosen by its first frame (a
hello, or a request with a number for an id and no type), or by the path
``/jsonrpc`` (then the other protocol's challenge is not sent).

``ping``, ``gateway.startup`` and ``client.pair.confirm`` need no hello; whatever
else comes before one is answered "Unauthorized", and the socket stays open as
long as any handshake may take. A hello without a token is welcomed to these
three; a wrong one is refused as everywhere.
"""

from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from teamgram.net import websocket
from teamgram.openclaw.devices.token_clients import ClientGrant
from teamgram.openclaw.gateway import frames, scopes
from teamgram.openclaw.gateway.append_only import AppendOnly
from teamgram.openclaw.gateway.connection import CLIENT_TOKEN, Connection
from teamgram.openclaw.gateway.dialects import jsonrpc_words as words
from teamgram.openclaw.gateway.dialects.desk import Desk
from teamgram.openclaw.gateway.door import PAIRING_CODE, SHARED_SECRET, Answer, SecretVerdict
from teamgram.openclaw.gateway.errors import FORBIDDEN, INTERNAL, NOT_PAIRED, GatewayError
from teamgram.openclaw.gateway.outbox import Event
from teamgram.openclaw.gateway.router import Call

PARSE_ERROR, INVALID_REQUEST, UNKNOWN_METHOD, UNAUTHORIZED, INTERNAL_ERROR = -32700, -32600, -32601, -32602, -32603

_PING, _STARTUP, _CONFIRM = "ping", "gateway.startup", "client.pair.confirm"
_SUBSCRIBE, _DISCONNECT = "gateway.subscribe", "gateway.disconnect"
_KINDS = ("chat.event", "agent.event", "session.event", "config.reloaded")
#: How a run may end, and how ``chat.send`` is answered when its words are to come.
_TERMINAL = ("final", "error", "aborted")
_WORDS_COME = ("started", "in_flight")
#: What needs no hello.
_OPEN = (_PING, _STARTUP, _CONFIRM)

_REFUSALS = {
    Answer.LOCKED: "unauthorized: too many failed authentication attempts (retry later)",
    Answer.WRONG: "unauthorized: gateway token mismatch",
}


def is_request(first: Any) -> bool:
    """Whether a first frame is a request of this dialect: the other one's have a type, and texts for ids."""
    if not isinstance(first, dict) or "type" in first:
        return False
    number = first.get("id")
    return isinstance(number, int) and not isinstance(number, bool) and isinstance(first.get("method"), str)


class JsonRpc:
    """One client that speaks it."""

    name = "jsonrpc"
    _log = Logger()

    def __init__(self, connection: Connection, desk: Desk) -> None:
        self._connection = connection
        self._desk = desk
        #: Runs whose words this client wants in pieces: the request's id, and the words so far.
        self._pieces: dict[str, tuple[Any, AppendOnly]] = {}
        #: The kinds of pushes that it wants.
        self._subscriptions = frozenset(_KINDS)

    def opened(self) -> None:
        """The client speaks first."""

    def closed(self) -> None:
        """Its runs go on."""
        self._pieces.clear()

    def message(self, payload: bytes) -> None:
        """One frame from the client."""
        try:
            value = frames.decode_json(payload)
        except frames.NotJson:
            self._error(None, PARSE_ERROR, "Parse error")
            return
        self.take(value)

    def take(self, value: Any) -> None:
        """One value from the client."""
        if not self._connection.is_open and isinstance(value, dict) and value.get("type") == "gateway.hello":
            self._hello(value)
        else:
            self._request(value)

    # Coming in

    def _hello(self, first: dict[str, Any]) -> None:
        """Judge it: the shared secret opens everything, a client's own token what the client may."""
        connection, desk = self._connection, self._desk
        if not desk.lifetime.is_ready:
            self._error(None, INTERNAL_ERROR, "gateway starting; retry shortly", {"retryAfterMs": 500})
            connection.close(websocket.TRY_AGAIN, "gateway starting")
            return
        token = first.get("authToken")
        verdict, grant = self._judge(token if isinstance(token, str) else "")
        if verdict.answer is Answer.MISSING:
            self._welcome(list(_OPEN))
            return
        if verdict.answer is not Answer.OPEN:
            connection.hold(verdict.hold_ms, lambda: self._refuse(_REFUSALS[verdict.answer]))
            return
        said = first.get("capabilities")
        capabilities = [each for each in said if isinstance(each, str)] if isinstance(said, list) else []
        client = {
            "id": grant.client_id if grant else "gateway-client",
            "version": str(first.get("version") or "")[:64],
            "platform": "unknown",
            "mode": "backend",
        }
        granted = list(grant.scopes) if grant else list(scopes.ALL)
        method = CLIENT_TOKEN if grant else desk.door.secret.mode
        reception = desk.reception
        reception.identify(connection, client, "operator", granted, method, ["tool-events", *capabilities])
        connection.peer.grant = grant
        connection.outbox.encode_with(self._encode)
        subscriber = reception.subscribe(connection)
        subscriber.all_sessions = True
        connection.opened(frames.MAX_PAYLOAD)
        self._welcome(
            list(
                dict.fromkeys(
                    (*_OPEN, _SUBSCRIBE, _DISCONNECT, *filter(self._name, words.METHODS), *desk.router.names())
                )
            )
        )
        reception.welcome(connection)

    def _judge(self, token: str) -> tuple[SecretVerdict, ClientGrant | None]:
        door, caller = self._desk.door, self._connection.caller
        if caller.origin is not None and not door.page_allowed(caller.origin):
            return SecretVerdict(Answer.WRONG), None
        wait_ms = door.locked_for_ms(caller, SHARED_SECRET)
        grant = self._desk.clients.find(token) if token and not wait_ms else None
        if grant is not None:
            door.succeeded(caller, SHARED_SECRET)
            return SecretVerdict(Answer.OPEN), grant
        return door.check(caller, {"token": token}), None

    def _welcome(self, names: list[str]) -> None:
        welcome = {
            "type": "gateway.welcome",
            "serverId": self._desk.lifetime.boot_id,
            "configHash": self._desk.config.hash,
            "supportedMethods": names,
        }
        self._connection.send(frames.encode_json(welcome))

    def _refuse(self, text: str) -> None:
        self._desk.reception.counters.refused_connects += 1
        self._error(None, UNAUTHORIZED, "Unauthorized", {"reason": text})
        self._connection.close(websocket.POLICY, text)

    def _confirm(self, request_id: Any, params: Any) -> None:
        """Somebody typed a pairing code into a device; guessing costs what guessing the secret costs."""
        connection, door = self._connection, self._desk.door
        code = params.get("code") if isinstance(params, dict) else None
        if not isinstance(code, str):
            self._error(request_id, INVALID_REQUEST, "code (text) is needed")
            return
        if connection.caller.origin is not None and not door.page_allowed(connection.caller.origin):
            self._error(request_id, UNAUTHORIZED, "Unauthorized")
        elif door.locked_for_ms(connection.caller, PAIRING_CODE):
            self._error(request_id, UNAUTHORIZED, "Unauthorized", {"reason": "too many failed attempts"})
        elif not self._desk.clients.knows_code(code):
            hold_ms = door.failed(connection.caller, PAIRING_CODE)
            connection.hold(hold_ms, lambda: self._error(request_id, UNAUTHORIZED, "Unauthorized"))
        else:
            door.succeeded(connection.caller, PAIRING_CODE)
            confirming = Deferred.fromCoroutine(self._paired(request_id, code))
            confirming.addErrback(self._not_paired, request_id)

    async def _paired(self, request_id: Any, code: str) -> None:
        client, token = await self._desk.clients.confirm(code)
        answer = {"clientId": client.id, "name": client.name, "authToken": token, "permissions": client.permissions}
        self._result(request_id, answer)

    def _not_paired(self, failure: Failure, request_id: Any) -> None:
        if not isinstance(failure.value, GatewayError):
            self._log.failure("a client could not be paired", failure=failure)
        self._error(request_id, INTERNAL_ERROR, "the client could not be paired; ask for another code")

    # Requests

    def _request(self, value: Any) -> None:
        connection = self._connection
        request_id = _id_of(value)
        method = value.get("method") if isinstance(value, dict) else None
        if not isinstance(method, str) or not method or request_id is None:
            self._error(request_id, INVALID_REQUEST, "a request is {id, method, params}")
            return
        params = value.get("params")
        if method == _PING:
            self._result(request_id, {"pong": True, "ts": self._desk.lifetime.now_ms()})
        elif method == _STARTUP:
            self._result(request_id, self._startup())
        elif method == _CONFIRM:
            self._confirm(request_id, params)
        elif method in (_SUBSCRIBE, _DISCONNECT):
            self._own_method(request_id, method, params if isinstance(params, dict) else {})
        elif (name := self._name(method)) is None:
            self._error(request_id, UNKNOWN_METHOD, "Unknown method", {"method": method[:128]})
        elif not connection.is_open:
            self._error(request_id, UNAUTHORIZED, "Unauthorized")
        else:
            self._dispatch(request_id, method, name, params)

    def _own_method(self, request_id: Any, method: str, params: dict[str, Any]) -> None:
        """What a client decides about its connection: which pushes it gets, and its end."""
        if not self._connection.is_open:
            self._error(request_id, UNAUTHORIZED, "Unauthorized")
            return
        if method == _DISCONNECT:
            self._result(request_id, {"ok": True})
            self._connection.close(websocket.NORMAL, str(params.get("reason") or "goodbye")[:100])
            return
        wanted = params.get("events")
        if not isinstance(wanted, list) or not all(isinstance(each, str) and each in _KINDS for each in wanted):
            self._error(request_id, INVALID_REQUEST, f"events must be a list of {', '.join(_KINDS)}")
            return
        self._subscriptions = frozenset(wanted)
        self._result(request_id, {"subscriptions": sorted(self._subscriptions)})

    def _dispatch(self, request_id: Any, method: str, name: str, params: Any) -> None:
        try:
            mapped = words.router_params(method, params, self._desk.runs.key_of_session)
        except GatewayError as error:
            self.failed(request_id, error)
            return
        run_id = None
        if method == "chat.send" and isinstance(params, dict) and params.get("stream") is True:
            run_id = str(mapped["idempotencyKey"])
            self._pieces[run_id] = (request_id, AppendOnly())
        reply = _RpcResponder(self, request_id, method, run_id)
        self._desk.router.dispatch(Call(name, mapped, self._connection, reply, request_id))

    def _name(self, method: str) -> str | None:
        """The router's name for a method of this dialect, None when there is none."""
        router = self._desk.router
        return next((name for name in (method, words.METHODS.get(method)) if name is not None and name in router), None)

    def _startup(self) -> dict[str, Any]:
        lifetime = self._desk.lifetime
        return {
            "status": "ready" if lifetime.is_ready else "starting",
            "serverId": lifetime.boot_id,
            "version": lifetime.version,
            "configHash": self._desk.config.hash,
            "uptimeMs": lifetime.uptime_ms(),
        }

    # Going out

    def _result(self, request_id: Any, result: Any) -> None:
        self._connection.send(frames.encode_json({"id": request_id, "result": result}))

    def _error(self, request_id: Any, code: int, message: str, data: Any = None) -> None:
        error: dict[str, Any] = {"code": code, "message": message}
        if data is not None:
            error["data"] = data
        self._connection.send(frames.encode_json({"id": request_id, "error": error}))

    def answered(self, request_id: Any, method: str, said: Any) -> None:
        """A method answered."""
        try:
            result = words.result(method, said)
        except GatewayError as error:
            self.failed(request_id, error)
        else:
            self._result(request_id, result)

    def failed(self, request_id: Any, error: GatewayError) -> None:
        """A method refused: its code goes along in ``data``."""
        if error.code in (FORBIDDEN, NOT_PAIRED):
            self._error(request_id, UNAUTHORIZED, "Unauthorized", error.to_wire())
            return
        is_shape = error.code != INTERNAL and error.message.startswith("invalid ")
        self._error(request_id, INVALID_REQUEST if is_shape else INTERNAL_ERROR, error.message, error.to_wire())

    def no_run(self, run_id: str | None) -> None:
        """A request was refused, or has its whole answer: no words of it will come."""
        if run_id is not None:
            self._pieces.pop(run_id, None)

    def _encode(self, event: Event, seq: int) -> bytes | None:
        payload = event.payload
        run_id = payload.get("runId") if event.name == "chat" and isinstance(payload, dict) else None
        if words.kind_of(event.name) not in self._subscriptions:
            if run_id in self._pieces and payload["state"] in _TERMINAL:
                del self._pieces[run_id]
            return None
        if run_id in self._pieces:
            piece = self._piece(run_id, payload)
            if piece is not None:
                return websocket.frame(frames.encode_json({**piece, "seq": seq}))
        head = event.head("jsonrpc", self._push_head)
        return None if head is None else websocket.frame(b'%b,"seq":%d}' % (head, seq))

    def _piece(self, run_id: str, payload: dict[str, Any]) -> dict[str, Any] | None:
        """The ``chunk`` of a delta; None for what is told as everybody hears it."""
        if payload["state"] in _TERMINAL:
            del self._pieces[run_id]
        if payload["state"] != "delta":
            return None
        request_id, so_far = self._pieces[run_id]
        text = payload.get("deltaText", "")
        text = so_far.replace(text) if payload.get("replace") else so_far.add(text)
        return words.chunk(request_id, text, payload, self._desk.lifetime.now_ms())

    def _push_head(self, name: str, payload: Any) -> bytes | None:
        pushed = words.push(name, payload, self._desk.lifetime.now_ms())
        return None if pushed is None else frames.encode_json(pushed)[:-1]


class _RpcResponder:
    """MessageAnswers one request."""

    __slots__ = ("_dialect", "_id", "_method", "_run_id")

    def __init__(self, dialect: JsonRpc, request_id: Any, method: str, run_id: str | None) -> None:
        self._dialect = dialect
        self._id = request_id
        self._method = method
        self._run_id = run_id

    def result(self, payload: Any) -> None:
        """``result``."""
        if self._run_id is not None and (not isinstance(payload, dict) or payload.get("status") not in _WORDS_COME):
            self._dialect.no_run(self._run_id)
        self._dialect.answered(self._id, self._method, payload)

    def error(self, error: GatewayError) -> None:
        """``error``."""
        self._dialect.no_run(self._run_id)
        self._dialect.failed(self._id, error)


def _id_of(value: Any) -> Any:
    found = value.get("id") if isinstance(value, dict) else None
    return found if isinstance(found, str | int) and not isinstance(found, bool) else None
