"""Which tool calls of agents a person has to allow first, and asking for it.

A program on a node (``system.run``) goes by :class:`ExecPolicy`. In a session
whose ``permissionMode`` is ``guarded`` every other tool that sends something
or makes a device do something is asked for too. A word lets a call pass that
its caller may make; it gives nobody more than he has.
"""

import shlex
from typing import Any

from twisted.internet.defer import CancelledError

from teamgram.openclaw.agent.tools.registry import EXECUTE, SEND, Tool, ToolContext, ToolError
from teamgram.openclaw.approvals import exec_policy
from teamgram.openclaw.approvals.approval import (
    ALLOW_ALWAYS,
    ALLOW_ONCE,
    DENY,
    EXEC,
    NO_ROUTE,
    PLUGIN,
    RUN_ABORTED,
    Approval,
    plain,
)
from teamgram.openclaw.approvals.approvals import Approvals
from teamgram.openclaw.approvals.exec_policy import ExecPolicy
from teamgram.openclaw.gateway import frames
from teamgram.openclaw.gateway.errors import GatewayError

#: How long a person has for an answer.
PATIENCE_MS = 300_000
_MAX_DETAIL = 4000


class ToolGate:
    """Stands in front of all tools."""

    def __init__(self, approvals: Approvals, policy: ExecPolicy) -> None:
        self._approvals = approvals
        self._policy = policy

    async def __call__(self, tool: Tool, arguments: dict[str, Any], context: ToolContext) -> None:
        """Come back when the call may be made.

        Raises:
            ToolError: it may not.
        """
        guarded = context.session is not None and context.session.settings.get("permissionMode") == "guarded"
        argv = _argv(tool, arguments)
        if argv is not None:
            await self._command(argv, arguments, context, at_least="on-miss" if guarded else "off")
        elif guarded and tool.effect in (SEND, EXECUTE):
            await self._tool(tool, arguments, context)

    async def _command(
        self, argv: list[str], arguments: dict[str, Any], context: ToolContext, *, at_least: str
    ) -> None:
        agent_id, text = context.agent.id, shlex.join(argv)
        verdict = self._policy.verdict(agent_id, argv or [""], at_least=at_least)
        if verdict == exec_policy.ALLOW:
            return
        if not argv:
            raise ToolError("system.run needs params.command: a list of texts")
        if verdict == exec_policy.REFUSE:
            raise ToolError(f"Permission denied: {text} is not allowed by exec-approvals")
        params = arguments.get("params") or {}
        request = {
            "command": plain(text),
            "commandArgv": argv,
            "cwd": params.get("cwd") if isinstance(params.get("cwd"), str) else None,
            "nodeId": arguments["nodeId"],
            "host": "node",
            **_source(context),
        }
        one = await self._ask(EXEC, request, [ALLOW_ONCE, ALLOW_ALWAYS, DENY], context)
        if one.decision == ALLOW_ALWAYS:
            await self._policy.allow_always(agent_id, argv, text)
        if not one.decision and self._policy.fallback(agent_id, argv):
            return
        _check(one, text)

    async def _tool(self, tool: Tool, arguments: dict[str, Any], context: ToolContext) -> None:
        request = {
            "title": f"{tool.name} wants to be used"[:80],
            "description": tool.description[:512],
            "detail": plain(frames.encode_json(arguments).decode())[:_MAX_DETAIL],
            "severity": "warning" if tool.effect == SEND else "critical",
            "toolName": tool.name,
            **_source(context),
        }
        one = await self._ask(PLUGIN, request, [ALLOW_ONCE, DENY], context)
        _check(one, tool.name)

    async def _ask(self, kind: str, request: dict[str, Any], allowed: list[str], context: ToolContext) -> Approval:
        try:
            one = await self._approvals.request(kind, request, allowed, PATIENCE_MS)
        except GatewayError as error:
            raise ToolError(f"Permission denied: nobody could be asked ({error.message})") from None
        try:
            if not self._approvals.bring(one):
                await self._approvals.cancel(one, NO_ROUTE)
            await context.wait(self._approvals.decided(one))
        except CancelledError:
            await self._approvals.cancel(one, RUN_ABORTED)
            raise
        return one


def _argv(tool: Tool, arguments: dict[str, Any]) -> list[str] | None:
    """The program that a call is to start on a node (empty: one that cannot be told), None for other calls."""
    if tool.name != "node_invoke" or str(arguments["command"]).strip() != "system.run":
        return None
    argv = (arguments.get("params") or {}).get("command")
    if not isinstance(argv, list) or not argv or not all(isinstance(part, str) for part in argv):
        return []
    return argv


def _source(context: ToolContext) -> dict[str, Any]:
    return {
        "agentId": context.agent.id,
        "sessionKey": context.session.key if context.session is not None else None,
        "runId": context.run_id or None,
        "toolCallId": context.call_key,
    }


def _check(one: Approval, what: str) -> None:
    if one.decision in (ALLOW_ONCE, ALLOW_ALWAYS):
        return
    if one.decision == DENY:
        raise ToolError(f"Permission denied: a person said no to {what}")
    why = "nobody is there to be asked" if one.reason == NO_ROUTE else "nobody answered in time"
    raise ToolError(f"Permission denied: {what} needs a person's word, and {why}")
