"""One session's use of models over time, and what was said for it, from its transcript. Plain Python.

Shapes and bounds are those of ``loadSessionUsageTimeSeries`` and ``loadSessionLogs`` in npm's ``openclaw`` 2026.9.6.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from teamgram.openclaw.agent.usage_report import UsageTotals
from teamgram.openclaw.sessions import transcripts

MAX_POINTS = 200
MAX_LOGS = 1000
_MAX_TEXT = 2000
_ROLES = ("user", "assistant", "toolResult")

Record = dict[str, Any]


def _messages(newest_first: Iterable[Record]) -> Iterator[tuple[int, Record]]:
    for record in newest_first:
        message = record.get("message")
        if record.get("type") == transcripts.MESSAGE and isinstance(message, dict):
            yield transcripts.from_iso(str(record.get("timestamp"))), message


def _used(message: Record) -> UsageTotals | None:
    usage = message.get("usage")
    if message.get("role") != "assistant" or not isinstance(usage, dict) or not message.get("model"):
        return None
    totals = UsageTotals()
    totals.add(usage)
    return totals


def timeseries(newest_first: Iterable[Record]) -> list[dict[str, Any]]:
    """A point for each answer, the first first, neighbours added up until there are no more than ``MAX_POINTS``."""
    points: list[dict[str, Any]] = []
    for at_ms, message in _messages(newest_first):
        used = _used(message)
        if used is not None and at_ms:
            points.append(
                {"timestamp": at_ms, **used.tokens, "totalTokens": used.total_tokens, "cost": used.total_cost}
            )
    points.reverse()
    step = -(-len(points) // MAX_POINTS) or 1
    tokens, cost = 0, 0.0
    found: list[dict[str, Any]] = []
    for start in range(0, len(points), step):
        some = points[start : start + step]
        point = {name: sum(each[name] for each in some) for name in some[0]}
        point["timestamp"] = some[-1]["timestamp"]
        tokens, cost = tokens + point["totalTokens"], cost + point["cost"]
        found.append({**point, "cumulativeTokens": tokens, "cumulativeCost": cost})
    return found


def logs(newest_first: Iterable[Record], limit: int) -> list[dict[str, Any]]:
    """The last messages, the first first, in words, with what answers cost."""
    found: list[dict[str, Any]] = []
    for at_ms, message in _messages(newest_first):
        if len(found) >= limit:
            break
        role, text = message.get("role"), _words(message)
        if role not in _ROLES or not text:
            continue
        used = _used(message)
        spent = {} if used is None else {"tokens": used.total_tokens, "cost": used.total_cost}
        shown = text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}…"
        found.append({"timestamp": at_ms, "role": role, "content": shown, **spent})
    return found[::-1]


def _words(message: Record) -> str:
    content = message.get("content")
    lines = []
    if message.get("role") == "toolResult":
        lines += [f"[Tool: {message.get('toolName') or 'tool'}]", "[Tool Result]"]
    if isinstance(content, str):
        lines.append(content)
    for part in content if isinstance(content, list) else ():
        if not isinstance(part, dict):
            continue
        if part.get("type") == "text" and isinstance(part.get("text"), str):
            lines.append(part["text"])
        elif part.get("type") == "toolCall":
            lines.append(f"[Tool: {part.get('name') or 'unknown'}]")
    return "\n".join(filter(None, lines)).strip()
