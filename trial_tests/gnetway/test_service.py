"""The service on real sockets: every way a client comes in, listeners that change, and the end."""

import datetime
import os
from ipaddress import ip_address
from typing import Any

from twisted.internet import reactor as default_reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.task import deferLater
from twisted.python.failure import Failure
from twisted.python.filepath import FilePath
from twisted.trial.unittest import TestCase
from zope.interface import implementer

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from OpenSSL import SSL

from teamgram.gnetway.service import GnetwayService
from teamgram.gnetway.settings import GnetwaySettings, ListenerSettings
from teamgram.gnetway.tls import CertificateError
from teamgram.interfaces.session import SessionData
from teamgram.mtproto.crypto.rsa import RsaPrivateKey, RsaPublicKey
from trial_tests.gnetway.client import opened, payload, sealed
from trial_tests.gnetway.fakes import FakeAuthSessions, FakeSession, perm_key
from trial_tests.peer.connection import connect
from trial_tests.peer.transports import TRANSPORTS, Intermediate

reactor: Any = default_reactor
KEY = perm_key(1)
RSA_KEY = RsaPrivateKey.generate()

#: The intermediate transport's length, key id, msg_key, and 48 bytes of cipher text for a body of 4.
REPLY_BYTES = 4 + 24 + 48


def write_certificate(directory: str, name: str) -> tuple[str, str]:
    """A self-signed certificate for 127.0.0.1: (certificate file, key file)."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = os.path.join(directory, "cert.pem"), os.path.join(directory, "key.pem")
    with open(cert_file, "wb") as file:
        file.write(certificate.public_bytes(serialization.Encoding.PEM))
    with open(key_file, "wb") as file:
        file.write(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
    return cert_file, key_file


@implementer(IOpenSSLClientConnectionCreator)
class TrustAnyone:
    """A client's TLS that checks nothing; the test looks at the certificate itself."""

    def clientConnectionForTLS(self, tlsProtocol: Any) -> SSL.Connection:
        return SSL.Connection(SSL.Context(SSL.TLS_CLIENT_METHOD), None)


class Client(Protocol):
    """Collects bytes; ``received(n)`` waits for n of them."""

    def __init__(self) -> None:
        self.data = b""
        self.lost: Deferred[None] = Deferred()
        self._waiting: tuple[int, Deferred[bytes]] | None = None

    def dataReceived(self, data: bytes) -> None:
        self.data += data
        if self._waiting is not None and len(self.data) >= self._waiting[0]:
            deferred, self._waiting = self._waiting[1], None
            deferred.callback(self.data)

    def received(self, count: int) -> "Deferred[bytes]":
        deferred: Deferred[bytes] = Deferred()
        self._waiting = (count, deferred)
        self.dataReceived(b"")
        return deferred.addTimeout(5, reactor)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.lost.callback(None)


class Echo(FakeSession):
    """Answers every frame with its own payload, msg_id made a server's."""

    service: GnetwayService

    def send_data(self, data: SessionData) -> None:
        super().send_data(data)
        reply = payload(5, body=data.payload[16:])
        self.service.send_data(data.conn, data.auth_key_id, data.server_salt, data.session_id, reply)


class GnetwayServiceTests(TestCase):
    async def start(self, *listeners: ListenerSettings, settings: GnetwaySettings | None = None) -> None:
        self.session = Echo()
        self.authsessions = FakeAuthSessions(KEY)
        self.service = self.session.service = GnetwayService(
            reactor=reactor,
            listeners=listeners,
            auth_sessions=self.authsessions,
            rsa_keys=(RSA_KEY,),
            session=lambda gateway: self.session,
            settings=settings,
        )
        self.service.startService()
        self.addCleanup(self.service.stopService)
        await self.service.listening

    def port(self, index: int = 0) -> int:
        return self.service.addresses[index][2]

    async def connect(self, tls: bool = False, host: str = "127.0.0.1", index: int = 0) -> Client:
        endpoint: Any = HostnameEndpoint(reactor, host, self.port(index))
        if tls:
            endpoint = wrapClientTLS(TrustAnyone(), endpoint)
        client: Client = await endpoint.connect(Factory.forProtocol(Client))
        self.addCleanup(client.transport.abortConnection)
        return client

    async def echo(self, client: Client, opening: bytes = b"") -> None:
        """One frame there and back."""
        codec = Intermediate()
        client.transport.write(opening + codec.opening() + codec.encode(sealed(KEY)))
        frame = (await client.received(REPLY_BYTES))[4:]
        self.assertEqual(opened(KEY, frame)[1], 7)

    async def test_every_transport_makes_a_key_and_speaks(self) -> None:
        """Each transport carries a key exchange and an encrypted frame under the new key."""
        await self.start(ListenerSettings("tcp", "127.0.0.1", 0))
        for name in TRANSPORTS:
            connection = await connect("127.0.0.1", self.port(), name, reactor=reactor)
            made = await connection.make_auth_key(RsaPublicKey.from_pem(RSA_KEY.public_pem()))
            assert made.auth_key is not None
            info = self.authsessions.keys[made.auth_key.auth_key_id]
            connection.send_frame(sealed(info))
            event: Any = await connection.next_event()
            self.assertEqual(opened(info, event.payload)[1], 7, name)
            await connection.close()

    async def test_tls(self) -> None:
        """The same frames inside TLS."""
        files = write_certificate(self.mktemp_dir(), "first")
        await self.start(ListenerSettings("tcp", "127.0.0.1", 0, cert_file=files[0], key_file=files[1]))
        await self.echo(await self.connect(tls=True))

    async def test_new_certificate_disturbs_nobody(self) -> None:
        """After a reload new connections get the new certificate; old ones go on; a broken file changes nothing."""
        directory = self.mktemp_dir()
        files = write_certificate(directory, "first")
        listener = ListenerSettings("tcp", "127.0.0.1", 0, cert_file=files[0], key_file=files[1])
        await self.start(listener)
        old = await self.connect(tls=True)
        await self.echo(old)
        write_certificate(directory, "second")
        await self.service.set_listeners([listener])
        new = await self.connect(tls=True)
        await self.echo(new)
        FilePath(files[0]).setContent(b"no certificate")
        await self.service.set_listeners([listener])
        newest = await self.connect(tls=True)
        await self.echo(newest)
        names = [client.transport.getPeerCertificate().get_subject().commonName for client in (old, new, newest)]
        self.assertEqual(names, ["first", "second", "second"])
        old.data = b""
        old.transport.write(Intermediate().encode(sealed(KEY)))
        await old.received(REPLY_BYTES)

    async def test_proxy_header_before_tls(self) -> None:
        """A balancer's header comes before the client's TLS, and session hears of the client behind it."""
        files = write_certificate(self.mktemp_dir(), "first")
        for tls in (False, True):
            listener = ListenerSettings(
                "tcp",
                "127.0.0.1",
                0,
                proxy_protocol_from=("127.0.0.1",),
                cert_file=files[0] if tls else "",
                key_file=files[1] if tls else "",
            )
            await self.start(listener)
            client = await self.connect()
            client.transport.write(b"PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n")
            if tls:
                client.transport.startTLS(TrustAnyone())
            await self.echo(client)
            self.assertEqual(self.session.frames[0].client_addr, "192.0.2.1:56324")
            self.assertEqual(self.session.frames[0].local_addr, "198.51.100.2:443")
            await self.service.stopService()

    async def test_ipv6(self) -> None:
        """An IPv6 listener serves, and the address is written so that its port can be told."""
        await self.start(ListenerSettings("tcp", "::1", 0))
        await self.echo(await self.connect(host="::1"))
        self.assertTrue(self.session.frames[0].client_addr.startswith("[::1]:"))

    async def test_listeners_come_and_go(self) -> None:
        """A new set of listeners opens what is new, closes what is gone, and keeps who is connected."""
        first, second = ListenerSettings("tcp", "127.0.0.1", 0), ListenerSettings("tcp", "127.0.0.2", 0)
        await self.start(first)
        client = await self.connect()
        await self.echo(client)
        await self.service.set_listeners([second])
        self.assertEqual([host for _, host, _ in self.service.addresses], ["127.0.0.2"])
        client.data = b""
        client.transport.write(Intermediate().encode(sealed(KEY)))
        await client.received(REPLY_BYTES)
        await self.echo(await self.connect(host="127.0.0.2"))

    async def test_what_is_spoken_at_a_port_changes(self) -> None:
        """Another kind, another bind address: the port keeps its number, and who is connected goes on as before."""
        await self.start(ListenerSettings("tcp", "127.0.0.1", 0))
        port = self.port()
        await self.service.set_listeners([])
        await self.service.set_listeners([ListenerSettings("tcp", "127.0.0.1", port)])
        client = await self.connect()
        await self.echo(client)
        opened_port = next(iter(self.service.listeners._open.values())).port
        cert_file, key_file = write_certificate(self.mktemp_dir(), "first")
        with_tls = ListenerSettings("tcp", "127.0.0.1", port, cert_file=cert_file, key_file=key_file)
        await self.service.set_listeners([with_tls])
        self.assertIs(self.service.listeners._open[with_tls].port, opened_port)
        await self.echo(await self.connect(tls=True))
        everywhere = ListenerSettings("tcp", "0.0.0.0", port)
        broken = ListenerSettings("tcp", "127.0.0.1", 0, cert_file="missing.pem", key_file="missing.pem")
        with self.assertRaises(CertificateError):
            await self.service.set_listeners([everywhere, broken])
        await self.echo(await self.connect(tls=True))
        await self.service.set_listeners([everywhere])
        self.assertEqual(self.service.addresses, [("tcp", "0.0.0.0", port)])
        await self.echo(await self.connect())
        client.data = b""
        client.transport.write(Intermediate().encode(sealed(KEY)))
        await client.received(REPLY_BYTES)

    async def test_listener_that_cannot_open_changes_nothing(self) -> None:
        """When one of the new listeners cannot be opened, the old ones stay and the new ones that could are closed."""
        await self.start(ListenerSettings("tcp", "127.0.0.1", 0))
        before = self.service.addresses
        taken = ListenerSettings("tcp", "127.0.0.1", self.port())
        with self.assertRaises(CannotListenError):
            await self.service.set_listeners([ListenerSettings("tcp", "127.0.0.2", 0), taken])
        self.assertEqual(self.service.addresses, before)
        broken = ListenerSettings("tcp", "127.0.0.2", 0, cert_file="missing.pem", key_file="missing.pem")
        with self.assertRaises(CertificateError):
            await self.service.set_listeners([broken])
        self.assertEqual(self.service.addresses, before)

    async def test_clients_that_send_and_never_read(self) -> None:
        """Even when session answers without end, each such client is cut off at its bound, and others are served."""
        await self.start(
            ListenerSettings("tcp", "127.0.0.1", 0), settings=GnetwaySettings(max_send_buffer_bytes=200_000)
        )
        codec = Intermediate()
        frame = codec.encode(sealed(KEY, plaintext=payload(4, body=bytes(60_000))))
        clients = [await self.connect() for _ in range(5)]
        for client in clients:
            client.transport.pauseProducing()
            client.transport.write(codec.opening() + frame * 400)
        began = reactor.seconds()
        while len(self.service.connections) and reactor.seconds() - began < 20:
            for conn in self.service.connections:
                # What crosses the bound is the last that is written: the connection is going.
                self.assertTrue(conn.closing or conn.unsent_bytes <= 200_000)
            await deferLater(reactor, 0.01)
        self.assertEqual(len(self.service.connections), 0)
        told = {ref for ref, writable in self.session.writable if not writable}
        self.assertEqual(len(told), 5)
        await self.echo(await self.connect())

    async def test_changes_at_the_same_time(self) -> None:
        """Two reloads in one moment open a port once, and a stop behind them closes everything."""
        await self.start()
        wanted = [ListenerSettings("tcp", "127.0.0.1", 0)]
        changes = [Deferred.fromCoroutine(self.service.set_listeners(wanted)) for _ in range(2)]
        for change in changes:
            await change
        self.assertEqual(len(self.service.addresses), 1)
        change = Deferred.fromCoroutine(self.service.set_listeners([ListenerSettings("tcp", "127.0.0.2", 0)]))
        await self.service.stop_listening()
        await change
        self.assertEqual(self.service.addresses, [])

    async def test_stop_lets_what_was_written_leave(self) -> None:
        """At the end nobody new is accepted, replies already written arrive, connections close, sessions hear of it."""
        await self.start(ListenerSettings("tcp", "127.0.0.1", 0))
        client = await self.connect()
        await self.echo(client)
        client.data = b""
        ref = self.session.frames[0].conn
        self.service.send_data(ref, KEY.auth_key_id, 1, 7, payload(9, body=bytes(200_000)))
        await self.service.stopService()
        await client.lost
        self.assertGreater(len(client.data), 200_000)
        self.assertEqual(len(self.service.connections), 0)
        self.assertEqual(len(self.session.closed), 1)

    async def test_stop_does_not_wait_for_those_who_do_not_read(self) -> None:
        """A client that never reads delays the end by the drain time at most."""
        await self.start(ListenerSettings("tcp", "127.0.0.1", 0), settings=GnetwaySettings(drain_timeout=0.2))
        client = await self.connect()
        await self.echo(client)
        client.transport.pauseProducing()
        ref = self.session.frames[0].conn
        while ref.conn_id and self.service.connections.get(ref.conn_id).writable:
            self.service.send_data(ref, KEY.auth_key_id, 1, 7, payload(9, body=bytes(100_000)))
            await deferLater(reactor, 0)
        began = reactor.seconds()
        await self.service.stopService()
        self.assertLess(reactor.seconds() - began, 2)
        self.assertEqual(len(self.service.connections), 0)

    def mktemp_dir(self) -> str:
        """A directory of this test's own."""
        path = self.mktemp()
        os.makedirs(path)
        return path
