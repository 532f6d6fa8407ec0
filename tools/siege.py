"""What peers that mean no good cost the running server: ``make siege`` (figures for docs/reliability.md).

Silent connections, slow ones, half-closed ones, and two hundred key exchanges
a second from one address; meanwhile an honest client pings ten times a
second, and its slowest pongs are told. Clients run in this process, the
server in another; its CPU time and memory are read from /proc.
"""

import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from twisted.internet import protocol
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.task import LoopingCall, deferLater, react

from teamgram.mtproto.crypto.rsa import RsaPublicKey
from teamgram.mtproto.tl import encode, tl
from tools.bench.measured import cpu_seconds, resident_bytes
from trial_tests.clients.server import RunningServer
from trial_tests.peer.connection import connect
from trial_tests.peer.exchange import ClientExchange

PING = encode(tl.ping(ping_id=1))


class Peer(protocol.Protocol):
    """A connection that never finishes a frame; remembers when it was closed."""

    def __init__(self, ends: dict[str, int]) -> None:
        self._ends = ends

    def connectionLost(self, reason: Any = None) -> None:
        self._ends["closed"] = self._ends.get("closed", 0) + 1


class Siege:
    """Measures one server."""

    def __init__(self, reactor: Any, server: RunningServer) -> None:
        self._reactor = reactor
        self._server = server
        self._counting = True

    async def run(self) -> None:
        """Each attack in turn, its line printed."""
        self._key = RsaPublicKey.from_pem(self._server.public_key.encode())
        await self._measured("nothing else", self._nothing)
        await self._measured("1,000 that send a byte a second", self._slow)
        await self._measured("1,000 that close their sending side", self._half_open)
        await self._measured("200 key exchanges a second", self._exchanges)
        await self._measured("10,000 idle connections, 20 s", self._idle)

    async def _measured(self, what: str, attack: Callable[[], Awaitable[str]]) -> None:
        connection = await connect("127.0.0.1", self._server.port, reactor=self._reactor)
        made = await connection.make_auth_key(self._key)
        assert made.auth_key is not None
        session = connection.open_session(made.auth_key, salt=made.first_salt)
        await session.call_raw(PING)
        times: list[float] = []

        def ping() -> "Deferred[None]":
            return Deferred.fromCoroutine(self._timed(session, times))

        pinging = LoopingCall(ping)
        done = pinging.start(0.1)
        pid = self._server.pid
        cpu, memory, began = cpu_seconds(pid), resident_bytes(pid), time.monotonic()
        result = await attack()
        took = time.monotonic() - began
        cpu = (cpu_seconds(pid) - cpu) / took
        pinging.stop()
        await done
        await connection.close()
        times.sort()
        grown = (resident_bytes(pid) - memory) / 1e6
        print(
            f"{what}: {result}; {took:.0f} s at {cpu * 100:.0f} % CPU, {grown:+.1f} MB; honest ping p50"
            f" {times[len(times) // 2] * 1e3:.1f} ms, p99 {times[int(len(times) * 0.99)] * 1e3:.1f} ms,"
            f" slowest {times[-1] * 1e3:.1f} ms",
            flush=True,
        )

    async def _timed(self, session: Any, times: list[float]) -> None:
        began = time.monotonic()
        counting = self._counting
        await session.call_raw(PING, 60)
        if counting and self._counting:
            times.append(time.monotonic() - began)

    async def _connections(self, number: int) -> tuple[list[Any], dict[str, int]]:
        ends: dict[str, int] = {}
        factory = protocol.Factory.forProtocol(lambda: Peer(ends))
        endpoint = TCP4ClientEndpoint(self._reactor, "127.0.0.1", self._server.port)
        return [await endpoint.connect(factory) for _ in range(number)], ends

    async def _nothing(self) -> str:
        await deferLater(self._reactor, 5)
        return "for comparison"

    async def _slow(self) -> str:
        self._counting = False
        peers, ends = await self._connections(1000)
        self._counting = True
        began = time.monotonic()
        while ends.get("closed", 0) < len(peers) and time.monotonic() - began < 60:
            for peer in peers:
                peer.transport.write(b"\x40" if peer.transport.connected else b"")
            await deferLater(self._reactor, 1)
        return f"{ends.get('closed', 0)} closed by the server, the last after {time.monotonic() - began:.0f} s"

    async def _half_open(self) -> str:
        self._counting = False
        peers, ends = await self._connections(1000)
        await deferLater(self._reactor, 0.5)
        self._counting = True
        began = time.monotonic()
        for peer in peers:
            peer.transport.write(b"\xef")
            peer.transport.loseWriteConnection()
        while ends.get("closed", 0) < len(peers) and time.monotonic() - began < 60:
            await deferLater(self._reactor, 0.05)
        took = time.monotonic() - began
        await deferLater(self._reactor, 2)
        return f"{ends.get('closed', 0)} closed by the server within {took:.1f} s"

    async def _exchanges(self) -> str:
        """Step by step, for a client's part costs more than the server's: what it computes is not in the time."""
        number = 1000
        exchanges = [ClientExchange(self._key, exponent_bytes=32) for _ in range(number)]
        connections = [await connect("127.0.0.1", self._server.port, reactor=self._reactor) for _ in range(number)]
        bodies: list[Any] = [exchange.start() for exchange in exchanges]
        steps = []
        cpu = 0.0
        for _ in range(3):
            took: list[float] = []
            self._counting = True
            before, began = cpu_seconds(self._server.pid), time.monotonic()
            answers: list[Any] = []
            for index in range(number):
                await deferLater(self._reactor, max(0.0, began + index / 200 - time.monotonic()))
                answers.append(Deferred.fromCoroutine(self._step(connections[index], bodies[index], took)))
            bodies = await gatherResults(answers)
            cpu += cpu_seconds(self._server.pid) - before
            rate = number / (time.monotonic() - began)
            took.sort()
            steps.append(f"{rate:.0f} a second, p50 {took[number // 2] * 1e3:.1f} ms, p99 {took[-10] * 1e3:.1f} ms")
            self._counting = False
            for index, exchange in enumerate(exchanges):
                bodies[index] = exchange.receive(bodies[index])
                await deferLater(self._reactor, 0)
        for connection in connections:
            await connection.close()
        made = sum(exchange.auth_key is not None for exchange in exchanges)
        self._counting = True
        return f"{made} made, {cpu / number * 1e3:.2f} ms of CPU each; " + "; ".join(
            f"step {index + 1} {step}" for index, step in enumerate(steps)
        )

    async def _step(self, connection: Any, body: bytes, took: list[float]) -> bytes:
        began = time.monotonic()
        connection.send_plain(body)
        answer: bytes = await connection.next_plain(60)
        took.append(time.monotonic() - began)
        return answer

    async def _idle(self) -> str:
        before = resident_bytes(self._server.pid)
        self._counting = False
        peers, ends = await self._connections(10_000)
        for peer in peers:
            peer.transport.write(b"\xef")
        await deferLater(self._reactor, 1)
        self._counting = True
        each = (resident_bytes(self._server.pid) - before) / len(peers)
        cpu = cpu_seconds(self._server.pid)
        await deferLater(self._reactor, 20)
        cpu = (cpu_seconds(self._server.pid) - cpu) / 20
        lost = ends.get("closed", 0)
        self._counting = False
        for peer in peers:
            peer.transport.abortConnection()
        await deferLater(self._reactor, 2)
        self._counting = True
        return f"{each / 1000:.1f} kB each, {cpu * 100:.1f} % CPU while idle, {lost} lost"


async def _main(reactor: Any) -> None:
    directory = Path(tempfile.mkdtemp(prefix="teamgram-siege-"))
    server = RunningServer(reactor, directory)
    try:
        await server.start()
        await Siege(reactor, server).run()
    finally:
        await server.terminate()
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    react(lambda reactor: Deferred.fromCoroutine(_main(reactor)))
