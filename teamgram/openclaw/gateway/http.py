"""HTTP beside the WebSocket, on the same port: who answers which path.

The core answers probes, metrics and canvas documents (``http_core``); the
agents and the web console add theirs with :meth:`HttpRoutes.add`. A route may
want the shared secret as a bearer token; wrong ones are counted and limited
as over the WebSocket.
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.http import Request
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from teamgram.openclaw.gateway import frames

#: Request bodies, ``/tools/invoke`` and ``/v1/chat/completions`` alike.
MAX_BODY = 2 * 1024 * 1024

#: Answers a request: writes and finishes it, at once or as a coroutine.
Handler = Callable[[Request], Coroutine[Deferred[Any], Any, None] | None]


@dataclass(frozen=True, slots=True)
class Route:
    """One path or everything below it."""

    methods: tuple[str, ...]
    handler: Handler
    bearer: bool


class HttpRoutes:
    """Exact paths first, then the longest prefix, then the fallback (the web console)."""

    def __init__(self) -> None:
        self._exact: dict[str, Route] = {}
        self._below: dict[str, Route] = {}
        self.fallback: Handler | None = None

    def add(self, path: str, handler: Handler, *, methods: tuple[str, ...] = ("GET",), bearer: bool = False) -> None:
        """Answer ``path``; with a slash at its end everything below it too."""
        where = self._below if path.endswith("/") else self._exact
        where[path] = Route(methods, handler, bearer)

    def find(self, path: str) -> Route | None:
        """The route of a path, None when only the fallback could answer."""
        route = self._exact.get(path)
        if route is None:
            prefixes = [prefix for prefix in self._below if path.startswith(prefix)]
            route = self._below[max(prefixes, key=len)] if prefixes else None
        return route


def answer_json(request: Request, status: int, value: Any) -> None:
    """Finish a request with JSON."""
    body = frames.encode_json(value)
    request.setResponseCode(status)
    request.setHeader(b"content-type", b"application/json; charset=utf-8")
    request.setHeader(b"content-length", str(len(body)).encode())
    request.setHeader(b"cache-control", b"no-store")
    if request.method != b"HEAD":
        request.write(body)
    request.finish()


class RouteResource(Resource):
    """The one leaf of the site: finds the route, checks the bearer, runs the handler."""

    isLeaf = True
    _log = Logger()

    def __init__(
        self, routes: HttpRoutes, authorize: Callable[[Request], tuple[int, dict[str, Any], int] | None]
    ) -> None:
        """Args:
        authorize: None when the request carries the secret, else (status, body, Retry-After seconds or 0).
        """
        super().__init__()
        self._routes = routes
        self._authorize = authorize

    def render(self, request: Request) -> int:
        """Called by twisted.web for every request."""
        path = request.path.decode("utf-8", "replace")
        method = request.method.decode("ascii", "replace")
        request.setHeader(b"x-content-type-options", b"nosniff")
        request.setHeader(b"referrer-policy", b"no-referrer")
        route = self._routes.find(path)
        if route is None:
            if self._routes.fallback is None or method not in ("GET", "HEAD"):
                answer_json(request, 404, {"error": {"message": "Not Found", "type": "not_found"}})
            else:
                self._run(self._routes.fallback, request)
            return NOT_DONE_YET
        if method not in route.methods and not (method == "HEAD" and "GET" in route.methods):
            request.setHeader(b"allow", ", ".join(route.methods).encode())
            answer_json(request, 405, {"error": {"message": "Method Not Allowed", "type": "invalid_request_error"}})
            return NOT_DONE_YET
        if route.bearer:
            refused = self._authorize(request)
            if refused is not None:
                status, body, retry_after = refused
                if retry_after:
                    request.setHeader(b"retry-after", str(retry_after).encode())
                answer_json(request, status, body)
                return NOT_DONE_YET
        self._run(route.handler, request)
        return NOT_DONE_YET

    def _run(self, handler: Handler, request: Request) -> None:
        try:
            outcome = handler(request)
        except Exception:
            self._failed(Failure(), request)
            return
        if outcome is not None:
            running: Deferred[None] = Deferred.fromCoroutine(outcome)
            gone = request.notifyFinish()
            gone.addErrback(lambda _: running.cancel())
            running.addErrback(self._failed, request)

    def _failed(self, failure: Failure, request: Request) -> None:
        if request.finished or request._disconnected:
            return
        self._log.failure("{path} failed", failure=failure, path=request.path)
        if request.startedWriting:
            request.loseConnection()
        else:
            answer_json(request, 500, {"error": {"message": "Internal Server Error", "type": "internal_error"}})
