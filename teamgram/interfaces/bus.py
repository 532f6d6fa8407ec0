"""How the parts of the program hear of what happened elsewhere, in this process or (later) in another.

An event is a frozen struct of ids, plain values and TL bytes of the newest
layer, which ``msgspec`` can write and read again: no TL object, no pickle,
nothing that only one process has. Nobody is asked anything here, and nothing
comes back: a question over a network would have to be waited for.

What a bus over a network has to hold, as one in a process does by itself:

- What one process publishes is heard in the order of the calls.
- What is published while a request is served is heard, where the request came
  from, before its answer: the next request of a key that was just signed in is
  its user's. What session publishes is heard before the requests that it sends
  on afterwards.

An event may get lost with its process, so each says how something *is*
(not how it changed) or has a log behind it.
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
