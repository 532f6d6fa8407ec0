"""A gnetway without sockets: the service on a memory reactor, and transports that remember."""

from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.protocol import Protocol
from twisted.internet.testing import MemoryReactorClock, StringTransportWithDisconnection

from teamgram.gnetway.service import GnetwayService
from teamgram.gnetway.settings import GnetwaySettings, ListenerSettings
from teamgram.interfaces.documents import Documents
from teamgram.interfaces.keys import AuthKeyInfo
from teamgram.mtproto.crypto.rsa import RsaPrivateKey
from trial_tests.gnetway.fakes import FakeAuthSessions, FakeSession

NOW = 1_800_000_000.0


class Transport(StringTransportWithDisconnection):
    """Counts what a real one is asked; a client that does not read is ``fill()``."""

    def __init__(self, host: str) -> None:
        super().__init__(
            hostAddress=IPv4Address("TCP", "127.0.0.1", 10443), peerAddress=IPv4Address("TCP", host, 40000)
        )
        self.no_delay = False

    def setTcpNoDelay(self, enabled: bool) -> None:
        self.no_delay = enabled

    def unregisterProducer(self) -> None:
        self.producer = None  # a real one does not mind if there was none

    def getTcpNoDelay(self) -> bool:
        return self.no_delay

    @property
    def closed(self) -> bool:
        """Whether our side closed or aborted it."""
        return not self.connected

    def taken(self) -> bytes:
        """What was written since the last call."""
        data = self.value()
        self.clear()
        return data


class Gnetway:
    """One listener of the given kind, started; its neighbours are fakes."""

    def __init__(
        self,
        kind: str,
        *keys: AuthKeyInfo,
        settings: GnetwaySettings | None = None,
        listener: ListenerSettings | None = None,
        rsa_keys: tuple[RsaPrivateKey, ...] = (),
        documents: Documents | None = None,
    ) -> None:
        self.reactor = MemoryReactorClock()
        self.reactor.advance(NOW)
        self.authsessions = FakeAuthSessions(*keys)
        self.session = FakeSession()
        self.service = GnetwayService(
            reactor=self.reactor,
            listeners=[listener or ListenerSettings(kind, "127.0.0.1", 10443)],
            auth_sessions=self.authsessions,
            rsa_keys=rsa_keys,
            settings=settings,
            random=lambda: 0.0,
            session=lambda gateway: self.session,
            documents=documents,
            listen=lambda reactor, host, port, factory: reactor.listenTCP(port, factory, interface=host),
        )
        self.service.startService()

    def connect(self, host: str = "192.0.2.1") -> tuple[Protocol, Transport]:
        """A client connects to the listener."""
        factory = self.reactor.tcpServers[0][1]
        transport = Transport(host)
        protocol: Any = factory.buildProtocol(transport.getPeer())
        transport.protocol = protocol
        protocol.makeConnection(transport)
        return protocol, transport

    def pass_seconds(self, seconds: int) -> None:
        """Let time pass a second at a time, as the wheel sees it."""
        for _ in range(seconds):
            self.reactor.advance(1)
