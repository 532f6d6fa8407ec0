"""What becomes of a job's answer: it is announced to whom the job names, and owners hear what went wrong.

``delivery`` of a job: ``{mode: announce, channel, to, bestEffort?,
failureDestination?}`` or ``{mode: none}``. Without ``to`` (or with ``channel:
last``) it goes where the job's own session talks, else to the owner who talked
with the agent last. A job in a session of its own that says nothing about
delivery is announced to that owner too, as OpenClaw does it, and to nobody if
there is none.
"""

from typing import Any

from teamgram.openclaw.agent.delivery import Deliveries, DeliveryRoute
from teamgram.openclaw.agent.outcome import Outcome
from teamgram.openclaw.agent.outgoing import OutgoingMessage, OutgoingMessages
from teamgram.openclaw.agent.parts import AgentParts
from teamgram.openclaw.gateway.errors import GatewayError, invalid

ANNOUNCE, NONE = "announce", "none"
#: An answer that is nothing but one of these is meant for nobody.
_SILENT = frozenset({"NO_REPLY", "HEARTBEAT_OK"})
#: Between two notices about one job.
ALERT_COOLDOWN_MS = 3_600_000

DELIVERED, NOT_DELIVERED, UNKNOWN, NOT_REQUESTED = "delivered", "not-delivered", "unknown", "not-requested"


def check(job: dict[str, Any]) -> None:
    """Refuse a way of delivering that is not here.

    Raises:
        GatewayError: it is one.
    """
    for about in (job.get("delivery"), (job.get("delivery") or {}).get("failureDestination"), job.get("failureAlert")):
        if isinstance(about, dict) and (about.get("mode") == "webhook" or about.get("completionDestination")):
            raise invalid('invalid cron job: delivery by webhook is not supported; "announce" is')


class JobDelivery:
    """Announces."""

    def __init__(self, parts: AgentParts, deliveries: Deliveries, outgoing: OutgoingMessages) -> None:
        self._parts = parts
        self._deliveries = deliveries
        self._outgoing = outgoing

    def _agent_id(self, job: dict[str, Any]) -> str:
        return job.get("agentId") or self._parts.roster.default.id

    def _route(self, job: dict[str, Any], wish: dict[str, Any]) -> DeliveryRoute | None:
        channel = wish.get("channel") or "last"
        if wish.get("to"):
            named = next(iter(self._deliveries.channels), "webchat") if channel == "last" else channel
            return DeliveryRoute(named, str(wish["to"]))
        key = job.get("sessionKey") or str(job.get("sessionTarget") or "").removeprefix("session:")
        session = self._parts.sessions.get(self._parts.runs.canonical_key(key)) if key else None
        found = [self._deliveries.route_of(session), *self._deliveries.owners(self._agent_id(job))]
        return next((route for route in found if route is not None and channel in ("last", route.channel)), None)

    async def announce(self, job: dict[str, Any], run_id: str, outcome: Outcome) -> dict[str, Any]:
        """Bring an answer where it belongs; what the log says of that. Never raises."""
        wish = job.get("delivery")
        if wish is None and job.get("sessionTarget", "isolated") == "isolated":
            route = self._route(job, {})
            if route is None:
                return {"deliveryStatus": NOT_REQUESTED}
        elif wish is None or wish.get("mode", NONE) == NONE:
            return {"deliveryStatus": NOT_REQUESTED}
        else:
            route = self._route(job, wish)
        text = outcome.text.strip()
        if text in _SILENT or not text:
            reason = "silent-reply" if text else "empty-reply"
            return {"delivered": False, "deliveryStatus": NOT_DELIVERED, "deliverySuppressionReason": reason}
        if route is None:
            error = "nobody to announce to: delivery.to is missing, and no owner talks with the agent on a channel"
            return {"delivered": False, "deliveryStatus": NOT_DELIVERED, "deliveryError": error}
        message = OutgoingMessage(
            f"cron:{run_id}", route.channel, route.to, text, self._agent_id(job), job_id=job["id"], run_id=run_id
        )
        facts: dict[str, Any] = {"delivery": {"resolved": {"channel": route.channel, "to": route.to, "ok": True}}}
        try:
            error = await self._outgoing.send(message)
        except GatewayError as refused:
            error = refused.message
        if not error:
            return {**facts, "delivered": True, "deliveryStatus": DELIVERED}
        status = UNKNOWN if self._outgoing.waits(message.id) else NOT_DELIVERED
        return {**facts, "delivered": False, "deliveryStatus": status, "deliveryError": error}

    async def tell_trouble(self, job: dict[str, Any], entry: dict[str, Any], now_ms: int) -> None:
        """Tell of a run that failed, or of an answer that reached nobody, if somebody was to hear of it."""
        wish = job.get("delivery") or {}
        alert = job.get("failureAlert")
        state = job["state"]
        if alert is False or (wish.get("mode") != ANNOUNCE and not alert) or wish.get("bestEffort"):
            return
        about = alert if isinstance(alert, dict) else {}
        if state.get("consecutiveErrors", 0) < about.get("after", 0) and entry["status"] != "ok":
            return
        if now_ms - state.get("lastFailureAlertAtMs", -ALERT_COOLDOWN_MS) < about.get("cooldownMs", ALERT_COOLDOWN_MS):
            return
        state["lastFailureAlertAtMs"] = now_ms
        if entry["status"] == "ok":
            text = f'⚠️ What the job "{job["name"]}" had to say reached nobody: {entry.get("deliveryError")}'
        else:
            text = f'⚠️ The job "{job["name"]}" failed: {entry.get("error")}'
        key = f"cron-alert:{entry['runId']}"
        where = about if about.get("to") else wish.get("failureDestination") or {}
        if where.get("to"):
            route = self._route(job, where)
            assert route is not None
            await self._outgoing.send(OutgoingMessage(key, route.channel, route.to, text, self._agent_id(job)))
        else:
            await self._outgoing.tell_owners(text, self._agent_id(job), key)


def is_trouble(entry: dict[str, Any]) -> bool:
    """Whether a log entry tells of something that somebody should hear."""
    return entry["status"] != "ok" or (
        entry.get("deliveryStatus") == NOT_DELIVERED and "deliverySuppressionReason" not in entry
    )
