"""What ``/metrics`` shows besides what the stages count for themselves.

The database's and the cache's times, the reactor, the process. ``figures.py``
says who has figures at all; ``docs/operations.md`` what each metric means.
"""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from teamgram import __version__
from teamgram.app.backend import Backend
from teamgram.app.stages import Stages


class BackendCollector(Collector):
    """What stands behind session, and the program itself; register it once that is built."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def collect(self) -> Iterable[Metric]:
        """Every metric, as it is now."""
        backend = self._backend
        yield InfoMetricFamily("teamgram", "The program that runs.", {"version": __version__})
        yield backend.database_times.family(
            "database_seconds", "Time of reads and writes, waiting included.", "transaction"
        )
        waiting = GaugeMetricFamily("database_waiting", "Reads and writes not answered yet.", labels=["kind"])
        waiting.add_metric(["read"], backend.database.waiting_reads)
        waiting.add_metric(["write"], backend.database.waiting_writes)
        yield waiting
        yield CounterMetricFamily(
            "database_refused", "Reads and writes refused because too many waited.", backend.database.refused
        )
        yield backend.cache_times.family("cache_seconds", "Time of the cache's operations.", "operation")
        lookups = CounterMetricFamily("cache_lookups", "Values asked of the cache.", labels=["result"])
        lookups.add_metric(["hit"], backend.cache.hits)
        lookups.add_metric(["miss"], backend.cache.misses)
        yield lookups
        yield GaugeMetricFamily("users_online", "Users online.", backend.services.domain.presence.online_users)
        yield GaugeMetricFamily(
            "updates_waiting_users",
            "Users whose updates wait for something to be read.",
            backend.services.live.waiting_users,
        )


class ReactorCollector(Collector):
    """How late the reactor is."""

    def __init__(self, stages: Stages) -> None:
        self._stages = stages

    def collect(self) -> Iterable[Metric]:
        """As it is now."""
        yield GaugeMetricFamily(
            "reactor_delay_seconds",
            "The latest that a timer came in the last half minute.",
            self._stages.openclaw.plane.health.lag.worst_seconds,
        )


def process_figures() -> CollectorRegistry:
    """This process's own: memory, processor time, open files, garbage collections."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry
