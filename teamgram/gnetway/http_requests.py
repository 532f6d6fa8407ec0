"""HTTP/1.1 requests with their bodies out of a stream of bytes.

Plain Python, and only what an MTProto client over HTTP uses: bodies with a
Content-Length, keep-alive, several requests sent without waiting for answers
(Telethon does so, and an answer may have to wait for its own update while a
later request must already be served, so one-at-a-time HTTP servers deadlock).
"""

from dataclasses import dataclass

from teamgram.net.http_head import HttpError, RequestHead, find_end, parse_head


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request; ``headers`` as in :class:`http_head.RequestHead`."""

    method: bytes
    path: bytes
    headers: dict[bytes, bytes]
    body: bytes
    keep_alive: bool


class RequestParser:
    """Collects bytes, gives requests one at a time.

    Memory is bounded by the caller not feeding more while it does not take
    requests out, and by the limits on head and body.
    """

    __slots__ = ("_body_bytes", "_buffer", "_head", "_max_body_bytes", "_searched")

    def __init__(self, max_body_bytes: int) -> None:
        self._max_body_bytes = max_body_bytes
        self._buffer = bytearray()
        self._searched = 0
        self._head: RequestHead | None = None
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
        head = self._head
        assert head is not None
        if len(self._buffer) < self._body_bytes:
            return None
        body = bytes(self._buffer[: self._body_bytes])
        del self._buffer[: self._body_bytes]
        self._head = None
        return HttpRequest(head.method, head.path, head.headers, body, head.keep_alive)

    def _read_head(self) -> bool:
        buffer = self._buffer
        while buffer[:2] == b"\r\n":  # an empty line before a request is to be ignored (RFC 9112, 2.2)
            del buffer[:2]
            self._searched = 0
        end = find_end(buffer, self._searched)
        if end < 0:
            self._searched = len(buffer)
            return False
        head = parse_head(bytes(buffer[:end]))
        del buffer[: end + 4]
        self._searched = 0
        if b"transfer-encoding" in head.headers:
            raise HttpError(411, "transfer-encoding in a request")
        self._body_bytes = _content_length(head.headers, head.method, self._max_body_bytes)
        self._head = head
        return True


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
