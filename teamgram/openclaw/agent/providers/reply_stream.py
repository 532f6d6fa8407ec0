"""A model's reply while its events come: the part that is the same whatever API they are of. Plain Python."""

import json
from collections.abc import Callable
from typing import Any, ClassVar

import msgspec

from teamgram.openclaw.agent.providers.model_api import REFUSAL, ModelReply, ProviderError, ToolCall, Usage


def from_json(text: str) -> Any:
    r"""What a provider sent. Half a surrogate pair (``\ud83d`` alone) becomes ``?``.

    Such a text cannot be written anywhere, and its beginning stays in the session's state: one of them would end
    every later run of that session.

    Raises:
        ValueError: it is no JSON.
    """
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        value = json.loads(text)
        return json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))


class ReplyStream:
    """Puts the events of one reply together. An API's own class hears them and writes down what they say.

    Attributes:
        max_calls: tool calls that one reply may hold.
        usage: what the provider counted so far.
        stop: its word for why the model stopped, empty before it did.
        id, model: of the reply, as the provider calls them.
        ended: the event that closes a stream has come.
    """

    max_calls: ClassVar[int]

    def __init__(self, on_text: Callable[[str], None]) -> None:
        self.usage = Usage()
        self.stop = ""
        self.id = ""
        self.model = ""
        self.ended = False
        self._on_text = on_text
        self._text: list[str] = []
        self._calls: dict[int, dict[str, str]] = {}

    @property
    def text(self) -> str:
        """What was said."""
        return "".join(self._text)

    def say(self, text: str) -> None:
        """More of it."""
        self._text.append(text)
        self._on_text(text)

    def call(self, index: int) -> dict[str, str]:
        """The tool call of that index, begun if there is none: ``id``, ``name`` and ``arguments``, which grow.

        Raises:
            ValueError: there would be too many.
        """
        if index not in self._calls and len(self._calls) >= self.max_calls:
            raise ValueError("too many tool calls")
        return self._calls.setdefault(index, {"id": "", "name": "", "arguments": ""})

    def whole(self, model: str, stop_reason: str, *, is_refused: bool, is_complete: bool) -> ModelReply:
        """The reply. ``model`` is the one that was asked, ``stop_reason`` ours where no tool is wanted.

        Raises:
            ProviderError: the stream broke off, or the model refuses.
        """
        if is_refused:
            raise ProviderError("The model refused to answer.", kind=REFUSAL, reason="refusal")
        if not is_complete:
            raise ProviderError("The model provider broke off in mid-reply.", reason="network", retryable=True)
        calls = [
            ToolCall(call["id"] or f"call_{index}", call["name"], _arguments(call["arguments"]))
            for index, call in sorted(self._calls.items())
        ]
        return ModelReply(
            self.text, calls, self.usage, "toolUse" if calls else stop_reason, self.id, self.model or model
        )


def _arguments(text: str) -> dict[str, Any]:
    """The arguments of a tool call; models sometimes send nothing or nonsense, which the tool then refuses."""
    try:
        value = from_json(text) if text.strip() else {}
    except ValueError:
        return {"_invalid": text[:1000]}
    return value if isinstance(value, dict) else {"_invalid": text[:1000]}
