"""The paths that the core answers itself: probes, metrics, canvas documents."""

import mimetypes
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from twisted.web.http import Request

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from teamgram.openclaw.gateway.http import answer_json

if TYPE_CHECKING:
    from teamgram.openclaw.control_plane import ControlPlane

_CAPABILITY_PATH = re.compile(r"/__openclaw__/cap/([A-Za-z0-9_-]{24})/__openclaw__/(.*)")
_MAX_DOCUMENT_BYTES = 16 * 1024 * 1024

#: Names of what is not ready, empty when everything is.
Readiness = Callable[[], list[str]]


class CorePaths:
    """``/healthz`` and its siblings, ``/metrics``, ``/__openclaw__/…``."""

    def __init__(self, plane: "ControlPlane", readiness: Readiness, registry: CollectorRegistry = REGISTRY) -> None:
        self._plane = plane
        self._readiness = readiness
        self._registry = registry
        routes = plane.http
        for path in ("/health", "/healthz"):
            routes.add(path, self.alive)
        for path in ("/ready", "/readyz"):
            routes.add(path, self.ready)
        for path in ("/startup", "/startupz"):
            routes.add(path, self.startup)
        routes.add("/metrics", self.metrics)
        routes.add("/__openclaw__/", self.canvas, bearer=True, opens=self._has_capability)

    def alive(self, request: Request) -> None:
        """The process answers."""
        answer_json(request, 200, {"ok": True, "status": "live"})

    def _failing(self) -> list[str]:
        failing = list(self._readiness())
        if not self._plane.is_ready:
            failing.append("startup")
        if self._plane.draining:
            failing.append("draining")
        return failing

    def ready(self, request: Request) -> None:
        """Everything serves."""
        failing = self._failing()
        body = {
            "ready": not failing,
            "failing": failing,
            "uptimeMs": round((self._plane.seconds() - self._plane.started_at) * 1000),
            "eventLoop": self._plane.health.lag.to_wire(),
        }
        answer_json(request, 503 if failing else 200, body)

    def startup(self, request: Request) -> None:
        """The start is over."""
        started = self._plane.is_ready
        answer_json(request, 200 if started else 503, {"ok": started, "status": "started" if started else "starting"})

    def metrics(self, request: Request) -> None:
        """Prometheus text of the whole process."""
        body = generate_latest(self._registry)
        request.setHeader(b"content-type", CONTENT_TYPE_LATEST.encode())
        request.setHeader(b"content-length", str(len(body)).encode())
        if request.method != b"HEAD":
            request.write(body)
        request.finish()

    def _has_capability(self, path: str) -> bool:
        match = _CAPABILITY_PATH.fullmatch(path)
        return match is not None and self._plane.canvas.allows(match.group(1))

    def canvas(self, request: Request) -> None:
        """A document; who may see it was decided by the path's capability or the bearer."""
        path = request.path.decode("utf-8", "replace")
        match = _CAPABILITY_PATH.fullmatch(path)
        file = self._plane.canvas.file(match.group(2) if match else path.removeprefix("/__openclaw__/"))
        if file is None or file.stat().st_size > _MAX_DOCUMENT_BYTES:
            answer_json(request, 404, {"error": {"message": "Not Found", "type": "not_found"}})
            return
        content = file.read_bytes()
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        request.setHeader(b"content-type", kind.encode())
        request.setHeader(b"content-length", str(len(content)).encode())
        # A document is somebody's HTML on our origin: it may run, but not as this origin.
        request.setHeader(b"content-security-policy", b"sandbox allow-scripts allow-forms allow-popups")
        request.setHeader(b"cache-control", b"no-store")
        if request.method != b"HEAD":
            request.write(content)
        request.finish()


class PlaneCollector:
    """The control plane's figures, read when somebody scrapes."""

    def __init__(self, plane: "ControlPlane") -> None:
        self._plane = plane

    def collect(self) -> Any:
        """Prometheus families."""
        plane = self._plane
        connections = GaugeMetricFamily("openclaw_connections", "Open WebSockets by role", labels=["role"])
        for role in ("operator", "node", "handshake"):
            count = sum((c.role or "handshake") == role for c in plane.connections)
            connections.add_metric([role], count)
        yield connections
        waiting = sum(c.outbox.waiting_bytes for c in plane.connections)
        yield GaugeMetricFamily("openclaw_waiting_bytes", "Bytes queued for clients", value=waiting)
        yield GaugeMetricFamily("openclaw_active_runs", "Agent turns running", value=plane.runs.active())
        for name, text, value in (
            ("openclaw_requests", "Requests", plane.router.calls),
            ("openclaw_request_failures", "Requests refused or failed", plane.router.failures),
            ("openclaw_connects", "Handshakes that succeeded", plane.counters.connects),
            ("openclaw_refused_connects", "Handshakes that were refused", plane.counters.refused_connects),
            ("openclaw_slow_consumers", "Clients closed because they did not read", plane.counters.slow_consumers),
            ("openclaw_resumed", "Clients that went on where they were", plane.counters.resumed),
        ):
            yield CounterMetricFamily(name, text, value=value)
        for name, (text, figure) in plane.totals.items():
            yield CounterMetricFamily(name, text, value=figure())
