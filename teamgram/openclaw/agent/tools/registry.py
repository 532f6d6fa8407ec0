"""The tools there are, and who may use which.

To write one: subclass nothing, make a :class:`Tool` with a function of
(arguments, :class:`ToolContext`) that returns text (or awaits it) and raises
:class:`ToolError` to say what is wrong, and give it to :meth:`Tools.add`.
"""

import inspect
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from twisted.internet.defer import Deferred

from teamgram.openclaw.agent.providers.model_api import ToolSpec
from teamgram.openclaw.agent.roster import Agent
from teamgram.openclaw.config.sections import ToolsSection
from teamgram.openclaw.gateway.schemas.validator import Check, compile_schema, problems_of
from teamgram.openclaw.sessions.agent_session import AgentSession

#: What a tool does, from harmless to not; a session's ``permissionMode`` draws the line.
READ, WRITE, SEND, EXECUTE = "read", "write", "send", "execute"
_ALLOWED_BY_MODE = {
    "read-only": frozenset({READ}),
    #: What else a tool would do there is asked of a person first, see :data:`Gate`.
    "guarded": frozenset({READ, WRITE, SEND, EXECUTE}),
    "workspace": frozenset({READ, WRITE}),
    "full": frozenset({READ, WRITE, SEND, EXECUTE}),
}
MAX_RESULT_CHARS = 100_000


class ToolError(Exception):
    """The tool could not; the message goes to the model."""


async def wait_simply(waiting: Deferred[Any]) -> Any:
    """For a call that holds nothing while it waits."""
    return await waiting


@dataclass(frozen=True, slots=True)
class ToolContext:
    """For whom a tool works.

    Attributes:
        run_id: the run, empty for a direct call.
        call_key: unique to this call: what makes a repetition harmless where the receiver supports it.
        granted: the operator scopes of whoever it works for; empty for people of the messenger who are no operators.
        wait: waits for something that a person does, which may take long: a run lends its slot to others meanwhile.
    """

    agent: Agent
    session: AgentSession | None
    run_id: str
    call_key: str
    granted: frozenset[str]
    wait: Callable[[Deferred[Any]], Awaitable[Any]] = wait_simply


ToolFunction = Callable[[dict[str, Any], ToolContext], str | Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool.

    Attributes:
        parameters: JSON Schema of the arguments.
        effect: one of the four above.
        over_http: ``POST /tools/invoke`` may call it.
    """

    name: str
    description: str
    parameters: dict[str, Any]
    function: ToolFunction
    effect: str = READ
    group: str = "core"
    over_http: bool = True


#: Asked of every call that is allowed: comes back when it may be made, which may need a person's word.
#: It raises :class:`ToolError` when it may not.
Gate = Callable[[Tool, dict[str, Any], ToolContext], Awaitable[None]]


class Tools:
    """The registry.

    Attributes:
        gate: see :data:`Gate`; None lets all of them pass.
    """

    def __init__(self, policy: Callable[[], ToolsSection]) -> None:
        """Args:
        policy: the ``tools`` section in force.
        """
        self._policy = policy
        self._tools: dict[str, tuple[Tool, Check]] = {}
        self.gate: Gate | None = None

    def add(self, tool: Tool) -> None:
        """Offer another tool.

        Raises:
            ValueError: the name is taken.
        """
        if tool.name in self._tools:
            raise ValueError(f"tool {tool.name} is registered twice")
        self._tools[tool.name] = (tool, compile_schema(_without_notes(tool.parameters)))

    def all(self) -> list[Tool]:
        """Every tool."""
        return [tool for tool, _ in self._tools.values()]

    def get(self, name: str) -> Tool | None:
        """By name."""
        found = self._tools.get(name)
        return found[0] if found else None

    def refusal(self, tool: Tool, agent: Agent, session: AgentSession | None) -> str | None:
        """Why this tool is not for this session, None if it is. Asked before every call."""
        policy = self._policy()
        settings = session.settings if session is not None else {}
        for deny in (policy.deny, agent.tools.get("deny"), settings.get("inheritedToolDeny")):
            if _matches(tool, deny):
                return f"{tool.name} is denied"
        for allow in (
            policy.allow,
            agent.tools.get("allow"),
            settings.get("inheritedToolAllow"),
            settings.get("toolsAllow"),
        ):
            if allow and not _matches(tool, allow):
                return f"{tool.name} is not allowed here"
        mode = str(settings.get("permissionMode") or "full")
        if tool.effect not in _ALLOWED_BY_MODE.get(mode, frozenset({READ})):
            return f"{tool.name} is not allowed in a {mode} session"
        if tool.effect == SEND and settings.get("sendPolicy") == "deny":
            return f"{tool.name}: this session may not send"
        return None

    def specs(self, agent: Agent, session: AgentSession) -> list[ToolSpec]:
        """What to tell a model: only what it may use."""
        return [
            ToolSpec(tool.name, tool.description, tool.parameters)
            for tool in self.all()
            if self.refusal(tool, agent, session) is None
        ]

    async def call(self, name: str, arguments: dict[str, Any], context: ToolContext) -> str:
        """Check and run one call.

        Raises:
            ToolError: no such tool, not permitted, wrong arguments, or the tool says so.
        """
        found = self._tools.get(name)
        if found is None:
            raise ToolError(f"Tool not available: {name}")
        tool, check = found
        refused = self.refusal(tool, context.agent, context.session)
        if refused is not None:
            raise ToolError(f"Permission denied: {refused}")
        problem = problems_of(check, arguments)
        if problem is not None:
            raise ToolError(f"invalid arguments for {name}: {problem}")
        if self.gate is not None:
            await self.gate(tool, arguments, context)
        result = tool.function(arguments, context)
        if inspect.isawaitable(result):
            result = await result
        assert isinstance(result, str)
        return result if len(result) <= MAX_RESULT_CHARS else result[:MAX_RESULT_CHARS] + "\n… (cut)"


def _matches(tool: Tool, patterns: Any) -> bool:
    """Whether a list of names, ``group:name`` and ``*`` patterns covers a tool."""
    if not isinstance(patterns, list | tuple):
        return False
    names: Iterable[str] = (tool.name, f"group:{tool.group}")
    return any(fnmatchcase(name, pattern) for name in names for pattern in patterns if isinstance(pattern, str))


def _without_notes(schema: Any) -> Any:
    """A schema without the words in it that are for the model and check nothing."""
    if isinstance(schema, list):
        return [_without_notes(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: {key: _without_notes(value) for key, value in below.items()}
        if name == "properties"
        else _without_notes(below)
        for name, below in schema.items()
        if name not in ("description", "title", "default", "examples")
    }


def parameters(properties: dict[str, Any], required: Iterable[str] = ()) -> dict[str, Any]:
    """A JSON Schema for an object with these properties and no others."""
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}
