"""Listeners with TLS, behind balancers, with secrets, on IPv6; and listeners that come and go."""

import os
import socket
import struct
from collections.abc import Iterable
from typing import Any

from twisted.internet.error import ConnectError, ConnectionRefusedError

from teamgram.mtproto.envelope import pack_plain
from teamgram.mtproto.tl import encode, tl
from trial_tests.clients.server import free_port
from trial_tests.conformance.strict import (
    BALANCER,
    CONNECTIONS_PER_ADDRESS,
    EXCHANGES_PER_SECOND,
    PADDED_SECRET,
    SECRET,
    StrictCase,
)
from trial_tests.conformance.test_transports import REQ_PQ, Raw
from trial_tests.peer.connection import PeerConnection
from trial_tests.peer.transports import (
    Abridged,
    Frame,
    Full,
    Intermediate,
    Obfuscated,
    PaddedIntermediate,
    TransportError,
)

INSIDE = (Abridged, Intermediate, PaddedIntermediate)
BARE = (Abridged, Intermediate, PaddedIntermediate, Full)
FIRST = pack_plain(4, REQ_PQ)


class SecretTests(StrictCase):
    async def served(self, port: str, framing: Any) -> None:
        """A ping is answered there."""
        await self.speaks(await self.connect(framing, port=self.server.ports[port]))

    async def turned_away(self, port: str, framing: Any) -> None:
        """A first request there is answered by nothing, and closed."""
        connection = await self.connect(framing, port=self.server.ports[port])
        # More than a header, so that nothing waits for the rest of one.
        await self.unheard(connection, framing.encode(FIRST) * 3)

    async def test_who_knows_it_is_served(self) -> None:
        """Every transport that obfuscation carries, under keys that are SHA-256 of key and secret."""
        for inside in INSIDE:
            await self.served("secret", Obfuscated(inside(), secret=SECRET))

    async def test_nobody_else_is(self) -> None:
        """No secret, another secret, or no obfuscation: closed without a word."""
        for secret in (None, PADDED_SECRET, SECRET[::-1]):
            await self.turned_away("secret", Obfuscated(Intermediate(), secret=secret))
        for bare in BARE:
            await self.turned_away("secret", bare())

    async def test_dd_secret(self) -> None:
        """Admits the padded transport and no other, known or not."""
        await self.served("padded_secret", Obfuscated(PaddedIntermediate(), secret=PADDED_SECRET))
        await self.turned_away("padded_secret", Obfuscated(Abridged(), secret=PADDED_SECRET))
        await self.turned_away("padded_secret", Obfuscated(Intermediate(), secret=PADDED_SECRET))
        await self.turned_away("padded_secret", Obfuscated(PaddedIntermediate()))
        for bare in BARE:
            await self.turned_away("padded_secret", bare())

    async def test_on_a_websocket(self) -> None:
        """The same inside binary messages."""
        port = self.server.ports["websocket_secret"]
        await self.speaks(await self.websocket(Obfuscated(Abridged(), secret=SECRET), port=port))
        for secret in (None, PADDED_SECRET):
            connection = await self.websocket(Obfuscated(Abridged(), secret=secret), port=port)
            connection.send_frame(FIRST)
            await self.unheard(connection)

    async def test_first_bytes_that_no_header_may_have(self) -> None:
        """A header that begins as another transport or protocol is taken for that one, whatever is hidden in it."""
        for begin in (b"\xef", b"\xee" * 4, b"\xdd" * 4, b"HEAD", b"POST", b"GET ", b"OPTI", b"\x16\x03\x01\x02"):
            # As any of them it goes on with a length beyond the bound, so that nothing waits for more.
            chosen = (begin + b"\x7f\xff\xff\xff" + os.urandom(64))[:64]
            # What a client that does not look at its random bytes would send.
            encrypt = Obfuscated._cipher(chosen[8:56], None)
            header = chosen[:56] + encrypt(chosen[:56] + b"\xef" * 4 + bytes(4))[56:]
            connection = await self.connect(Raw())
            await self.unheard(connection, header + encrypt(Abridged().encode(FIRST)))


class Ipv6Tests(StrictCase):
    async def test_ipv6(self) -> None:
        """A listener on ::1, its clients' addresses written in brackets."""
        before = len(self.server.log())
        connection = await self.connect(host="::1", port=self.server.ports["ipv6"])
        await self.speaks(connection)
        await connection.close()
        await self.server.logged("(tcp from [::1]:", after=before)


class TlsTests(StrictCase):
    async def secured(self, number: int = -1) -> tuple[PeerConnection, PeerConnection]:
        """A TCP and a WebSocket connection inside TLS with that certificate."""
        tls = self.server.trusting(number)
        tcp = await self.connect("intermediate", port=self.server.ports["tls"], tls=tls)
        return tcp, await self.websocket(port=self.server.ports["wss"], tls=tls)

    async def test_transports_inside(self) -> None:
        """Every transport as without it, and wss."""
        for transport in ("abridged", "full", "obfuscated_padded_intermediate"):
            connection = await self.connect(transport, port=self.server.ports["tls"], tls=self.server.trusting())
            await self.speaks(connection)
        await self.speaks(await self.websocket(port=self.server.ports["wss"], tls=self.server.trusting()))

    async def test_without_it(self) -> None:
        """Who speaks no TLS there gets no MTProto."""
        connection = await self.connect(Raw(), port=self.server.ports["tls"])
        connection.write(b"\xef" + Abridged().encode(FIRST))
        await connection.until_closed(5)
        self.assertNotIn(bytes(8), connection.framing.received)  # type: ignore[attr-defined]

    async def test_certificate_is_replaced(self) -> None:
        """After SIGHUP new connections see the new one; who was there stays; a broken one changes nothing."""
        before = [await self.speaks(one) for one in await self.secured()]
        self.server.new_certificate()
        for one in await self.secured(-2):
            await self.speaks(one)  # the files alone change nothing
        self.assertIn("configuration reloaded", await self.server.reload())
        for one in await self.secured(-1):
            await self.speaks(one)
        stranger = await self.connect(port=self.server.ports["tls"], tls=self.server.trusting(-2))
        await stranger.until_closed(5)
        for session in before:
            self.assertEqual((await self.ping(session, 8)).ping_id, 8)
        good = (self.server.files.data_dir / "server.pem").read_bytes()
        (self.server.files.data_dir / "server.pem").write_bytes(b"no certificate")
        self.assertIn("server.pem", await self.server.reload())
        for one in await self.secured(-1):
            await self.speaks(one)
        (self.server.files.data_dir / "server.pem").write_bytes(good)
        self.assertEqual(len([one for one in before if not one.connection.closed]), 2)


def version_1(client: str, kind: str = "TCP4") -> bytes:
    """A PROXY header in text; the client's address and port 4711."""
    return f"PROXY {kind} {client} {client} 4711 443\r\n".encode()


def version_2(client: str = "", *, extra: bytes = b"") -> bytes:
    """A PROXY header in bytes; of a balancer that speaks for itself (LOCAL) without a client."""
    signature = b"\r\n\r\n\0\r\nQUIT\n"
    if not client:
        return signature + b"\x20\x00" + struct.pack(">H", len(extra)) + extra
    family = socket.AF_INET6 if ":" in client else socket.AF_INET
    address = socket.inet_pton(family, client)
    body = address * 2 + struct.pack(">HH", 4711, 443) + extra
    return signature + b"\x21" + (b"\x21" if ":" in client else b"\x11") + struct.pack(">H", len(body)) + body


def bytewise(data: bytes) -> Iterable[bytes]:
    """One byte at a time."""
    return [data[at : at + 1] for at in range(len(data))]


class ProxyTests(StrictCase):
    async def balanced(self, header: Iterable[bytes], **options: Any) -> PeerConnection:
        """A connection from the balancer, which sends this first."""
        options.setdefault("port", self.server.ports["proxy"])
        return await self.connect("intermediate", from_address=BALANCER, header=header, **options)

    async def told(self, connection: PeerConnection, address: str) -> None:
        """It is served, and as one that comes from there."""
        before = len(self.server.log())
        await self.speaks(connection)
        await connection.close()
        await self.server.logged(f"(tcp from {address}", after=before)

    async def test_version_1(self) -> None:
        """Addresses of both families, and UNKNOWN for what the balancer does not say."""
        await self.told(await self.balanced([version_1("192.0.2.7")]), "192.0.2.7:4711")
        await self.told(await self.balanced([version_1("2001:db8::7", "TCP6")]), "[2001:db8::7]:4711")
        await self.told(await self.balanced([b"PROXY UNKNOWN\r\n"]), f"{BALANCER}:")

    async def test_version_2(self) -> None:
        """The same in bytes, with what else a balancer adds, and LOCAL for its own checks."""
        await self.told(await self.balanced([version_2("192.0.2.8")]), "192.0.2.8:4711")
        await self.told(await self.balanced([version_2("2001:db8::8", extra=b"\x04\0\x05hello")]), "[2001:db8::8]:4711")
        await self.told(await self.balanced([version_2()]), f"{BALANCER}:")

    async def test_in_pieces(self) -> None:
        """Byte by byte, and together with the first bytes of the client."""
        for header in (version_1("192.0.2.9"), version_2("192.0.2.9")):
            await self.told(await self.balanced(bytewise(header)), "192.0.2.9:4711")
            raw = await self.connect(Raw(), from_address=BALANCER, port=self.server.ports["proxy"])
            framing = Intermediate()
            raw.write(header + framing.opening() + framing.encode(FIRST))
            await self.until(lambda raw=raw: raw.received_bytes > 4)  # type: ignore[misc]
            framing.receive_data(raw.framing.received)  # type: ignore[attr-defined]
            self.assertIsInstance(framing.next_event(), Frame)

    async def test_only_from_the_balancer(self) -> None:
        """Everybody else is served under the address they have, and a header of theirs is not believed."""
        port = self.server.ports["proxy"]
        await self.told(await self.connect("intermediate", port=port), "127.0.0.1:")
        before = len(self.server.log())
        for header in (version_1("192.0.2.66"), version_2("192.0.2.66")):
            connection = await self.connect(Raw(), port=port)
            await self.unheard(connection, header + b"\xef" + Abridged().encode(FIRST))
        self.assertNotIn("192.0.2.66", self.server.log()[before:])

    async def test_required_from_it(self) -> None:
        """Without a header, or with a broken one, the balancer is closed without a word."""
        for data in (
            b"\xef" + Abridged().encode(FIRST),
            b"PROXY TCP4 192.0.2.7\r\n" + b"\xef" + Abridged().encode(FIRST),
            b"PROXY TCP4 192.0.2.7 192.0.2.7 4711 443" + b" " * 200,
            version_2("192.0.2.7").replace(b"\x21\x11", b"\x31\x11"),
        ):
            connection = await self.connect(Raw(), from_address=BALANCER, port=self.server.ports["proxy"])
            await self.unheard(connection, data)

    async def test_before_tls(self) -> None:
        """The balancer sends its header first, then the client's TLS begins."""
        port = self.server.ports["proxy_tls"]
        for header in (version_1("192.0.2.10"), version_2("192.0.2.10")):
            connection = await self.balanced([header[:9], header[9:]], port=port, tls=self.server.trusting())
            await self.told(connection, "192.0.2.10:4711")


class AddressLimitTests(StrictCase):
    async def begin(self, address: str) -> Any:
        """What answers the first step of an exchange that comes from there."""
        connection = await self.connect(from_address=address)
        connection.send_plain(encode(tl.req_pq_multi(nonce=os.urandom(16))))
        event = await connection.next_event()
        if isinstance(event, TransportError):
            await connection.until_closed()
        await connection.close()
        return event

    async def test_too_many_key_exchanges(self) -> None:
        """-429 to an address beyond its rate, then closed; others are served, and so is it a moment later."""
        taken = 0
        while isinstance(event := await self.begin("127.0.0.7"), Frame) and taken < 1000:
            taken += 1
        self.assertEqual(event, TransportError(-429))
        self.assertGreaterEqual(taken, 2 * EXCHANGES_PER_SECOND)
        self.assertIsInstance(await self.begin("127.0.0.8"), Frame)
        await self.seconds(0.2)
        self.assertIsInstance(await self.begin("127.0.0.7"), Frame)

    async def test_too_many_connections(self) -> None:
        """One more than the limit of an address is closed at once; others are served; room comes back."""
        address, before = "127.0.0.9", len(self.server.log())
        opened: list[PeerConnection] = []
        refused = f"connection from {address}:"
        # A loop with an end, for those that were opened first are closed for their silence on a slow machine.
        while refused not in self.server.log()[before:] and len(opened) < 10 * CONNECTIONS_PER_ADDRESS:
            try:
                opened.append(await self.connect(Raw(), from_address=address))
            except ConnectError:
                break  # reset before we were told that it was made
        await self.server.logged(refused, after=before)
        self.assertGreaterEqual(len(opened), CONNECTIONS_PER_ADDRESS)
        await self.speaks(await self.connect(from_address="127.0.0.10"))
        for connection in opened:
            await connection.close()
        await self.until(lambda: self.server.log().count(f"(tcp from {address}:", before) >= CONNECTIONS_PER_ADDRESS)
        await self.speaks(await self.connect(from_address=address))


class ReloadTests(StrictCase):
    async def test_listeners_come_and_go(self) -> None:
        """A new address is served after SIGHUP, one that is gone refuses; nobody on it is disconnected by either."""
        port = free_port()
        added = {"Proto": "tcp", "Addresses": [f"127.0.0.1:{port}", f"[::1]:{port}"]}
        with self.assertRaises(ConnectionRefusedError):
            await self.connect(port=port)
        before, _ = await self.user()
        self.assertIn("configuration reloaded", await self.server.listen_on([*self.server.listeners, added]))
        on_new = await self.speaks(await self.connect(port=port))
        await self.speaks(await self.connect(host="::1", port=port))
        # The same address, now another kind: who speaks TCP there goes on, who comes speaks WebSocket.
        changed = {**added, "Proto": "websocket"}
        self.assertIn("configuration reloaded", await self.server.listen_on([*self.server.listeners, changed]))
        await self.speaks(await self.websocket(port=port))
        self.assertEqual((await self.ping(on_new, 9)).ping_id, 9)
        self.assertIn("configuration reloaded", await self.server.listen_on(self.server.listeners))
        with self.assertRaises(ConnectionRefusedError):
            await self.connect(port=port)
        for session in (before, on_new):
            self.assertEqual((await self.ping(session, 10)).ping_id, 10)
        self.assertEqual((await before.call(tl.updates.getState())).NAME, "updates.state")
