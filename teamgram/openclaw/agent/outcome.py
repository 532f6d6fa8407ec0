"""How runs end. Plain Python."""

from dataclasses import dataclass, field
from typing import Any

OK, ERROR, ABORTED = "ok", "error", "timeout"


@dataclass(slots=True)
class Outcome:
    """How a run ended.

    Attributes:
        status: ``ok``, ``error``, or ``timeout`` for one that was stopped (as clients know it).
        summary: ``completed``, the error, or ``aborted``.
        text: the visible reply.
        images: of the last answer, as parts of its message.
        tool_calls: of the asker's own tools, which it is to answer: ``{id, name, arguments}``.
    """

    status: str
    summary: str
    started_at: int
    ended_at: int
    stop_reason: str = ""
    text: str = ""
    session_id: str = ""
    model: str = ""
    usage: dict[str, Any] | None = None
    tool_calls: list[dict[str, Any]] = field(default_factory=list)
    images: list[dict[str, Any]] = field(default_factory=list)

    def to_record(self) -> dict[str, Any]:
        """As an ``openclaw.run`` record keeps it; the words are in the transcript anyway."""
        kept = {
            "status": self.status,
            "summary": self.summary,
            "startedAt": self.started_at,
            "endedAt": self.ended_at,
            "stopReason": self.stop_reason,
            "model": self.model,
            "usage": self.usage,
        }
        return {name: value for name, value in kept.items() if value not in ("", None)}
