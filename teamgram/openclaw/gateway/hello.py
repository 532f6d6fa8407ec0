"""``hello-ok``: what a client is told when it has got in. The parts that are the same for all are encoded once."""

from collections.abc import Sequence
from typing import Any

import msgspec

from teamgram.openclaw.config.live import LiveConfig
from teamgram.openclaw.gateway import frames, scopes
from teamgram.openclaw.gateway.connection import Connection
from teamgram.openclaw.gateway.door import Door
from teamgram.openclaw.gateway.events import EventStream
from teamgram.openclaw.gateway.handshake import PROTOCOL, Accepted
from teamgram.openclaw.gateway.health import Health
from teamgram.openclaw.gateway.lifetime import Lifetime
from teamgram.openclaw.gateway.outbox import MAX_BUFFERED
from teamgram.openclaw.gateway.presence import PresenceList
from teamgram.openclaw.gateway.router import Router
from teamgram.openclaw.nodes.canvas import Canvas

TICK_SECONDS = 30.0
_MAX_ATTACHMENT_BYTES = 19464192
_MAX_IMAGE_BYTES = 6291456

_EVENTS = (
    "connect.challenge", "agent", "chat", "presence", "tick", "shutdown", "health", "heartbeat", "cron",
    "session.message", "session.tool", "session.operation", "sessions.changed", "config.changed",
    "node.pair.requested", "node.pair.resolved", "node.invoke.request", "node.hostStats",
    "device.pair.requested", "device.pair.resolved",
    "exec.approval.requested", "exec.approval.resolved", "plugin.approval.requested", "plugin.approval.resolved",
    "terminal.data", "terminal.exit", "device.pair.setup.completed",
    "session.approval", "question.requested", "question.resolved",
)  # fmt: skip


_POLICY = {
    "maxPayload": frames.MAX_PAYLOAD,
    "maxBufferedBytes": MAX_BUFFERED,
    "tickIntervalMs": round(TICK_SECONDS * 1000),
    "attachments": {"maxBytes": _MAX_ATTACHMENT_BYTES, "maxImageBytes": _MAX_IMAGE_BYTES},
}


class HelloOk:
    """Makes the payload for each client."""

    def __init__(
        self,
        lifetime: Lifetime,
        config: LiveConfig,
        door: Door,
        events: EventStream,
        presence: PresenceList,
        health: Health,
        router: Router,
        canvas: Canvas,
        capabilities: Sequence[str],
    ) -> None:
        """Args:
        capabilities: named to clients; whoever adds a feature appends.
        """
        self._lifetime = lifetime
        self._config = config
        self._door = door
        self._events = events
        self._presence = presence
        self._health = health
        self._router = router
        self._canvas = canvas
        self._capabilities = capabilities
        self._features: tuple[tuple[int, int], msgspec.Raw] | None = None

    def make(self, connection: Connection, accepted: Accepted, resume: dict[str, Any] | None) -> dict[str, Any]:
        """The payload; ``resume`` only for clients that can."""
        hello: dict[str, Any] = {
            "type": "hello-ok",
            "protocol": PROTOCOL,
            "server": {
                "version": self._lifetime.version,
                "buildId": f"teamgram-{self._lifetime.version}",
                # A Control UI comes from elsewhere: it must not reload itself until its build is ours.
                "controlUiBuildSource": "configured",
                "bootId": self._lifetime.boot_id,
                "connId": connection.conn_id,
            },
            "features": self._encoded_features(),
            "snapshot": self._snapshot(connection),
        }
        surface = accepted.device.surface if accepted.device else None
        if accepted.role == "operator" or (surface is not None and "canvas" in surface.caps):
            connection.canvas_capability = self._canvas.grant(connection.conn_id)
            hello["pluginSurfaceUrls"] = self.surface_urls(connection)
        known: dict[str, Any] = {"method": accepted.method, "role": accepted.role, "scopes": accepted.scopes}
        if accepted.token is not None:
            issued = accepted.token.rotated_at_ms or accepted.token.created_at_ms
            known |= {"deviceToken": accepted.token.token, "issuedAtMs": issued}
        hello |= {"auth": known, "policy": _POLICY}
        if resume is not None:
            hello["resume"] = resume
        return hello

    def surface_urls(self, connection: Connection) -> dict[str, str]:
        """Where this connection finds canvas documents, until it ends."""
        host = connection.opening.headers.get("host") or f"127.0.0.1:{self._config.sections.gateway.port}"
        scheme = "https" if connection.opening.is_secure else "http"
        return {"canvas": f"{scheme}://{host}/__openclaw__/cap/{connection.canvas_capability}"}

    def _encoded_features(self) -> msgspec.Raw:
        names = self._router.names()
        key = (len(names), len(self._capabilities))
        if self._features is None or self._features[0] != key:
            features = {"methods": names, "events": _EVENTS, "capabilities": self._capabilities}
            self._features = (key, msgspec.Raw(frames.encode_json(features)))
        return self._features[1]

    def _snapshot(self, connection: Connection) -> dict[str, Any]:
        sections = self._config.sections
        may_read = scopes.READ in connection.granted
        main_key = sections.session.main_key
        agent = str(self._health.snapshot.get("defaultAgentId") or "main")
        snapshot = {
            "suspension": {"phase": "accepting"},
            "presence": self._presence.entries(self._lifetime.now_ms()) if may_read else [],
            "health": self._health.encoded,
            "stateVersion": self._events.state_version(),
            "uptimeMs": self._lifetime.uptime_ms(),
            "appliedConfigHash": self._config.hash,
            "sessionDefaults": {
                "defaultAgentId": agent,
                "modelConfigured": True,
                "mainKey": main_key,
                "mainSessionKey": f"agent:{agent}:{main_key}",
                "scope": sections.session.scope,
            },
        }
        if scopes.ADMIN in connection.granted:
            snapshot |= {
                "configPath": str(self._config.path),
                "stateDir": str(self._lifetime.state_dir),
                "authMode": self._door.secret.mode,
            }
        return snapshot
