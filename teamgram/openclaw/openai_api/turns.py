"""From a request of somebody's program to a run, and what is told of it."""

import uuid
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.web.http import Request

from teamgram.openclaw.agent.idempotency import fingerprint
from teamgram.openclaw.agent.outcome import Outcome
from teamgram.openclaw.agent.parts import AgentParts
from teamgram.openclaw.agent.providers.model_api import ModelRef, ToolSpec
from teamgram.openclaw.agent.roster import Agent
from teamgram.openclaw.agent.run import CHAT, FOLLOWUP, Run, RunRequest
from teamgram.openclaw.gateway import frames, scopes
from teamgram.openclaw.gateway.errors import GatewayError
from teamgram.openclaw.gateway.http import answer_json
from teamgram.openclaw.openai_api.conversation import BadConversation, SentConversation
from teamgram.openclaw.sessions import transcripts
from teamgram.openclaw.sessions.agent_session import AgentSession
from teamgram.openclaw.sessions.transcripts import text_of

MODEL = "openclaw"
#: A conversation with pictures.
MAX_BODY_BYTES = 26 * 1024 * 1024
#: Whoever comes this way has shown the shared secret, which opens everything.
GRANTED = scopes.expand([scopes.ADMIN])
_MAX_USER = 200


class ApiRefusal(Exception):
    """A refusal in OpenAI's shape."""

    def __init__(
        self, status: int, message: str, *, kind: str = "invalid_request_error", parameter: str = "", code: str = ""
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = {
            "error": {"message": message, "type": kind, "param": parameter or None, "code": code or None},
        }

    def answer(self, request: Request) -> None:
        """Finish the request with it."""
        answer_json(request, self.status, self.body)


def body_of(request: Request) -> dict[str, Any]:
    """The request's JSON object.

    Raises:
        ApiRefusal: it has none.
    """
    assert request.content is not None
    try:
        body = frames.decode_json(request.content.read())
    except frames.NotJson:
        body = None
    if not isinstance(body, dict):
        raise ApiRefusal(400, "the body must be a JSON object")
    return body


def header(request: Request, name: str) -> str:
    """One of ours, empty without."""
    return (request.getHeader(name) or "").strip()


class ApiTurn:
    """A run for one HTTP request: its words, kept until somebody listens."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        self.session_key = ""
        self.run: Run | None = None
        self._kept: list[str] = []
        self._listener: Callable[[str], None] | None = None

    def text(self, text: str) -> None:
        """Some words came."""
        if self._listener is not None:
            self._listener(text)
        else:
            self._kept.append(text)

    def listen(self, listener: Callable[[str], None]) -> None:
        """Hear those that came and those that come."""
        self._listener = listener
        for text in self._kept:
            listener(text)
        self._kept.clear()


class ApiTurns:
    """Starts them."""

    def __init__(self, parts: AgentParts) -> None:
        self._parts = parts

    def now_ms(self) -> int:
        """Unix milliseconds."""
        return self._parts.now_ms()

    def agent(self, request: Request, model: Any) -> Agent:
        """``openclaw``, ``openclaw/<agent>``, ``agent:<agent>``, or the header's.

        Raises:
            ApiRefusal: there is no such agent.
        """
        roster = self._parts.roster
        named = header(request, "x-openclaw-agent-id").lower()
        agent = roster.get(named) if named else self.agent_of(model)
        if agent is None:
            text = "Invalid `model`. Use `openclaw`, `openclaw/<agentId>` or `agent:<agentId>`."
            raise ApiRefusal(400, text, parameter="model", code="model_not_found")
        return agent

    def agent_of(self, model: Any) -> Agent | None:
        """The agent that a model's name means."""
        if model in (MODEL, f"{MODEL}/default", f"{MODEL}:default"):
            return self._parts.roster.default
        for prefix in (f"{MODEL}/", f"{MODEL}:", "agent:"):
            if isinstance(model, str) and model.startswith(prefix):
                return self._parts.roster.get(model.removeprefix(prefix).lower())
        return None

    def _model(self, request: Request) -> str:
        wanted = header(request, "x-openclaw-model")
        if not wanted:
            return ""
        try:
            ref = ModelRef.parse(wanted)
        except ValueError:
            raise ApiRefusal(400, "x-openclaw-model must be provider/model") from None
        if not self._parts.catalog.knows_provider(ref.provider):
            raise ApiRefusal(400, f'no provider "{ref.provider}" is configured', code="model_not_found")
        return wanted

    def session(self, request: Request, agent: Agent, user: Any, known_key: str = "") -> AgentSession:
        """The header's, that of a ``user``, or one for this call alone.

        Args:
            known_key: of a conversation that goes on.

        Raises:
            ApiRefusal: the key is none.
        """
        named = header(request, "x-openclaw-session-key") or known_key
        if not named:
            rest = f"openai-user:{user[:_MAX_USER]}" if isinstance(user, str) and user else f"openai:{uuid.uuid4()}"
            named = f"agent:{agent.id}:{rest}"
        try:
            key = self._parts.runs.parse_key(named, agent.id)
            return self._parts.runs.session_for(key, created_via="http")
        except GatewayError as error:
            raise ApiRefusal(400, error.message) from None

    async def start(
        self,
        request: Request,
        session: AgentSession,
        sent: SentConversation,
        *,
        tools: tuple[ToolSpec, ...] = (),
        max_tokens: int = 0,
    ) -> ApiTurn:
        """A run that is on its way.

        Raises:
            ApiRefusal: it is not taken.
        """
        parts, run_id = self._parts, str(uuid.uuid4())
        turn = ApiTurn(run_id)
        turn.session_key = session.key
        *before, last = sent.turn
        seeded = before if session.messages else [*sent.earlier, *before]
        message = {**last, "idempotencyKey": f"{run_id}:user"} if last["role"] == "user" else last
        asked = RunRequest(
            run_id,
            message,
            fingerprint(text_of(last)),
            CHAT,
            granted=GRANTED,
            queue_mode=FOLLOWUP,
            model=self._model(request),
            extra_system=sent.system,
            on_text=turn.text,
            client_tools=tools,
            max_tokens=max_tokens,
        )
        try:
            if seeded:
                now_ms = parts.now_ms()
                records = [transcripts.record(transcripts.MESSAGE, None, now_ms, message=each) for each in seeded]
                await parts.sessions.append(session, records, now_ms)
            accepted = await parts.runs.accept(session, asked)
        except GatewayError as error:
            raise ApiRefusal(503, error.message, kind="api_error") from None
        except OSError as error:
            raise ApiRefusal(503, f"the conversation could not be kept: {error}", kind="api_error") from None
        assert accepted.run is not None
        turn.run = accepted.run
        return turn

    async def end(self, turn: ApiTurn) -> Outcome:
        """How it ended. Whoever stops waiting because its client is gone stops the run."""
        assert turn.run is not None
        ended: Deferred[Outcome] = turn.run.when_ended()
        try:
            return await ended
        except CancelledError:
            self._parts.lanes.stop(turn.run, "client-gone")
            raise


def usage_of(outcome: Outcome) -> dict[str, int]:
    """(read, of that from a cache, written)."""
    usage = outcome.usage or {}
    cached = int(usage.get("cacheRead", 0))
    read = int(usage.get("input", 0)) + cached + int(usage.get("cacheWrite", 0))
    return {"read": read, "cached": cached, "written": int(usage.get("output", 0))}


def max_tokens_of(body: dict[str, Any], *names: str) -> int:
    """The limit that a request gives; 0 without.

    Raises:
        ApiRefusal: it is none.
    """
    for name in names:
        value = body.get(name)
        if value is None:
            continue
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise ApiRefusal(400, f"{name} must be a positive number", parameter=name)
        return value
    return 0


def refused(error: BadConversation) -> ApiRefusal:
    """What is wrong with a conversation, as a refusal."""
    return ApiRefusal(400, str(error), parameter=error.parameter)
