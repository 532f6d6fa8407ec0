"""OpenClaw's protocol 4 (and 3 for nodes and probes): ``connect`` → hello-ok, ``req``/``res``/``event``.

Frames, client to server: ``{"type":"req","id","method","params"?}``.
Server to client: ``connect.challenge`` at once, then one ``res`` per request
(``agent`` answers twice) and numbered ``event`` frames.
"""

import uuid
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from teamgram.net import websocket
from teamgram.openclaw.gateway import frames, handshake
from teamgram.openclaw.gateway.errors import GatewayError, invalid, unavailable
from teamgram.openclaw.gateway.router import Call

if TYPE_CHECKING:
    from teamgram.openclaw.gateway.connection import Connection

#: Frames that may follow ``connect`` before hello-ok is out.
MAX_PENDING_HANDSHAKE_FRAMES = 15
#: This many calls in a row to methods of the other role close the connection.
MAX_UNAUTHORIZED_ROLE_CALLS = 11

_CHALLENGE_CAPABILITIES = ["model-catalog-snapshot"]


class Protocol4:
    """One client that speaks it, or has not said a word yet."""

    name = "4"
    _log = Logger()

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection
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
                "ts": connection.plane.now_ms(),
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
            if connection.plane.other_dialect(connection, request.value):
                return
            connection.close(websocket.POLICY, "invalid request frame")
            return
        if request.method != "connect":
            text = "invalid handshake: first request must be connect"
            connection.send(frames.encode_error(request.id, invalid(text).to_wire()))
            connection.close(websocket.POLICY, text)
            return
        if not connection.plane.is_ready:
            error = unavailable("gateway starting; retry shortly", {"reason": "startup-sidecars"}, retry_after_ms=500)
            connection.send(frames.encode_error(request.id, error.to_wire()))
            connection.close(websocket.TRY_AGAIN, "gateway starting")
            return
        self._connecting = Deferred.fromCoroutine(self._connect(request))
        self._connecting.addErrback(self._connect_failed)

    async def _connect(self, request: frames.Request) -> None:
        connection = self._connection
        plane = connection.plane
        try:
            accepted = await handshake.judge(plane, connection, request.params, self._nonce)
        except handshake.Refused as refused:
            plane.counters.refused_connects += 1
            if refused.delay_ms:
                await handshake.later(plane, refused.delay_ms)
            if refused.error is not None:
                connection.send(frames.encode_error(request.id, refused.error.to_wire()))
            connection.close(refused.code, refused.reason)
            return
        if connection.is_closing:
            return
        hello = plane.admit(connection, request.params, accepted)
        connection.send(frames.encode_response(request.id, hello))
        connection.opened(frames.MAX_PAYLOAD)
        plane.welcome(connection)
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
        connection.plane.router.dispatch(call)
        if connection.unauthorized_role_calls >= MAX_UNAUTHORIZED_ROLE_CALLS:
            connection.close(websocket.POLICY, "repeated unauthorized calls")


class _FrameResponder:
    """Answers one request, as often as its method does."""

    __slots__ = ("_connection", "_id")

    def __init__(self, connection: "Connection", request_id: Any) -> None:
        self._connection = connection
        self._id = request_id

    def result(self, payload: Any) -> None:
        """``ok: true``."""
        self._connection.send(frames.encode_response(self._id, payload))

    def error(self, error: GatewayError) -> None:
        """``ok: false``."""
        self._connection.send(frames.encode_error(self._id, error.to_wire(), error.payload))
