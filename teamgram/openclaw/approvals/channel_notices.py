"""Approvals and questions brought to people on a messaging channel."""

from collections.abc import Iterable

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from teamgram.openclaw.agent.delivery import ButtonRows, Deliveries, DeliveryRoute
from teamgram.openclaw.agent.outgoing import OutgoingMessage, OutgoingMessages
from teamgram.openclaw.agent.parts import AgentParts
from teamgram.openclaw.approvals import pressed, questions, typed_words
from teamgram.openclaw.approvals.approval import Approval
from teamgram.openclaw.approvals.approvals import Approvals
from teamgram.openclaw.approvals.questions import Questions, Record


class ChannelNotices:
    """Owners hear of approvals, and whoever a conversation is with of the agent's questions."""

    _log = Logger()

    def __init__(
        self,
        parts: AgentParts,
        deliveries: Deliveries,
        outgoing: OutgoingMessages,
        approvals: Approvals,
        asked: Questions,
    ) -> None:
        self._parts = parts
        self._deliveries = deliveries
        self._outgoing = outgoing
        self._told: dict[str, list[DeliveryRoute]] = {}
        approvals.on_requested.append(self._requested)
        approvals.on_ended.append(self._ended)
        asked.on_asked.append(self._asked)

    def _agent_id(self, agent_id: object) -> str:
        return str(agent_id) if agent_id else self._parts.roster.default.id

    def _requested(self, one: Approval) -> bool:
        if one.requester.conn_id and not one.request.get("sessionKey"):
            return False  # A program's own, about no conversation: its operator looks into a client.
        agent_id = self._agent_id(one.request.get("agentId"))
        session = self._parts.sessions.get(str(one.request.get("sessionKey") or ""))
        here = self._deliveries.route_of(session)
        if here is not None and self._deliveries.channels[here.channel].is_owner(here.to):
            routes = [here]
        else:
            routes = self._deliveries.owners(agent_id)[:5]
        self._told[one.id] = routes
        self._send(routes, typed_words.asked(one), agent_id, f"approval:{one.id}", pressed.approval_buttons(one))
        return bool(routes)

    def _ended(self, one: Approval) -> None:
        routes = self._told.pop(one.id, [])
        # Who decides in the chat is answered there.
        if routes and one.resolver != "channel":
            agent_id = self._agent_id(one.request.get("agentId"))
            self._send(routes, typed_words.ended(one), agent_id, f"approval-end:{one.id}")

    def _asked(self, record: Record) -> None:
        session = self._parts.sessions.get(record.get("sessionKey", ""))
        route = self._deliveries.route_of(session)
        if route is not None and session is not None:
            buttons = pressed.question_buttons(record)
            self._send([route], questions.wording(record), session.agent_id, f"question:{record['id']}", buttons)

    def _send(
        self, routes: Iterable[DeliveryRoute], text: str, agent_id: str, key: str, buttons: ButtonRows | None = None
    ) -> None:
        for number, route in enumerate(routes):
            message = OutgoingMessage(f"{key}:{number}", route.channel, route.to, text, agent_id, buttons=buttons or [])
            Deferred.fromCoroutine(self._outgoing.send(message)).addErrback(self._unsent)

    def _unsent(self, failure: Failure) -> None:
        self._log.failure("nobody on a channel could be told of an approval", failure=failure)
