"""What connections cost that do nothing, and what those cannot do that never read."""

import os
import secrets
import time
from pathlib import Path

from twisted.internet.defer import Deferred, DeferredSemaphore, gatherResults
from twisted.internet.task import deferLater

from teamgram.mtproto.envelope import AuthKey
from teamgram.mtproto.tl import encode, tl
from trial_tests.clients.asking import AskingTestCase
from trial_tests.peer.calls import PeerSession
from trial_tests.peer.connection import PeerConnection

IDLE = 2000
SESSIONS_OF_A_KEY = 50
BYTES_EACH = 12_000
NEVER_READING = 50
SECONDS = 3.0
#: Of one CPU in those seconds: timers of the whole program, not of connections.
CPU_SHARE = 0.02
QUESTIONS = 200
#: Unsent, unacknowledged, in the making, and what the allocator keeps.
GROWTH_BYTES = 5_000_000 * NEVER_READING


class IdleTests(AskingTestCase):
    """The server's process as the kernel counts it; the backend makes no difference here."""

    def memory(self) -> int:
        """Private memory of the server, bytes."""
        text = Path(f"/proc/{self.server.pid}/smaps_rollup").read_text()
        return sum(int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("Private_"))

    def cpu_seconds(self) -> float:
        """CPU time of the server so far."""
        fields = Path(f"/proc/{self.server.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    async def pause(self, seconds: float) -> None:
        await deferLater(self.reactor, seconds)

    async def test_idle_connections_are_cheap(self) -> None:
        """2,000 connections, each with a session of its own, take no CPU and at most 12 kB each."""
        keys = [(await self.peer_session()).core.auth_key for _ in range(IDLE // SESSIONS_OF_A_KEY)]
        await self.arrive(keys[:1])  # what is allocated once
        before = self.memory()
        connections = await self.arrive(keys)
        await self.pause(2)  # acknowledgements leave late
        each = (self.memory() - before) / len(connections)
        self.assertLess(each, BYTES_EACH)
        began, cpu = time.monotonic(), self.cpu_seconds()
        await self.pause(SECONDS)
        share = (self.cpu_seconds() - cpu) / (time.monotonic() - began)
        self.assertLess(share, CPU_SHARE)
        for connection in connections:
            connection.carrier.abortConnection()
        print(f"idle connection: {each:.0f} bytes, {len(connections)} of them {share:.2%} of a CPU", end=" ")

    async def arrive(self, keys: list[AuthKey]) -> list[PeerConnection]:
        """As many connections of each key, with a ping answered on each."""
        arrived: list[PeerConnection] = []
        limit = DeferredSemaphore(50)

        async def one(auth_key: AuthKey) -> None:
            connection = await self.connection()
            await connection.open_session(auth_key, layer=0).call_raw(encode(tl.ping(ping_id=1)))
            arrived.append(connection)

        await gatherResults(
            [
                limit.run(lambda key: Deferred.fromCoroutine(one(key)), key)
                for key in keys
                for _ in range(SESSIONS_OF_A_KEY)
            ]
        )
        return arrived

    async def test_clients_that_never_read(self) -> None:
        """50 of them asking for ever more do not make the process grow without bound."""
        sessions = [(await self.sign_up_peer(f"Deaf {n}"))[0] for n in range(NEVER_READING)]
        for session in sessions:
            await self.fill_saved_messages(session)
        page = {"offset_id": 0, "offset_date": 0, "add_offset": 0, "limit": 100, "max_id": 0, "min_id": 0, "hash": 0}
        question = encode(tl.messages.getHistory(peer=tl.inputPeerSelf(), **page))
        received = sessions[0].connection.received_bytes
        await sessions[0].call_raw(question)
        size = sessions[0].connection.received_bytes - received
        self.assertGreater(size * NEVER_READING * QUESTIONS, 2 * GROWTH_BYTES, "not enough to prove anything")
        before = self.memory()
        for session in sessions:
            session.connection.carrier.pauseProducing()
        for _ in range(QUESTIONS // 20):
            for session in sessions:
                if not session.connection.closed:
                    session.send_messages([session.core.message(question) for _ in range(20)])
            await self.pause(0.1)
        await self.until_calm()
        growth = self.memory() - before
        self.assertLess(growth, GROWTH_BYTES)
        hearing, _ = await self.sign_up_peer("Hearing")
        self.assertEqual((await hearing.call(tl.help.getConfig())).NAME, "config")
        for session in sessions:
            session.connection.carrier.abortConnection()
        print(f"{NEVER_READING} deaf clients: {growth / 1024 / 1024:.1f} MiB", end=" ")

    async def fill_saved_messages(self, session: PeerSession) -> None:
        """Twenty long texts that do not compress."""
        texts = [secrets.token_urlsafe(3000)[:4000] for _ in range(20)]
        send = [
            tl.messages.sendMessage(peer=tl.inputPeerSelf(), message=t, random_id=n + 1) for n, t in enumerate(texts)
        ]
        await gatherResults(session.start_calls(encode(query) for query in send))

    async def until_calm(self) -> None:
        """Until the server has worked off what it was sent."""
        cpu = -1.0
        while self.cpu_seconds() - cpu > 0.1:
            cpu = self.cpu_seconds()
            await self.pause(0.5)
