"""The last step out: bytes to the socket, and whether it takes more.

On plain TCP straight to ``send()``: while nothing is buffered below, a trip
through the reactor costs more than the system call. What ``send()`` leaves
over goes to the transport's buffer, and a pull producer says when that is
empty. Other transports (TLS, tests) get plain ``write`` and a push producer.
Either way at most one piece waits below, so the outbox stays the only queue.
"""

from collections.abc import Callable
from errno import EAGAIN, ENOBUFS, EWOULDBLOCK
from typing import Any

from twisted.internet import tcp

_TAKES_NOTHING_NOW = (EAGAIN, EWOULDBLOCK, ENOBUFS)


class SocketWriter:
    """Writes for one connection.

    Attributes:
        writable: the last piece has left; only then call :meth:`write`.
        blocked_at: when it last ceased to be writable.
    """

    def __init__(self, transport: Any, drained: Callable[[], None], seconds: Callable[[], float]) -> None:
        """Args:
        drained: called when ``writable`` became true again.
        """
        self.writable = True
        self.blocked_at = 0.0
        self._seconds = seconds
        self._transport = transport
        self._drained = drained
        # Never through a TLS wrapper, which would hand out the plain socket's method.
        self._plain = isinstance(transport, tcp.Connection) and not transport.TLS
        self._registering = False
        self._send: Callable[[bytes], int] = transport.socket.send if self._plain else self._send_through
        if not self._plain:
            transport.registerProducer(self, True)

    def write(self, data: bytes) -> None:
        """Send ``data``, or as much as the socket takes now and the rest when it can."""
        try:
            written = self._send(data)
        except OSError as error:
            self._block()
            if error.errno not in _TAKES_NOTHING_NOW:
                return  # The connection is lost; the reactor will say so.
            written = 0
        if written != len(data):
            self._send_later(data[written:])

    def _send_later(self, rest: bytes) -> None:
        self._block()
        self._transport.write(rest)
        # A pull producer is asked for more at once; we mean: once the rest is gone.
        self._registering = True
        self._transport.registerProducer(self, False)
        self._registering = False

    def _send_through(self, data: bytes) -> int:
        """To a transport that is no plain socket, and says itself when it has enough."""
        self._transport.write(data)
        return len(data)

    def resumeProducing(self) -> None:
        """Called by the transport: nothing waits below."""
        if self._registering or self.writable:
            return
        self.writable = True
        if self._plain:
            self._transport.unregisterProducer()
        self._drained()

    def pauseProducing(self) -> None:
        """Called by the transport: enough waits below."""
        self._block()

    def _block(self) -> None:
        self.writable = False
        self.blocked_at = self._seconds()

    def stopProducing(self) -> None:
        """Called by the transport: it is gone."""
        self.writable = False
