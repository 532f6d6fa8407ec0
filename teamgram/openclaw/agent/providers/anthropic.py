"""Anthropic's messages API, streamed."""

from collections.abc import Callable
from typing import Any

from teamgram.openclaw.agent.providers.http_stream import ProviderHttp
from teamgram.openclaw.agent.providers.model_api import (
    RATE_LIMIT,
    ModelReply,
    ModelRequest,
    ProviderError,
)
from teamgram.openclaw.agent.providers.reply_stream import ReplyStream, from_json
from teamgram.openclaw.config.sections import ProviderSection
from teamgram.openclaw.sessions.agent_sessions import text_of

_VERSION = "2023-06-01"
_DEFAULT_MAX_TOKENS = 8192
_STOP_REASONS = {"tool_use": "toolUse", "max_tokens": "length"}


class Anthropic:
    """See the module."""

    api = "anthropic-messages"

    def __init__(self, name: str, section: ProviderSection, reactor: Any) -> None:
        self._name = name
        self._section = section
        self._http = ProviderHttp(section, reactor)

    async def complete(self, request: ModelRequest, on_text: Callable[[str], None]) -> ModelReply:
        """POST /v1/messages with ``stream``."""
        body: dict[str, Any] = {
            "model": request.ref.model,
            "max_tokens": request.max_tokens or _DEFAULT_MAX_TOKENS,
            "messages": to_messages(request.messages),
            "stream": True,
        }
        if request.system:
            body["system"] = request.system
        if request.tools:
            body["tools"] = [
                {"name": t.name, "description": t.description, "input_schema": t.parameters} for t in request.tools
            ]
        headers = {"x-api-key": self._section.api_key, "anthropic-version": _VERSION}
        path = "/messages" if self._section.base_url.rstrip("/").endswith("/v1") else "/v1/messages"
        told = _Messages(on_text)
        await self._http.stream(path, headers, body, told.event)
        return told.reply(request.ref.model)


class _Messages(ReplyStream):
    """The events of the messages API."""

    max_calls = 256

    def event(self, name: str, data: str) -> None:
        """One server-sent event."""
        value = from_json(data)
        kind = value.get("type")
        if kind == "message_start":
            message = value["message"]
            self.id, self.model = str(message.get("id") or ""), str(message.get("model") or "")
            self._count(message.get("usage") or {})
        elif kind == "content_block_start" and value["content_block"].get("type") == "tool_use":
            block = value["content_block"]
            self.call(int(value["index"])).update(id=block["id"], name=block["name"])
        elif kind == "content_block_delta":
            delta = value["delta"]
            if delta.get("type") == "text_delta":
                self.say(delta["text"])
            elif delta.get("type") == "input_json_delta":
                self._calls[int(value["index"])]["arguments"] += delta["partial_json"]
        elif kind == "message_delta":
            self.stop = str(value["delta"].get("stop_reason") or self.stop)
            self._count(value.get("usage") or {})
        elif kind == "message_stop":
            self.ended = True
        elif kind == "error":
            raise _failure(value.get("error") or {})

    def _count(self, usage: dict[str, Any]) -> None:
        found = self.usage
        found.input = int(usage.get("input_tokens") or found.input)
        found.output = int(usage.get("output_tokens") or found.output)
        found.cache_read = int(usage.get("cache_read_input_tokens") or found.cache_read)
        found.cache_write = int(usage.get("cache_creation_input_tokens") or found.cache_write)

    def reply(self, model: str) -> ModelReply:
        """See :meth:`ReplyStream.whole`."""
        reason = _STOP_REASONS.get(self.stop, "stop")
        return self.whole(model, reason, is_refused=self.stop == "refusal", is_complete=self.ended)


def _failure(error: dict[str, Any]) -> ProviderError:
    kind = str(error.get("type") or "")
    if kind == "rate_limit_error":
        return ProviderError(
            "The model provider is rate limiting requests.", kind=RATE_LIMIT, reason="rate_limit", retryable=True
        )
    if kind in ("overloaded_error", "api_error"):
        return ProviderError("The model provider is overloaded.", reason="overloaded", retryable=True)
    return ProviderError("The model provider rejected the request.", reason="format")


def to_messages(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The conversation as Anthropic wants it: roles take turns, tool results are the user's."""
    told: list[dict[str, Any]] = []
    for message in messages:
        role = message.get("role")
        if role == "toolResult":
            parts: list[dict[str, Any]] = [
                {
                    "type": "tool_result",
                    "tool_use_id": message.get("toolCallId"),
                    "content": text_of(message) or "(nothing)",
                    "is_error": bool(message.get("isError")),
                }
            ]
            role = "user"
        else:
            parts = _parts(message)
            role = "assistant" if role == "assistant" else "user"
        if not parts:
            continue
        if told and told[-1]["role"] == role:
            told[-1]["content"] += parts
        else:
            told.append({"role": role, "content": parts})
    return told


def _parts(message: dict[str, Any]) -> list[dict[str, Any]]:
    text = text_of(message)
    parts: list[dict[str, Any]] = [{"type": "text", "text": text}] if text.strip() else []
    content = message.get("content")
    for part in content if isinstance(content, list) else ():
        if isinstance(part, dict) and part.get("type") == "toolCall":
            parts.append(
                {"type": "tool_use", "id": part["id"], "name": part["name"], "input": part.get("arguments") or {}}
            )
        elif isinstance(part, dict) and part.get("type") == "image":
            source = {"type": "base64", "media_type": part["mimeType"], "data": part["data"]}
            parts.append({"type": "image", "source": source})
    return parts
