"""Connections behind a PROXY header."""

from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransportWithDisconnection
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from teamgram.gnetway.proxy_protocol import HEADER_TIMEOUT, ProxyProtocolFactory

HEADER = b"PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n"


class Recorder(Protocol):
    """What lies above the header."""

    def __init__(self) -> None:
        self.received = b""
        self.peer: Any = None
        self.host: Any = None
        self.lost = 0

    def connectionMade(self) -> None:
        self.peer = self.transport.getPeer()
        self.host = self.transport.getHost()

    def dataReceived(self, data: bytes) -> None:
        self.received += data

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.lost += 1


class ProxyProtocolTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.above: list[Recorder] = []

    def connect(self, host: str) -> tuple[Protocol, StringTransportWithDisconnection]:
        def build() -> Recorder:
            self.above.append(Recorder())
            return self.above[-1]

        factory = ProxyProtocolFactory(Factory.forProtocol(build), ("10.0.0.0/8", "127.0.0.1"), self.clock)
        peer = IPv4Address("TCP", host, 4444)
        protocol = factory.buildProtocol(peer)
        transport = StringTransportWithDisconnection(peerAddress=peer)
        transport.protocol = protocol
        protocol.makeConnection(transport)
        return protocol, transport

    def test_header_one_byte_at_a_time(self) -> None:
        """The header may come in pieces of any size, and what follows it is handed on whole."""
        protocol, _ = self.connect("10.1.2.3")
        for byte in HEADER:
            self.assertIsNone(self.above[0].peer)
            protocol.dataReceived(bytes([byte]))
        protocol.dataReceived(b"first")
        above = self.above[0]
        self.assertEqual(above.peer, IPv4Address("TCP", "192.0.2.1", 56324))
        self.assertEqual(above.host, IPv4Address("TCP", "198.51.100.2", 443))
        self.assertEqual(above.received, b"first")
        self.clock.advance(HEADER_TIMEOUT + 1)
        self.assertEqual(above.lost, 0)

    def test_data_behind_the_header_in_one_segment(self) -> None:
        """The client's first bytes may arrive together with the header."""
        protocol, _ = self.connect("127.0.0.1")
        protocol.dataReceived(HEADER + b"first")
        self.assertEqual(self.above[0].received, b"first")

    def test_unnamed_peer_speaks_for_itself(self) -> None:
        """A header from an address that is not a balancer changes nothing and is data like any other."""
        protocol, transport = self.connect("192.0.2.99")
        protocol.dataReceived(HEADER)
        self.assertEqual(self.above[0].peer, transport.getPeer())
        self.assertEqual(self.above[0].received, HEADER)

    def test_balancer_without_header_is_refused(self) -> None:
        """From a balancer, bytes that begin no header end the connection, unseen by what lies above."""
        protocol, transport = self.connect("10.1.2.3")
        protocol.dataReceived(b"\xef\xef")
        self.assertTrue(transport.disconnected)
        self.assertIsNone(self.above[0].peer)
        self.assertEqual(self.above[0].lost, 0)

    def test_header_that_never_ends(self) -> None:
        """A connection that holds back its header is closed after the deadline."""
        protocol, transport = self.connect("10.1.2.3")
        protocol.dataReceived(HEADER[:10])
        self.clock.advance(HEADER_TIMEOUT + 0.1)
        self.assertTrue(transport.disconnected)

    def test_loss_before_the_header_leaves_no_timer(self) -> None:
        """A balancer's health check that only connects leaves nothing behind."""
        _, transport = self.connect("10.1.2.3")
        transport.loseConnection()
        self.assertEqual(self.clock.getDelayedCalls(), [])
