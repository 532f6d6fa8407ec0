"""A SOCKS5 proxy (RFC 1928) as small as a test needs it: a name and a password, CONNECT to an IPv4 address."""

from collections.abc import Callable
from socket import inet_ntoa
from typing import Any

from twisted.internet import endpoints, protocol
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure

NAME, PASSWORD = "ada", "lovelace"
_CREDENTIALS = bytes([1, len(NAME)]) + NAME.encode() + bytes([len(PASSWORD)]) + PASSWORD.encode()


class _Far(protocol.Protocol):
    """The connection to where the client wanted to go."""

    transport: Any

    def __init__(self, near: "_Near") -> None:
        self._near = near

    def dataReceived(self, data: bytes) -> None:
        self._near.transport.write(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._near.transport.loseConnection()


class _Near(protocol.Protocol):
    """A client's connection: greeting, credentials, request, then bytes both ways."""

    transport: Any
    factory: "SocksProxy"

    def __init__(self) -> None:
        self._buffer = b""
        self._step: Callable[[bytes], int] = self._greeting
        self._far: _Far | None = None

    def dataReceived(self, data: bytes) -> None:
        if self._far is not None:
            self._far.transport.write(data)
            return
        self._buffer += data
        while taken := self._step(self._buffer):
            self._buffer = self._buffer[taken:]

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self._far is not None:
            self._far.transport.loseConnection()

    def _greeting(self, data: bytes) -> int:
        length = 2 + data[1] if len(data) >= 2 else 2
        if len(data) < length:
            return 0
        if data[0] != 5 or 2 not in data[2:length]:
            raise AssertionError(f"no greeting of SOCKS5 with a password: {data!r}")
        self.transport.write(b"\x05\x02")
        self._step = self._credentials
        return length

    def _credentials(self, data: bytes) -> int:
        if len(data) < len(_CREDENTIALS):
            return 0
        if not data.startswith(_CREDENTIALS):
            raise AssertionError(f"other credentials: {data!r}")
        self.transport.write(b"\x01\x00")
        self._step = self._request
        return len(_CREDENTIALS)

    def _request(self, data: bytes) -> int:
        if len(data) < 10:
            return 0
        if data[:4] != b"\x05\x01\x00\x01":
            raise AssertionError(f"no CONNECT to an IPv4 address: {data!r}")
        host, port = inet_ntoa(data[4:8]), int.from_bytes(data[8:10])
        self.factory.asked.add(f"{host}:{port}")
        far = endpoints.TCP4ClientEndpoint(self.factory.reactor, host, port)
        connecting = endpoints.connectProtocol(far, _Far(self))
        connecting.addCallbacks(self._connected, lambda _: self.transport.loseConnection())
        self._step = lambda _: 0
        return 10

    def _connected(self, far: _Far) -> None:
        self._far = far
        self.transport.write(b"\x05\x00\x00\x01" + bytes(6))
        far.transport.write(self._buffer)


class SocksProxy(protocol.Factory):
    """Where it was asked to connect to is in ``asked``, "host:port"."""

    protocol: Any = _Near
    noisy = False

    def __init__(self, reactor: Any) -> None:
        self.reactor = reactor
        self.asked: set[str] = set()

    async def listen(self) -> Any:
        """Its listening port, on loopback."""
        return await endpoints.TCP4ServerEndpoint(self.reactor, 0, interface="127.0.0.1").listen(self)
