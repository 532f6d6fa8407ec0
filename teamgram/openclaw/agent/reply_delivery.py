"""``deliver: true``: a run's reply also goes to somebody on a channel, whoever asked for the run."""

from typing import Any

from teamgram.openclaw.agent.delivery import Deliveries, DeliveryRoute
from teamgram.openclaw.agent.outcome import OK
from teamgram.openclaw.agent.outgoing import OutgoingMessage, OutgoingMessages
from teamgram.openclaw.agent.run import Run
from teamgram.openclaw.gateway.errors import GatewayError
from teamgram.openclaw.sessions.agent_session import AgentSession


class ReplyDelivery:
    """Brings replies to people."""

    def __init__(self, deliveries: Deliveries, outgoing: OutgoingMessages) -> None:
        self._deliveries = deliveries
        self._outgoing = outgoing

    def route(self, session: AgentSession, channel: str, to: str) -> DeliveryRoute | None:
        """Where a reply goes: whom the request names, else whom the session talks with.

        Args:
            channel: empty or ``last`` for the session's own.
        """
        own = self._deliveries.route_of(session)
        if to:
            chosen = channel if channel not in ("", "last") else own.channel if own else ""
            chosen = chosen or next(iter(self._deliveries.channels), "")
            return DeliveryRoute(chosen, to) if chosen else None
        return own if own is not None and channel in ("", "last", own.channel) else None

    async def deliver(self, run: Run, route: DeliveryRoute) -> dict[str, Any]:
        """Wait for a run's end and bring its words there; what became of it. Never raises."""
        outcome = await run.when_ended()
        facts: dict[str, Any] = {"requested": True, "channel": route.channel, "to": route.to}
        if outcome.status != OK or not outcome.text.strip():
            return {**facts, "attempted": False, "status": "suppressed", "succeeded": False}
        message = OutgoingMessage(
            f"reply:{run.id}", route.channel, route.to, outcome.text, run.session.agent_id, run_id=run.id
        )
        try:
            error = await self._outgoing.send(message)
        except GatewayError as refused:
            error = refused.message
        if not error:
            return {**facts, "attempted": True, "status": "sent", "succeeded": True}
        status = "retrying" if self._outgoing.waits(message.id) else "failed"
        return {**facts, "attempted": True, "status": status, "succeeded": False, "error": error}

    async def tell_failed(self, message: OutgoingMessage) -> None:
        """One that was given up after a while: whoever asked may be gone, so owners hear of it."""
        text = f"⚠️ A reply for {message.to} on {message.channel} could not be delivered: {message.error}"
        await self._outgoing.tell_owners(text, message.agent_id, f"failed:{message.id}")
