"""The agents as an extension of the control plane: ``agents_extension()`` is given to :class:`OpenClawService`."""

from typing import Any

from twisted.application.service import IService, MultiService, Service
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from teamgram.openclaw.agent.cron import Cron
from teamgram.openclaw.agent.delivery import Deliveries, FileToSend, OutboundChannel
from teamgram.openclaw.agent.heartbeat import Heartbeat
from teamgram.openclaw.agent.job_delivery import JobDelivery
from teamgram.openclaw.agent.job_webhooks import JobWebhooks
from teamgram.openclaw.agent.outgoing import OutgoingMessage, OutgoingMessages
from teamgram.openclaw.agent.parts import AgentParts
from teamgram.openclaw.agent.recovery import recover
from teamgram.openclaw.agent.reply_delivery import ReplyDelivery
from teamgram.openclaw.agent.tools import core, workspace
from teamgram.openclaw.agent.tools.canvas import canvas
from teamgram.openclaw.agent.tools.files import send_file
from teamgram.openclaw.agent.tools.memory import memory_search
from teamgram.openclaw.agent.tools.questions import ask_user
from teamgram.openclaw.agent.tools.registry import ToolContext
from teamgram.openclaw.agents_http import HttpApi
from teamgram.openclaw.approvals.approvals import Approvals
from teamgram.openclaw.approvals.channel_notices import ChannelNotices
from teamgram.openclaw.approvals.exec_policy import ExecPolicy
from teamgram.openclaw.approvals.pressed import PressedButtons
from teamgram.openclaw.approvals.questions import Questions
from teamgram.openclaw.approvals.tool_gate import ToolGate
from teamgram.openclaw.approvals.typed_words import TypedWords
from teamgram.openclaw.config.telegram import CHANNEL
from teamgram.openclaw.control_plane import ControlPlane
from teamgram.openclaw.messenger.channel import Messenger
from teamgram.openclaw.messenger.domain import MessengerDomain
from teamgram.openclaw.methods.agent import AgentMethods
from teamgram.openclaw.methods.agents import AgentsMethods
from teamgram.openclaw.methods.approvals import ApprovalMethods
from teamgram.openclaw.methods.channel_pairing import ChannelPairingMethods
from teamgram.openclaw.methods.channels import ChannelMethods
from teamgram.openclaw.methods.chat import ChatMethods
from teamgram.openclaw.methods.cron import CronMethods
from teamgram.openclaw.methods.messages import MessageMethods
from teamgram.openclaw.methods.models import ModelMethods
from teamgram.openclaw.methods.not_configured import not_configured
from teamgram.openclaw.methods.questions import QuestionMethods
from teamgram.openclaw.methods.session_branches import SessionBranchMethods
from teamgram.openclaw.methods.session_life import SessionLifeMethods
from teamgram.openclaw.methods.session_rows import SessionEvents, SessionRows
from teamgram.openclaw.methods.session_search import SessionSearchMethods
from teamgram.openclaw.methods.sessions import SessionMethods
from teamgram.openclaw.methods.skills import SkillMethods
from teamgram.openclaw.methods.terminals import TerminalMethods
from teamgram.openclaw.methods.tools import ToolMethods
from teamgram.openclaw.methods.usage import UsageMethods
from teamgram.openclaw.methods.workspace import WorkspaceMethods
from teamgram.openclaw.nodes.canvas_documents import CanvasDocuments
from teamgram.openclaw.sessions.meta_files import SessionMetaFiles

#: Of a session's row, what the ``session_status`` tool tells.
_STATUS = ("key", "state", "modelProvider", "model", "contextTokens", "totalTokens", "inputTokens", "outputTokens")


class AgentsService(Service):
    """The agents of one control plane.

    Attributes:
        parts: their parts.
        deliveries: where a messaging channel hangs itself in.
        outgoing: what waits to be delivered.
        cron, heartbeat: what starts runs by itself.
        approvals: what waits for a person's word.
        typed_words, pressed_buttons: what people type or press that is no message to an agent.
        channel_pairing: lets people in to the messenger, once there is one.
    """

    _log = Logger()

    def __init__(self, plane: ControlPlane) -> None:
        """Load all sessions and register everything; blocks for as long as that takes."""
        self.parts = parts = AgentParts(plane.config, plane.events, plane.lifetime.state_dir, plane.lifetime.reactor)
        parts.sessions.load()
        self._meta_files = SessionMetaFiles(parts.sessions, parts.reactor)
        self._nodes = plane.nodes
        self._rows = rows = SessionRows(parts)
        events = SessionEvents(parts, rows)
        events.on_deleted.append(self._meta_files.deleted)
        life = SessionLifeMethods(parts, rows, events)
        chat = ChatMethods(parts, rows, life.reset_session)
        sessions = SessionMethods(parts, rows, events, chat, plane.schemas)
        #: Begins a session anew: (session, ``new`` or ``reset``).
        self.reset_session = life.reset_session
        #: Sums a conversation up; False: there is nothing to sum up.
        self.compact_session = life.compact_session
        self.deliveries = Deliveries(parts, chat.say)
        webhooks = JobWebhooks(parts.reactor, lambda: plane.config.sections.cron)
        self.deliveries.webhook = OutboundChannel(webhooks.deliver, lambda peer: False)
        self.heartbeat = Heartbeat(parts, plane.system)
        self.outgoing = outgoing = OutgoingMessages(parts, self.deliveries)
        self.cron = Cron(parts, self.heartbeat.leave, JobDelivery(parts, self.deliveries, outgoing))
        self._replies = chat.replies = ReplyDelivery(self.deliveries, outgoing)
        state_dir, config = plane.lifetime.state_dir, plane.config
        self.approvals = Approvals(state_dir / "approvals.json", plane.events, parts.reactor)
        self._questions = Questions(plane.events, parts.reactor)
        self._exec_policy = ExecPolicy(
            state_dir / "exec-approvals.json", lambda: config.sections.tools.exec, parts.reactor
        )
        self.typed_words = chat.typed_words = TypedWords(self.approvals, self._questions)
        self.pressed_buttons = PressedButtons(self.approvals, self._questions)
        parts.tools.gate = ToolGate(self.approvals, self._exec_policy)
        ChannelNotices(parts, self.deliveries, outgoing, self.approvals, self._questions)
        outgoing.on_settled += [self.cron.settled, self._reply_settled]
        tools = ToolMethods(parts, self.deliveries)
        agent = AgentMethods(parts, self._replies)
        for family in (
            chat,
            sessions,
            life,
            agent,
            AgentsMethods(parts),
            tools,
            CronMethods(self.cron),
            WorkspaceMethods(parts),
        ):
            plane.router.register(family)
        self.terminals = TerminalMethods(parts, plane.events)
        self.skills = SkillMethods(parts)
        self.channel_pairing = ChannelPairingMethods(lambda: config.sections)
        for more in (
            UsageMethods(parts, rows), SessionBranchMethods(parts, events), SessionSearchMethods(parts),
            ModelMethods(parts),
            MessageMethods(parts, self.deliveries), QuestionMethods(parts, self._questions),
            self.skills, ChannelMethods(self.deliveries), self.channel_pairing, self.terminals,
            ApprovalMethods(parts, self.approvals, self._exec_policy, plane.nodes),
        ):  # fmt: skip
            plane.router.register(more)
        plane.router.register_all(not_configured())
        plane.capabilities.append("published-model-catalog")  # `openclaw models list` asks nobody without it.
        for tool in (
            *workspace.tools(parts.sessions.in_thread),
            core.current_time(plane.lifetime.seconds),
            core.session_status(self._status),
            core.node_invoke(plane.nodes),
            core.send(self.deliveries.deliver),
            send_file(self._send_files, parts.sessions.in_thread),
            memory_search(parts.sessions.in_thread),
            ask_user(self._questions),
            canvas(CanvasDocuments(plane.canvas.directory), plane.nodes, parts.sessions.in_thread),
        ):
            parts.tools.add(tool)
        self.http_api = HttpApi(parts, tools, plane.http)
        plane.runs.use(parts.runs)
        plane.health.sources.append(self._health)
        plane.lifetime.before_ready.append(recover(parts))

    def startService(self) -> None:
        """Let the clock start runs."""
        super().startService()
        self.outgoing.start()
        self.cron.start()
        self.heartbeat.start()

    def stopService(self) -> Deferred[None]:
        """End what the drain left running, with an error in its transcript."""
        super().stopService()
        self.heartbeat.stop()
        self.skills.stop()
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        await self.parts.lanes.shutdown()
        await self.cron.stop()
        await self.outgoing.stop()
        self._questions.close()
        self.terminals.close_all()
        await self.approvals.close()
        await self._exec_policy.close()
        await self._meta_files.close()

    async def _send_files(self, to: str, files: list[FileToSend], caption: str, context: ToolContext) -> dict[str, Any]:
        key, agent_id = context.call_key, context.agent.id
        return await self.deliveries.deliver_files(to, files, caption, key, context.session, agent_id)

    def _reply_settled(self, message: OutgoingMessage, good: bool) -> None:
        if message.id.startswith("reply:") and not good:
            telling = Deferred.fromCoroutine(self._replies.tell_failed(message))
            telling.addErrback(lambda failure: self._log.failure("owners could not be told", failure=failure))

    def _status(self, context: ToolContext) -> dict[str, Any]:
        session = context.session
        if session is None:
            return {"session": "none"}
        row = self._rows.row(session)
        nodes = [record.device_id for record in self._nodes.records()]
        return {**{name: row.get(name) for name in _STATUS}, "messages": session.messages, "nodes": ", ".join(nodes)}

    def _health(self) -> dict[str, Any]:
        """The agents' part of the health snapshot."""
        parts, now_ms = self.parts, self.parts.now_ms()
        seconds = self.heartbeat.every_seconds
        beat = parts.roster.defaults.heartbeat

        def summary(agent_id: str | None) -> dict[str, Any]:
            found = [s for s in parts.sessions.newest_first() if agent_id in (None, s.agent_id)]
            recent = [
                {"key": s.key, "updatedAt": s.updated_at, "age": max(0, now_ms - s.updated_at)} for s in found[:5]
            ]
            where = parts.directory if agent_id is None else parts.directory / agent_id / "sessions"
            return {"path": str(where), "count": len(found), "recent": recent}

        return {
            "heartbeatSeconds": round(seconds),
            "defaultAgentId": parts.roster.default.id,
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
                for agent in parts.roster.all()
            ],
            "sessions": summary(None),
        }


def agents_extension(plane: ControlPlane, messenger: MessengerDomain | None = None) -> IService:
    """Hang the agents in: ``OpenClawService(…, extensions=[agents_extension])``.

    Args:
        messenger: the messenger's domain, for agents to have accounts there; bind it with ``functools.partial``.
    """
    agents = AgentsService(plane)
    if messenger is None:
        return agents
    both = MultiService()
    agents.setServiceParent(both)
    channel = Messenger(
        agents.parts,
        agents.reset_session,
        agents.compact_session,
        agents.typed_words,
        agents.pressed_buttons,
        messenger,
    )
    agents.deliveries.channels[CHANNEL] = OutboundChannel(
        channel.outbound.deliver, channel.is_owner, channel.switch, channel.outbound.deliver_files
    )
    agents.channel_pairing.messenger = channel
    plane.health.sources.append(channel.health)
    for name, text, figure in channel.inbox.failures.totals():
        plane.totals[name] = (text, figure)
    channel.setServiceParent(both)
    return both
