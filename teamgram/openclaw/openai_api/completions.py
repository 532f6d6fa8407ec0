"""``POST /v1/chat/completions``."""

import json
from typing import Any

from twisted.web.http import Request

from teamgram.openclaw.agent.outcome import ERROR, Outcome
from teamgram.openclaw.agent.parts import AgentParts
from teamgram.openclaw.gateway import frames
from teamgram.openclaw.gateway.http import HttpRoutes, answer_json
from teamgram.openclaw.methods.chat import clean
from teamgram.openclaw.openai_api import conversation
from teamgram.openclaw.openai_api.fetched_images import FetchedImages
from teamgram.openclaw.openai_api.turns import (
    MAX_BODY_BYTES,
    ApiRefusal,
    ApiTurns,
    body_of,
    max_tokens_of,
    refused,
    usage_of,
)


class ChatCompletions:
    """The resource."""

    def __init__(self, parts: AgentParts, turns: ApiTurns, images: FetchedImages, routes: HttpRoutes) -> None:
        self._parts = parts
        self._images = images
        self._turns = turns
        path = "/v1/chat/completions"
        routes.add(path, self.complete, methods=("POST",), bearer=True, max_body_bytes=MAX_BODY_BYTES)

    async def complete(self, request: Request) -> None:
        """One completion, whole or in pieces."""
        try:
            await self._complete(request)
        except ApiRefusal as error:
            error.answer(request)

    async def _complete(self, request: Request) -> None:
        if not self._parts.config.sections.gateway.http.endpoints.chat_completions.enabled:
            raise ApiRefusal(404, "Not Found", kind="not_found")
        body, turns = body_of(request), self._turns
        if body.get("n") not in (None, 1):
            raise ApiRefusal(400, "n must be 1", parameter="n")
        agent = turns.agent(request, body.get("model"))
        limit = max_tokens_of(body, "max_completion_tokens", "max_tokens")
        try:
            section = self._parts.config.sections.gateway.http.endpoints.chat_completions
            await self._images.put_in(body.get("messages"), section)
            sent = conversation.from_messages(body.get("messages"), turns.now_ms(), clean)
            tools = conversation.tools_of(body.get("tools"), body.get("tool_choice"))
        except conversation.BadConversation as error:
            raise refused(error) from None
        session = turns.session(request, agent, body.get("user"))
        turn = await turns.start(request, session, sent, tools=tools, max_tokens=limit)
        completion = _Completion(request, str(body.get("model")), turns.now_ms() // 1000, turn.run_id)
        if not body.get("stream"):
            completion.answer(await turns.end(turn))
            return
        options = body.get("stream_options")
        completion.begin(with_usage=isinstance(options, dict) and bool(options.get("include_usage")))
        turn.listen(completion.delta)
        completion.end(await turns.end(turn))


class _Completion:
    """Writes one."""

    def __init__(self, request: Request, model: str, created: int, run_id: str) -> None:
        self._request = request
        self._head = {"id": f"chatcmpl_{run_id}", "created": created, "model": model}
        self._gone = False
        self._with_usage = False
        request.notifyFinish().addErrback(self._left)

    def _left(self, failure: Any) -> None:
        self._gone = True

    def answer(self, outcome: Outcome) -> None:
        """The whole completion."""
        if self._gone:
            return
        if outcome.status == ERROR:
            ApiRefusal(500, outcome.summary, kind="api_error").answer(self._request)
            return
        message: dict[str, Any] = {"role": "assistant", "content": outcome.text or None}
        if not outcome.tool_calls:
            message["content"] = outcome.text
        else:
            message["tool_calls"] = _calls(outcome)
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _finish(outcome)}
        body = {**self._head, "object": "chat.completion", "choices": [choice], "usage": _usage(outcome)}
        answer_json(self._request, 200, body)

    def begin(self, *, with_usage: bool) -> None:
        """Headers and the chunk with the role."""
        request = self._request
        self._with_usage = with_usage
        request.setHeader(b"content-type", b"text/event-stream; charset=utf-8")
        request.setHeader(b"cache-control", b"no-cache")
        self._chunk({"role": "assistant"}, None)

    def delta(self, text: str) -> None:
        """Some words."""
        if text:
            self._chunk({"content": text}, None)

    def end(self, outcome: Outcome) -> None:
        """The last chunks."""
        if outcome.status == ERROR:
            self._write({"error": {"message": outcome.summary, "type": "api_error", "param": None, "code": None}})
        else:
            for index, call in enumerate(_calls(outcome)):
                self._chunk({"tool_calls": [{"index": index, **call}]}, None)
            self._chunk({}, _finish(outcome))
        if self._with_usage:
            self._write({**self._head, "object": "chat.completion.chunk", "choices": [], "usage": _usage(outcome)})
        if not self._gone:
            self._request.write(b"data: [DONE]\n\n")
            self._request.finish()

    def _chunk(self, delta: dict[str, Any], finish: str | None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        value = {**self._head, "object": "chat.completion.chunk", "choices": [choice]}
        self._write({**value, "usage": None} if self._with_usage else value)

    def _write(self, value: Any) -> None:
        if not self._gone:
            self._request.write(b"data: " + frames.encode_json(value) + b"\n\n")


def _calls(outcome: Outcome) -> list[dict[str, Any]]:
    return [
        {
            "id": call["id"],
            "type": "function",
            "function": {"name": call["name"], "arguments": json.dumps(call["arguments"], ensure_ascii=False)},
        }
        for call in outcome.tool_calls
    ]


def _finish(outcome: Outcome) -> str:
    if outcome.tool_calls:
        return "tool_calls"
    return "length" if outcome.stop_reason == "length" else "stop"


def _usage(outcome: Outcome) -> dict[str, Any]:
    counted = usage_of(outcome)
    return {
        "prompt_tokens": counted["read"],
        "completion_tokens": counted["written"],
        "total_tokens": counted["read"] + counted["written"],
        "prompt_tokens_details": {"cached_tokens": counted["cached"]},
    }
