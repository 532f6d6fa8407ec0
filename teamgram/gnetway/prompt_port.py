"""A listening TCP port whose connections send at once what can be sent at once.

Twisted's own keep every write until the reactor asks for it, which costs an
answer the rest of the turn that it was made in, and the poller two system
calls to begin and end asking. Here a write goes to the socket when nothing is
before it; what the socket does not take is kept as ever, so order, flow
control and the end of a connection are Twisted's.
"""

from errno import EWOULDBLOCK
from typing import Any

from twisted.internet import main, tcp
from twisted.internet.interfaces import IProtocolFactory

#: Connections that wait to be accepted.
BACKLOG = 1024


class PromptConnection(tcp.Server):
    """One accepted connection."""

    def __init__(self, sock: Any, protocol: Any, client: Any, server: Any, sessionno: int, reactor: Any) -> None:
        super().__init__(sock, protocol, client, server, sessionno, reactor)
        # What Twisted's own log lines would call it: two strings for each of thousands that nobody reads.
        self.logstr = self.repstr = type(self.protocol).__name__

    def doRead(self) -> Any:
        """As Twisted's, in one call instead of two."""
        try:
            data = self.socket.recv(self.bufferSize)
        except OSError as error:
            return None if error.errno == EWOULDBLOCK else main.CONNECTION_LOST
        if not data:
            return main.CONNECTION_DONE
        self.protocol.dataReceived(data)
        return None

    def write(self, data: bytes) -> None:
        """Send, or keep what is over; an error is left for the reactor to find when it writes."""
        if data and self.connected and not (self.dataBuffer or self._tempDataBuffer or self._writeDisconnected):
            try:
                sent = self.socket.send(data)
            except OSError:
                sent = 0
            if sent == len(data):
                return
            data = data[sent:]
        super().write(data)  # type: ignore[no-untyped-call]


class PromptPort(tcp.Port):
    """A port of ``PromptConnection``s."""

    transport = PromptConnection


def listen(reactor: Any, host: str, port: int, factory: IProtocolFactory) -> PromptPort:
    """Open a port.

    Args:
        host: an IPv4 or IPv6 address.
        port: 0 for any that is free.

    Raises:
        CannotListenError
    """
    opened = PromptPort(port, factory, BACKLOG, host, reactor)
    opened.startListening()
    return opened
