"""Server-sent events, as model providers stream their replies: bytes in, events out. Plain Python."""

from collections.abc import Iterator

#: The longest line that is taken; providers' are a few kilobytes.
MAX_LINE_BYTES = 8 * 1024 * 1024


class SSEError(Exception):
    """The stream is none of ours."""


class SSEParser:
    """Feed it bytes; it gives ``(event, data)`` pairs as they are complete."""

    def __init__(self) -> None:
        self._rest = b""
        self._event = ""
        self._data: list[str] = []

    def feed(self, data: bytes) -> Iterator[tuple[str, str]]:
        """Events that are complete now.

        Raises:
            SSEError: a line is longer than any sane one.
        """
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > MAX_LINE_BYTES:
            raise SSEError("a line of the provider's stream is too long")
        for raw in lines:
            line = raw.rstrip(b"\r").decode("utf-8", "replace")
            if line:
                self._field(line)
            elif self._data or self._event:
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
