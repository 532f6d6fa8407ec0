"""What clients cost in memory while they are there, and what is left of it when they have gone."""

from collections.abc import Awaitable, Callable
from typing import Any

from twisted.internet.task import deferLater

from teamgram.mtproto.crypto.rsa import RsaPublicKey
from teamgram.mtproto.tl import encode, tl
from tools.bench.measured import resident_bytes
from tools.bench.messenger import Bench, Figures
from trial_tests.clients.server import RunningServer
from trial_tests.peer.calls import PeerSession
from trial_tests.peer.connection import connect

#: Clients that are there at a time.
CLIENTS = 2_000
SIGNED_IN = 500
ROUNDS = 6
#: Seconds until sessions and keys that nobody came back to have ended (``SessionSettings``), and memory was given
#: back (``teamgram/app/idle_memory.py``), with room.
QUIET = 480.0


class Memory:
    """Resident memory of the server, by the clients that it holds."""

    def __init__(self, reactor: Any, server: RunningServer, bench: Bench) -> None:
        self._reactor = reactor
        self._server = server
        self._bench = bench

    def figures(self) -> dict[str, Callable[[], Awaitable[Figures]]]:
        """Name -> what measures it."""
        return {"keyed connections": self.keyed, "memory afterwards": self.afterwards}

    async def _client(self) -> PeerSession:
        """A new key on a connection of its own, with a session that was initialised and acknowledged what it got."""
        connection = await connect("127.0.0.1", self._server.port, "abridged", reactor=self._reactor)
        public_key = RsaPublicKey.from_pem(self._server.public_key.encode())
        made = await connection.make_auth_key(public_key, exponent_bytes=32)
        assert made.auth_key is not None
        session = connection.open_session(made.auth_key, salt=made.first_salt)
        await session.call(tl.help.getConfig())
        session.send_messages([])
        return session

    async def _settled(self) -> int:
        """What is resident when late acknowledgements have left and the database has written what it had."""
        await deferLater(self._reactor, 3)
        return resident_bytes(self._server.pid)

    async def keyed(self) -> Figures:
        """Connections that each have a key and a session, and say nothing more."""
        lines: Figures = {}
        held = [await self._client() for _ in range(CLIENTS // 4)]  # what the first ones cost is paid once
        before = await self._settled()
        held += [await self._client() for _ in range(CLIENTS)]
        lines["memory of a connection with a key and a session"] = _kilobytes(await self._settled() - before, CLIENTS)
        before = await self._settled()
        for _ in range(SIGNED_IN):
            session, _ = await self._bench.user()
            session.send(encode(tl.msgs_ack(msg_ids=session.core.to_ack)), content_related=False)
            held.append(session)
        lines["memory of one that is signed in"] = _kilobytes(await self._settled() - before, SIGNED_IN)
        for session in held:
            await session.connection.close()
        return lines

    async def afterwards(self) -> Figures:
        """Rounds of new keys, each closed when all are there; then nobody."""
        lines: Figures = {"memory before anybody came": _megabytes(resident_bytes(self._server.pid))}
        for number in range(1, ROUNDS + 1):
            sessions = [await self._client() for _ in range(CLIENTS)]
            for session in sessions:
                await session.connection.close()
            lines[f"memory after round {number} of {CLIENTS} new keys"] = _megabytes(await self._settled())
        await deferLater(self._reactor, QUIET)
        lines[f"memory after {QUIET:.0f} quiet seconds"] = _megabytes(resident_bytes(self._server.pid))
        return lines


def _kilobytes(grown: int, number: int) -> str:
    return f"{grown / number / 1000:.1f} kB"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.0f} MB"
