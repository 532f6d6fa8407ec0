"""The web console at ``/``: files that are read once, with headers that let the page do little else.

Below ``gateway.controlUi.basePath`` any path without a dot in its last part
is the page itself, as OpenClaw's clients expect; ``enabled: false`` hides it.
The page talks to the gateway over the same WebSocket as every other client.
"""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from twisted.web.http import CACHED, Request

from teamgram.openclaw.config.live import LiveConfig
from teamgram.openclaw.gateway.http import HttpRoutes, answer_json

_STATIC = Path(__file__).parent / "static"
_PAGE = "index.html"
_MIN_GZIP_BYTES = 512
_TYPES = {".js": "text/javascript", ".svg": "image/svg+xml"}

#: Nothing from elsewhere, nothing inline; ``'self'`` covers the WebSocket of the same host and port.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "manifest-src 'self'; base-uri 'self'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file as it leaves.

    Attributes:
        gzipped: empty when that would not be smaller.
    """

    content_type: str
    body: bytes
    gzipped: bytes
    etag: str


def static_file(name: str, body: bytes) -> StaticFile:
    """Prepare a file for serving."""
    suffix = Path(name).suffix
    kind = _TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    if kind.startswith("text/"):
        kind += "; charset=utf-8"
    gzipped = gzip.compress(body, mtime=0) if len(body) >= _MIN_GZIP_BYTES else b""
    return StaticFile(kind, body, gzipped, f'"{hashlib.sha256(body).hexdigest()[:32]}"')


class ConsolePages:
    """MessageAnswers what no other route does. The files are read when the first one is asked for."""

    def __init__(self, config: LiveConfig, routes: HttpRoutes, version: str) -> None:
        self._config = config
        self._version = version
        self._files: dict[str, StaticFile] = {}
        self._pages: dict[str, StaticFile] = {}
        routes.fallback = self.answer

    @property
    def base_path(self) -> str:
        """Where the console lies: ``/`` or ``/some/path/``."""
        inner = self._config.sections.gateway.control_ui.base_path.strip("/")
        return f"/{inner}/" if inner else "/"

    def answer(self, request: Request) -> None:
        """A file, the page, or 404."""
        path, base = request.path.decode("utf-8", "replace"), self.base_path
        enabled = self._config.sections.gateway.control_ui.enabled
        if enabled and path == base.rstrip("/") and path:
            request.setResponseCode(308)
            request.setHeader(b"location", base.encode())
            request.setHeader(b"content-length", b"0")
            request.finish()
            return
        found = self._find(path[len(base) :], base) if enabled and path.startswith(base) else None
        if found is None:
            answer_json(request, 404, {"error": {"message": "Not Found", "type": "not_found"}})
            return
        self._send(request, found)

    def _find(self, name: str, base: str) -> StaticFile | None:
        if not self._files:
            self._files = {file.name: static_file(file.name, file.read_bytes()) for file in _STATIC.iterdir()}
        if name != _PAGE and name in self._files:
            return self._files[name]
        if name != _PAGE and "." in name.rpartition("/")[2]:
            return None
        page = self._pages.get(base)
        if page is None:
            text = self._files[_PAGE].body.decode()
            filled = text.replace("{base}", _escape(base)).replace("{version}", _escape(self._version))
            self._pages = {base: static_file(_PAGE, filled.encode())}
            page = self._pages[base]
        return page

    def _send(self, request: Request, file: StaticFile) -> None:
        for name, value in (
            (b"content-type", file.content_type.encode()),
            (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
            (b"cross-origin-opener-policy", b"same-origin"),
            (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
            # Asked again each time, answered with 304: an update of the server is seen at once.
            (b"cache-control", b"no-cache"),
            (b"vary", b"accept-encoding"),
        ):
            request.setHeader(name, value)
        if request.setETag(file.etag.encode()) == CACHED:
            request.finish()
            return
        body = file.body
        if file.gzipped and "gzip" in (request.getHeader("accept-encoding") or ""):
            body = file.gzipped
            request.setHeader(b"content-encoding", b"gzip")
        request.setHeader(b"content-length", str(len(body)).encode())
        if request.method != b"HEAD":
            request.write(body)
        request.finish()


def _escape(text: str) -> str:
    """For an attribute's value."""
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
