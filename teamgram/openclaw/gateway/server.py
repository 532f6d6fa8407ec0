"""One port, two protocols: the first request's header says whether it becomes a WebSocket or stays HTTP.

Any path may be upgraded. Refused upgrades (draining, too many sockets of one
address that have not signed in) get a plain 503.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from twisted.internet.interfaces import IProtocol
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.server import Site

from teamgram.openclaw.gateway import websocket
from teamgram.openclaw.gateway.connection import Connection, Opening
from teamgram.openclaw.gateway.http import MAX_BODY, RouteResource
from teamgram.openclaw.gateway.http_core import is_loopback

if TYPE_CHECKING:
    from teamgram.openclaw.control_plane import ControlPlane

_MAX_HEADER_BYTES = 16384
_HEADER_SECONDS = 15.0


def parse_request_head(head: bytes) -> tuple[str, str, dict[str, str]]:
    """(method, path, headers with names in lower case) of an HTTP request's head.

    Raises:
        ValueError: it is none.
    """
    lines = head.decode("latin-1").split("\r\n")
    method, path, version = lines[0].split(" ")
    if not version.startswith("HTTP/1."):
        raise ValueError("not HTTP/1")
    headers: dict[str, str] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon:
            raise ValueError("header line without a colon")
        name = name.lower()
        headers[name] = f"{headers[name]}, {value.strip()}" if name in headers else value.strip()
    return method, path, headers


class OpenClawProtocol(Protocol):
    """Reads the head of the first request, then becomes one of the two."""

    _log = Logger()

    def __init__(self, plane: "ControlPlane", make_http: Callable[[Any], IProtocol | None], *, mini: bool) -> None:
        self._plane = plane
        self._make_http = make_http
        self._mini = mini
        self._head = b""
        self._connection: Connection | None = None
        self._timeout: Any = None

    def connectionMade(self) -> None:
        """Called by Twisted."""
        self.transport.setTcpNoDelay(True)  # type: ignore[union-attr]
        self._timeout = self._plane.reactor.callLater(_HEADER_SECONDS, self._too_slow)

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
        self._head += data
        end = self._head.find(b"\r\n\r\n")
        if end < 0:
            if len(self._head) > _MAX_HEADER_BYTES:
                self._in_time()
                self.transport.abortConnection()  # type: ignore[union-attr]
            return
        self._in_time()
        try:
            method, path, headers = parse_request_head(self._head[:end])
        except ValueError:
            self._become_http()
            return
        if method == "GET" and headers.get("upgrade", "").lower() == "websocket":
            self._become_websocket(path, headers, self._head[end + 4 :])
        else:
            self._become_http()

    def _become_http(self) -> None:
        transport, data = self.transport, self._head
        address = transport.getPeer()  # type: ignore[union-attr]
        protocol = self._make_http(address)
        if protocol is None:
            transport.loseConnection()  # type: ignore[union-attr]
            return
        transport.protocol = protocol  # type: ignore[union-attr]
        protocol.makeConnection(transport)  # type: ignore[arg-type]
        protocol.dataReceived(data)

    def _become_websocket(self, path: str, headers: dict[str, str], rest: bytes) -> None:
        plane, transport = self._plane, self.transport
        assert transport is not None
        ip, loopback = self._address(headers)
        if plane.draining or plane.waiting_from(ip) >= plane.max_handshakes_per_ip:
            self._refuse(503, "Service Unavailable", "Gateway websocket admission closed")
            return
        try:
            response = websocket.accept_response(headers)
        except ValueError as error:
            self._refuse(400, "Bad Request", str(error))
            return
        opening = Opening(path, headers, ip, loopback, getattr(transport.getHost(), "host", ""))
        self._connection = plane.connect(transport, opening, response, mini=self._mini)  # type: ignore[arg-type]
        self._head = b""
        self._connection.data_received(rest)

    def _address(self, headers: dict[str, str]) -> tuple[str, bool]:
        """The client's address; what a proxy forwards counts only from a configured proxy, and is never local."""
        ip = getattr(self.transport.getPeer(), "host", "") or ""  # type: ignore[union-attr]
        forwarded = headers.get("x-forwarded-for")
        if forwarded is None:
            return ip, is_loopback(ip)
        if ip in self._plane.config.sections.gateway.trusted_proxies:
            client = forwarded.rpartition(",")[2].strip()
            return client, False
        return ip, False

    def _refuse(self, status: int, reason: str, text: str) -> None:
        body = text.encode()
        self.transport.write(  # type: ignore[union-attr]
            b"HTTP/1.1 %d %b\r\nConnection: close\r\n"
            b"Content-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n\r\n%b"
            % (status, reason.encode(), len(body), body)
        )
        self.transport.loseConnection()  # type: ignore[union-attr]

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Called by Twisted."""
        self._in_time()
        if self._connection is not None:
            self._connection.connection_lost(reason)


class OpenClawFactory(Factory):
    """Makes the protocol of an accepted socket; ``mini`` for the small dialect's own port."""

    noisy = False

    def __init__(self, plane: "ControlPlane", resource: RouteResource, *, mini: bool = False) -> None:
        self._plane = plane
        self._mini = mini
        self._site = Site(resource, reactor=plane.reactor)
        self._site.noisy = False
        self._site.log = lambda request: None  # type: ignore[method-assign]
        self._site.requestFactory.maxBody = MAX_BODY  # type: ignore[attr-defined]

    def doStart(self) -> None:
        """Called by Twisted."""
        super().doStart()
        self._site.doStart()

    def doStop(self) -> None:
        """Called by Twisted."""
        self._site.doStop()
        super().doStop()

    def buildProtocol(self, addr: Any) -> OpenClawProtocol:
        """Called by Twisted."""
        return OpenClawProtocol(self._plane, self._site.buildProtocol, mini=self._mini)
