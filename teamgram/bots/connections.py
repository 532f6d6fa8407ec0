"""Connections of the Bot API's listener, with bounds on what one may bring, and in which time."""

import tempfile
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel, HTTPFactory, Request

from teamgram.bots.errors import HEADERS_TOO_LARGE, URI_TOO_LONG, ApiError, bad_request
from teamgram.bots.http import Answers, ApiRequest, encode_json, refusal_json
from teamgram.net.addresses import address_group
from teamgram.net.connection_counts import ConnectionCounts

#: From the first byte of a request to its last.
REQUEST_SECONDS = 120.0
IDLE_SECONDS = 60
STALLED_SECONDS = 60.0
"""So long somebody who fetches something may take nothing of it."""
MAX_HEAD = 64 * 1024
"""Bytes of a request line, and of it with all headers: a query holds a text of 4,096 characters, nine bytes each."""
LINGER_SECONDS = 30.0
"""So long a connection whose request was refused before its end is read from: a reset would take the answer away."""
MAX_CONNECTIONS, MAX_PER_ADDRESS = 5000, 1000


class ApiChannel(HTTPChannel):
    """One connection.

    Attributes:
        is_refused: the last answer was given before its request was read to the end.
    """

    _log = Logger()
    transport: Any
    callLater: Any
    api: "ApiFactory"
    timeOut = IDLE_SECONDS
    MAX_LENGTH = totalHeadersSize = MAX_HEAD
    is_refused = False
    _deadline: Any = None
    _discarded = 0
    _paused: "Deferred[None] | None" = None
    _path: bytes
    address = ""

    @property
    def asked_path(self) -> bytes:
        """Of the request whose head was read."""
        return self._path

    def hold(self) -> None:
        """Read nothing more for now."""
        self._networkProducer.pauseProducing()

    def release(self) -> None:
        """Read on."""
        if not self._waitingForTransport:
            self._networkProducer.resumeProducing()

    @staticmethod
    def requestFactory(channel: HTTPChannel, *_: object) -> ApiRequest:  # type: ignore[override]
        """Called for each request line."""
        return ApiRequest(channel, False, parsePOSTFormSubmission=False)

    def refuse(self, refusal: ApiError) -> None:
        """Answer what has not come to its end, and take nothing more from this connection."""
        if self.is_refused:
            return
        self.is_refused = True
        self._log.info("refused a request of {address}: {code}", address=self.address, code=refusal.code)
        body = encode_json(refusal_json(refusal))
        head = f"HTTP/1.1 {refusal.code} {refusal.description}\r\nConnection: close\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        if "retry_after" in refusal.parameters:
            head += f"Retry-After: {refusal.parameters['retry_after']}\r\n"
        self.transport.write(head.encode() + b"\r\n" + body)
        self.due_in(LINGER_SECONDS)
        self.transport.loseWriteConnection()

    def lineReceived(self, line: bytes) -> None:
        """A line of a head."""
        if self.is_refused:
            return
        if self._receivedHeaderSize + len(line) > self.totalHeadersSize:
            self.lineLengthExceeded(line)
        else:
            super().lineReceived(line)

    def lineLengthExceeded(self, line: bytes) -> None:
        """A head that is too long: the request line by itself, or all of it."""
        self.refuse(HEADERS_TOO_LARGE if "_command" in vars(self) else URI_TOO_LONG)

    def rawDataReceived(self, data: bytes) -> None:
        """A piece of a body."""
        if not self.is_refused:
            super().rawDataReceived(data)

    def _respondToBadRequestAndDisconnect(self) -> None:
        self.refuse(bad_request("the request can't be read"))

    def _send100Continue(self) -> None:
        if not self.is_refused:
            super()._send100Continue()

    def dataReceived(self, data: bytes) -> None:
        """Bytes from the socket."""
        if self.is_refused:
            self._discarded += len(data)
            if self._discarded > 2 * self.api.max_bytes:
                self.forceAbortClient()
            return
        if self._deadline is None and not self._handlingRequest:
            self.due_in(REQUEST_SECONDS)
        super().dataReceived(data)

    def due_in(self, seconds: float | None) -> None:
        """What is being read must be there by then."""
        if self._deadline is not None and self._deadline.active():
            self._deadline.cancel()
        self._deadline = None if seconds is None else self.api.reactor.callLater(seconds, self.forceAbortClient)

    async def room(self) -> None:
        """Wait until the socket takes more."""
        if self._paused is not None:
            await self._paused

    def pauseProducing(self) -> None:
        """The socket is full."""
        super().pauseProducing()
        if self._paused is None:
            self._paused = Deferred()
            self.due_in(STALLED_SECONDS)

    def resumeProducing(self) -> None:
        """The socket takes more."""
        super().resumeProducing()
        if self._paused is not None:
            self.due_in(None)
        self._go_on()

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        """The socket is gone."""
        self.api.counts.close(self.address)
        self.due_in(None)
        super().connectionLost(reason)
        self._go_on()

    def _go_on(self) -> None:
        paused, self._paused = self._paused, None
        if paused is not None and not paused.called:
            paused.callback(None)


class ApiFactory(HTTPFactory):
    """The connections of a listener.

    Attributes:
        max_bytes: of one call.
        folder: where files lie while they come.
        counts: what is open; above its bounds a connection is closed as it comes.
    """

    def __init__(
        self,
        answers: Answers,
        reactor: Any,
        max_bytes: int,
        folder: Path | None = None,
        max_connections: int = MAX_CONNECTIONS,
        max_per_address: int = MAX_PER_ADDRESS,
    ) -> None:
        super().__init__(reactor=reactor)
        self.answers = answers
        self.reactor = reactor
        self.max_bytes = max_bytes
        self.folder = folder or Path(tempfile.gettempdir())
        self.counts = ConnectionCounts(max_connections, max_per_address)

    def buildProtocol(self, addr: Any) -> ApiChannel | None:  # type: ignore[override]
        """Called for each connection."""
        address = address_group(getattr(addr, "host", ""))
        if not self.counts.open(address):
            return None
        channel = ApiChannel()
        channel.address = address
        channel.api = self
        channel.callLater = self.reactor.callLater
        channel.factory = self
        channel.timeOut = IDLE_SECONDS
        return channel

    def log(self, request: Request) -> None:
        """No access log: paths hold tokens."""
