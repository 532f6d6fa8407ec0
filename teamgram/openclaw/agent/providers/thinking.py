"""How much a model is to think: the levels that people choose, and what providers call them. Plain Python."""

from typing import Any

OFF = "off"
#: Level → tokens that may be thought. Only models that the configuration calls ``reasoning`` are asked to.
BUDGETS = {"minimal": 1024, "low": 2048, "medium": 8192, "high": 16384, "xhigh": 32768}
LEVELS = (OFF, *BUDGETS)

#: The least that Anthropic takes, and what a reply needs beside it.
LEAST_BUDGET = 1024
REPLY_TOKENS = 4096


def level_of(*wishes: Any) -> str:
    """The first wish that is a level; off for none."""
    return next((wish for wish in wishes if isinstance(wish, str) and wish in LEVELS), OFF)


def shown_levels(is_reasoning: bool) -> list[dict[str, str]]:
    """As clients list them."""
    return [{"id": level, "label": level} for level in (LEVELS if is_reasoning else (OFF,))]


def signed_blocks(message: dict[str, Any], provider: str, model: str) -> list[dict[str, Any]]:
    """Anthropic's thinking blocks of a recorded message, as that model wants them back; others' are none of its own."""
    if (message.get("provider"), message.get("model")) != (provider, model):
        return []
    found: list[dict[str, Any]] = []
    content = message.get("content")
    for part in content if isinstance(content, list) else ():
        if not isinstance(part, dict) or part.get("type") != "thinking" or not part.get("thinkingSignature"):
            continue
        if part.get("redacted"):
            found.append({"type": "redacted_thinking", "data": part["thinkingSignature"]})
        else:
            signature = part["thinkingSignature"]
            found.append({"type": "thinking", "thinking": part.get("thinking") or "", "signature": signature})
    return found


def may_think(messages: list[dict[str, Any]], provider: str, model: str) -> bool:
    """Whether thinking can be on for the next call: in mid-turn Anthropic wants the thinking that led to its calls."""
    for message in reversed(messages):
        role = message.get("role")
        if role == "user":
            return True
        if role == "assistant":
            parts = message.get("content")
            has_calls = any(p.get("type") == "toolCall" for p in parts if isinstance(p, dict)) if parts else False
            return not has_calls or bool(signed_blocks(message, provider, model))
    return True
