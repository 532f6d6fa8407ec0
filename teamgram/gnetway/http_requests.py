"""HTTP/1.1 requests out of a stream of bytes, and the head of a response.

Plain Python, and only what an MTProto client over HTTP uses: bodies with a
Content-Length, keep-alive, several requests sent without waiting for answers
(Telethon does so, and an answer may have to wait for its own update while a
later request must already be served, so one-at-a-time HTTP servers deadlock).
"""

import re
from dataclasses import dataclass

MAX_HEAD_BYTES = 16 << 10
MAX_HEADERS = 64

_REQUEST_LINE = re.compile(rb"([A-Z]{1,16}) ([\x21-\x7e]+) HTTP/1\.([01])")
_SCHEME_AND_HOST = re.compile(rb"https?://[^/?#]+", re.IGNORECASE)
_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")

REASONS = {
    200: b"OK",
    400: b"Bad Request",
    403: b"Forbidden",
    404: b"Not Found",
    405: b"Method Not Allowed",
    411: b"Length Required",
    413: b"Content Too Large",
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
class HttpRequest:
    """One request; header names in lower case, a repeated header's values joined by a comma."""

    method: bytes
    path: bytes
    headers: dict[bytes, bytes]
    body: bytes
    keep_alive: bool


class RequestParser:
    """Collects bytes, gives requests one at a time.

    Memory is bounded by the caller not feeding more while it does not take
    requests out, and by the limits on head and body here.
    """

    __slots__ = ("_body_bytes", "_buffer", "_head", "_max_body_bytes", "_searched")

    def __init__(self, max_body_bytes: int) -> None:
        self._max_body_bytes = max_body_bytes
        self._buffer = bytearray()
        self._searched = 0
        self._head: tuple[bytes, bytes, dict[bytes, bytes], bool] | None = None
        self._body_bytes = 0

    @property
    def buffered_bytes(self) -> int:
        """Bytes received and not yet given out."""
        return len(self._buffer)

    def forget(self) -> None:
        """Let go of what arrived: nothing more is read."""
        self._buffer = bytearray()

    def receive_data(self, data: bytes) -> None:
        """Store what arrived."""
        self._buffer += data

    def next_request(self) -> HttpRequest | None:
        """The next complete request, None when more bytes are needed.

        Raises:
            HttpError: and the stream cannot be read on.
        """
        if self._head is None and not self._read_head():
            return None
        assert self._head is not None
        if len(self._buffer) < self._body_bytes:
            return None
        method, path, headers, keep_alive = self._head
        body = bytes(self._buffer[: self._body_bytes])
        del self._buffer[: self._body_bytes]
        self._head = None
        return HttpRequest(method, path, headers, body, keep_alive)

    def _read_head(self) -> bool:
        buffer = self._buffer
        while buffer[:2] == b"\r\n":  # an empty line before a request is to be ignored (RFC 9112, 2.2)
            del buffer[:2]
            self._searched = 0
        end = buffer.find(b"\r\n\r\n", max(self._searched - 3, 0), MAX_HEAD_BYTES)
        if end < 0:
            if len(buffer) >= MAX_HEAD_BYTES:
                raise HttpError(431, "request head too long")
            self._searched = len(buffer)
            return False
        lines = bytes(buffer[:end]).split(b"\r\n")
        del buffer[: end + 4]
        self._searched = 0
        match = _REQUEST_LINE.fullmatch(lines[0])
        if match is None:
            raise HttpError(400, "malformed request line")
        path = _path(match[2])
        headers = _read_headers(lines[1:])
        if b"transfer-encoding" in headers:
            raise HttpError(411, "transfer-encoding in a request")
        self._body_bytes = _content_length(headers, match[1], self._max_body_bytes)
        connection = headers.get(b"connection", b"").lower()
        keep_alive = b"close" not in connection if match[3] == b"1" else b"keep-alive" in connection
        self._head = (match[1], path, headers, keep_alive)
        return True


def _path(target: bytes) -> bytes:
    """The path of a request target, which may name scheme and host before it.

    Every server must take that form (RFC 9112, 3.2.2); it is what a client
    sends to a proxy, TDLib among them. One host is served here, so whose it
    says it is makes no difference.
    """
    host = _SCHEME_AND_HOST.match(target)
    if host is not None:
        rest = target[host.end() :]
        target = rest if rest.startswith(b"/") else b"/" + rest
    if not target.startswith(b"/"):
        raise HttpError(400, "malformed request line")
    return target.partition(b"?")[0]


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


def _content_length(headers: dict[bytes, bytes], method: bytes, max_body_bytes: int) -> int:
    value = headers.get(b"content-length")
    if value is None:
        if method == b"POST":
            raise HttpError(411, "no content-length")
        return 0
    if not value.isdigit():
        raise HttpError(400, "malformed content-length")
    # Compared by its length first: int() of a long string of digits is slow.
    if len(value) > 10 or int(value) > max_body_bytes:
        raise HttpError(413, "request body too long")
    return int(value)


def response(status: int, headers: list[tuple[bytes, bytes]], body: bytes, keep_alive: bool) -> bytes:
    """A whole response.

    Content-Length comes last: Telethon takes the body to begin one empty
    line after it, whatever other headers there are.
    """
    lines = [b"HTTP/1.1 %d %s" % (status, REASONS[status])]
    lines += [b"%s: %s" % header for header in headers]
    lines.append(b"Connection: keep-alive" if keep_alive else b"Connection: close")
    lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body
