"""``node.*``: what operators ask of nodes, and what nodes say."""

from typing import Any

from teamgram.openclaw.devices import pairing
from teamgram.openclaw.devices.device_store import DeviceStore
from teamgram.openclaw.gateway import frames, scopes
from teamgram.openclaw.gateway.active_runs import ActiveRuns
from teamgram.openclaw.gateway.errors import invalid, unavailable
from teamgram.openclaw.gateway.events import EventStream
from teamgram.openclaw.gateway.hello import HelloOk
from teamgram.openclaw.gateway.lifetime import Lifetime
from teamgram.openclaw.gateway.reception import Reception
from teamgram.openclaw.gateway.router import NODE, OPERATOR, Call, method
from teamgram.openclaw.nodes import nodes, views
from teamgram.openclaw.nodes.canvas import REFRESH_MS, Canvas
from teamgram.openclaw.nodes.surface import approve_scopes

_NODE = (NODE,)
_DRAIN_DEFAULT = 4
_KNOWN_EVENTS = frozenset(
    {"node.presence.alive", "exec.started", "exec.finished", "exec.denied", "voice.transcript", "agent.request"}
)


class NodeMethods:
    """Operators' and nodes' side of the registry."""

    def __init__(
        self,
        lifetime: Lifetime,
        devices: DeviceStore,
        registry: nodes.Nodes,
        events: EventStream,
        reception: Reception,
        canvas: Canvas,
        hello: HelloOk,
        runs: ActiveRuns,
    ) -> None:
        self._lifetime = lifetime
        self._devices = devices
        self._nodes = registry
        self._events = events
        self._reception = reception
        self._canvas = canvas
        self._hello = hello
        self._runs = runs

    # What operators ask

    @method("node.list", scopes.READ)
    def list(self, call: Call) -> dict[str, Any]:
        """All nodes, connected ones first."""
        return {
            "ts": self._lifetime.now_ms(),
            "nodes": [self._nodes.describe(record) for record in self._nodes.records()],
        }

    @method("environments.list", scopes.READ)
    def environments(self, call: Call) -> dict[str, Any]:
        """Where commands can run: the nodes."""
        rows = []
        for record in self._nodes.records():
            about = {
                "id": record.device_id,
                "type": "node",
                "label": record.label or record.display_name,
                "status": "available" if record.device_id in self._nodes.live else "unavailable",
                "platform": record.platform,
                "capabilities": record.surface.caps if record.surface is not None else None,
                "invocableCommands": self._nodes.commands_of(record) if record.surface is not None else None,
                "lastSeenAtMs": record.last_seen_at_ms or None,
            }
            rows.append({name: value for name, value in about.items() if value is not None})
        return {"environments": rows}

    @method("node.describe", scopes.READ)
    def describe(self, call: Call) -> dict[str, Any]:
        """One node."""
        return {"ts": self._lifetime.now_ms(), **self._nodes.describe(self._record(call.params["nodeId"]))}

    @method("node.rename", scopes.PAIRING)
    async def rename(self, call: Call) -> dict[str, Any]:
        """Call a node something."""
        record = self._record(call.params["nodeId"])
        name = call.params["displayName"].strip()
        if not name:
            raise invalid("displayName required")
        record.label = name
        await self._devices.saved()
        return {"nodeId": record.device_id, "displayName": name}

    @method("node.invoke", scopes.WRITE)
    async def invoke(self, call: Call) -> dict[str, Any]:
        """Run a command on a node and wait for its answer."""
        params = call.params
        answer = await self._nodes.invoke(
            params["nodeId"],
            params["command"],
            params.get("params"),
            params.get("timeoutMs"),
            params["idempotencyKey"],
            call.connection.granted,
        )
        return {"ok": True, "nodeId": params["nodeId"].strip(), "command": params["command"].strip(), **answer}

    @method("node.pending.enqueue", scopes.WRITE)
    def enqueue(self, call: Call) -> dict[str, Any]:
        """Leave work for a node."""
        params = call.params
        work, revision = self._nodes.enqueue(
            params["nodeId"], params["type"], params.get("priority", "normal"), params.get("expiresInMs")
        )
        return {"nodeId": params["nodeId"], "revision": revision, "queued": work.to_wire(), "wakeTriggered": False}

    @method("node.pair.list", scopes.PAIRING)
    def pair_list(self, call: Call) -> dict[str, Any]:
        """Surfaces that wait and surfaces that are approved."""
        records = self._nodes.records()
        return {
            "pending": [views.pending_to_wire(record) for record in records if record.pending_surface],
            "paired": [views.approved_to_wire(record) for record in records if record.surface],
        }

    @method("node.pair.approve", scopes.PAIRING)
    async def pair_approve(self, call: Call) -> dict[str, Any]:
        """Let a node offer what it declared; dangerous commands need admin."""
        record = self._waiting(call.params["requestId"])
        assert record.pending_surface is not None
        for scope in approve_scopes(record.pending_surface.commands):
            call.require(scope)
        self._devices.pairing.resolve_surface(record, True, self._lifetime.now_ms())
        await self._devices.saved()
        self._resolved(record.device_id, call.params["requestId"], "approved")
        return {"requestId": call.params["requestId"], "node": views.approved_to_wire(record)}

    @method("node.pair.reject", scopes.PAIRING)
    async def pair_reject(self, call: Call) -> dict[str, Any]:
        """Refuse what a node declared."""
        record = self._waiting(call.params["requestId"])
        self._devices.pairing.resolve_surface(record, False, self._lifetime.now_ms())
        await self._devices.saved()
        self._resolved(record.device_id, call.params["requestId"], "rejected")
        return {"requestId": call.params["requestId"], "nodeId": record.device_id}

    @method("node.pair.remove", scopes.PAIRING)
    async def pair_remove(self, call: Call) -> dict[str, Any]:
        """Forget a node altogether; its sockets are closed."""
        record = self._devices.pairing.devices.get(call.params["nodeId"])
        if record is None or "node" not in record.roles:
            raise invalid("unknown nodeId")
        self._devices.pairing.remove(record.device_id)
        await self._devices.saved()
        self._resolved(record.device_id, "", "removed")
        self._lifetime.reactor.callLater(0, self._reception.close_device, record.device_id, 4001, "device removed")
        return {"nodeId": record.device_id}

    # What nodes say

    # A run that is let end while everything goes down still needs its nodes' answers.
    @method("node.invoke.result", roles=_NODE, while_draining=True)
    def result(self, call: Call) -> dict[str, Any]:
        """The answer to an invocation; ``ignored`` when nobody waits for it."""
        return {"ok": True} if self._nodes.result(call.connection, call.params) else {"ok": True, "ignored": True}

    @method("node.invoke.progress", roles=_NODE, while_draining=True)
    def progress(self, call: Call) -> dict[str, Any]:
        """Output under way."""
        return {"ok": True} if self._nodes.progress(call.connection, call.params) else {"ok": True, "ignored": True}

    @method("node.event", roles=_NODE)
    def event(self, call: Call) -> dict[str, Any]:
        """Something happened on the node."""
        name = call.params["event"]
        payload = call.params.get("payload")
        text = call.params.get("payloadJSON")
        if text is not None:
            try:
                payload = frames.decode_json(text.encode())
            except frames.NotJson:
                raise invalid("invalid node.event params: payloadJSON is no JSON") from None
        live = self._live(call)
        if name == "node.host.stats":
            return self._host_stats(call, live, payload)
        if name in ("chat.subscribe", "chat.unsubscribe"):
            key = payload.get("sessionKey") if isinstance(payload, dict) else None
            if not isinstance(key, str) or not key:
                raise invalid("sessionKey required")
            canonical = self._runs.canonical_key(key)
            if name == "chat.unsubscribe":
                live.follows.discard(canonical)
            elif len(live.follows) < nodes.MAX_FOLLOWED:
                live.follows.add(canonical)
            return {"ok": True}
        handled = name in _KNOWN_EVENTS
        if handled:
            self._events.broadcast(
                "node.event", {"nodeId": call.connection.device_id, "event": name, "payload": payload}
            )
        return {
            "ok": True,
            "event": name,
            "handled": handled,
            "reason": "broadcast" if handled else "unsupported_event",
        }

    def _host_stats(self, call: Call, live: nodes.LiveNode, payload: Any) -> dict[str, Any]:
        record = self._devices.pairing.devices.get(call.connection.device_id or "")
        if record is None or record.surface is None:
            raise nodes.pairing_changed()
        if not isinstance(payload, dict):
            return {"ok": True, "event": "node.host.stats", "handled": False, "reason": "invalid_payload"}
        live.host_stats = {**payload, "updatedAtMs": self._lifetime.now_ms()}
        self._events.broadcast("node.hostStats", {"nodeId": record.device_id, "hostStats": live.host_stats})
        return {"ok": True, "event": "node.host.stats", "handled": True, "reason": "updated"}

    @method("node.pluginTools.update", roles=_NODE)
    def plugin_tools(self, call: Call) -> dict[str, Any]:
        """Tools that the node lends to agents."""
        self._live(call).plugin_tools = call.params["tools"]
        return {"nodeId": call.connection.device_id, "tools": call.params["tools"]}

    @method("node.skills.update", roles=_NODE)
    def skills(self, call: Call) -> dict[str, Any]:
        """Skills that the node lends to agents."""
        self._live(call).skills = call.params["skills"]
        return {"nodeId": call.connection.device_id, "skills": [skill["name"] for skill in call.params["skills"]]}

    @method("node.runnerInventory.update", roles=_NODE)
    def runner_inventory(self, call: Call) -> dict[str, Any]:
        """What the node's host could run for us; noted once its surface is approved."""
        record = self._devices.pairing.devices.get(call.connection.device_id or "")
        if record is None or record.surface is None:
            request = record.pending_surface.request_id if record and record.pending_surface else ""
            raise unavailable(
                "node capability surface is awaiting operator approval; "
                f"run `openclaw nodes approve {request}` (see `openclaw nodes pending`), "
                "then this node retries automatically"
            )
        return {"nodeId": record.device_id}

    @method("node.pluginSurface.refresh", roles=_NODE)
    def node_surface(self, call: Call) -> dict[str, Any]:
        """A fresh canvas URL for a node that may show one."""
        record = self._devices.pairing.devices.get(call.connection.device_id or "")
        if record is None or record.surface is None or "canvas" not in record.surface.caps:
            raise unavailable("canvas is not enabled for this node")
        return self._refresh(call)

    @method("plugin.surface.refresh", scopes.READ, roles=(OPERATOR,))
    def surface(self, call: Call) -> dict[str, Any]:
        """A fresh canvas URL."""
        return self._refresh(call)

    def _refresh(self, call: Call) -> dict[str, Any]:
        if call.params.get("surface") != "canvas":
            raise invalid(f"unknown plugin surface: {call.params.get('surface')}")
        connection = call.connection
        connection.canvas_capability = self._canvas.grant(connection.conn_id)
        return {
            "surface": "canvas",
            "pluginSurfaceUrls": self._hello.surface_urls(connection),
            "expiresAtMs": self._lifetime.now_ms() + REFRESH_MS,
        }

    @method("skills.bins", roles=_NODE)
    def bins(self, call: Call) -> dict[str, Any]:
        """Programs that skills would like to find on a node: we ship none that do."""
        return {"bins": []}

    @method("node.pending.drain", roles=_NODE)
    def drain(self, call: Call) -> dict[str, Any]:
        """Take work and forget it."""
        node_id = call.connection.device_id or ""
        items, more, revision = self._nodes.drain(node_id, call.params.get("maxItems", _DRAIN_DEFAULT))
        return {"nodeId": node_id, "revision": revision, "items": [i.to_wire() for i in items], "hasMore": more}

    @method("node.pending.pull", roles=_NODE)
    def pull(self, call: Call) -> dict[str, Any]:
        """See work; it waits until it is acknowledged."""
        node_id = call.connection.device_id or ""
        return {"nodeId": node_id, "actions": [item.to_wire() for item in self._nodes.pull(node_id)]}

    @method("node.pending.ack", roles=_NODE)
    def ack(self, call: Call) -> dict[str, Any]:
        """Work is done."""
        node_id = call.connection.device_id or ""
        acked = self._nodes.ack(node_id, call.params["ids"])
        return {"nodeId": node_id, "ackedIds": acked, "remainingCount": len(self._nodes.pull(node_id))}

    def _record(self, node_id: str) -> pairing.Device:
        record = self._devices.pairing.devices.get(node_id)
        if record is None or "node" not in record.roles:
            raise invalid("unknown nodeId")
        return record

    def _waiting(self, request_id: str) -> pairing.Device:
        record = self._devices.pairing.pending_surface(request_id)
        if record is None:
            raise invalid("unknown requestId")
        return record

    def _live(self, call: Call) -> nodes.LiveNode:
        live = self._nodes.live.get(call.connection.device_id or "")
        if live is None or live.connection is not call.connection:
            raise nodes.pairing_changed()
        return live

    def _resolved(self, node_id: str, request_id: str, decision: str) -> None:
        payload = {"requestId": request_id, "nodeId": node_id, "decision": decision, "ts": self._lifetime.now_ms()}
        live = self._nodes.live.get(node_id)
        if live is not None and decision != "removed":
            self._nodes.tell(live.connection, "node.pair.resolved", payload)
        self._events.broadcast("node.pair.resolved", payload)
