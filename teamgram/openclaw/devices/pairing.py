"""Which devices may connect, as what, and with which tokens. Plain Python.

A device asks by connecting. On loopback, with the shared secret, it is
approved silently; from elsewhere it waits for an operator. What it may ask
for later without asking again: the roles and scopes that were approved, from
the platform that was approved. A node's surface (capabilities and commands)
is approved apart from the device: :mod:`node_surface` says what of it is
offered at all.

Nothing here writes to disk: the owner saves :meth:`Pairing.snapshot`
and :class:`device_store.DeviceStore` does, before a client hears of the change.
"""

import hmac
import secrets
import uuid
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from teamgram.openclaw.devices.identity import normal
from teamgram.openclaw.gateway import scopes

PENDING_TTL_MS = 5 * 60_000
#: Requests that wait for an operator at once; the oldest gives way.
MAX_PENDING = 200
#: Devices that are remembered; every script with a key of its own is one.
MAX_DEVICES = 2000
_SNAPSHOT_VERSION = 1


@dataclass(slots=True)
class DeviceToken:
    """One role's token of one device."""

    role: str
    scopes: list[str]
    token: str
    created_at_ms: int
    rotated_at_ms: int | None = None


@dataclass(slots=True)
class NodeSurface:
    """What a node offers: declared, and when an operator approved it (0: not yet)."""

    caps: list[str]
    commands: list[str]
    permissions: dict[str, bool]
    request_id: str = ""
    revision: str = ""
    created_at_ms: int = 0
    approved_at_ms: int = 0
    ts_ms: int = 0

    def covers(self, other: "NodeSurface") -> bool:
        """Whether ``other`` offers nothing beyond this."""
        permissions = all(self.permissions.get(name) for name, granted in other.permissions.items() if granted)
        return set(other.caps) <= set(self.caps) and set(other.commands) <= set(self.commands) and permissions


@dataclass(slots=True)
class Device:
    """An approved device."""

    device_id: str
    public_key: str
    roles: list[str]
    scopes: list[str]
    approved_via: str
    created_at_ms: int
    approved_at_ms: int
    display_name: str | None = None
    label: str | None = None
    platform: str | None = None
    device_family: str | None = None
    client_id: str = ""
    client_mode: str = ""
    version: str = ""
    last_seen_at_ms: int = 0
    last_seen_reason: str = ""
    tokens: dict[str, DeviceToken] = field(default_factory=dict)
    surface: NodeSurface | None = None
    pending_surface: NodeSurface | None = None


@dataclass(slots=True)
class PairRequest:
    """A device that waits for an operator."""

    request_id: str
    device_id: str
    public_key: str
    role: str
    scopes: list[str]
    ts_ms: int
    reason: str
    display_name: str | None = None
    platform: str | None = None
    device_family: str | None = None
    client_id: str = ""
    client_mode: str = ""
    remote_ip: str = ""
    silent: bool = False
    is_repair: bool = False

    def to_wire(self) -> dict[str, Any]:
        """The pending record, as listed and as ``device.pair.requested`` carries it."""
        wire: dict[str, Any] = {
            "requestId": self.request_id,
            "deviceId": self.device_id,
            "publicKey": self.public_key,
            "displayName": self.display_name,
            "platform": self.platform,
            "deviceFamily": self.device_family,
            "clientId": self.client_id,
            "clientMode": self.client_mode,
            "role": self.role,
            "roles": [self.role],
            "scopes": self.scopes,
            "remoteIp": self.remote_ip,
            "silent": self.silent,
            "isRepair": self.is_repair,
            "ts": self.ts_ms,
        }
        return {key: value for key, value in wire.items() if value is not None}


#: Why a device must be approved (again); None: it need not.
NOT_PAIRED, ROLE_UPGRADE, SCOPE_UPGRADE, METADATA_UPGRADE = (
    "not-paired",
    "role-upgrade",
    "scope-upgrade",
    "metadata-upgrade",
)


class Pairing:
    """All devices, and those that ask.

    Attributes:
        devices, pending: by device id and by request id.
    """

    def __init__(self, resolved: Callable[[PairRequest, str], None]) -> None:
        self.devices: dict[str, Device] = {}
        self.pending: dict[str, PairRequest] = {}
        self._resolved = resolved

    def needs(self, device_id: str, role: str, wanted: Iterable[str], platform: Any, family: Any) -> str | None:
        """The reason for which this device must be approved before it may connect so, or None."""
        device = self.devices.get(device_id)
        if device is None:
            return NOT_PAIRED
        if role not in device.roles:
            return ROLE_UPGRADE
        if normal(platform) != normal(device.platform) or normal(family) != normal(device.device_family):
            return METADATA_UPGRADE
        if not set(wanted) <= scopes.expand(device.scopes):
            return SCOPE_UPGRADE
        return None

    def request(self, wanted: PairRequest) -> tuple[PairRequest, bool]:
        """Remember that a device asks.

        The same wish keeps its request id. Another role, or more scopes than
        the waiting request has, supersedes it.

        Returns:
            The request that waits now, and whether it is new.
        """
        self.expire(wanted.ts_ms)
        for waiting in [r for r in self.pending.values() if r.device_id == wanted.device_id]:
            if waiting.role == wanted.role and set(wanted.scopes) <= set(waiting.scopes):
                waiting.reason = wanted.reason
                waiting.platform, waiting.device_family = wanted.platform, wanted.device_family
                return waiting, False
            del self.pending[waiting.request_id]
            self._resolved(waiting, "rejected")
        while len(self.pending) >= MAX_PENDING:
            oldest = min(self.pending.values(), key=lambda r: r.ts_ms)
            del self.pending[oldest.request_id]
            self._resolved(oldest, "rejected")
        self.pending[wanted.request_id] = wanted
        return wanted, True

    def expire(self, now_ms: int) -> None:
        """Forget requests that nobody answered in five minutes."""
        for request in [r for r in self.pending.values() if now_ms - r.ts_ms > PENDING_TTL_MS]:
            del self.pending[request.request_id]
            self._resolved(request, "rejected")

    def approve(self, request: PairRequest, now_ms: int, via: str) -> Device:
        """The device may connect as it asked, and has a token for it."""
        self.pending.pop(request.request_id, None)
        device = self.devices.get(request.device_id)
        if device is None:
            device = self.devices[request.device_id] = Device(
                device_id=request.device_id,
                public_key=request.public_key,
                roles=[],
                scopes=[],
                approved_via=via,
                created_at_ms=now_ms,
                approved_at_ms=now_ms,
            )
            self._make_room(device)
        if request.role not in device.roles:
            device.roles.append(request.role)
        device.scopes = list(dict.fromkeys([*device.scopes, *request.scopes]))
        device.platform, device.device_family = request.platform, request.device_family
        device.client_id, device.client_mode = request.client_id, request.client_mode
        device.display_name = request.display_name or device.display_name
        device.approved_at_ms = now_ms
        self.token(device, request.role, now_ms)
        self._resolved(request, "approved")
        return device

    def _make_room(self, newest: Device) -> None:
        """Beyond the bound, forget whoever was approved without being asked about and was not seen for longest."""
        if len(self.devices) > MAX_DEVICES:
            silent = [device for device in self.devices.values() if device.approved_via == "silent"]
            silent = [device for device in silent if device is not newest and device.surface is None]
            if silent:
                del self.devices[min(silent, key=lambda device: device.last_seen_at_ms).device_id]

    def reject(self, request_id: str) -> PairRequest | None:
        """Refuse a waiting request; None when there is none of that id."""
        request = self.pending.pop(request_id, None)
        if request is not None:
            self._resolved(request, "rejected")
        return request

    def remove(self, device_id: str) -> Device | None:
        """Forget a device and its tokens; None when it is unknown."""
        return self.devices.pop(device_id, None)

    def token(self, device: Device, role: str, now_ms: int) -> DeviceToken:
        """The device's token for ``role``, kept while it covers what was approved, else widened."""
        approved = device.scopes if role == "operator" else []
        token = device.tokens.get(role)
        if token is None:
            token = device.tokens[role] = DeviceToken(role, sorted(approved), _new_token(), now_ms)
        elif not set(approved) <= set(token.scopes):
            token.scopes = sorted({*token.scopes, *approved})
        return token

    def rotate(self, device: Device, role: str, now_ms: int, narrowed: Iterable[str] | None) -> DeviceToken | None:
        """A new token in place of the old; None when the device has none for ``role``."""
        old = device.tokens.get(role)
        if old is None:
            return None
        kept = old.scopes if narrowed is None else [s for s in narrowed if s in scopes.expand(old.scopes)]
        new = device.tokens[role] = DeviceToken(role, sorted(kept), _new_token(), old.created_at_ms, now_ms)
        return new

    def revoke(self, device: Device, role: str) -> DeviceToken | None:
        """Take the token of ``role`` away; None when there was none."""
        return device.tokens.pop(role, None)

    def token_of(self, device_id: str, role: str, given: str) -> DeviceToken | None:
        """The device's token for ``role`` if ``given`` is it (compared in constant time)."""
        device = self.devices.get(device_id)
        token = device.tokens.get(role) if device is not None else None
        if token is None or not hmac.compare_digest(token.token.encode(), given.encode("utf-8", "replace")):
            return None
        return token

    def declare_surface(self, device: Device, declared: NodeSurface, now_ms: int) -> NodeSurface | None:
        """A node says what it offers.

        Returns:
            The surface as it waits for approval if that is news, None if it
            is approved already or waits unchanged.
        """
        if device.surface is not None and device.surface.covers(declared):
            if device.pending_surface is not None:
                device.pending_surface = None
            return None
        waiting = device.pending_surface
        if waiting is not None and waiting.covers(declared) and declared.covers(waiting):
            return None
        declared.request_id, declared.revision = str(uuid.uuid4()), str(uuid.uuid4())
        declared.ts_ms = now_ms
        device.pending_surface = declared
        return declared

    def pending_surface(self, request_id: str) -> Device | None:
        """The node whose surface waits under this request id."""
        for device in self.devices.values():
            if device.pending_surface is not None and device.pending_surface.request_id == request_id:
                return device
        return None

    def resolve_surface(self, device: Device, approved: bool, now_ms: int) -> None:
        """An operator decided about what waits."""
        surface, device.pending_surface = device.pending_surface, None
        if approved and surface is not None:
            surface.created_at_ms = device.surface.created_at_ms if device.surface else now_ms
            surface.approved_at_ms = now_ms
            device.surface = surface

    def snapshot(self) -> dict[str, Any]:
        """What goes to disk."""
        return {
            "version": _SNAPSHOT_VERSION,
            "devices": [asdict(device) for device in self.devices.values()],
            "pending": [asdict(request) for request in self.pending.values()],
        }

    def restore(self, snapshot: dict[str, Any] | None, now_ms: int) -> None:
        """Take over what :meth:`snapshot` once gave.

        Raises:
            ValueError: it is from a newer version, or no snapshot.
        """
        if snapshot is None:
            return
        if snapshot.get("version") != _SNAPSHOT_VERSION:
            raise ValueError(f"devices of version {snapshot.get('version')!r}; this program knows {_SNAPSHOT_VERSION}")
        try:
            for wire in snapshot["devices"]:
                device = Device(**wire)
                device.tokens = {role: DeviceToken(**token) for role, token in wire["tokens"].items()}
                for name in ("surface", "pending_surface"):
                    setattr(device, name, NodeSurface(**wire[name]) if wire[name] else None)
                self.devices[device.device_id] = device
            for wire in snapshot["pending"]:
                request = PairRequest(**wire)
                self.pending[request.request_id] = request
        except (KeyError, TypeError) as error:
            raise ValueError(f"devices are damaged: {error}") from None
        self.expire(now_ms)


def new_request_id() -> str:
    """An id for a request."""
    return str(uuid.uuid4())


def _new_token() -> str:
    return secrets.token_urlsafe(32)
