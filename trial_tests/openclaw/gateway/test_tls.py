"""TLS on the control port, and clients that know it by its fingerprint."""

import socket
import ssl
import time
import urllib.request
from typing import Any

from twisted.internet import reactor
from twisted.internet.testing import StringTransport

from teamgram.app.gateway_client import CommandFailed, Target, connect, disconnect, find_target
from teamgram.openclaw.gateway import scopes, tls
from teamgram.openclaw.gateway import server as gateway_server
from trial_tests.openclaw.house import TOKEN, House
from trial_tests.openclaw.live import LiveTestCase


class ClosedInTimeTests(LiveTestCase):
    """Peers who say no goodbye."""

    config = {"gateway": {"tls": {"enabled": True}}}

    def left_open(self, request: bytes, *, shakes_hands: bool = True) -> float:
        """Seconds until the server closes the socket of somebody who only listens. Blocks."""
        begun = time.monotonic()
        plain = socket.create_connection(("127.0.0.1", self.port), 20)
        watched = plain.dup()
        watched.settimeout(20)
        if shakes_hands:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            secured = context.wrap_socket(plain)
            secured.sendall(request)
            while secured.recv(65536):
                pass
        else:
            plain.sendall(request)
        try:
            while watched.recv(65536):
                pass
        except ConnectionResetError:
            pass
        watched.close()
        plain.close()
        return time.monotonic() - begun

    async def test_no_goodbye(self) -> None:
        """Answered, refused or too slow: the socket is closed whether or not the peer closes it."""
        self.patch(tls, "CLOSE_SECONDS", 0.2)
        self.patch(gateway_server, "_LINGER_SECONDS", 0.2)
        self.patch(gateway_server, "HEAD_SECONDS", 0.2)
        for request, shakes in (
            (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", True),
            (b"GET nonsense\r\n\r\n", True),
            (b"GET /", True),
            (b"\x16\x03\x01", False),
        ):
            await self.in_thread(lambda request=request, shakes=shakes: self.left_open(request, shakes_hands=shakes))

    def test_after_a_refusal(self) -> None:
        """What comes behind a head that was refused is not kept, and answered no more."""
        protocol = gateway_server.OpenClawProtocol(self.plane.sockets, None, "gateway")  # type: ignore[arg-type]
        transport: Any = StringTransport()
        transport.loseConnection = transport.setTcpNoDelay = lambda *ignored: None
        protocol.makeConnection(transport)
        protocol.dataReceived(b"GET nonsense\r\n\r\n")
        answer = transport.value()
        for _ in range(100):
            protocol.dataReceived(b"x" * 10_000)
        self.assertEqual((transport.value(), len(protocol._head)), (answer, 0))
        protocol.connectionLost()


class TlsTests(LiveTestCase):
    """A server with a certificate of its own making."""

    config = {"gateway": {"tls": {"enabled": True}}}

    async def connect(self, pinned: str) -> Any:
        """A connection of our own client."""
        target = Target(f"wss://127.0.0.1:{self.port}", TOKEN, pinned)
        return await connect(reactor, target, (scopes.READ,))

    @property
    def fingerprint(self) -> str:
        """The server's."""
        section = self.plane.config.sections.gateway.tls
        return tls.fingerprint(tls.files_of(section, self.plane.lifetime.data_dir)[0])

    async def test_pinned(self) -> None:
        """Who knows the fingerprint gets in, over TLS alone; its canvas is there too."""
        for pinned in (self.fingerprint, self.fingerprint.replace(":", "").lower()):
            client = await self.connect(pinned)
            self.assertTrue(client.hello["pluginSurfaceUrls"]["canvas"].startswith("https://"))
            self.assertTrue((await client.ask("health", {}))["ok"])
            await disconnect(client)

    async def test_another_certificate(self) -> None:
        """One with another fingerprint, or that nobody vouches for, is refused before anything is sent."""
        wrong = "00:" * 31 + "00"
        for pinned in (wrong, ""):
            with self.assertRaises(CommandFailed):
                await self.connect(pinned)
        self.assertEqual(self.plane.reception.counters.connects, 0)

    async def test_http(self) -> None:
        """HTTP speaks TLS too, and only that."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

        def get() -> bytes:
            url = f"https://127.0.0.1:{self.port}/healthz"
            with urllib.request.urlopen(url, timeout=5, context=context) as response:
                return bytes(response.read())

        self.assertIn(b"live", await self.in_thread(get))

    async def test_found_by_the_command_line(self) -> None:
        """Beside its server it knows the address and the certificate; elsewhere ``gateway.remote.tlsFingerprint``."""
        data_dir = self.plane.lifetime.data_dir
        found = find_target(data_dir, data_dir)
        self.assertTrue(found.url.startswith("wss://"))
        self.assertEqual(found.pinned, self.fingerprint)
        self.assertEqual(find_target(data_dir, data_dir, "wss://far", "t", "AB").pinned, "AB")
        tree = {**self.plane.config.tree}
        tree["gateway"] = {**tree["gateway"], "remote": {"tlsFingerprint": "CD"}}
        self.plane.config.replace(tree)
        self.assertEqual(find_target(data_dir, data_dir, "wss://far", "t").pinned, "CD")

    async def test_kept(self) -> None:
        """The certificate is made once; its key is nobody else's to read."""
        before = self.fingerprint
        cert, key = tls.files_of(self.plane.config.sections.gateway.tls, self.plane.lifetime.data_dir)
        self.assertEqual(key.stat().st_mode & 0o77, 0)
        tls.wrapped(None, self.plane.config.sections.gateway.tls, self.plane.lifetime.data_dir, reactor)
        self.assertEqual(self.fingerprint, before)
        cert.write_text("nothing")
        with self.assertRaises(tls.TlsError):
            tls.GatewayCertificate(cert, key)


class TailnetTests(LiveTestCase):
    """The machine's own address in a tailnet."""

    async def test_counts_as_this_machine(self) -> None:
        """Only where the operator says so, only itself, and not through a proxy."""
        house = House({"gateway": {"auth": {"token": TOKEN}, "localAddresses": ["100.64.0.7"]}})
        self.addCleanup(house.close)
        door = house.plane.door
        for ip, headers, local in (
            ("100.64.0.7", {"host": "100.64.0.7:18789"}, True),
            ("100.64.0.8", {"host": "100.64.0.7:18789"}, False),
            ("100.64.0.7", {"host": "100.64.0.7:18789", "x-forwarded-for": "1.2.3.4"}, False),
            ("100.64.0.7", {"host": "evil.example"}, False),
            ("127.0.0.1", {"host": "localhost"}, True),
        ):
            self.assertEqual(door.caller(ip, headers).local, local, (ip, headers))
        plain = self.plane.door.caller("100.64.0.7", {"host": "100.64.0.7:18789"})
        self.assertFalse(plain.local)
