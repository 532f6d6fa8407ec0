"""The two states that everybody is told of, with their versions: who is here, and how the gateway is."""

from teamgram.openclaw.gateway.events import EventStream
from teamgram.openclaw.gateway.health import Health
from teamgram.openclaw.gateway.lifetime import Lifetime
from teamgram.openclaw.gateway.presence import PresenceList


class Announcements:
    """Tells them."""

    def __init__(self, events: EventStream, presence: PresenceList, health: Health, lifetime: Lifetime) -> None:
        self._events = events
        self._presence = presence
        self._health = health
        self._lifetime = lifetime

    def presence_changed(self) -> None:
        """Tell who is here."""
        self._events.presence_version += 1
        entries = self._presence.entries(self._lifetime.now_ms())
        self._events.broadcast("presence", {"presence": entries}, versioned=True)

    def refresh_health(self) -> None:
        """Build the health snapshot again and tell it."""
        self._health.rebuild()
        self._events.health_version += 1
        self._events.broadcast("health", self._health.encoded, versioned=True)
