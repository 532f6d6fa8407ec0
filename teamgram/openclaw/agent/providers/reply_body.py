"""The body of a provider's answer, whatever it turned out to be: a stream, one JSON value, or no reply at all.

Plain Python. Servers that were asked for a stream answer with one JSON value (a proxy that cannot stream, an error with
status 200), with lines of JSON (Ollama), or with a web page (a ``baseUrl`` that leads elsewhere). The first character
tells which.
"""

import codecs
import json
from collections.abc import Iterator

from teamgram.openclaw.agent.providers.sse import LineSplitter, SSEError, SSEParser

#: One JSON value, or a text that is no reply.
MAX_WHOLE_BYTES = 32 * 1024 * 1024
_SPACE = b" \t\r\n"
_KEPT_TEXT_BYTES = 4096


class NotAReplyError(Exception):
    """The body is neither a stream nor JSON.

    Attributes:
        text: how it begins.
        is_page: it is a web page.
    """

    def __init__(self, text: str, *, is_page: bool) -> None:
        super().__init__("not a reply")
        self.text = text
        self.is_page = is_page


class ReplyBody:
    """Feed it bytes; it gives ``(event, data)`` pairs; one JSON value, or a line of JSON, is an event without name."""

    def __init__(self) -> None:
        self._head = b""
        self._reader: _Events | _Json | None = None

    def feed(self, data: bytes) -> Iterator[tuple[str, str]]:
        """Events that are complete now.

        Raises:
            SSEError: it is longer than any reply.
        """
        if self._reader is None:
            self._head += data
            begun = self._head.removeprefix(codecs.BOM_UTF8).lstrip(_SPACE)
            if not begun or codecs.BOM_UTF8.startswith(self._head):
                if len(self._head) > _KEPT_TEXT_BYTES:
                    raise SSEError("the provider's answer is empty space")
                return
            data, self._head = begun, b""
            self._reader = _Json() if begun[:1] in b"{[" else _Events(is_page=begun.startswith(b"<"))
        yield from self._reader.feed(data)

    def finish(self) -> Iterator[tuple[str, str]]:
        """The last events, when nothing more comes.

        Raises:
            NotAReplyError: it was none.
        """
        if self._reader is not None:
            yield from self._reader.finish()


class _Events:
    """Server-sent events, or a text that has none."""

    def __init__(self, *, is_page: bool) -> None:
        self._is_page = is_page
        self._parser = SSEParser()
        self._begin = b""
        self._found = False

    def feed(self, data: bytes) -> Iterator[tuple[str, str]]:
        if not self._found and len(self._begin) < _KEPT_TEXT_BYTES:
            self._begin += data[:_KEPT_TEXT_BYTES]
        if not self._is_page:
            for event in self._parser.feed(data):
                self._found = True
                yield event

    def finish(self) -> Iterator[tuple[str, str]]:
        if not self._is_page:
            for event in self._parser.finish():
                self._found = True
                yield event
        if not self._found and not self._begin.startswith((b":", b"data:", b"event:")):
            raise NotAReplyError(self._begin.decode("utf-8", "replace"), is_page=self._is_page)


class _Json:
    """Lines of JSON as they come, or one value over many lines, at the end."""

    def __init__(self) -> None:
        self._lines = LineSplitter()
        self._whole: list[str] | None = None
        self._is_first = True
        self._size = 0

    def feed(self, data: bytes) -> Iterator[tuple[str, str]]:
        self._size += len(data)
        if self._whole is not None and self._size > MAX_WHOLE_BYTES:
            raise SSEError("the provider's answer does not end")
        for line in self._lines.feed(data):
            yield from self._line(line)

    def finish(self) -> Iterator[tuple[str, str]]:
        for line in self._lines.finish():
            yield from self._line(line)
        if self._whole is not None:
            yield "", "\n".join(self._whole)

    def _line(self, line: str) -> Iterator[tuple[str, str]]:
        if self._is_first:
            self._is_first = False
            try:
                json.loads(line)
            except ValueError:
                self._whole = []
        if self._whole is not None:
            self._whole.append(line)
        elif line.strip():
            # Some write their lines of JSON as events after all.
            yield "", line.strip().removeprefix("data:").strip()
