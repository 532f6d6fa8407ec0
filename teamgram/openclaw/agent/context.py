"""What a model is shown of a conversation, and what is summed up when it grows too long. Plain Python.

Tokens are estimated at four characters each: providers count differently, and
their own figures only come afterwards.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from teamgram.openclaw.sessions import transcripts
from teamgram.openclaw.sessions.transcripts import text_of

_CHARS_PER_TOKEN = 4
_PER_MESSAGE_TOKENS = 8
_IMAGE_TOKENS = 1500

SUMMARY_PROMPT = (
    "Sum up the conversation so far for yourself, so that you can go on without it: what the user wants and decided, "
    "what was done and found out, what is still open, and names, paths and numbers exactly as they were. "
    "Write only the summary."
)
_SUMMARY_HEAD = "The conversation before this point was compacted. Summary:\n\n"
_MISSING_RESULT = "No result: the run ended before the tool did."


@dataclass(slots=True)
class Context:
    """The part of a conversation that the model sees.

    Attributes:
        messages: oldest first.
        ids: the transcript records they came from; empty text for a summary.
        truncated: there was more than ``most_tokens``; the oldest of it is not here.
    """

    messages: list[dict[str, Any]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    tokens: int = 0
    truncated: bool = False


def estimate(message: dict[str, Any]) -> int:
    """About how many tokens a message is."""
    content = message.get("content")
    tokens = _PER_MESSAGE_TOKENS
    if isinstance(content, list):
        for part in content:
            if not isinstance(part, dict):
                continue
            if part.get("type") == "image":
                tokens += _IMAGE_TOKENS
            elif part.get("type") == "toolCall":
                tokens += len(str(part.get("arguments"))) // _CHARS_PER_TOKEN
    return tokens + len(text_of(message)) // _CHARS_PER_TOKEN


def build(newest_first: Iterable[dict[str, Any]], most_tokens: int) -> Context:
    """What is visible, reading records backward only as far as needed."""
    context = Context()
    kept_from: str | None = None
    summary = ""
    for record in newest_first:
        kind = record.get("type")
        if kind == transcripts.RESET:
            break
        if kind == transcripts.COMPACTION and kept_from is None:
            summary, kept_from = str(record.get("summary") or ""), str(record.get("firstKeptEntryId") or "")
            if not kept_from:
                break
        message = record.get("message")
        if kind == transcripts.MESSAGE and isinstance(message, dict) and _is_shown(message):
            tokens = estimate(message)
            if context.tokens + tokens > most_tokens and context.messages:
                context.truncated = True
                break
            context.messages.append(message)
            context.ids.append(str(record.get("id")))
            context.tokens += tokens
        if kept_from and record.get("id") == kept_from:
            break
    context.messages.reverse()
    context.ids.reverse()
    if summary:
        head = {"role": "user", "content": _SUMMARY_HEAD + summary}
        context.messages.insert(0, head)
        context.ids.insert(0, "")
        context.tokens += estimate(head)
    return context


def newest(context: Context, most_messages: int) -> Context:
    """Its newest messages, so many at most, from one of the user's on."""
    cut = max(0, len(context.messages) - most_messages)
    while cut < len(context.messages) - 1 and context.messages[cut].get("role") != "user":
        cut += 1
    messages = context.messages[cut:]
    tokens = sum(map(estimate, messages))
    return Context(messages, context.ids[cut:], tokens, context.truncated or cut > 0)


def _is_shown(message: dict[str, Any]) -> bool:
    role = message.get("role")
    if role == "assistant":
        return message.get("stopReason") not in ("error",) and bool(message.get("content"))
    return role in ("user", "toolResult")


def with_results(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same messages with a result after every tool call and none without one: what all providers insist on."""
    told: list[dict[str, Any]] = []
    waiting: dict[str, str] = {}

    def close() -> None:
        for call_id, name in waiting.items():
            told.append(tool_result(call_id, name, _MISSING_RESULT, is_error=True))
        waiting.clear()

    for message in messages:
        role = message.get("role")
        if role == "toolResult":
            if waiting.pop(str(message.get("toolCallId")), None) is not None:
                told.append(message)
            continue
        close()
        told.append(message)
        if role == "assistant":
            for part in message.get("content") or ():
                if isinstance(part, dict) and part.get("type") == "toolCall":
                    waiting[str(part["id"])] = str(part["name"])
    close()
    return told


def tool_result(call_id: str, name: str, text: str, *, is_error: bool) -> dict[str, Any]:
    """What a tool gave, as a message."""
    return {
        "role": "toolResult",
        "toolCallId": call_id,
        "toolName": name,
        "content": [{"type": "text", "text": text}],
        "isError": is_error,
    }


@dataclass(frozen=True, slots=True)
class CompactionPlan:
    """What to sum up and where the rest begins; ``last_id`` is the newest record of all that was looked at."""

    older: list[dict[str, Any]]
    last_id: str
    first_kept_id: str
    tokens_before: int


def plan_compaction(context: Context, keep_tokens: int, *, everything: bool = False) -> CompactionPlan | None:
    """Keep the newest messages up to ``keep_tokens``, from a user message on; None when there is nothing to sum up.

    ``first_kept_id`` is empty when nothing is kept.
    """
    users = [i for i, m in enumerate(context.messages) if m.get("role") == "user" and context.ids[i]]
    # What the user said last always stays, however long it is.
    cut = users[-1] if users and not everything else len(context.messages)
    tokens = sum(map(estimate, context.messages[cut:]))
    for index in range(cut - 1, -1, -1) if not everything else ():
        tokens += estimate(context.messages[index])
        if tokens > keep_tokens:
            break
        if index in users:
            cut = index
    older = context.messages[:cut]
    if not older or all(not context.ids[index] for index in range(cut)):
        return None
    first_kept = context.ids[cut] if cut < len(context.ids) else ""
    return CompactionPlan(older, context.ids[-1], first_kept, context.tokens)


def as_text(messages: list[dict[str, Any]], most_chars: int) -> str:
    """A conversation as text to sum up, its newest ``most_chars`` characters."""
    lines = [f"{message.get('role')}: {text_of(message)}" for message in messages]
    return "\n\n".join(lines)[-most_chars:]
