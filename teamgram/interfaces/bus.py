"""How the parts of the program hear of what happened elsewhere, in this process or (later) in another.

An event is a frozen struct of ids, plain values and TL bytes of the newest
layer, which ``msgspec`` can write and read again: no TL object, no pickle,
nothing that only one process has. Nobody is asked anything here, and nothing
comes back: a question over a network would have to be waited for.
"""

from collections.abc import Callable
from typing import Protocol, TypeVar

Event = TypeVar("Event")


class Bus(Protocol):
    """Carries events. Nothing here waits."""

    def publish(self, event: object) -> None:
        """Tell all who listen to events of this kind, in the order of the calls; a listener's fault is its own."""

    def listen(self, kind: type[Event], listener: Callable[[Event], object]) -> None:
        """From now on ``listener`` hears every event of exactly this kind."""
