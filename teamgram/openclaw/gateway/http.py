"""HTTP beside the WebSocket, on the same port: who answers which path, and who may ask.

The core answers probes, metrics and canvas documents (``http_core``); the
agents and the web console add theirs with :meth:`HttpRoutes.add`. Everything
about a request is decided by :class:`HttpGate` from its head, before a byte
of its body is read: a route says how much body it takes and whether it wants
the shared secret as a bearer token.
"""

import re
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from typing import Any

from twisted.internet.defer import Deferred
from twisted.web.http import Request

from teamgram.net.http_head import MAX_TARGET_BYTES
from teamgram.openclaw.gateway import frames
from teamgram.openclaw.gateway.door import Answer, Door, Visitor, bearer

_HEADER = re.compile(r"[A-Za-z0-9-]{1,64}")

#: Request bodies of routes that take one and name no other limit.
MAX_BODY = 2 * 1024 * 1024

#: MessageAnswers a request: writes and finishes it, at once or as a coroutine.
Handler = Callable[[Request], Coroutine[Deferred[Any], Any, None] | None]


@dataclass(frozen=True, slots=True)
class HttpRoute:
    """One path or everything below it.

    Attributes:
        bearer: the shared secret is wanted.
        max_body_bytes: of a request; 0 for what takes none.
        opens: says of a path that it needs no secret (it holds one of its own).
        page: the origin of a web page that may read the answer (CORS), empty for none.
    """

    methods: tuple[str, ...]
    handler: Handler
    bearer: bool
    max_body_bytes: int
    opens: Callable[[str], bool] | None
    page: bytes = b""


class HttpRoutes:
    """Exact paths first, then the longest prefix, then the fallback (the web console)."""

    def __init__(self) -> None:
        self._exact: dict[str, HttpRoute] = {}
        self._below: dict[str, HttpRoute] = {}
        self.fallback: Handler | None = None

    def add(
        self,
        path: str,
        handler: Handler,
        *,
        methods: tuple[str, ...] = ("GET",),
        bearer: bool = False,
        max_body_bytes: int = MAX_BODY,
        opens: Callable[[str], bool] | None = None,
    ) -> None:
        """Answer ``path``; with a slash at its end everything below it too."""
        where = self._below if path.endswith("/") else self._exact
        takes_body = any(method not in ("GET", "HEAD") for method in methods)
        where[path] = HttpRoute(methods, handler, bearer, max_body_bytes if takes_body else 0, opens)

    def find(self, path: str) -> HttpRoute | None:
        """The route of a path, None when only the fallback could answer."""
        route = self._exact.get(path)
        if route is None:
            prefixes = [prefix for prefix in self._below if path.startswith(prefix)]
            route = self._below[max(prefixes, key=len)] if prefixes else None
        return route


@dataclass(frozen=True, slots=True)
class HttpRefusal:
    """An answer that no handler gives; the connection closes after it.

    Attributes:
        hold_ms: how long the answer is kept back.
    """

    status: int
    message: str
    kind: str
    headers: tuple[tuple[bytes, bytes], ...] = ()
    hold_ms: int = 0

    def body(self) -> bytes:
        """Its JSON."""
        return frames.encode_json({"error": {"message": self.message, "type": self.kind}})


BAD_REQUEST = HttpRefusal(400, "Bad Request", "invalid_request_error")
TOO_SLOW = HttpRefusal(408, "Request Timeout", "timeout")
TOO_LARGE = HttpRefusal(413, "Content Too Large", "invalid_request_error")
_NOT_FOUND = HttpRefusal(404, "Not Found", "not_found")
_TARGET_TOO_LONG = HttpRefusal(414, "URI Too Long", "invalid_request_error")


class HttpGate:
    """Judges requests by their heads."""

    def __init__(self, routes: HttpRoutes, door: Door) -> None:
        self._routes = routes
        self._door = door

    def judge(
        self, method: str, target: bytes, headers: Mapping[str, str], peer_ip: str, length: int | None
    ) -> HttpRoute | HttpRefusal:
        """Who answers, or why nobody does.

        Args:
            headers: names in lower case.
            length: of the body as it is declared; None: it comes in chunks.
        """
        if len(target) > MAX_TARGET_BYTES:
            return _TARGET_TOO_LONG
        caller = self._door.caller(peer_ip, headers)
        turned_away = self._door.turned_away(caller)
        if turned_away is not None:
            return HttpRefusal(403, turned_away, "forbidden")
        path = target.partition(b"?")[0].decode("utf-8", "replace")
        origin = headers.get("origin")
        page = (origin or "").encode() if self._door.may_call_api(origin, path) else b""
        if page and method == "OPTIONS" and "access-control-request-method" in headers:
            return HttpRoute(("OPTIONS",), _preflight, False, 0, None, page)
        route = self._routes.find(path)
        if route is None:
            fallback = self._routes.fallback
            if fallback is None or method not in ("GET", "HEAD"):
                return _NOT_FOUND
            route = HttpRoute(("GET",), fallback, False, 0, None)
        if method not in route.methods and not (method == "HEAD" and "GET" in route.methods):
            allow = ((b"allow", ", ".join(route.methods).encode()),)
            return HttpRefusal(405, "Method Not Allowed", "invalid_request_error", allow)
        if route.bearer and not (route.opens is not None and route.opens(path)):
            refusal = self._secret(caller, headers, may_come=bool(page))
            if refusal is not None:
                return refusal
        if length is not None and length > route.max_body_bytes:
            return TOO_LARGE
        return replace(route, page=page) if page else route

    def _secret(self, caller: Visitor, headers: Mapping[str, str], *, may_come: bool) -> HttpRefusal | None:
        # With auth mode none any web site could otherwise call us from its visitor's browser.
        if caller.origin is not None and not may_come and not self._door.page_allowed(caller.origin):
            return HttpRefusal(403, "Origin not allowed", "forbidden")
        verdict = self._door.check(caller, {"token": bearer(headers)})
        if verdict.answer is Answer.OPEN:
            return None
        if verdict.answer is Answer.LOCKED:
            seconds = ((b"retry-after", str(-(-verdict.wait_ms // 1000)).encode()),)
            return HttpRefusal(429, "Too many failed authentication attempts", "rate_limited", seconds)
        challenge = ((b"www-authenticate", b"Bearer"),)
        return HttpRefusal(401, "Unauthorized", "unauthorized", challenge, verdict.hold_ms)


def _preflight(request: Request) -> None:
    """A browser asks whether its page may."""
    request.setResponseCode(204)
    request.setHeader(b"access-control-allow-methods", b"GET, POST")
    asked = (request.getHeader(b"access-control-request-headers") or b"").decode("latin-1")
    wanted = [name for name in asked.replace(" ", "").split(",") if _HEADER.fullmatch(name)]
    request.setHeader(b"access-control-allow-headers", ", ".join(wanted or ["authorization", "content-type"]).encode())
    request.setHeader(b"access-control-max-age", b"600")
    request.finish()


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
