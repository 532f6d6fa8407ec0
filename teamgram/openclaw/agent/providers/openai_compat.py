"""How servers of OpenAI's chat completions differ, as ``compat`` of a model says it. Plain Python.

The switches are OpenClaw's; what they mean is in ``packages/ai/src/api/openai-completions.ts`` of earendil-works/pi.
"""

from typing import Any

_BETWEEN = "I have processed the tool results."


def known_refused(compat: dict[str, Any]) -> set[str]:
    """Fields that a model does not take."""
    refused = set()
    if compat.get("supportsUsageInStreaming") is False:
        refused.add("stream_options")
    if compat.get("maxTokensField") == "max_completion_tokens":
        refused.add("max_tokens")
    if compat.get("supportsReasoningEffort") is False:
        refused.add("reasoning_effort")
    if compat.get("supportsTools") is False:
        refused.add("tools")
    return refused


def thinking_fields(effort: str, compat: dict[str, Any]) -> dict[str, Any]:
    """What asks a model to think so much; ``effort`` is empty for not at all."""
    form = compat.get("thinkingFormat")
    if form == "zai":
        return {"thinking": {"type": "enabled" if effort else "disabled"}}
    if form == "qwen":
        return {"enable_thinking": bool(effort)}
    if form == "openrouter":
        return {"reasoning": {"effort": effort}} if effort else {}
    return {"reasoning_effort": effort} if effort else {}


def adapted(messages: list[dict[str, Any]], names: dict[str, str], compat: dict[str, Any]) -> list[dict[str, Any]]:
    """The messages as such a server wants them.

    Args:
        names: of tools, by the ids of their calls.
    """
    told: list[dict[str, Any]] = []
    for message in messages:
        if compat.get("requiresToolResultName") and message["role"] == "tool":
            message = {**message, "name": names.get(str(message.get("tool_call_id")), "")}
        if compat.get("requiresStringContent") and isinstance(message.get("content"), list):
            texts = [part["text"] for part in message["content"] if part.get("type") == "text"]
            message = {**message, "content": "\n".join(texts)}
        after_result = told and told[-1]["role"] == "tool" and message["role"] == "user"
        if compat.get("requiresAssistantAfterToolResult") and after_result:
            told.append({"role": "assistant", "content": _BETWEEN})
        told.append(message)
    return told
