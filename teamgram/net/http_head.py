"""The head of an HTTP/1.1 request, and of a short answer. Plain Python.

One reader for every listener that speaks HTTP or begins with it (MTProto over
HTTP, the opening of a WebSocket, the control plane), so that all of them
bound and refuse the same things.
"""

import re
from dataclasses import dataclass

#: A head with its request line and all headers.
MAX_HEAD_BYTES = 16 << 10
#: What stands between method and version.
MAX_TARGET_BYTES = 8 << 10
MAX_HEADERS = 64

_REQUEST_LINE = re.compile(rb"([A-Z]{1,16}) ([\x21-\x7e]+) HTTP/1\.([01])")
_SCHEME_AND_HOST = re.compile(rb"https?://[^/?#]+", re.IGNORECASE)
_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")

REASONS = {
    200: b"OK",
    206: b"Partial Content",
    301: b"Moved Permanently",
    304: b"Not Modified",
    400: b"Bad Request",
    401: b"Unauthorized",
    403: b"Forbidden",
    404: b"Not Found",
    405: b"Method Not Allowed",
    408: b"Request Timeout",
    411: b"Length Required",
    413: b"Content Too Large",
    414: b"URI Too Long",
    416: b"Range Not Satisfiable",
    426: b"Upgrade Required",
    429: b"Too Many Requests",
    431: b"Request Header Fields Too Large",
    444: b"No Response",
    503: b"Service Unavailable",
}


class HttpError(Exception):
    """The peer's bytes are no request that is served here; ``status`` is the answer, then the connection closes."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True, slots=True)
class RequestHead:
    """What stands before a request's body.

    Attributes:
        target: path and query as sent, without scheme and host.
        headers: names in lower case, a repeated header's values joined by a comma.
        keep_alive: another request may follow on the connection.
    """

    method: bytes
    target: bytes
    headers: dict[bytes, bytes]
    keep_alive: bool

    @property
    def path(self) -> bytes:
        """The target without its query."""
        return self.target.partition(b"?")[0]


def find_end(buffer: bytes | bytearray, searched: int = 0) -> int:
    """Where the head's closing empty line begins, -1 while it is not there.

    Args:
        searched: so many bytes were looked at before.

    Raises:
        HttpError: there is none within :data:`MAX_HEAD_BYTES`.
    """
    end = buffer.find(b"\r\n\r\n", max(searched - 3, 0), MAX_HEAD_BYTES)
    if end < 0 and len(buffer) >= MAX_HEAD_BYTES:
        raise HttpError(431, "request head too long")
    return end


def parse_head(head: bytes) -> RequestHead:
    """A head without its closing empty line.

    Raises:
        HttpError: it is malformed, or beyond a limit.
    """
    lines = head.split(b"\r\n")
    match = _REQUEST_LINE.fullmatch(lines[0])
    if match is None:
        raise HttpError(400, "malformed request line")
    if len(match[2]) > MAX_TARGET_BYTES:
        raise HttpError(414, "request target too long")
    headers = _read_headers(lines[1:])
    connection = headers.get(b"connection", b"").lower()
    keep_alive = b"close" not in connection if match[3] == b"1" else b"keep-alive" in connection
    return RequestHead(match[1], _target(match[2]), headers, keep_alive)


def _target(target: bytes) -> bytes:
    """The target without scheme and host, which may stand before its path.

    Every server must take that form (RFC 9112, 3.2.2); it is what a client
    sends to a proxy, TDLib among them.
    """
    host = _SCHEME_AND_HOST.match(target)
    if host is not None:
        rest = target[host.end() :]
        target = rest if rest.startswith(b"/") else b"/" + rest
    if not target.startswith(b"/"):
        raise HttpError(400, "malformed request line")
    return target


def _read_headers(lines: list[bytes]) -> dict[bytes, bytes]:
    if len(lines) > MAX_HEADERS:
        raise HttpError(431, "too many headers")
    headers: dict[bytes, bytes] = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or _TOKEN.fullmatch(name) is None:
            raise HttpError(400, "malformed header")
        name, value = name.lower(), value.strip(b" \t")
        if b"\n" in value or b"\r" in value or b"\0" in value:
            raise HttpError(400, "control character in a header")
        headers[name] = headers[name] + b", " + value if name in headers else value
    return headers


def response(status: int, headers: list[tuple[bytes, bytes]], body: bytes, keep_alive: bool) -> bytes:
    """A whole response."""
    return response_head(status, headers, len(body), keep_alive) + body


def response_head(status: int, headers: list[tuple[bytes, bytes]], length: int | None, keep_alive: bool) -> bytes:
    """A response to the first byte of its body.

    Content-Length comes last: Telethon takes the body to begin one empty
    line after it, whatever other headers there are.

    Args:
        length: None where the response may not say one, and has no body.
    """
    lines = [b"HTTP/1.1 %d %s" % (status, REASONS[status])]
    lines += [b"%s: %s" % header for header in headers]
    lines.append(b"Connection: keep-alive" if keep_alive else b"Connection: close")
    if length is not None:
        lines.append(b"Content-Length: %d" % length)
    return b"\r\n".join(lines) + b"\r\n\r\n"


def refusal(status: int, text: str) -> bytes:
    """A response of plain text after which the connection closes."""
    return response(status, [(b"Content-Type", b"text/plain; charset=utf-8")], text.encode() + b"\n", False)
