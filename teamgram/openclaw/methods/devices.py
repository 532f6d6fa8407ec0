"""``device.pair.*`` and ``device.token.*``: an operator decides which devices may come in."""

from typing import Any

from teamgram.openclaw.devices import pairing
from teamgram.openclaw.devices.device_store import DeviceStore
from teamgram.openclaw.gateway import scopes
from teamgram.openclaw.gateway.errors import invalid
from teamgram.openclaw.gateway.events import EventStream
from teamgram.openclaw.gateway.lifetime import Lifetime
from teamgram.openclaw.gateway.reception import Reception
from teamgram.openclaw.gateway.router import Call, method

_REMOVED = (4001, "device removed")


class DeviceMethods:
    """Devices and their tokens."""

    def __init__(self, lifetime: Lifetime, devices: DeviceStore, events: EventStream, reception: Reception) -> None:
        self._lifetime = lifetime
        self._devices = devices
        self._events = events
        self._reception = reception

    @method("device.pair.list", scopes.PAIRING)
    def list(self, call: Call) -> dict[str, Any]:
        """Who waits and who is in."""
        known = self._devices.pairing
        known.expire(self._lifetime.now_ms())
        pending = sorted(known.pending.values(), key=lambda request: -request.ts_ms)
        paired = sorted(known.devices.values(), key=lambda device: -device.approved_at_ms)
        return {
            "pending": [request.to_wire() for request in pending],
            "paired": [self._view(device) for device in paired],
        }

    @method("device.pair.approve", scopes.PAIRING)
    async def approve(self, call: Call) -> dict[str, Any]:
        """Let a waiting device in, as it asked."""
        known, now_ms = self._devices.pairing, self._lifetime.now_ms()
        known.expire(now_ms)
        request = known.pending.get(call.params["requestId"])
        if request is None:
            raise invalid("unknown requestId")
        if request.role != "operator":
            call.require(scopes.ADMIN)
        # Nobody hands out what he does not have, and a device that is let in again has what it had as well.
        had = known.devices.get(request.device_id)
        for scope in dict.fromkeys([*request.scopes, *(had.scopes if had is not None else ())]):
            call.require(scope)
        device = known.approve(request, now_ms, "operator")
        await self._devices.saved()
        return {"requestId": request.request_id, "device": self._view(device)}

    @method("device.pair.reject", scopes.PAIRING)
    async def reject(self, call: Call) -> dict[str, Any]:
        """Refuse a waiting device."""
        request = self._devices.pairing.reject(call.params["requestId"])
        if request is None:
            raise invalid("unknown requestId")
        await self._devices.saved()
        return {"requestId": request.request_id, "deviceId": request.device_id}

    @method("device.pair.remove", scopes.PAIRING)
    async def remove(self, call: Call) -> dict[str, Any]:
        """Forget a device; its sockets are closed."""
        device = self._devices.pairing.remove(call.params["deviceId"])
        if device is None:
            raise invalid("unknown deviceId")
        await self._devices.saved()
        if "node" in device.roles:
            self._events.broadcast(
                "node.pair.resolved",
                {"requestId": "", "nodeId": device.device_id, "decision": "removed", "ts": self._lifetime.now_ms()},
            )
        self._lifetime.reactor.callLater(0, self._reception.close_device, device.device_id, *_REMOVED)
        return {"deviceId": device.device_id, "removed": True}

    @method("device.pair.rename", scopes.PAIRING)
    async def rename(self, call: Call) -> dict[str, Any]:
        """Call a device something."""
        device = self._device(call)
        device.label = call.params["label"].strip() or None
        await self._devices.saved()
        return {"deviceId": device.device_id, "label": device.label}

    @method("device.token.rotate", scopes.PAIRING)
    async def rotate(self, call: Call) -> dict[str, Any]:
        """A new token in place of the old; the old one's sockets are closed.

        The token itself is told only to the device it belongs to.
        """
        device, role = self._device(call), call.params["role"]
        token = self._devices.pairing.rotate(device, role, self._lifetime.now_ms(), call.params.get("scopes"))
        if token is None:
            raise invalid("unknown deviceId/role")
        await self._devices.saved()
        answer = {
            "deviceId": device.device_id,
            "role": role,
            "scopes": token.scopes,
            "createdAtMs": token.created_at_ms,
            "rotatedAtMs": token.rotated_at_ms,
        }
        if call.connection.device_id == device.device_id:
            answer["token"] = token.token
        else:
            answer["tokenDelivery"] = "withheld-cross-device"
        self._lifetime.reactor.callLater(0, self._reception.close_device, device.device_id, *_REMOVED, role)
        return answer

    @method("device.token.revoke", scopes.PAIRING)
    async def revoke(self, call: Call) -> dict[str, Any]:
        """Take a device's token away; its sockets are closed."""
        device, role = self._device(call), call.params["role"]
        if self._devices.pairing.revoke(device, role) is None:
            raise invalid("unknown deviceId/role")
        await self._devices.saved()
        self._lifetime.reactor.callLater(0, self._reception.close_device, device.device_id, *_REMOVED, role)
        return {"deviceId": device.device_id, "role": role, "revokedAtMs": self._lifetime.now_ms()}

    def _device(self, call: Call) -> pairing.Device:
        device = self._devices.pairing.devices.get(call.params["deviceId"])
        if device is None:
            raise invalid("unknown deviceId")
        return device

    def _view(self, device: pairing.Device) -> dict[str, Any]:
        connected = self._reception.is_connected(device.device_id)
        view: dict[str, Any] = {
            "deviceId": device.device_id,
            "publicKey": device.public_key,
            "displayName": device.display_name,
            "label": device.label,
            "platform": device.platform,
            "deviceFamily": device.device_family,
            "clientId": device.client_id,
            "clientMode": device.client_mode,
            "role": device.roles[0] if device.roles else None,
            "roles": device.roles,
            "scopes": device.scopes,
            "approvedVia": device.approved_via,
            "createdAtMs": device.created_at_ms,
            "approvedAtMs": device.approved_at_ms,
            "lastSeenAtMs": device.last_seen_at_ms,
            "lastSeenReason": device.last_seen_reason or None,
            "connected": connected,
            "tokens": [
                {
                    "role": token.role,
                    "scopes": token.scopes,
                    "createdAtMs": token.created_at_ms,
                    **({"rotatedAtMs": token.rotated_at_ms} if token.rotated_at_ms else {}),
                }
                for token in device.tokens.values()
            ],
        }
        return {name: value for name, value in view.items() if value is not None}
