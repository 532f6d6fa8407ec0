"""An answer's body, read whole and never larger than it may be."""

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import ResponseDone
from twisted.web.iweb import IResponse


class BodyTooLong(Exception):
    """The store sends more than was asked for."""


class _Body(Protocol):
    def __init__(self, most: int) -> None:
        self._most = most
        self._pieces: list[bytes] = []
        self._size = 0
        self.done: Deferred[bytes] = Deferred(lambda _: self._hang_up())

    def dataReceived(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > self._most:
            self._end(Failure(BodyTooLong(f"more than {self._most} bytes")))
            self._hang_up()
        elif not self.done.called:
            self._pieces.append(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        # Anything but ResponseDone means that some of it is missing.
        self._end(b"".join(self._pieces) if reason.check(ResponseDone) else reason)

    def _end(self, result: Any) -> None:
        if not self.done.called:
            self.done.callback(result)
        self._pieces.clear()

    def _hang_up(self) -> None:
        transport: Any = self.transport
        if transport is not None:
            transport.abortConnection()


def read_body(response: IResponse, most: int) -> "Deferred[bytes]":
    """The body; fails with ``BodyTooLong``, or as the connection did before its end."""
    body = _Body(most)
    response.deliverBody(body)
    return body.done
