"""OpenClaw's protocol 4 (and 3 for nodes and probes): ``connect`` → hello-ok, ``req``/``res``/``event``.

Frames, client to server: ``{"type":"req","id","method","params"?}``.
Server to client: ``connect.challenge`` at once, then one ``res`` per request
(``agent`` answers twice) and numbered ``event`` frames.
"""

import uuid
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from teamgram.net import websocket
from teamgram.openclaw.gateway import frames
from teamgram.openclaw.gateway.connection import Connection
from teamgram.openclaw.gateway.dialects.desk import Desk
from teamgram.openclaw.gateway.dialects.jsonrpc import JsonRpc, is_request
from teamgram.openclaw.gateway.errors import GatewayError, invalid, unavailable
from teamgram.openclaw.gateway.handshake import Handshake, Refused
from teamgram.openclaw.gateway.router import Call

#: Frames that may follow ``connect`` before hello-ok is out.
MAX_PENDING_HANDSHAKE_FRAMES = 15
#: This many calls in a row to methods of the other role close the connection.
MAX_UNAUTHORIZED_ROLE_CALLS = 11

_CHALLENGE_CAPABILITIES = ["model-catalog-snapshot"]


class Protocol4:
    """One client that speaks it, or has not said a word yet."""

    name = "4"
    _log = Logger()

    def __init__(self, connection: Connection, desk: Desk, handshake: Handshake) -> None:
        self._connection = connection
        self._desk = desk
        self._handshake = handshake
        self._nonce = str(uuid.uuid4())
        self._connecting: Deferred[Any] | None = None
        self._pending: list[bytes] = []
        self.canvas_url = ""

    def opened(self) -> None:
        """Send the challenge: clients wait for it."""
        connection = self._connection
        challenge = {
            "type": "event",
            "event": "connect.challenge",
            "payload": {
                "nonce": self._nonce,
                "ts": self._desk.lifetime.now_ms(),
                "capabilities": _CHALLENGE_CAPABILITIES,
            },
        }
        connection.send(frames.encode_json(challenge))

    def message(self, payload: bytes) -> None:
        """One frame from the client."""
        if self._connection.is_open:
            self._request(payload)
        elif self._connecting is not None:
            self._pending.append(payload)
            if len(self._pending) > MAX_PENDING_HANDSHAKE_FRAMES:
                self._connection.close(websocket.POLICY, "too many pending handshake frames")
        else:
            self._first(payload)

    def closed(self) -> None:
        """Stop a handshake under way."""
        self._pending.clear()
        if self._connecting is not None:
            self._connecting.cancel()

    # Before hello

    def _first(self, payload: bytes) -> None:
        connection = self._connection
        try:
            request = frames.decode_request(payload)
        except frames.NotJson:
            connection.close(websocket.NORMAL, "")
            return
        if isinstance(request, frames.Malformed):
            if self._other_dialect(request.value):
                return
            connection.close(websocket.POLICY, "invalid request frame")
            return
        if request.method != "connect":
            text = "invalid handshake: first request must be connect"
            connection.send(frames.encode_error(request.id, invalid(text).to_wire()))
            connection.close(websocket.POLICY, text)
            return
        if not self._desk.lifetime.is_ready:
            error = unavailable("gateway starting; retry shortly", {"reason": "startup-sidecars"}, retry_after_ms=500)
            connection.send(frames.encode_error(request.id, error.to_wire()))
            connection.close(websocket.TRY_AGAIN, "gateway starting")
            return
        self._connecting = Deferred.fromCoroutine(self._connect(request))
        self._connecting.addErrback(self._connect_failed)

    def _other_dialect(self, first: Any) -> bool:
        """Let another dialect take over if ``first``, a first message, is its own."""
        if not (isinstance(first, dict) and (first.get("type") == "gateway.hello" or is_request(first))):
            return False
        dialect = JsonRpc(self._connection, self._desk)
        self._connection.dialect = dialect
        dialect.take(first)
        return True

    async def _connect(self, request: frames.Request) -> None:
        connection = self._connection
        try:
            accepted = await self._handshake.judge(connection, request.params, self._nonce)
        except Refused as refused:
            self._desk.reception.counters.refused_connects += 1
            if refused.delay_ms:
                await self._handshake.later(refused.delay_ms)
            if refused.error is not None:
                connection.send(frames.encode_error(request.id, refused.error.to_wire()))
            connection.close(refused.code, refused.reason)
            return
        if connection.is_closing:
            return
        hello = self._desk.reception.admit(connection, request.params, accepted)
        connection.send(frames.encode_response(request.id, hello))
        connection.opened(frames.MAX_PAYLOAD)
        self._desk.reception.welcome(connection)
        self._connecting = None
        pending, self._pending = self._pending, []
        for payload in pending:
            if connection.is_open:
                self._request(payload)

    def _connect_failed(self, failure: Failure) -> None:
        connection = self._connection
        if connection.is_closing:
            return
        self._log.failure("connect failed", failure=failure)
        connection.close(1011, "internal error")

    # After hello

    def _request(self, payload: bytes) -> None:
        connection = self._connection
        try:
            request = frames.decode_request(payload)
        except frames.NotJson:
            return
        if isinstance(request, frames.Malformed):
            error = invalid(f"invalid request frame: {request.problem}")
            connection.send(frames.encode_error(request.id, error.to_wire()))
            return
        call = Call(request.method, request.params, connection, _FrameResponder(connection, request.id), request.id)
        self._desk.router.dispatch(call)
        if connection.unauthorized_role_calls >= MAX_UNAUTHORIZED_ROLE_CALLS:
            connection.close(websocket.POLICY, "repeated unauthorized calls")


class _FrameResponder:
    """MessageAnswers one request, as often as its method does."""

    __slots__ = ("_connection", "_id")

    def __init__(self, connection: Connection, request_id: Any) -> None:
        self._connection = connection
        self._id = request_id

    def result(self, payload: Any) -> None:
        """``ok: true``."""
        self._connection.send(frames.encode_response(self._id, payload))

    def error(self, error: GatewayError) -> None:
        """``ok: false``."""
        self._connection.send(frames.encode_error(self._id, error.to_wire(), error.payload))
