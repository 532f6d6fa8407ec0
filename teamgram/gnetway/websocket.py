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

#: FIN and the opcode of a binary message.
_FINAL_BINARY = 0x82


class WebSocketConnection(FrameStream, WebSocketServerProtocol):  # type: ignore[misc]
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
        if self.state == WebSocketProtocol.STATE_OPEN and not self.data and not self.inside_message:
            data = self._take_whole_frames(data)
            if not data:
                return
        WebSocketServerProtocol.dataReceived(self, data)

    def _take_whole_frames(self, data: bytes) -> bytes:
        """Take what nearly every segment is, whole binary messages of one frame; the rest is autobahn's.

        It reads one with a dozen calls, which is more than all else that is done for a frame.
        """
        while self.state == WebSocketProtocol.STATE_OPEN:
            frame = whole_frame(data)
            if frame is None:
                break
            payload, end = frame
            data = data[end:]
            if payload and self.conn is not None:
                self.stream_received(payload)
        return data

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

    def onOpen(self) -> None:
        """The handshake is over; what autobahn keeps of it would stay as long as the connection."""
        self.http_request_data = b""
        self.http_status_line = self.http_response_data = ""
        self.http_headers, self.http_request_params = {}, {}
        self.websocket_protocols, self.websocket_extensions = [], []

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
        self._forget_bytes()
        self.transport.unregisterProducer()
        if self.state == WebSocketProtocol.STATE_OPEN:
            self.sendClose(WebSocketProtocol.CLOSE_STATUS_CODE_NORMAL)
        else:
            self.transport.loseConnection()

    def _write(self, data: bytes) -> None:
        if data and self.state == WebSocketProtocol.STATE_OPEN:
            self.transport.write(frame_head(len(data)) + data)
            self._count_written(len(data))


def frame_head(length: int) -> bytes:
    """The head of a server's binary message in one frame (RFC 6455, 5.2): never masked."""
    if length < 126:
        return bytes((_FINAL_BINARY, length))
    if length < 1 << 16:
        return bytes((_FINAL_BINARY, 126)) + length.to_bytes(2, "big")
    return bytes((_FINAL_BINARY, 127)) + length.to_bytes(8, "big")


def whole_frame(data: bytes) -> tuple[bytes, int] | None:
    """(unmasked payload, bytes used) when ``data`` begins with a whole binary message in one short frame.

    Short is what has at most 16 bits of length, written in the fewest bytes;
    None says nothing about what else it may be.
    """
    if len(data) < 6 or data[0] != _FINAL_BINARY or not data[1] & 0x80:
        return None
    length, start = data[1] & 0x7F, 6
    if length == 126:
        length, start = int.from_bytes(data[2:4], "big"), 8
        if length < 126:
            return None
    elif length == 127:
        return None
    end = start + length
    if len(data) < end:
        return None
    # One exclusive or of two long numbers: the mask as often as it takes, cut to the length.
    mask = data[start - 4 : start] * (length // 4 + 1)
    unmasked = int.from_bytes(data[start:end], "little") ^ int.from_bytes(mask[:length], "little")
    return unmasked.to_bytes(length, "little"), end


class _ReactorTimer:
    """The one method of ``txaio.IBatchedTimer`` that autobahn calls, on the reactor it is given."""

    def __init__(self, reactor: Any) -> None:
        self.call_later = reactor.callLater


class WebSocketFactory(WebSocketServerFactory):
    """The connections of one WebSocket listener."""

    noisy = False

    def __init__(self, edge: Edge, reactor: Any) -> None:
        super().__init__(reactor=reactor)
        # autobahn's own runs on the process's reactor, whatever reactor it is given, and keeps
        # a timer for handshakes that have long been made.
        self._batched_timer = _ReactorTimer(reactor)
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
