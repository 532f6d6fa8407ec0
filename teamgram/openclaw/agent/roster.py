"""Which agents there are and how each is set up, read from the configuration in force."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from teamgram.openclaw.agent.providers.model_api import ModelRef
from teamgram.openclaw.config.live import LiveConfig
from teamgram.openclaw.config.sections import AgentDefaults, AgentEntry, ModelChoice
from teamgram.openclaw.sessions import keys as agent_session_keys

DEFAULT_ID = "main"
_ECHO = ModelRef("echo", "echo")

_SYSTEM_PROMPT = (
    "You are {name}, a personal assistant that its owner reaches over several messaging surfaces. "
    "Answer plainly and to the point. Use a tool when you need what it gives."
)


@dataclass(frozen=True, slots=True)
class Agent:
    """One agent.

    Attributes:
        models: the one to ask, then the ones to try when it fails.
        tools: its own ``allow`` and ``deny`` lists.
    """

    id: str
    name: str
    named: bool
    is_default: bool
    models: tuple[ModelRef, ...]
    workspace: Path
    system_prompt: str
    identity: dict[str, Any]
    tools: dict[str, Any]


class Roster:
    """The agents of the configuration; one, ``main``, when it names none."""

    def __init__(self, config: LiveConfig, agents_directory: Path) -> None:
        self._config = config
        self._directory = agents_directory
        self._built: tuple[Any, dict[str, Agent]] | None = None

    @property
    def defaults(self) -> AgentDefaults:
        """What agents have that say nothing else."""
        return self._config.sections.agents.defaults

    def all(self) -> list[Agent]:
        """Every agent, the default one first."""
        return list(self._agents().values())

    @property
    def default(self) -> Agent:
        """Who answers when nobody is named."""
        return next(iter(self._agents().values()))

    @property
    def skills_off(self) -> frozenset[str]:
        """Names of skills that no model is told of: ``skills.entries.<name>.enabled: false``."""
        entries = self._config.sections.skills.get("entries")
        if not isinstance(entries, dict):
            return frozenset()
        return frozenset(
            name for name, entry in entries.items() if isinstance(entry, dict) and entry.get("enabled") is False
        )

    def most_messages(self, session_rest: str) -> int:
        """How many messages of a conversation a model is shown at most; 0: as many as fit."""
        return self._config.sections.mini.max_context_messages if session_rest.startswith("mini:") else 0

    def get(self, agent_id: str) -> Agent | None:
        """By id."""
        return self._agents().get(agent_id)

    def _agents(self) -> dict[str, Agent]:
        section = self._config.sections.agents
        models = self._config.sections.models
        if self._built is None or self._built[0][0] is not section or self._built[0][1] is not models:
            entries = {**section.entries, **{entry.id: entry for entry in section.roster}}
            found: dict[str, AgentEntry] = {}
            for key, entry in entries.items():
                try:
                    found[agent_session_keys.normal_agent_id(entry.id or key)] = entry
                except agent_session_keys.BadSessionKey:
                    continue
            if not found:
                found[DEFAULT_ID] = AgentEntry()
            default = next((key for key, entry in found.items() if entry.default), None)
            default = default or (DEFAULT_ID if DEFAULT_ID in found else next(iter(found)))
            order = [default, *(key for key in found if key != default)]
            self._built = ((section, models), {key: self._build(key, found[key], key == default) for key in order})
        return self._built[1]

    def _chain(self, choice: str | ModelChoice) -> tuple[ModelRef, ...]:
        """The models of a choice; a bare name is looked for among the providers' models."""
        names = [choice] if isinstance(choice, str) else [choice.primary, *choice.fallbacks]
        return model_chain(ModelChoice(primary=self._full(names[0]), fallbacks=[self._full(n) for n in names[1:]]))

    def _full(self, name: str) -> str:
        providers = self._config.sections.models.providers
        if "/" in name or not name:
            return name
        having = [key for key, section in providers.items() if any(model.id == name for model in section.models)]
        found = having or (list(providers) if len(providers) == 1 else [])
        return f"{found[0]}/{name}" if found else name

    def _build(self, agent_id: str, entry: AgentEntry, is_default: bool) -> Agent:
        defaults = self.defaults
        models = self._chain(entry.model if entry.model is not None else defaults.model)
        own = entry.workspace or (defaults.workspace if is_default else "")
        workspace = Path(own).expanduser() if own else self._directory / agent_id / "workspace"
        identity = dict(entry.identity)
        name = str(identity.get("name") or entry.name or "Assistant")
        prompt = entry.system_prompt or defaults.system_prompt or _SYSTEM_PROMPT.format(name=name)
        named = bool(identity.get("name") or entry.name)
        return Agent(agent_id, name, named, is_default, models, workspace, prompt, identity, dict(entry.tools))


def model_chain(choice: str | ModelChoice) -> tuple[ModelRef, ...]:
    """The models of a choice in order; what is no ``provider/model`` is left out, and ``echo`` if nothing is left."""
    names = [choice] if isinstance(choice, str) else [choice.primary, *choice.fallbacks]
    found = []
    for name in names:
        try:
            found.append(ModelRef.parse(name))
        except ValueError:
            continue
    return tuple(dict.fromkeys(found)) or (_ECHO,)
