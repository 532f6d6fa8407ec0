"""A model's reply while its events come: the part that is the same whatever API they are of. Plain Python."""

import json
from collections.abc import Callable
from typing import Any, ClassVar

import msgspec

from teamgram.openclaw.agent.providers.model_api import REFUSAL, ModelReply, ProviderError, Usage
from teamgram.openclaw.agent.providers.reply_text import Deltas, Joined, ThinkingTags, without_halves
from teamgram.openclaw.agent.providers.tool_calls import GrowingCalls

#: Thinking that is kept; the rest of a longer one is not.
MAX_THINKING_CHARS = 256 * 1024


def from_json(text: str) -> Any:
    r"""What a provider sent. Halves of a surrogate pair (``\ud83d`` alone) stay: the other may be in the next event.

    Such a text cannot be written anywhere: whatever leaves a :class:`ReplyStream` has none.

    Raises:
        ValueError: it is no JSON.
    """
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return json.loads(text)


#: Pictures of one reply, and their base64 together.
MAX_IMAGES = 8
MAX_IMAGE_CHARS = 24 * 1024 * 1024


def count(value: Any) -> int:
    """A figure of a provider's usage; what is none is 0."""
    return int(value) if isinstance(value, int | float) and 0 <= value < 2**53 else 0


class ReplyStream:
    """Puts the events of one reply together. An API's own class hears them and writes down what they say.

    Attributes:
        max_calls: tool calls that one reply may hold.
        usage: what the provider counted so far.
        stop: its word for why the model stopped, empty before it did.
        id, model: of the reply, as the provider calls them.
        ended: the event that closes a stream has come; nothing follows.
        progress: grows with every word and every piece of a call.
        thinks_first: the reply had the end of a thinking block without its beginning.
        thoughts, images: see :class:`ModelReply`.
    """

    max_calls: ClassVar[int] = 128

    def __init__(
        self,
        on_text: Callable[[str], None],
        take_back: Callable[[], None] = lambda: None,
        *,
        thinks_first: bool = False,
    ) -> None:
        """Args:
        take_back: what was told of this reply is no part of its words.
        thinks_first: earlier replies of the model had the end of a thinking block alone.
        """
        self.thinks_first = thinks_first
        self._take_back = take_back
        self.usage = Usage()
        self.stop = ""
        self.id = ""
        self.model = ""
        self.ended = False
        self.progress = 0
        self.calls = GrowingCalls(self.max_calls)
        self._on_text = on_text
        self._text: list[str] = []
        self._thinking: list[str] = []
        self.thoughts: list[dict[str, Any]] = []
        self.images: list[dict[str, Any]] = []
        self._image_chars = 0
        self._thinking_size = 0
        self._thoughts = Joined(self._thought)
        self._tags = ThinkingTags(self._word, self._thought, self._was_thinking, begins_thinking=thinks_first)
        self._words = Joined(self._tags.add)
        self._deltas = Deltas(self._words.add)

    @property
    def text(self) -> str:
        """What was said."""
        return "".join(self._text)

    @property
    def is_complete(self) -> bool:
        """The model has stopped, whether or not the stream was closed as it should be."""
        return self.ended or bool(self.stop)

    def event(self, name: str, data: str) -> None:
        """One event of the stream, or the whole answer.

        Raises:
            ProviderError: the provider says that it failed.
            ValueError, KeyError, TypeError, AttributeError, IndexError: it makes no sense.
        """
        raise NotImplementedError

    def say(self, text: Any) -> None:
        """More of its words: a text, or a list of parts (``text``, ``thinking``), or nothing."""
        self.progress += 1
        if isinstance(text, str):
            self._deltas.add(text)
            return
        for part in text if isinstance(text, list) else ():
            if isinstance(part, str):
                self._deltas.add(part)
            elif isinstance(part, dict):
                if part.get("type") in ("thinking", "reasoning"):
                    self.think(part.get("thinking") or part.get("text") or part.get("content"))
                elif isinstance(part.get("text"), str):
                    self._deltas.add(part["text"])

    def say_whole(self, text: Any) -> None:
        """All of its words, some of which may have come before."""
        self.progress += 1
        if isinstance(text, str):
            self._deltas.add_whole(text)
        elif text:
            self.say(text)

    def think(self, text: Any) -> None:
        """More of its thinking: a text, or a list of parts."""
        self.progress += 1
        if isinstance(text, str):
            self._thoughts.add(text)
        for part in text if isinstance(text, list) else ():
            self.think(part.get("text") if isinstance(part, dict) else part)

    def show(self, mime_type: Any, data: Any) -> None:
        """A picture in base64; what is none, or too much, is left out."""
        self.progress += 1
        if not isinstance(data, str) or not isinstance(mime_type, str) or not mime_type.startswith("image/"):
            return
        self._image_chars += len(data)
        if data and len(self.images) < MAX_IMAGES and self._image_chars <= MAX_IMAGE_CHARS:
            self.images.append({"type": "image", "mimeType": mime_type[:64], "data": data})

    def show_url(self, url: Any) -> None:
        """The same as a ``data:`` URL; addresses are not fetched."""
        head, comma, data = url.partition(",") if isinstance(url, str) else ("", "", "")
        if comma and head.startswith("data:") and head.endswith(";base64"):
            self.show(head[5:-7], data)

    def _word(self, text: str) -> None:
        self._text.append(text)
        self._on_text(text)

    def _was_thinking(self) -> None:
        said, self._text = self.text, []
        self.thinks_first = True
        self._thought(said)
        self._take_back()

    def _thought(self, text: str) -> None:
        if self._thinking_size < MAX_THINKING_CHARS:
            self._thinking.append(text[: MAX_THINKING_CHARS - self._thinking_size])
            self._thinking_size += len(text)

    def finish(self) -> None:
        """Nothing more comes: what was held back is told."""
        self._deltas.finish()
        self._words.finish()
        self._tags.finish()
        self._thoughts.finish()

    def whole(self, model: str, stop_reason: str, *, is_refused: bool) -> ModelReply:
        """The reply. ``model`` is the one that was asked, ``stop_reason`` ours where no tool is wanted.

        Raises:
            ProviderError: the stream broke off, or the model refuses.
        """
        if is_refused:
            raise ProviderError("The model refused to answer.", kind=REFUSAL, reason="refusal")
        if not self.is_complete:
            raise ProviderError("The model provider broke off in mid-reply.", reason="network", retryable=True)
        self.finish()
        calls = self.calls.whole()
        return ModelReply(
            self.text,
            calls,
            self.usage,
            "toolUse" if calls else stop_reason,
            without_halves(self.id),
            without_halves(self.model) or model,
            "".join(self._thinking),
            self.thoughts,
            self.images,
        )
