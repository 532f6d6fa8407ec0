"""``agents.*``, ``agent.identity.get``, ``models.list``: who there is and what they think with."""

import copy
from typing import Any

from teamgram.openclaw.agent.parts import AgentParts
from teamgram.openclaw.agent.providers.thinking import OFF, level_of, shown_levels
from teamgram.openclaw.agent.roster import DEFAULT_ID, Agent
from teamgram.openclaw.config.errors import OpenClawConfigError
from teamgram.openclaw.gateway import scopes
from teamgram.openclaw.gateway.errors import invalid
from teamgram.openclaw.gateway.router import Call, method
from teamgram.openclaw.sessions import keys as agent_session_keys


class AgentsMethods:
    """The family."""

    def __init__(self, parts: AgentParts) -> None:
        self._parts = parts

    @method("agents.list", scopes.READ)
    def listing(self, call: Call) -> dict[str, Any]:
        """All agents, the default one first."""
        section = self._parts.config.sections.session
        agents = self._parts.roster.all()
        return {
            "defaultId": agents[0].id,
            "ownership": "sole",
            "selectionRequired": False,
            "mainKey": section.main_key,
            "scope": section.scope,
            "agents": [self._row(agent) for agent in agents],
        }

    def _thinking(self, agent: Agent) -> dict[str, Any]:
        levels = shown_levels(self._parts.catalog.is_reasoning(agent.models[0]))
        default = level_of(self._parts.roster.defaults.thinking_default) if len(levels) > 1 else OFF
        options = [level["id"] for level in levels]
        return {"thinkingLevels": levels, "thinkingOptions": options, "thinkingDefault": default}

    def _row(self, agent: Agent) -> dict[str, Any]:
        model: dict[str, Any] = {"primary": str(agent.models[0])}
        if len(agent.models) > 1:
            model["fallbacks"] = [str(ref) for ref in agent.models[1:]]
        row: dict[str, Any] = {
            "id": agent.id,
            "kind": "agent",
            "workspace": str(agent.workspace),
            "workspaceGit": (agent.workspace / ".git").exists(),
            "agentRuntime": {"id": "openclaw", "source": "implicit"},
            **self._thinking(agent),
            "model": model,
            "defaultPermissionMode": "full",
        }
        if agent.named:
            row["name"] = agent.name
        identity = {key: agent.identity[key] for key in ("name", "theme", "emoji", "avatar") if agent.identity.get(key)}
        return {**row, "identity": identity} if identity else row

    @method("agent.identity.get", scopes.READ)
    def identity(self, call: Call) -> dict[str, Any]:
        """An agent's name and face."""
        params = call.params
        agent_id = params.get("agentId")
        if isinstance(params.get("sessionKey"), str) and params["sessionKey"]:
            agent_id = self._parts.runs.parse_key(params["sessionKey"]).agent_id
        agent = self._parts.roster.get(agent_id) if isinstance(agent_id, str) else self._parts.roster.default
        if agent is None:
            raise invalid(f'Unknown agent id "{agent_id}"')
        face = agent.identity.get("emoji") or agent.identity.get("avatar") or agent.name[:1].upper()
        source = "config" if agent.named else "default"
        answer = {"agentId": agent.id, "name": agent.name, "nameSource": source, "avatar": face}
        return {**answer, "emoji": agent.identity["emoji"]} if agent.identity.get("emoji") else answer

    @method("models.list", scopes.READ)
    def models(self, call: Call) -> dict[str, Any]:
        """Every model of the configuration, the agent's own first."""
        agent = self._parts.roster.get(call.params.get("agentId") or "") or self._parts.roster.default
        return {"models": self._parts.catalog.rows(agent.models[0])}

    # Changing

    @method("agents.create", scopes.ADMIN, control_plane_write=True)
    def create(self, call: Call) -> dict[str, Any]:
        """Another agent, in the configuration; its id comes from its name."""
        params = call.params
        agent_id = agent_session_keys.agent_id_from_name(params["name"])
        if not agent_id:
            raise invalid("invalid agents.create params: the name has no letter or digit that an id can have")
        if self._parts.roster.get(agent_id) is not None:
            raise invalid(f'agent "{agent_id}" already exists')
        tree, entries = self._entries()
        entry: dict[str, Any] = {"id": agent_id, "name": params["name"]}
        self._apply(entry, params)
        entries.append(entry)
        self._put(tree)
        agent = self._parts.roster.get(agent_id)
        assert agent is not None
        agent.workspace.mkdir(mode=0o700, parents=True, exist_ok=True)
        answer = {"ok": True, "agentId": agent_id, "name": params["name"], "workspace": str(agent.workspace)}
        return {**answer, "model": params["model"]} if params.get("model") else answer

    @method("agents.update", scopes.ADMIN, control_plane_write=True)
    def update(self, call: Call) -> dict[str, Any]:
        """Another name, workspace, model or face."""
        agent = self._known(call.params["agentId"])
        tree, entries = self._entries()
        entry = next((each for each in entries if each.get("id") == agent.id), None)
        if entry is None:
            entry = {"id": agent.id}
            entries.append(entry)
        self._apply(entry, call.params)
        self._put(tree)
        return {"ok": True, "agentId": agent.id}

    @method("agents.delete", scopes.ADMIN, control_plane_write=True)
    def delete(self, call: Call) -> dict[str, Any]:
        """Out of the configuration; transcripts and workspace stay on disk."""
        agent = self._known(call.params["agentId"])
        if agent.is_default:
            raise invalid(f'agent "{agent.id}" is the default agent and cannot be deleted')
        tree, entries = self._entries()
        section = tree["agents"]
        section["list"] = [entry for entry in entries if entry.get("id") != agent.id]
        section.get("entries", {}).pop(agent.id, None)
        self._put(tree)
        return {"ok": True, "agentId": agent.id, "removedBindings": 0}

    def _known(self, agent_id: str) -> Agent:
        agent = self._parts.roster.get(agent_id.strip().lower())
        if agent is None:
            raise invalid(f'Unknown agent id "{agent_id}"')
        return agent

    def _entries(self) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """A copy of the tree, and the agents' list in it. The one that was there unnamed is named first."""
        tree = copy.deepcopy(self._parts.config.tree)
        section = tree.setdefault("agents", {})
        entries = section.setdefault("list", [])
        if not entries and not section.get("entries"):
            entries.append({"id": DEFAULT_ID, "default": True})
        return tree, entries

    def _apply(self, entry: dict[str, Any], params: dict[str, Any]) -> None:
        for name in ("name", "workspace", "model"):
            if params.get(name):
                entry[name] = params[name]
            elif name in params:
                entry.pop(name, None)
        identity = {name: params[name] for name in ("emoji", "avatar") if params.get(name)}
        if identity:
            entry["identity"] = {**entry.get("identity", {}), **identity}

    def _put(self, tree: dict[str, Any]) -> None:
        try:
            self._parts.config.replace(tree)
        except OpenClawConfigError as error:
            raise invalid(f"invalid config: {error}", {"issues": error.issues}) from None
