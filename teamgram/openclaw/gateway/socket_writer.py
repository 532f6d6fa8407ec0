"""The last step out: bytes to the socket, and whether it takes more.

On plain TCP straight to ``send()``: while nothing is buffered below, a trip
through the reactor costs more than the system call. What ``send()`` leaves
over goes to the transport's buffer, and a pull producer says when that is
empty. Other transports (TLS, tests) get plain ``write`` and a push producer.
Either way at most one piece waits below, so the outbox stays the only queue.
"""

from collections.abc import Callable
from typing import Any

from twisted.internet import tcp


class SocketWriter:
    """Writes for one connection.

    Attributes:
        writable: the last piece has left; only then call :meth:`write`.
    """

    def __init__(self, transport: Any, drained: Callable[[], None]) -> None:
        """Args:
        drained: called when ``writable`` became true again.
        """
        self.writable = True
        self._transport = transport
        self._drained = drained
        # Never through a TLS wrapper, which would hand out the plain socket's method.
        self._plain = isinstance(transport, tcp.Connection) and not transport.TLS
        self._registering = False
        if not self._plain:
            transport.registerProducer(self, True)

    def write(self, data: bytes) -> None:
        """Send ``data``, or as much as the socket takes now and the rest when it can."""
        if not self._plain:
            self._transport.write(data)
            return
        written = self._transport.writeSomeData(data)
        if not isinstance(written, int):
            self.writable = False  # The connection is lost; the reactor will say so.
            return
        if written == len(data):
            return
        self.writable = False
        self._transport.write(data[max(written, 0) :])
        # A pull producer is asked for more at once; we mean: once the rest is gone.
        self._registering = True
        self._transport.registerProducer(self, False)
        self._registering = False

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
        self.writable = False

    def stopProducing(self) -> None:
        """Called by the transport: it is gone."""
        self.writable = False
