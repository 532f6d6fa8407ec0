"""What Prometheus reads of the control plane; imported at the first scrape."""

from collections.abc import Callable, Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from teamgram.openclaw.gateway.active_runs import ActiveRuns
from teamgram.openclaw.gateway.reception import Reception
from teamgram.openclaw.gateway.router import Router

Totals = Mapping[str, tuple[str, Callable[[], float]]]


class PlaneCollector:
    """The control plane's figures, read when somebody scrapes.

    Args:
        totals: more of them, from what hangs itself in: name → (help, figure).
    """

    def __init__(self, reception: Reception, router: Router, runs: ActiveRuns, totals: Totals) -> None:
        self._totals = totals
        self._reception = reception
        self._router = router
        self._runs = runs

    def collect(self) -> Iterator[Metric]:
        """Prometheus families."""
        counters = self._reception.counters
        connections = GaugeMetricFamily("openclaw_connections", "Open WebSockets by role", labels=["role"])
        for role in ("operator", "node", "handshake"):
            count = sum((c.role or "handshake") == role for c in self._reception.connections)
            connections.add_metric([role], count)
        yield connections
        waiting = sum(c.outbox.waiting_bytes for c in self._reception.connections)
        yield GaugeMetricFamily("openclaw_waiting_bytes", "Bytes queued for clients", value=waiting)
        yield GaugeMetricFamily("openclaw_active_runs", "Agent turns running", value=self._runs.active())
        for name, text, value in (
            ("openclaw_requests", "Requests", self._router.calls),
            ("openclaw_request_failures", "Requests refused or failed", self._router.failures),
            ("openclaw_connects", "Handshakes that succeeded", counters.connects),
            ("openclaw_refused_connects", "Handshakes that were refused", counters.refused_connects),
            (
                "openclaw_slow_consumers",
                "Clients closed because they did not read",
                counters.slow_consumers,
            ),
            ("openclaw_resumed", "Clients that went on where they were", counters.resumed),
        ):
            yield CounterMetricFamily(name, text, value=value)
        for name, (text, figure) in self._totals.items():
            yield CounterMetricFamily(name, text, value=figure())
