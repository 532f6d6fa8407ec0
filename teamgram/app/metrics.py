"""What ``/metrics`` shows: one registry a process, with a collector for each stage.

The stages count for themselves; here is what belongs to none of them (the
database's and the cache's times, the reactor) and the registry that the
control port serves. ``docs/operations.md`` says what each metric means.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from teamgram import __version__
from teamgram.gnetway.metrics import GnetwayCollector
from teamgram.session.metrics import SessionCollector

if TYPE_CHECKING:
    from teamgram.app.house import House

DATABASE_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
CACHE_BUCKETS = (0.00001, 0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0)
"""Upper bounds in seconds."""


class Times:
    """A histogram for each label: two additions an observation, put into shape when it is scraped.

    Args:
        bounds: upper bounds in seconds, ascending.
    """

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self._buckets: dict[str, list[int]] = {}
        self._seconds: dict[str, float] = {}

    def observe(self, label: str, seconds: float) -> None:
        """One more that took ``seconds``; ``label`` is one of a fixed set."""
        buckets = self._buckets.get(label)
        if buckets is None:
            buckets = self._buckets[label] = [0] * (len(self._bounds) + 1)
            self._seconds[label] = 0.0
        buckets[bisect_left(self._bounds, seconds)] += 1
        self._seconds[label] += seconds

    def family(self, name: str, text: str, label_name: str) -> Metric:
        """As Prometheus wants it: each bucket counts all below it."""
        family = HistogramMetricFamily(name, text, labels=[label_name])
        bounds = [*map(str, self._bounds), "+Inf"]
        for label, buckets in sorted(self._buckets.items()):
            total = 0
            cumulative = []
            for bound, number in zip(bounds, buckets, strict=True):
                total += number
                cumulative.append((bound, float(total)))
            family.add_metric([label], cumulative, self._seconds[label])
        return family


class HouseCollector(Collector):
    """What belongs to no stage; register it once the house is built."""

    def __init__(self, house: House) -> None:
        self._house = house

    def collect(self) -> Iterable[Metric]:
        """Every metric, as it is now."""
        house = self._house
        yield InfoMetricFamily("teamgram", "The program that runs.", {"version": __version__})
        yield house.database_times.family(
            "database_seconds", "Time of reads and writes, waiting included.", "transaction"
        )
        waiting = GaugeMetricFamily("database_waiting", "Reads and writes not answered yet.", labels=["kind"])
        waiting.add_metric(["read"], house.database.waiting_reads)
        waiting.add_metric(["write"], house.database.waiting_writes)
        yield waiting
        yield CounterMetricFamily(
            "database_refused", "Reads and writes refused because too many waited.", house.database.refused
        )
        yield house.cache_times.family("cache_seconds", "Time of the cache's operations.", "operation")
        lookups = CounterMetricFamily("cache_lookups", "Values asked of the cache.", labels=["result"])
        lookups.add_metric(["hit"], house.cache.hits)
        lookups.add_metric(["miss"], house.cache.misses)
        yield lookups
        yield GaugeMetricFamily("users_online", "Users online.", house.services.domain.presence.online_users)
        yield GaugeMetricFamily(
            "updates_waiting_users",
            "Users whose updates wait for something to be read.",
            house.services.live.waiting_users,
        )
        yield GaugeMetricFamily(
            "reactor_delay_seconds",
            "The latest that a timer came in the last half minute.",
            house.openclaw.plane.health.lag.worst_seconds,
        )


def build_registry() -> CollectorRegistry:
    """A registry of this process's own figures; :func:`register_stages` adds the rest."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


def register_stages(registry: CollectorRegistry, house: House) -> None:
    """Add a built house's stages; the control plane adds itself when it starts."""
    registry.register(GnetwayCollector(house.gnetway))
    registry.register(SessionCollector(house.session.stage))
    registry.register(HouseCollector(house))
