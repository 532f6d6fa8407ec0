"""The bus of one process (``interfaces.bus.Bus``): an event is a call. Also what tells all processes to forget rows."""

from collections.abc import Callable
from typing import Any, TypeVar

from twisted.logger import Logger

import msgspec

Event = TypeVar("Event")


class RowsChanged(msgspec.Struct, frozen=True):
    """Whoever remembers these rows of a table has to forget them: they changed, and that is committed."""

    table: str
    keys: tuple[int, ...]


class EventsMissed(msgspec.Struct, frozen=True):
    """What other processes told may not have come: whoever remembers something by what is told forgets it."""


class MemoryBus:
    """Calls the listeners of an event's kind, in the order in which they came."""

    _log = Logger()

    def __init__(self) -> None:
        self._listeners: dict[type, list[Callable[[Any], object]]] = {}

    def publish(self, event: object) -> None:
        """Tell all who listen to events of this kind."""
        for listener in self._listeners.get(type(event), ()):
            try:
                listener(event)
            except Exception:
                # What is told is committed; who cannot bear it must not fail the request that caused it.
                self._log.failure("an event could not be told: {kind}", kind=type(event).__name__)

    def listen(self, kind: type[Event], listener: Callable[[Event], object]) -> None:
        """From now on ``listener`` hears every event of exactly this kind."""
        self._listeners.setdefault(kind, []).append(listener)
