"""The agents' parts, put together once: sessions, roster, models, tools, runs."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twisted.logger import Logger

from teamgram.openclaw.agent.compaction import Compaction
from teamgram.openclaw.agent.failover import Failover
from teamgram.openclaw.agent.history import Histories
from teamgram.openclaw.agent.idempotency import Idempotency
from teamgram.openclaw.agent.lanes import Lanes
from teamgram.openclaw.agent.model_health import ModelHealth
from teamgram.openclaw.agent.providers.catalog import Catalog
from teamgram.openclaw.agent.roster import Roster
from teamgram.openclaw.agent.runner import Runner
from teamgram.openclaw.agent.runs import AgentRuns
from teamgram.openclaw.agent.skill_installers import SkillTools
from teamgram.openclaw.agent.tools.registry import Tools
from teamgram.openclaw.config.live import LiveConfig
from teamgram.openclaw.gateway.events import EventStream
from teamgram.openclaw.sessions.agent_session import AgentSession
from teamgram.openclaw.sessions.agent_sessions import AgentSessions


@dataclass(frozen=True, slots=True)
class CutOff:
    """A run that a restart ended; ``text`` says so to whoever waits for it."""

    session: AgentSession
    run_id: str
    text: str


class AgentParts:
    """What everything about agents is made of.

    Attributes:
        state_dir: where the control plane keeps its own.
        directory: ``<state_dir>/agents``.
        skill_tools: what installers of skills brought, in ``<state_dir>/tools``.
        cut_off: what :func:`teamgram.openclaw.agent.recovery.recover` found.
        on_changed: called with (session, reason=, phase=, run_id=) when clients should look again.
    """

    _log = Logger()

    def __init__(self, config: LiveConfig, stream: EventStream, state_dir: Path, reactor: Any) -> None:
        """Args:
        stream: where clients hear of runs.
        """
        self.reactor = reactor
        self.config = config
        self.stream = stream
        self.state_dir = state_dir
        self.directory = state_dir / "agents"
        self.skill_tools = SkillTools(state_dir / "tools")
        self.sessions = AgentSessions(self.directory, reactor)
        self.roster = Roster(config, self.directory)
        self.catalog = Catalog(config, reactor)
        self.tools = Tools(lambda: config.sections.tools)
        self.histories = Histories(self.sessions)
        failover = Failover(self.catalog, ModelHealth(reactor.seconds))
        self.compaction = Compaction(self.sessions, self.catalog, failover, stream, reactor)
        self.cut_off: list[CutOff] = []
        self.on_changed: Callable[..., None] = lambda *args, **more: None
        idempotency = Idempotency()
        runner = Runner(
            self.sessions,
            self.roster,
            self.catalog,
            self.tools,
            self.compaction,
            failover,
            reactor,
            programs=self.skill_tools.search_path,
            changed=self._changed,
        )
        self.lanes = Lanes(self.sessions, self.roster, runner, idempotency, reactor, self.now_ms, self._changed)
        config.on_change(lambda change: self.lanes.configured())
        self.runs = AgentRuns(
            self.sessions,
            self.roster,
            idempotency,
            self.lanes,
            stream,
            reactor,
            self.now_ms,
            self._changed,
            lambda: config.sections.session.main_key,
        )

    def _changed(self, session: AgentSession, **more: Any) -> None:
        try:
            self.on_changed(session, **more)
        except Exception:
            # Who only looks on stops no session.
            self._log.failure("telling of a change of {key} failed", key=session.key)

    def now_ms(self) -> int:
        """Unix milliseconds."""
        return round(float(self.reactor.seconds()) * 1000)

    @property
    def idle_after_ms(self) -> int:
        """After how long a quiet session counts as idle."""
        return self.config.sections.session.idle_minutes * 60_000
