"""Who is here: the gateway itself, connected clients, beacons of ``system-event``. Plain Python."""

import platform
import socket
from typing import Any

TTL_MS = 5 * 60_000
MAX_ENTRIES = 200
#: Clients of these modes come and go by the second and are never listed.
UNSEEN_MODES = frozenset({"cli", "backend", "probe"})


class PresenceList:
    """Entries by instance, device or connection; the gateway's own first and always there."""

    def __init__(self, version: str, instance_id: str) -> None:
        host = socket.gethostname()
        self._gateway = {
            "host": host,
            "version": version,
            "platform": f"{platform.system().lower()} {platform.release()}",
            "deviceFamily": platform.system(),
            "mode": "gateway",
            "reason": "self",
            "instanceId": instance_id,
            "text": f"Gateway: {host} · app {version} · mode gateway · reason self",
        }
        self._entries: dict[str, dict[str, Any]] = {}

    def connected(
        self,
        key: str,
        client: dict[str, Any],
        *,
        role: str,
        scopes: list[str],
        device_id: str | None,
        ip: str,
        now_ms: int,
    ) -> bool:
        """A client came.

        Returns:
            Whether it is of a kind that shows.
        """
        mode = client["mode"]
        if mode in UNSEEN_MODES:
            return False
        name = client.get("displayName") or client["id"]
        entry = {
            "clientId": client["id"],
            "host": name,
            "ip": ip,
            "version": client["version"],
            "platform": client["platform"],
            "deviceFamily": client.get("deviceFamily"),
            "modelIdentifier": client.get("modelIdentifier"),
            "mode": mode,
            "reason": "connect",
            "roles": [role],
            "scopes": scopes or None,
            "deviceId": device_id,
            "instanceId": client.get("instanceId") or device_id,
            "text": f"Node: {name} · mode {mode}",
            "onlineSince": now_ms,
            "ts": now_ms,
        }
        self._put(key, {name: value for name, value in entry.items() if value is not None}, now_ms)
        return True

    def disconnected(self, key: str, now_ms: int) -> bool:
        """A client went; whether it had shown."""
        entry = self._entries.get(key)
        if entry is None:
            return False
        entry["reason"] = "disconnect"
        entry["ts"] = now_ms
        return True

    def beacon(self, params: dict[str, Any], now_ms: int) -> None:
        """``system-event`` adds or refreshes an entry."""
        shown = (
            "host", "ip", "mode", "version", "platform", "deviceFamily", "modelIdentifier", "lastInputSeconds",
            "reason", "deviceId", "instanceId", "roles", "scopes", "tags", "text",
        )  # fmt: skip
        entry = {name: params[name] for name in shown if params.get(name) is not None}
        key = str(params.get("instanceId") or params.get("deviceId") or params.get("host") or params["text"])
        self._put("beacon:" + key, {**entry, "ts": now_ms}, now_ms)

    def _put(self, key: str, entry: dict[str, Any], now_ms: int) -> None:
        self._entries.pop(key, None)
        self._entries[key] = entry
        self._expire(now_ms)
        while len(self._entries) > MAX_ENTRIES - 1:
            del self._entries[next(iter(self._entries))]

    def refresh(self, keys: list[str], now_ms: int) -> None:
        """These clients are still connected: their entries do not age."""
        for key in keys:
            entry = self._entries.get(key)
            if entry is not None:
                entry["ts"] = now_ms

    def _expire(self, now_ms: int) -> None:
        for key in [key for key, entry in self._entries.items() if now_ms - entry["ts"] > TTL_MS]:
            del self._entries[key]

    def entries(self, now_ms: int) -> list[dict[str, Any]]:
        """Everybody, the gateway first, then the newest first."""
        self._expire(now_ms)
        return [self._own(now_ms), *reversed(self._entries.values())]

    def _own(self, now_ms: int) -> dict[str, Any]:
        return {**self._gateway, "ts": now_ms}
