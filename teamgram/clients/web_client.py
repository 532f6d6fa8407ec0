"""A build of Telegram Web A or K below a path of the HTTP listener.

Browsers give cryptography to pages that came over TLS or from the machine
itself only (secure contexts, W3C), and neither app does anything without: so
it is shown to nobody else.
"""

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from html import escape
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import unquote_to_bytes

from teamgram.clients.build import UnknownBuildError
from teamgram.clients.web_answers import WebBody, best_encoding, body_of
from teamgram.clients.web_build import FRESH, INDEX, WebBuild, WebTarget, examine_web
from teamgram.clients.web_files import Mark, mark_of
from teamgram.interfaces.documents import DocumentAnswer, DocumentRequest, whole
from teamgram.mtproto.crypto.rsa import RsaPublicKey

#: What is kept of files as they are served: all that an app loads at first is a third of it.
MAX_KEPT_BYTES = 48 << 20
_HOST = re.compile(r"(?:[a-z0-9._-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?", re.I)
_ALWAYS = [(b"X-Content-Type-Options", b"nosniff"), (b"Referrer-Policy", b"no-referrer")]

Address = tuple[str, str, int]
Answer = DocumentAnswer | None


class WebClient:
    """One build, as browsers get it. ``answer`` is quick and says when ``load`` is needed, which is not.

    Attributes:
        path: below which it is, with ``/`` at both ends.
        trouble: why it cannot be shown; empty: it can.
    """

    def __init__(self, path: str, directory: Path, websocket_port: int, key: RsaPublicKey) -> None:
        """
        Args:
            websocket_port: as browsers reach it; 0: that of the listener beside the one they came to.
            key: the server's.
        """
        self.path = path
        self.directory = directory
        self._websocket_port = websocket_port
        self._key = key
        self._build: WebBuild | None = None
        self._looked_at: Mark | None = None
        self.trouble = "it was not looked through yet"
        self._bodies: OrderedDict[tuple[str, bytes, int], WebBody] = OrderedDict()
        self._kept_bytes = 0
        # For those who write, which threads do; what ``answer`` reads is put in place whole.
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """Which app it is, for people."""
        return self._build.app.name if self._build is not None else "a web app"

    def examine(self) -> None:
        """Look through the directory again; slow. ``trouble`` says how it went."""
        with self._lock:
            self._examine()

    def _examine(self) -> None:
        self._build = None
        self._bodies.clear()
        self._kept_bytes = 0
        self._looked_at = mark_of(self.directory / INDEX)
        try:
            build = examine_web(self.directory)
        except (OSError, UnknownBuildError) as error:
            self.trouble = f"{self.directory} is no build that is known here: {error}"
        else:
            self.trouble = ""
            self._build = build

    def redirect(self, path: bytes) -> DocumentAnswer | None:
        """``/a`` is meant to be ``/a/``; everything in a build is named from there."""
        if path == self.path.rstrip("/").encode():
            return whole(301, [(b"Location", self.path.encode()), *_ALWAYS], b"")
        return None

    def answer(self, request: DocumentRequest, addresses: Sequence[Address]) -> Answer | Callable[[], Answer]:
        """The answer; what makes it, in a thread, where that is slow; None where there is no such file.

        Args:
            addresses: (kind, host, port) of every listener that is reached as this one is, over TLS or not.
        """
        if request.method not in (b"GET", b"HEAD"):
            return whole(405, [(b"Allow", b"GET, HEAD"), *_ALWAYS], b"")
        if not request.is_tls and not is_loopback(request.host):
            return self._refusal(request)
        port = self._websocket_port or websocket_port(addresses, request.host)
        if port is None:
            return _words(503, "There is no WebSocket listener that a browser could use from this page.", request)
        path = _file_path(request.path[len(self.path) - 1 :])
        if path is None:
            return None
        encoding = best_encoding(request.headers)
        build = self._build
        if path == INDEX and self._looked_at != mark_of(self.directory / INDEX):
            return lambda: self._load(path, encoding, port, request)
        if build is None:
            return self._no_build(request)
        if path not in build.files.sizes and path != FRESH:
            return None
        body = self._bodies.get((path, encoding, port))
        if body is None:
            return lambda: self._load(path, encoding, port, request)
        return body.document(request.method, request.headers, self._headers(request, port))

    def _load(self, path: str, encoding: bytes, port: int, request: DocumentRequest) -> DocumentAnswer | None:
        """In a thread; one at a time, so that many who want the same file make it once."""
        with self._lock:
            if path == INDEX and self._looked_at != mark_of(self.directory / INDEX):
                self._examine()
            build = self._build
            if build is None:
                return self._no_build(request)
            body = self._bodies.get((path, encoding, port))
            if body is None:
                try:
                    content = build.read(path, WebTarget(self._key, port))
                except OSError:
                    return None  # it is gone, or is no longer what it was
                # The headers name the port, so what a browser has is no longer good with another one.
                body = body_of(path, content, encoding, b"%d" % port, is_changed=path in build.changed_files())
                self._keep((path, encoding, port), body)
        return body.document(request.method, request.headers, self._headers(request, port))

    def _keep(self, key: tuple[str, bytes, int], body: WebBody) -> None:
        self._bodies[key] = body
        self._kept_bytes += len(body.content)
        while self._kept_bytes > MAX_KEPT_BYTES:
            _, oldest = self._bodies.popitem(last=False)
            self._kept_bytes -= len(oldest.content)

    def _no_build(self, request: DocumentRequest) -> DocumentAnswer:
        # Not to everybody what lies where on this machine: the log has ``trouble``.
        return _words(
            503, "This web app cannot be shown now. The server's log says why; so does teamgram client web.", request
        )

    # Headers

    def _headers(self, request: DocumentRequest, port: int) -> list[tuple[bytes, bytes]]:
        policy = _policy(_host_of(request), port, is_tls=request.is_tls)
        return [
            (b"Content-Security-Policy", policy.encode()),
            (b"Service-Worker-Allowed", self.path.encode()),
            *_ALWAYS,
        ]

    def _refusal(self, request: DocumentRequest) -> DocumentAnswer:
        return _words(
            403,
            f"{self.name} needs an address with https:// here. Browsers give their cryptography only to pages that "
            "come over TLS, or from the machine that the browser itself runs on; this page came in plain text from "
            f"{request.host}. Whoever runs this server gives its HTTP and WebSocket listeners a certificate (CertFile "
            "and KeyFile in gnetway.yaml), or puts a proxy before them that has one.",
            request,
        )


def websocket_port(addresses: Sequence[Address], host: str) -> int | None:
    """The port of a WebSocket listener that is reached at that address of ours; None where there is none."""
    there = [(each, port) for kind, each, port in addresses if kind == "websocket"]
    for each, port in there:
        if each in (host.removeprefix("::ffff:"), "0.0.0.0", "::"):
            return port
    return None


def is_loopback(host: str) -> bool:
    """Whether an address of ours is one that only this machine reaches."""
    try:
        return ip_address(host.removeprefix("::ffff:")).is_loopback
    except ValueError:
        return False


def _file_path(path: bytes) -> str | None:
    """The file that a path below the client's names, not looked for yet; None: no file can be called so."""
    try:
        name = unquote_to_bytes(path).decode()
    except UnicodeDecodeError:
        return None
    name = name.removeprefix("/")
    return name or INDEX


def _host_of(request: DocumentRequest) -> str:
    """The name by which the browser came, without port; our own address where it says none that could be one."""
    told = request.headers.get(b"host", b"").decode("latin-1")
    if _HOST.fullmatch(told):
        return told if told.endswith("]") else re.sub(r":\d+$", "", told)
    return f"[{request.host}]" if ":" in request.host else request.host


def _policy(host: str, port: int, *, is_tls: bool) -> str:
    """What the app may load and whom it may speak to: this server, and nobody else, whatever is in its code."""
    schemes = ("wss",) if is_tls else ("ws", "wss")  # plain HTTP may come through a proxy that speaks TLS
    # A policy cannot name an IPv6 address (CSP 3, 2.3.1: host-char).
    sockets = " ".join(f"{scheme}://{'*' if host.startswith('[') else host}:{port}" for scheme in schemes)
    return (
        "default-src 'self'; "
        f"connect-src 'self' blob: data: {sockets}; "
        "script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:; frame-src https: blob:; "
        "object-src 'none'; base-uri 'self'; form-action 'none'; frame-ancestors 'none'"
    )


def _words(status: int, text: str, request: DocumentRequest) -> DocumentAnswer:
    body = f"<!doctype html><meta charset=utf-8><title>Teamgram</title><p>{escape(text)}</p>\n".encode()
    headers = [
        (b"Content-Type", b"text/html; charset=utf-8"),
        (b"Content-Security-Policy", b"default-src 'none'; frame-ancestors 'none'"),
        (b"Cache-Control", b"no-store"),
        *_ALWAYS,
    ]
    return whole(status, headers, body, request.method)
