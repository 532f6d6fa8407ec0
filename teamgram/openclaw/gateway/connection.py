"""One WebSocket of the control plane: its bytes, its deadlines, its place in the event stream.

What the messages say is a dialect's business. Here: frames in and out, the
limit before and after hello, pings, closing with a reason and a deadline, and
what happens to a client that does not read.

Outgoing bytes wait in an :class:`outbox.Outbox` and leave at the end of the
reactor turn, in one piece. While the socket takes nothing more, events wait
unnumbered (so deltas of one run become one), and beyond the stated bound the
client is closed with ``slow consumer``.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from twisted.internet.error import ConnectionDone
from twisted.logger import Logger

from teamgram.net import websocket
from teamgram.openclaw.devices.token_clients import ClientGrant
from teamgram.openclaw.gateway import frames
from teamgram.openclaw.gateway.door import Visitor
from teamgram.openclaw.gateway.events import Subscriber
from teamgram.openclaw.gateway.flushing import FlushQueue
from teamgram.openclaw.gateway.outbox import Outbox
from teamgram.openclaw.gateway.socket_writer import SocketWriter

#: Written to the socket in one go; the rest waits for it to drain.
_WRITE_CHUNK = 262144
#: Who has this much to read is not listened to until he has read half of it.
_PAUSE_INPUT_BYTES = 1 << 20
_PING_SECONDS = 25.0
_PONG_SECONDS = 25.0
_CLOSE_SECONDS = 1.0
_NEVER = float("inf")


class Transport(Protocol):
    """What a connection needs of Twisted's TCP (or TLS) transport."""

    def write(self, data: bytes) -> None: ...
    def loseConnection(self) -> None: ...
    def abortConnection(self) -> None: ...
    def pauseProducing(self) -> None: ...
    def resumeProducing(self) -> None: ...
    def registerProducer(self, producer: Any, streaming: bool) -> None: ...


class Dialect(Protocol):
    """How one client speaks. Three implementations, in ``dialects/``."""

    name: str

    def opened(self) -> None:
        """The WebSocket is open; say the first word if there is one."""

    def message(self, payload: bytes) -> None:
        """A message came."""

    def closed(self) -> None:
        """The connection is gone."""


@dataclass(frozen=True, slots=True)
class Opening:
    """The HTTP request that became this WebSocket.

    Attributes:
        path: with its query.
        headers: names in lower case.
    """

    path: str
    headers: dict[str, str]
    caller: Visitor
    local_addr: str = ""
    is_secure: bool = False


#: ``auth_method`` of who came with a token of its own.
CLIENT_TOKEN = "client-token"


@dataclass(slots=True)
class KnownClient:
    """Who the client turned out to be; filled by the handshake.

    Attributes:
        grant: what let it in, where that was a token of its own.
    """

    client: dict[str, Any] = field(default_factory=dict)
    caps: frozenset[str] = frozenset()
    auth_method: str = ""
    grant: ClientGrant | None = None
    scopes: list[str] = field(default_factory=list)


class Keeper(Protocol):
    """Who keeps the connections: :class:`reception.Reception`."""

    reactor: Any
    flushes: FlushQueue
    handshake_seconds: float

    def seconds(self) -> float:
        """Unix time."""

    def handshake_ended(self, connection: "Connection") -> None:
        """It got in, or will not."""

    def slow_consumer(self) -> None:
        """One is closed because it did not read."""

    def leave(self, connection: "Connection") -> None:
        """It closes, and hears nothing more."""

    def forget(self, connection: "Connection") -> None:
        """Its socket is gone."""


class Connection:
    """One client.

    Attributes:
        conn_id: named in hello and in the logs.
        role, granted, device_id: who it is; empty until the handshake is done.
        subscriber: its place in the event stream, None before hello.
        is_open: the handshake succeeded and nothing was closed yet.
        in_flight: requests that have no answer yet.
    """

    _log = Logger()

    def __init__(self, keeper: Keeper, transport: Transport, opening: Opening) -> None:
        self._keeper = keeper
        self.opening = opening
        self.caller = opening.caller
        self.ip = opening.caller.ip
        self.conn_id = str(uuid.uuid4())
        self.role = ""
        self.granted: frozenset[str] = frozenset()
        self.device_id: str | None = None
        self.peer = KnownClient()
        self.subscriber: Subscriber | None = None
        self.is_open = False
        self.is_closing = False
        self.in_flight = 0
        self.unauthorized_role_calls = 0
        self.canvas_capability = ""
        self.dialect: Dialect
        self.outbox = Outbox()
        now = keeper.seconds()
        self._transport = transport
        self._writer = SocketWriter(transport, self.flush, keeper.seconds)
        self._reader = websocket.FrameReader(frames.MAX_PAYLOAD_BEFORE_HELLO)
        self._is_reading = False
        self._deadline = now + keeper.handshake_seconds
        self._ping_at = now + _PING_SECONDS
        self._pong_by = _NEVER
        self._close_by = _NEVER
        self._deaf = False
        self._input_paused = False
        self._flushes = keeper.flushes
        self._in_handshake = True
        self._held: Any = None

    # Bytes in

    def data_received(self, data: bytes) -> None:
        """Bytes from the socket."""
        if self._deaf:
            return
        # What is answered at once leaves at the end of this call: no need to ask for a later one.
        self._is_reading = True
        self._reader.receive_data(data)
        try:
            self._read()
        except websocket.WebSocketError as error:
            self._deaf = True
            self.close(error.code, "")
        finally:
            self._is_reading = False
        self.flush()

    def _read(self) -> None:
        while (event := self._reader.next_event()) is not None:
            if isinstance(event, websocket.WholeMessage):
                if not self.is_closing and self._held is None:
                    self.dialect.message(event.payload)
            elif isinstance(event, websocket.Ping):
                self._send_control(websocket.frame(event.payload, websocket.PONG))
            elif isinstance(event, websocket.Pong):
                self._pong_by = _NEVER
            else:
                self._peer_closes(event)
                return

    def _peer_closes(self, event: websocket.Close) -> None:
        self._deaf = True
        if not self.is_closing:
            self.close(event.code if event.code is not None else websocket.NORMAL, event.reason)
        self.flush()
        self._transport.loseConnection()

    # Bytes out

    def send(self, text: bytes) -> None:
        """Queue one message that carries no number."""
        if not self.is_closing:
            self.outbox.add_frame(websocket.header(len(text)) + text)
            self.wake()

    def _send_control(self, frame: bytes) -> None:
        self.outbox.add_frame(frame)
        self.wake()

    def wake(self) -> None:
        """Something waits in the outbox: write it at the end of this reactor turn."""
        if not self._is_reading:
            self._flushes.add(self)

    def flush(self) -> None:
        """Write what waits, as far as the socket takes it."""
        outbox, writer = self.outbox, self._writer
        while outbox.waiting and writer.writable:
            data = outbox.take(_WRITE_CHUNK)
            if data:
                writer.write(data)
        if self._input_paused or outbox.waiting_bytes > _PAUSE_INPUT_BYTES:
            self._balance_input()
            if outbox.overflowed and not self.is_closing:
                self._log.warn("{conn_id} does not read; closed as slow consumer", conn_id=self.conn_id)
                self._keeper.slow_consumer()
                self.close(websocket.POLICY, "slow consumer")

    def _balance_input(self) -> None:
        waiting = self.outbox.waiting_bytes
        if self._input_paused and waiting < _PAUSE_INPUT_BYTES // 2:
            self._input_paused = False
            self._transport.resumeProducing()
        elif not self._input_paused and waiting > _PAUSE_INPUT_BYTES:
            self._input_paused = True
            self._transport.pauseProducing()

    # Life

    def opened(self, limit_bytes: int) -> None:
        """The handshake succeeded: larger messages, no deadline."""
        self.is_open = True
        self._end_handshake()
        self._deadline = _NEVER
        self._reader.max_payload_bytes = limit_bytes

    def _end_handshake(self) -> None:
        if self._in_handshake:
            self._in_handshake = False
            self._keeper.handshake_ended(self)

    def hold(self, delay_ms: int, answer: Callable[[], None]) -> None:
        """Give an answer after ``delay_ms`` if the socket is there then; what comes meanwhile is not looked at."""
        if not delay_ms:
            answer()
        else:
            self._held = self._keeper.reactor.callLater(delay_ms / 1000, self._release, answer)

    def _release(self, answer: Callable[[], None]) -> None:
        self._held = None
        answer()
        self.flush()

    def close(self, code: int, reason: str = "") -> None:
        """Say goodbye with a reason, then give the client a second to say so too."""
        if self.is_closing:
            return
        self.is_closing = True
        self.is_open = False
        self._close_by = self._keeper.seconds() + _CLOSE_SECONDS
        # Leaving first: events that still wait may stay behind for a client that resumes.
        self._keeper.leave(self)
        self._send_control(websocket.close_frame(code, reason))

    def abort(self) -> None:
        """Drop the socket without a word."""
        self.is_closing = True
        self._transport.abortConnection()

    def check_deadlines(self, now: float) -> None:
        """Ping, time out, drop: called about twice a second for every connection."""
        if now >= self._close_by:
            self.abort()
        elif now >= self._deadline and not self.is_closing:
            self.close(websocket.NORMAL, "")
            self.flush()
        elif now >= self._pong_by:
            self._log.info("{conn_id} answers no ping; dropped", conn_id=self.conn_id)
            self.abort()
        elif now >= self._ping_at and not self.is_closing:
            self._ping_at = now + _PING_SECONDS
            self._ping(now)

    def _ping(self, now: float) -> None:
        if self._writer.writable:
            self._pong_by = min(self._pong_by, now + _PONG_SECONDS)
            self._send_control(websocket.frame(b"", websocket.PING))
            self.flush()
        elif now - self._writer.blocked_at > _PING_SECONDS + _PONG_SECONDS:
            # A ping behind what it does not read would say nothing new.
            self._log.info("{conn_id} has read nothing for long; dropped", conn_id=self.conn_id)
            self.abort()

    def connection_lost(self, reason: Any) -> None:
        """The socket is gone, whoever closed it."""
        self.is_closing = True
        self.is_open = False
        self._end_handshake()
        if self._held is not None:
            self._held.cancel()
            self._held = None
        self._writer.writable = False
        if reason is not None and not reason.check(ConnectionDone):
            self._log.debug("{conn_id} lost: {reason}", conn_id=self.conn_id, reason=reason.getErrorMessage())
        self.dialect.closed()
        self._keeper.leave(self)
        self._keeper.forget(self)
