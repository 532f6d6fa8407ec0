"""How many sockets are read in one turn of the reactor.

Twisted asks epoll for every socket that can be read, and reads them all before
anything else gets its part: the acknowledgements of a group's members, which
come at one moment, held up everybody for milliseconds. Asked for fewer, epoll
goes round: the next turn gets the next of those that are ready (epoll_wait(2),
"Notes"), so that nothing is looked at in vain and nobody waits for ever.
"""

import select
from typing import Any

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
