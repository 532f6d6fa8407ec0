"""The neighbours of the session stage, and a client's side of a session, for tests."""

import struct
import zlib
from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from teamgram.bff.devices_here import DevicesHere
from teamgram.cache.bus import MemoryBus
from teamgram.interfaces.keys import AuthKeyType, ClientInfo, FutureSalt
from teamgram.interfaces.rpc import RpcError, RpcRequest
from teamgram.interfaces.session import ConnRef, KeyBound, SessionData
from teamgram.interfaces.updates import PushedUpdates, Receiver
from teamgram.session import service_messages as wire
from teamgram.session.service import SessionService
from teamgram.session.settings import SessionSettings

NOW = 1_800_000_000.0
SALT = 0x1111
OLD_SALT = 0x2222
NEXT_SALT = 0x3333
KEY = 77
USER = 1001

GET_CONFIG = struct.pack("<I", 0xC4F9186B)
GET_FILE = struct.pack("<I", 0xBE5335BE)
GET_NEAREST_DC = struct.pack("<I", 0x1FB33026)
GET_STATE = struct.pack("<I", 0xEDD4882A)
BIND_TEMP_AUTH_KEY = struct.pack("<I", 0xCDD42A05)
SAVE_FILE_PART = struct.pack("<I", 0xB304A621)
GET_ALL_DRAFTS = struct.pack("<I", 0x6A3F8D65)
PEERS = struct.pack("<I", 0x9D429ED9)

METHODS = {
    0xC4F9186B: "help.getConfig",
    0x1FB33026: "help.getNearestDc",
    0xEDD4882A: "updates.getState",
    0xCDD42A05: "auth.bindTempAuthKey",
    0xB304A621: "upload.saveFilePart",
    0xBE5335BE: "upload.getFile",
    0x6A3F8D65: "messages.getAllDrafts",
    0x12345678: "nobody.knowsThisMethod",
}
ID_MAP = {
    "/mtproto.RPCConfiguration": "bff.bff",
    "/mtproto.RPCUpdates": "bff.bff",
    "/mtproto.RPCAuthorization": "bff.bff",
    "/mtproto.RPCFiles": "bff.bff",
}
BOOL_TRUE = struct.pack("<I", 0x997275B5)


def salts(now: float = NOW) -> list[FutureSalt]:
    """Three overlapping salts: an old one, the current one, the next one."""
    start = int(now)
    return [
        FutureSalt(start - 3000, start + 600, OLD_SALT),
        FutureSalt(start - 1200, start + 2400, SALT),
        FutureSalt(start + 600, start + 4200, NEXT_SALT),
    ]


class FakeGateway:
    """Keeps what was sent, as (conn, session_id, payload)."""

    def __init__(self) -> None:
        self.sent: list[tuple[ConnRef, int, bytes]] = []
        self.salts_sent: list[int] = []
        self.gone: set[ConnRef] = set()
        self.resumed: list[ConnRef] = []
        self.closed: list[tuple[ConnRef, str]] = []
        self.forgotten: list[int] = []
        self.changed: list[KeyBound] = []

    def send_data(self, conn: ConnRef, auth_key_id: int, server_salt: int, session_id: int, payload: bytes) -> bool:
        if conn in self.gone:
            return False
        self.sent.append((conn, session_id, payload))
        self.salts_sent.append(server_salt)
        return True

    def resume_reading(self, conn: ConnRef) -> None:
        self.resumed.append(conn)

    def close(self, conn: ConnRef, reason: str) -> None:
        self.closed.append((conn, reason))

    def forget_auth_key(self, auth_key_id: int) -> None:
        self.forgotten.append(auth_key_id)

    def key_bound(self, key: KeyBound) -> None:
        self.changed.append(key)


class FakeAuthSessions:
    """Answers at once, or when ``release`` is called after ``hold``."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.users: dict[int, int] = {KEY: USER}
        self.clients: dict[int, ClientInfo] = {KEY: ClientInfo(layer=200, api_id=1, client_addr="10.0.0.1:5")}
        self.saved: list[tuple[int, ClientInfo]] = []
        self.asked_salts: list[int] = []
        self.destroyed: list[int] = []
        self.failing = False
        self._held: list[Deferred[None]] | None = None

    def hold(self) -> None:
        self._held = []

    def release(self) -> None:
        held, self._held = self._held or [], None
        for waiting in held:
            waiting.callback(None)

    async def _wait(self) -> None:
        if self._held is not None:
            waiting: Deferred[None] = Deferred()
            self._held.append(waiting)
            await waiting
        if self.failing:
            raise OSError("the database is away")

    async def future_salts(self, auth_key_id: int, now: int, count: int) -> Sequence[FutureSalt]:
        self.asked_salts.append(auth_key_id)
        await self._wait()
        return salts(now)

    async def get_client(self, perm_auth_key_id: int) -> tuple[int, ClientInfo]:
        await self._wait()
        return self.users.get(perm_auth_key_id, 0), self.clients.get(perm_auth_key_id, ClientInfo())

    async def set_client(self, perm_auth_key_id: int, client: ClientInfo, now: int) -> None:
        self.saved.append((perm_auth_key_id, client))

    async def touch(self, perm_auth_key_id: int, client_addr: str, now: int) -> None:
        pass

    async def destroy_auth_key(self, auth_key_id: int) -> bool:
        await self._wait()
        self.destroyed.append(auth_key_id)
        return auth_key_id == KEY


class FakeBff:
    """Answers ``boolTrue`` at once, unless told otherwise for a method."""

    def __init__(self) -> None:
        self.calls: list[RpcRequest] = []
        self.answers: dict[str, bytes | RpcError] = {}
        self.slow: set[str] = set()
        self.waiting: list[tuple[RpcRequest, Deferred[bytes]]] = []
        self.cancelled: list[RpcRequest] = []

    def call(self, request: RpcRequest) -> Any:
        self.calls.append(request)
        if request.method in self.slow:
            deferred: Deferred[bytes] = Deferred(lambda _: self.cancelled.append(request))
            self.waiting.append((request, deferred))
            return deferred
        answer = self.answers.get(request.method, BOOL_TRUE)
        if isinstance(answer, RpcError):
            raise answer
        return answer


class Received:
    """One message of the server's, out of its container."""

    def __init__(self, msg_id: int, seq_no: int, body: bytes, packet: int) -> None:
        self.msg_id = msg_id
        self.seq_no = seq_no
        self.body = body
        self.packet = packet
        self.constructor_id = struct.unpack_from("<I", body)[0]

    def longs(self, offset: int = 4, count: int = 1) -> tuple[int, ...]:
        return struct.unpack_from(f"<{count}q", self.body, offset)

    def bad_msg(self) -> tuple[int, int, int]:
        """(bad_msg_id, bad_msg_seqno, error_code)"""
        msg_id, seq_no, code = struct.unpack_from("<qii", self.body, 4)
        return msg_id, seq_no, code

    def result(self) -> tuple[int, bytes]:
        """(req_msg_id, result) of an rpc_result."""
        result = self.body[12:]
        if struct.unpack_from("<I", result)[0] == wire.GZIP_PACKED:
            packed, _ = wire.parse_bytes(result, 4, len(result))
            result = zlib.decompress(packed, wbits=31)
        return self.longs()[0], result

    def error(self) -> tuple[int, str] | None:
        """(code, message) when the result is an rpc_error."""
        _, result = self.result()
        if struct.unpack_from("<I", result)[0] != wire.RPC_ERROR:
            return None
        message, _ = wire.parse_bytes(result, 8, len(result))
        return struct.unpack_from("<i", result, 4)[0], message.decode()


def unpack(payloads: Sequence[bytes]) -> list[Received]:
    """The messages in the server's frames, containers opened."""
    messages = []
    for packet, payload in enumerate(payloads):
        msg_id, seq_no, length = wire.HEADER.unpack_from(payload)
        assert len(payload) == 16 + length
        if struct.unpack_from("<I", payload, 16)[0] == wire.MSG_CONTAINER:
            for inner_id, inner_seq_no, start, end in wire.parse_container(payload, 16, len(payload), msg_id):
                messages.append(Received(inner_id, inner_seq_no, payload[start:end], packet))
        else:
            messages.append(Received(msg_id, seq_no, payload[16:], packet))
    return messages


class ClientCore:
    """msg_ids, seq_nos and frames as a well-behaved client makes them."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._last_msg_id = 0
        self._content_messages = 0

    def msg_id(self) -> int:
        self._last_msg_id = max(int(self._now() * 2**32) & ~3, self._last_msg_id + 4)
        return self._last_msg_id

    def seq_no(self, content_related: bool) -> int:
        seq_no = self._content_messages * 2
        if content_related:
            self._content_messages += 1
            seq_no += 1
        return seq_no

    def message(self, body: bytes, *, content_related: bool = True, msg_id: int | None = None) -> tuple[int, bytes]:
        """(msg_id, header and body)"""
        msg_id = self.msg_id() if msg_id is None else msg_id
        return msg_id, wire.HEADER.pack(msg_id, self.seq_no(content_related), len(body)) + body

    def container(self, *messages: bytes) -> tuple[int, bytes]:
        body = struct.pack("<II", wire.MSG_CONTAINER, len(messages)) + b"".join(messages)
        return self.message(body, content_related=False)


def ping(ping_id: int = 5) -> bytes:
    return struct.pack("<Iq", wire.PING, ping_id)


def with_layer(query: bytes, layer: int = 200, device: bytes = b"phone", version: bytes = b"1.0") -> bytes:
    """invokeWithLayer(layer, initConnection(…, query))"""
    fields = b"".join(wire.tl_bytes(field) for field in (device, b"12", version, b"en", b"", b"en"))
    return struct.pack("<IiIIi", 0xDA9B0D0D, layer, 0xC1CD5EA9, 0, 4) + fields + query


class FakePresence:
    """Keeps who came and went."""

    tells_for_all = True

    def __init__(self) -> None:
        self.told: list[tuple[str, int, int]] = []

    def device_connected(self, user_id: int, perm_auth_key_id: int, tells: bool = True) -> None:
        self.told.append(("+", user_id, perm_auth_key_id))

    def device_disconnected(self, user_id: int, perm_auth_key_id: int, tells: bool = True) -> None:
        self.told.append(("-", user_id, perm_auth_key_id))


class Harness:
    """A service between its fakes, with one client connection.

    Attributes:
        new_bus: makes what carries its events.
    """

    new_bus: type[MemoryBus] = MemoryBus

    def __init__(self, settings: SessionSettings | None = None, bus: MemoryBus | None = None, **changes: Any) -> None:
        self.clock = Clock()
        self.clock.advance(NOW)
        self.gateway = FakeGateway()
        self.auth_sessions = FakeAuthSessions(self.clock)
        self.bff = FakeBff()
        self.bus = bus or self.new_bus()
        self.presence = FakePresence()
        self.devices = DevicesHere(self.bus, self.presence)  # type: ignore[arg-type]
        self.service = SessionService(
            gateway=self.gateway,
            auth_sessions=self.auth_sessions,  # type: ignore[arg-type]
            id_map=ID_MAP,
            callers=lambda session: {"bff.bff": self.bff},
            clock=self.clock,
            bus=self.bus,
            settings=settings or SessionSettings(**changes),
            convert=lambda updates, layer: struct.pack("<Ii", 0x74AE4240, layer) + updates,
            name_of=METHODS.get,
            unique_id=lambda: 4242,
        )
        self.conns = 0

    def client(self, session_id: int = 9, **where: Any) -> "Client":
        return Client(self, session_id, **where)

    def push(self, user_id: int, body: bytes, **but: Any) -> None:
        """One object for one user."""
        self.bus.publish(PushedUpdates(body, (Receiver(user_id),), **but))

    def turn(self) -> None:
        """Let the reactor's turn end."""
        self.clock.advance(0)


class Client:
    """One session of one key over one connection of the harness."""

    def __init__(
        self,
        harness: Harness,
        session_id: int,
        *,
        auth_key_id: int = KEY,
        perm_auth_key_id: int = KEY,
        key_type: AuthKeyType = AuthKeyType.PERM,
        transport: str = "tcp",
    ) -> None:
        self.harness = harness
        self.session_id = session_id
        self.auth_key_id = auth_key_id
        self.perm_auth_key_id = perm_auth_key_id
        self.key_type = key_type
        self.transport = transport
        self.core = ClientCore(harness.clock.seconds)
        self.salt = SALT
        self.connect()

    def connect(self) -> ConnRef:
        """Come by another connection from now on."""
        self.harness.conns += 1
        self.conn = ConnRef("gw", self.harness.conns)
        self.since = len(self.harness.gateway.sent)
        return self.conn

    def close(self) -> None:
        self.harness.service.close_session(self.perm_auth_key_id, self.auth_key_id, self.session_id, self.conn)

    def send_frame(self, payload: bytes, salt: int | None = None) -> None:
        self.harness.service.send_data(
            SessionData(
                self.conn,
                self.auth_key_id,
                self.key_type,
                self.perm_auth_key_id,
                self.session_id,
                self.salt if salt is None else salt,
                "10.0.0.1:5",
                "10.0.0.9:443",
                self.transport,
                payload,
            )
        )

    def send(self, body: bytes, *, content_related: bool = True, salt: int | None = None) -> int:
        msg_id, payload = self.core.message(body, content_related=content_related)
        self.send_frame(payload, salt)
        return msg_id

    def ack(self, *msg_ids: int) -> None:
        self.send(wire.msgs_ack(msg_ids), content_related=False)

    def received(self) -> list[Received]:
        """What came since the last look, after the turn's end."""
        self.harness.turn()
        sent = self.harness.gateway.sent[self.since :]
        self.since = len(self.harness.gateway.sent)
        return unpack([payload for _, session_id, payload in sent if session_id == self.session_id])

    def results(self) -> dict[int, Received]:
        """The rpc_results among what came, by req_msg_id."""
        return {one.result()[0]: one for one in self.received() if one.constructor_id == wire.RPC_RESULT}
