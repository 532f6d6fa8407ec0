"""The agents over HTTP: OpenAI's chat completions and models, ``/tools/invoke``, ``/sessions/<key>/history``."""

import uuid
from typing import Any
from urllib.parse import unquote

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.web.http import Request

from teamgram.openclaw.agent.idempotency import fingerprint
from teamgram.openclaw.agent.outcome import ERROR, Outcome
from teamgram.openclaw.agent.parts import AgentParts
from teamgram.openclaw.agent.roster import Agent
from teamgram.openclaw.agent.run import CHAT, FOLLOWUP, RunRequest, new_run_id
from teamgram.openclaw.agent.run_records import user_message
from teamgram.openclaw.gateway import frames, scopes
from teamgram.openclaw.gateway.errors import GatewayError
from teamgram.openclaw.gateway.http import HttpRoutes, answer_json
from teamgram.openclaw.methods.chat import clean
from teamgram.openclaw.methods.tools import ToolMethods
from teamgram.openclaw.sessions.agent_session import AgentSession
from teamgram.openclaw.sessions.transcripts import text_of

_MODEL = "openclaw"
_HISTORY_PATH = "/sessions/"
_MAX_MESSAGES = 2000
#: Whoever comes this way has shown the shared secret, which opens everything.
_GRANTED = scopes.expand([scopes.ADMIN])


class HttpApi:
    """The resources."""

    _log = Logger()

    def __init__(self, parts: AgentParts, tools: ToolMethods, routes: HttpRoutes) -> None:
        self._parts = parts
        self._tools = tools
        self._started_at = parts.now_ms() // 1000
        routes.add("/v1/models", self.models, bearer=True)
        routes.add("/v1/chat/completions", self.completions, methods=("POST",), bearer=True)
        routes.add("/tools/invoke", self.invoke, methods=("POST",), bearer=True)
        routes.add(_HISTORY_PATH, self.history, bearer=True)

    # Models and completions

    def models(self, request: Request) -> None:
        """``GET /v1/models``."""
        names = [_MODEL, f"{_MODEL}/default", *(f"{_MODEL}/{agent.id}" for agent in self._parts.roster.all())]
        created = self._started_at
        data = [{"id": name, "object": "model", "created": created, "owned_by": _MODEL} for name in names]
        answer_json(request, 200, {"object": "list", "data": data})

    def _agent(self, model: Any) -> Agent | None:
        if model in (_MODEL, f"{_MODEL}/default", f"{_MODEL}:default"):
            return self._parts.roster.default
        if isinstance(model, str) and model.startswith((f"{_MODEL}/", f"{_MODEL}:")):
            return self._parts.roster.get(model[len(_MODEL) + 1 :].lower())
        return None

    async def completions(self, request: Request) -> None:
        """``POST /v1/chat/completions``."""
        if not self._parts.config.sections.gateway.http.endpoints.chat_completions.enabled:
            answer_json(request, 404, {"error": {"message": "Not Found", "type": "not_found"}})
            return
        body = _body(request)
        if not isinstance(body, dict):
            _refuse(request, "the body must be a JSON object")
            return
        agent = self._agent(body.get("model"))
        if agent is None:
            _refuse(request, "Invalid `model`. Use `openclaw` or `openclaw/<agentId>`.")
            return
        try:
            prompt, system = _prompt(body.get("messages"))
            session = self._session(agent, body.get("user"))
            run = await self._start(session, prompt, system)
        except GatewayError as error:
            _refuse(request, error.message)
            return
        except ValueError as error:
            _refuse(request, str(error))
            return
        completion = _Completion(request, str(body["model"]), self._parts.now_ms() // 1000, run.run_id)
        if body.get("stream"):
            options = body.get("stream_options")
            wants_usage = isinstance(options, dict) and bool(options.get("include_usage"))
            await self._stream(completion, run, wants_usage)
        else:
            outcome = await run.ended
            completion.answer(outcome)

    def _session(self, agent: Agent, user: Any) -> AgentSession:
        rest = f"openai-user:{user}" if isinstance(user, str) and user else f"openai:{uuid.uuid4()}"
        key = self._parts.runs.parse_key(f"agent:{agent.id}:{rest}"[:512])
        return self._parts.runs.session_for(key, created_via="http")

    async def _start(self, session: AgentSession, prompt: str, system: str) -> "_Started":
        run_id = new_run_id()
        started = _Started(run_id)
        asked = RunRequest(
            run_id,
            user_message(run_id, prompt, self._parts.now_ms()),
            fingerprint(prompt),
            CHAT,
            granted=_GRANTED,
            queue_mode=FOLLOWUP,
            extra_system=system,
            on_text=started.text,
        )
        accepted = await self._parts.runs.accept(session, asked)
        assert accepted.run is not None
        started.ended = accepted.run.when_ended()
        return started

    async def _stream(self, completion: "_Completion", run: "_Started", wants_usage: bool) -> None:
        completion.begin()
        run.listen(completion.delta)
        outcome = await run.ended
        completion.end(outcome, wants_usage)

    # Tools and histories

    async def invoke(self, request: Request) -> None:
        """``POST /tools/invoke``: the tools that are harmless to call from outside."""
        body = _body(request)
        name = body.get("tool") if isinstance(body, dict) else None
        args = body.get("args", {}) if isinstance(body, dict) else None
        if not isinstance(name, str) or not name or not isinstance(args, dict):
            error = {"type": "invalid_request", "message": "tool (text) and args (object) are needed"}
            answer_json(request, 400, {"ok": False, "error": error})
            return
        tool = self._parts.tools.get(name)
        if tool is None or not tool.over_http:
            error = {"type": "not_found", "message": f"Tool not available: {name}"}
            answer_json(request, 404, {"ok": False, "error": error})
            return
        params = {"sessionKey": body["sessionKey"]} if isinstance(body.get("sessionKey"), str) else {}
        try:
            answer = await self._tools.run(name, args, params, _GRANTED)
        except GatewayError as error:
            answer_json(request, 400, {"ok": False, "error": {"type": "invalid_request", "message": error.message}})
            return
        if answer["ok"]:
            result = {"content": [{"type": "text", "text": answer["output"]}]}
            answer_json(request, 200, {"ok": True, "result": result})
        else:
            code = answer["error"]["code"]
            refused = {"type": code, "message": answer["error"]["message"]}
            answer_json(request, 403 if code == "forbidden" else 400, {"ok": False, "error": refused})

    async def history(self, request: Request) -> None:
        """``GET /sessions/<key>/history?limit=``."""
        path = request.path.decode("utf-8", "replace")
        key, slash, last = path.removeprefix(_HISTORY_PATH).rpartition("/")
        if not slash or last != "history" or not key:
            answer_json(request, 404, {"error": {"message": "Not Found", "type": "not_found"}})
            return
        text = request.args.get(b"limit", [b"200"])[0]
        # Python itself refuses to read a number of thousands of digits.
        limit = min(int(text[:9]), 1000) if text.isdigit() and int(text[:9]) else 200
        try:
            found = self._parts.runs.parse_key(unquote(key))
        except GatewayError as error:
            _refuse(request, error.message)
            return
        session = self._parts.sessions.get(found.text)
        if session is None:
            message = f"Session not found: {found.text}"
            answer_json(request, 404, {"ok": False, "error": {"type": "not_found", "message": message}})
            return
        items = await self._parts.histories.page(session, limit)
        answer_json(request, 200, {"sessionKey": found.text, "items": items, "messages": items})


class _Started:
    """A run for one HTTP request: its words, kept until somebody listens."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        self.ended: Deferred[Outcome]
        self._kept: list[str] = []
        self._listener: Any = None

    def text(self, text: str) -> None:
        """The model said this."""
        if self._listener is not None:
            self._listener(text)
        else:
            self._kept.append(text)

    def listen(self, listener: Any) -> None:
        """Hear the words, also those said already."""
        self._listener = listener
        for text in self._kept:
            listener(text)


class _Completion:
    """Writes one completion, streamed or whole."""

    def __init__(self, request: Request, model: str, created: int, run_id: str) -> None:
        self._request = request
        self._head = {"id": f"chatcmpl_{run_id}", "created": created, "model": model}
        self._gone = False
        request.notifyFinish().addErrback(self._left)

    def _left(self, failure: Any) -> None:
        # The run goes on without its client.
        self._gone = True

    def _usage(self, outcome: Outcome) -> dict[str, int]:
        usage = outcome.usage or {}
        read, written = int(usage.get("input", 0)), int(usage.get("output", 0))
        return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}

    def answer(self, outcome: Outcome) -> None:
        """The whole completion."""
        if self._gone:
            return
        if outcome.status == ERROR:
            answer_json(self._request, 500, {"error": {"message": outcome.summary, "type": "api_error"}})
            return
        message = {"role": "assistant", "content": outcome.text}
        choice = {"index": 0, "message": message, "finish_reason": _finish(outcome)}
        body = {**self._head, "object": "chat.completion", "choices": [choice], "usage": self._usage(outcome)}
        answer_json(self._request, 200, body)

    def begin(self) -> None:
        """Headers and the chunk with the role."""
        request = self._request
        request.setHeader(b"content-type", b"text/event-stream; charset=utf-8")
        request.setHeader(b"cache-control", b"no-cache")
        self._chunk({"role": "assistant"}, None)

    def delta(self, text: str) -> None:
        """Some words."""
        if text:
            self._chunk({"content": text}, None)

    def end(self, outcome: Outcome, wants_usage: bool) -> None:
        """The last chunks."""
        if outcome.status == ERROR:
            self._write({"error": {"message": outcome.summary, "type": "api_error"}})
        else:
            self._chunk({}, _finish(outcome))
        if wants_usage:
            self._write({**self._head, "object": "chat.completion.chunk", "choices": [], "usage": self._usage(outcome)})
        if not self._gone:
            self._request.write(b"data: [DONE]\n\n")
            self._request.finish()

    def _chunk(self, delta: dict[str, Any], finish: str | None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        self._write({**self._head, "object": "chat.completion.chunk", "choices": [choice]})

    def _write(self, value: Any) -> None:
        if not self._gone:
            self._request.write(b"data: " + frames.encode_json(value) + b"\n\n")


def _finish(outcome: Outcome) -> str:
    return "length" if outcome.stop_reason == "length" else "stop"


def _body(request: Request) -> Any:
    assert request.content is not None
    try:
        return frames.decode_json(request.content.read())
    except frames.NotJson:
        return None


def _refuse(request: Request, message: str) -> None:
    answer_json(request, 400, {"error": {"message": message, "type": "invalid_request_error"}})


def _prompt(messages: Any) -> tuple[str, str]:
    """The user's words and what is said beside them, of an OpenAI conversation.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(messages, list) or not messages or len(messages) > _MAX_MESSAGES:
        raise ValueError("Missing user message in `messages`.")
    system: list[str] = []
    said: list[tuple[str, str]] = []
    for message in messages:
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            raise ValueError("every message needs a role")
        text = text_of(message)
        if message["role"] in ("system", "developer"):
            system.append(text)
        elif text:
            said.append((message["role"], text))
    if not said or said[-1][0] != "user":
        raise ValueError("Missing user message in `messages`.")
    earlier = [f"{role}: {text}" for role, text in said[:-1]]
    if earlier:
        system.append("The conversation so far:\n\n" + "\n\n".join(earlier))
    return clean(said[-1][1]), "\n\n".join(system)
