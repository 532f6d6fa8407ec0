"""MTProto over WebSocket: autobahn below, the same frames and flow control as TCP above.

The page "Transports", WebSocket. What crosses, after the handshake:

    client → server   binary messages: pieces of one stream of bytes, cut anywhere;
                      together they are what a TCP connection carries (obfuscated2)
    server → client   one binary message for each frame or quick ack
    both              ping, pong, close
"""

from typing import Any

from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure

from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from autobahn.websocket.protocol import WebSocketProtocol
from autobahn.websocket.types import ConnectionDeny, ConnectionRequest

from teamgram.gnetway.edge import Edge
from teamgram.gnetway.tcp import FrameStream

PATHS = frozenset(("/apiws", "/apiws_test", "/apiws_premium", "/apiws_test_premium"))
SUB_PROTOCOL = "binary"

#: Bytes of an opening handshake; autobahn itself would collect them without end.
MAX_HANDSHAKE_BYTES = 16 << 10
HANDSHAKE_TIMEOUT = 10.0
CLOSE_TIMEOUT = 2.0


class WebSocketConnection(FrameStream, WebSocketServerProtocol):
    """One accepted connection of a WebSocket listener.

    autobahn owns ``log``; ours is ``_log``.
    """

    _log = Logger()
    bare_transports = False

    def __init__(self, edge: Edge) -> None:
        WebSocketServerProtocol.__init__(self)
        self.edge = edge

    # Twisted

    def connectionMade(self) -> None:
        WebSocketServerProtocol.connectionMade(self)
        self.open_stream()

    def dataReceived(self, data: bytes) -> None:
        if self.conn is None:
            return
        if self.state == WebSocketProtocol.STATE_CONNECTING and len(self.data) + len(data) > MAX_HANDSHAKE_BYTES:
            self.edge.connections.refuse(self.conn, "opening handshake too long")
            return
        WebSocketServerProtocol.dataReceived(self, data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        WebSocketServerProtocol.connectionLost(self, reason)
        self.stream_lost(reason)

    # autobahn

    def onConnect(self, request: ConnectionRequest) -> str | None:
        """Choose the sub-protocol, or refuse.

        Raises:
            ConnectionDeny: another path, or a page that may not connect.
        """
        if request.path not in PATHS:
            raise ConnectionDeny(404, "no MTProto here")
        if request.origin and not self.edge.allows_origin(request.origin.encode()):
            raise ConnectionDeny(403, "origin not allowed")
        # Browsers drop a connection whose answer does not select what they offered.
        return SUB_PROTOCOL if SUB_PROTOCOL in request.protocols else None

    # Messages are taken in pieces as they arrive: nothing is collected, so no message is too long.

    def onMessageBegin(self, isBinary: bool) -> None:
        if not isBinary:
            self.sendCloseFrame(WebSocketProtocol.CLOSE_STATUS_CODE_UNSUPPORTED_DATA, b"binary messages only")

    def onMessageFrameBegin(self, length: int) -> None:
        """Nothing to prepare."""

    def onMessageFrameData(self, payload: bytes) -> None:
        if self.conn is not None and self.state == WebSocketProtocol.STATE_OPEN:
            self.stream_received(payload)

    def onMessageFrameEnd(self) -> None:
        """Borders of frames mean nothing."""

    def onMessageEnd(self) -> None:
        """Borders of messages mean nothing."""

    # Link

    def close(self) -> None:
        """Close when what was written has left, with the closing handshake if there was an opening one."""
        self.transport.unregisterProducer()
        if self.state == WebSocketProtocol.STATE_OPEN:
            self.sendClose(WebSocketProtocol.CLOSE_STATUS_CODE_NORMAL)
        else:
            self.transport.loseConnection()

    def _write(self, data: bytes) -> None:
        if data and self.state == WebSocketProtocol.STATE_OPEN:
            self.sendMessage(data, isBinary=True)
            self._count_written(len(data))


class WebSocketFactory(WebSocketServerFactory):
    """The connections of one WebSocket listener."""

    noisy = False

    def __init__(self, edge: Edge, reactor: Any) -> None:
        super().__init__(reactor=reactor)
        self._edge = edge
        self.setProtocolOptions(
            # Origins are our listener's business: onConnect.
            allowedOrigins=["*"],
            allowNullOrigin=True,
            # With a close code, not by dropping the connection.
            failByDrop=False,
            openHandshakeTimeout=HANDSHAKE_TIMEOUT,
            closeHandshakeTimeout=CLOSE_TIMEOUT,
            autoPingInterval=0,
            tcpNoDelay=True,
            utf8validateIncoming=False,
            webStatus=False,
            serveFlashSocketPolicy=False,
            # Encrypted bytes do not compress.
            perMessageCompressionAccept=lambda offers: None,
        )

    def buildProtocol(self, addr: Any) -> WebSocketConnection:
        protocol = WebSocketConnection(self._edge)
        protocol.factory = self
        return protocol
