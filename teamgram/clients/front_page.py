"""What the HTTP listener shows a browser: how to get in."""

from base64 import b64encode
from collections.abc import Callable, Sequence
from functools import cache
from hashlib import sha256
from html import escape
from pathlib import Path
from string import Template

from teamgram.clients.snippets import SNIPPETS, snippet
from teamgram.interfaces.documents import DocumentAnswer, DocumentRequest, whole

PEM_FILE = "server_public.pem"
#: Pages kept: one for each address by which browsers come.
_MAX_KEPT = 16
_STYLE = (
    "body{margin:0;background:#f5f7f9;color:#1b2733;font:16px/1.5 system-ui,sans-serif}"
    "main{max-width:50rem;margin:0 auto;padding:1.5rem}"
    "h1{margin-top:0}"
    ".top{display:flex;flex-wrap:wrap;gap:2rem;align-items:flex-start}"
    "th{text-align:left;padding-right:1.5rem;font-weight:600}"
    "figure{margin:0;text-align:center}"
    "figure svg{background:#fff;border-radius:6px}"
    "pre{background:#fff;border:1px solid #d7dfe6;border-radius:6px;padding:.8rem;overflow-x:auto}"
    "code,pre,figcaption{font-family:ui-monospace,monospace;font-size:.85rem}"
    "summary{cursor:pointer;font-weight:600;padding:.3rem 0}"
    "@media(prefers-color-scheme:dark){body{background:#17212b;color:#e4ecf2}a{color:#6ab3f3}"
    "pre{background:#0e1621;border-color:#2b3a47}}"
)
_POLICY = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_SAFE = [
    (b"X-Content-Type-Options", b"nosniff"),
    (b"Referrer-Policy", b"no-referrer"),
    (b"Cache-Control", b"no-cache"),
]

_WEB_HERE = "<p>In this browser: {links}</p>"
_WEB_TO_COME = (
    "<p>Telegram Web A or Web K in this browser, from a build of yours (docs/apps.md):</p>\n"
    "<pre>teamgram client web BUILD</pre>"
)
Address = tuple[str, str, int]


class FrontPage:
    """The page and the key beside it; the page names the address by which the browser came.

    Attributes:
        web_clients: (name, path) of the web apps that this server shows.
    """

    def __init__(self, public_pem: str, fingerprint: int, dc_id: int, addresses: Callable[[], Sequence[Address]]):
        """
        Args:
            fingerprint: signed.
            addresses: (kind, host, port) of every listener, as they are now.
        """
        self._pem = public_pem
        self._fingerprint = fingerprint
        self._dc_id = dc_id
        self._addresses = addresses
        self.web_clients: list[tuple[str, str]] = []
        self._kept: dict[object, bytes] = {}

    def document(self, request: DocumentRequest) -> DocumentAnswer | None:
        """What is at the request's path, None if nothing is."""
        if request.path not in (b"/", b"/" + PEM_FILE.encode()):
            return None
        if request.method not in (b"GET", b"HEAD"):
            return whole(405, [(b"Allow", b"GET, HEAD"), *_SAFE], b"")
        if request.path != b"/":
            headers = [(b"Content-Type", b"application/x-pem-file"), *_SAFE]
            return whole(200, headers, self._pem.encode(), request.method)
        headers = [(b"Content-Type", b"text/html; charset=utf-8"), (b"Content-Security-Policy", _POLICY.encode())]
        page = self._page(request.host, request.port, request.is_tls)
        return whole(200, [*headers, *_SAFE], page, request.method)

    def _page(self, host: str, port: int, is_tls: bool) -> bytes:
        addresses = tuple(self._addresses())
        key = addresses, host, port, is_tls, tuple(self.web_clients)
        page = self._kept.get(key)
        if page is None:
            if len(self._kept) >= _MAX_KEPT:
                self._kept.clear()
            self._kept[key] = page = self._render(addresses, host, port, is_tls)
        return page

    def _render(self, addresses: Sequence[Address], host: str, port: int, is_tls: bool) -> bytes:
        import segno  # not before somebody looks at the page

        host = host.removeprefix("::ffff:")
        tcp_host, tcp_port = _reached("tcp", addresses, host) or (host, 0)
        websocket = _reached("websocket", addresses, host)
        url = f"{'https' if is_tls else 'http'}://{_joined(host, port)}"
        programs = {
            library: snippet(
                library,
                host=tcp_host,
                port=tcp_port,
                websocket_port=websocket[1] if websocket else 0,
                pem=PEM_FILE,
                fingerprint=self._fingerprint,
                dc_id=self._dc_id,
            )
            for library in SNIPPETS
        }
        values = {
            "address": _joined(tcp_host, tcp_port) if tcp_port else "no TCP listener",
            "websocket": f"ws://{_joined(*websocket)}/apiws" if websocket else "no WebSocket listener",
            "page": url,
            "host": tcp_host,
            "port": str(tcp_port),
            "dc_id": str(self._dc_id),
            "fingerprint": str(self._fingerprint),
        }
        texts = {name: escape(value) for name, value in values.items()}
        qr = segno.make(f"{url}/", micro=False).svg_inline(scale=4, border=3)
        snippets = "\n".join(
            f"<details><summary>{escape(library)}</summary><pre>{escape(program)}</pre></details>"
            for library, program in programs.items()
        )
        web = _WEB_HERE.format(
            links=" · ".join(f'<a href="{path}">{escape(name)}</a>' for name, path in self.web_clients)
        )
        web = web if self.web_clients else _WEB_TO_COME
        return _template().substitute(texts, style=_STYLE, qr=qr, web=web, snippets=snippets).encode()


@cache
def _template() -> Template:
    return Template(Path(__file__).with_name("front_page.html").read_text(encoding="utf-8"))


def _reached(kind: str, addresses: Sequence[Address], host: str) -> tuple[str, int] | None:
    """Host and port of a listener of that kind: one at the address by which the browser came, else the first."""
    there = [(each, port) for its_kind, each, port in addresses if its_kind == kind]
    for each, port in there:
        if each == host or each in ("0.0.0.0", "::"):
            return host, port
    return there[0] if there else None


def _joined(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
