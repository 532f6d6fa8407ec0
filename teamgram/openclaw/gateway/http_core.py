"""The paths that the core answers itself: probes, metrics, canvas documents."""

import mimetypes
import re
from collections.abc import Callable

from twisted.web.http import Request

from teamgram.interfaces.figures import Figures
from teamgram.openclaw.gateway.health import Health
from teamgram.openclaw.gateway.http import HttpRoutes, answer_json
from teamgram.openclaw.gateway.lifetime import Lifetime
from teamgram.openclaw.nodes.canvas import Canvas

_CAPABILITY_PATH = re.compile(r"/__openclaw__/cap/([A-Za-z0-9_-]{24})/__openclaw__/(.*)")
_MAX_DOCUMENT_BYTES = 16 * 1024 * 1024

#: Names of what is not ready, empty when everything is.
Readiness = Callable[[], list[str]]


class CorePaths:
    """``/healthz`` and its siblings, ``/metrics``, ``/__openclaw__/…``."""

    def __init__(
        self,
        lifetime: Lifetime,
        health: Health,
        canvas: Canvas,
        routes: HttpRoutes,
        canvas_routes: HttpRoutes,
        readiness: Readiness,
        counts: Callable[[], dict[str, int]],
        figures: Figures,
        degraded: Readiness = list,
    ) -> None:
        """Args:
        canvas_routes: of the canvas host's own port.
        counts: what ``/health`` tells besides.
        figures: what ``/metrics`` shows.
        """
        self._counts = counts
        self._lifetime = lifetime
        self._health = health
        self._canvas = canvas
        self._readiness = readiness
        self._figures = figures
        self._degraded = degraded
        routes.add("/health", self.counted)
        routes.add("/healthz", self.alive)
        for path in ("/ready", "/readyz"):
            routes.add(path, self.ready)
        for path in ("/startup", "/startupz"):
            routes.add(path, self.startup)
        routes.add("/metrics", self.metrics)
        for each in (routes, canvas_routes):
            each.add("/__openclaw__/", self.canvas, bearer=True, opens=self._has_capability)

    def alive(self, request: Request) -> None:
        """The process answers."""
        answer_json(request, 200, {"ok": True, "status": "live"})

    def counted(self, request: Request) -> None:
        """The process answers, and how much it has to do."""
        answer_json(request, 200, {"ok": True, "status": "live", **self._counts()})

    def _failing(self) -> list[str]:
        failing = list(self._readiness())
        if not self._lifetime.is_ready:
            failing.append("startup")
        if self._lifetime.draining:
            failing.append("draining")
        return failing

    def ready(self, request: Request) -> None:
        """Everything serves."""
        failing = self._failing()
        body = {
            "ready": not failing,
            "failing": failing,
            # What does not work while everything else does: no reason to send people elsewhere.
            "degraded": list(self._degraded()),
            "uptimeMs": self._lifetime.uptime_ms(),
            "eventLoop": self._health.lag.to_wire(),
        }
        answer_json(request, 503 if failing else 200, body)

    def startup(self, request: Request) -> None:
        """The start is over."""
        started = self._lifetime.is_ready
        answer_json(request, 200 if started else 503, {"ok": started, "status": "started" if started else "starting"})

    def metrics(self, request: Request) -> None:
        """Prometheus text of the whole process."""
        body, kind = self._figures.page()
        request.setHeader(b"content-type", kind)
        request.setHeader(b"content-length", str(len(body)).encode())
        if request.method != b"HEAD":
            request.write(body)
        request.finish()

    def _has_capability(self, path: str) -> bool:
        match = _CAPABILITY_PATH.fullmatch(path)
        return match is not None and self._canvas.allows(match.group(1))

    def canvas(self, request: Request) -> None:
        """A document; who may see it was decided by the path's capability or the bearer."""
        path = request.path.decode("utf-8", "replace")
        match = _CAPABILITY_PATH.fullmatch(path)
        file = self._canvas.file(match.group(2) if match else path.removeprefix("/__openclaw__/"))
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
