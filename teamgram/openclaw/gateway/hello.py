"""``hello-ok``: what a client is told when it has got in. The parts that are the same for all are encoded once."""

from typing import TYPE_CHECKING, Any

import msgspec

from teamgram.openclaw.gateway import frames, scopes
from teamgram.openclaw.gateway.handshake import PROTOCOL, Accepted
from teamgram.openclaw.gateway.outbox import MAX_BUFFERED

if TYPE_CHECKING:
    from teamgram.openclaw.control_plane import ControlPlane
    from teamgram.openclaw.gateway.connection import Connection

TICK_SECONDS = 30.0
_MAX_ATTACHMENT_BYTES = 19464192
_MAX_IMAGE_BYTES = 6291456

_EVENTS = (
    "connect.challenge", "agent", "chat", "presence", "tick", "shutdown", "health", "heartbeat", "cron",
    "session.message", "session.tool", "session.operation", "sessions.changed", "config.changed",
    "node.pair.requested", "node.pair.resolved", "node.invoke.request", "node.hostStats",
    "device.pair.requested", "device.pair.resolved",
)  # fmt: skip


_POLICY = {
    "maxPayload": frames.MAX_PAYLOAD,
    "maxBufferedBytes": MAX_BUFFERED,
    "tickIntervalMs": round(TICK_SECONDS * 1000),
    "attachments": {"maxBytes": _MAX_ATTACHMENT_BYTES, "maxImageBytes": _MAX_IMAGE_BYTES},
}


class HelloOk:
    """Makes the payload for each client."""

    def __init__(self, plane: "ControlPlane") -> None:
        self._plane = plane
        self._features: tuple[tuple[int, int], msgspec.Raw] | None = None

    def make(self, connection: "Connection", accepted: Accepted, resume: dict[str, Any] | None) -> dict[str, Any]:
        """The payload; ``resume`` only for clients that can."""
        plane = self._plane
        hello: dict[str, Any] = {
            "type": "hello-ok",
            "protocol": PROTOCOL,
            "server": {
                "version": plane.version,
                "buildId": f"teamgram-{plane.version}",
                # A Control UI comes from elsewhere: it must not reload itself until its build is ours.
                "controlUiBuildSource": "configured",
                "bootId": plane.boot_id,
                "connId": connection.conn_id,
            },
            "features": self._encoded_features(),
            "snapshot": self._snapshot(connection),
        }
        surface = accepted.device.surface if accepted.device else None
        if accepted.role == "operator" or (surface is not None and "canvas" in surface.caps):
            connection.canvas_capability = plane.canvas.grant(connection.conn_id)
            hello["pluginSurfaceUrls"] = self.surface_urls(connection)
        known: dict[str, Any] = {"method": accepted.method, "role": accepted.role, "scopes": accepted.scopes}
        if accepted.token is not None:
            issued = accepted.token.rotated_at_ms or accepted.token.created_at_ms
            known |= {"deviceToken": accepted.token.token, "issuedAtMs": issued}
        hello |= {"auth": known, "policy": _POLICY}
        if resume is not None:
            hello["resume"] = resume
        return hello

    def surface_urls(self, connection: "Connection") -> dict[str, str]:
        """Where this connection finds canvas documents, until it ends."""
        host = connection.opening.headers.get("host") or f"127.0.0.1:{self._plane.config.sections.gateway.port}"
        return {"canvas": f"http://{host}/__openclaw__/cap/{connection.canvas_capability}"}

    def _encoded_features(self) -> msgspec.Raw:
        names = self._plane.router.names()
        key = (len(names), len(self._plane.capabilities))
        if self._features is None or self._features[0] != key:
            features = {"methods": names, "events": _EVENTS, "capabilities": self._plane.capabilities}
            self._features = (key, msgspec.Raw(frames.encode_json(features)))
        return self._features[1]

    def _snapshot(self, connection: "Connection") -> dict[str, Any]:
        plane = self._plane
        sections = plane.config.sections
        may_read = scopes.READ in connection.granted
        main_key = sections.session.main_key
        agent = str(plane.health.snapshot.get("defaultAgentId") or "main")
        snapshot = {
            "suspension": {"phase": "accepting"},
            "presence": plane.presence.entries(plane.now_ms()) if may_read else [],
            "health": plane.health.encoded,
            "stateVersion": plane.events.state_version(),
            "uptimeMs": round((plane.seconds() - plane.started_at) * 1000),
            "appliedConfigHash": plane.config.hash,
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
                "configPath": str(plane.config.path),
                "stateDir": str(plane.state_dir),
                "authMode": plane.door.secret.mode,
            }
        return snapshot
