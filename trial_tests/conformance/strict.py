"""A server that is set up as an operator may: every kind of listener, narrow limits, all that can be logged."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.ssl import Certificate, optionsForClientTLS, trustRootFromCertificates
from twisted.protocols.policies import WrappingFactory
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request, Site

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from trial_tests.clients.server import free_port
from trial_tests.conformance.house import ConformanceCase, SharedServer

SECRET, PADDED_SECRET = bytes(range(0x60, 0x70)), bytes(range(0x70, 0x80))
BALANCER = "127.0.0.5"
ORIGIN = "https://web.example.org"
FIRST_FRAME_SECONDS, IDLE_SECONDS, JITTER_SECONDS, EXCHANGE_SECONDS, DEADLINE_SECONDS = 1.0, 2.0, 0.5, 1.5, 1.5
RETENTION_SECONDS, WAIT_SECONDS = 2.0, 0.3
EXCHANGES_PER_SECOND, CONNECTIONS_PER_ADDRESS = 20, 60
PROVIDER_KEY, PROVIDER_SECRET = "key-of-the-provider", "secret-of-the-provider"

PORTS = ("ipv6", "secret", "padded_secret", "websocket_secret", "tls", "wss", "proxy", "proxy_tls")


@dataclass
class CodeProvider(Resource):
    """Who sends the codes, on a port of ours: remembers them, and answers unless told to hang.

    Attributes:
        codes: the last code for each phone number.
        hangs: phone numbers whose request is never answered.
    """

    codes: dict[str, str] = field(default_factory=dict)
    hangs: set[str] = field(default_factory=set)
    isLeaf = True

    def __post_init__(self) -> None:
        super().__init__()

    def render_POST(self, request: Request) -> Any:
        """One code."""
        assert request.content is not None
        told = json.load(request.content)
        request.setHeader("Connection", "close")
        self.codes[told["phone"]] = told["code"]
        return NOT_DONE_YET if told["phone"] in self.hangs else b"{}"


class StrictServer(SharedServer):
    """See the module.

    Attributes:
        ports: of the listeners beyond the shipped ones, by ``PORTS``.
        provider: gets the sign-in codes; ``code_port`` is where, while a test listens there.
        certificates: the PEM of those that ``new_certificate`` made, newest last.
    """

    def configure(self) -> None:
        """Add the listeners and narrow the limits."""
        files = self.files
        self.ports = {name: free_port() for name in PORTS}
        self.code_port = free_port()
        self.provider = CodeProvider()
        self.certificates: list[bytes] = []
        files.data_dir.mkdir()
        self.new_certificate()
        tls: dict[str, Any] = {"CertFile": "server.pem", "KeyFile": "server.key"}
        proxy: dict[str, Any] = {"ProxyProtocolFrom": [f"{BALANCER}/32"]}

        def listener(kind: str, port: int, host: str = "127.0.0.1", **options: Any) -> dict[str, Any]:
            return {"Proto": kind, "Addresses": [f"{host}:{port}"], **options}

        self.listeners = [
            listener("tcp", files.port),
            listener("websocket", files.websocket_port, AllowedOrigins=[ORIGIN]),
            listener("http", files.http_port, AllowedOrigins=[ORIGIN]),
            listener("tcp", self.ports["ipv6"], "[::1]"),
            listener("tcp", self.ports["secret"], Secret=SECRET.hex()),
            listener("tcp", self.ports["padded_secret"], Secret="dd" + PADDED_SECRET.hex()),
            listener("websocket", self.ports["websocket_secret"], Secret=SECRET.hex()),
            listener("tcp", self.ports["tls"], **tls),
            listener("websocket", self.ports["wss"], **tls),
            listener("tcp", self.ports["proxy"], **proxy),
            listener("tcp", self.ports["proxy_tls"], **tls, **proxy),
        ]
        limits = {
            "FirstFrameTimeout": FIRST_FRAME_SECONDS,
            "IdleTimeout": IDLE_SECONDS,
            "HTTPIdleTimeout": IDLE_SECONDS,
            "IdleJitter": JITTER_SECONDS,
            "KeyExchangeTimeout": EXCHANGE_SECONDS,
            "KeyExchangesPerSecond": EXCHANGES_PER_SECOND,
            "MaxConnectionsPerAddress": CONNECTIONS_PER_ADDRESS,
        }
        provider = {
            "SendCodeUrl": f"http://127.0.0.1:{self.code_port}/",
            "Key": PROVIDER_KEY,
            "Secret": PROVIDER_SECRET,
        }
        debug: dict[str, Any] = {"Log": {"Level": "debug"}}
        files.change("gnetway.yaml", {"Gnetway": {"Server": self.listeners, "Limits": limits}} | debug)
        times = {
            "RequestDeadline": DEADLINE_SECONDS,
            "DisconnectedRetention": RETENTION_SECONDS,
            "InvokeAfterTimeout": WAIT_SECONDS,
            "HTTPResendAfter": WAIT_SECONDS,
        }
        files.change("session.yaml", {"Limits": times} | debug)
        files.change("authsession.yaml", debug)
        files.change("bff.yaml", {"Code": provider} | debug)

    async def listen_on(self, listeners: list[dict[str, Any]]) -> str:
        """Change the listeners and reload; what was logged of it."""
        self.files.change("gnetway.yaml", {"Gnetway": {"Server": listeners}})
        return await self.reload()

    def new_certificate(self) -> None:
        """Put a new certificate where the server finds it at the next reload."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"number {len(self.certificates)}")])
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        here = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
        pem = builder.add_extension(here, critical=False).sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self._write("server.pem", pem)
        self._write("server.key", private)
        self.certificates.append(pem)

    def trusting(self, number: int = -1) -> Any:
        """The client's end of TLS, which takes that one of the certificates and no other."""
        root = trustRootFromCertificates([Certificate.loadPEM(self.certificates[number])])
        return optionsForClientTLS("127.0.0.1", trustRoot=root)

    def _write(self, name: str, data: bytes) -> None:
        (Path(self.files.data_dir) / name).write_bytes(data)


class StrictCase(ConformanceCase):
    """Clients of the strict server."""

    server_class = StrictServer
    server: StrictServer

    def setUp(self) -> None:
        super().setUp()
        listening: Any = reactor
        site = WrappingFactory(Site(self.server.provider, timeout=None))
        port = listening.listenTCP(self.server.code_port, site, interface="127.0.0.1")
        self.addCleanup(self._stop, port, site)

    async def _stop(self, port: Any, site: WrappingFactory) -> None:
        """End the provider; its last answer may still be on its way out."""
        await port.stopListening()
        await self.until(lambda: not site.protocols)

    @contextmanager
    def broken(self, table: str) -> Iterator[None]:
        """A real fault: meanwhile the database has no such table."""
        database = self.server.database()
        database.execute(f"ALTER TABLE {table} RENAME TO {table}_away")
        try:
            yield
        finally:
            database.execute(f"ALTER TABLE {table}_away RENAME TO {table}")
            database.close()
