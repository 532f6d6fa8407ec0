"""How long an answer takes when the server is busy, and when somebody else keeps it busy.

Who loads the server and who measures are processes of their own, the first with a lower priority: what is measured
is the server, as long as the machine has two processors.
"""

from collections.abc import Sequence

from twisted.internet.defer import Deferred

from teamgram.mtproto.tl import encode, tl
from tools.bench.crowd import Spec
from tools.bench.measured import cpu_seconds
from tools.bench.messenger import Bench, Figures
from tools.bench.processes import CrowdProcess

CLIENTS = 1000
LOAD = 0.7
#: Requests a second to begin with, and for how long each step lasts.
FIRST_RATE = 1500.0
SETTLING = 4.0
#: Clients of them that are asked how long it took.
PROBES = 20
PROBES_PER_SECOND = 200.0
SECONDS = 15.0
#: Connections of the key that floods, and what each of them has to send.
FLOODING = 8
FLOOD_REQUESTS = 20_000
#: Of a key, in the crowds: it can hold 64.
_SESSIONS = 40
NICENESS = 5

_STATE = encode(tl.updates.getState()).hex()
_CONFIG = encode(tl.help.getConfig()).hex()


class Latency:
    """Figures of one running server."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._port = bench.server.port

    async def keys(self, connections: int, each: int = _SESSIONS) -> list[tuple[str, int]]:
        """Signed-in keys for so many connections, ``each`` of them for one key."""
        keys: list[tuple[str, int]] = []
        for _ in range(-(-connections // each)):
            session, _ = await self._bench.user()
            keys.append((session.core.auth_key.auth_key.hex(), session.core.salt))
            await session.connection.close()
        return [keys[index // each] for index in range(connections)]

    async def crowd(self, spec: Spec) -> CrowdProcess:
        """Connected and ready to begin."""
        crowd = CrowdProcess(self._bench.reactor, spec)
        await crowd.ready()
        return crowd

    async def busy(self) -> Figures:
        """``updates.getState`` (one database read) of 20 among 1,000 connections, which ask for so much that the
        server uses 70 % of a processor."""
        keys = await self.keys(CLIENTS)
        crowd_keys, probe_keys = keys[PROBES:], keys[:PROBES]
        # What a request costs depends on how many come together, so the rate is found in two steps.
        rate = FIRST_RATE
        for _ in range(2):
            crowd = await self.crowd(self._steady(crowd_keys, rate, SETTLING))
            before = cpu_seconds(self._bench.server.pid)
            settled = await crowd.run()
            rate *= LOAD / ((cpu_seconds(self._bench.server.pid) - before) / settled["seconds"])
        crowd = await self.crowd(self._steady(crowd_keys, rate - PROBES_PER_SECOND, SECONDS + 2))
        probe = await self.crowd(self.probe(probe_keys))
        crowding = Deferred.fromCoroutine(crowd.run())
        taken, used = await self.taken(probe)
        await crowding
        return {
            f"updates.getState of {CLIENTS} clients, {rate:.0f}/s: p50": milli(taken, 0.50),
            "the same: p99": milli(taken, 0.99),
            "the same: the server's CPU meanwhile": f"{used:.0%}",
        }

    async def fairness(self) -> Figures:
        """A key that asks 200 times a second over four connections, alone and beside one that floods over eight."""
        figures: Figures = {}
        for what, body in (("help.getConfig", _CONFIG), ("updates.getState", _STATE)):
            quiet_keys = await self.keys(4)
            busy_keys = await self.keys(FLOODING)
            alone, _ = await self.taken(await self.crowd(self.probe(quiet_keys, body)))
            # The flood is of requests that read the database, so that it lasts.
            flood = await self.crowd(
                Spec(self._port, "flood", busy_keys, _STATE, FLOOD_REQUESTS, seconds=SECONDS + 2, niceness=NICENESS)
            )
            probe = await self.crowd(self.probe(quiet_keys, body))
            flooding = Deferred.fromCoroutine(flood.run())
            beside, _ = await self.taken(probe)
            flooded = await flooding
            title = "beside a key that floods" + (" (ended early)" if flooded["lasted"] < SECONDS else "")
            for share in (0.5, 0.99):
                figures[f"{what} of a quiet key, alone: p{share * 100:.0f}"] = milli(alone, share)
                figures[f"{what}, {title}: p{share * 100:.0f}"] = milli(beside, share)
            figures[f"{what}: the p99s, one by the other"] = f"{at(beside, 0.99) / at(alone, 0.99):.1f} times"
        return figures

    def _steady(self, keys: list[tuple[str, int]], rate: float, seconds: float) -> Spec:
        each = int(rate * seconds / len(keys)) + 2
        return Spec(self._port, "steady", keys, _STATE, each, rate, seconds, NICENESS)

    def probe(self, keys: list[tuple[str, int]], body: str = _STATE) -> Spec:
        """Who asks now and then, and measures how long the answers take."""
        # Who waits lets the next be asked instead, so nobody asks exactly the same part.
        each = int(2 * PROBES_PER_SECOND * SECONDS / len(keys))
        return Spec(self._port, "probe", keys, body, each, PROBES_PER_SECOND, SECONDS)

    async def taken(self, probe: CrowdProcess) -> tuple[list[float], float]:
        """How long its answers took, in seconds and in order, and the server's share of a processor meanwhile."""
        before = cpu_seconds(self._bench.server.pid)
        figures = await probe.run()
        used = cpu_seconds(self._bench.server.pid) - before
        return sorted(figures["taken"]), used / figures["seconds"]


def at(seconds: Sequence[float], share: float) -> float:
    return seconds[min(len(seconds) - 1, int(len(seconds) * share))]


def milli(seconds: Sequence[float], share: float) -> str:
    return f"{at(seconds, share) * 1e3:.2f} ms"
