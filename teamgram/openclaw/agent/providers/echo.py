"""The embedded provider: says back what it is told. No key, no network, but a stream like any other.

It is also the rehearsal stage for clients. Words in the last user message
steer it: ``chunks=N`` streams N made-up words, ``delay=S`` waits S seconds
between them, ``size=BYTES`` makes a reply of that size, ``FAIL400`` and
``FAIL500`` fail as such an HTTP answer would, and ``USETOOL`` calls
``list_files`` first.
"""

import re
from collections.abc import Callable
from typing import Any

from twisted.internet.task import deferLater

from teamgram.openclaw.agent.providers.model_api import (
    ModelReply,
    ModelRequest,
    ToolCall,
    Usage,
)
from teamgram.openclaw.sessions.transcripts import text_of

_OPTION = re.compile(r"\b(chunks|delay|size)=([0-9]+(?:\.[0-9]+)?)")
_MAX_CHUNKS = 100_000
_MAX_SIZE = 16 * 1024 * 1024
_MOST_PIECES = 64
_REHEARSAL_TOOL = "list_files"
#: Between made-up words, unless the message says otherwise.
_CHUNK_SECONDS = 0.02


class Echo:
    """See the module."""

    api = "echo"

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor

    async def complete(self, request: ModelRequest, on_text: Callable[[str], None]) -> ModelReply:
        """Say it back, in pieces."""
        told = request.messages[-1] if request.messages else {}
        users = [message for message in request.messages if message.get("role") == "user"]
        text = text_of(users[-1]) if users else ""
        read = sum(len(text_of(message)) for message in request.messages) // 4 + len(request.system) // 4
        if request.is_summary:
            reply = _digest(users)
            return ModelReply(reply, usage=Usage(read, len(reply) // 4), model=request.ref.model)
        for status in (400, 500):
            if f"FAIL{status}" in text:
                from teamgram.openclaw.agent.providers.failures import failure_of

                raise failure_of(status, "")
        options = {name: float(value) for name, value in _OPTION.findall(text)}
        calls: list[ToolCall] = []
        if "USETOOL" in text and told.get("role") == "user" and _REHEARSAL_TOOL in {t.name for t in request.tools}:
            calls.append(ToolCall(f"call_{len(request.messages)}", _REHEARSAL_TOOL, {"path": "."}))
            pieces = ["Let me check."]
        else:
            pieces = _pieces(text, options)
        delay = options.get("delay", _CHUNK_SECONDS if "chunks" in options else 0.0)
        for index, piece in enumerate(pieces):
            if index and (delay or index % 8 == 0):
                # Even without a delay: one reply must not hold up everybody else's.
                await deferLater(self._reactor, min(delay, 60.0), lambda: None)
            on_text(piece)
        reply = "".join(pieces)
        usage = Usage(read, max(1, len(reply) // 4))
        return ModelReply(reply, calls, usage, "toolUse" if calls else "stop", model=request.ref.model)


def _pieces(text: str, options: dict[str, float]) -> list[str]:
    if "size" in options:
        size = min(int(options["size"]), _MAX_SIZE)
        text = ("The quick brown fox jumps over the lazy dog. " * (size // 45 + 1))[:size]
    elif "chunks" in options:
        return [f"word{index} " for index in range(min(int(options["chunks"]), _MAX_CHUNKS))]
    words = re.findall(r"\S+\s*", text) or [text]
    per_piece = -(-len(words) // _MOST_PIECES)
    return ["".join(words[start : start + per_piece]) for start in range(0, len(words), per_piece)]


def _digest(users: list[dict[str, Any]]) -> str:
    lines = [text_of(message).strip().splitlines() for message in users]
    asked = [line[0][:200] for line in lines if line]
    return "The user said so far:\n" + "\n".join(f"- {line}" for line in asked[-50:])
