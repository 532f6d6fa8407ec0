"""MTProto over TCP: detection, framing and flow control of one connection.

``FrameStream`` is the part that WebSocket shares: frames in and out of a
stream of bytes whose pieces are not frames.
"""

from os import urandom
from typing import Any

from twisted.internet.interfaces import IPushProducer
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from teamgram.gnetway.conn_context import ConnContext
from teamgram.gnetway.edge import Edge, reason_of
from teamgram.mtproto.transport import TransportCodec, TransportDetector, WireError
from teamgram.mtproto.transport.errors import OtherProtocol


@implementer(IPushProducer)
class FrameStream:
    """A ``Link`` over bytes: the codec found from the first ones, then frames.

    Attributes:
        conn: None until the connection counts as open.
        transport: the Twisted transport underneath.
    """

    edge: Edge
    transport: Any
    conn: ConnContext | None = None
    #: Bare transports are served beside the obfuscated ones.
    bare_transports = True
    _codec: TransportCodec | None = None
    _detector: TransportDetector | None = None
    _taking = False

    def open_stream(self) -> None:
        """The transport is ready for frames; it is aborted when a limit forbids one more."""
        self.conn = self.edge.open(self.transport, self)
        if self.conn is not None:
            self.transport.registerProducer(self, True)

    def stream_received(self, data: bytes) -> None:
        """Bytes of the stream, cut anywhere."""
        if self.conn is None or self.conn.closing:
            return
        codec = self._codec
        if codec is not None:
            codec.receive_data(data)
        elif not self._detect(data):
            return
        self._take_frames()
        if self.conn is not None and self._codec is not None:
            self.edge.connections.holds(self.conn, self._codec.buffered_bytes)

    def _detect(self, data: bytes) -> bool:
        """Look for the codec; False: more bytes are needed, or none would help."""
        if self._detector is None:
            edge = self.edge
            self._detector = TransportDetector(
                urandom,
                edge.settings.max_frame_bytes,
                edge.listener.secret,
                edge.listener.secret_padded_only,
                obfuscated_only=not self.bare_transports,
            )
        try:
            self._codec = self._detector.receive_data(data)
        except OtherProtocol as error:
            # No fault of anybody's, so no warning: Telegram Desktop tries HTTP on port 80 of every address.
            if self.conn is not None:
                self.edge.connections.close(self.conn, str(error))
            return False
        except WireError as error:
            if self.conn is not None:
                self.edge.connections.refuse(self.conn, str(error))
            return False
        if self._codec is None:
            return False
        self._detector = None
        return True

    def stream_lost(self, reason: Failure) -> None:
        """The transport is gone."""
        conn, self.conn = self.conn, None
        self._forget_bytes()
        if conn is not None:
            self.edge.connections.lost(conn, reason_of(reason))

    def _forget_bytes(self) -> None:
        """What arrived and will not be read goes now, not when the protocol is collected as garbage."""
        self._codec = self._detector = None

    def _take_frames(self) -> None:
        conn, codec = self.conn, self._codec
        if conn is None or codec is None or self._taking:
            # A frame that need not wait after all reads on in the loop below, not deeper.
            return
        self._taking = True
        frame_received = self.edge.dispatcher.frame_received
        try:
            # One at a time: when a frame has to wait, those behind it stay in the codec, in order.
            while not conn.blocked and not conn.closing:
                frame = codec.next_event()
                if frame is None:
                    return
                frame_received(conn, *frame)
        except WireError as error:
            self.edge.connections.refuse(conn, str(error))
        finally:
            self._taking = False

    # Link

    def write_frame(self, frame: bytes) -> bool:
        """Send one frame through the codec; False before the client's first one chose it."""
        codec = self._codec
        if codec is None:
            return False
        self._write(codec.encode(frame))
        return True

    def can_carry(self, frames: int) -> bool:
        """Any number, once the client's first frame chose the codec."""
        return self._codec is not None

    def write_quick_ack(self, token: bytes) -> None:
        """Send a quick ack through the codec: the obfuscated one's counter has to see every byte."""
        if self._codec is not None:
            self._write(self._codec.encode_quick_ack(token))

    def write_error(self, code: int) -> None:
        """Send a transport error as a 4-byte frame."""
        if self._codec is not None:
            self._write(self._codec.encode_error(code))

    def pause_reading(self) -> None:
        """Take nothing more from the peer."""
        self.transport.pauseProducing()

    def resume_reading(self) -> None:
        """Hand on the frames that the codec holds, then read again."""
        self._take_frames()
        conn = self.conn
        if conn is not None and not conn.blocked and not conn.closing:
            self.transport.resumeProducing()

    def close(self) -> None:
        """Close when what was written has left."""
        # With a producer registered the transport would wait for it, not only for its buffer.
        self._forget_bytes()
        self.transport.unregisterProducer()
        self.transport.loseConnection()

    def abort(self) -> None:
        """Close now and drop what was written."""
        self.transport.abortConnection()

    def _write(self, data: bytes) -> None:
        self._count_written(len(data))
        self.transport.write(data)

    def _count_written(self, size: int) -> None:
        """Before it is written: what fills the buffer itself, a piece of a file, was written while there was room."""
        conn = self.conn
        if conn is not None and conn.buffer_full:
            self.edge.connections.written_while_blocked(conn, size)

    # IPushProducer: what the transport says about its buffer

    def pauseProducing(self) -> None:
        if self.conn is not None:
            self.edge.connections.write_blocked(self.conn)

    def resumeProducing(self) -> None:
        if self.conn is not None:
            self.edge.connections.write_drained(self.conn)

    def stopProducing(self) -> None:
        """The connection is going; ``connectionLost`` tells the rest."""


class TcpConnection(FrameStream, Protocol):
    """One accepted TCP connection."""

    def __init__(self, edge: Edge) -> None:
        self.edge = edge

    def connectionMade(self) -> None:
        self.transport.setTcpNoDelay(True)
        self.open_stream()

    def dataReceived(self, data: bytes) -> None:
        if self.conn is not None:
            self.stream_received(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.stream_lost(reason)


class TcpFactory(Factory):
    """The connections of one TCP listener."""

    noisy = False

    def __init__(self, edge: Edge) -> None:
        self._edge = edge

    def buildProtocol(self, addr: Any) -> TcpConnection:
        return TcpConnection(self._edge)
