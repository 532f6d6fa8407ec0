"""``approval.*``, ``exec.approval*`` and ``plugin.approval.*``: what waits for a person's word, and the word."""

import shlex
from typing import Any

from teamgram.openclaw.agent.parts import AgentParts
from teamgram.openclaw.approvals.approval import (
    ALLOW_ALWAYS,
    ALLOW_ONCE,
    DECISIONS,
    DENY,
    EXEC,
    NO_ROUTE,
    PLUGIN,
    Approval,
    Requester,
    plain,
)
from teamgram.openclaw.approvals.approvals import Approvals, Sees, sees
from teamgram.openclaw.approvals.exec_policy import ExecPolicy
from teamgram.openclaw.gateway import scopes
from teamgram.openclaw.gateway.errors import invalid
from teamgram.openclaw.gateway.router import Call, method
from teamgram.openclaw.nodes.nodes import Nodes

_EXEC_TIMEOUT_MS, _PLUGIN_TIMEOUT_MS, _MAX_TIMEOUT_MS = 1_800_000, 120_000, 86_400_000
_MAX_COMMAND = 16_384
_PAGE = 50
#: Of a request by a client, what is kept as it was sent.
_EXEC_KEPT = (
    "cwd", "nodeId", "host", "security", "ask", "warningText", "scope", "agentId", "resolvedPath", "sessionKey",
    "sessionId", "runId", "toolCallId", "turnSourceChannel", "turnSourceTo", "turnSourceAccountId",
    "turnSourceThreadId",
)  # fmt: skip
_PLUGIN_KEPT = (
    "pluginId", "title", "description", "detail", "severity", "scope", "toolName", "toolCallId", "agentId",
    "sessionKey", "turnSourceChannel", "turnSourceTo", "turnSourceAccountId", "turnSourceThreadId",
)  # fmt: skip


class ApprovalMethods:
    """The family."""

    def __init__(self, parts: AgentParts, approvals: Approvals, policy: ExecPolicy, nodes: Nodes) -> None:
        self._parts = parts
        self._approvals = approvals
        self._policy = policy
        self._nodes = nodes

    # Of any kind

    @method("approval.get", scopes.APPROVALS)
    def get(self, call: Call) -> dict[str, Any]:
        """One, whether it waits or has ended."""
        return {"approval": self._approvals.find(call.params["id"], _eyes(call)).snapshot()}

    @method("approval.history", scopes.APPROVALS)
    def history(self, call: Call) -> dict[str, Any]:
        """Those that ended, the last first, in pages."""
        params, may_see = call.params, _eyes(call)
        found = [one for one in self._approvals.ended() if params.get("kind", one.kind) == one.kind and may_see(one)]
        cursor = params.get("cursor")
        if cursor:
            places = [number for number, one in enumerate(found) if one.id == cursor]
            if not places:
                raise invalid("invalid approval.history cursor")
            found = found[places[0] + 1 :]
        limit = params.get("limit") or _PAGE
        answer: dict[str, Any] = {"items": [one.snapshot() for one in found[:limit]]}
        if len(found) > limit:
            answer["nextCursor"] = found[limit - 1].id
        return answer

    @method("approval.resolve", scopes.APPROVALS)
    async def resolve(self, call: Call) -> dict[str, Any]:
        """Decide; who comes second is told how it was decided."""
        params = call.params
        one = self._approvals.find(params["id"], lambda one: one.kind == params["kind"] and _eyes(call)(one))
        applied = one.is_pending
        if applied:
            await self._decide(call, one)
        return {"applied": applied, "approval": one.snapshot()}

    async def _decide(self, call: Call, one: Approval) -> None:
        if call.params.get("reviewer"):
            # A person of a channel speaks to the gateway there, not through a client that says so.
            raise invalid("reviewer is not taken here; the channel's own people answer in the channel")
        client = call.connection.peer.client
        name = str(client.get("displayName") or client.get("id") or "operator")
        await self._approvals.resolve(one, call.params["decision"], name)

    async def _resolve(self, call: Call, kind: str) -> dict[str, Any]:
        one = self._approvals.find(call.params["id"], lambda one: one.kind == kind and _eyes(call)(one))
        await self._decide(call, one)
        return {"ok": True}

    async def _wait(self, call: Call, kind: str) -> dict[str, Any]:
        approval_id = call.params.get("id")
        if not isinstance(approval_id, str) or not approval_id:
            raise invalid("id is required")
        one = self._approvals.find(approval_id, lambda one: one.kind == kind and _eyes(call)(one))
        return (await self._approvals.decided(one)).waited()

    async def _request(
        self, call: Call, kind: str, request: dict[str, Any], allowed: list[str], timeout_ms: int
    ) -> dict[str, Any]:
        params, connection = call.params, call.connection
        one = await self._approvals.request(
            kind,
            request,
            allowed,
            min(timeout_ms, _MAX_TIMEOUT_MS),
            approval_id=params.get("id") or "" if kind == EXEC else "",
            requester=Requester(connection.conn_id, connection.device_id or ""),
            reviewers=tuple(params.get("approvalReviewerDeviceIds") or ())[:20],
        )
        if params.get("suppressDelivery") is True:
            route = "none"
        else:
            route = "approval-client" if self._approvals.bring(one, but=connection.conn_id) else "none"
        if route == "none" and params.get("requireDeliveryRoute") is not False:
            await self._approvals.cancel(one, NO_ROUTE)
        elif params.get("twoPhase") is True:
            accepted = {"status": "accepted", "id": one.id, "deliveryRoute": route}
            call.reply.result({**accepted, "createdAtMs": one.created_at_ms, "expiresAtMs": one.expires_at_ms})
        return (await self._approvals.decided(one)).waited()

    def _pending(self, call: Call, kind: str) -> list[dict[str, Any]]:
        may_see = _eyes(call)
        return [one.requested() for one in self._approvals.pending() if one.kind == kind and may_see(one)]

    def _session_key(self, params: dict[str, Any]) -> str | None:
        key = params.get("sessionKey")
        return self._parts.runs.parse_key(key, params.get("agentId")).text if key else None

    # Commands on hosts

    @method("exec.approval.list", scopes.APPROVALS)
    def exec_list(self, call: Call) -> list[dict[str, Any]]:
        """Those that wait."""
        return self._pending(call, EXEC)

    @method("exec.approval.get", scopes.APPROVALS)
    def exec_get(self, call: Call) -> dict[str, Any]:
        """One that waits."""
        may_see = _eyes(call)
        one = self._approvals.find(call.params["id"], lambda one: one.kind == EXEC and one.is_pending and may_see(one))
        return {
            "id": one.id,
            "commandText": one.request["command"],
            "commandPreview": one.request.get("commandPreview"),
            "allowedDecisions": one.allowed,
            "host": one.request.get("host"),
            "nodeId": one.request.get("nodeId"),
            "agentId": one.request.get("agentId"),
            "expiresAtMs": one.expires_at_ms,
        }

    @method("exec.approval.request", scopes.APPROVALS)
    async def exec_request(self, call: Call) -> dict[str, Any]:
        """A program asks whether it may run a command: answered when that is decided, with ``twoPhase`` before too."""
        params = call.params
        plan = params.get("systemRunPlan") or {}
        argv = plan.get("argv") or params.get("commandArgv") or []
        text = plan.get("commandText") or params.get("command") or shlex.join(argv)
        if not text.strip():
            raise invalid("command is required")
        if params.get("host") == "node" and not params.get("nodeId"):
            raise invalid("nodeId is required for host=node")
        if len(text) > _MAX_COMMAND or sum(map(len, argv)) > _MAX_COMMAND:
            reason = {"reason": "EXEC_APPROVAL_COMMAND_DISPLAY_LIMIT"}
            raise invalid("command exceeds exec approval display limit", reason)
        if (params.get("id") or "").startswith("plugin:"):
            raise invalid("approval ids starting with plugin: are reserved")
        request = {"command": plain(text), **_kept(params, _EXEC_KEPT), "sessionKey": self._session_key(params)}
        request["agentId"] = params.get("agentId") or plan.get("agentId")
        if argv:
            request["commandArgv"] = argv
        if params.get("env"):
            request["envKeys"] = [plain(name)[:200] for name in sorted(params["env"])[:100]]
        unavailable = params.get("unavailableDecisions") or ()
        once = ALLOW_ALWAYS in unavailable or params.get("ask") == "always"
        allowed = [ALLOW_ONCE, DENY] if once else list(DECISIONS)
        return await self._request(call, EXEC, request, allowed, params.get("timeoutMs") or _EXEC_TIMEOUT_MS)

    @method("exec.approval.waitDecision", scopes.APPROVALS)
    async def exec_wait(self, call: Call) -> dict[str, Any]:
        """Answered when it is decided."""
        return await self._wait(call, EXEC)

    @method("exec.approval.resolve", scopes.APPROVALS)
    async def exec_resolve(self, call: Call) -> dict[str, Any]:
        """Decide."""
        return await self._resolve(call, EXEC)

    @method("exec.approval.grants.list", scopes.APPROVALS)
    def grants(self, call: Call) -> dict[str, Any]:
        """What jobs were allowed for good on the gateway's own host: nothing, no command ever runs there."""
        return {"grants": []}

    @method("exec.approval.grants.revoke", scopes.APPROVALS)
    def revoke_grant(self, call: Call) -> dict[str, Any]:
        """Hence there is none of that id."""
        return {"outcome": "not-found"}

    @method("exec.approvals.get", scopes.ADMIN)
    def policy(self, call: Call) -> dict[str, Any]:
        """Which commands want a word."""
        return self._policy.view()

    @method("exec.approvals.set", scopes.ADMIN, control_plane_write=True)
    async def set_policy(self, call: Call) -> dict[str, Any]:
        """Say which."""
        await self._policy.set(call.params["file"], call.params.get("baseHash"))
        return self._policy.view()

    @method("exec.approvals.node.get", scopes.ADMIN)
    async def node_policy(self, call: Call) -> Any:
        """Which a node wants a word for, as it says itself."""
        return await self._ask_node(call, "system.execApprovals.get", {})

    @method("exec.approvals.node.set", scopes.ADMIN, control_plane_write=True)
    async def set_node_policy(self, call: Call) -> Any:
        """Tell a node which."""
        params = {name: value for name, value in call.params.items() if name != "nodeId"}
        return await self._ask_node(call, "system.execApprovals.set", params)

    async def _ask_node(self, call: Call, command: str, params: dict[str, Any]) -> Any:
        granted = call.connection.granted
        answer = await self._nodes.invoke(call.params["nodeId"], command, params, None, "", granted)
        return answer["payload"]

    # Anything else

    @method("plugin.approval.list", scopes.APPROVALS)
    def plugin_list(self, call: Call) -> list[dict[str, Any]]:
        """Those that wait."""
        return self._pending(call, PLUGIN)

    @method("plugin.approval.request", scopes.APPROVALS)
    async def plugin_request(self, call: Call) -> dict[str, Any]:
        """A program asks whether it may do something, in words."""
        params = call.params
        request = {**_kept(params, _PLUGIN_KEPT), "sessionKey": self._session_key(params)}
        asked = params.get("allowedDecisions") or DECISIONS
        allowed = [each for each in DECISIONS if each in asked or each == DENY]
        return await self._request(call, PLUGIN, request, allowed, params.get("timeoutMs") or _PLUGIN_TIMEOUT_MS)

    @method("plugin.approval.waitDecision", scopes.APPROVALS)
    async def plugin_wait(self, call: Call) -> dict[str, Any]:
        """Answered when it is decided."""
        return await self._wait(call, PLUGIN)

    @method("plugin.approval.resolve", scopes.APPROVALS)
    async def plugin_resolve(self, call: Call) -> dict[str, Any]:
        """Decide."""
        return await self._resolve(call, PLUGIN)


def _eyes(call: Call) -> Sees:
    connection = call.connection
    return lambda one: sees(one, connection.granted, connection.conn_id, connection.device_id or "")


def _kept(params: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    kept = {name: params[name] for name in names if params.get(name) is not None}
    return {name: plain(value)[:_MAX_COMMAND] if isinstance(value, str) else value for name, value in kept.items()}
