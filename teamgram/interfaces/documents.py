"""What an HTTP listener shows browsers: a request as its edge read it, and what it is to answer."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DocumentRequest:
    """A request for something that is no MTProto.

    Attributes:
        method: as it was sent.
        path: without query, not decoded.
        headers: names in small letters.
        host, port: our own end of the connection.
        is_tls: whether the listener speaks TLS.
    """

    method: bytes
    path: bytes
    headers: Mapping[bytes, bytes]
    host: str
    port: int
    is_tls: bool


@dataclass(frozen=True, slots=True)
class DocumentAnswer:
    """An answer.

    Attributes:
        headers: all but Content-Length and Connection.
        length: what Content-Length says; None leaves it out (304, RFC 9110, 8.6). ``body`` is as long, or empty
            where only the head was asked for.
    """

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    length: int | None


#: None: nothing is at that path. What takes time is awaited.
Documents = Callable[[DocumentRequest], "Awaitable[DocumentAnswer | None]"]


def whole(status: int, headers: list[tuple[bytes, bytes]], body: bytes, method: bytes = b"GET") -> DocumentAnswer:
    """An answer that says all at once; to HEAD without its body."""
    return DocumentAnswer(status, headers, b"" if method == b"HEAD" else body, len(body))
