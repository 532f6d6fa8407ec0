"""What becomes of a job's answer: it is announced to whom the job names, and owners hear what went wrong.

``delivery`` of a job: ``{mode: announce, channel, to, bestEffort?,
failureDestination?, completionDestination?}``, ``{mode: webhook, to: URL}`` or
``{mode: none}``. Without ``to`` (or with ``channel: last``) it goes where the
job's own session talks, else to the owner who talked with the agent last. A
job in a session of its own that says nothing about delivery is announced to
that owner too, as OpenClaw does it, and to nobody if there is none.
"""

from typing import Any

from teamgram.openclaw.agent.delivery import WEBHOOK, Deliveries, DeliveryRoute
from teamgram.openclaw.agent.job_webhooks import check_url
from teamgram.openclaw.agent.outcome import ERROR, OK, Outcome
from teamgram.openclaw.agent.outgoing import OutgoingMessage, OutgoingMessages
from teamgram.openclaw.agent.parts import AgentParts
from teamgram.openclaw.gateway import frames
from teamgram.openclaw.gateway.errors import GatewayError

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
    wish = job.get("delivery") or {}
    for about in (wish, wish.get("completionDestination"), wish.get("failureDestination"), job.get("failureAlert")):
        if isinstance(about, dict) and about.get("mode") == WEBHOOK:
            check_url(about.get("to"))


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
        if wish and (wish.get("completionDestination") or {}).get("mode") == WEBHOOK:
            await self._post(job, run_id, wish["completionDestination"]["to"], f"cron-done:{run_id}", outcome)
        if wish and wish.get("mode") == WEBHOOK:
            return await self._post(job, run_id, wish["to"], f"cron:{run_id}", outcome)
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
        return await self._sent(message)

    async def _post(self, job: dict[str, Any], run_id: str, url: str, key: str, outcome: Outcome) -> dict[str, Any]:
        """Tell a program of a run that has ended, as the ``cron`` event does."""
        event: dict[str, Any] = {
            "jobId": job["id"],
            "jobName": job["name"],
            "action": "finished",
            "status": "ok" if outcome.status == OK else "error",
            "runId": run_id,
            "runAtMs": outcome.started_at,
            "durationMs": max(0, outcome.ended_at - outcome.started_at),
            "sessionId": outcome.session_id,
            "job": job,
        }
        event |= {"summary": outcome.text} if outcome.status == OK else {"error": outcome.summary}
        text = frames.encode_json(event).decode()
        return await self._sent(
            OutgoingMessage(key, WEBHOOK, url, text, self._agent_id(job), job_id=job["id"], run_id=run_id)
        )

    async def _sent(self, message: OutgoingMessage) -> dict[str, Any]:
        where = {"channel": message.channel, "to": message.to, "ok": True}
        facts: dict[str, Any] = {"delivery": {"resolved": where}}
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
        failed = entry["status"] != "ok"
        if failed and wish.get("mode") == WEBHOOK:
            # A program is told of every end, not once an hour.
            outcome = Outcome(ERROR, str(entry.get("error")), entry["runAtMs"], entry["ts"])
            await self._post(job, entry["runId"], wish["to"], f"cron:{entry['runId']}", outcome)
        if alert is False or (wish.get("mode") not in (ANNOUNCE, WEBHOOK) and not alert) or wish.get("bestEffort"):
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
        if where.get("mode") == WEBHOOK:
            told = {"jobId": job["id"], "jobName": job["name"], "message": text, "runAtMs": entry["runAtMs"]}
            body = frames.encode_json(told).decode()
            await self._outgoing.send(OutgoingMessage(key, WEBHOOK, where["to"], body, self._agent_id(job)))
        elif where.get("to"):
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
