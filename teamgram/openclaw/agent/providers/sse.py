"""Server-sent events, as model providers stream their replies: bytes in, events out. Plain Python.

Source: the WHATWG HTML standard, "Server-sent events", 9.2.5 and 9.2.6: a byte order mark may lead, and a line ends
with CR LF, LF or a bare CR.
"""

import codecs
import re
from collections.abc import Iterator

#: The longest line that is taken; providers' are a few kilobytes.
MAX_LINE_BYTES = 8 * 1024 * 1024

_LINE_END = re.compile(rb"\r\n|\n|\r")


class SSEError(Exception):
    """The stream is none of ours."""


class LineSplitter:
    """Feed it bytes; it gives lines without their ends, whatever the network cuts through."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0
        self._after_cr = False
        self._is_first = True

    def feed(self, data: bytes) -> Iterator[str]:
        """Lines that are complete now.

        Raises:
            SSEError: a line is longer than any sane one.
        """
        if self._after_cr and data:
            data = data.removeprefix(b"\n")
            self._after_cr = False
        start = 0
        for end in _LINE_END.finditer(data):
            yield self._line(data[start : end.start()])
            start = end.end()
        self._after_cr = data.endswith(b"\r")
        if start < len(data):
            self._keep(data[start:])

    def finish(self) -> Iterator[str]:
        """What stands after the last line end, when nothing more comes."""
        if self._pieces:
            yield self._line(b"")

    def _keep(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > MAX_LINE_BYTES:
            raise SSEError("a line of the provider's stream is too long")
        self._pieces.append(piece)

    def _line(self, last: bytes) -> str:
        self._keep(last)
        raw = b"".join(self._pieces)
        self._pieces, self._size = [], 0
        if self._is_first:
            self._is_first = False
            raw = raw.removeprefix(codecs.BOM_UTF8)
        return raw.decode("utf-8", "replace")


class SSEParser:
    """Feed it bytes; it gives ``(event, data)`` pairs as they are complete."""

    def __init__(self) -> None:
        self._lines = LineSplitter()
        self._event = ""
        self._data: list[str] = []

    def feed(self, data: bytes) -> Iterator[tuple[str, str]]:
        """Events that are complete now.

        Raises:
            SSEError: a line is longer than any sane one.
        """
        for line in self._lines.feed(data):
            if line:
                self._field(line)
            else:
                yield from self._dispatch()

    def finish(self) -> Iterator[tuple[str, str]]:
        """The event whose empty line never came. The standard drops it; providers mean it."""
        for line in self._lines.finish():
            if line:
                self._field(line)
        yield from self._dispatch()

    def _dispatch(self) -> Iterator[tuple[str, str]]:
        if self._data or self._event:
            event, text = self._event, "\n".join(self._data)
            self._event, self._data = "", []
            yield event, text

    def _field(self, line: str) -> None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._event = value
