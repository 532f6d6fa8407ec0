"""One port, two protocols: the first request's header says whether it becomes a WebSocket or stays HTTP.

Any path may be upgraded. Refused upgrades get a plain 403 (a ``Host`` that is
none of ours) or 503 (draining, too many sockets of one address that have not
signed in).
"""

from typing import Any

from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.logger import Logger
from twisted.protocols.policies import ProtocolWrapper
from twisted.python.failure import Failure

from teamgram.net import websocket
from teamgram.net.http_head import HttpError, RequestHead, find_end, parse_head, refusal
from teamgram.openclaw.gateway.connection import Connection, Opening
from teamgram.openclaw.gateway.http import HttpGate
from teamgram.openclaw.gateway.http_channel import HEAD_SECONDS, GatewayChannel
from teamgram.openclaw.gateway.sockets import Sockets

#: What a port is for: everything, the small dialect, canvas documents.
GATEWAY, MINI, CANVAS = "gateway", "mini", "canvas"
#: What was refused may close its socket so long.
_LINGER_SECONDS = 5.0


class OpenClawProtocol(Protocol):
    """Reads the head of the first request, then becomes one of the two."""

    _log = Logger()

    def __init__(self, sockets: Sockets, gate: HttpGate, kind: str) -> None:
        self._sockets = sockets
        self._gate = gate
        self._kind = kind
        self._head = bytearray()
        self._connection: Connection | None = None
        self._timeout: Any = None
        self._refused = False

    def connectionMade(self) -> None:
        """Called by Twisted."""
        self.transport.setTcpNoDelay(True)  # type: ignore[union-attr]
        self._timeout = self._sockets.reactor.callLater(HEAD_SECONDS, self._too_slow)

    def _too_slow(self) -> None:
        self._timeout = None
        self.transport.abortConnection()  # type: ignore[union-attr]

    def _in_time(self) -> None:
        if self._timeout is not None:
            self._timeout.cancel()
            self._timeout = None

    def dataReceived(self, data: bytes) -> None:
        """Called by Twisted."""
        if self._connection is not None:
            self._connection.data_received(data)
            return
        if self._refused:
            return
        searched = len(self._head)
        self._head += data
        try:
            end = find_end(self._head, searched)
            if end < 0:
                return
            self._in_time()
            head = parse_head(bytes(self._head[:end]))
        except HttpError as error:
            self._in_time()
            self._refuse(error.status, str(error))
            return
        if head.method == b"GET" and head.headers.get(b"upgrade", b"").lower() == b"websocket":
            self._become_websocket(head, bytes(self._head[end + 4 :]))
        else:
            self._become_http()

    def _become_http(self) -> None:
        transport: Any = self.transport
        channel = GatewayChannel(self._gate, self._sockets.reactor)
        if isinstance(transport, ProtocolWrapper):  # TLS.
            transport.wrappedProtocol = channel
        else:
            transport.protocol = channel
        channel.makeConnection(transport)
        channel.dataReceived(bytes(self._head))

    def _become_websocket(self, head: RequestHead, rest: bytes) -> None:
        sockets, transport = self._sockets, self.transport
        assert transport is not None
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in head.headers.items()}
        caller = sockets.door.caller(getattr(transport.getPeer(), "host", "") or "", headers)
        if self._kind == CANVAS:
            self._refuse(404, "there are only documents here")
            return
        turned_away = sockets.door.turned_away(caller)
        if turned_away is not None:
            self._refuse(403, turned_away)
            return
        if sockets.is_full(caller):
            self._refuse(503, "Gateway websocket admission closed")
            return
        try:
            response = websocket.accept_response(headers)
        except ValueError as error:
            self._refuse(400, str(error))
            return
        host, is_secure = getattr(transport.getHost(), "host", ""), isinstance(transport, ProtocolWrapper)
        opening = Opening(head.target.decode("latin-1"), headers, caller, host, is_secure)
        is_mini = self._kind == MINI
        self._connection = sockets.connect(transport, opening, response, mini=is_mini)  # type: ignore[arg-type]
        self._head.clear()
        self._connection.data_received(rest)

    def _refuse(self, status: int, text: str) -> None:
        # What such a peer still sends is nobody's, and its socket is gone soon whether or not it closes it.
        self._refused = True
        self._head.clear()
        self._in_time()
        self._timeout = self._sockets.reactor.callLater(_LINGER_SECONDS, self._too_slow)
        self.transport.write(refusal(status, text))  # type: ignore[union-attr]
        self.transport.loseConnection()  # type: ignore[union-attr]

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Called by Twisted."""
        self._in_time()
        if self._connection is not None:
            self._connection.connection_lost(reason)


class OpenClawFactory(Factory):
    """Makes the protocol of an accepted socket."""

    noisy = False

    def __init__(self, sockets: Sockets, gate: HttpGate, kind: str = GATEWAY) -> None:
        """Args:
        kind: what the port is for.
        """
        self._sockets = sockets
        self._gate = gate
        self._kind = kind

    def buildProtocol(self, addr: Any) -> OpenClawProtocol:
        """Called by Twisted."""
        return OpenClawProtocol(self._sockets, self._gate, self._kind)
