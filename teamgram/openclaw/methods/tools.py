"""``tools.catalog``, ``tools.invoke`` and ``send``."""

import uuid
from typing import Any

from teamgram.openclaw.agent.delivery import Deliveries
from teamgram.openclaw.agent.parts import AgentParts
from teamgram.openclaw.agent.tools.registry import EXECUTE, READ, Tool, ToolContext, ToolError
from teamgram.openclaw.gateway import scopes
from teamgram.openclaw.gateway.errors import invalid
from teamgram.openclaw.gateway.router import Call, method

_GROUPS = {
    "core": "Core",
    "fs": "Files",
    "sessions": "Sessions",
    "nodes": "Nodes",
    "messaging": "Messaging",
    "memory": "Memory",
    "canvas": "Canvas",
}
_PROFILES = [{"id": "minimal", "label": "Minimal"}, {"id": "full", "label": "Full"}]


class ToolMethods:
    """The family."""

    def __init__(self, parts: AgentParts, deliveries: Deliveries) -> None:
        self._parts = parts
        self._deliveries = deliveries

    @method("tools.catalog", scopes.READ)
    def catalog(self, call: Call) -> dict[str, Any]:
        """Every tool, by group."""
        agent = self._parts.roster.get(call.params.get("agentId") or "") or self._parts.roster.default
        groups: dict[str, dict[str, Any]] = {}
        for tool in self._parts.tools.all():
            label = _GROUPS.get(tool.group, tool.group)
            shell = {"id": tool.group, "label": label, "source": "core", "tools": []}
            groups.setdefault(tool.group, shell)["tools"].append(_entry(tool))
        return {"agentId": agent.id, "profiles": _PROFILES, "groups": list(groups.values())}

    @method("tools.effective", scopes.READ)
    def effective(self, call: Call) -> dict[str, Any]:
        """Those that a session may use."""
        parts = self._parts
        key = parts.runs.parse_key(call.params["sessionKey"], call.params.get("agentId"))
        agent = parts.roster.get(key.agent_id) or parts.roster.default
        session = parts.sessions.get(key.text)
        tools = [
            {**_entry(tool), "rawDescription": tool.description}
            for tool in parts.tools.all()
            if parts.tools.refusal(tool, agent, session) is None
        ]
        group = {"id": "core", "label": "Built-in tools", "source": "core", "tools": tools}
        return {"agentId": agent.id, "profile": "full", "groups": [group] if tools else []}

    @method("tools.invoke", scopes.WRITE)
    async def invoke(self, call: Call) -> dict[str, Any]:
        """Call one tool; what it refuses is an answer, not an error."""
        params = call.params
        return await self.run(params["name"], params.get("args") or {}, params, call.connection.granted)

    async def run(
        self, name: str, args: dict[str, Any], params: dict[str, Any], granted: frozenset[str]
    ) -> dict[str, Any]:
        """The answer of ``tools.invoke`` to somebody with these scopes."""
        parts = self._parts
        key = parts.runs.parse_key(params.get("sessionKey") or "main", params.get("agentId"))
        agent = parts.roster.get(key.agent_id) or parts.roster.default
        call_key = params.get("idempotencyKey") or str(uuid.uuid4())
        context = ToolContext(agent, parts.sessions.get(key.text), "", call_key, granted)
        if parts.tools.get(name) is None:
            return _refused(name, "not_found", f"Tool not available: {name}")
        try:
            output = await parts.tools.call(name, args, context)
        except ToolError as error:
            denied = str(error).startswith("Permission denied")
            return _refused(name, "forbidden" if denied else "tool_error", str(error))
        return {"ok": True, "toolName": name, "output": output, "source": "core"}

    @method("send", scopes.WRITE)
    async def send(self, call: Call) -> dict[str, Any]:
        """Deliver a message to a session or to somebody on a channel."""
        params = call.params
        if not (params.get("message") or "").strip():
            raise invalid("message or media required")
        agent_id = params.get("agentId") or self._parts.roster.default.id
        return await self._deliveries.deliver(
            params["to"],
            params["message"],
            params.get("channel") or "",
            params["idempotencyKey"],
            agent_id,
            call.connection.granted,
        )


def _refused(name: str, code: str, message: str) -> dict[str, Any]:
    return {"ok": False, "toolName": name, "error": {"code": code, "message": message}}


def _entry(tool: Tool) -> dict[str, Any]:
    return {
        "id": tool.name,
        "label": tool.name.replace("_", " ").capitalize(),
        "description": tool.description,
        "source": "core",
        "risk": {READ: "low", EXECUTE: "high"}.get(tool.effect, "medium"),
        "defaultProfiles": ["minimal", "full"] if tool.effect == READ else ["full"],
    }
