"""A bus of several processes (``interfaces.bus.Bus``): this process's own, and what carries some kinds of events on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from teamgram.interfaces.bus import Bus

Event = TypeVar("Event")


class CarriedBus:
    """Hands events to this process's bus, and those of some kinds to who carries them to others.

    Args:
        local: this process's own.
    """

    def __init__(self, local: Bus) -> None:
        self._local = local
        self._carriers: dict[type, list[Callable[[Any], object]]] = {}

    def carry(self, kinds: Iterable[type], carrier: Callable[[Any], object]) -> None:
        """From now on ``carrier`` gets what is published here of these kinds."""
        for kind in kinds:
            self._carriers.setdefault(kind, []).append(carrier)

    def publish(self, event: object) -> None:
        """Tell all, here and elsewhere."""
        self._local.publish(event)
        for carrier in self._carriers.get(type(event), ()):
            carrier(event)

    def deliver(self, event: object) -> None:
        """Something was published elsewhere: tell those who listen here."""
        self._local.publish(event)

    def listen(self, kind: type[Event], listener: Callable[[Event], object]) -> None:
        """From now on ``listener`` hears every event of exactly this kind."""
        self._local.listen(kind, listener)
