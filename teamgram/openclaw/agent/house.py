"""The agents' parts, put together once: sessions, roster, models, tools, turns."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twisted.logger import Logger

from teamgram.openclaw.agent.compaction import Compaction
from teamgram.openclaw.agent.history import Histories
from teamgram.openclaw.agent.idempotency import Idempotency
from teamgram.openclaw.agent.lanes import Lanes
from teamgram.openclaw.agent.providers.catalog import Catalog
from teamgram.openclaw.agent.roster import Roster
from teamgram.openclaw.agent.runs import AgentRuns
from teamgram.openclaw.agent.tools.registry import Tools
from teamgram.openclaw.agent.turn import Turns
from teamgram.openclaw.sessions.agent_session import AgentSession
from teamgram.openclaw.sessions.agent_sessions import AgentSessions

if TYPE_CHECKING:
    from teamgram.openclaw.control_plane import ControlPlane


class AgentHouse:
    """What the agents' methods share.

    Attributes:
        directory: ``<data>/openclaw/agents``.
        on_changed: called with (session, reason=, phase=, run_id=) when clients should look again.
    """

    _log = Logger()

    def __init__(self, plane: "ControlPlane") -> None:
        self.plane = plane
        self.reactor: Any = plane.reactor
        self.config = plane.config
        self.stream = plane.events
        self.directory: Path = plane.state_dir / "agents"
        self.sessions = AgentSessions(self.directory, plane.reactor)
        self.roster = Roster(plane.config, self.directory)
        self.catalog = Catalog(plane.config, plane.reactor)
        self.tools = Tools(lambda: plane.config.sections.tools)
        self.histories = Histories(self.sessions)
        self.compaction = Compaction(self.sessions, self.catalog, plane.events, plane.now_ms)
        self.on_changed: Callable[..., None] = lambda *args, **more: None
        idempotency = Idempotency()
        self.lanes = Lanes(self.sessions, self.roster, idempotency, plane.reactor, plane.now_ms, self._changed)
        self.lanes.turns = Turns(
            self.sessions,
            self.roster,
            self.catalog,
            self.tools,
            self.compaction,
            plane.reactor,
            steering=self.lanes,
            resting=self.lanes,
            changed=self._changed,
        )
        self.runs = AgentRuns(
            self.sessions,
            self.roster,
            idempotency,
            self.lanes,
            plane.events,
            plane.reactor,
            plane.now_ms,
            self._changed,
            lambda: plane.config.sections.session.main_key,
        )

    def _changed(self, session: AgentSession, **more: Any) -> None:
        try:
            self.on_changed(session, **more)
        except Exception:
            # Who only looks on stops no session.
            self._log.failure("telling of a change of {key} failed", key=session.key)

    def now_ms(self) -> int:
        """Unix milliseconds."""
        return self.plane.now_ms()

    @property
    def idle_after_ms(self) -> int:
        """After how long a quiet session counts as idle."""
        return self.config.sections.session.idle_minutes * 60_000
