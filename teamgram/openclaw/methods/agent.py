"""``agent`` and ``agent.wait``: a run whose end is answered, and waiting for one."""

from collections.abc import Iterator
from typing import Any

from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.task import deferLater
from twisted.logger import Logger

from teamgram.openclaw.agent.delivery import DeliveryRoute
from teamgram.openclaw.agent.idempotency import fingerprint
from teamgram.openclaw.agent.outcome import ABORTED, ERROR, Outcome
from teamgram.openclaw.agent.parts import AgentParts
from teamgram.openclaw.agent.reply_delivery import ReplyDelivery
from teamgram.openclaw.agent.roster import Agent
from teamgram.openclaw.agent.run import AGENT, FOLLOWUP, Run, RunRequest
from teamgram.openclaw.agent.run_events import terminal_reply
from teamgram.openclaw.agent.run_records import user_message
from teamgram.openclaw.gateway import scopes
from teamgram.openclaw.gateway.errors import UNAVAILABLE, GatewayError, invalid
from teamgram.openclaw.gateway.router import Call, method
from teamgram.openclaw.methods.chat import clean, content_of
from teamgram.openclaw.sessions.agent_session import AgentSession
from teamgram.openclaw.sessions.transcripts import text_of

_DEFAULT_WAIT_MS = 30_000
_LONGEST_WAIT_MS = 3_600_000


class AgentMethods:
    """The family."""

    _log = Logger()

    def __init__(self, parts: AgentParts, replies: ReplyDelivery) -> None:
        self._parts = parts
        self._replies = replies

    @method("agent", scopes.WRITE)
    async def agent(self, call: Call) -> dict[str, Any]:
        """Accepted at once; the same request is answered again when the run has ended."""
        params, parts = call.params, self._parts
        text = clean(params["message"])
        attachments = params.get("attachments") or []
        if not text.strip() and not attachments:
            raise invalid("message or attachment required")
        run_id = params["idempotencyKey"]
        agent = self._agent(params)
        session, is_named = self._session(params, agent, run_id)
        route = self._route(params, session)
        known = parts.runs.idempotency.find(session.key, AGENT, run_id, parts.now_ms())
        request = RunRequest(
            run_id,
            user_message(run_id, text, parts.now_ms(), content=content_of(text, attachments)),
            fingerprint(text, attachments),
            AGENT,
            granted=call.connection.granted,
            sender=call.connection.subscriber,
            queue_mode=FOLLOWUP,
            timeout_ms=(params.get("timeout") or 0) * 1000,
            model=self._model(params),
            thinking=params.get("thinking") or "",
            extra_system=params.get("extraSystemPrompt") or "",
        )
        accepted = await parts.runs.accept(session, request)
        where = {"sessionKey": session.key} if is_named else {}
        if accepted.status == "ended":
            assert accepted.entry.outcome is not None
            return await self._final(session, run_id, accepted.entry.outcome)
        if known is not None:
            return {"runId": run_id, "status": "in_flight", **where, "agentId": session.agent_id}
        assert accepted.run is not None
        answering = Deferred.fromCoroutine(self._answer_again(accepted.run, call, session, route))
        answering.addErrback(self._failed)
        return {
            "runId": run_id,
            **where,
            "agentId": session.agent_id,
            "status": "accepted",
            "acceptedAt": accepted.run.accepted_at,
        }

    def _agent(self, params: dict[str, Any]) -> Agent:
        agent_id = params.get("agentId")
        agent = self._parts.roster.get(agent_id.strip().lower()) if agent_id else self._parts.roster.default
        if agent is None:
            raise invalid(f'invalid agent params: unknown agent id "{agent_id}"')
        return agent

    def _model(self, params: dict[str, Any]) -> str:
        model, provider = params.get("model") or "", params.get("provider")
        return f"{provider}/{model}" if model and provider else model

    def _session(self, params: dict[str, Any], agent: Agent, run_id: str) -> tuple[AgentSession, bool]:
        """The session, and whether the request said which."""
        runs, session_id = self._parts.runs, params.get("sessionId")
        if params.get("sessionKey"):
            key = runs.parse_key(params["sessionKey"], params.get("agentId"))
            if session_id and self._parts.sessions.by_id(session_id) is not None:
                session_id = ""
            return runs.session_for(key, session_id=session_id or "", created_via="run"), True
        if session_id:
            session = self._parts.sessions.by_id(session_id)
            if session is None:
                key = runs.parse_key(f"agent:{agent.id}:explicit:{session_id}")
                session = runs.session_for(key, session_id=session_id, created_via="run")
            return session, True
        if params.get("agentId") or params.get("to"):
            return runs.session_for(runs.parse_key(f"agent:{agent.id}:main"), created_via="run"), True
        key = runs.parse_key(f"agent:{agent.id}:explicit:{run_id}"[:512])
        return runs.session_for(key, created_via="run"), False

    def _route(self, params: dict[str, Any], session: AgentSession) -> DeliveryRoute | None:
        """Where the reply is to be delivered besides, None for nowhere.

        Raises:
            GatewayError: it is to be delivered, and nobody knows where.
        """
        if not params.get("deliver"):
            return None
        channel = params.get("replyChannel") or params.get("channel") or ""
        route = self._replies.route(session, channel, params.get("replyTo") or params.get("to") or "")
        if route is None and not params.get("bestEffortDeliver"):
            raise invalid("delivery target is required: name channel and to, or a session that talks with somebody")
        return route

    async def _answer_again(self, run: Run, call: Call, session: AgentSession, route: DeliveryRoute | None) -> None:
        delivered = await self._replies.deliver(run, route) if route is not None else None
        outcome = await run.when_ended()
        if not call.connection.is_open:
            return
        try:
            answer = await self._final(session, run.id, outcome)
        except GatewayError as error:
            call.reply.error(error)
            return
        if delivered is not None:
            answer["result"]["deliveryStatus"] = delivered
        call.reply.result(answer)

    def _failed(self, failure: Any) -> None:
        self._log.failure("a run's answer could not be sent", failure=failure)

    async def _final(self, session: AgentSession, run_id: str, outcome: Outcome) -> dict[str, Any]:
        if outcome.status == ERROR:
            payload = {"runId": run_id, "status": "error", "summary": outcome.summary}
            raise GatewayError(UNAVAILABLE, outcome.summary, payload=payload)
        text = outcome.text or await self._text_from_transcript(session, run_id)
        provider, _, model = outcome.model.partition("/")
        return {
            "runId": run_id,
            "status": outcome.status,
            "summary": outcome.summary,
            "result": {
                "payloads": [{"text": text, "mediaUrl": None}] if text else [],
                "meta": {
                    "durationMs": outcome.ended_at - outcome.started_at,
                    "agentMeta": {
                        "sessionId": session.session_id,
                        "provider": provider,
                        "model": model,
                        "usage": outcome.usage,
                    },
                    "aborted": outcome.status == ABORTED,
                    "stopReason": outcome.stop_reason,
                },
            },
        }

    async def _text_from_transcript(self, session: AgentSession, run_id: str) -> str:
        """The words of a run that ended before the last restart."""

        def read(newest_first: Iterator[dict[str, Any]], last: int) -> list[str]:
            found: list[str] = []
            for record in newest_first:
                message = record.get("message") or {}
                if record.get("runId") == run_id and message.get("role") == "assistant":
                    found.append(text_of(message).strip())
                elif found and message.get("role") == "user":
                    break
            return found[::-1]

        texts = await self._parts.sessions.read(session, read)
        return "\n\n".join(text for text in texts if text)

    @method("diagnostics.lanes", scopes.READ)
    def lanes(self, call: Call) -> dict[str, Any]:
        """How many runs there are: of all sessions together, each of which is a lane here."""
        counts = self._parts.lanes.counts()
        return {"ts": self._parts.now_ms(), "lanes": [], "dynamic": counts if counts["laneCount"] else None}

    @method("agent.wait", scopes.WRITE)
    async def wait(self, call: Call) -> dict[str, Any]:
        """How a run ended, or that it had not within the time; also of one that nobody has started yet."""
        run_id, runs = call.params["runId"], self._parts.runs
        timeout_ms = min(call.params.get("timeoutMs", _DEFAULT_WAIT_MS), _LONGEST_WAIT_MS)
        entry = runs.idempotency.by_run(run_id)
        outcome = entry.outcome if entry is not None else None
        if entry is not None and entry.run is not None:
            waiting = entry.run.when_ended()
            waiting.addTimeout(timeout_ms / 1000, self._parts.reactor)
            try:
                outcome = await waiting
            except TimeoutError:
                outcome = None
        elif entry is None:
            await deferLater(self._parts.reactor, timeout_ms / 1000, lambda: None)
            entry = runs.idempotency.by_run(run_id)
            outcome = entry.outcome if entry is not None else None
        if outcome is None:
            return {"runId": run_id, "status": "timeout"}
        answer = {
            "runId": run_id,
            "status": outcome.status,
            "startedAt": outcome.started_at,
            "endedAt": outcome.ended_at,
            "stopReason": outcome.stop_reason,
            "terminalReply": terminal_reply(outcome.text, len(outcome.text)),
        }
        return {**answer, "error": outcome.summary} if outcome.status == ERROR else answer
