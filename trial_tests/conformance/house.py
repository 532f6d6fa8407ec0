"""Running servers for all tests of this package, and clients that come to them.

Each kind of server is started once, by the first test that wants it.
"""

import itertools
import re
import secrets
import sqlite3
import time
from collections.abc import Callable
from typing import Any, ClassVar, Self

from twisted.internet import defer, reactor
from twisted.internet.task import deferLater
from twisted.trial import unittest

from teamgram.mtproto.container import RPC_ERROR, constructor_id
from teamgram.mtproto.crypto.rsa import RsaPublicKey
from teamgram.mtproto.envelope import AuthKey
from teamgram.mtproto.tl import decode, encode, tl
from trial_tests.authsession.binding_message import binding_message
from trial_tests.clients.cluster import KeptCluster, is_wanted
from trial_tests.clients.kept_server import KeptServer
from trial_tests.peer.calls import CallFailed, PeerSession
from trial_tests.peer.connection import PeerConnection, connect
from trial_tests.peer.exchange import ClientExchange
from trial_tests.peer.http import open_http
from trial_tests.peer.transports import TRANSPORTS
from trial_tests.peer.websocket import connect_websocket

WAYS = (*TRANSPORTS, "websocket", "http")
"""Every way that a client can come in, as ``ConformanceCase.come`` takes it."""


class SharedServer:
    """The server in a process of its own, as shipped, from the first test that wants it to the end of the run.

    Attributes:
        files: its configuration, ports and data directory.
    """

    _running: ClassVar[dict[type["SharedServer"], Any]] = {}

    def __init__(self) -> None:
        self.files: KeptServer = KeptCluster(reactor) if is_wanted() else KeptServer(reactor)
        self.configure()
        self._forgiven = 0
        self.files.start_and_wait()
        self.public_key = RsaPublicKey.from_pem(self.files.public_key.encode())

    def configure(self) -> None:
        """Change its configuration before it starts."""

    @classmethod
    def get(cls) -> Self:
        """The running one of this class."""
        if cls not in cls._running:
            cls._running[cls] = cls()
        running: Self = cls._running[cls]
        return running

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.files.pid

    def log(self) -> str:
        """What it printed and logged."""
        return self.files.output

    def troubles(self) -> list[str]:
        """Lines of its log that must never be there."""
        log = self.log()[self._forgiven :]
        return re.findall(r"^.*(?:Traceback|Unhandled|broke its promise).*$", log, re.MULTILINE)

    def forgive(self) -> str:
        """What was logged since the last time; a test that makes faults on purpose has looked at them."""
        since, self._forgiven = self._forgiven, len(self.log())
        return self.log()[since : self._forgiven]

    async def logged(self, text: str, within: float = 5.0, after: int = 0) -> None:
        """Until that is in its log, behind the first ``after`` characters."""
        deadline = time.monotonic() + within
        while self.log().find(text, after) < 0:
            if time.monotonic() > deadline:
                raise TimeoutError(f"not logged within {within:g} s: {text}\n{self.log()[after:][-3000:]}")
            await deferLater(reactor, 0.02)

    async def reload(self) -> str:
        """SIGHUP; what was logged of it."""
        before = len(self.log())
        self.files.signal("HUP")
        await self.logged(" reloaded", after=before)
        return self.log()[before:]

    def database(self) -> sqlite3.Connection:
        """Its database, for a test that plays another process or the passing of time; the caller closes it."""
        return sqlite3.connect(self.files.data_dir / "teamgram.db", isolation_level=None, timeout=5.0)


class ConformanceCase(unittest.TestCase):
    """Clients of the shared server; their connections end with the test, and the server logged no fault."""

    server_class: type[SharedServer] = SharedServer
    server: Any
    timeout = 90.0
    _phones = itertools.count(15557000000)

    def setUp(self) -> None:
        self.server = self.server_class.get()
        self.public_key = self.server.public_key
        self.addCleanup(lambda: self.assertEqual(self.server.troubles(), []))

    # Coming in

    async def connect(
        self, transport: Any = "abridged", *, host: str = "127.0.0.1", port: int = 0, **options: Any
    ) -> PeerConnection:
        """Over TCP."""
        return self._ends(await connect(host, port or self.server.files.port, transport, **options))

    async def websocket(
        self, transport: Any = "obfuscated_abridged", *, port: int = 0, **options: Any
    ) -> PeerConnection:
        """Over a WebSocket."""
        port = port or self.server.files.websocket_port
        return self._ends(await connect_websocket("127.0.0.1", port, transport, **options))

    def http(self, path: str = "/apiw1") -> PeerConnection:
        """Over HTTP."""
        return self._ends(open_http("127.0.0.1", self.server.files.http_port, path))

    async def come(self, way: str) -> PeerConnection:
        """By one of ``WAYS``."""
        if way == "http":
            return self.http()
        return await (self.websocket() if way == "websocket" else self.connect(way))

    def _ends(self, connection: PeerConnection) -> PeerConnection:
        self.addCleanup(lambda: defer.Deferred.fromCoroutine(connection.close()))
        return connection

    # Keys, sessions, people

    async def key(self, connection: PeerConnection | None = None, **options: Any) -> ClientExchange:
        """A new key, made over this connection or one of its own."""
        connection = connection or await self.connect()
        return await connection.make_auth_key(self.public_key, **options)

    async def session(self, way: str = "abridged", **options: Any) -> PeerSession:
        """A new session of a new key on a new connection, with the right salt; it has said nothing yet."""
        connection = await self.come(way)
        made = await self.key(connection)
        return self.open(connection, made, **options)

    def open(self, connection: PeerConnection, made: ClientExchange, **options: Any) -> PeerSession:
        """A new session of a made key."""
        assert made.auth_key is not None
        options.setdefault("salt", made.first_salt)
        return connection.open_session(made.auth_key, **options)

    async def begun(self, way: str = "abridged", **options: Any) -> PeerSession:
        """A session after its first ping: ``new_session_created`` came."""
        session = await self.session(way, **options)
        await self.ping(session)
        await session.wait_for_object("new_session_created")
        await self.ping(session)  # with the acknowledgement of it
        session.received.clear()
        return session

    async def sign_up(self, session: PeerSession) -> Any:
        """The new user that the session's key belongs to from now on."""
        phone = str(next(self._phones))
        sent = await session.call(
            tl.auth.sendCode(phone_number=phone, api_id=1, api_hash="", settings=tl.codeSettings())
        )
        code = sent.phone_code_hash
        await session.call(tl.auth.signIn(phone_number=phone, phone_code_hash=code, phone_code="12345"))
        signed = await session.call(
            tl.auth.signUp(phone_number=phone, phone_code_hash=code, first_name="Ada", last_name="")
        )
        return signed.user

    async def user(self, way: str = "abridged") -> tuple[PeerSession, Any]:
        """A signed-in session that gets updates, and its user."""
        session = await self.session(way)
        user = await self.sign_up(session)
        await session.call(tl.updates.getState())
        return session, user

    # Small things

    async def speaks(self, connection: PeerConnection, **options: Any) -> PeerSession:
        """Whoever came in is served: a key is made and a ping answered; their session."""
        session = self.open(connection, await self.key(connection), **options)
        self.assertEqual((await self.ping(session, 7)).ping_id, 7)
        return session

    async def unheard(self, connection: PeerConnection, data: bytes = b"") -> None:
        """These raw bytes, or what was sent before, close the connection without a word."""
        connection.write(data)
        await connection.until_closed(5)
        self.assertEqual(connection.received_bytes, 0)

    async def ping(self, session: PeerSession, ping_id: int = 1) -> Any:
        """The pong; what was sent before was taken when it comes."""
        return decode(await session.call_raw(encode(tl.ping(ping_id=ping_id))))

    async def seconds(self, seconds: float) -> None:
        """Let time pass."""
        await deferLater(reactor, seconds)

    async def until(self, holds: Callable[[], bool], within: float = 5.0) -> None:
        """Until that holds."""
        deadline = time.monotonic() + within
        while not holds():
            self.assertLess(time.monotonic(), deadline, "it took too long")
            await self.seconds(0.005)

    async def refused(self, session: PeerSession, message: Any) -> int:
        """The error code that a message made by ``core.message``, sent alone, is refused with; 0: it is answered."""
        answer = session.expect(message)
        session.connection.send_frame(session.core.seal(message).frame)
        try:
            await answer.addTimeout(5, reactor)
        except CallFailed as failure:
            self.assertEqual(failure.message, "BAD_MSG")
            return failure.code
        return 0

    async def error(self, session: PeerSession, body: bytes) -> tuple[int, str]:
        """The rpc_error that a boxed query is answered with."""
        try:
            await session.call_raw(body)
        except CallFailed as failure:
            return failure.code, failure.message
        raise AssertionError("answered without an error")

    async def say(self, session: PeerSession, user: Any, text: str) -> Any:
        """Write to somebody."""
        peer = tl.inputPeerUser(user_id=user.id, access_hash=user.access_hash)
        return await session.call(tl.messages.sendMessage(peer=peer, message=text, random_id=secrets.randbits(62)))

    async def hears(self, session: PeerSession, text: str, within: float = 10.0) -> None:
        """An update with this text comes to the session."""
        await session.wait_for(lambda message: text.encode() in message.body, within)

    # Temporary keys

    def binding(
        self,
        session: PeerSession,
        perm: AuthKey,
        *,
        expires_at: int | None = None,
        msg_id: int | None = None,
        **wrong: Any,
    ) -> Any:
        """The message of ``auth.bindTempAuthKey`` for the session's temporary key.

        Args:
            wrong: of ``binding_message``, instead of what is right.
        """
        core = session.core
        expires_at = int(time.time()) + 3600 if expires_at is None else expires_at
        nonce = secrets.randbits(62)
        msg_id = core.next_msg_id() if msg_id is None else msg_id
        fields: dict[str, Any] = {
            "msg_id": msg_id,
            "nonce": nonce,
            "temp_auth_key_id": key_id(core.auth_key),
            "temp_session_id": core.session_id,
            "expires_at": expires_at,
        }
        fields.update(wrong)
        query = tl.auth.bindTempAuthKey(
            perm_auth_key_id=key_id(perm),
            nonce=nonce,
            expires_at=expires_at,
            encrypted_message=binding_message(perm.auth_key, key_id(perm), **fields),
        )
        return core.message(encode(query), msg_id=msg_id)

    async def bind(self, session: PeerSession, perm: AuthKey, **options: Any) -> None:
        """Bind the session's temporary key."""
        result = await session.send_call(self.binding(session, perm, **options)).addTimeout(10, reactor)
        self.assertNotEqual(constructor_id(result), RPC_ERROR)

    async def temporary(self, way: str = "abridged", *, dc: int = 2, expires_in: int = 3600) -> PeerSession:
        """A session of a new temporary key, not bound yet."""
        connection = await self.come(way)
        return self.open(connection, await self.key(connection, dc=dc, expires_in=expires_in))


def key_id(key: AuthKey) -> int:
    """auth_key_id, signed."""
    return int.from_bytes(key.id_bytes, "little", signed=True)
