"""A node's surfaces as ``node.pair.*`` shows them. Plain Python."""

from typing import Any

from teamgram.openclaw.devices import pairing
from teamgram.openclaw.nodes import surface as node_surface


def _about(record: pairing.Device) -> dict[str, Any]:
    """Who a node is."""
    return {
        "nodeId": record.device_id,
        "clientId": record.client_id,
        "clientMode": record.client_mode,
        "displayName": record.label or record.display_name,
        "platform": record.platform,
        "version": record.version,
        "deviceFamily": record.device_family,
    }


def pending_to_wire(record: pairing.Device) -> dict[str, Any]:
    """A surface that waits for approval."""
    surface = record.pending_surface
    assert surface is not None
    wire = {
        "requestId": surface.request_id,
        **_about(record),
        "caps": surface.caps,
        "commands": surface.commands,
        "requiredApproveScopes": node_surface.approve_scopes(surface.commands),
        "permissions": surface.permissions or None,
        "silent": record.approved_via == "silent",
        "ts": surface.ts_ms,
    }
    return {name: value for name, value in wire.items() if value is not None}


def approved_to_wire(record: pairing.Device) -> dict[str, Any]:
    """A node with its approved surface."""
    surface = record.surface
    assert surface is not None
    wire = {
        **_about(record),
        "caps": surface.caps,
        "commands": surface.commands,
        "permissions": surface.permissions or None,
        "createdAtMs": surface.created_at_ms,
        "approvedAtMs": surface.approved_at_ms,
        "lastSeenAtMs": record.last_seen_at_ms,
        "lastSeenReason": record.last_seen_reason or None,
    }
    return {name: value for name, value in wire.items() if value is not None}
