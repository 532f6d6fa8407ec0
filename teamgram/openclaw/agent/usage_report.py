"""What sessions used and cost, counted from their transcripts: by session, day, model, agent. Plain Python."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from teamgram.openclaw.sessions import transcripts

_KINDS = ("input", "output", "cacheRead", "cacheWrite")


@dataclass(slots=True)
class UsageTotals:
    """Tokens and US dollars.

    Attributes:
        missing: answers whose cost nobody knows, because their model has no price.
    """

    tokens: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_KINDS, 0))
    dollars: dict[str, float] = field(default_factory=lambda: dict.fromkeys(_KINDS, 0.0))
    missing: int = 0

    @property
    def total_tokens(self) -> int:
        """Of all kinds."""
        return sum(self.tokens.values())

    @property
    def total_cost(self) -> float:
        """Of all kinds."""
        return sum(self.dollars.values())

    def add(self, usage: dict[str, Any]) -> None:
        """Count one answer's ``usage``."""
        cost = usage.get("cost")
        cost = cost if isinstance(cost, dict) else {}
        for kind in _KINDS:
            self.tokens[kind] += _number(usage.get(kind), int)
            self.dollars[kind] += _number(cost.get(kind), float)
        if not any(_number(cost.get(kind), float) for kind in _KINDS):
            self.missing += 1

    def merge(self, other: "UsageTotals") -> None:
        """Count another one's."""
        for kind in _KINDS:
            self.tokens[kind] += other.tokens[kind]
            self.dollars[kind] += other.dollars[kind]
        self.missing += other.missing

    def to_wire(self) -> dict[str, Any]:
        """As clients have it."""
        return {
            **self.tokens,
            "totalTokens": self.total_tokens,
            "totalCost": self.total_cost,
            **{f"{kind}Cost": dollars for kind, dollars in self.dollars.items()},
            "missingCostEntries": self.missing,
        }


def _number(value: Any, kind: type) -> Any:
    return kind(value) if isinstance(value, int | float) and not isinstance(value, bool) else kind(0)


_COUNTED = ("user", "assistant", "toolCalls", "toolResults", "errors")


@dataclass(slots=True)
class UsageReport:
    """Of one session, or of several together."""

    totals: UsageTotals = field(default_factory=UsageTotals)
    days: dict[str, UsageTotals] = field(default_factory=dict)
    models: dict[tuple[str, str], tuple[list[int], UsageTotals]] = field(default_factory=dict)
    messages: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_COUNTED, 0))
    day_messages: dict[str, dict[str, int]] = field(default_factory=dict)
    tools: dict[str, int] = field(default_factory=dict)
    first_ms: int = 0
    last_ms: int = 0

    def add(self, message: dict[str, Any], at_ms: int, day: str) -> None:
        """Count one message."""
        self.first_ms = min(self.first_ms or at_ms, at_ms)
        self.last_ms = max(self.last_ms, at_ms)
        role = message.get("role")
        content = message.get("content")
        calls = [
            str(part.get("name"))
            for part in (content if isinstance(content, list) else ())
            if isinstance(part, dict) and part.get("type") == "toolCall"
        ]
        counted = {
            "user": int(role == "user"),
            "assistant": int(role == "assistant"),
            "toolCalls": len(calls),
            "toolResults": int(role == "toolResult"),
            "errors": int(message.get("stopReason") == "error" or bool(message.get("isError"))),
        }
        for where in (self.messages, self.day_messages.setdefault(day, dict.fromkeys(_COUNTED, 0))):
            for name, number in counted.items():
                where[name] += number
        for name in calls:
            self.tools[name] = self.tools.get(name, 0) + 1
        usage = message.get("usage")
        if role == "assistant" and isinstance(usage, dict) and message.get("model"):
            self.totals.add(usage)
            self.days.setdefault(day, UsageTotals()).add(usage)
            ref = (str(message.get("provider") or ""), str(message["model"]))
            count, totals = self.models.setdefault(ref, ([0], UsageTotals()))
            count[0] += 1
            totals.add(usage)

    def merge(self, other: "UsageReport") -> None:
        """Count another one too."""
        self.totals.merge(other.totals)
        for day, totals in other.days.items():
            self.days.setdefault(day, UsageTotals()).merge(totals)
        for ref, (number, totals) in other.models.items():
            count, mine = self.models.setdefault(ref, ([0], UsageTotals()))
            count[0] += number[0]
            mine.merge(totals)
        for name, found in other.messages.items():
            self.messages[name] += found
        for day, counted in other.day_messages.items():
            mine_of_day = self.day_messages.setdefault(day, dict.fromkeys(_COUNTED, 0))
            for name, found in counted.items():
                mine_of_day[name] += found
        for name, found in other.tools.items():
            self.tools[name] = self.tools.get(name, 0) + found

    def daily(self) -> list[dict[str, Any]]:
        """Totals of each day with an answer, the first first."""
        return [{"date": day, **self.days[day].to_wire()} for day in sorted(self.days)]

    def message_counts(self) -> dict[str, int]:
        """How many of what."""
        return {"total": self.messages["user"] + self.messages["assistant"], **self.messages}

    def tool_usage(self) -> dict[str, Any]:
        """Which tools, the most used first."""
        tools = sorted(self.tools.items(), key=lambda item: -item[1])
        shown = [{"name": name, "count": number} for name, number in tools]
        return {"totalCalls": sum(self.tools.values()), "uniqueTools": len(tools), "tools": shown}

    def model_usage(self) -> list[dict[str, Any]]:
        """By model."""
        return [
            {"provider": provider, "model": model, "count": count[0], "totals": totals.to_wire()}
            for (provider, model), (count, totals) in self.models.items()
        ]


@dataclass(frozen=True, slots=True)
class Period:
    """From one day to another, both included, in a zone (None: this machine's)."""

    first: datetime.date
    last: datetime.date
    zone: datetime.tzinfo | None

    def day_of(self, at_ms: int) -> datetime.date:
        """The day of a moment."""
        return datetime.datetime.fromtimestamp(at_ms / 1000, self.zone).date()

    def begins_ms(self) -> int:
        """Its first moment."""
        start = datetime.datetime.combine(self.first, datetime.time.min, self.zone)
        return round(start.timestamp() * 1000)


def report(newest_first: Iterable[dict[str, Any]], period: Period) -> UsageReport:
    """Of one transcript."""
    found = UsageReport()
    begins_ms = period.begins_ms()
    for record in newest_first:
        at_ms = transcripts.from_iso(str(record.get("timestamp")))
        if at_ms and at_ms < begins_ms:
            break
        message = record.get("message")
        if record.get("type") != transcripts.MESSAGE or not isinstance(message, dict) or not at_ms:
            continue
        day = period.day_of(at_ms)
        if day <= period.last:
            found.add(message, at_ms, day.isoformat())
    return found
