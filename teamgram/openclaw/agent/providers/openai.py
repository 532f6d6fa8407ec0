"""Any endpoint that speaks OpenAI's chat completions, streamed.

Source of the shapes: https://platform.openai.com/docs/api-reference/chat/streaming; of the ways in which other servers
differ: ``packages/ai/src/api/openai-completions.ts`` of earendil-works/pi.
"""

import json
from collections.abc import Callable
from typing import Any

from teamgram.openclaw.agent.providers.failures import failure_of
from teamgram.openclaw.agent.providers.http_stream import ProviderHttp
from teamgram.openclaw.agent.providers.model_api import ModelReply, ModelRequest, ProviderError, Usage
from teamgram.openclaw.agent.providers.openai_compat import adapted, known_refused, thinking_fields
from teamgram.openclaw.agent.providers.reply_stream import ReplyStream, count, from_json
from teamgram.openclaw.config.sections import ProviderSection
from teamgram.openclaw.sessions.transcripts import text_of

#: Requests for one reply: as it is, and again without what the provider turned out not to take.
_MOST_ASKED = 4
_REASONING_FIELDS = ("reasoning_content", "reasoning", "reasoning_text", "thinking")


class OpenAICompatible:
    """See the module. What a model turned out not to take is remembered: later calls go without it at once."""

    api = "openai-completions"

    def __init__(self, name: str, section: ProviderSection, reactor: Any) -> None:
        self._section = section
        self._http = ProviderHttp(name, section, reactor)
        self._thinking_first: set[str] = set()
        self._compat = {model.id: model.compat for model in section.models}
        self._refused = {model.id: known_refused(model.compat) for model in section.models}

    async def complete(self, request: ModelRequest, on_text: Callable[[str], None]) -> ModelReply:
        """POST /chat/completions with ``stream``."""
        headers = {"authorization": f"Bearer {self._section.api_key}"} if self._section.api_key else {}
        refused = self._refused.setdefault(request.ref.model, set())
        for _ in range(_MOST_ASKED - 1):
            told, body = self._reply(request, on_text), self._body(request, refused)
            try:
                return await self._ask(request, headers, body, told)
            except ProviderError as error:
                what = "roles" if error.reason == "roles" else error.parameter
                if what in refused or what not in ("roles", *body) or told.text:
                    raise
                refused.add(what)
        return await self._ask(request, headers, self._body(request, refused), self._reply(request, on_text))

    def _body(self, request: ModelRequest, refused: set[str]) -> dict[str, Any]:
        return to_body(request, refused, self._compat.get(request.ref.model, {}))

    def _reply(self, request: ModelRequest, on_text: Callable[[str], None]) -> "_Chunks":
        return _Chunks(on_text, request.take_back, thinks_first=request.ref.model in self._thinking_first)

    async def _ask(
        self, request: ModelRequest, headers: dict[str, str], body: dict[str, Any], told: "_Chunks"
    ) -> ModelReply:
        await self._http.stream("/chat/completions", headers, body, told)
        if told.thinks_first:
            self._thinking_first.add(request.ref.model)
        return told.reply(request.ref.model)


class _Chunks(ReplyStream):
    """The chunks of a completion, or a whole one."""

    def event(self, name: str, data: str) -> None:
        """See :meth:`ReplyStream.event`."""
        if not data or data == "[DONE]":
            self.ended = self.ended or bool(data)
            return
        chunk = from_json(data)
        if chunk is None:
            return
        if isinstance(chunk, list) and len(chunk) == 1:
            chunk = chunk[0]
        if chunk.get("error") or name == "error":
            raise failure_of(200, data)
        self.id = self.id or str(chunk.get("id") or "")
        self.model = str(chunk.get("model") or self.model)
        self._count(chunk.get("usage"))
        choices = chunk.get("choices")
        if choices is None and "object" not in chunk and "id" not in chunk and "usage" not in chunk:
            # ``{"message": "…"}`` and the like: an error that does not say so.
            raise failure_of(200, data)
        for choice in choices or ():
            if not choice.get("index"):
                self._choice(choice)

    def _count(self, usage: Any) -> None:
        if isinstance(usage, dict):
            cached = count((usage.get("prompt_tokens_details") or {}).get("cached_tokens"))
            read = max(0, count(usage.get("prompt_tokens")) - cached)
            self.usage = Usage(read, count(usage.get("completion_tokens")), cached)

    def _choice(self, choice: dict[str, Any]) -> None:
        if choice.get("error"):
            raise failure_of(200, json.dumps({"error": choice["error"]}))
        delta, message = choice.get("delta"), choice.get("message")
        if isinstance(delta, dict):
            self._thinking_of(delta)
            self.say(delta.get("content"))
            self.say(delta.get("refusal"))
            self._images_of(delta)
            self._calls_of(delta)
        if isinstance(message, dict):
            # The whole answer, or at the end of a stream all of it once more.
            if not self.progress:
                self._thinking_of(message)
            self.say_whole(message.get("content"))
            if not self.images:
                self._images_of(message)
            if not self.calls:
                self._calls_of(message)
            self.stop = self.stop or "stop"
        elif isinstance(choice.get("text"), str):
            self.say(choice["text"])
        self.stop = str(choice.get("finish_reason") or self.stop)
        if self.stop == "error":
            raise failure_of(200, json.dumps(choice))

    def _thinking_of(self, delta: dict[str, Any]) -> None:
        # Some say it under two names at once.
        self.think(next((delta[name] for name in _REASONING_FIELDS if delta.get(name)), None))

    def _images_of(self, delta: dict[str, Any]) -> None:
        # OpenRouter's form for models that draw.
        images = delta.get("images")
        for image in images if isinstance(images, list) else ():
            self.show_url((image.get("image_url") or {}).get("url"))

    def _calls_of(self, delta: dict[str, Any]) -> None:
        parts = delta.get("tool_calls") or ()
        for part in [parts] if isinstance(parts, dict) else parts:
            function = part.get("function") or {}
            self._call(part.get("index"), part.get("id"), function.get("name"), function.get("arguments"))
        old = delta.get("function_call")
        if isinstance(old, dict) and not parts:
            self._call("function_call", None, old.get("name"), old.get("arguments"))

    def _call(self, index: Any, call_id: Any, name: Any, arguments: Any) -> None:
        self.progress += 1
        self.calls.add(index, str(call_id or ""), str(name or ""), arguments)

    def reply(self, model: str) -> ModelReply:
        """See :meth:`ReplyStream.whole`; some endpoints say why they stopped and then close without ``[DONE]``."""
        found = self.whole(
            model, "length" if self.stop == "length" else "stop", is_refused=self.stop == "content_filter"
        )
        found.usage.output = found.usage.output or len(found.text) // 4
        return found


def to_body(request: ModelRequest, refused: set[str], compat: dict[str, Any]) -> dict[str, Any]:
    """The request as OpenAI wants it, without what the provider does not take.

    Args:
        refused: names of fields, and ``roles`` when two messages of one role in a row are not taken.
        compat: of the model.
    """
    told = to_messages(request)
    called = {call["id"]: call["function"]["name"] for each in told for call in each.get("tool_calls") or ()}
    messages = adapted(told, called, compat)
    body: dict[str, Any] = {
        "model": request.ref.model,
        "messages": joined_roles(messages) if "roles" in refused else messages,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if request.max_tokens:
        name = "max_completion_tokens" if "max_tokens" in refused else "max_tokens"
        body[name] = request.max_tokens
    body |= thinking_fields(request.effort, compat)
    if request.tools:
        body["tools"] = [
            {"type": "function", "function": {"name": t.name, "description": t.description, "parameters": t.parameters}}
            for t in request.tools
        ]
    return {name: value for name, value in body.items() if name not in refused}


def to_messages(request: ModelRequest) -> list[dict[str, Any]]:
    """The conversation as OpenAI wants it."""
    told: list[dict[str, Any]] = [{"role": "system", "content": request.system}] if request.system else []
    for message in request.messages:
        role = message.get("role")
        if role == "toolResult":
            told.append({"role": "tool", "tool_call_id": message.get("toolCallId"), "content": text_of(message)})
        elif role == "assistant":
            calls = [
                {
                    "id": part["id"],
                    "type": "function",
                    "function": {"name": part["name"], "arguments": json.dumps(part.get("arguments") or {})},
                }
                for part in message.get("content") or ()
                if isinstance(part, dict) and part.get("type") == "toolCall"
            ]
            text = text_of(message)
            if calls:
                told.append({"role": "assistant", "content": text or None, "tool_calls": calls})
            elif text:
                told.append({"role": "assistant", "content": text})
        else:
            told.append({"role": "user", "content": _user_content(message)})
    return told


def joined_roles(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same with messages of one role in a row as one: chat templates of some local models want them by turns."""
    told: list[dict[str, Any]] = []
    for message in messages:
        last = told[-1] if told else None
        plain = message["role"] in ("user", "assistant") and not message.get("tool_calls")
        if last is not None and plain and last["role"] == message["role"] and not last.get("tool_calls"):
            told[-1] = {**last, "content": _joined(last["content"], message["content"])}
        else:
            told.append(message)
    return told


def _joined(first: Any, second: Any) -> Any:
    if isinstance(first, str) and isinstance(second, str):
        return f"{first}\n\n{second}"
    as_parts = [[{"type": "text", "text": side}] if isinstance(side, str) else side for side in (first, second)]
    return as_parts[0] + as_parts[1]


def _user_content(message: dict[str, Any]) -> Any:
    content = message.get("content")
    images = [
        {"type": "image_url", "image_url": {"url": f"data:{part['mimeType']};base64,{part['data']}"}}
        for part in (content if isinstance(content, list) else ())
        if isinstance(part, dict) and part.get("type") == "image"
    ]
    text = text_of(message)
    return [{"type": "text", "text": text}, *images] if images else text
