"""Everybody who is connected: how they are taken in, what they are from then on, and how they go."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from teamgram.openclaw.config.live import LiveConfig
from teamgram.openclaw.devices.token_clients import ClientGrant
from teamgram.openclaw.gateway import auth, scopes
from teamgram.openclaw.gateway.announcements import Announcements
from teamgram.openclaw.gateway.connection import Connection
from teamgram.openclaw.gateway.events import EventStream, Subscriber
from teamgram.openclaw.gateway.flushing import FlushQueue
from teamgram.openclaw.gateway.handshake import Accepted
from teamgram.openclaw.gateway.health import Health
from teamgram.openclaw.gateway.hello import HelloOk
from teamgram.openclaw.gateway.lifetime import Lifetime
from teamgram.openclaw.gateway.presence import PresenceList
from teamgram.openclaw.gateway.resume import Resumable
from teamgram.openclaw.nodes.canvas import Canvas
from teamgram.openclaw.nodes.nodes import Nodes

#: Sockets of one network that may be in the handshake at once.
MAX_HANDSHAKES_PER_IP = 32

#: Ours: a client that names it in ``caps`` may resume after a disconnect.
EVENT_RESUME = "event-resume"


@dataclass(slots=True)
class Counters:
    """Totals since start, shown in ``/metrics``."""

    connects: int = 0
    refused_connects: int = 0
    slow_consumers: int = 0
    resumed: int = 0


class Reception:
    """The open sockets. What a :class:`connection.Connection` calls its keeper.

    Attributes:
        connections: all of them, in or not.
        handshake_seconds: how long one may take to get in.
        max_handshakes_per_ip: as the name says.
    """

    def __init__(
        self,
        lifetime: Lifetime,
        config: LiveConfig,
        flushes: FlushQueue,
        events: EventStream,
        presence: PresenceList,
        health: Health,
        announcements: Announcements,
        canvas: Canvas,
        nodes: Nodes,
        hello: HelloOk,
    ) -> None:
        self.counters = Counters()
        self.connections: dict[Connection, None] = {}
        self.handshake_seconds = 15.0
        self.max_handshakes_per_ip = MAX_HANDSHAKES_PER_IP
        self.reactor = lifetime.reactor
        self.flushes = flushes
        self.seconds = lifetime.seconds
        self.resumable = Resumable(events, lifetime.seconds)
        self._lifetime = lifetime
        self._config = config
        self._events = events
        self._presence = presence
        self._health = health
        self._announcements = announcements
        self._canvas = canvas
        self._nodes = nodes
        self._hello = hello
        self._in_handshake: Counter[str] = Counter()

    # Sockets

    def add(self, connection: Connection) -> None:
        """A socket was opened; nobody knows yet who it is."""
        self.connections[connection] = None
        self._in_handshake[connection.caller.network] += 1

    def waiting_from(self, network: str) -> int:
        """How many sockets of this network have not got through the handshake."""
        return self._in_handshake[network]

    def handshake_ended(self, connection: Connection) -> None:
        """Hello is out, or the socket is gone before it."""
        network = connection.caller.network
        self._in_handshake[network] -= 1
        if self._in_handshake[network] <= 0:
            del self._in_handshake[network]

    def slow_consumer(self) -> None:
        """A client is closed because it did not read."""
        self.counters.slow_consumers += 1

    # Coming

    def admit(self, connection: Connection, params: dict[str, Any], accepted: Accepted) -> dict[str, Any]:
        """Make a judged client who it is; returns its hello-ok."""
        client = params["client"]
        self.identify(connection, client, accepted.role, accepted.scopes, accepted.method, params.get("caps") or ())
        connection.device_id = accepted.device.device_id if accepted.device else None
        if accepted.role == "node":
            self._nodes.connected(connection, params)
        resume = self._resume(connection, params)
        return self._hello.make(connection, accepted, resume)

    def identify(
        self, connection: Connection, client: dict[str, Any], role: str, granted: list[str], method: str, caps: Any = ()
    ) -> None:
        """Fill in who a connection is."""
        connection.role = role
        connection.granted = scopes.expand(granted)
        connection.peer.client = client
        connection.peer.scopes = granted
        connection.peer.auth_method = method
        connection.peer.caps = frozenset(caps)

    def subscribe(self, connection: Connection) -> Subscriber:
        """Give a connection its place in the event stream, with its own outbox."""
        peer = connection.peer
        subscriber = Subscriber(
            connection.outbox,
            role=connection.role,
            granted=connection.granted,
            client_id=peer.client.get("id", ""),
            client_mode=peer.client.get("mode", ""),
            caps=peer.caps,
            device_id=connection.device_id,
            connection=connection,
        )
        connection.subscriber = subscriber
        return subscriber

    def _resume(self, connection: Connection, params: dict[str, Any]) -> dict[str, Any] | None:
        subscriber = self.subscribe(connection)
        keep = self._config.sections.gateway.resume_seconds
        if EVENT_RESUME not in subscriber.caps or keep <= 0:
            return None
        wanted = params.get("resumeFrom")
        resumed = self.resumable.adopt(connection, subscriber, wanted) if wanted else False
        self.counters.resumed += resumed
        token = self.resumable.offer(connection)
        return {"token": token, "retainMs": round(keep * 1000), "resumed": resumed}

    def welcome(self, connection: Connection) -> None:
        """Hello is on its way: from now on the client hears and is seen."""
        assert connection.subscriber is not None
        self.counters.connects += 1
        self.resumable.switch(connection)
        self._events.add(connection.subscriber)
        shows = self._presence.connected(
            connection.device_id or connection.conn_id,
            connection.peer.client,
            role=connection.role,
            scopes=connection.peer.scopes,
            device_id=connection.device_id,
            ip=connection.ip,
            now_ms=self._lifetime.now_ms(),
        )
        if shows:
            self._announcements.presence_changed()
        if self._health.is_stale():
            self.reactor.callLater(0, self._announcements.refresh_health)

    # Going

    def leave(self, connection: Connection) -> None:
        """A connection closes: it hears nothing more."""
        subscriber, connection.subscriber = connection.subscriber, None
        if subscriber is None:
            return
        subscriber.connection = None
        if not self.resumable.keep(connection, subscriber, self._config.sections.gateway.resume_seconds):
            self._events.remove(subscriber)
        self._canvas.revoke(connection.conn_id)
        if connection.role == "node":
            self._nodes.disconnected(connection)
        others = any(
            other is not connection and other.subscriber is not None and other.device_id == connection.device_id
            for other in self.connections
            if connection.device_id is not None
        )
        gone = connection.device_id or connection.conn_id
        if not others and self._presence.disconnected(gone, self._lifetime.now_ms()):
            self._announcements.presence_changed()

    def forget(self, connection: Connection) -> None:
        """The socket is gone."""
        self.connections.pop(connection, None)

    def close_device(self, device_id: str, code: int, reason: str, role: str | None = None) -> None:
        """Close every socket of a device (in one role, if one is given)."""
        for connection in [c for c in self.connections if c.device_id == device_id and c.is_open]:
            if role is None or connection.role == role:
                connection.close(code, reason)
                connection.flush()

    def is_connected(self, device_id: str) -> bool:
        """Whether a device has an open socket."""
        return any(c.device_id == device_id and c.is_open for c in self.connections)

    def secret_changed(self) -> None:
        """Who came in with the old shared secret has to come again."""
        for connection in [c for c in self.connections if c.peer.auth_method in (auth.TOKEN, auth.PASSWORD)]:
            connection.flush()
            connection.close(4001, "gateway auth changed")
            connection.flush()

    def close_token_clients(self, holds: Callable[[ClientGrant], bool]) -> None:
        """Close whoever came with a token that does not hold any more, or says something else now."""
        for connection in [c for c in self.connections if c.peer.grant is not None and not holds(c.peer.grant)]:
            connection.flush()
            connection.close(4001, "gateway auth changed")
            connection.flush()

    # The clock

    def check_deadlines(self, now: float) -> None:
        """Called about twice a second: who is too late, who stayed away too long."""
        for connection in tuple(self.connections):
            connection.check_deadlines(now)
        self.resumable.expire(now)

    def still_here(self) -> None:
        """Connected clients do not age in the presence list."""
        keys = [c.device_id or c.conn_id for c in self.connections if c.subscriber is not None]
        self._presence.refresh(keys, self._lifetime.now_ms())
