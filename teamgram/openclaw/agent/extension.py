"""The agents as an extension of the control plane: ``agents_extension()`` is given to :class:`OpenClawService`."""

from typing import TYPE_CHECKING, Any

from twisted.application.service import IService, MultiService, Service
from twisted.internet.defer import Deferred

from teamgram.openclaw.agent.cron import Cron
from teamgram.openclaw.agent.delivery import Deliveries
from teamgram.openclaw.agent.heartbeat import Heartbeat
from teamgram.openclaw.agent.house import AgentHouse
from teamgram.openclaw.agent.http_api import HttpApi
from teamgram.openclaw.agent.recovery import recover
from teamgram.openclaw.agent.tools import core, workspace
from teamgram.openclaw.agent.tools.registry import ToolContext
from teamgram.openclaw.messenger.channel import Messenger, MessengerDomain
from teamgram.openclaw.methods.agent import AgentMethods
from teamgram.openclaw.methods.agents import AgentsMethods
from teamgram.openclaw.methods.chat import ChatMethods
from teamgram.openclaw.methods.cron import CronMethods
from teamgram.openclaw.methods.session_life import SessionLifeMethods
from teamgram.openclaw.methods.session_rows import SessionEvents, SessionRows
from teamgram.openclaw.methods.sessions import SessionMethods
from teamgram.openclaw.methods.tools import ToolMethods

if TYPE_CHECKING:
    from teamgram.openclaw.control_plane import ControlPlane


#: Of a session's row, what the ``session_status`` tool tells.
_STATUS = ("key", "state", "modelProvider", "model", "contextTokens", "totalTokens", "inputTokens", "outputTokens")


class AgentsService(Service):
    """The agents of one control plane.

    Attributes:
        house: their parts.
        deliveries: where a messaging channel hangs itself in.
        cron, heartbeat: what starts turns by itself.
    """

    def __init__(self, plane: "ControlPlane") -> None:
        """Load all sessions and register everything; blocks for as long as that takes."""
        self.house = house = AgentHouse(plane)
        house.sessions.load()
        self._rows = rows = SessionRows(house)
        events = SessionEvents(house, rows)
        sessions = SessionMethods(house, rows, events)
        life = SessionLifeMethods(house, rows, events)
        chat = ChatMethods(house, rows, life.reset_session)
        sessions.chat = chat
        #: Begins a session anew: (session, ``new`` or ``reset``).
        self.reset_session = life.reset_session
        self.deliveries = Deliveries(house, chat.say)
        self.cron = Cron(house)
        self.heartbeat = Heartbeat(house, plane.system)
        self.cron.leave_event = self.heartbeat.leave
        tools = ToolMethods(house, self.deliveries)
        for family in (
            chat, sessions, life, AgentMethods(house), AgentsMethods(house), tools, CronMethods(self.cron)
        ):  # fmt: skip
            plane.router.register(family)
        plane.capabilities.append("published-model-catalog")  # `openclaw models list` asks nobody without it.
        for tool in (
            *workspace.tools(house.sessions.in_thread),
            core.current_time(plane.seconds),
            core.session_status(self._status),
            core.node_invoke(plane),
            core.send(self.deliveries.deliver),
        ):
            house.tools.add(tool)
        HttpApi(house, tools)
        plane.runs = house.runs
        plane.health.sources.append(self._health)
        recover(house)

    def startService(self) -> None:
        """Let the clock start turns."""
        super().startService()
        self.cron.start()
        self.heartbeat.start()

    def stopService(self) -> Deferred[None]:
        """End what the drain left running, with an error in its transcript."""
        super().stopService()
        self.heartbeat.stop()
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        await self.house.lanes.shutdown()
        await self.cron.stop()

    def _status(self, context: ToolContext) -> dict[str, Any]:
        session = context.session
        if session is None:
            return {"session": "none"}
        row = self._rows.row(session)
        nodes = [record.device_id for record in self.house.plane.nodes.records()]
        return {**{name: row.get(name) for name in _STATUS}, "messages": session.messages, "nodes": ", ".join(nodes)}

    def _health(self) -> dict[str, Any]:
        """The agents' part of the health snapshot."""
        house, now_ms = self.house, self.house.now_ms()
        seconds = self.heartbeat.every_seconds
        beat = house.roster.defaults.heartbeat

        def summary(agent_id: str | None) -> dict[str, Any]:
            found = [s for s in house.sessions.newest_first() if agent_id in (None, s.agent_id)]
            recent = [
                {"key": s.key, "updatedAt": s.updated_at, "age": max(0, now_ms - s.updated_at)} for s in found[:5]
            ]
            where = house.directory if agent_id is None else house.directory / agent_id / "sessions"
            return {"path": str(where), "count": len(found), "recent": recent}

        return {
            "heartbeatSeconds": round(seconds),
            "defaultAgentId": house.roster.default.id,
            "agents": [
                {
                    "agentId": agent.id,
                    "isDefault": agent.is_default,
                    "heartbeat": {
                        "enabled": bool(seconds) and agent.is_default,
                        "every": beat.every,
                        "everyMs": round(seconds * 1000),
                        "target": beat.target,
                        "ackMaxChars": beat.ack_max_chars,
                    },
                    "sessions": summary(agent.id),
                }
                for agent in house.roster.all()
            ],
            "sessions": summary(None),
        }


def agents_extension(plane: "ControlPlane", messenger: MessengerDomain | None = None) -> IService:
    """Hang the agents in: ``OpenClawService(…, extensions=[agents_extension])``.

    Args:
        messenger: the messenger's domain, for agents to have accounts there; bind it with ``functools.partial``.
    """
    agents = AgentsService(plane)
    if messenger is None:
        return agents
    both = MultiService()
    agents.setServiceParent(both)
    Messenger(agents, messenger).setServiceParent(both)
    return both
