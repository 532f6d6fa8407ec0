"""How long an answer takes when the server is busy: 1,000 clients, 70 % of what it can do."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall

from teamgram.mtproto.tl import encode, tl
from tools.bench.messenger import RPC_RESULT, Bench, Figures, results
from trial_tests.peer.calls import PeerSession
from trial_tests.peer.connection import connect
from trial_tests.peer.session import Received

CLIENTS = 1000
LOAD = 0.7
#: Questions of each client while its server's capacity is found out.
ROUNDS = 10
SECONDS = 10.0
_TICK = 0.002
#: Connections of the key that floods, and how much each of them asks.
FLOODING = 8
FLOOD_REQUESTS = 20_000


class _Asking:
    """One client's prepared questions, and when each was asked."""

    def __init__(self, session: PeerSession, body: bytes, number: int, answered: Callable[[float], None]) -> None:
        core = session.core
        messages = [core.message(body) for _ in range(number)]
        self._frames = [(message.msg_id, core.seal(message).frame) for message in reversed(messages)]
        self._asked: dict[int, float] = {}
        self._session = session
        self._answered = answered
        session.take = self._take  # type: ignore[method-assign]

    def ask(self, now: float) -> None:
        """The next question, due at ``now`` even if we are late."""
        msg_id, frame = self._frames.pop()
        self._asked[msg_id] = now
        connection = self._session.connection
        connection.write(connection.framing.encode(frame))

    def _take(self, messages: Iterable[Received]) -> None:
        for message in messages:
            if message.constructor_id == RPC_RESULT:
                self._answered(self._asked.pop(message.result[0]))


class OpenLoop:
    """Asks at a fixed rate, whether or not the answers come: what waits counts as waiting."""

    def __init__(self, reactor: Any, sessions: Sequence[PeerSession], body: bytes, per_second: float) -> None:
        self._reactor = reactor
        self._per_second = per_second
        self._total = int(per_second * SECONDS)
        each = self._total // len(sessions) + 1
        self._clients = [_Asking(session, body, each, self._answered) for session in sessions]
        self._asked = 0
        self.seconds: list[float] = []
        self.ended: Deferred[None] = Deferred()

    def start(self) -> None:
        """Ask for ``SECONDS``, then wait for the last answer."""
        self._began = self._reactor.seconds()
        self._loop = LoopingCall(self._ask)
        self._loop.clock = self._reactor
        self._loop.start(_TICK)

    def _ask(self) -> None:
        due = min(self._total, int((self._reactor.seconds() - self._began) * self._per_second))
        while self._asked < due:
            self._clients[self._asked % len(self._clients)].ask(self._began + self._asked / self._per_second)
            self._asked += 1
        if self._asked == self._total:
            self._loop.stop()

    def _answered(self, due: float) -> None:
        self.seconds.append(self._reactor.seconds() - due)
        if len(self.seconds) == self._total:
            self.ended.callback(None)


async def busy(bench: Bench) -> Figures:
    """``updates.getState`` (one database read) from 1,000 connections."""
    # A key holds 64 sessions at most.
    owners = [(await bench.user())[0] for _ in range(CLIENTS // 40)]
    body = encode(tl.updates.getState())
    sessions = []
    for index in range(CLIENTS):
        owner = owners[index % len(owners)]
        connection = await connect("127.0.0.1", bench.server.port, "abridged", reactor=bench.reactor)
        session = connection.open_session(owner.core.auth_key, salt=owner.core.salt)
        await session.call(tl.updates.getState())
        sessions.append(session)
    began = bench.reactor.seconds()
    await bench.pump(sessions, lambda: body, ROUNDS, results, window=1)
    capacity = CLIENTS * ROUNDS / (bench.reactor.seconds() - began)
    loop = OpenLoop(bench.reactor, sessions, body, LOAD * capacity)
    loop.start()
    await loop.ended
    for session in [*sessions, *owners]:
        await session.connection.close()
    seconds = sorted(loop.seconds)
    return {
        f"updates.getState at {LOAD:.0%} of {capacity:.0f}/s, {CLIENTS} clients: p50": _milli(seconds, 0.50),
        "the same: p99": _milli(seconds, 0.99),
    }


def _milli(seconds: Sequence[float], share: float) -> str:
    return f"{seconds[min(len(seconds) - 1, int(len(seconds) * share))] * 1e3:.1f} ms"


async def fairness(bench: Bench) -> Figures:
    """One key asks 50 times a second, alone and beside a key that asks as fast as it can over eight connections."""
    body = encode(tl.updates.getState())
    quiet, _ = await bench.user()
    alone = await _measured(bench, quiet, body)
    busy_key, _ = await bench.user()
    sessions = [busy_key]
    for _ in range(FLOODING - 1):
        connection = await connect("127.0.0.1", bench.server.port, "abridged", reactor=bench.reactor)
        session = connection.open_session(busy_key.core.auth_key, salt=busy_key.core.salt)
        await session.call(tl.updates.getState())
        sessions.append(session)
    flood = Deferred.fromCoroutine(bench.pump(sessions, lambda: body, FLOOD_REQUESTS, results))
    beside = await _measured(bench, quiet, body)
    still_flooding = not flood.called
    await flood
    for session in [quiet, *sessions]:
        await session.connection.close()
    return {
        "p99 of a quiet key, alone": _milli(alone, 0.99),
        "the same beside a key that floods" + ("" if still_flooding else " (the flood ended early)"): _milli(
            beside, 0.99
        ),
    }


async def _measured(bench: Bench, session: PeerSession, body: bytes) -> list[float]:
    loop = OpenLoop(bench.reactor, [session], body, 50.0)
    loop.start()
    await loop.ended
    return sorted(loop.seconds)
