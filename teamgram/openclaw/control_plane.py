"""The gateway's parts, put together once. Only who builds something of them knows this module.

It owns nothing that listens: :mod:`service` builds it, opens the port and
calls :meth:`ControlPlane.turn` on the clock.
"""

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import teamgram
from teamgram.database import private_file
from teamgram.interfaces.figures import HasFigures
from teamgram.openclaw.config.live import LiveConfig
from teamgram.openclaw.devices.device_store import DeviceStore
from teamgram.openclaw.devices.identity import Identity
from teamgram.openclaw.devices.pairing import PairRequest
from teamgram.openclaw.devices.setup_codes import SetupCodes
from teamgram.openclaw.devices.token_clients import TokenClients
from teamgram.openclaw.gateway import auth, frames
from teamgram.openclaw.gateway.active_runs import CurrentRuns
from teamgram.openclaw.gateway.announcements import Announcements
from teamgram.openclaw.gateway.dialects.desk import Desk
from teamgram.openclaw.gateway.door import Door, own_names
from teamgram.openclaw.gateway.events import EventStream
from teamgram.openclaw.gateway.flushing import FlushQueue
from teamgram.openclaw.gateway.handshake import Handshake
from teamgram.openclaw.gateway.health import Health
from teamgram.openclaw.gateway.hello import TICK_SECONDS, HelloOk
from teamgram.openclaw.gateway.http import HttpRoutes
from teamgram.openclaw.gateway.lifetime import Lifetime
from teamgram.openclaw.gateway.presence import PresenceList
from teamgram.openclaw.gateway.reception import EVENT_RESUME, Reception
from teamgram.openclaw.gateway.router import Router
from teamgram.openclaw.gateway.schemas.validator import MethodSchemas
from teamgram.openclaw.gateway.sockets import Sockets
from teamgram.openclaw.methods.client_pairing import ClientPairingMethods
from teamgram.openclaw.methods.config import ConfigMethods
from teamgram.openclaw.methods.device_setup import DeviceSetupMethods
from teamgram.openclaw.methods.devices import DeviceMethods
from teamgram.openclaw.methods.nodes import NodeMethods
from teamgram.openclaw.methods.system import SystemMethods
from teamgram.openclaw.nodes.canvas import Canvas
from teamgram.openclaw.nodes.nodes import Nodes
from teamgram.openclaw.state_file import read_json

HEALTH_SECONDS = 60.0


class ControlPlane:
    """The parts.

    Attributes:
        capabilities: named in hello; whoever adds a feature appends.
        system: the ``wake`` and heartbeat state that the agents read.
    """

    def __init__(
        self,
        config: LiveConfig,
        identity: Identity,
        data_dir: Path,
        state_dir: Path,
        reactor: Any,
        restart: Callable[[str], None],
        *,
        version: str = teamgram.__version__,
    ) -> None:
        """Args:
        restart: called with the reason when a client asked for a restart that is allowed.
        """
        self.config = config
        self.identity = identity
        self.capabilities = [EVENT_RESUME]
        self.lifetime = lifetime = Lifetime(reactor, data_dir, state_dir, version, restart)
        self.schemas = MethodSchemas()
        self.router = router = Router(self.schemas, lifetime.seconds)
        flushes = FlushQueue(lambda run: reactor.callLater(0, run))
        self.events = events = EventStream(flushes)
        self.health = health = Health(lifetime.seconds)
        self.presence = presence = PresenceList(version, lifetime.boot_id)
        self.announcements = Announcements(events, presence, health, lifetime)
        self.devices = devices = DeviceStore(
            state_dir / "devices.json", reactor, lifetime.now_ms(), self._device_resolved
        )
        self.nodes = Nodes(lifetime, config, devices, events)
        self.canvas = Canvas(state_dir / "canvas", lifetime.seconds)
        self.runs = CurrentRuns()
        self.http = HttpRoutes()
        self.canvas_http = HttpRoutes()
        self.door = door = Door(lambda: config.sections.gateway, lifetime.seconds, own_names())
        hello = HelloOk(lifetime, config, door, events, presence, health, router, self.canvas, self.capabilities)
        self.reception = reception = Reception(
            lifetime, config, flushes, events, presence, health, self.announcements, self.canvas, self.nodes, hello
        )
        self.setup_codes = SetupCodes(state_dir / "setup-codes.json", reactor)
        handshake = Handshake(lifetime, door, devices, self.setup_codes, events, self.schemas)
        self.clients = TokenClients(
            state_dir / "clients.json", lambda: config.sections.gateway.clients, reactor, lifetime.now_ms
        )
        config.on_change(lambda change: reception.close_token_clients(self.clients.holds))
        self.sockets = Sockets(Desk(lifetime, config, door, reception, router, self.runs, self.clients), handshake)
        #: More figures, from what hangs itself in: name → (help, figure).
        self.totals: dict[str, tuple[str, Callable[[], float]]] = {}
        self.system = SystemMethods(
            lifetime, config, identity, presence, health, self.announcements, reception, self.runs
        )
        for family in (
            self.system,
            DeviceMethods(lifetime, devices, events, reception),
            NodeMethods(lifetime, devices, self.nodes, events, reception, self.canvas, hello, self.runs),
            ConfigMethods(lifetime, config, door),
            DeviceSetupMethods(lifetime, config, self.setup_codes),
            ClientPairingMethods(self.clients, reception),
        ):
            router.register(family)
        self._next_tick = lifetime.seconds() + TICK_SECONDS
        self._next_health = lifetime.seconds() + HEALTH_SECONDS

    def restarted(self) -> None:
        """As after a start: another boot id, nothing is on its way down."""
        self.lifetime.restarted()
        self.router.draining = None
        self.config.restarted()

    def _device_resolved(self, request: PairRequest, decision: str) -> None:
        self.events.broadcast(
            "device.pair.resolved",
            {
                "requestId": request.request_id,
                "deviceId": request.device_id,
                "decision": decision,
                "ts": self.lifetime.now_ms(),
            },
        )

    def turn(self, now: float) -> None:
        """Called about twice a second: deadlines, ticks, what expires."""
        self.reception.check_deadlines(now)
        if now >= self._next_tick:
            self._next_tick = now + TICK_SECONDS
            self.devices.pairing.expire(self.lifetime.now_ms())
            self.reception.still_here()
            self.events.broadcast("tick", {"ts": self.lifetime.now_ms()})
        if now >= self._next_health:
            self._next_health = now + HEALTH_SECONDS
            self.announcements.refresh_health()

    def counts(self) -> dict[str, int]:
        """How many WebSockets are in, and how many sessions there are."""
        connected = sum(connection.is_open for connection in self.reception.connections)
        return {"connections": connected, "sessions": self.runs.session_count()}

    def collector(self) -> HasFigures:
        """The plane's figures, for ``/metrics``."""
        from teamgram.openclaw.gateway.plane_figures import PlaneCollector

        return PlaneCollector(self.reception, self.router, self.runs, self.totals)

    def set_secret(self, secret: auth.SharedSecret) -> None:
        """Another shared secret holds; who came in with the old one has to come again."""
        old = self.door.secret
        self.door.use(secret)
        if old.secret in ("", secret.secret) and old.mode == secret.mode:
            return
        self.reception.secret_changed()


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
