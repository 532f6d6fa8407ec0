"""How many sockets are read in one turn of the reactor.

Twisted asks epoll for every socket that can be read, and reads them all before
anything else gets its part: the acknowledgements of a group's members, which
come at one moment, held up everybody for milliseconds. Asked for fewer, epoll
goes round: the next turn gets the next of those that are ready (epoll_wait(2),
"Notes"), so that nothing is looked at in vain and nobody waits for ever.

And Twisted reads each in a log context of its own, for log lines of the kind
that ask whose context they are written in. Ours say themselves what they are
about, and those contexts cost as much as taking an acknowledgement.
"""

import errno
import select
from collections.abc import Callable
from typing import Any

from twisted.logger import Logger

_log = Logger()

SOCKETS_A_TURN = 12
"""An acknowledgement takes 50 µs to read: they are done in half a millisecond."""


class ShortRounds:
    """Stands before the reactor's ``select.epoll``."""

    def __init__(self, poller: Any, most: int = SOCKETS_A_TURN) -> None:
        self._poller = poller
        self._most = most

    def poll(self, timeout: float, most: int) -> list[tuple[int, int]]:
        """As ``epoll.poll``."""
        ready: list[tuple[int, int]] = self._poller.poll(timeout, min(most, self._most))
        return ready

    def __getattr__(self, name: str) -> Any:
        return getattr(self._poller, name)


def shorten(reactor: Any) -> None:
    """Have this reactor read so many sockets in a turn; one that does not use epoll is left as it is."""
    epoll = getattr(select, "epoll", None)
    if epoll is not None and isinstance(getattr(reactor, "_poller", None), epoll):
        reactor._poller = ShortRounds(reactor._poller)
        reactor.doIteration = _without_contexts(reactor)


def _without_contexts(reactor: Any) -> Callable[[float | None], None]:
    """``EPollReactor.doPoll`` (Twisted 22 to 25) without ``log.callWithLogger`` around each socket."""
    poller, selectables = reactor._poller, reactor._selectables
    read_or_write = reactor._doReadOrWrite

    def do_iteration(timeout: float | None) -> None:
        try:
            ready = poller.poll(-1 if timeout is None else timeout, len(selectables))
        except OSError as error:
            if error.errno == errno.EINTR:
                return
            raise
        for fd, event in ready:
            selectable = selectables.get(fd)
            if selectable is None:
                continue
            try:
                read_or_write(selectable, fd, event)
            except Exception:
                # What a connection raises when it is told of its end; what it raises before ends it, and is logged.
                _log.failure("a socket's end")

    return do_iteration
