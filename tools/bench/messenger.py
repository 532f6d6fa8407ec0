"""The messenger's figures: CPU time of the server's process tree, divided by what it did in it."""

import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from twisted.internet.defer import gatherResults
from twisted.internet.task import deferLater

from teamgram.mtproto.crypto.rsa import RsaPublicKey
from teamgram.mtproto.tl import decode, encode, tl
from tools.bench.load import Counter, Pump, open_idle, sealed
from tools.bench.measured import cpu_seconds, resident_bytes
from trial_tests.clients.server import RunningServer
from trial_tests.peer.calls import PeerSession
from trial_tests.peer.connection import PeerConnection, connect
from trial_tests.peer.http import open_http
from trial_tests.peer.session import Received
from trial_tests.peer.websocket import connect_websocket

CONNECTIONS = 8
IN_FLIGHT = 8
IDLE = 10_000
PONG = 0x347773C5
RPC_RESULT = 0xF35C6D01
RPC_ERROR = 0x2144CA19

Figures = dict[str, str]


def pongs(messages: Sequence[Received]) -> int:
    """How many of these are pongs."""
    return sum(message.constructor_id == PONG for message in messages)


def results(messages: Sequence[Received]) -> int:
    """How many of these are results; an error stops the measurement."""
    number = 0
    for message in messages:
        if message.constructor_id == RPC_RESULT:
            if int.from_bytes(message.body[12:16], "little") == RPC_ERROR:
                raise AssertionError(decode(message.body[12:]))
            number += 1
    return number


def new_messages(messages: Sequence[Received]) -> int:
    """How many messages these updates bring."""
    number = 0
    for message in messages:
        update: Any = decode(message.body)
        if update.NAME == "updates":
            number += sum(one.NAME == "updateNewMessage" for one in update.updates)
        elif update.NAME == "updateShortMessage":
            number += 1
    return number


class Bench:
    """Figures of one running server."""

    def __init__(self, reactor: Any, server: RunningServer) -> None:
        self.reactor = reactor
        self.server = server
        self._phone = 15550000000

    def figures(self) -> dict[str, Callable[[], Awaitable[Figures]]]:
        """Name -> what measures it; each returns its lines."""
        return {
            "key exchange": self.key_exchange,
            "ping": self.ping,
            "ping obfuscated": lambda: self.ping("obfuscated_abridged"),
            "getConfig": self.get_config,
            "sendMessage": self.send_message,
            "ping websocket": lambda: self.ping("websocket"),
            "ping http": lambda: self.ping("http"),
            "idle connections": self.idle,
            "memory": self.memory,
        }

    # Preparation

    @property
    def _key(self) -> RsaPublicKey:
        return RsaPublicKey.from_pem(self.server.public_key.encode())

    async def _connect(self, transport: str) -> PeerConnection:
        if transport == "websocket":
            return await connect_websocket("127.0.0.1", self.server.websocket_port, reactor=self.reactor)
        if transport == "http":
            return open_http("127.0.0.1", self.server.http_port, reactor=self.reactor)
        return await connect("127.0.0.1", self.server.port, transport, reactor=self.reactor)

    async def user(self, transport: str = "abridged") -> tuple[PeerSession, Any]:
        """A new user, signed in on a connection of their own; (session, user)."""
        connection = await self._connect(transport)
        made = await connection.make_auth_key(self._key)
        assert made.auth_key is not None
        session = connection.open_session(made.auth_key, salt=made.first_salt)
        self._phone += 1
        phone = str(self._phone)
        sent = await session.call(
            tl.auth.sendCode(phone_number=phone, api_id=1, api_hash="", settings=tl.codeSettings())
        )
        await session.call(tl.auth.signIn(phone_number=phone, phone_code_hash=sent.phone_code_hash, phone_code="12345"))
        signed = await session.call(
            tl.auth.signUp(phone_number=phone, phone_code_hash=sent.phone_code_hash, first_name="Ada", last_name="")
        )
        await session.call(tl.updates.getState())
        return session, signed.user

    async def pump(
        self,
        sessions: Sequence[PeerSession],
        bodies: Callable[[], bytes],
        number: int,
        count: Any,
        window: int = IN_FLIGHT,
    ) -> float:
        """CPU seconds of the server for ``number`` requests on each session, ``window`` of them unanswered."""
        pumps = [
            Pump(session, sealed(session, [bodies() for _ in range(number)]), window, count) for session in sessions
        ]
        before = cpu_seconds(self.server.pid)
        for pump in pumps:
            pump.start()
        await gatherResults([pump.done for pump in pumps])
        return cpu_seconds(self.server.pid) - before

    async def _per_request(
        self, name: str, transport: str, bodies: Callable[[], bytes], number: int, count: Any
    ) -> Figures:
        users = [await self.user(transport) for _ in range(CONNECTIONS)]
        sessions = [session for session, _ in users]
        await self.pump(sessions, bodies, number // 10, count)
        cpu = await self.pump(sessions, bodies, number, count)
        for session in sessions:
            await session.connection.close()
        return {f"{name}, {CONNECTIONS} connections x {IN_FLIGHT} in flight": _micro(cpu / number / CONNECTIONS)}

    # Figures

    async def key_exchange(self) -> Figures:
        """One after another, each on a connection of its own."""
        number = 150
        before = cpu_seconds(self.server.pid)
        for _ in range(number):
            connection = await connect("127.0.0.1", self.server.port, "abridged", reactor=self.reactor)
            await connection.make_auth_key(self._key)
            await connection.close()
        return {"key exchange": _milli((cpu_seconds(self.server.pid) - before) / number)}

    async def ping(self, transport: str = "abridged") -> Figures:
        """Logged in."""
        body = encode(tl.ping(ping_id=1))
        return await self._per_request(f"ping, {transport}", transport, lambda: body, 2500, pongs)

    async def get_config(self) -> Figures:
        """Logged in."""
        body = encode(tl.help.getConfig())
        return await self._per_request("help.getConfig", "abridged", lambda: body, 1500, results)

    async def send_message(self) -> Figures:
        """Pairs of online users; until every message has been answered and delivered."""
        number = 300
        pairs = [(await self.user(), await self.user()) for _ in range(CONNECTIONS)]
        lines: Figures = {}
        for title, counted in (("warm-up", number // 5), ("", number)):
            pumps, counters = [], []
            for (sender, _), (receiver, user) in pairs:
                peer = tl.inputPeerUser(user_id=user.id, access_hash=user.access_hash)
                bodies = [
                    encode(
                        tl.messages.sendMessage(
                            peer=peer, message="a message of usual length", random_id=random.getrandbits(62)
                        )
                    )
                    for _ in range(counted)
                ]
                pumps.append(Pump(sender, sealed(sender, bodies), IN_FLIGHT, results))
                counters.append(Counter(receiver, counted, new_messages))
            before = cpu_seconds(self.server.pid)
            for pump in pumps:
                pump.start()
            await gatherResults([*(pump.done for pump in pumps), *(counter.reached for counter in counters)])
            cpu = cpu_seconds(self.server.pid) - before
            if not title:
                lines[f"messages.sendMessage with delivery, {CONNECTIONS} pairs x {IN_FLIGHT} in flight"] = _micro(
                    cpu / counted / CONNECTIONS
                )
        for (sender, _), (receiver, _) in pairs:
            await sender.connection.close()
            await receiver.connection.close()
        return lines

    async def idle(self) -> Figures:
        """Connections that said which transport they speak, and nothing since."""
        number, seconds = IDLE, 10
        before = resident_bytes(self.server.pid)
        transports = await open_idle(self.reactor, self.server.port, number)
        await deferLater(self.reactor, 1)
        grown = resident_bytes(self.server.pid) - before
        cpu = cpu_seconds(self.server.pid)
        await deferLater(self.reactor, seconds)
        cpu = cpu_seconds(self.server.pid) - cpu
        for transport in transports:
            transport.transport.abortConnection()
        return {
            f"memory of an idle connection ({number} of them)": f"{grown / number / 1000:.1f} kB",
            f"CPU while {number} connections are idle": f"{cpu / seconds * 100:.2f} %",
        }

    async def memory(self) -> Figures:
        """After everything above."""
        return {"resident memory of the process": f"{resident_bytes(self.server.pid) / 1e6:.0f} MB"}


def _micro(seconds: float) -> str:
    return f"{seconds * 1e6:.0f} µs"


def _milli(seconds: float) -> str:
    return f"{seconds * 1e3:.2f} ms"
