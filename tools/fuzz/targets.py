"""What takes hostile bytes: for each target good inputs, and the errors of its own that it may raise."""

import gc
import os
import random
from collections.abc import Iterable, Sequence
from copy import copy
from typing import Any

from teamgram.gnetway.http_requests import RequestParser
from teamgram.gnetway.settings import GnetwaySettings
from teamgram.interfaces.session import DataChannelFull
from teamgram.mtproto.container import pack_gzip
from teamgram.mtproto.crypto.dh import DhPairs
from teamgram.mtproto.crypto.rsa import RsaPrivateKey
from teamgram.mtproto.envelope import AuthKey, decrypt, pack_plain, unpack_plain
from teamgram.mtproto.exchange import ServerExchange, request_nonces
from teamgram.mtproto.proxy_protocol import ProxyHeaderError, parse_proxy_header
from teamgram.mtproto.tl import TLError, decode, encode, registry, tl
from teamgram.mtproto.transport import TransportDetector
from teamgram.mtproto.transport.errors import WireError
from teamgram.net.http_head import HttpError
from teamgram.session import service_messages as wire
from teamgram.session.counts import SessionCounts
from teamgram.session.events import RpcReceived
from teamgram.session.invoke import unwrap
from teamgram.session.salts import ServerSalts
from teamgram.session.service_messages import MalformedMessage
from teamgram.session.session import Session
from teamgram.session.settings import SessionSettings
from trial_tests.gnetway.client import payload, sealed
from trial_tests.gnetway.edges import Gnetway
from trial_tests.gnetway.fakes import perm_key
from trial_tests.gnetway.test_http import post
from trial_tests.gnetway.test_websocket import handshake, masked
from trial_tests.mtproto.tl.random_objects import RandomObjects
from trial_tests.peer.exchange import ClientExchange
from trial_tests.peer.transports import TRANSPORTS
from trial_tests.session.fakes import NOW, SALT, Harness, salts, with_layer

KEY = perm_key(1)
AUTH_KEY = AuthKey(KEY.auth_key)
LIMITS = GnetwaySettings(max_frame_bytes=1 << 16)
WORDS = (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\x80", b"\x15\xc4\xb5\x1c", b"\xdc\xf8\xf1\x73")


def mutated(chance: random.Random, good: bytes, others: Sequence[bytes]) -> bytes:
    """A good input with one to four things done to it."""
    data = bytearray(good)
    for _ in range(1 + int(4 * chance.random() ** 2)):
        size = len(data)
        what = int(chance.random() * 9)
        at = int(chance.random() * (size + 1))
        if what <= 1 and at < size:
            data[at] ^= 1 << int(chance.random() * 8)
        elif what == 2 and at < size:
            data[at] = int(chance.random() * 256)
        elif what == 3:
            del data[at:]
        elif what == 4:
            data[at:at] = chance.randbytes(int(chance.random() * 20))
        elif what == 5:
            data[at & ~3 : (at & ~3) + 4] = chance.choice(WORDS)
        elif what == 6:
            other = chance.choice(others)
            data[at:] = other[min(at, len(other)) :]
        elif what == 7:
            del data[at : at + 1 + int(chance.random() * 12)]
        elif size < 4096:
            data[at:at] = data[at : at + int(chance.random() * 64)]
    return bytes(data)


def pieces(data: bytes) -> Iterable[bytes]:
    """The bytes as a stream may bring them; where they are cut depends on them alone."""
    first = data[len(data) // 2] if data else 0
    step = (1, 3, 7, 64, 65, 1 << 20)[first % 6]
    return (data[at : at + step] for at in range(0, len(data), step)) if step < 64 or first & 64 else (data,)


class Target:
    """Good inputs, and what takes one that may be bad.

    Attributes:
        share: of all inputs.
        allowed: what it may raise.
    """

    share = 1.0
    allowed: tuple[type[Exception], ...] = ()

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.good: list[bytes] = []

    def next_input(self) -> bytes:
        chance = self.chance
        if chance.random() < 0.03:
            return chance.randbytes(int(chance.random() * 200))
        return mutated(chance, chance.choice(self.good), self.good)

    def prepare(self) -> None:
        """What has to be there before an input, and does not count as time that it takes."""

    def take(self, data: bytes) -> None:
        raise NotImplementedError


class Detection(Target):
    """The first bytes of a connection, and the codec that they lead to."""

    share = 12.0
    allowed = (WireError,)

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        frames = [sealed(KEY), sealed(KEY, plaintext=payload(8, body=bytes(600))), pack_plain(4, bytes(20))]
        for make in TRANSPORTS.values():
            for _ in range(3):
                codec = make()
                stream = codec.opening() + codec.encode(frames[0]) + codec.encode(frames[1], quick_ack=True)
                self.good.append(stream + codec.encode(frames[2]))
        self.good += [handshake(), post(frames[0]), bytes(64), b"\x16\x03\x01\x02" + bytes(60)]

    def take(self, data: bytes) -> None:
        detector = TransportDetector(os.urandom, 1 << 16)
        codec = None
        for piece in pieces(data):
            if codec is None:
                codec = detector.receive_data(piece)
            else:
                codec.receive_data(piece)
            while codec is not None and codec.next_event() is not None:
                pass


class Transports(Detection):
    """A transport that was chosen, and then frames of any bytes."""

    share = 20.0

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        self._openings = [make().opening() for make in TRANSPORTS.values()]
        self.good = self.good[:21]

    def next_input(self) -> bytes:
        opening = self.chance.choice(self._openings)
        return opening + super().next_input()[len(opening) :]


class ProxyHeaders(Target):
    """The PROXY protocol header, versions 1 and 2."""

    share = 14.0
    allowed = (ProxyHeaderError,)

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        signature = b"\r\n\r\n\x00\r\nQUIT\n"
        self.good = [
            b"PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n",
            b"PROXY TCP6 2001:db8::1 2001:db8::2 56324 443\r\n",
            b"PROXY UNKNOWN\r\n",
            signature + b"\x21\x11\x00\x0c" + bytes(12),
            signature + b"\x21\x21\x00\x28" + bytes(40),
            signature + b"\x20\x00\x00\x00",
        ]

    def take(self, data: bytes) -> None:
        parse_proxy_header(data)
        if len(data) < 120:
            for end in range(0, len(data), 7):
                parse_proxy_header(data[:end])


class HttpRequests(Target):
    """Requests in a stream."""

    share = 8.0
    allowed = (HttpError,)

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        self.good = [
            post(sealed(KEY)),
            post(sealed(KEY), b"Origin: https://web.example", b"Connection: keep-alive") * 2,
            b"OPTIONS /apiw1 HTTP/1.1\r\nHost: x\r\nAccess-Control-Request-Method: POST\r\n\r\n",
            b"POST /api HTTP/1.0\r\nContent-Length: 0004\r\nTransfer-Encoding: chunked\r\n\r\nabcd",
        ]

    def take(self, data: bytes) -> None:
        parser = RequestParser(1 << 16)
        for piece in pieces(data):
            parser.receive_data(piece)
            while parser.next_request() is not None:
                pass


class Edge(Target):
    """Whole connections of one kind on the edge, session a fake behind it."""

    share = 0.6
    kind = "tcp"

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        self._gnetway: Any = None
        self._connections = 0
        frames = [pack_plain(4, ClientExchange(_rsa_key().public).start()), sealed(KEY), sealed(KEY, 8)]
        self.good = [self.stream(frames, name) for name in TRANSPORTS]

    def stream(self, frames: list[bytes], transport: str) -> bytes:
        codec = TRANSPORTS[transport]()
        return codec.opening() + b"".join(codec.encode(frame) for frame in frames)

    def prepare(self) -> None:
        if self._gnetway is None or self._connections > 200:
            self._gnetway = Gnetway(self.kind, KEY, settings=LIMITS, rsa_keys=(_rsa_key(),))
            self._connections = 0
            gc.collect()
        self._connections += 1

    def take(self, data: bytes) -> None:
        gnetway = self._gnetway
        protocol, transport = gnetway.connect()
        for piece in pieces(data):
            if transport.closed:
                break
            protocol.dataReceived(piece)
        gnetway.reactor.advance(0)
        transport.loseConnection()
        gnetway.session.frames.clear()
        gnetway.session.closed.clear()
        assert len(gnetway.service.connections) == 0, "a connection is left"


class WebSocketEdge(Edge):
    """WebSockets: the handshake, frames and what is in them."""

    share = 0.4
    kind = "websocket"

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        self._handshake = handshake()

    def stream(self, frames: list[bytes], transport: str) -> bytes:
        codec = TRANSPORTS["obfuscated_abridged"]()
        stream = codec.opening() + b"".join(codec.encode(frame) for frame in frames)
        return handshake() + masked(stream[:70]) + masked(b"", opcode=9) + masked(stream[70:])

    def next_input(self) -> bytes:
        data = super().next_input()
        # Mostly beyond the handshake, which few changes leave a handshake.
        return data if self.chance.random() < 0.3 else self._handshake + data[len(self._handshake) :]


class HttpEdge(Edge):
    """HTTP connections."""

    share = 1.0
    kind = "http"

    def stream(self, frames: list[bytes], transport: str) -> bytes:
        return b"".join(post(frame) for frame in frames)


class Exchange(Target):
    """Unencrypted messages: the steps of a key exchange, in any order."""

    share = 3.0
    allowed = (WireError, TLError)

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        self._pairs = DhPairs(os.urandom)
        client = ClientExchange(_rsa_key().public, dc=2)
        self._nonce = client.nonce
        server = self._server()
        step = client.receive(server.answer)
        assert step is not None
        answer = server.receive(step, NOW)
        assert isinstance(answer, bytes)
        last = client.receive(answer)
        assert last is not None
        self._at_last_step = server
        acks = encode(tl.msgs_ack(msg_ids=[1, 2]))
        self.good = [step, last, step, last, client.start(), acks, encode(tl.req_pq(nonce=client.nonce))]

    def _server(self) -> ServerExchange:
        """Always with the same numbers, so that the steps above fit."""
        return ServerExchange([_rsa_key()], self._pairs, 2, self._nonce, NOW, random.Random(1).randbytes)

    def take(self, data: bytes) -> None:
        request_nonces(data)
        server = copy(self._at_last_step) if len(data) % 2 else self._server()
        server.receive(data, NOW)

    def next_input(self) -> bytes:
        data = self.chance.choice(self.good)
        if self.chance.random() < 0.3:
            # Inside the encrypted parts, or behind the end.
            at = int(self.chance.random() * len(data))
            data = data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :] + bytes(len(data) % 3)
            return data
        return mutated(self.chance, data, self.good)[:1200]


class Envelope(Target):
    """Encrypted frames of a known key."""

    share = 8.0
    allowed = (WireError,)

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        self.good = [sealed(KEY, plaintext=payload(4, body=bytes(4 * size))) for size in (1, 5, 30, 200)]

    def take(self, data: bytes) -> None:
        decrypt(AUTH_KEY, data)


class Unencrypted(Target):
    """Unencrypted messages' head."""

    share = 6.0
    allowed = (WireError,)

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        self.good = [pack_plain(4, bytes(size)) for size in (4, 20, 300)]

    def take(self, data: bytes) -> None:
        unpack_plain(data)


class Objects(Target):
    """TL of every layer: random objects, broken."""

    share = 16.0
    allowed = (TLError,)

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        for number in registry.all_ids():
            try:
                decode(number.to_bytes(4, "little") + bytes(64))
            except TLError:
                pass  # what is made for a constructor on its first use is not growth
        for layer in registry.layers:
            objects = RandomObjects(chance, layer)
            names = [registry.name_of(number) for number in registry.all_ids()]
            for name in chance.sample(names, 120):
                definition = registry.definition_of(name, layer) if name else None
                if definition is not None:
                    try:
                        self.good.append(encode(objects.object(definition, 3), layer)[:4000])
                    except (TLError, IndexError, TypeError, ValueError, KeyError):
                        continue  # nothing of that type in this layer

    def take(self, data: bytes) -> None:
        decode(data)


class Wrappers(Target):
    """Wrapped queries."""

    share = 10.0
    allowed = (MalformedMessage,)

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        query = encode(tl.help.getConfig())
        after = encode(tl.invokeAfterMsgs(msg_ids=[1, 2, 3], query=with_layer(query)))
        self.good = [
            with_layer(query),
            after,
            pack_gzip(after),
            encode(tl.invokeWithoutUpdates(query=pack_gzip(with_layer(query)))),
            encode(tl.invokeWithBusinessConnection(connection_id="x" * 300, query=query)),
        ]

    def take(self, data: bytes) -> None:
        # A body of less than four bytes never comes here.
        unwrap(data.ljust(4, b"\0"), lambda packed: wire.gunzip(packed, 1 << 16))


def service_bodies() -> list[bytes]:
    """One of each message that a client may send a session."""
    long = bytes(range(8))
    return [
        encode(tl.ping(ping_id=1)),
        encode(tl.ping_delay_disconnect(ping_id=1, disconnect_delay=75)),
        encode(tl.msgs_ack(msg_ids=[1, 5, 9])),
        encode(tl.msgs_state_req(msg_ids=[int(NOW) << 32, 4])),
        encode(tl.msg_resend_req(msg_ids=[int(NOW) << 32 | 1, 5])),
        wire.UINT.pack(wire.MSG_RESEND_ANS_REQ) + encode(tl.msg_resend_req(msg_ids=[int(NOW) << 32]))[4:],
        encode(tl.msgs_state_info(req_msg_id=1, info=b"\4\4")),
        encode(tl.get_future_salts(num=3)),
        encode(tl.rpc_drop_answer(req_msg_id=int(NOW) << 32)),
        encode(tl.destroy_session(session_id=1)),
        encode(tl.http_wait(max_delay=1, wait_after=2, max_wait=3)),
        wire.UINT.pack(wire.MSG_COPY) + wire.HEADER.pack((int(NOW) << 32) - 4, 1, 4) + long[:4],
        encode(tl.help.getConfig()),
        pack_gzip(encode(tl.help.getConfig())),
        with_layer(encode(tl.help.getConfig())),
    ]


def plaintexts(chance: random.Random) -> list[bytes]:
    """Frames' plaintexts: each body alone, and containers of some."""
    bodies = service_bodies()
    made = [wire.HEADER.pack((int(NOW) << 32) + 4 * i, 2 * i + 1, len(body)) + body for i, body in enumerate(bodies)]
    for number in range(10):
        inner = sorted(chance.sample(made, 4), key=lambda one: one[:8][::-1])
        body = wire.UINT.pack(wire.MSG_CONTAINER) + wire.UINT.pack(len(inner)) + b"".join(inner)
        made.append(wire.HEADER.pack((int(NOW) << 32) + 4 * (100 + number), 40, len(body)) + body)
    return made


class Sessions(Target):
    """Decrypted frames for a session that lives through many of them."""

    share = 14.0
    allowed = (MalformedMessage,)

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        self.good = plaintexts(chance)
        self._limits = SessionSettings(inbox_limit=64, push_limit=8, unacked_limit=16)
        self._frames = 0

    def take(self, data: bytes) -> None:
        if self._frames % 40 == 0:
            self._session = Session(1, 2, ServerSalts(salts()), self._limits, SessionCounts())
        self._frames += 1
        session = self._session
        session.receive(data, SALT, NOW)
        while (event := session.next_event()) is not None:
            if isinstance(event, RpcReceived):
                session.reply(event.msg_id, b"\xb5\x75\x72\x99")
        session.outbox.add_push(b"updt")
        while session.packet(NOW) is not None:
            pass
        if self._frames % 7 == 0:
            session.connection_lost()


class Stages(Target):
    """The whole session stage: two sessions of a key, connections that come and go."""

    share = 3.0
    allowed = (DataChannelFull,)

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        self.good = plaintexts(chance)
        self._frames = 0

    def take(self, data: bytes) -> None:
        if self._frames % 500 == 0:
            self._harness = Harness(session_data_chan_size=8)
            self._clients = [self._harness.client(1), self._harness.client(2, transport="http")]
        self._frames += 1
        client = self._clients[self._frames % 5 == 0]
        if self._frames % 23 == 0:
            client.close()
        if self._frames % 11 == 0:
            client.connect()
        try:
            client.send_frame(data)
        finally:
            self._harness.clock.advance(0.01 if self._frames % 50 == 0 else 0)
            self._harness.gateway.sent.clear()
            self._harness.bff.calls.clear()


_keys: list[RsaPrivateKey] = []


def _rsa_key() -> RsaPrivateKey:
    if not _keys:
        _keys.append(RsaPrivateKey.generate())
    return _keys[0]


TARGETS: dict[str, type[Target]] = {
    "detection": Detection,
    "transports": Transports,
    "proxy_header": ProxyHeaders,
    "http_request": HttpRequests,
    "tcp_connection": Edge,
    "websocket_connection": WebSocketEdge,
    "http_connection": HttpEdge,
    "key_exchange": Exchange,
    "envelope": Envelope,
    "unencrypted": Unencrypted,
    "tl": Objects,
    "wrappers": Wrappers,
    "session": Sessions,
    "stage": Stages,
}
