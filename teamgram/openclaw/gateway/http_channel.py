"""HTTP/1.1 on a socket: Twisted's channel, with every request judged by its head and every wait bounded.

Twisted's own spools a body of any length into the system's temporary
directory before anybody may look at the request, and a peer that sends a byte
a minute holds its connection for ever. Here a body is read only once
:class:`http.HttpGate` let its head pass, kept in memory up to the route's
limit, counted as it comes (also in chunks), and head and body have deadlines.

Who is refused is told so and the connection closes. What such a peer still
sends is read and thrown away for a moment, for a socket that is closed with
unread bytes takes the answer with it.
"""

from io import BytesIO
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel, Request, datetimeToString

from teamgram.net.http_head import MAX_HEAD_BYTES, MAX_HEADERS, response
from teamgram.openclaw.gateway.http import (
    BAD_REQUEST,
    TOO_LARGE,
    TOO_SLOW,
    HttpGate,
    HttpRefusal,
    HttpRoute,
    answer_json,
)

#: From the first byte of a head to its last, and of the body behind it.
HEAD_SECONDS = 15.0
BODY_SECONDS = 60.0
#: Without a request a connection stays open so long.
IDLE_SECONDS = 60
#: What is still read of who was refused.
_LINGER_SECONDS = 2.0
_LINGER_BYTES = 4 << 20

_SECURITY = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"))


class GatewayRequest(Request):
    """A request that was let in."""

    _log = Logger()
    channel: "GatewayChannel"
    route: HttpRoute

    def gotLength(self, length: int | None) -> None:
        """Called when the head was read: the body, bounded by the route, stays in memory."""
        self.content = BytesIO()

    def handleContentChunk(self, data: bytes) -> None:
        """Called for each piece of the body."""
        content = self.content
        assert content is not None
        if content.tell() + len(data) > self.route.max_body_bytes:
            self.channel.refuse(TOO_LARGE)
        else:
            content.write(data)

    def process(self) -> None:
        """Called when the body is there: run the handler."""
        self.setHeader(b"date", datetimeToString())
        for name, value in _SECURITY:
            self.setHeader(name, value)
        if self.route.page:
            self.setHeader(b"access-control-allow-origin", self.route.page)
            self.setHeader(b"access-control-expose-headers", b"*")
            self.setHeader(b"vary", b"origin")
        try:
            outcome = self.route.handler(self)
        except Exception:
            self._failed(Failure())
            return
        if outcome is not None:
            running: Deferred[None] = Deferred.fromCoroutine(outcome)
            gone = self.notifyFinish()
            gone.addErrback(lambda _: running.cancel())
            running.addErrback(self._failed)

    def _failed(self, failure: Failure) -> None:
        if self.finished or self._disconnected:
            return
        self._log.failure("{path} failed", failure=failure, path=self.path)
        if self.startedWriting:
            self.loseConnection()
        else:
            answer_json(self, 500, {"error": {"message": "Internal Server Error", "type": "internal_error"}})


class GatewayChannel(HTTPChannel):
    """One HTTP connection of the control port."""

    transport: Any
    callLater: Any
    _networkProducer: Any
    maxHeaders = MAX_HEADERS
    totalHeadersSize = MAX_HEAD_BYTES
    timeOut = IDLE_SECONDS

    def __init__(self, gate: HttpGate, reactor: Any) -> None:
        super().__init__()
        self.callLater = reactor.callLater
        self._gate = gate
        self._deadline: Any = None
        self._refused = False
        self._discarded = 0

    @staticmethod
    def requestFactory(channel: HTTPChannel, *_: object) -> GatewayRequest:  # type: ignore[override]
        """Called for each request line."""
        return GatewayRequest(channel, False, parsePOSTFormSubmission=False)

    # Twisted's parser, stage by stage

    def dataReceived(self, data: bytes) -> None:
        """Bytes from the socket."""
        if self._refused:
            self._discard(len(data))
            return
        if self._deadline is None and not self._handlingRequest:
            self._due_in(HEAD_SECONDS)
        super().dataReceived(data)

    def lineReceived(self, line: bytes) -> None:
        """A line of the head."""
        if not self._refused:
            super().lineReceived(line)

    def rawDataReceived(self, data: bytes) -> None:
        """Bytes of the body, or of a request behind one that is being answered."""
        if self._refused:
            self._discard(len(data))
        else:
            super().rawDataReceived(data)

    def allHeadersReceived(self) -> None:
        """The head is there: let the request in, or refuse it unread."""
        request: Any = self.requests[-1]
        raw = request.requestHeaders.getAllRawHeaders()
        headers = {name.lower().decode("latin-1"): b", ".join(values).decode("latin-1") for name, values in raw}
        peer_ip = getattr(self.getPeer(), "host", "") or ""
        method = self._command.decode("ascii", "replace")
        judged = self._gate.judge(method, self._path, headers, peer_ip, self.length)
        if isinstance(judged, HttpRefusal):
            self.refuse(judged)
            return
        request.route = judged
        if self.length != 0:
            self._due_in(BODY_SECONDS)
        # Now only: it also tells a client that waits for it to go on with the body.
        super().allHeadersReceived()

    def allContentReceived(self) -> None:
        """The request is complete."""
        if not self._refused:
            self._due_in(None)
            super().allContentReceived()

    def _respondToBadRequestAndDisconnect(self) -> None:
        self.refuse(BAD_REQUEST)

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        """The socket is gone."""
        self._refused = True
        self._due_in(None)
        super().connectionLost(reason)

    # Refusing

    def refuse(self, refusal: HttpRefusal) -> None:
        """Answer instead of a handler, then close."""
        if self._refused:
            return
        self._refused = True
        self.setTimeout(None)
        self._due_in(None)
        if refusal.hold_ms:
            self._deadline = self.callLater(refusal.hold_ms / 1000, self._answer, refusal)
        else:
            self._answer(refusal)

    def _answer(self, refusal: HttpRefusal) -> None:
        body = refusal.body()
        headers = [(b"Content-Type", b"application/json; charset=utf-8"), (b"Cache-Control", b"no-store")]
        headers += [(name.title(), value) for name, value in (*_SECURITY, *refusal.headers)]
        is_head = getattr(self, "_command", b"") == b"HEAD"
        text = response(refusal.status, headers, body, keep_alive=False)
        self._networkProducer.unregisterProducer()
        self.transport.write(text[: -len(body)] if is_head else text)
        self._deadline = self.callLater(_LINGER_SECONDS, self.forceAbortClient)
        if self.length == 0 or not hasattr(self.transport, "loseWriteConnection"):
            self.transport.loseConnection()
        else:
            self.transport.loseWriteConnection()

    def _discard(self, size: int) -> None:
        self._discarded += size
        if self._discarded > _LINGER_BYTES:
            self.transport.abortConnection()

    # Deadlines

    def _due_in(self, seconds: float | None) -> None:
        if self._deadline is not None and self._deadline.active():
            self._deadline.cancel()
        self._deadline = None if seconds is None else self.callLater(seconds, self._too_slow)

    def _too_slow(self) -> None:
        self._deadline = None
        if self.requests:
            self.refuse(TOO_SLOW)
        else:
            self.forceAbortClient()
