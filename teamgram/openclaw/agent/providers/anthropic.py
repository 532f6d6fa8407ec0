"""Anthropic's messages API, streamed.

Source of the events: https://docs.claude.com/en/docs/build-with-claude/streaming.
"""

from collections.abc import Callable
from typing import Any

from teamgram.openclaw.agent.providers import thinking
from teamgram.openclaw.agent.providers.failures import failure_of
from teamgram.openclaw.agent.providers.http_stream import ProviderHttp
from teamgram.openclaw.agent.providers.model_api import ModelRef, ModelReply, ModelRequest
from teamgram.openclaw.agent.providers.reply_stream import MAX_THINKING_CHARS, ReplyStream, count, from_json
from teamgram.openclaw.config.sections import ProviderSection
from teamgram.openclaw.sessions.transcripts import text_of

_VERSION = "2023-06-01"
_DEFAULT_MAX_TOKENS = 8192
_MAX_THOUGHTS = 64
#: Marks the end of what the next call will begin with again.
#: Source: https://docs.claude.com/en/docs/build-with-claude/prompt-caching.
_CACHE = {"type": "ephemeral"}
_STOP_REASONS = {"tool_use": "toolUse", "max_tokens": "length"}


class Anthropic:
    """See the module."""

    api = "anthropic-messages"

    def __init__(self, name: str, section: ProviderSection, reactor: Any) -> None:
        self._section = section
        self._http = ProviderHttp(name, section, reactor)

    async def complete(self, request: ModelRequest, on_text: Callable[[str], None]) -> ModelReply:
        """POST /v1/messages with ``stream``."""
        limit, budget = _limits(request)
        body: dict[str, Any] = {
            "model": request.ref.model,
            "max_tokens": limit,
            "messages": _cached(to_messages(request.messages, request.ref if budget else None)),
            "stream": True,
        }
        if budget:
            body["thinking"] = {"type": "enabled", "budget_tokens": budget}
        if request.system:
            body["system"] = [{"type": "text", "text": request.system, "cache_control": _CACHE}]
        if request.tools:
            body["tools"] = [
                {"name": t.name, "description": t.description, "input_schema": t.parameters} for t in request.tools
            ]
        headers = {"x-api-key": self._section.api_key, "anthropic-version": _VERSION}
        path = "/messages" if self._section.base_url.rstrip("/").endswith("/v1") else "/v1/messages"
        told = _Messages(on_text)
        await self._http.stream(path, headers, body, told)
        return told.reply(request.ref.model)


class _Messages(ReplyStream):
    """The events of the messages API, or a whole message."""

    max_calls = 256

    def __init__(self, on_text: Callable[[str], None]) -> None:
        super().__init__(on_text)
        self._thinking_blocks: dict[Any, dict[str, Any]] = {}

    def event(self, name: str, data: str) -> None:
        """See :meth:`ReplyStream.event`."""
        value = from_json(data) if data else None
        if value is None:
            return
        kind = value.get("type")
        if kind == "message_start":
            self._about(value["message"])
        elif kind == "content_block_start":
            self._begin(value.get("index"), value["content_block"])
        elif kind == "content_block_delta":
            self._delta(value.get("index"), value["delta"])
        elif kind == "message_delta":
            self.stop = str((value.get("delta") or {}).get("stop_reason") or self.stop)
            self._count(value.get("usage") or {})
        elif kind == "message_stop":
            self.ended = True
        elif kind == "message":
            self._about(value)
            for index, block in enumerate(value.get("content") or ()):
                self._begin(index, block)
            self.stop = str(value.get("stop_reason") or "end_turn")
            self.ended = True
        elif kind == "error" or name == "error" or value.get("error"):
            raise failure_of(200, data)

    def _about(self, message: dict[str, Any]) -> None:
        self.id, self.model = str(message.get("id") or ""), str(message.get("model") or "")
        self._count(message.get("usage") or {})

    def _begin(self, index: Any, block: dict[str, Any]) -> None:
        kind = block.get("type")
        if kind == "tool_use":
            self.progress += 1
            # A stream begins it with an empty object and then tells the pieces.
            arguments = block.get("input") or None
            self.calls.begin(index, str(block.get("id") or ""), str(block.get("name") or ""), arguments)
        elif kind == "text":
            self.say(block.get("text"))
        elif kind == "thinking":
            part = {"type": "thinking", "thinking": "", "thinkingSignature": str(block.get("signature") or "")}
            self._thinking_blocks[index] = part
            self.thoughts.append(part)
            self._more_thinking(index, block.get("thinking"))
        elif kind == "redacted_thinking":
            data = str(block.get("data") or "")
            self.thoughts.append({"type": "thinking", "thinking": "", "thinkingSignature": data, "redacted": True})

    def _more_thinking(self, index: Any, text: Any) -> None:
        self.think(text)
        part = self._thinking_blocks.get(index)
        # Signed as a whole: what is cut could not be given back.
        if part is not None and isinstance(text, str):
            part["thinking"] += text

    def _delta(self, index: Any, delta: dict[str, Any]) -> None:
        kind = delta.get("type")
        if kind == "text_delta":
            self.say(delta.get("text"))
        elif kind == "thinking_delta":
            self._more_thinking(index, delta.get("thinking"))
        elif kind == "signature_delta":
            part = self._thinking_blocks.get(index)
            if part is not None:
                part["thinkingSignature"] += str(delta.get("signature") or "")
        elif kind == "input_json_delta":
            self.progress += 1
            self.calls.add(index, "", "", delta.get("partial_json"))

    def _count(self, usage: dict[str, Any]) -> None:
        found = self.usage
        found.input = count(usage.get("input_tokens")) or found.input
        found.output = count(usage.get("output_tokens")) or found.output
        found.cache_read = count(usage.get("cache_read_input_tokens")) or found.cache_read
        found.cache_write = count(usage.get("cache_creation_input_tokens")) or found.cache_write

    def reply(self, model: str) -> ModelReply:
        """See :meth:`ReplyStream.whole`."""
        size = sum(len(part["thinking"]) + len(part["thinkingSignature"]) for part in self.thoughts)
        if size > MAX_THINKING_CHARS or len(self.thoughts) > _MAX_THOUGHTS:
            self.thoughts.clear()
        self.thoughts[:] = [part for part in self.thoughts if part["thinkingSignature"]]
        return self.whole(model, _STOP_REASONS.get(self.stop, "stop"), is_refused=self.stop == "refusal")


def _cached(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same, its last part marked: the next turn begins with all of it."""
    if messages:
        last = messages[-1]
        *parts, end = last["content"]
        messages = [*messages[:-1], {**last, "content": [*parts, {**end, "cache_control": _CACHE}]}]
    return messages


def _limits(request: ModelRequest) -> tuple[int, int]:
    """(tokens of the reply, of them for thinking; 0 for none)."""
    budget = thinking.BUDGETS.get(request.effort, 0)
    limit = request.max_tokens or _DEFAULT_MAX_TOKENS
    if not budget or not thinking.may_think(request.messages, request.ref.provider, request.ref.model):
        return limit, 0
    if not request.max_tokens:
        return max(limit, budget + thinking.REPLY_TOKENS), budget
    budget = min(budget, limit - thinking.LEAST_BUDGET)
    return limit, budget if budget >= thinking.LEAST_BUDGET else 0


def to_messages(messages: list[dict[str, Any]], thinks: ModelRef | None = None) -> list[dict[str, Any]]:
    """The conversation as Anthropic wants it: roles take turns, tool results are the user's.

    Args:
        thinks: the model that is to think, and gets its own thinking back.
    """
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
            thoughts = thinking.signed_blocks(message, thinks.provider, thinks.model) if thinks is not None else []
            said = _parts(message)
            # Thinking alone is no message.
            parts = [*thoughts, *said] if said else []
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
        elif isinstance(part, dict) and part.get("type") == "image" and message.get("role") != "assistant":
            source = {"type": "base64", "media_type": part["mimeType"], "data": part["data"]}
            parts.append({"type": "image", "source": source})
    return parts
