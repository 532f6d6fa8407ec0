"""How long an answer takes: when the server is busy, and when somebody else keeps it busy.

Who loads the server and who measures are processes of their own, the first with a lower priority: what is measured
is the server, as long as the machine has two processors.
"""

from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred

from teamgram.mtproto.tl import encode, tl
from tools.bench.crowd import Spec
from tools.bench.measured import cpu_seconds
from tools.bench.messenger import Bench, Figures
from tools.bench.processes import CrowdProcess

CLIENTS = 1000
LOAD = 0.7
#: Clients of them that are asked how long it took.
PROBES = 20
PROBES_PER_SECOND = 200.0
SECONDS = 15.0
#: Connections of the key that floods, and what each of them has to send.
FLOODING = 8
FLOOD_REQUESTS = 20_000
#: Of a key, in the crowds: it can hold 64.
_SESSIONS = 40
_NICENESS = 5

_STATE = encode(tl.updates.getState()).hex()


class Latency:
    """Figures of one running server."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._port = bench.server.port

    async def _keys(self, connections: int, each: int = _SESSIONS) -> list[tuple[str, int]]:
        """Signed-in keys for so many connections, ``each`` of them for one key."""
        keys: list[tuple[str, int]] = []
        for _ in range(-(-connections // each)):
            session, _ = await self._bench.user()
            keys.append((session.core.auth_key.auth_key.hex(), session.core.salt))
            await session.connection.close()
        return [keys[index // each] for index in range(connections)]

    async def _crowd(self, spec: Spec) -> CrowdProcess:
        crowd = CrowdProcess(self._bench.reactor, spec)
        await crowd.ready()
        return crowd

    async def busy(self) -> Figures:
        """``updates.getState`` (one database read) of 20 among 1,000 connections, which ask for as much as 70 % of
        what the server can do."""
        keys = await self._keys(CLIENTS)
        capacity_of = await self._crowd(Spec(self._port, "closed", keys, _STATE, 20, niceness=_NICENESS))
        found = await capacity_of.run()
        capacity = found["answered"] / found["seconds"]
        rate = LOAD * capacity - PROBES_PER_SECOND
        crowd_keys, probe_keys = keys[PROBES:], keys[:PROBES]
        seconds = SECONDS + 4
        each = int(rate * seconds / len(crowd_keys)) + 20
        crowd = await self._crowd(
            Spec(self._port, "steady", crowd_keys, _STATE, each, rate, seconds, niceness=_NICENESS)
        )
        probe = await self._crowd(self._probe(probe_keys))
        crowding = Deferred.fromCoroutine(crowd.run())
        taken, used = await self._taken(probe)
        await crowding
        return {
            f"updates.getState at {LOAD:.0%} of {capacity:.0f}/s, {CLIENTS} clients: p50": _milli(taken, 0.50),
            "the same: p99": _milli(taken, 0.99),
            "the same: the server's CPU meanwhile": f"{used:.0%}",
        }

    async def fairness(self) -> Figures:
        """A key that asks 200 times a second over four connections, alone and beside one that floods over eight."""
        quiet_keys = await self._keys(4)
        busy_keys = await self._keys(FLOODING)
        alone, _ = await self._taken(await self._crowd(self._probe(quiet_keys)))
        flood = await self._crowd(
            Spec(self._port, "flood", busy_keys, _STATE, FLOOD_REQUESTS, seconds=SECONDS + 2, niceness=_NICENESS)
        )
        probe = await self._crowd(self._probe(quiet_keys))
        flooding = Deferred.fromCoroutine(flood.run())
        beside, used = await self._taken(probe)
        flooded: Any = await flooding
        title = "the same beside a key that floods"
        if flooded["lasted"] < SECONDS:
            title += " (the flood ended early)"
        return {
            "a quiet key alone: p50": _milli(alone, 0.5),
            "a quiet key alone: p99": _milli(alone, 0.99),
            f"{title}: p50": _milli(beside, 0.5),
            f"{title}: p99": _milli(beside, 0.99),
            "the server's CPU meanwhile": f"{used:.0%}",
        }

    def _probe(self, keys: list[tuple[str, int]]) -> Spec:
        # Who waits lets the next be asked instead, so nobody asks exactly the same part.
        each = int(2 * PROBES_PER_SECOND * SECONDS / len(keys))
        return Spec(self._port, "probe", keys, _STATE, each, PROBES_PER_SECOND, SECONDS)

    async def _taken(self, probe: CrowdProcess) -> tuple[list[float], float]:
        """How long its answers took, in seconds and in order, and the server's share of a processor meanwhile."""
        before = cpu_seconds(self._bench.server.pid)
        figures = await probe.run()
        used = cpu_seconds(self._bench.server.pid) - before
        return sorted(figures["taken"]), used / figures["seconds"]


def _milli(seconds: Sequence[float], share: float) -> str:
    return f"{seconds[min(len(seconds) - 1, int(len(seconds) * share))] * 1e3:.2f} ms"
