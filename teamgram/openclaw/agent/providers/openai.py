"""Any endpoint that speaks OpenAI's chat completions, streamed."""

import json
from collections.abc import Callable
from typing import Any

from teamgram.openclaw.agent.providers.http_stream import ProviderHttp
from teamgram.openclaw.agent.providers.model_api import ModelReply, ModelRequest, Usage, failure_of
from teamgram.openclaw.agent.providers.reply_stream import ReplyStream, from_json
from teamgram.openclaw.config.sections import ProviderSection
from teamgram.openclaw.sessions.agent_sessions import text_of


class OpenAICompatible:
    """See the module."""

    api = "openai-completions"

    def __init__(self, name: str, section: ProviderSection, reactor: Any) -> None:
        self._name = name
        self._section = section
        self._http = ProviderHttp(section, reactor)

    async def complete(self, request: ModelRequest, on_text: Callable[[str], None]) -> ModelReply:
        """POST /chat/completions with ``stream``."""
        body: dict[str, Any] = {
            "model": request.ref.model,
            "messages": to_messages(request),
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if request.max_tokens:
            body["max_tokens"] = request.max_tokens
        if request.tools:
            body["tools"] = [
                {
                    "type": "function",
                    "function": {"name": t.name, "description": t.description, "parameters": t.parameters},
                }
                for t in request.tools
            ]
        headers = {"authorization": f"Bearer {self._section.api_key}"} if self._section.api_key else {}
        told = _Chunks(on_text)
        await self._http.stream("/chat/completions", headers, body, told.event)
        return told.reply(request.ref.model)


class _Chunks(ReplyStream):
    """The chunks of a completion."""

    max_calls = 64

    def event(self, name: str, data: str) -> None:
        """One server-sent event."""
        if data == "[DONE]":
            self.ended = True
            return
        chunk = from_json(data)
        if chunk.get("error"):
            error = chunk["error"]
            raise failure_of(int(error.get("code") or 500) if str(error.get("code")).isdigit() else 500, str(error))
        self.id = self.id or str(chunk.get("id") or "")
        self.model = str(chunk.get("model") or self.model)
        usage = chunk.get("usage")
        if usage:
            cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
            self.usage = Usage(
                max(0, int(usage.get("prompt_tokens") or 0) - cached), int(usage.get("completion_tokens") or 0), cached
            )
        for choice in chunk.get("choices") or ():
            self._choice(choice)

    def _choice(self, choice: dict[str, Any]) -> None:
        delta = choice.get("delta") or {}
        text = delta.get("content")
        if text:
            self.say(text)
        for part in delta.get("tool_calls") or ():
            call = self.call(int(part.get("index") or 0))
            function = part.get("function") or {}
            call["id"] = str(part.get("id") or call["id"])
            call["name"] += str(function.get("name") or "")
            call["arguments"] += str(function.get("arguments") or "")
        self.stop = str(choice.get("finish_reason") or self.stop)

    def reply(self, model: str) -> ModelReply:
        """See :meth:`ReplyStream.whole`; some endpoints say why they stopped and then close without ``[DONE]``."""
        if not self.usage.output:
            self.usage.output = len(self.text) // 4
        return self.whole(
            model,
            "length" if self.stop == "length" else "stop",
            is_refused=self.stop == "content_filter",
            is_complete=self.ended or bool(self.stop),
        )


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
            entry: dict[str, Any] = {"role": "assistant", "content": text_of(message) or None}
            if calls:
                entry["tool_calls"] = calls
            told.append(entry)
        else:
            told.append({"role": "user", "content": _user_content(message)})
    return told


def _user_content(message: dict[str, Any]) -> Any:
    content = message.get("content")
    images = [
        {"type": "image_url", "image_url": {"url": f"data:{part['mimeType']};base64,{part['data']}"}}
        for part in (content if isinstance(content, list) else ())
        if isinstance(part, dict) and part.get("type") == "image"
    ]
    text = text_of(message)
    return [{"type": "text", "text": text}, *images] if images else text
