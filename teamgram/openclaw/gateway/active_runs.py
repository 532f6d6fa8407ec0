"""What the control plane's core asks of the agents: little, so that either can be built and tested alone.

Runs themselves are started and stopped through the router (``chat.send``,
``chat.abort``, ``agent``), whatever the dialect, and heard through the event
stream.
"""

from typing import Protocol

from twisted.internet.defer import Deferred, succeed


class ActiveRuns(Protocol):
    """The runs that are under way."""

    def active(self) -> int:
        """How many there are now."""

    def when_idle(self) -> Deferred[None]:
        """Fires when none is left; at once if none is. Cancellable."""

    def canonical_key(self, session_key: str) -> str:
        """``main`` → ``agent:main:main`` and the like."""


class NoRuns:
    """Before the agents are there: nothing runs."""

    def active(self) -> int:
        """Zero."""
        return 0

    def when_idle(self) -> Deferred[None]:
        """At once."""
        return succeed(None)

    def canonical_key(self, session_key: str) -> str:
        """As the agents' grammar has it for the two forms everybody uses."""
        key = session_key.strip().lower()
        return key if key.startswith("agent:") else f"agent:main:{key}"


class CurrentRuns:
    """The runs of whoever has them: nobody's until the agents are there."""

    def __init__(self) -> None:
        self._runs: ActiveRuns = NoRuns()

    def use(self, runs: ActiveRuns) -> None:
        """These from now on."""
        self._runs = runs

    def active(self) -> int:
        """How many there are now."""
        return self._runs.active()

    def when_idle(self) -> Deferred[None]:
        """Fires when none is left."""
        return self._runs.when_idle()

    def canonical_key(self, session_key: str) -> str:
        """As whoever has them writes it."""
        return self._runs.canonical_key(session_key)
