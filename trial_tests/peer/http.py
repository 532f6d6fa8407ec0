"""The client over HTTP: a POST for every frame, a frame in every answer. Page: "Transports", HTTP."""

from collections import deque
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from twisted.web.client import HTTPConnectionPool

import treq

from trial_tests.peer.connection import PeerConnection
from trial_tests.peer.transports import Event, Frame, TransportError

_HEADERS: dict[bytes | str, bytes | str] = {"Content-Type": "application/octet-stream"}


class HttpFraming:
    """No framing at all: a body is a frame, or the four bytes of an error."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque()

    def opening(self) -> bytes:
        return b""

    def encode(self, payload: bytes, quick_ack: bool = False) -> bytes:
        return payload

    def receive_data(self, data: bytes) -> None:
        if len(data) == 4:
            self._events.append(TransportError(int.from_bytes(data, "little", signed=True)))
        elif data:
            self._events.append(Frame(data))

    def next_event(self) -> Event | None:
        return self._events.popleft() if self._events else None


class HttpCarrier:
    """Posts what is written; the answers come in any order, over as many connections as it takes.

    Attributes:
        statuses: of the answers so far.
        waiting: requests that are not answered yet.
    """

    def __init__(self, connection: PeerConnection, url: str, reactor: Any) -> None:
        self._connection = connection
        self._url = url
        self._pool = HTTPConnectionPool(reactor)
        self._requests: set[Deferred[None]] = set()
        self.statuses: list[int] = []

    @property
    def waiting(self) -> int:
        return len(self._requests)

    def write(self, data: bytes) -> None:
        """One request with this body."""
        request = Deferred.fromCoroutine(self._post(data))
        self._requests.add(request)
        request.addBoth(self._ended, request)

    def loseConnection(self) -> None:
        """Give up what waits and close the connections that are kept."""
        for request in list(self._requests):
            request.cancel()
        self._pool.closeCachedConnections().addCallback(lambda _: self._connection.lost())

    abortConnection = loseConnection

    def pauseProducing(self) -> None:
        raise NotImplementedError("an HTTP client reads its answers")

    resumeProducing = pauseProducing

    async def _post(self, data: bytes) -> None:
        response = await treq.post(self._url, data, headers=_HEADERS, pool=self._pool)
        body = await treq.content(response)
        self.statuses.append(response.code)
        self._connection.data_received(body)

    def _ended(self, result: object, request: "Deferred[None]") -> None:
        self._requests.discard(request)
        if isinstance(result, Failure) and not self._connection.closed:
            self._connection.lost()


def open_http(host: str, port: int, path: str = "/api", *, reactor: Any = None) -> PeerConnection:
    """A connection whose frames go by POST; there is nothing to wait for until the first."""
    if reactor is None:
        from twisted.internet import reactor
    connection = PeerConnection(HttpFraming(), reactor)
    connection.made(HttpCarrier(connection, f"http://{host}:{port}{path}", reactor))
    return connection
