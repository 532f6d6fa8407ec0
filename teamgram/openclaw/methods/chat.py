"""``chat.*``: talking to an agent, and what was said."""

import unicodedata
from collections import deque
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from teamgram.openclaw.agent import history
from teamgram.openclaw.agent.idempotency import Entry, fingerprint
from teamgram.openclaw.agent.outcome import ABORTED, ERROR, Outcome
from teamgram.openclaw.agent.parts import AgentParts
from teamgram.openclaw.agent.reply_delivery import ReplyDelivery
from teamgram.openclaw.agent.run import CHAT, STEER, RunRequest
from teamgram.openclaw.agent.run_events import RunEvents
from teamgram.openclaw.agent.run_records import user_message
from teamgram.openclaw.agent.runs import AcceptedRun
from teamgram.openclaw.approvals.approval import Approval
from teamgram.openclaw.approvals.approvals import sees
from teamgram.openclaw.approvals.typed_words import TypedWords
from teamgram.openclaw.gateway import scopes
from teamgram.openclaw.gateway.errors import UNAVAILABLE, GatewayError, invalid
from teamgram.openclaw.gateway.router import Call, method
from teamgram.openclaw.methods.session_rows import SessionRows
from teamgram.openclaw.methods.session_writes import on_disk
from teamgram.openclaw.sessions import transcripts
from teamgram.openclaw.sessions.agent_session import AgentSession

MAX_MESSAGE_CHARS = 1_000_000
MAX_ATTACHMENTS = 16
MAX_ATTACHMENT_BYTES = 19464192

_STOP_WORDS = frozenset({"/stop", "/abort"})
_RESET_WORDS = {"/new": "new", "/reset": "reset"}
_COMMANDS = [
    {"name": name, "nativeName": name, "textAliases": [f"/{name}"], "description": text, "category": "session",
     "source": "native", "scope": "both", "acceptsArgs": name in ("approve", "deny")}
    for name, text in (
        ("stop", "Stop what runs."), ("approve", "Allow what waits for your word."),
        ("deny", "Refuse it."), ("new", "Begin a new conversation."), ("reset", "Begin a new conversation.")
    )
]  # fmt: skip


def clean(text: str) -> str:
    """A message as it is kept: NFC, without control characters other than tab and line ends.

    Raises:
        GatewayError: it has null bytes, or is far too long.
    """
    if "\0" in text:
        raise invalid("message must not contain null bytes")
    if len(text) > MAX_MESSAGE_CHARS:
        raise invalid(f"message is longer than {MAX_MESSAGE_CHARS} characters")
    if text.isascii() and text.isprintable():
        return text
    text = unicodedata.normalize("NFC", text)
    return "".join(char for char in text if char in "\t\n\r" or unicodedata.category(char) not in ("Cc", "Cs"))


def content_of(text: str, attachments: Any) -> Any:
    """Text, or parts when images come with it.

    Raises:
        GatewayError: too many, too large, or of a kind that no model takes.
    """
    if not attachments:
        return text
    if len(attachments) > MAX_ATTACHMENTS:
        raise invalid(f"at most {MAX_ATTACHMENTS} attachments")
    parts: list[dict[str, Any]] = [{"type": "text", "text": text}] if text else []
    size = 0
    for attachment in attachments:
        data, kind = attachment.get("content"), str(attachment.get("mimeType") or "")
        if not isinstance(data, str) or not data:
            raise invalid("attachment content must be base64 text")
        data = data.partition(",")[2] if data.startswith("data:") else data
        size += len(data) * 3 // 4
        if size > MAX_ATTACHMENT_BYTES:
            raise invalid("attachments are too large")
        if not kind.startswith("image/"):
            raise invalid(f'attachments of type "{kind or "unknown"}" are not supported; images are')
        parts.append({"type": "image", "mimeType": kind, "data": data})
    return parts


class ChatMethods:
    """The family.

    Attributes:
        replies: brings replies to channels; set once there are any.
        typed_words: takes what is no message to the agent; set once there is anything to approve or to answer.
    """

    _log = Logger()

    def __init__(self, parts: AgentParts, rows: SessionRows, reset: Any) -> None:
        """Args:
        reset: begins a session anew, as ``sessions.reset`` does: (session, reason).
        """
        self._parts = parts
        self._rows = rows
        self._reset = reset
        self.replies: ReplyDelivery | None = None
        self.typed_words: TypedWords | None = None
        #: Typed words that are repeated are no message either.
        self._typed_ids: deque[str] = deque(maxlen=1000)

    @method("chat.send", scopes.WRITE)
    async def send(self, call: Call) -> dict[str, Any]:
        """Start a run, or put the message where it belongs when one is running."""
        params = call.params
        key = self._parts.runs.parse_key(params["sessionKey"], params.get("agentId"))
        return await self.start_chat(call, key.text, params)

    async def start_chat(self, call: Call, key_text: str, params: dict[str, Any]) -> dict[str, Any]:
        """``chat.send`` for a key that is canonical already."""
        parts = self._parts
        text = clean(params["message"])
        attachments = params.get("attachments") or []
        if not text.strip() and not attachments:
            raise invalid("message or attachment required")
        command = text.strip().lower()
        if command in _STOP_WORDS and not params.get("suppressCommandInterpretation"):
            stopped = await parts.lanes.abort(key_text, None, "stop")
            return {"ok": True, "aborted": bool(stopped), "runIds": stopped}
        session = parts.runs.session_for(parts.runs.parse_key(key_text), session_id=params.get("sessionId") or "")
        if command in _RESET_WORDS and not attachments:
            call.require(scopes.ADMIN)
            await self._reset(session, _RESET_WORDS[command])
            # Whoever waits for the end of this "run" hears of one.
            self._events(session, params["idempotencyKey"]).final("", None)
            return {"runId": params["idempotencyKey"], "status": "ok"}
        run_id = params["idempotencyKey"]
        told = None if attachments else await self._typed(call, params, text, session.key)
        if told is not None:
            self._events(session, run_id).final(told, None)
            return {"runId": run_id, "status": "ok"}
        now_ms = parts.now_ms()
        client = {
            name: value for name, value in call.connection.peer.client.items() if name in ("id", "mode", "displayName")
        }
        granted = call.connection.granted
        about = {"senderIsOwner": scopes.ADMIN in granted, "transport": {"clients": [client]}}
        message = user_message(run_id, text, now_ms, content=content_of(text, attachments), __openclaw=about)
        request = RunRequest(
            run_id,
            message,
            fingerprint(text, attachments),
            CHAT,
            granted=granted,
            sender=call.connection.subscriber,
            queue_mode=params.get("queueMode") or STEER,
            timeout_ms=params.get("timeoutMs") or 0,
            thinking=params.get("thinking") or "",
        )
        accepted = await parts.runs.accept(session, request)
        if params.get("deliver") and accepted.run is not None and self.replies is not None:
            route = self.replies.route(
                session, params.get("originatingChannel") or "", params.get("originatingTo") or ""
            )
            if route is not None:
                Deferred.fromCoroutine(self.replies.deliver(accepted.run, route)).addErrback(self._undelivered)
        return chat_answer(run_id, accepted)

    def _undelivered(self, failure: Any) -> None:
        self._log.failure("a reply could not be delivered", failure=failure)

    async def _typed(self, call: Call, params: dict[str, Any], text: str, session_key: str) -> str | None:
        if params["idempotencyKey"] in self._typed_ids:
            return ""
        if self.typed_words is None or params.get("suppressCommandInterpretation"):
            return None
        connection = call.connection
        name = str(connection.peer.client.get("displayName") or connection.peer.client.get("id") or "operator")

        def may_see(one: Approval) -> bool:
            return sees(one, connection.granted, connection.conn_id, connection.device_id or "")

        eyes = may_see if scopes.APPROVALS in connection.granted else None
        told = await self.typed_words.take(text, session_key, name, eyes, "device")
        if told is not None:
            self._typed_ids.append(params["idempotencyKey"])
        return told

    @method("chat.abort", scopes.WRITE)
    async def abort(self, call: Call) -> dict[str, Any]:
        """Stop runs; that nothing runs is no error."""
        params = call.params
        key = self._parts.runs.parse_key(params["sessionKey"], params.get("agentId"))
        stopped = await self._parts.lanes.abort(key.text, params.get("runId"), "rpc")
        return {"ok": True, "aborted": bool(stopped), "runIds": stopped}

    @method("chat.history", scopes.READ)
    async def history(self, call: Call) -> dict[str, Any]:
        """Messages from the end, or what is new since a cursor."""
        params = call.params
        key = self._parts.runs.parse_key(params["sessionKey"], params.get("agentId"))
        session = self._parts.sessions.get(key.text)
        if params.get("sessionId"):
            session = self._parts.sessions.by_id(params["sessionId"]) or session
        if params.get("cursor"):
            return await self._delta(params["cursor"], session)
        return await self._history(params, session, key.text, key.agent_id)

    async def _delta(self, cursor: str, session: AgentSession | None) -> dict[str, Any]:
        after = history.seq_of_cursor(cursor, session) if session is not None else None
        if session is None or after is None:
            return {"kind": "reset"}
        messages = await self._parts.histories.since(session, after)
        if messages is None:
            return {"kind": "reset"}
        here = history.cursor(session, after + len(messages))
        wrapped = [
            {
                "sessionKey": session.key,
                "agentId": session.agent_id,
                "message": message,
                "messageId": message["__openclaw"]["id"],
                "messageSeq": message["__openclaw"]["seq"],
            }
            for message in messages
        ]
        answer: dict[str, Any] = {
            "kind": "delta",
            "messages": wrapped,
            "deltaCursor": here,
            "pendingInputs": self._pending(session),
            "sessionInfo": self._rows.info(session, session.key, session.agent_id),
        }
        return self._with_flight(answer, session)

    async def _history(
        self, params: dict[str, Any], session: AgentSession | None, key: str, agent_id: str
    ) -> dict[str, Any]:
        limit, offset = params.get("limit") or history.DEFAULT_LIMIT, params.get("offset") or 0
        most_bytes = min(params.get("maxBytes") or history.MAX_BYTES, history.MAX_BYTES)
        messages: list[dict[str, Any]] = []
        total = 0
        answer: dict[str, Any] = {"sessionKey": params["sessionKey"]}
        if session is not None:
            messages, total = await self._parts.histories.page_of(
                session, limit, offset, params.get("maxChars") or 0, most_bytes
            )
            answer |= {"sessionId": session.session_id, "deltaCursor": history.cursor(session, total)}
        has_more = total - offset > len(messages)
        answer |= {
            "messages": messages,
            "pendingInputs": self._pending(session),
            "hasMore": has_more,
            "totalMessages": total,
            "defaults": self._rows.defaults(),
            "sessionInfo": self._rows.info(session, key, agent_id),
        }
        if has_more:
            answer["nextOffset"] = offset + len(messages)
        return self._with_flight(answer, session)

    def _pending(self, session: AgentSession | None) -> dict[str, Any]:
        items = [
            {
                "id": run.run_id,
                "acceptedAt": run.accepted_at,
                "state": "queued",
                "message": run.waiting,
                "runId": run.run_id,
            }
            for run in (session.open_runs if session is not None else ())
            if run.waiting is not None
        ]
        return {"items": items, "total": len(items)}

    def _with_flight(self, answer: dict[str, Any], session: AgentSession | None) -> dict[str, Any]:
        run = self._parts.lanes.running(session.key) if session is not None else None
        if run is not None and session is not None:
            event = {
                "runId": run.id,
                "seq": run.events.seq,
                "stream": "assistant",
                "ts": self._parts.now_ms(),
                "data": {},
                "sessionKey": session.key,
                "agentId": session.agent_id,
            }
            answer["inFlightRun"] = {
                "runId": run.id,
                "text": run.live.text,
                "startedAt": run.accepted_at,
                "events": [event] if run.live.text else [],
            }
        return answer

    @method("chat.startup", scopes.READ)
    async def startup(self, call: Call) -> dict[str, Any]:
        """History and metadata in one call."""
        params = call.params
        if not isinstance(params.get("sessionKey"), str):
            raise invalid("invalid chat.startup params: must have required property 'sessionKey'")
        for name in ("limit", "offset", "maxChars", "maxBytes"):
            if not isinstance(params.get(name, 0), int) or params.get(name, 0) < 0:
                raise invalid(f"invalid chat.startup params: at /{name}: must be integer")
        key = self._parts.runs.parse_key(params["sessionKey"], params.get("agentId"))
        session = self._parts.sessions.get(key.text)
        limited = {**params, "limit": min(params.get("limit") or history.DEFAULT_LIMIT, 1000)}
        answer = await self._history(limited, session, key.text, key.agent_id)
        return {**answer, "metadata": self._metadata(key.agent_id), "agents": None} | self._metadata(key.agent_id)

    @method("chat.metadata", scopes.READ)
    def metadata(self, call: Call) -> dict[str, Any]:
        """Models and commands for a composer."""
        params = call.params
        agent_id = params.get("agentId") or self._parts.roster.default.id
        if params.get("sessionKey"):
            agent_id = self._parts.runs.parse_key(params["sessionKey"], params.get("agentId")).agent_id
        return self._metadata(agent_id)

    def _metadata(self, agent_id: str) -> dict[str, Any]:
        agent = self._parts.roster.get(agent_id) or self._parts.roster.default
        return {
            "models": self._parts.catalog.rows(agent.models[0]),
            "commands": _COMMANDS,
            "swarmEnabled": False,
            "accountSelection": {"kind": "automatic", "label": "Automatic account selection"},
            "runtimeSelectionLocked": False,
        }

    @method("commands.list", scopes.READ)
    def commands(self, call: Call) -> dict[str, Any]:
        """The slash commands that work."""
        names = {"native": "nativeName", "text": "textAliases"}
        field = names.get(call.params.get("scope") or "", "name")
        return {"commands": [command for command in _COMMANDS if field in command]}

    @method("chat.inject", scopes.ADMIN)
    async def inject(self, call: Call) -> dict[str, Any]:
        """Put a message into a conversation as the assistant's, without asking a model."""
        params, parts = call.params, self._parts
        key = parts.runs.parse_key(params["sessionKey"], params.get("agentId"))
        session = parts.sessions.get(key.text)
        if session is None:
            raise invalid("session not found")
        text = clean(params["message"])
        if params.get("label"):
            text = f"[{params['label']}]\n\n{text}"
        message_id = await self.say(session, text)
        return {"ok": True, "messageId": message_id}

    async def say(self, session: AgentSession, text: str) -> str:
        """Add an assistant message and tell it as a chat final; its id."""
        parts = self._parts
        now_ms = parts.now_ms()
        message = {
            "role": "assistant",
            "content": [{"type": "text", "text": text}],
            "timestamp": now_ms,
            "stopReason": "stop",
            "usage": {"input": 0, "output": 0, "totalTokens": 0, "cacheRead": 0, "cacheWrite": 0},
            "api": "openai-responses",
            "provider": "openclaw",
            "model": "gateway-injected",
        }
        record = transcripts.record(transcripts.MESSAGE, None, now_ms, message=message)
        await on_disk(parts.sessions.append(session, [record], now_ms))
        self._events(session, f"inject-{record['id']}").final(text, None)
        return str(record["id"])

    def _events(self, session: AgentSession, run_id: str) -> RunEvents:
        """For what ends without a run."""
        return RunEvents(
            self._parts.stream,
            self._parts.now_ms,
            run_id=run_id,
            session_key=session.key,
            session_id=session.session_id,
            agent_id=session.agent_id,
            sender=None,
            is_chat=True,
        )


def chat_answer(run_id: str, accepted: AcceptedRun) -> dict[str, Any]:
    """What ``chat.send`` says, also to a repetition.

    Raises:
        GatewayError: the run that is asked for again has failed.
    """
    if accepted.status == "ended":
        assert accepted.entry.outcome is not None
        return ended_answer(run_id, accepted.entry)
    answer: dict[str, Any] = {"runId": run_id, "status": accepted.status}
    if accepted.interrupted:
        answer["interruptedActiveRun"] = True
    return answer


def ended_answer(run_id: str, entry: Entry) -> dict[str, Any]:
    """The answer to a repetition of a run that has ended.

    Raises:
        GatewayError: it has failed.
    """
    outcome = entry.outcome
    assert isinstance(outcome, Outcome)
    if outcome.status == ERROR:
        payload = {"runId": run_id, "status": "error", "summary": outcome.summary}
        raise GatewayError(UNAVAILABLE, outcome.summary, payload=payload)
    if outcome.status == ABORTED:
        return {
            "runId": run_id,
            "status": "timeout",
            "summary": "aborted",
            "stopReason": outcome.stop_reason,
            "endedAt": outcome.ended_at,
        }
    return {"runId": run_id, "status": "ok"}
