"""What a transcript keeps of a run: what was said, what was answered, how it ended. Plain Python."""

from typing import Any

from teamgram.openclaw.agent.outcome import Outcome
from teamgram.openclaw.agent.providers.model_api import Usage
from teamgram.openclaw.sessions import transcripts


def user_message(run_id: str, text: str, now_ms: int, **more: Any) -> dict[str, Any]:
    """What somebody says, as a transcript keeps it; ``content`` may be given instead of text."""
    return {
        "role": "user",
        "content": more.pop("content", text),
        "timestamp": now_ms,
        "idempotencyKey": f"{run_id}:user",
        **more,
    }


def cut_off_message(text: str, now_ms: int) -> dict[str, Any]:
    """What an agent had said before its run was stopped or failed."""
    return {
        "role": "assistant",
        "content": [{"type": "text", "text": text}],
        "usage": Usage().to_wire(),
        "stopReason": "aborted",
        "timestamp": now_ms,
    }


def error_message(run_id: str, text: str, now_ms: int) -> dict[str, Any]:
    """A failure as a history shows it."""
    return {
        "role": "assistant",
        "content": [{"type": "text", "text": f"⚠️ {text}"}],
        "usage": Usage().to_wire(),
        "stopReason": "error",
        "errorMessage": text,
        "timestamp": now_ms,
        "idempotencyKey": f"{run_id}:terminal-error",
    }


def message_record(run_id: str, message: dict[str, Any], now_ms: int) -> dict[str, Any]:
    """A message of a run."""
    return transcripts.record(transcripts.MESSAGE, None, now_ms, message=message, runId=run_id)


def end_record(run_id: str, method: str, fingerprint: str, outcome: Outcome, now_ms: int) -> dict[str, Any]:
    """How a run ended; a repetition of the request is answered from it after a restart."""
    data = {"runId": run_id, "method": method, "fingerprint": fingerprint, **outcome.to_record()}
    return transcripts.record(transcripts.CUSTOM, None, now_ms, customType=transcripts.RUN_END, data=data)
