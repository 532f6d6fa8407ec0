"""The port between roles: TLS with certificates of both ends, gRPC's health check and reflection, a link over it."""

import asyncio
import ssl
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from grpclib.client import Channel
from grpclib.health.v1.health_grpc import HealthStub
from grpclib.health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpclib.reflection.v1.reflection_grpc import ServerReflectionStub
from grpclib.reflection.v1.reflection_pb2 import ServerReflectionRequest

from teamgram.app.config.sections import ClusterSection
from teamgram.app.roles.neighbours import Trust, trust
from teamgram.cluster.addresses import split_address
from teamgram.cluster.links import MemberLinks
from teamgram.cluster.member_server import MemberServer
from teamgram.cluster.protos import member_pb2
from teamgram.cluster.remote_sessions import RemoteSessions
from teamgram.cluster.server import NeighboursPort
from teamgram.cluster.session_server import RemoteGateways, SessionServer
from teamgram.interfaces.session import ConnRef
from trial_tests.clients.server import free_port
from trial_tests.cluster.test_frames import GNETWAY, Edge, Sessions, frame


def write_certificates(directory: Path) -> ClusterSection:
    """An authority and one certificate of it for 127.0.0.1."""
    directory.mkdir(parents=True)
    now = datetime.now(UTC)
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "authority")])
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "member")])

    def certificate(subject: x509.Name, public: Any, extension: Any, critical: bool) -> bytes:
        built = x509.CertificateBuilder().subject_name(subject).issuer_name(ca_name).public_key(public)
        built = built.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(1))
        built = built.not_valid_after(now + timedelta(1)).add_extension(extension, critical)
        return built.sign(ca_key, hashes.SHA256()).public_bytes(Encoding.PEM)

    here = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    files = {
        "ca.pem": certificate(ca_name, ca_key.public_key(), x509.BasicConstraints(True, None), True),
        "node.pem": certificate(name, key.public_key(), here, False),
        "node.key": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    }
    for file, content in files.items():
        (directory / file).write_bytes(content)
    return ClusterSection(CertFile="node.pem", KeyFile="node.key", CAFile="ca.pem")


async def until(seen: Any) -> None:
    """Let the loop go round until that is so."""
    while not seen():  # noqa: ASYNC110 (what is waited for says nothing)
        await asyncio.sleep(0.005)


class NeighboursPortTests(SynchronousTestCase):
    """Over a real socket, on a loop of its own."""

    def run_async(self, coroutine: Coroutine[Any, Any, None]) -> None:
        asyncio.run(asyncio.wait_for(coroutine, 20))

    async def opened(self, address: str, services: list[Any], tls: ssl.SSLContext | None) -> NeighboursPort:
        port = NeighboursPort(address, services, tls)
        await port.start().asFuture(asyncio.get_running_loop())
        return port

    async def closed(self, port: NeighboursPort) -> None:
        await port.stop().asFuture(asyncio.get_running_loop())

    def trust(self) -> Trust:
        directory = Path(self.mktemp())
        return trust(write_certificates(directory), directory, [])

    def test_health_and_reflection(self) -> None:
        """What proxies and grpcurl ask, over TLS; who shows no certificate is told nothing."""

        async def play() -> None:
            between, address = self.trust(), f"127.0.0.1:{free_port()}"
            member = MemberServer(member_pb2.MemberStatus, lambda: None)
            port = await self.opened(address, [member], between.server)
            channel = Channel(*split_address(address), ssl=between.client)
            health = HealthStub(channel)
            status = HealthCheckResponse.ServingStatus
            self.assertEqual((await health.Check(HealthCheckRequest())).status, status.UNKNOWN)
            for serving, wanted in ((True, status.SERVING), (False, status.NOT_SERVING)):
                port.serving(serving)
                asked = HealthCheckRequest(service="teamgram.cluster.v1.Member")
                self.assertEqual((await health.Check(asked)).status, wanted)
            [answer] = await ServerReflectionStub(channel).ServerReflectionInfo(
                [ServerReflectionRequest(list_services="")]
            )
            names = {service.name for service in answer.list_services_response.service}
            self.assertLessEqual({"teamgram.cluster.v1.Member", "grpc.health.v1.Health"}, names)
            channel.close()
            stranger = ssl.create_default_context()
            stranger.check_hostname, stranger.verify_mode = False, ssl.CERT_NONE
            stranger.set_alpn_protocols(["h2"])
            with self.assertRaises(Exception):  # noqa: B017 (whatever the connection's end is seen as)
                outside = Channel(*split_address(address), ssl=stranger)
                try:
                    await asyncio.wait_for(HealthStub(outside).Check(HealthCheckRequest()), 5)
                finally:
                    outside.close()
            await self.closed(port)

        self.run_async(play())

    def test_a_link_comes_again(self) -> None:
        """Frames and answers over a real stream; when its port has closed and is open again, so is the link."""

        async def play() -> None:
            between, address = self.trust(), f"127.0.0.1:{free_port()}"
            edge, sessions, gateways = Edge(), Sessions(), RemoteGateways()
            server = SessionServer(sessions, gateways, None)  # type: ignore[arg-type]
            inbound = RemoteSessions(edge, GNETWAY, lambda number: number in edge.open, lambda *_: None)
            links = MemberLinks(inbound, between.client)
            inbound.use(links)
            port = await self.opened(address, [server], between.server)
            links.set_members(frozenset((address,)))
            for number in range(2):
                await until(lambda: links.reachable and gateways.streams)
                inbound.send_data(frame(conn_id=number + 1))
                await until(lambda: len(sessions.taken) == number + 1)  # noqa: B023
                gateways.send_data(ConnRef(GNETWAY, number + 1), 77, -3, 5, b"answer")
                await until(lambda: len(edge.written) == number + 1)  # noqa: B023
                server.leave()
                await self.closed(port)
                await until(lambda: not links.reachable)
                self.assertEqual([conn_id for conn_id, _ in edge.closed], [1, 2][: number + 1])
                edge.open.discard(number + 1)
                inbound.close_session(77, 77, 5, ConnRef(GNETWAY, number + 1))
                port = await self.opened(address, [server], between.server)
            await until(lambda: links.reachable)
            await links.close()
            await self.closed(port)

        self.run_async(play())
