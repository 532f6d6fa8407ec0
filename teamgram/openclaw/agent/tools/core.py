"""``current_time``, ``session_status``, ``node_invoke``, ``send``."""

import datetime
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from teamgram.openclaw.agent.tools.registry import EXECUTE, SEND, Tool, ToolContext, ToolError, parameters
from teamgram.openclaw.gateway import frames
from teamgram.openclaw.gateway.errors import GatewayError

#: Delivers (to, message, channel, idempotency key, agent id, scopes of who wants it) and says where it went.
Deliver = Callable[[str, str, str, str, str, frozenset[str]], Awaitable[dict[str, Any]]]


class NodeCommands(Protocol):
    """The paired devices, as far as a tool needs them."""

    def invoke(
        self, node_id: str, command: str, params: Any, timeout_ms: int | None, key: str, granted: frozenset[str]
    ) -> Awaitable[dict[str, Any]]:
        """Run a command there; fires with the node's answer.

        Raises:
            GatewayError: through the awaitable: nobody there, not allowed, or it failed.
        """


def current_time(seconds: Callable[[], float]) -> Tool:
    """The clock."""

    def function(arguments: dict[str, Any], context: ToolContext) -> str:
        name = arguments.get("timeZone") or "UTC"
        import zoneinfo

        try:
            zone = zoneinfo.ZoneInfo(name)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            raise ToolError(f"unknown time zone: {name}") from None
        now = datetime.datetime.fromtimestamp(seconds(), zone)
        return now.strftime("%A, %Y-%m-%d %H:%M:%S %Z (UTC%z)")

    zone = {"type": "string", "maxLength": 64, "description": "IANA name, e.g. Europe/Berlin; UTC if absent"}
    return Tool("current_time", "The date and time now.", parameters({"timeZone": zone}), function)


def session_status(describe: Callable[[ToolContext], dict[str, Any]]) -> Tool:
    """What this session is and has used."""

    def function(arguments: dict[str, Any], context: ToolContext) -> str:
        return "\n".join(f"{name}: {value}" for name, value in describe(context).items())

    return Tool(
        "session_status", "This conversation's model, counters and limits.", parameters({}), function, group="sessions"
    )


def node_invoke(nodes: NodeCommands) -> Tool:
    """A command on a paired device."""

    async def function(arguments: dict[str, Any], context: ToolContext) -> str:
        try:
            answer = await nodes.invoke(
                arguments["nodeId"],
                arguments["command"],
                arguments.get("params"),
                arguments.get("timeoutMs"),
                context.call_key,
                context.granted,
            )
        except GatewayError as error:
            raise ToolError(error.message) from None
        return frames.encode_json(answer["payload"]).decode()

    text = {"type": "string", "minLength": 1, "maxLength": 256}
    return Tool(
        "node_invoke",
        "Run a command that a paired device offers, e.g. location.get on a phone. node ids: nodes in session_status.",
        parameters(
            {
                "nodeId": text,
                "command": text,
                "params": {"type": "object"},
                "timeoutMs": {"type": "integer", "minimum": 1},
            },
            ["nodeId", "command"],
        ),
        function,
        effect=EXECUTE,
        group="nodes",
    )


def send(deliver: Deliver) -> Tool:
    """A message to a session or a channel."""

    async def function(arguments: dict[str, Any], context: ToolContext) -> str:
        try:
            answer = await deliver(
                arguments["to"],
                arguments["message"],
                arguments.get("channel") or "",
                context.call_key,
                context.agent.id,
                context.granted,
            )
        except GatewayError as error:
            raise ToolError(error.message) from None
        return f"delivered to {answer.get('to') or arguments['to']}"

    return Tool(
        "send",
        "Send a message to another session (its key) or to a person on a messaging channel.",
        parameters(
            {
                "to": {"type": "string", "minLength": 1, "maxLength": 512},
                "message": {"type": "string", "minLength": 1, "maxLength": 65536},
                "channel": {"type": "string", "maxLength": 64},
            },
            ["to", "message"],
        ),
        function,
        effect=SEND,
        group="messaging",
        over_http=False,
    )
