"""How the gateway is: one snapshot, built now and then, encoded once, shown to everybody."""

import os
import resource
from collections.abc import Callable
from typing import Any

import msgspec

from teamgram.openclaw.gateway import frames

#: A connect or a ``health`` call with ``probe`` rebuilds what is older.
STALE_SECONDS = 10.0
#: Turn lag above this counts as degraded.
_DEGRADED_DELAY_MS = 500.0

#: Adds to the snapshot (the agents: ``agents``, ``sessions``, ``channels`` …).
HealthSource = Callable[[], dict[str, Any]]


class EventLoopLag:
    """How late the clock's own call came, over the last intervals."""

    def __init__(self) -> None:
        self._delays_ms: list[float] = []
        self._cpu = _cpu_seconds()
        self._at = 0.0
        self._ratio = 0.0
        self.interval_ms = 0.0

    def sample(self, now: float, expected: float) -> None:
        """Once per interval; ``expected`` is when this call was due."""
        if self._at:
            self.interval_ms = (now - self._at) * 1000
            cpu = _cpu_seconds()
            self._ratio = (cpu - self._cpu) / max(now - self._at, 1e-6)
            self._cpu = cpu
        self._at = now
        self._delays_ms = [*self._delays_ms[-59:], max(0.0, (now - expected) * 1000)]

    @property
    def worst_seconds(self) -> float:
        """The latest of the last calls."""
        return max(self._delays_ms, default=0.0) / 1000

    def to_wire(self) -> dict[str, Any]:
        """The ``eventLoop`` object of health and readiness."""
        worst = max(self._delays_ms, default=0.0)
        degraded = worst > _DEGRADED_DELAY_MS
        return {
            "degraded": degraded,
            "degradedSinceMs": None,
            "reasons": ["event_loop_delay"] if degraded else [],
            "intervalMs": round(self.interval_ms, 1),
            "delayP99Ms": round(worst, 1),
            "delayMaxMs": round(worst, 1),
            "utilization": round(min(1.0, self._ratio), 3),
            "cpuCoreRatio": round(self._ratio, 3),
        }


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def rss_bytes() -> int:
    """Resident memory of this process."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


class Health:
    """The snapshot.

    Attributes:
        sources: asked at each rebuild, later ones win.
        built_at: unix seconds.
    """

    def __init__(self, seconds: Callable[[], float]) -> None:
        self.sources: list[HealthSource] = []
        self.lag = EventLoopLag()
        self.built_at = 0.0
        self._seconds = seconds
        self._snapshot: dict[str, Any] = {}
        self._encoded = msgspec.Raw(b"{}")

    @property
    def encoded(self) -> msgspec.Raw:
        """The snapshot as JSON, ready to be put into frames; built when there is none."""
        if not self.built_at:
            self.rebuild()
        return self._encoded

    @property
    def snapshot(self) -> dict[str, Any]:
        """The snapshot as a tree."""
        if not self.built_at:
            self.rebuild()
        return self._snapshot

    def is_stale(self) -> bool:
        """Whether it is worth building again."""
        return self._seconds() - self.built_at > STALE_SECONDS

    def rebuild(self) -> None:
        """Ask every source."""
        now = self._seconds()
        sessions = {"path": "", "count": 0, "recent": []}
        snapshot: dict[str, Any] = {
            "ok": True,
            "ts": round(now * 1000),
            "durationMs": 0,
            "plugins": {"loaded": [], "errors": [], "unavailable": []},
            "configReload": {"hotReloadStatus": "active"},
            "channels": {},
            "channelOrder": [],
            "channelLabels": {},
            "heartbeatSeconds": 0,
            "defaultAgentId": "main",
            "agents": [{"agentId": "main", "isDefault": True, "sessions": sessions}],
            "sessions": sessions,
        }
        for source in self.sources:
            snapshot.update(source())
        snapshot["eventLoop"] = self.lag.to_wire()
        snapshot["durationMs"] = round((self._seconds() - now) * 1000)
        self._snapshot = snapshot
        self._encoded = msgspec.Raw(frames.encode_json(snapshot))
        self.built_at = now
