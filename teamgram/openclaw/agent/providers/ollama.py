"""Ollama's own chat API: lines of JSON.

Source of the shapes: docs/api.md of ollama/ollama, "Generate a chat completion" (``done``, ``done_reason``,
``prompt_eval_count``), and https://ollama.com/blog/streaming-tool (calls within the stream).
"""

from collections.abc import Callable
from typing import Any

from teamgram.openclaw.agent.providers.failures import failure_of
from teamgram.openclaw.agent.providers.http_stream import ProviderHttp
from teamgram.openclaw.agent.providers.model_api import ModelReply, ModelRequest, Usage
from teamgram.openclaw.agent.providers.reply_stream import ReplyStream, count, from_json
from teamgram.openclaw.config.sections import ProviderSection
from teamgram.openclaw.sessions.transcripts import text_of


class Ollama:
    """See the module. Ollama sees as much as ``num_ctx`` says, so a model's ``contextWindow`` is sent as that."""

    api = "ollama"

    def __init__(self, name: str, section: ProviderSection, reactor: Any) -> None:
        self._section = section
        # An address of its OpenAI endpoints is as good.
        base = section.base_url.rstrip("/").removesuffix("/v1").removesuffix("/api")
        self._http = ProviderHttp(name, section, reactor, base)

    async def complete(self, request: ModelRequest, on_text: Callable[[str], None]) -> ModelReply:
        """POST /api/chat with ``stream``."""
        body: dict[str, Any] = {"model": request.ref.model, "messages": to_messages(request), "stream": True}
        window = next((m.context_window for m in self._section.models if m.id == request.ref.model), 0)
        options = {"num_predict": request.max_tokens, "num_ctx": window}
        body["options"] = {name: value for name, value in options.items() if value}
        if request.effort:
            body["think"] = True
        if request.tools:
            body["tools"] = [
                {
                    "type": "function",
                    "function": {"name": t.name, "description": t.description, "parameters": t.parameters},
                }
                for t in request.tools
            ]
        headers = {"authorization": f"Bearer {self._section.api_key}"} if self._section.api_key else {}
        told = _Lines(on_text, request.take_back)
        await self._http.stream("/api/chat", headers, body, told)
        return told.whole(request.ref.model, "length" if told.stop == "length" else "stop", is_refused=False)


class _Lines(ReplyStream):
    """The lines of a chat, the last of which is ``done``."""

    def event(self, name: str, data: str) -> None:
        """See :meth:`ReplyStream.event`."""
        value = from_json(data) if data else None
        if value is None:
            return
        if value.get("error"):
            raise failure_of(200, data)
        self.model = str(value.get("model") or self.model)
        message = value.get("message") or {}
        self.think(message.get("thinking"))
        self.say(message.get("content"))
        for call in message.get("tool_calls") or ():
            function = call.get("function") or {}
            self.progress += 1
            self.calls.begin(
                None, str(call.get("id") or ""), str(function.get("name") or ""), function.get("arguments")
            )
        if value.get("done"):
            self.stop = str(value.get("done_reason") or "stop")
            self.usage = Usage(count(value.get("prompt_eval_count")), count(value.get("eval_count")))
            self.ended = True


def to_messages(request: ModelRequest) -> list[dict[str, Any]]:
    """The conversation as Ollama wants it: images beside the words, arguments as objects, results by a tool's name."""
    told: list[dict[str, Any]] = [{"role": "system", "content": request.system}] if request.system else []
    for message in request.messages:
        role, text = message.get("role"), text_of(message)
        content = message.get("content")
        parts = [part for part in content if isinstance(part, dict)] if isinstance(content, list) else []
        if role == "toolResult":
            told.append({"role": "tool", "tool_name": message.get("toolName"), "content": text})
            continue
        entry: dict[str, Any] = {"role": "assistant" if role == "assistant" else "user", "content": text}
        calls = [
            {"function": {"name": part["name"], "arguments": part.get("arguments") or {}}}
            for part in parts
            if part.get("type") == "toolCall"
        ]
        images = [part["data"] for part in parts if part.get("type") == "image"]
        if calls:
            entry["tool_calls"] = calls
        if images:
            entry["images"] = images
        if text or calls or images:
            told.append(entry)
    return told
