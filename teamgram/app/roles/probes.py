"""``/metrics``, ``/healthz`` and ``/readyz`` of a process that has no control port."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IListeningPort
from twisted.web.http import Request
from twisted.web.resource import Resource
from twisted.web.server import Site

from teamgram.app.config import sections
from teamgram.interfaces.figures import Figures

Names = Callable[[], list[str]]


class _Page(Resource):
    isLeaf = True

    def __init__(self, answer: Callable[[Request], bytes]) -> None:
        super().__init__()
        self._answer = answer

    def render_GET(self, request: Request) -> bytes:
        return self._answer(request)


def open_probes(
    reactor: Any,
    section: sections.PrometheusSection,
    figures: Figures,
    not_ready: Names,
    degraded: Names,
) -> IListeningPort | None:
    """Listen where ``Prometheus`` says; None when it names no port.

    Raises:
        CannotListenError
    """
    if not section.Port:
        return None

    def metrics(request: Request) -> bytes:
        page, kind = figures.page()
        request.setHeader(b"Content-Type", kind)
        return page

    def alive(request: Request) -> bytes:
        return _json(request, 200, {"ok": True})

    def ready(request: Request) -> bytes:
        missing = not_ready()
        state = {"ready": not missing, "failing": missing, "degraded": degraded()}
        return _json(request, 503 if missing else 200, state)

    root = Resource()
    path = section.Path.strip("/").encode() or b"metrics"
    for name, answer in ((path, metrics), (b"healthz", alive), (b"readyz", ready), (b"ready", ready)):
        root.putChild(name, _Page(answer))
    return reactor.listenTCP(section.Port, Site(root), interface=section.Host)  # type: ignore[no-any-return]


def _json(request: Request, code: int, tree: dict[str, Any]) -> bytes:
    request.setResponseCode(code)
    request.setHeader(b"Content-Type", b"application/json")
    return json.dumps(tree).encode()
