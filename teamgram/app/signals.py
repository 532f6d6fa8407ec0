"""SIGHUP reloads, SIGTERM and SIGINT drain and exit with 0; a second one ends the process where it stands.

The reactor's own handlers would stop it too, but ``twistd`` then dies of the
same signal once everything is closed, and whoever watches the process could not
tell an orderly end from a crash. Installed at the start, never at import.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

from twisted.internet.error import ReactorNotRunning
from twisted.logger import Logger


class Signals:
    """The process's signal handlers, while a house lives in it.

    Args:
        hang_up: called in the reactor's thread for each SIGHUP.
    """

    _log = Logger()

    def __init__(self, reactor: Any, hang_up: Callable[[], object]) -> None:
        self._reactor = reactor
        self._hang_up = hang_up
        self._before: dict[int, Any] = {}
        self._ending = False
        self._has_terminal = False

    def install(self) -> None:
        """Take them now, and again as soon as the reactor runs, for it installs its own when it begins to."""
        if threading.current_thread() is threading.main_thread():
            # nohup says by ignoring SIGHUP that the terminal does not matter.
            self._has_terminal = signal.getsignal(signal.SIGHUP) != signal.SIG_IGN and terminal_is_there()
            self._install()
            self._reactor.callLater(0, self._install)

    def _install(self) -> None:
        handlers = {signal.SIGHUP: self._reload, signal.SIGTERM: self._end, signal.SIGINT: self._end}
        for number, handler in handlers.items():
            self._before.setdefault(number, signal.signal(number, handler))

    def restore(self) -> None:
        """As it was before."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()

    # In a signal handler: next to nothing may be done here.

    def _reload(self, number: int, frame: FrameType | None) -> None:
        if self._has_terminal and not terminal_is_there():
            # Its other meaning: the window was closed. Nobody would know of a server that goes on without it.
            self._end(number, frame)
        else:
            self._reactor.callFromThread(self._hang_up)

    def _end(self, number: int, frame: FrameType | None) -> None:
        if self._ending:
            print("teamgram: ended before everything was drained", file=sys.__stderr__, flush=True)
            # What was acknowledged is on disk, as with kill -9. Not SIG_DFL: the kernel
            # ignores that for the first process of a container.
            os._exit(128 + number)
        self._ending = True
        self._reactor.callFromThread(self._stop, signal.Signals(number).name)

    def _stop(self, name: str) -> None:
        self._log.info("{name}: draining; a second one ends at once", name=name)
        try:
            self._reactor.stop()
        except ReactorNotRunning:
            pass  # it was on its way already


def terminal_is_there() -> bool:
    """Whether this process has a terminal that could send it signals."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True
