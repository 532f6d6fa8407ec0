"""OpenAI's Responses API, streamed; nothing is kept at OpenAI (``store: false``).

Source of the events: https://platform.openai.com/docs/api-reference/responses-streaming and
``packages/ai/src/api/openai-responses-shared.ts`` of earendil-works/pi. The stream ends with ``response.completed``,
``response.incomplete`` or ``response.failed``; there is no ``[DONE]``.
"""

import json
from collections.abc import Callable
from typing import Any

from teamgram.openclaw.agent.providers.failures import failure_of
from teamgram.openclaw.agent.providers.http_stream import ProviderHttp
from teamgram.openclaw.agent.providers.model_api import ModelReply, ModelRequest, Usage
from teamgram.openclaw.agent.providers.reply_stream import ReplyStream, count, from_json
from teamgram.openclaw.config.sections import ProviderSection
from teamgram.openclaw.sessions.transcripts import text_of

#: The item of a picture that the model made.
_DRAWN = "image_generation_call"


class OpenAIResponses:
    """See the module."""

    api = "openai-responses"

    def __init__(self, name: str, section: ProviderSection, reactor: Any) -> None:
        self._section = section
        self._http = ProviderHttp(name, section, reactor)

    async def complete(self, request: ModelRequest, on_text: Callable[[str], None]) -> ModelReply:
        """POST /responses with ``stream``."""
        body: dict[str, Any] = {
            "model": request.ref.model,
            "input": to_input(request.messages),
            "stream": True,
            "store": False,
        }
        if request.system:
            body["instructions"] = request.system
        if request.max_tokens:
            body["max_output_tokens"] = request.max_tokens
        if request.effort:
            body["reasoning"] = {"effort": request.effort, "summary": "auto"}
        if request.tools:
            body["tools"] = [
                {"type": "function", "name": t.name, "description": t.description, "parameters": t.parameters}
                for t in request.tools
            ]
        headers = {"authorization": f"Bearer {self._section.api_key}"} if self._section.api_key else {}
        told = _Events(on_text)
        await self._http.stream("/responses", headers, body, told)
        reason = "length" if told.stop == "max_output_tokens" else "stop"
        return told.whole(request.ref.model, reason, is_refused=told.stop == "content_filter")


class _Events(ReplyStream):
    """The events of a response, or a whole one."""

    def event(self, name: str, data: str) -> None:
        """See :meth:`ReplyStream.event`."""
        if not data or data == "[DONE]":
            return
        value = from_json(data)
        if value is None:
            return
        kind = value.get("type") or ("response" if value.get("object") == "response" else name)
        if kind == "response.created":
            self._about(value["response"])
        elif kind == "response.output_item.added":
            self._begin(value.get("output_index"), value["item"])
        elif kind in ("response.output_text.delta", "response.refusal.delta"):
            self.say(value.get("delta"))
        elif kind in ("response.reasoning_summary_text.delta", "response.reasoning_text.delta"):
            self.think(value.get("delta"))
        elif kind == "response.function_call_arguments.delta":
            self.progress += 1
            self.calls.add(value.get("output_index"), "", "", value.get("delta"))
        elif kind == "response.function_call_arguments.done":
            # Whole once more; some servers tell no pieces.
            self.progress += 1
            self.calls.add(value.get("output_index"), "", "", value.get("arguments"))
        elif kind == "response.output_item.done" and (value.get("item") or {}).get("type") == _DRAWN:
            self._drawn(value["item"])
        elif kind in ("response.completed", "response.incomplete"):
            self._finished(value["response"])
        elif kind == "response":
            for index, item in enumerate(value.get("output") or ()):
                self._whole_item(index, item)
            self._finished(value)
        elif kind in ("error", "response.failed") or value.get("error"):
            error = (value.get("response") or value).get("error") or value
            raise failure_of(200, json.dumps({"error": error}))

    def _about(self, response: dict[str, Any]) -> None:
        self.id, self.model = str(response.get("id") or self.id), str(response.get("model") or self.model)

    def _begin(self, index: Any, item: dict[str, Any]) -> None:
        if item.get("type") == "function_call":
            self.progress += 1
            call_id = str(item.get("call_id") or item.get("id") or "")
            self.calls.begin(index, call_id, str(item.get("name") or ""), item.get("arguments"))

    def _whole_item(self, index: int, item: dict[str, Any]) -> None:
        self._begin(index, item)
        if item.get("type") == "message":
            self.say(item.get("content"))
        elif item.get("type") == _DRAWN:
            self._drawn(item)
        elif item.get("type") == "reasoning":
            self.think(item.get("summary") or item.get("content"))

    def _drawn(self, item: dict[str, Any]) -> None:
        self.show(f"image/{item.get('output_format') or 'png'}", item.get("result"))

    def _finished(self, response: dict[str, Any]) -> None:
        if response.get("status") in ("failed", "cancelled"):
            raise failure_of(200, json.dumps({"error": response.get("error") or response["status"]}))
        self._about(response)
        usage = response.get("usage") or {}
        cached = count((usage.get("input_tokens_details") or {}).get("cached_tokens"))
        self.usage = Usage(max(0, count(usage.get("input_tokens")) - cached), count(usage.get("output_tokens")), cached)
        self.stop = str((response.get("incomplete_details") or {}).get("reason") or "stop")
        self.ended = True


def to_input(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The conversation as the Responses API wants it: calls and results are items of their own."""
    told: list[dict[str, Any]] = []
    for message in messages:
        role, text = message.get("role"), text_of(message)
        content = message.get("content")
        parts = [part for part in content if isinstance(part, dict)] if isinstance(content, list) else []
        if role == "toolResult":
            told.append({"type": "function_call_output", "call_id": message.get("toolCallId"), "output": text})
        elif role == "assistant":
            if text:
                told.append({"role": "assistant", "content": text})
            told += [
                {
                    "type": "function_call",
                    "call_id": part["id"],
                    "name": part["name"],
                    "arguments": json.dumps(part.get("arguments") or {}),
                }
                for part in parts
                if part.get("type") == "toolCall"
            ]
        else:
            images = [
                {"type": "input_image", "image_url": f"data:{part['mimeType']};base64,{part['data']}"}
                for part in parts
                if part.get("type") == "image"
            ]
            told.append({"role": "user", "content": [{"type": "input_text", "text": text}, *images]})
    return told
