"""The client over a WebSocket, as browsers open it. Page: "Transports", WebSocket."""

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS

from autobahn.twisted.websocket import WebSocketClientFactory, WebSocketClientProtocol

from trial_tests.peer.calls import DEFAULT_TIMEOUT
from trial_tests.peer.connection import PeerConnection
from trial_tests.peer.transports import TRANSPORTS, Transport


class _PeerWebSocket(WebSocketClientProtocol):
    """The socket, and the carrier of its connection."""

    def __init__(self, connection: PeerConnection, opened: "Deferred[None]") -> None:
        super().__init__()
        self.connection = connection
        self.opened = opened

    # From autobahn.

    def onOpen(self) -> None:
        self.connection.made(self)
        self.opened.callback(None)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        assert isBinary
        self.connection.data_received(payload)

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        self.connection.lost()
        if not self.opened.called:
            self.opened.errback(ConnectionRefusedError(reason))

    # From the connection.

    def write(self, data: bytes) -> None:
        """One message of the socket's; its borders mean nothing to the server."""
        self.sendMessage(data, isBinary=True)

    def loseConnection(self) -> None:
        self.sendClose()

    def abortConnection(self) -> None:
        self.transport.abortConnection()

    def pauseProducing(self) -> None:
        self.transport.pauseProducing()

    def resumeProducing(self) -> None:
        self.transport.resumeProducing()


async def connect_websocket(
    host: str,
    port: int,
    transport: str | Transport = "obfuscated_abridged",
    *,
    path: str = "/apiws",
    origin: str | None = None,
    protocols: tuple[str, ...] = ("binary",),
    tls: Any = None,
    reactor: Any = None,
    within: float = DEFAULT_TIMEOUT,
) -> PeerConnection:
    """A connection over a WebSocket.

    Args:
        transport: an obfuscated one; the server takes no other there.
        protocols: sub-protocols to offer.
        tls: what makes the client's end of TLS; None for no TLS.

    Raises:
        ConnectionRefusedError: the server did not accept the handshake.
    """
    if reactor is None:
        from twisted.internet import reactor
    framing = TRANSPORTS[transport]() if isinstance(transport, str) else transport
    connection = PeerConnection(framing, reactor)
    opened: Deferred[None] = Deferred()
    scheme = "ws" if tls is None else "wss"
    factory = WebSocketClientFactory(f"{scheme}://{host}:{port}{path}", origin=origin, protocols=list(protocols))
    factory.noisy = False
    factory.protocol = lambda: _PeerWebSocket(connection, opened)  # type: ignore[assignment]
    endpoint: Any = HostnameEndpoint(reactor, host, port, within)
    await (endpoint if tls is None else wrapClientTLS(tls, endpoint)).connect(factory)
    await opened.addTimeout(within, reactor)
    return connection
