"""Connected nodes and what is asked of them: invocations, work that waits for them, copies of chats.

A node is a device in the role ``node``; its record and what it was approved
for are :mod:`pairing`'s. Here is what lives only while the process does.
"""

import uuid
from collections import deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred

from teamgram.openclaw.config.live import LiveConfig
from teamgram.openclaw.devices import pairing
from teamgram.openclaw.devices.device_store import DeviceStore
from teamgram.openclaw.devices.identity import normal
from teamgram.openclaw.gateway import frames
from teamgram.openclaw.gateway.connection import Connection
from teamgram.openclaw.gateway.errors import GatewayError, invalid, require_scope, unavailable
from teamgram.openclaw.gateway.events import EventStream
from teamgram.openclaw.gateway.lifetime import Lifetime
from teamgram.openclaw.nodes import surface as node_surface
from teamgram.openclaw.nodes import views

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall


DEFAULT_INVOKE_TIMEOUT_MS = 30_000
MAX_INVOKE_TIMEOUT_MS = 600_000
MAX_INVOKES_PER_NODE = 64
MAX_PENDING_PER_NODE = 64
#: Sessions that one node follows.
MAX_FOLLOWED = 64


@dataclass(slots=True)
class Invocation:
    """One command on its way to a node and back."""

    id: str
    node_id: str
    command: str
    done: Deferred[dict[str, Any]]
    timer: "IDelayedCall | None" = None
    on_progress: Callable[[str], None] | None = None


@dataclass(slots=True)
class PendingWork:
    """Something a node is to do when it next asks."""

    id: str
    type: str
    priority: str
    created_at_ms: int
    expires_at_ms: int | None

    def to_wire(self) -> dict[str, Any]:
        """As ``node.pending.*`` shows it."""
        return {
            "id": self.id,
            "type": self.type,
            "priority": self.priority,
            "createdAtMs": self.created_at_ms,
            "expiresAtMs": self.expires_at_ms,
        }


@dataclass(slots=True)
class LiveNode:
    """What is known of a node while it is connected; ``commands`` as it declared them this time."""

    connection: Connection
    connected_at_ms: int
    commands: list[str]
    host_stats: dict[str, Any] | None = None
    plugin_tools: list[Any] = field(default_factory=list)
    skills: list[Any] = field(default_factory=list)
    follows: set[str] = field(default_factory=set)


def pairing_changed() -> GatewayError:
    """The node is unknown, or its surface is not approved."""
    return unavailable("node pairing changed while invocation was active", {"code": "PAIRING_CHANGED"}, retryable=True)


class Nodes:
    """The registry."""

    def __init__(self, lifetime: Lifetime, config: LiveConfig, devices: DeviceStore, events: EventStream) -> None:
        self._lifetime = lifetime
        self._config = config
        self._devices = devices
        self._events = events
        self.live: dict[str, LiveNode] = {}
        self._invocations: dict[str, Invocation] = {}
        self._pending: dict[str, deque[PendingWork]] = {}
        self._revision = 0
        events.listen(self._copy_to_followers)

    # Coming and going

    def connected(self, connection: Connection, params: dict[str, Any]) -> None:
        """A node's handshake is done: take over what it offers, ask an operator if there is more than was approved."""
        record = self._devices.pairing.devices.get(connection.device_id or "")
        if record is None:
            return
        allowed = self._config.sections.gateway.nodes.commands
        platform = normal(record.platform)
        caps, commands = node_surface.offered(
            params.get("caps") or (), params.get("commands") or (), platform, allowed.allow, allowed.deny
        )
        old = self.live.get(record.device_id)
        self.live[record.device_id] = LiveNode(connection, self._lifetime.now_ms(), commands)
        if old is not None and old.connection is not connection:
            old.connection.close(4001, "client invalidated: replaced by a newer connection")
        declared = pairing.NodeSurface(caps, commands, dict(params.get("permissions") or {}))
        if self._devices.pairing.declare_surface(record, declared, self._lifetime.now_ms()) is not None:
            self._devices.saved()
            self._events.broadcast("node.pair.requested", views.pending_to_wire(record))

    def commands_of(self, record: pairing.Device) -> list[str]:
        """What may be asked of a node now: approved, and declared if it is connected."""
        if record.surface is None:
            return []
        live = self.live.get(record.device_id)
        return [each for each in record.surface.commands if live is None or each in live.commands]

    def disconnected(self, connection: Connection) -> None:
        """A node's socket closes: what it was asked fails."""
        node = self.live.get(connection.device_id or "")
        if node is None or node.connection is not connection:
            return
        del self.live[connection.device_id or ""]
        for invocation in [i for i in self._invocations.values() if i.node_id == connection.device_id]:
            message = f"node disconnected ({invocation.command})"
            self._fail(invocation, invalid(message, _node_error("DISCONNECTED", message, code="DISCONNECTED")))

    # Invocations

    def invoke(
        self,
        node_id: str,
        command: str,
        params: Any,
        timeout_ms: int | None,
        key: str,
        granted: Collection[str],
        on_progress: Callable[[str], None] | None = None,
    ) -> Deferred[dict[str, Any]]:
        """Ask a node; fires with ``{"payload", "payloadJSON"}``.

        Every road to a node ends here, so here is where it is decided who may have what run.

        Args:
            granted: the scopes of whoever wants it.
            on_progress: called with each piece of output that the node sends before its answer.

        Raises:
            GatewayError: at once or through the Deferred: not approved, not
                allowed, not connected, refused by the node, gone, too late.
        """
        node_id, command = node_id.strip(), command.strip()
        require_scope(node_surface.invoke_scope(command), granted)
        record = self._devices.pairing.devices.get(node_id)
        if record is None or "node" not in record.roles or record.surface is None:
            raise pairing_changed()
        node = self.live.get(node_id)
        if node is None:
            message = "node not connected"
            details = _node_error("NOT_CONNECTED", message, dispatched=False, code="NOT_CONNECTED")
            raise unavailable(message, details)
        allowed = self._config.sections.gateway.nodes.commands
        refused = node_surface.refusal(command, normal(record.platform), allowed.allow, allowed.deny)
        if refused is None and command not in self.commands_of(record):
            refused = f'node command not allowed: "{command}" is not declared by the node'
        if refused is not None:
            raise invalid(refused, {"reason": "command not allowlisted", "command": command})
        if sum(i.node_id == node_id for i in self._invocations.values()) >= MAX_INVOKES_PER_NODE:
            raise unavailable("node has too many invocations under way", {"code": "BUSY"}, retryable=True)
        timeout_ms = min(timeout_ms or DEFAULT_INVOKE_TIMEOUT_MS, MAX_INVOKE_TIMEOUT_MS)
        invocation = Invocation(str(uuid.uuid4()), node_id, command, Deferred(self._cancelled), on_progress=on_progress)
        self._invocations[invocation.id] = invocation
        invocation.timer = self._lifetime.reactor.callLater(timeout_ms / 1000, self._timed_out, invocation)
        self.tell(
            node.connection,
            "node.invoke.request",
            {
                "id": invocation.id,
                "nodeId": node_id,
                "command": command,
                "paramsJSON": None if params is None else frames.encode_json(params).decode(),
                "timeoutMs": timeout_ms,
                "idempotencyKey": key,
            },
        )
        return invocation.done

    def result(self, connection: Connection, params: dict[str, Any]) -> bool:
        """A node's answer; False when nobody waits for it any more."""
        invocation = self._invocations.get(params["id"])
        if invocation is None or invocation.node_id != connection.device_id:
            return False
        if params["ok"]:
            text = params.get("payloadJSON")
            payload = params.get("payload")
            if text is not None:
                try:
                    payload = frames.decode_json(text.encode())
                except frames.NotJson:
                    payload = None
            self._close(invocation).callback({"payload": payload, "payloadJSON": text})
            return True
        error = params.get("error") or {}
        code, message = error.get("code") or "UNAVAILABLE", error.get("message") or "node invoke failed"
        self._fail(invocation, invalid(message, _node_error(code, message, code=code)))
        return True

    def progress(self, connection: Connection, params: dict[str, Any]) -> bool:
        """A piece of output under way; False when nobody listens."""
        invocation = self._invocations.get(params["invokeId"])
        if invocation is None or invocation.node_id != connection.device_id or invocation.on_progress is None:
            return False
        invocation.on_progress(params["chunk"])
        return True

    def _timed_out(self, invocation: Invocation) -> None:
        invocation.timer = None
        details = _node_error("TIMEOUT", "node invoke timed out")
        self._fail(invocation, unavailable("TIMEOUT: node invoke timed out", details))

    def _cancelled(self, done: Deferred[dict[str, Any]]) -> None:
        for invocation in [i for i in self._invocations.values() if i.done is done]:
            self._close(invocation)

    def _fail(self, invocation: Invocation, error: GatewayError) -> None:
        self._close(invocation).errback(error)

    def _close(self, invocation: Invocation) -> Deferred[dict[str, Any]]:
        del self._invocations[invocation.id]
        if invocation.timer is not None and invocation.timer.active():
            invocation.timer.cancel()
        return invocation.done

    # Work that waits

    def enqueue(self, node_id: str, kind: str, priority: str, expires_in_ms: int | None) -> tuple[PendingWork, int]:
        """Leave work for a node; returns it and the queue's revision.

        Raises:
            GatewayError: the node is unknown, or its queue is full.
        """
        record = self._devices.pairing.devices.get(node_id)
        if record is None or "node" not in record.roles:
            raise invalid("unknown nodeId")
        queue = self._waiting(node_id)
        if len(queue) >= MAX_PENDING_PER_NODE:
            raise unavailable("node pending queue is full", retryable=True)
        now_ms = self._lifetime.now_ms()
        work = PendingWork(
            str(uuid.uuid4()), kind, priority, now_ms, now_ms + expires_in_ms if expires_in_ms is not None else None
        )
        queue.append(work)
        self._revision += 1
        return work, self._revision

    def _waiting(self, node_id: str) -> deque[PendingWork]:
        now_ms = self._lifetime.now_ms()
        kept = [w for w in self._pending.get(node_id, ()) if w.expires_at_ms is None or w.expires_at_ms > now_ms]
        queue = self._pending[node_id] = deque(sorted(kept, key=lambda w: w.priority != "high"))
        return queue

    def drain(self, node_id: str, most: int) -> tuple[list[PendingWork], bool, int]:
        """Hand out up to ``most`` items and forget them: (items, more?, revision)."""
        queue = self._waiting(node_id)
        items = [queue.popleft() for _ in range(min(most, len(queue)))]
        return items, bool(queue), self._revision

    def pull(self, node_id: str) -> list[PendingWork]:
        """Show what waits, without forgetting it; :meth:`ack` does."""
        return list(self._waiting(node_id))

    def ack(self, node_id: str, ids: Iterable[str]) -> list[str]:
        """Forget items; returns the ids that were there."""
        wanted = set(ids)
        queue = self._waiting(node_id)
        done = [work.id for work in queue if work.id in wanted]
        self._pending[node_id] = deque(work for work in queue if work.id not in wanted)
        return done

    # Events

    def tell(self, connection: Connection, name: str, payload: Any) -> None:
        """One event to one node, without a number."""
        connection.send(frames.encode_event_head(name, payload) + b"}")

    def _copy_to_followers(self, name: str, payload: Any) -> None:
        if name not in ("chat", "agent") or not self.live:
            return
        key = payload.get("sessionKey") if isinstance(payload, dict) else None
        followers = [node for node in self.live.values() if key in node.follows]
        if followers:
            text = frames.encode_event_head(name, payload) + b"}"
            for node in followers:
                node.connection.send(text)

    # Views

    def describe(self, record: pairing.Device) -> dict[str, Any]:
        """A node as ``node.list`` and ``node.describe`` show it."""
        live = self.live.get(record.device_id)
        surface, pending = record.surface, record.pending_surface
        view: dict[str, Any] = {
            "nodeId": record.device_id,
            "displayName": record.label or record.display_name,
            "platform": record.platform,
            "version": record.version,
            "clientId": record.client_id,
            "clientMode": record.client_mode,
            "deviceFamily": record.device_family,
            "caps": surface.caps if surface else [],
            "commands": self.commands_of(record),
            "sessionHost": False,
            "permissions": (surface.permissions or None) if surface else None,
            "approvalState": "pending-approval" if pending or not surface else "approved",
        }
        if pending is not None:
            view |= {
                "pendingRequestId": pending.request_id,
                "pendingDeclaredCaps": pending.caps,
                "pendingDeclaredCommands": pending.commands,
                "pendingDeclaredPermissions": pending.permissions or None,
            }
        if live is not None:
            view |= {
                "nodePluginTools": live.plugin_tools,
                "hostStats": live.host_stats,
                "connectedAtMs": live.connected_at_ms,
                "lastConnectedAtMs": live.connected_at_ms,
            }
        view |= {
            "lastSeenAtMs": live.connected_at_ms if live else record.last_seen_at_ms,
            "lastSeenReason": record.last_seen_reason or None,
            "approvedAtMs": surface.approved_at_ms if surface else record.approved_at_ms,
            "paired": True,
            "connected": live is not None,
        }
        return {name: value for name, value in view.items() if value is not None}

    def records(self) -> list[pairing.Device]:
        """All devices that are nodes, connected ones first."""
        found = [record for record in self._devices.pairing.devices.values() if "node" in record.roles]
        return sorted(found, key=lambda record: record.device_id not in self.live)


def _node_error(node_code: str, message: str, *, dispatched: bool = True, **more: Any) -> dict[str, Any]:
    return {"nodeError": {"code": node_code, "message": message}, "nodeCommandDispatched": dispatched, **more}
