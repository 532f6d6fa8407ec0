"""MTProto over WebSocket: the frames of ``net/websocket.py`` below, the same frames and flow control as TCP above.

The page "Transports", WebSocket. What crosses, after the handshake:

    client → server   binary messages: pieces of one stream of bytes, cut anywhere;
                      together they are what a TCP connection carries (obfuscated2)
    server → client   one binary message for each frame or quick ack
    both              ping, pong, close
"""

from enum import Enum
from typing import Any

from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from teamgram.gnetway.edge import Edge
from teamgram.gnetway.tcp import FrameStream
from teamgram.net import websocket
from teamgram.net.http_head import HttpError, RequestHead, find_end, parse_head, refusal

PATHS = frozenset((b"/apiws", b"/apiws_test", b"/apiws_premium", b"/apiws_test_premium"))
SUB_PROTOCOL = "binary"

HANDSHAKE_TIMEOUT = 10.0


class _State(Enum):
    """Where the connection is.

    CLOSING: our close frame is out. FAILED: so it is, and of the peer's bytes
    none can be told from another any more.
    """

    OPENING = 0
    OPEN = 1
    CLOSING = 2
    FAILED = 3


class WebSocketConnection(FrameStream, Protocol):
    """One accepted connection of a WebSocket listener."""

    bare_transports = False

    def __init__(self, edge: Edge) -> None:
        self.edge = edge
        self._state = _State.OPENING
        self._head: bytearray | None = bytearray()
        self._reader: websocket.StreamReader | None = None
        self._close_code = websocket.NORMAL

    def connectionMade(self) -> None:
        self.transport.setTcpNoDelay(True)
        self.open_stream()
        if self.conn is not None:
            self.edge.connections.close_later(self.conn, min(HANDSHAKE_TIMEOUT, self.edge.settings.first_frame_timeout))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._head = self._reader = None
        self.stream_lost(reason)

    def dataReceived(self, data: bytes) -> None:
        if self.conn is None:
            return
        if self._state is _State.OPENING:
            self._take_head(data)
        elif self._state is _State.FAILED:
            # Whatever comes now is taken for the peer's close.
            self.transport.loseConnection()
        else:
            self._take_frames_of(data)

    # The opening request

    def _take_head(self, data: bytes) -> None:
        buffer = self._head
        if buffer is None:
            return
        searched = len(buffer)
        buffer += data
        try:
            end = find_end(buffer, searched)
            if end < 0:
                if self.conn is not None:
                    self.edge.connections.holds(self.conn, len(buffer))
                return
            self._open(parse_head(bytes(buffer[:end])))
        except HttpError as error:
            self._refuse(error)
            return
        self._head = None
        if len(buffer) > end + 4:
            self.dataReceived(bytes(buffer[end + 4 :]))

    def _open(self, head: RequestHead) -> None:
        if head.path not in PATHS:
            raise HttpError(404, "no MTProto here")
        origin = head.headers.get(b"origin")
        if origin and not self.edge.allows_origin(origin):
            raise HttpError(403, "origin not allowed")
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in head.headers.items()}
        if head.method != b"GET" or headers.get("upgrade", "").lower() != "websocket":
            raise HttpError(426, "a WebSocket is opened here")
        try:
            answer = websocket.accept_response(headers, SUB_PROTOCOL)
        except ValueError as error:
            raise HttpError(400, str(error)) from None
        self.transport.write(answer)
        self._state = _State.OPEN
        self._reader = websocket.StreamReader()
        if self.conn is not None:
            self.edge.connections.holds(self.conn, 0)
            # The first frame is waited for from the beginning on, not from here.
            self.conn.close_date += max(self.edge.settings.first_frame_timeout - HANDSHAKE_TIMEOUT, 0.0)

    def _refuse(self, error: HttpError) -> None:
        self._head = None
        self.transport.write(refusal(error.status, str(error)))
        if self.conn is not None:
            self.edge.connections.refuse(self.conn, str(error))

    # Frames

    def _take_frames_of(self, data: bytes) -> None:
        reader = self._reader
        if reader is None:
            return
        if self._state is _State.OPEN and reader.is_between_messages:
            data = self._take_whole_frames(data)
        if not data:
            return
        reader.receive_data(data)
        try:
            while self._state is not _State.FAILED and (event := reader.next_event()) is not None:
                self._take_event(event)
        except websocket.WebSocketError as error:
            self._fail(error)

    def _take_whole_frames(self, data: bytes) -> bytes:
        """Take what nearly every segment is, whole binary messages of one frame, at once; give back the rest."""
        while self._state is _State.OPEN:
            frame = websocket.whole_frame(data)
            if frame is None:
                break
            payload, end = frame
            data = data[end:]
            if payload:
                self.stream_received(payload)
        return data

    def _take_event(self, event: bytes | websocket.Ping | websocket.Pong | websocket.Close) -> None:
        if isinstance(event, bytes):
            self.stream_received(event)
        elif isinstance(event, websocket.Ping):
            if self._state is _State.OPEN:
                self._write_counted(websocket.frame(event.payload, websocket.PONG))
        elif isinstance(event, websocket.Close):
            if self._state is _State.OPEN and self.conn is not None:
                # Answered with its own code; what comes behind it is nobody's.
                self._close_code = event.code or websocket.NORMAL
                self.edge.connections.close(self.conn, "peer closes")
            self._state = _State.FAILED
            self.transport.loseConnection()

    def _fail(self, error: websocket.WebSocketError) -> None:
        if self._state is _State.OPEN and self.conn is not None:
            self._close_code = error.code
            self.edge.connections.refuse(self.conn, str(error))
        self._state = _State.FAILED

    # Link

    def close(self) -> None:
        """Close when what was written has left, with the closing handshake if there was an opening one."""
        self._forget_bytes()
        self.transport.unregisterProducer()
        if self._state is _State.OPEN:
            self._state = _State.CLOSING
            self.transport.write(websocket.close_frame(self._close_code))
        else:
            self.transport.loseConnection()

    def _write(self, data: bytes) -> None:
        if data and self._state is _State.OPEN:
            self._write_counted(websocket.header(len(data), websocket.BINARY) + data)

    def _write_counted(self, frame: bytes) -> None:
        # Pongs, too: they are what a peer without any key can have us write.
        self._count_written(len(frame))
        self.transport.write(frame)


class WebSocketFactory(Factory):
    """The connections of one WebSocket listener."""

    noisy = False

    def __init__(self, edge: Edge) -> None:
        self._edge = edge

    def buildProtocol(self, addr: Any) -> WebSocketConnection:
        return WebSocketConnection(self._edge)
