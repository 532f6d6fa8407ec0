"""Takes the PROXY header off a connection and shows its addresses to what lies above (TLS, TCP, WebSocket, HTTP)."""

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IAddress, IDelayedCall, IProtocol, IProtocolFactory, IReactorTime
from twisted.logger import Logger
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.python.failure import Failure

from teamgram.mtproto.proxy_protocol import ProxyHeader, ProxyHeaderError, parse_proxy_header

#: Seconds that a balancer has to send the header; it sends it at once.
HEADER_TIMEOUT = 5.0


class ProxiedConnection(ProtocolWrapper):
    """Accumulates the header, then connects the wrapped protocol with the addresses it gave."""

    _log = Logger()

    factory: "ProxyProtocolFactory"
    transport: Any
    wrappedProtocol: Any

    def __init__(self, factory: "ProxyProtocolFactory", wrapped: IProtocol) -> None:
        super().__init__(factory, wrapped)  # type: ignore[arg-type]
        self._header: ProxyHeader | None = None
        self._received = b""
        self._deadline: IDelayedCall | None = None

    def makeConnection(self, transport: Any) -> None:
        """Wait for the header; the wrapped protocol hears of the connection after it."""
        self.transport = transport
        self.connected = 1
        self.factory.registerProtocol(self)
        self._deadline = self.factory.clock.callLater(HEADER_TIMEOUT, self._refuse, "header did not come in time")

    def dataReceived(self, data: bytes) -> None:
        if self._header is not None:
            self.wrappedProtocol.dataReceived(data)
            return
        self._received += data
        try:
            parsed = parse_proxy_header(self._received)
        except ProxyHeaderError as error:
            self._refuse(str(error))
            return
        if parsed is None:
            return
        self._header, length = parsed
        rest, self._received = self._received[length:], b""
        self._stop_waiting()
        super().makeConnection(self.transport)
        if rest:
            self.wrappedProtocol.dataReceived(rest)

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        self._stop_waiting()
        if self._header is not None:
            super().connectionLost(reason)
        else:
            self.factory.unregisterProtocol(self)
            self.wrappedProtocol = None

    def getPeer(self) -> IAddress:
        peer: IAddress = self.transport.getPeer()
        if self._header is None or self._header.client_host is None:
            return peer
        return _address(self._header.client_host, self._header.client_port)

    def getHost(self) -> IAddress:
        host: IAddress = self.transport.getHost()
        if self._header is None or self._header.local_host is None:
            return host
        return _address(self._header.local_host, self._header.local_port)

    def _refuse(self, reason: str) -> None:
        self._log.warn("PROXY header from {peer} refused: {reason}", peer=self.transport.getPeer(), reason=reason)
        self._stop_waiting()
        self.transport.abortConnection()

    def _stop_waiting(self) -> None:
        if self._deadline is not None and self._deadline.active():
            self._deadline.cancel()
        self._deadline = None


class ProxyProtocolFactory(WrappingFactory):
    """Expects the header from the balancers named, and from nobody else.

    A peer that is not named is served under its own address: a header from
    it would be a claim that anybody can make.
    """

    protocol = ProxiedConnection

    def __init__(self, wrapped: IProtocolFactory, balancers: tuple[str, ...], clock: IReactorTime) -> None:
        """
        Args:
            balancers: addresses or networks in CIDR form.

        Raises:
            ValueError: one of them is neither.
        """
        super().__init__(wrapped)
        self.clock = clock
        self._networks: list[IPv4Network | IPv6Network] = [ip_network(network) for network in balancers]

    def buildProtocol(self, addr: Any) -> Any:
        if not self.is_balancer(addr.host):
            return self.wrappedFactory.buildProtocol(addr)
        return super().buildProtocol(addr)

    def is_balancer(self, host: str) -> bool:
        """Whether that address is one of those named."""
        address = ip_address(host.partition("%")[0])
        mapped = getattr(address, "ipv4_mapped", None)
        return any((mapped or address) in network for network in self._networks)


def _address(host: str, port: int) -> IPv4Address | IPv6Address:
    return IPv6Address("TCP", host, port) if ":" in host else IPv4Address("TCP", host, port)
