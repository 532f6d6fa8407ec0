"""What lies in an agent's workspace, for its owner's clients: memory, the files that say who it is."""

from typing import Any

from teamgram.openclaw.agent import agent_files, memory
from teamgram.openclaw.agent.parts import AgentParts
from teamgram.openclaw.agent.roster import Agent
from teamgram.openclaw.agent.tools.registry import ToolError
from teamgram.openclaw.gateway import scopes
from teamgram.openclaw.gateway.errors import invalid
from teamgram.openclaw.gateway.router import Call, method

_DEFAULT_RESULTS = 20


class WorkspaceMethods:
    """The family."""

    def __init__(self, parts: AgentParts) -> None:
        self._parts = parts

    def _agent(self, params: dict[str, Any]) -> Agent:
        agent_id = params.get("agentId")
        if params.get("sessionKey"):
            agent_id = self._parts.runs.parse_key(params["sessionKey"], agent_id).agent_id
        if not agent_id:
            return self._parts.roster.default
        agent = self._parts.roster.get(agent_id) if isinstance(agent_id, str) else None
        if agent is None:
            raise invalid(f'unknown agent id "{agent_id}"')
        return agent

    @method("memory.search", scopes.READ)
    async def memory_search(self, call: Call) -> dict[str, Any]:
        """Places in the memory files, the best first."""
        query, limit = call.params.get("query"), call.params.get("limit", _DEFAULT_RESULTS)
        if not isinstance(query, str) or not query.strip():
            raise invalid("invalid memory.search params: must have required property 'query'")
        if not isinstance(limit, int) or isinstance(limit, bool) or limit < 1:
            raise invalid("invalid memory.search params: at /limit: must be >= 1")
        agent = self._agent(call.params)
        hits = await self._parts.sessions.in_thread(lambda: memory.search(agent.workspace, query, limit))
        return {"agentId": agent.id, "results": [hit.to_wire() for hit in hits]}

    @method("doctor.memory.status", scopes.READ)
    async def memory_status(self, call: Call) -> dict[str, Any]:
        """How memory is searched, and in how much."""
        agent = self._agent(call.params)
        files = await self._parts.sessions.in_thread(lambda: memory.size(agent.workspace))
        return {
            "agentId": agent.id,
            "provider": "files",
            "searchRuntimeRegistered": True,
            "embedding": {"ok": False, "error": "memory is searched by words; no embeddings are made of it"},
            "files": files[0],
            "bytes": files[1],
        }

    # Who an agent is

    @method("agents.files.list", scopes.READ)
    async def files_list(self, call: Call) -> dict[str, Any]:
        """The files that say who an agent is."""
        agent = self._agent(call.params)
        found = await self._parts.sessions.in_thread(
            lambda: [agent_files.read(agent.workspace, name) for name in agent_files.NAMES]
        )
        for file in found:
            file.pop("content", None)
        return {"agentId": agent.id, "workspace": str(agent.workspace), "files": found}

    @method("agents.files.get", scopes.READ)
    async def files_get(self, call: Call) -> dict[str, Any]:
        """One of them."""
        agent, name = self._agent(call.params), self._file_name(call.params)
        file = await self._parts.sessions.in_thread(lambda: agent_files.read(agent.workspace, name))
        return {"agentId": agent.id, "workspace": str(agent.workspace), "file": file}

    @method("agents.files.set", scopes.ADMIN, control_plane_write=True)
    async def files_set(self, call: Call) -> dict[str, Any]:
        """Write one; the next run is told of it."""
        agent, name, content = self._agent(call.params), self._file_name(call.params), call.params["content"]

        def write() -> dict[str, Any]:
            agent_files.write(agent.workspace, name, content)
            return agent_files.read(agent.workspace, name)

        try:
            file = await self._parts.sessions.in_thread(write)
        except ToolError as error:
            raise invalid(str(error)) from None
        return {"ok": True, "agentId": agent.id, "workspace": str(agent.workspace), "file": file}

    def _file_name(self, params: dict[str, Any]) -> str:
        name = params["name"]
        if name not in agent_files.NAMES:
            raise invalid(f'unsupported file "{str(name)[:64]}"; there are {", ".join(agent_files.NAMES)}')
        return str(name)

    @method("projects.list", scopes.READ)
    def projects(self, call: Call) -> dict[str, Any]:
        """The agents' workspaces."""
        may_write = scopes.WRITE in call.connection.granted
        rows = []
        for agent in self._parts.roster.all():
            row = {"id": f"workspace:{agent.id}", "displayName": agent.workspace.name, "source": "workspace"}
            row |= {"agentId": agent.id, **({"repoRoot": str(agent.workspace)} if may_write else {})}
            rows.append(row)
        return {"projects": rows, "recents": []}
