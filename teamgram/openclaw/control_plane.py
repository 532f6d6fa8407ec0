"""What every connection, method and dialect of the control plane shares, in one object.

It owns nothing that listens: :mod:`service` builds it, opens the port and
calls :meth:`ControlPlane.turn` on the clock.
"""

import secrets
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

import teamgram
from teamgram.database import private_file
from teamgram.openclaw.config.live import LiveConfig
from teamgram.openclaw.devices.identity import Identity
from teamgram.openclaw.devices.pairing import Pairing, PairRequest
from teamgram.openclaw.gateway import auth, frames, scopes
from teamgram.openclaw.gateway.active_runs import ActiveRuns, NoRuns
from teamgram.openclaw.gateway.connection import Connection, Opening, Transport
from teamgram.openclaw.gateway.dialects.jsonrpc import JsonRpc
from teamgram.openclaw.gateway.dialects.mini import Mini
from teamgram.openclaw.gateway.dialects.protocol4 import Protocol4
from teamgram.openclaw.gateway.door import Door, own_names
from teamgram.openclaw.gateway.events import EventStream, Subscriber
from teamgram.openclaw.gateway.flushing import FlushQueue
from teamgram.openclaw.gateway.handshake import Accepted
from teamgram.openclaw.gateway.health import Health
from teamgram.openclaw.gateway.hello import TICK_SECONDS, HelloOk
from teamgram.openclaw.gateway.http import HttpRoutes
from teamgram.openclaw.gateway.presence import Presence
from teamgram.openclaw.gateway.resume import Resumable
from teamgram.openclaw.gateway.router import Router
from teamgram.openclaw.gateway.schemas.validator import MethodSchemas
from teamgram.openclaw.methods.system import SystemMethods
from teamgram.openclaw.nodes.canvas import Canvas
from teamgram.openclaw.nodes.nodes import Nodes
from teamgram.openclaw.state_file import StateFile, read_json

if TYPE_CHECKING:
    from teamgram.openclaw.gateway.connection import Dialect

HEALTH_SECONDS = 60.0

#: Sockets of one address that may be in the handshake at once.
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


class ControlPlane:
    """The shared state.

    Attributes:
        config, router, events, pairing, nodes, presence, health, http, runs, system: the parts.
        capabilities: named in hello; whoever adds a feature appends.
        is_ready: connects are accepted; until then they are told to come back.
        door: who may come in.
        on_restart: called when a client asked for a restart that is allowed.
    """

    _log = Logger()

    def __init__(
        self,
        config: LiveConfig,
        identity: Identity,
        data_dir: Path,
        state_dir: Path,
        reactor: Any,
        *,
        version: str = teamgram.__version__,
    ) -> None:
        self.reactor = reactor
        self.data_dir = data_dir
        self.state_dir = state_dir
        self.version = version
        self.boot_id = str(uuid.uuid4())
        self.started_at = self.seconds()
        self.config = config
        self.identity = identity
        self.schemas = MethodSchemas()
        self.router = Router(self.schemas, self.seconds)
        self.flushes = FlushQueue(lambda run: reactor.callLater(0, run))
        self.events = EventStream(self.flushes)
        self.health = Health(self.seconds)
        self.presence = Presence(version, self.boot_id)
        self.pairing = Pairing()
        self.pairing_file = StateFile(self.state_dir / "devices.json", self.pairing.snapshot, reactor)
        self.pairing.restore(read_json(self.pairing_file.path), self.now_ms())
        self.pairing.on_resolved = self._device_resolved
        self.nodes = Nodes(self)
        self.canvas = Canvas(self.state_dir / "canvas", self.seconds)
        self.resumable = Resumable(self.events, self.seconds)
        self.http = HttpRoutes()
        self.hello = HelloOk(self)
        self.runs: ActiveRuns = NoRuns()
        self.system = SystemMethods(self)
        self.counters = Counters()
        #: More totals for ``/metrics``, from what hangs itself in: name → (help, figure).
        self.totals: dict[str, tuple[str, Callable[[], float]]] = {}
        self.capabilities = [EVENT_RESUME]
        self.connections: dict[Connection, None] = {}
        self.is_ready = False
        self.draining = False
        self.handshake_seconds = 15.0
        self.max_handshakes_per_ip = MAX_HANDSHAKES_PER_IP
        self.door = Door(lambda: config.sections.gateway, self.seconds, own_names())
        self.on_restart: Callable[[str], None] = lambda reason: None
        self._in_handshake: Counter[str] = Counter()
        self._next_tick = self.seconds() + TICK_SECONDS
        self._next_health = self.seconds() + HEALTH_SECONDS

    def restarted(self) -> None:
        """As after a start: another boot id, nothing is on its way down."""
        self.boot_id = str(uuid.uuid4())
        self.started_at = self.seconds()
        self.draining = False
        self.router.draining = None
        self.config.restarted()

    def seconds(self) -> float:
        """Unix time."""
        return float(self.reactor.seconds())

    def now_ms(self) -> int:
        """Unix time in milliseconds."""
        return round(self.seconds() * 1000)

    def saved(self) -> Deferred[None]:
        """Fires when devices and tokens as they are now are on disk."""
        return self.pairing_file.save()

    # Connections

    def connect(self, transport: Transport, opening: Opening, accept: bytes, *, mini: bool = False) -> Connection:
        """A WebSocket was opened; ``accept`` is the HTTP answer that says so and goes out first."""
        connection = Connection(self, transport, opening)
        connection.outbox.add_frame(accept)
        path = opening.path.partition("?")[0]
        dialect: Dialect
        if mini or (path == "/mini" and self.config.sections.mini.enabled):
            dialect = Mini(connection, own_port=mini)
        elif path == "/jsonrpc":
            dialect = JsonRpc(connection)
        else:
            dialect = Protocol4(connection)
        connection.dialect = dialect
        self.connections[connection] = None
        self._in_handshake[connection.caller.network] += 1
        dialect.opened()
        return connection

    def other_dialect(self, connection: Connection, first: Any) -> bool:
        """Let another dialect take over if ``first``, a first message, is its own."""
        if not (isinstance(first, dict) and first.get("type") == "gateway.hello"):
            return False
        dialect = JsonRpc(connection)
        connection.dialect = dialect
        dialect.hello(first)
        return True

    def waiting_from(self, network: str) -> int:
        """How many sockets of this network have not got through the handshake."""
        return self._in_handshake[network]

    def handshake_ended(self, connection: Connection) -> None:
        """Hello is out, or the socket is gone before it."""
        network = connection.caller.network
        self._in_handshake[network] -= 1
        if self._in_handshake[network] <= 0:
            del self._in_handshake[network]

    def admit(self, connection: Connection, params: dict[str, Any], accepted: Accepted) -> dict[str, Any]:
        """Make a judged client who it is; returns its hello-ok."""
        client = params["client"]
        self.identify(connection, client, accepted.role, accepted.scopes, accepted.method, params.get("caps") or ())
        connection.device_id = accepted.device.device_id if accepted.device else None
        if accepted.role == "node":
            self.nodes.connected(connection, params)
        resume = self._subscribe(connection, params)
        return self.hello.make(connection, accepted, resume)

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

    def _subscribe(self, connection: Connection, params: dict[str, Any]) -> dict[str, Any] | None:
        subscriber = self.subscribe(connection)
        keep = self.config.sections.gateway.resume_seconds
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
        self.events.add(connection.subscriber)
        self.seen(connection)
        if self.health.is_stale():
            self.reactor.callLater(0, self.refresh_health)

    def seen(self, connection: Connection) -> None:
        """Show a connected client in the presence list, if its kind shows."""
        shows = self.presence.connected(
            connection.device_id or connection.conn_id,
            connection.peer.client,
            role=connection.role,
            scopes=connection.peer.scopes,
            device_id=connection.device_id,
            ip=connection.ip,
            now_ms=self.now_ms(),
        )
        if shows:
            self.presence_changed()

    def leave(self, connection: Connection) -> None:
        """A connection closes: it hears nothing more."""
        subscriber, connection.subscriber = connection.subscriber, None
        if subscriber is None:
            return
        subscriber.connection = None
        if not self.resumable.keep(connection, subscriber, self.config.sections.gateway.resume_seconds):
            self.events.remove(subscriber)
        self.canvas.revoke(connection.conn_id)
        if connection.role == "node":
            self.nodes.disconnected(connection)
        others = any(
            other is not connection and other.subscriber is not None and other.device_id == connection.device_id
            for other in self.connections
            if connection.device_id is not None
        )
        if not others and self.presence.disconnected(connection.device_id or connection.conn_id, self.now_ms()):
            self.presence_changed()

    def forget(self, connection: Connection) -> None:
        """The socket is gone."""
        self.connections.pop(connection, None)

    def close_device(self, device_id: str, code: int, reason: str, role: str | None = None) -> None:
        """Close every socket of a device (in one role, if one is given)."""
        for connection in [c for c in self.connections if c.device_id == device_id and c.is_open]:
            if role is None or connection.role == role:
                connection.close(code, reason)
                connection.flush()

    # States that are versioned

    def presence_changed(self) -> None:
        """Tell who is here."""
        self.events.presence_version += 1
        entries = self.presence.entries(self.now_ms())
        self.events.broadcast("presence", {"presence": entries}, versioned=True)

    def refresh_health(self) -> None:
        """Build the health snapshot again and tell it."""
        self.health.rebuild()
        self.events.health_version += 1
        self.events.broadcast("health", self.health.encoded, versioned=True)

    def _device_resolved(self, request: PairRequest, decision: str) -> None:
        self.events.broadcast(
            "device.pair.resolved",
            {
                "requestId": request.request_id,
                "deviceId": request.device_id,
                "decision": decision,
                "ts": self.now_ms(),
            },
        )

    # The clock

    def turn(self, now: float) -> None:
        """Called about twice a second: deadlines, ticks, what expires."""
        for connection in tuple(self.connections):
            connection.check_deadlines(now)
        self.resumable.expire(now)
        if now >= self._next_tick:
            self._next_tick = now + TICK_SECONDS
            self.pairing.expire(self.now_ms())
            keys = [c.device_id or c.conn_id for c in self.connections if c.subscriber is not None]
            self.presence.refresh(keys, self.now_ms())
            self.events.broadcast("tick", {"ts": self.now_ms()})
        if now >= self._next_health:
            self._next_health = now + HEALTH_SECONDS
            self.refresh_health()

    # Secrets

    def set_secret(self, secret: auth.SharedSecret) -> None:
        """Another shared secret holds; who came in with the old one has to come again."""
        old = self.door.secret
        self.door.use(secret)
        if old.secret in ("", secret.secret) and old.mode == secret.mode:
            return
        for connection in [c for c in self.connections if c.peer.auth_method in (auth.TOKEN, auth.PASSWORD)]:
            connection.flush()
            connection.close(4001, "gateway auth changed")
            connection.flush()


def load_identity(state_dir: Path) -> Identity:
    """This gateway's key, made at the first start.

    Raises:
        ValueError: the file is damaged.
    """
    path = state_dir / "identity.json"
    stored = read_json(path)
    if stored is None:
        seed = secrets.token_bytes(32)
        private_file.replace(path, frames.encode_json({"version": 1, "seed": seed.hex()}))
        return Identity(seed)
    return Identity(bytes.fromhex(stored["seed"]))
