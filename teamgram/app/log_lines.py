"""An event of the log as one line of text, put together once for all who write it.

The line is Twisted's own (``formatEventAsClassicLogText``). A connection's end
has one, and Twisted's way to it costs as much as a tenth of a key exchange: it
takes each format apart anew and may call what it names. Ours name fields and
nothing else, so ``str.format_map`` does; whatever is not as plain goes Twisted's way.
"""

from functools import lru_cache
from typing import Any

from twisted.logger import (
    FileLogObserver,
    LogEvent,
    formatEventAsClassicLogText,
    formatTime,
    textFileLogObserver,
)

#: Where an event keeps its line.
_LINE = "log_line"


def log_line(event: LogEvent) -> str | None:
    """The event's line with its end; None when there is nothing to say."""
    if _LINE not in event:
        event[_LINE] = _plain_line(event) or formatEventAsClassicLogText(event)
    line: str | None = event[_LINE]
    return line


def share_lines(observer: Any) -> None:
    """Let an observer of Twisted's that writes such lines write the shared one; another is left as it is."""
    if isinstance(observer, FileLogObserver):
        # The only way to tell it from the one that writes JSON.
        if observer.formatEvent.__qualname__ == f"{textFileLogObserver.__qualname__}.<locals>.formatEvent":
            observer.formatEvent = log_line


def _plain_line(event: LogEvent) -> str | None:
    """The line of an event of a plain kind, None for any other."""
    if "log_failure" in event or "log_system" in event or "log_flattened" in event:
        return None
    form = event.get("log_format")
    if type(form) is not str or "()" in form:
        return None
    try:
        text = form.format_map(event)
        return (
            f"{_second(int(event['log_time']))} [{event['log_namespace']}#{event['log_level'].name}] "
            + text.replace("\n", "\n\t")
            + "\n"
            if text
            else None
        )
    except Exception:
        # A field that is missing or cannot be shown: Twisted says so in the line.
        return None


@lru_cache(maxsize=1)
def _second(when: int) -> str:
    """The time as Twisted writes it, to the second."""
    return formatTime(when)
