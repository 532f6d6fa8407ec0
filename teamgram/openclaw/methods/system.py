"""Health, status, presence, identity: what operators ask first."""

import os
import platform
import shutil
import socket
import sys
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from twisted.internet.defer import succeed

import msgspec

from teamgram.openclaw.config.live import LiveConfig
from teamgram.openclaw.devices.identity import Identity
from teamgram.openclaw.gateway import scopes
from teamgram.openclaw.gateway.active_runs import ActiveRuns
from teamgram.openclaw.gateway.announcements import Announcements
from teamgram.openclaw.gateway.errors import invalid, unavailable
from teamgram.openclaw.gateway.health import Health, rss_bytes
from teamgram.openclaw.gateway.lifetime import Lifetime
from teamgram.openclaw.gateway.presence import PresenceList
from teamgram.openclaw.gateway.reception import Reception
from teamgram.openclaw.gateway.router import NODE, OPERATOR, Call, method

_MAX_SYSTEM_EVENTS = 50
_MAX_EVENT_TEXT = 8000


#: Of a channel's state, what its account's row says.
_CHANNEL_STATE = ("configured", "running", "connected")


class SystemMethods:
    """``health``, ``status``, ``system-*``, heartbeats, ``gateway.*``.

    Attributes:
        system_events: texts left by ``wake`` and ``system-event``, oldest first; the next heartbeat run takes them.
        keep_events: what was left is on disk when what this returns has fired; the agents set it.
        on_wake: called with (text, mode, params) by ``wake``; the agents set it.
        last_heartbeat: what the last heartbeat run reported, None before the first.
    """

    def __init__(
        self,
        lifetime: Lifetime,
        config: LiveConfig,
        identity: Identity,
        presence: PresenceList,
        health: Health,
        announcements: Announcements,
        reception: Reception,
        runs: ActiveRuns,
    ) -> None:
        self._lifetime = lifetime
        self._config = config
        self._identity = identity
        self._presence = presence
        self._health = health
        self._announcements = announcements
        self._reception = reception
        self._runs = runs
        self.system_events: deque[str] = deque(maxlen=_MAX_SYSTEM_EVENTS)
        self.keep_events: Callable[[], Awaitable[None]] = lambda: succeed(None)
        self.on_wake: Any = lambda text, mode, params: None
        self.last_heartbeat: dict[str, Any] | None = None
        self.heartbeats_enabled = True

    @method("health", None, roles=(OPERATOR, NODE))
    def health(self, call: Call) -> msgspec.Raw:
        """The snapshot; ``probe`` builds it anew."""
        if call.params.get("probe") is True and self._health.is_stale():
            self._announcements.refresh_health()
        return self._health.encoded

    @method("status", scopes.READ)
    def status(self, call: Call) -> dict[str, Any]:
        """Version, heartbeats, sessions, memory."""
        snapshot = self._health.snapshot
        sessions = dict(snapshot.get("sessions") or {})
        by_agent = [{"agentId": a.get("agentId"), **(a.get("sessions") or {})} for a in snapshot.get("agents") or ()]
        agents = [
            {
                "agentId": agent.get("agentId"),
                **(agent.get("heartbeat") or {"enabled": False, "every": "0m", "everyMs": 0}),
            }
            for agent in snapshot.get("agents") or ()
        ]
        return {
            "runtimeVersion": self._lifetime.version,
            "heartbeat": {"defaultAgentId": snapshot.get("defaultAgentId"), "agents": agents},
            "channelSummary": [],
            "queuedSystemEvents": list(self.system_events),
            "degradedPlugins": [],
            "tasks": {"total": 0, "active": self._runs.active(), "terminal": 0, "failures": 0},
            "sessions": {
                "paths": [sessions["path"]] if sessions.get("path") else [],
                "count": sessions.get("count", 0),
                "defaults": {"model": None, "contextTokens": None},
                "recent": sessions.get("recent", []),
                "byAgent": by_agent,
            },
            "eventLoop": self._health.lag.to_wire(),
            "processMemory": {"rssBytes": rss_bytes()},
            "pid": os.getpid(),
            "uptimeMs": self._lifetime.uptime_ms(),
            "connections": len(self._reception.connections),
        }

    @method("system.info", scopes.READ)
    def info(self, call: Call) -> dict[str, Any]:
        """The machine."""
        disk = shutil.disk_usage(self._lifetime.data_dir)
        memory_total, memory_free = _memory()
        host = socket.gethostname()
        return {
            "machineName": host,
            "hostname": host,
            "platform": sys.platform,
            "release": platform.release(),
            "arch": {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine()),
            "osLabel": f"{platform.system()} {platform.release()}",
            "port": self._config.sections.gateway.port,
            "runtime": f"python {platform.python_version()}",
            "pid": os.getpid(),
            "processInstanceId": self._lifetime.boot_id,
            "uptimeMs": self._lifetime.uptime_ms(),
            "cpuCount": os.cpu_count() or 1,
            "loadAverage": [round(load, 2) for load in os.getloadavg()],
            "memoryTotalBytes": memory_total,
            "memoryFreeBytes": memory_free,
            "eventLoop": self._health.lag.to_wire(),
            "processMemory": {"rssBytes": rss_bytes()},
            "disks": [{"path": str(self._lifetime.data_dir), "totalBytes": disk.total, "availableBytes": disk.free}],
            "diskTotalBytes": disk.total,
            "diskAvailableBytes": disk.free,
            "diskPath": str(self._lifetime.data_dir),
        }

    @method("system-presence", scopes.READ)
    def presence(self, call: Call) -> list[dict[str, Any]]:
        """Everybody, the gateway first."""
        return self._presence.entries(self._lifetime.now_ms())

    @method("system-event", scopes.ADMIN)
    async def event(self, call: Call) -> dict[str, Any]:
        """A beacon of something that is here without a socket."""
        text = _text(call.params, "text")
        self._presence.beacon({**call.params, "text": text}, self._lifetime.now_ms())
        self.system_events.append(text)
        self._announcements.presence_changed()
        await self._kept()
        return {"ok": True}

    @method("wake", scopes.WRITE)
    async def wake(self, call: Call) -> dict[str, Any]:
        """Leave a text for the next heartbeat run, or start one now."""
        text = _text(call.params, "text")
        self.system_events.append(text)
        await self._kept()
        self.on_wake(text, call.params["mode"], call.params)
        return {"ok": True}

    async def _kept(self) -> None:
        try:
            await self.keep_events()
        except Exception as error:
            raise unavailable(f"the text could not be kept: {error}", retryable=True) from None

    @method("last-heartbeat", scopes.READ)
    def heartbeat(self, call: Call) -> dict[str, Any] | None:
        """What the last heartbeat run said."""
        return self.last_heartbeat

    @method("set-heartbeats", scopes.ADMIN)
    def set_heartbeats(self, call: Call) -> dict[str, Any]:
        """Switch heartbeat runs on or off until the next start."""
        enabled = call.params.get("enabled")
        if not isinstance(enabled, bool):
            raise invalid("invalid set-heartbeats params: enabled (boolean) required")
        self.heartbeats_enabled = enabled
        return {"ok": True, "enabled": enabled}

    @method("gateway.identity.get", scopes.READ)
    def identity(self, call: Call) -> dict[str, Any]:
        """This gateway's own key."""
        return {"deviceId": self._identity.device_id, "publicKey": self._identity.public_key}

    @method("gateway.restart.preflight", scopes.READ)
    def preflight(self, call: Call) -> dict[str, Any]:
        """Whether a restart would interrupt anything."""
        active = self._runs.active()
        return {
            "safe": active == 0,
            "counts": {"embeddedRuns": active, "totalActive": active},
            "blockers": [{"kind": "embedded-run", "count": active}] if active else [],
            "summary": "safe to restart now" if not active else f"{active} active run(s)",
        }

    @method("gateway.restart.request", scopes.ADMIN, control_plane_write=True)
    def restart(self, call: Call) -> dict[str, Any]:
        """Go down in order and come up again; the messenger beside it goes on."""
        reason = call.params.get("reason")
        reason = reason if isinstance(reason, str) and reason else "requested"
        preflight = self.preflight(call)
        self._lifetime.request_restart(reason)
        return {
            "ok": True,
            "status": "scheduled" if preflight["safe"] else "deferred",
            "preflight": preflight,
            "restart": {"ok": True, "pid": os.getpid(), "reason": reason, "delayMs": 0, "coalesced": False},
        }

    @method("users.self", scopes.READ)
    def user(self, call: Call) -> dict[str, Any]:
        """Who the caller is: there is one owner."""
        identity = {"type": "profile", "id": "gateway-owner"}
        return {"profile": {"id": "gateway-owner", "displayName": None, "role": "owner"}, "identity": identity}

    @method("channels.status", scopes.READ)
    def channels(self, call: Call) -> dict[str, Any]:
        """The messaging surfaces, as the health snapshot's sources tell them."""
        snapshot = self._health.snapshot
        channels = snapshot.get("channels") or {}
        return {
            "ts": self._lifetime.now_ms(),
            "channelOrder": snapshot.get("channelOrder") or list(channels),
            "channelLabels": snapshot.get("channelLabels") or {},
            "channels": channels,
            "channelAccounts": {
                name: [{"accountId": "default", **{key: about[key] for key in _CHANNEL_STATE if key in about}}]
                for name, about in channels.items()
            },
            "channelDefaultAccountId": dict.fromkeys(channels, "default"),
        }


def _text(params: dict[str, Any], name: str) -> str:
    text = params.get(name)
    if not isinstance(text, str) or not text.strip():
        raise invalid(f"{name} required")
    return text.strip()[:_MAX_EVENT_TEXT]


def _memory() -> tuple[int, int]:
    """(total, available) bytes of the machine; zeros where /proc is not."""
    try:
        with open("/proc/meminfo") as file:
            lines = dict(line.split(":", 1) for line in file)
        return tuple(int(lines[name].split()[0]) * 1024 for name in ("MemTotal", "MemAvailable"))  # type: ignore[return-value]
    except (OSError, KeyError, ValueError):
        return 0, 0
