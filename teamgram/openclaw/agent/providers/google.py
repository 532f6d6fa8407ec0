"""Google's Gemini API, streamed.

Source of the shapes: https://ai.google.dev/api/generate-content (``streamGenerateContent``) and
``packages/ai/src/api/google-generative-ai.ts`` and ``google-shared.ts`` of earendil-works/pi: there is no end mark but
the ``finishReason``, and a ``thoughtSignature`` on a call must come back with it.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from teamgram.openclaw.agent.providers.failures import failure_of
from teamgram.openclaw.agent.providers.http_stream import ProviderHttp
from teamgram.openclaw.agent.providers.model_api import ModelReply, ModelRequest, Usage
from teamgram.openclaw.agent.providers.reply_stream import ReplyStream, count, from_json
from teamgram.openclaw.agent.providers.thinking import BUDGETS
from teamgram.openclaw.config.sections import ProviderSection
from teamgram.openclaw.sessions.transcripts import text_of

_VERSION = "/v1beta"
#: Finish reasons by which the model does not want to.
_REFUSALS = frozenset(
    {"SAFETY", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "RECITATION", "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT"}
)
_FAILURES = frozenset({"MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS"})


class Google:
    """See the module."""

    api = "google-generative-ai"

    def __init__(self, name: str, section: ProviderSection, reactor: Any) -> None:
        self._section = section
        self._http = ProviderHttp(name, section, reactor)

    async def complete(self, request: ModelRequest, on_text: Callable[[str], None]) -> ModelReply:
        """POST …:streamGenerateContent?alt=sse."""
        body: dict[str, Any] = {"contents": to_contents(request)}
        if request.system:
            body["systemInstruction"] = {"parts": [{"text": request.system}]}
        if request.tools:
            declared = [
                {"name": t.name, "description": t.description, "parametersJsonSchema": t.parameters}
                for t in request.tools
            ]
            body["tools"] = [{"functionDeclarations": declared}]
        how: dict[str, Any] = {"maxOutputTokens": request.max_tokens} if request.max_tokens else {}
        if request.effort:
            how["thinkingConfig"] = {"thinkingBudget": BUDGETS[request.effort], "includeThoughts": True}
        if how:
            body["generationConfig"] = how
        base = self._section.base_url.rstrip("/")
        version = "" if base.rpartition("/")[2].startswith("v1") else _VERSION
        path = f"{version}/models/{quote(request.ref.model)}:streamGenerateContent?alt=sse"
        headers = {"x-goog-api-key": self._section.api_key} if self._section.api_key else {}
        told = _Chunks(on_text)
        await self._http.stream(path, headers, body, told)
        reason = "length" if told.stop == "MAX_TOKENS" else "stop"
        return told.whole(request.ref.model, reason, is_refused=told.stop in _REFUSALS)


class _Chunks(ReplyStream):
    """The chunks of a reply, or all of them as a list."""

    def event(self, name: str, data: str) -> None:
        """See :meth:`ReplyStream.event`."""
        value = from_json(data) if data else None
        for chunk in value if isinstance(value, list) else [value]:
            if chunk is not None:
                self._chunk(chunk, data)

    def _chunk(self, chunk: dict[str, Any], data: str) -> None:
        if chunk.get("error"):
            raise failure_of(200, data)
        self.id = self.id or str(chunk.get("responseId") or "")
        self.model = str(chunk.get("modelVersion") or self.model)
        blocked = (chunk.get("promptFeedback") or {}).get("blockReason")
        if blocked:
            self.stop = "SAFETY"
        for candidate in (chunk.get("candidates") or ())[:1]:
            for part in (candidate.get("content") or {}).get("parts") or ():
                self._part(part)
            self.stop = str(candidate.get("finishReason") or self.stop)
        usage = chunk.get("usageMetadata")
        if usage:
            cached = count(usage.get("cachedContentTokenCount"))
            said = count(usage.get("candidatesTokenCount")) + count(usage.get("thoughtsTokenCount"))
            self.usage = Usage(max(0, count(usage.get("promptTokenCount")) - cached), said, cached)
        if self.stop in _FAILURES:
            raise failure_of(500, f"the model stopped with {self.stop}")

    def _part(self, part: dict[str, Any]) -> None:
        call = part.get("functionCall")
        if call:
            self.progress += 1
            signature = part.get("thoughtSignature")
            self.calls.begin(
                None,
                str(call.get("id") or ""),
                str(call.get("name") or ""),
                call.get("args"),
                signature if isinstance(signature, str) else "",
            )
        elif part.get("inlineData"):
            self.show(part["inlineData"].get("mimeType"), part["inlineData"].get("data"))
        elif part.get("thought"):
            self.think(part.get("text"))
        else:
            self.say(part.get("text"))


def to_contents(request: ModelRequest) -> list[dict[str, Any]]:
    """The conversation as Gemini wants it: ``user`` and ``model`` by turns, results beside each other."""
    told: list[dict[str, Any]] = []
    for message in request.messages:
        role = "model" if message.get("role") == "assistant" else "user"
        parts = _parts(message)
        if not parts:
            continue
        if told and told[-1]["role"] == role:
            told[-1]["parts"] += parts
        else:
            told.append({"role": role, "parts": parts})
    return told


def _parts(message: dict[str, Any]) -> list[dict[str, Any]]:
    text = text_of(message)
    if message.get("role") == "toolResult":
        response = {"error" if message.get("isError") else "output": text}
        return [{"functionResponse": {"name": message.get("toolName"), "response": response}}]
    parts: list[dict[str, Any]] = [{"text": text}] if text.strip() else []
    content = message.get("content")
    for part in content if isinstance(content, list) else ():
        if not isinstance(part, dict):
            continue
        if part.get("type") == "toolCall":
            call: dict[str, Any] = {"functionCall": {"name": part["name"], "args": part.get("arguments") or {}}}
            if part.get("thoughtSignature"):
                call["thoughtSignature"] = part["thoughtSignature"]
            parts.append(call)
        elif part.get("type") == "image":
            parts.append({"inlineData": {"mimeType": part["mimeType"], "data": part["data"]}})
    return parts
