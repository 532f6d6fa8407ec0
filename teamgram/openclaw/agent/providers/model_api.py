"""What a model is asked, what it answers, how it fails: the same for every provider. Plain Python."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

#: Kinds of failure that a client sees in ``errorKind``.
REFUSAL, TIMEOUT, RATE_LIMIT, CONTEXT_LENGTH, UNKNOWN = "refusal", "timeout", "rate_limit", "context_length", "unknown"


@dataclass(frozen=True, slots=True)
class ModelRef:
    """``provider/model``."""

    provider: str
    model: str

    def __str__(self) -> str:
        return f"{self.provider}/{self.model}"

    @staticmethod
    def parse(text: str) -> "ModelRef":
        """The provider is what stands before the first slash.

        Raises:
            ValueError: no slash, or nothing on one side of it.
        """
        provider, slash, model = text.partition("/")
        if not (provider and slash and model):
            raise ValueError(f'"{text}" is not provider/model')
        return ModelRef(provider, model)


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as a model is told of it; ``parameters`` is a JSON Schema."""

    name: str
    description: str
    parameters: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A model wants a tool.

    Attributes:
        signature: what the provider wants back with the call (Gemini's ``thoughtSignature``), mostly empty.
    """

    id: str
    name: str
    arguments: dict[str, Any]
    signature: str = ""

    def to_part(self) -> dict[str, Any]:
        """As a part of a recorded message."""
        part = {"type": "toolCall", "id": self.id, "name": self.name, "arguments": self.arguments}
        return {**part, "thoughtSignature": self.signature} if self.signature else part


@dataclass(slots=True)
class Usage:
    """Tokens, as the provider counted them, and what they cost.

    Attributes:
        cost: US dollars by the names of ``usage.cost``; empty while no price is known.
    """

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    cost: dict[str, float] = field(default_factory=dict)

    def add(self, other: "Usage") -> None:
        """Count another call."""
        self.input += other.input
        self.output += other.output
        self.cache_read += other.cache_read
        self.cache_write += other.cache_write
        for name, dollars in other.cost.items():
            self.cost[name] = self.cost.get(name, 0.0) + dollars

    def price(self, prices: dict[str, Any]) -> None:
        """Say what these tokens cost.

        Args:
            prices: US dollars for a million tokens: ``input``, ``output``, ``cacheRead``, ``cacheWrite``.
        """
        counted = {
            "input": self.input,
            "output": self.output,
            "cacheRead": self.cache_read,
            "cacheWrite": self.cache_write,
        }
        for name, tokens in counted.items():
            price = prices.get(name)
            if isinstance(price, int | float) and not isinstance(price, bool):
                self.cost[name] = price * tokens / 1_000_000

    def to_wire(self) -> dict[str, Any]:
        """``usage`` of a recorded message."""
        return {
            "input": self.input,
            "output": self.output,
            "totalTokens": self.input + self.output + self.cache_read + self.cache_write,
            "cacheRead": self.cache_read,
            "cacheWrite": self.cache_write,
            "cost": {
                **{name: self.cost.get(name, 0) for name in ("input", "output", "cacheRead", "cacheWrite")},
                "total": sum(self.cost.values()),
            },
        }


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One call.

    Attributes:
        messages: as transcripts have them: user, assistant, toolResult.
        is_summary: the call compacts a conversation; nobody sees its words as they come.
        effort: how much to think, one of the levels of :mod:`thinking`; empty for not at all.
        take_back: to be called when what was told of the reply turned out to be no words of it.
    """

    ref: ModelRef
    system: str
    messages: list[dict[str, Any]]
    tools: list[ToolSpec] = field(default_factory=list)
    max_tokens: int = 0
    is_summary: bool = False
    effort: str = ""
    take_back: Callable[[], None] = lambda: None


@dataclass(slots=True)
class ModelReply:
    """What came of it.

    Attributes:
        stop_reason: ``stop``, ``toolUse`` or ``length``.
        thinking: what the model told of its thinking: kept, and no part of its words.
        thoughts: the same as parts of a message where the provider wants them back, signed.
        images: pictures that it made, as parts of a message.
    """

    text: str
    tool_calls: list[ToolCall] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    stop_reason: str = "stop"
    response_id: str = ""
    model: str = ""
    thinking: str = ""
    thoughts: list[dict[str, Any]] = field(default_factory=list)
    images: list[dict[str, Any]] = field(default_factory=list)


class ProviderError(Exception):
    """A call failed.

    Attributes:
        message: for people; never has a key in it.
        kind: one of the kinds above.
        reason: the finer word of ``errorDetail.failoverReason``.
        status: of HTTP, 0 when there was no answer.
        retryable: the same call may work in a while.
        retry_after: seconds that the provider asked for, None if it did not.
        parameter: the field of the request that it does not take, if it named one.
    """

    def __init__(
        self,
        message: str,
        *,
        kind: str = UNKNOWN,
        reason: str = "unknown",
        status: int = 0,
        retryable: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.kind = kind
        self.reason = reason
        self.status = status
        self.retryable = retryable
        self.retry_after = retry_after
        self.parameter = ""


class Provider(Protocol):
    """Calls models of one provider."""

    #: The wire format, as recorded messages name it.
    api: str

    def complete(self, request: ModelRequest, on_text: Callable[[str], None]) -> Awaitable[ModelReply]:
        """Ask; ``on_text`` hears the words as they come. Cancelling what waits for it ends the call.

        Raises:
            ProviderError: through the awaitable.
        """
