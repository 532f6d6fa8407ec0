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

    def key_of_session(self, session_id: str) -> str:
        """The key of the session with that id; what is none stays as it is."""

    def session_count(self) -> int:
        """How many sessions there are."""


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

    def key_of_session(self, session_id: str) -> str:
        """There are none."""
        return session_id

    def session_count(self) -> int:
        """None."""
        return 0


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

    def key_of_session(self, session_id: str) -> str:
        """As whoever has them knows it."""
        return self._runs.key_of_session(session_id)

    def session_count(self) -> int:
        """As whoever has them counts."""
        return self._runs.session_count()
