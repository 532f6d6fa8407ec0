"""The last log lines, for ``logs.tail``: a ring in memory, fed by Twisted's log."""

import re
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from twisted.logger import (
    FilteringLogObserver,
    ILogFilterPredicate,
    ILogObserver,
    LogEvent,
    formatEventAsClassicLogText,
    globalLogPublisher,
)
from zope.interface import implementer

_MAX_LINE = 4096
#: Belt and braces: nothing here logs secrets, but other people's libraries log what they like.
_SECRET = re.compile(r"(?i)((?:token|password|api[_-]?key|secret|authorization)[\"']?\s*[=:]\s*[\"']?)[^\s\"',}]+")


@implementer(ILogObserver)
class LogTail:
    """Lines with the byte offset at which each ends, as if they were a file.

    Args:
        lines: how many are kept.
        filters: what an event has to pass, as it has on its way to the log itself.
        line: makes an event's line, with its end.
    """

    def __init__(
        self,
        lines: int,
        filters: Sequence[ILogFilterPredicate] = (),
        line: Callable[[LogEvent], str | None] = formatEventAsClassicLogText,
    ) -> None:
        self.name = "memory"
        self._lines: deque[tuple[int, str]] = deque(maxlen=lines)
        self._end = 0
        self._line = line
        self._observer: Any = FilteringLogObserver(self, filters)

    def start(self) -> None:
        """Begin to listen."""
        globalLogPublisher.addObserver(self._observer)

    def stop(self) -> None:
        """Listen no more."""
        globalLogPublisher.removeObserver(self._observer)

    def __call__(self, event: LogEvent) -> None:
        """One event of Twisted's log."""
        text = self._line(event)
        if text is not None:
            self.append(text.rstrip("\n"))

    def append(self, line: str) -> None:
        """Keep a line, its secrets blotted out."""
        line = _SECRET.sub(r"\1***", line[:_MAX_LINE])
        self._end += len(line.encode("utf-8", "replace")) + 1
        self._lines.append((self._end, line))

    def tail(self, cursor: int | None, limit: int, max_bytes: int) -> dict[str, Any]:
        """Lines after ``cursor`` (or the last ones), newest last, at most ``limit`` and ``max_bytes``.

        ``reset`` says that the cursor is not from this process.
        """
        reset = cursor is not None and cursor > self._end
        after = -1 if cursor is None or reset else cursor
        found = [(end, line) for end, line in self._lines if end > after]
        chosen: deque[str] = deque()
        size = 0
        for _, line in reversed(found):
            size += len(line) + 1
            if len(chosen) >= limit or (size > max_bytes and chosen):
                break
            chosen.appendleft(line)
        return {
            "file": self.name,
            "cursor": self._end,
            "size": self._end,
            "lines": list(chosen),
            "truncated": len(chosen) < len(found),
            "reset": reset,
        }
