"""Who has something to write when this turn of the reactor ends: a client is written to once a turn. Plain Python."""

from collections.abc import Callable
from typing import Protocol


class Flushable(Protocol):
    """A connection."""

    def flush(self) -> None:
        """Write what waits."""


class FlushQueue:
    """Everybody who waits, each once, in order.

    Attributes:
        waiting: whoever adds there himself calls :meth:`schedule` afterwards.
    """

    def __init__(self, later: Callable[[Callable[[], None]], object]) -> None:
        """Args:
        later: calls a function at the end of this turn.
        """
        self.waiting: dict[Flushable, None] = {}
        self._later = later
        self._is_scheduled = False

    def add(self, one: Flushable) -> None:
        """It has something to write."""
        self.waiting[one] = None
        self.schedule()

    def schedule(self) -> None:
        """Have :meth:`run` called, once."""
        if not self._is_scheduled and self.waiting:
            self._is_scheduled = True
            self._later(self.run)

    def run(self) -> None:
        """Let everybody write."""
        self._is_scheduled = False
        waiting, self.waiting = self.waiting, {}
        for each in waiting:
            each.flush()
