"""The one event stream: who hears what.

Runs, sessions, pairing, presence and the clock publish here by name; each
connected client is a :class:`Subscriber`. An event is encoded once, however
many hear it. The scope that a name needs is :func:`scopes.event_scope`'s to
say; ``only`` narrows further (subscriptions).
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

from teamgram.openclaw.gateway import frames, scopes
from teamgram.openclaw.gateway.flushing import Flushable, FlushQueue
from teamgram.openclaw.gateway.outbox import Event, Merge, Outbox

#: What an event weighs in a queue beside its payload.
_FRAME_OVERHEAD_BYTES = 64


class Subscriber:
    """One client's place in the stream; outlives its connection when it may resume.

    Attributes:
        granted: scopes with everything they imply, the same for its whole life; empty for nodes.
        role: ``operator`` or ``node``.
        caps: what the client declared at connect.
        all_sessions: it asked for ``sessions.changed`` and tool events of every session.
        session_keys: sessions whose messages it asked for.
        connection: writes what waits in ``outbox``; None while there is none.
    """

    def __init__(
        self,
        outbox: Outbox,
        *,
        role: str,
        granted: frozenset[str],
        client_id: str = "",
        client_mode: str = "",
        caps: frozenset[str] = frozenset(),
        device_id: str | None = None,
        connection: Flushable | None = None,
    ) -> None:
        self.outbox = outbox
        self.role = role
        self.granted = granted
        self.client_id = client_id
        self.client_mode = client_mode
        self.caps = caps
        self.device_id = device_id
        self.all_sessions = False
        self.session_keys: set[str] = set()
        self.connection = connection

    def hears(self, scope: str | None) -> bool:
        """Whether events of ``scope`` come here."""
        return scope is None or scope in self.granted


Only = Callable[[Subscriber], bool]


class EventStream:
    """Everyone who listens, and the numbers of the two states that are versioned."""

    def __init__(self, flushes: FlushQueue) -> None:
        self.presence_version = 0
        self.health_version = 0
        self._flushes = flushes
        self._subscribers: dict[Subscriber, None] = {}
        #: Who hears events of a scope; anew when somebody comes or goes.
        self._audiences: dict[str | None, tuple[Subscriber, ...]] = {}
        self._listeners: list[Callable[[str, Any], None]] = []

    def add(self, subscriber: Subscriber) -> None:
        """From now on it hears what it may."""
        self._subscribers[subscriber] = None
        self._audiences.clear()

    def remove(self, subscriber: Subscriber) -> None:
        """It hears nothing more."""
        self._subscribers.pop(subscriber, None)
        self._audiences.clear()

    def _audience(self, scope: str | None) -> tuple[Subscriber, ...]:
        found = self._audiences.get(scope)
        if found is None:
            found = self._audiences[scope] = tuple(each for each in self._subscribers if each.hears(scope))
        return found

    def __len__(self) -> int:
        return len(self._subscribers)

    def subscribers(self) -> Iterable[Subscriber]:
        """Everybody, e.g. to see whether an event is worth building."""
        return self._subscribers.keys()

    def listen(self, listener: Callable[[str, Any], None]) -> None:
        """Call ``listener(name, payload)`` for every event, whoever else hears it (inside this process)."""
        self._listeners.append(listener)

    def broadcast(
        self,
        name: str,
        payload: Any,
        *,
        only: Only | None = None,
        group: Hashable = None,
        merge: Merge | None = None,
        versioned: bool = False,
    ) -> int:
        """Queue an event for everybody whose scopes allow it.

        Args:
            only: further says who hears it.
            group: what it belongs to, e.g. a run id; see :class:`outbox.Event`.
            merge: given, a waiting event of the same name and group may be merged with this one.
            versioned: carry ``stateVersion`` (presence and health do).

        Returns:
            How many clients it was queued for.
        """
        version = frames.encode_state_version(self.presence_version, self.health_version) if versioned else b""
        event = Event(name, payload, group=group, merge=merge, state_version=version)
        to_flush = self._flushes.waiting
        audience: Sequence[Subscriber] = self._audience(scopes.event_scope(name))
        if only is not None:
            audience = [subscriber for subscriber in audience if only(subscriber)]
        if audience:
            head = event.head("4", frames.encode_event_head)
            event.size = len(head or b"") + _FRAME_OVERHEAD_BYTES
        for subscriber in audience:
            subscriber.outbox.add_event(event)
            if subscriber.connection is not None:
                to_flush[subscriber.connection] = None
        self._flushes.schedule()
        for listener in self._listeners:
            listener(name, payload)
        return len(audience)

    def state_version(self) -> dict[str, int]:
        """``{"presence", "health"}`` for a hello."""
        return {"presence": self.presence_version, "health": self.health_version}
