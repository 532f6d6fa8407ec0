"""SIGHUP reloads; a second SIGTERM or SIGINT, while the first is still draining, ends at once.

Twisted's reactor has SIGTERM and SIGINT; it is given them back when the house
has stopped. Installed at the start, never at import.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

_ENDING = (signal.SIGTERM, signal.SIGINT)


class Signals:
    """The process's signal handlers, while a house lives in it.

    Args:
        hang_up: called in the reactor's thread for each SIGHUP.
    """

    def __init__(self, reactor: Any, hang_up: Callable[[], object]) -> None:
        self._reactor = reactor
        self._hang_up = hang_up
        self._before: dict[int, Any] = {}

    def install(self) -> None:
        """Take SIGHUP."""
        self._take(signal.SIGHUP, lambda number, frame: self._reactor.callFromThread(self._hang_up))

    def draining(self) -> None:
        """From now on another SIGTERM or SIGINT ends the process where it stands.

        What was acknowledged is on disk, as with ``kill -9``.
        """
        for number in _ENDING:
            self._take(number, _end_at_once)

    def restore(self) -> None:
        """As it was before."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()

    def _take(self, number: signal.Signals, handler: Callable[[int, FrameType | None], object]) -> None:
        if threading.current_thread() is threading.main_thread() and number not in self._before:
            self._before[number] = signal.signal(number, handler)


def _end_at_once(number: int, frame: FrameType | None) -> None:
    print("teamgram: ended before everything was drained", file=sys.__stderr__, flush=True)
    # Not SIG_DFL: the kernel ignores that for the first process of a container.
    os._exit(128 + number)
