"""MTProto over HTTP: one frame in each POST, one in each answer.

The page "Transports", HTTP. An answer belongs to no particular request: what
the session has to say goes out with the oldest request that waits. When that
is (``http_wait``) is the session's decision; here requests wait in order.
"""

from collections import deque
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from teamgram.gnetway.conn_context import ConnContext
from teamgram.gnetway.edge import Edge, reason_of
from teamgram.gnetway.http_requests import HttpRequest, RequestParser
from teamgram.mtproto.transport.codec import MIN_FRAME_BYTES
from teamgram.net.http_head import REASONS, HttpError, response, response_head

PATHS = frozenset(
    (
        b"/api",
        b"/apiw",
        b"/apiw1",
        b"/apiw_test",
        b"/apiw1_test",
        b"/apiw_premium",
        b"/apiw1_premium",
        b"/apiw_test_premium",
        b"/apiw1_test_premium",
    )
)

#: Requests of one connection that may wait for their answers; then reading stops until one has left.
MAX_WAITING = 32

_OCTETS = (b"Content-Type", b"application/octet-stream")
_ALLOW = (b"Allow", b"POST, OPTIONS")
#: So much of a file is written at once: a browser that does not read has no more of it in our memory.
_PART_BYTES = 64 << 10


class _Waiting:
    """One request that was not answered yet, or whose answer waits for those before it.

    Attributes:
        answer: the head and, where that is short, all of it; empty once it was written.
        rest: of a file what was not written yet.
        is_shown: it is no MTProto: what session has to say does not go out with it.
    """

    __slots__ = ("answer", "is_shown", "keep_alive", "origin", "rest", "says_close")

    def __init__(self, request: HttpRequest) -> None:
        self.keep_alive = request.keep_alive
        self.says_close = not request.keep_alive
        self.origin = request.headers.get(b"origin")
        self.answer: bytes | None = None
        self.rest = memoryview(b"")
        self.is_shown = False


@implementer(IPushProducer)
class HttpConnection(Protocol):
    """One accepted connection of an HTTP listener; a ``Link``."""

    transport: Any
    _log = Logger()

    def __init__(self, edge: Edge) -> None:
        self._edge = edge
        self._conn: ConnContext | None = None
        self._parser = RequestParser(edge.settings.max_frame_bytes)
        self._waiting: deque[_Waiting] = deque()
        self._buffer_full = False
        self._last_request = False
        self._taking = False
        self._sending = False

    def connectionMade(self) -> None:
        self.transport.setTcpNoDelay(True)
        self._conn = self._edge.open(self.transport, self)
        if self._conn is not None:
            self.transport.registerProducer(self, True)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        conn, self._conn = self._conn, None
        self._waiting.clear()
        self._parser.forget()
        if conn is not None:
            self._edge.connections.lost(conn, reason_of(reason))

    def dataReceived(self, data: bytes) -> None:
        if self._conn is not None and not self._conn.closing:
            self._parser.receive_data(data)
            self._take_requests()
        if self._conn is not None:
            self._edge.connections.holds(self._conn, self._parser.buffered_bytes)

    # Requests

    def _take_requests(self) -> None:
        conn = self._conn
        if conn is None or self._taking:
            # An answer given while a request is taken reads on in the loop below, not deeper.
            return
        self._taking = True
        try:
            while self._may_read(conn):
                request = self._parser.next_request()
                if request is None:
                    return
                self._request_received(conn, request)
        except HttpError as error:
            self._refuse(conn, error)
            return
        finally:
            self._taking = False
        if not conn.closing:
            self.transport.pauseProducing()

    def _may_read(self, conn: ConnContext) -> bool:
        return not (
            conn.blocked or conn.closing or self._buffer_full or self._last_request or len(self._waiting) >= MAX_WAITING
        )

    def _request_received(self, conn: ConnContext, request: HttpRequest) -> None:
        waiting = _Waiting(request)
        self._waiting.append(waiting)
        # What follows a request that ends the connection is not read.
        self._last_request = not request.keep_alive
        if request.path not in PATHS:
            self._show(waiting, request)
        elif waiting.origin is not None and not self._edge.allows_origin(waiting.origin):
            waiting.origin = None
            self._answer(waiting, 403, b"")
        elif request.method == b"OPTIONS":
            self._answer(waiting, 200, b"")
        elif request.method != b"POST":
            self._answer(waiting, 405, b"", _ALLOW)
        elif len(request.body) < MIN_FRAME_BYTES:
            self._answer(waiting, 400, b"")
        else:
            self._edge.dispatcher.frame_received(conn, request.body, False)

    def _show(self, waiting: _Waiting, request: HttpRequest) -> None:
        """What is there for browsers; only this listener's own pages may read it."""
        waiting.origin = None
        waiting.is_shown = True
        shown = Deferred.fromCoroutine(self._shown(waiting, request))
        shown.addErrback(lambda failure: self._not_shown(waiting, failure))

    async def _shown(self, waiting: _Waiting, request: HttpRequest) -> None:
        document = await self._edge.document(request, self.transport)
        conn = self._conn
        if conn is None:
            return
        if document is None:
            self._answer(waiting, 404, b"")
        else:
            if document.status < 400 and not conn.closing:
                # A browser that reads what is here is no connection without a purpose.
                self._edge.connections.close_later(conn, conn.idle_seconds)
            waiting.rest = memoryview(document.body)
            waiting.answer = response_head(document.status, document.headers, document.length, not waiting.says_close)
            self._send()
        if not self._taking:
            self._read_on()

    def _not_shown(self, waiting: _Waiting, failure: Failure) -> None:
        self._log.failure("a document could not be shown", failure)
        if self._conn is not None:
            self._answer(waiting, 503, b"")

    def _refuse(self, conn: ConnContext, error: HttpError) -> None:
        # Behind requests that wait, an answer here would be taken for theirs.
        if not self._waiting:
            self.transport.write(response(error.status, [], b"", keep_alive=False))
        self._edge.connections.refuse(conn, str(error))

    # MessageAnswers

    def _answer_oldest(self, status: int, body: bytes) -> bool:
        for waiting in self._waiting:
            if waiting.answer is None and not waiting.is_shown:
                self._answer(waiting, status, body)
                return True
        return False

    def _answer(self, waiting: _Waiting, status: int, body: bytes, *headers_too: tuple[bytes, bytes]) -> None:
        """An answer of MTProto, or to what was meant as such."""
        headers = [_OCTETS, *headers_too]
        if waiting.origin is not None:
            headers += [
                (b"Access-Control-Allow-Origin", waiting.origin),
                (b"Access-Control-Allow-Methods", b"POST, OPTIONS"),
                (b"Access-Control-Allow-Headers", b"origin, content-type"),
                (b"Access-Control-Max-Age", b"86400"),
                (b"Vary", b"Origin"),
            ]
        waiting.answer = response(status, headers, body, not waiting.says_close)
        self._send()

    def _send(self) -> None:
        """Write what is answered from the front on: HTTP keeps the requests' order."""
        if self._sending:
            return  # the transport wants more while it is given some
        self._sending = True
        try:
            while self._waiting and self._waiting[0].answer is not None:
                first = self._waiting[0]
                if first.answer:
                    self.transport.write(first.answer)
                    first.answer = b""
                while first.rest:
                    if self._buffer_full:
                        return
                    self.transport.write(bytes(first.rest[:_PART_BYTES]))
                    first.rest = first.rest[_PART_BYTES:]
                    if first.rest:
                        self._went_on()
                self._waiting.popleft()
                if not first.keep_alive and self._conn is not None:
                    self._edge.connections.close(self._conn, "last request answered")
        finally:
            self._sending = False

    def _went_on(self) -> None:
        """The peer takes what it asked for, however slowly."""
        if self._conn is not None and not self._conn.closing:
            self._edge.connections.close_later(self._conn, self._conn.idle_seconds)

    # Link

    def write_frame(self, frame: bytes) -> bool:
        """Answer the oldest waiting request; False when none waits: session keeps it for the next one."""
        if not self._answer_oldest(200, frame):
            return False
        self._read_on()
        return True

    def can_carry(self, frames: int) -> bool:
        """Whether so many requests wait for an answer."""
        return sum(waiting.answer is None and not waiting.is_shown for waiting in self._waiting) >= frames

    def write_quick_ack(self, token: bytes) -> None:
        """HTTP has none; no request asks for one."""

    def write_error(self, code: int) -> None:
        """The error as HTTP status and, for clients that read only bodies, as the 4 bytes."""
        status = -code if -code in REASONS else 400
        for waiting in self._waiting:
            # The connection closes after an error, and a client with a pool has to know.
            waiting.says_close = True
        self._answer_oldest(status, code.to_bytes(4, "little", signed=True))

    def pause_reading(self) -> None:
        """Take nothing more from the peer."""
        self.transport.pauseProducing()

    def resume_reading(self) -> None:
        """Take the requests that the parser holds, then read again."""
        self._read_on()

    def close(self) -> None:
        """Close when what was written has left."""
        self.transport.unregisterProducer()
        self.transport.loseConnection()

    def abort(self) -> None:
        """Close now and drop what was written."""
        self.transport.abortConnection()

    def _read_on(self) -> None:
        self._take_requests()
        if self._conn is not None and self._may_read(self._conn):
            self.transport.resumeProducing()

    # IPushProducer: a client that does not read its answers is not read either

    def pauseProducing(self) -> None:
        self._buffer_full = True

    def resumeProducing(self) -> None:
        self._buffer_full = False
        self._send()
        self._read_on()

    def stopProducing(self) -> None:
        """The connection is going; ``connectionLost`` tells the rest."""


class HttpFactory(Factory):
    """The connections of one HTTP listener."""

    noisy = False

    def __init__(self, edge: Edge) -> None:
        self._edge = edge

    def buildProtocol(self, addr: Any) -> HttpConnection:
        return HttpConnection(self._edge)
