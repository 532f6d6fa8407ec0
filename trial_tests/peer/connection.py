"""The client on a real connection: frames, quick acks, transport errors and key exchanges; sessions share it."""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from twisted.internet import protocol
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.error import ConnectionClosed
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from teamgram.mtproto.crypto.rsa import RsaPublicKey
from teamgram.mtproto.envelope import AuthKey, pack_plain, unpack_plain
from teamgram.mtproto.message_id import next_client_msg_id
from trial_tests.peer.calls import DEFAULT_TIMEOUT, CallFailed, PeerSession
from trial_tests.peer.envelope import BadFrame, open_frame
from trial_tests.peer.exchange import ClientExchange
from trial_tests.peer.transports import TRANSPORTS, Event, Frame, Transport, TransportError


class Carrier(Protocol):
    """What carries the bytes; Twisted's ``ITransport`` has these."""

    def write(self, data: bytes) -> object: ...
    def loseConnection(self) -> object: ...
    def abortConnection(self) -> object: ...
    def pauseProducing(self) -> object: ...
    def resumeProducing(self) -> object: ...


class PeerConnection:
    """One connection to a server.

    What belongs to a session goes to it, the rest waits for ``next_event``.

    Attributes:
        framing: the transport's codec.
        carrier: for raw bytes: ``carrier.write``.
        closed: the server, or we, closed it.
        received_bytes: all that came.
    """

    def __init__(self, framing: Transport, reactor: Any) -> None:
        self.framing = framing
        self.carrier: Carrier
        self.closed = False
        self.received_bytes = 0
        self.sessions: list[PeerSession] = []
        self._reactor = reactor
        self._events: deque[Event] = deque()
        self._waiting: deque[Deferred[Event]] = deque()
        self._closed_waiters: list[Deferred[None]] = []
        self._last_msg_id = 0

    # From the carrier.

    def made(self, carrier: Carrier) -> None:
        """The connection stands; sends the transport's opening bytes."""
        self.carrier = carrier
        opening = self.framing.opening()
        if opening:
            carrier.write(opening)

    def data_received(self, data: bytes) -> None:
        """Bytes from the server."""
        self.received_bytes += len(data)
        self.framing.receive_data(data)
        while (event := self.framing.next_event()) is not None:
            if not (isinstance(event, Frame) and self._to_session(event.payload)):
                self._deliver(event)

    def lost(self) -> None:
        """The connection is gone."""
        self.closed = True
        for waiter in self._waiting:
            waiter.errback(ConnectionClosed())
        self._waiting.clear()
        for closed in self._closed_waiters:
            closed.callback(None)
        self._closed_waiters.clear()

    # To the server.

    def write(self, data: bytes) -> None:
        """Raw bytes, past the transport's codec."""
        self.carrier.write(data)

    def send_frame(self, payload: bytes, *, quick_ack: bool = False) -> None:
        """One frame."""
        self.carrier.write(self.framing.encode(payload, quick_ack))

    def send_plain(self, body: bytes, *, msg_id: int | None = None) -> None:
        """An unencrypted message."""
        if msg_id is None:
            msg_id = self._last_msg_id = next_client_msg_id(self._reactor.seconds(), self._last_msg_id)
        self.send_frame(pack_plain(msg_id, body))

    async def next_event(self, within: float = DEFAULT_TIMEOUT) -> Event:
        """The next frame that belongs to no session, quick ack or transport error.

        Raises:
            ConnectionClosed: closed before it came.
            TimeoutError: (Twisted's) nothing came.
        """
        if self._events:
            return self._events.popleft()
        if self.closed:
            raise ConnectionClosed
        waiter: Deferred[Event] = Deferred(lambda cancelled: self._waiting.remove(cancelled))
        self._waiting.append(waiter)
        return await waiter.addTimeout(within, self._reactor)

    async def next_plain(self, within: float = DEFAULT_TIMEOUT) -> bytes:
        """The body of the next frame, which must be an unencrypted message."""
        event = await self.next_event(within)
        if isinstance(event, TransportError):
            raise CallFailed(event.code, "TRANSPORT")
        assert isinstance(event, Frame), event
        msg_id, body = unpack_plain(event.payload)
        assert msg_id % 4 == 1, "an answer's msg_id has remainder 1"
        return body

    async def until_closed(self, within: float = DEFAULT_TIMEOUT) -> None:
        """Return when the connection is closed."""
        if not self.closed:
            waiter: Deferred[None] = Deferred(lambda cancelled: self._closed_waiters.remove(cancelled))
            self._closed_waiters.append(waiter)
            await waiter.addTimeout(within, self._reactor)

    async def close(self) -> None:
        """Close from our side and wait until that is done."""
        if not self.closed:
            self.carrier.loseConnection()
            await self.until_closed()

    async def run_exchange(self, exchange: ClientExchange) -> ClientExchange:
        """Run a key exchange to its end; returns it for convenience.

        Raises:
            CallFailed: the server answered with a transport error.
            ExchangeFailed: or with something that does not fit.
        """
        body: bytes | None = exchange.start()
        while body is not None:
            self.send_plain(body)
            body = exchange.receive(await self.next_plain())
        return exchange

    async def make_auth_key(self, public_key: RsaPublicKey, **options: Any) -> ClientExchange:
        """A new key: its ``auth_key``, ``first_salt`` and ``server_time``.

        Args:
            options: of ``ClientExchange``: form, dc, expires_in, …
        """
        return await self.run_exchange(ClientExchange(public_key, **options))

    def open_session(self, auth_key: AuthKey, **options: Any) -> PeerSession:
        """A new session on this connection.

        Args:
            options: of ``PeerSession`` and ``ClientSession`` (salt, session_id, …).
        """
        session = PeerSession(auth_key, reactor=self._reactor, **options)
        session.attach(self)
        return session

    def _to_session(self, frame: bytes) -> bool:
        mine = [session for session in self.sessions if session.core.auth_key.id_bytes == frame[:8]]
        if not mine:
            return False
        opened = open_frame(mine[0].core.auth_key, frame)
        for session in mine:
            if session.core.session_id == opened.session_id:
                session.take(session.core.unpack(opened))
                return True
        raise BadFrame("a session that is not here")

    def _deliver(self, event: Event) -> None:
        if self._waiting:
            self._waiting.popleft().callback(event)
        else:
            self._events.append(event)


class _PeerProtocol(protocol.Protocol):
    def __init__(self, connection: PeerConnection) -> None:
        self.connection = connection

    def dataReceived(self, data: bytes) -> None:
        self.connection.data_received(data)

    def connectionLost(self, reason: Failure | None = None) -> None:
        self.connection.lost()


async def connect(
    host: str,
    port: int,
    transport: str | Transport = "abridged",
    *,
    reactor: Any = None,
    within: float = DEFAULT_TIMEOUT,
    make: Callable[[Transport, Any], PeerConnection] = PeerConnection,
    from_address: str = "",
    header: Iterable[bytes] = (),
    tls: Any = None,
) -> PeerConnection:
    """A connection to a server.

    Args:
        transport: one of ``TRANSPORTS``, or a codec of its own.
        make: of the framing and the reactor, a connection with faults of its own.
        from_address: the address of ours to come from, any if empty.
        header: what a balancer would send first, each piece in a segment of its own.
        tls: what makes the client's end of TLS, which begins behind ``header``; None for no TLS.
    """
    if reactor is None:
        from twisted.internet import reactor
    framing = TRANSPORTS[transport]() if isinstance(transport, str) else transport
    connection = make(framing, reactor)
    bind = (from_address, 0) if from_address else None
    endpoint = HostnameEndpoint(reactor, host, port, within, bindAddress=bind)
    opened: Any = await endpoint.connect(protocol.Factory.forProtocol(lambda: _PeerProtocol(connection)))
    for piece in header:
        opened.transport.setTcpNoDelay(True)
        opened.transport.write(piece)
        await deferLater(reactor, 0.002)
    if tls is not None:
        opened.transport.startTLS(tls)
    connection.made(opened.transport)
    return connection
