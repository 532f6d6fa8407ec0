"""Transcripts: one JSONL file a session, the only truth about it. Record shapes and the reading of bytes; plain Python.

Line 1 is ``{"type":"session","version","id","timestamp","cwd","key","agentId"}``.
Every further line is ``{"type","id","parentId","timestamp",...}``:

    message          a message: user, assistant (with tool calls) or toolResult
    compaction       {summary, firstKeptEntryId, tokensBefore}: what the model no longer sees
    reset            {reason}: the conversation begins anew after it
    rewind           {toId, messages, leafId, preview, branch?}: it goes on from that earlier record (empty: from
                     nothing); what stands between them is another branch, whose end ``branch`` names
    custom           {customType, data}, two of which are ours:
        openclaw.session   the session's settings and counters, as of here; ends every batch of appends
        openclaw.run       {runId, status, ...}: how a run ended

Because each batch ends with ``openclaw.session``, the index of all sessions is
rebuilt from the first and the last lines of the files, and a batch counts as a
whole or not at all: a line without its end is what a crash left of an append
that nobody was told of, and what stands between the last ``openclaw.session``
and that line belongs to the same append.
"""

import datetime
import uuid
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

VERSION = 3

MESSAGE = "message"
COMPACTION = "compaction"
RESET = "reset"
REWIND = "rewind"
CUSTOM = "custom"
SESSION_STATE = "openclaw.session"
RUN_END = "openclaw.run"

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def iso(ms: int) -> str:
    """``2026-11-20T11:40:43.864Z``."""
    moment = datetime.datetime.fromtimestamp(ms / 1000, datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03d}Z"


def from_iso(text: str) -> int:
    """Unix milliseconds of a record's ``timestamp``; 0 for what is none."""
    try:
        return round(datetime.datetime.fromisoformat(text).timestamp() * 1000)
    except (TypeError, ValueError):
        return 0


def new_id() -> str:
    """The id of a record."""
    return str(uuid.uuid4())


def header(session_id: str, key: str, agent_id: str, cwd: str, now_ms: int) -> dict[str, Any]:
    """Line 1."""
    return {
        "type": "session",
        "version": VERSION,
        "id": session_id,
        "timestamp": iso(now_ms),
        "cwd": cwd,
        "key": key,
        "agentId": agent_id,
    }


def record(kind: str, parent_id: str | None, now_ms: int, **fields: Any) -> dict[str, Any]:
    """Any further line; ``fields`` are its own."""
    return {"type": kind, "id": new_id(), "parentId": parent_id, "timestamp": iso(now_ms), **fields}


def encode_lines(records: list[Any]) -> bytes:
    """Records as the file has them."""
    return b"".join([_encode(each) + b"\n" for each in records])


def decode_line(line: bytes) -> dict[str, Any] | None:
    """One record, None for a damaged line."""
    try:
        value = _decode(line)
    except (msgspec.DecodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def text_of(message: dict[str, Any]) -> str:
    """The words of a message, whatever form its content has."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    return "".join(part.get("text", "") for part in content if isinstance(part, dict) and part.get("type") == "text")


def visible(newest_first: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The records of the branch that is gone on with; of other branches only what is no part of a conversation."""
    wanted: str | None = None
    for each in newest_first:
        if wanted is None:
            if each.get("type") == REWIND:
                wanted = str(each.get("toId") or "")
                continue
        elif each.get("type") == RESET:
            # Nothing goes back behind one.
            wanted = None
        elif each.get("id") == wanted:
            wanted = None
        elif each.get("type") != CUSTOM:
            continue
        yield each


def whole_bytes(tail: bytes) -> int:
    """How many bytes of the end of a file are whole lines: up to and with the last line end."""
    return tail.rfind(b"\n") + 1


class BackwardReader:
    """The records of a transcript from the newest to the oldest, in blocks, so that no file is read whole.

    Attributes:
        damaged: lines that were no records.
        record_end: where in the file the record that came last ends.
    """

    BLOCK_BYTES = 65536

    def __init__(self, file: Any, end: int, most_bytes: int = 64 * 1024 * 1024) -> None:
        """Args:
        file: a binary file; seeked as needed.
        end: where the whole lines end.
        most_bytes: stop after that much.
        """
        self.damaged = 0
        self.record_end = end
        self._file = file
        self._end = end
        self._stop = max(0, end - most_bytes)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        position, rest, block = self._end, b"", self.BLOCK_BYTES
        following = self._end
        while position > self._stop:
            start = max(self._stop, position - block)
            self._file.seek(start)
            data = self._file.read(position - start) + rest
            position = start
            if position:
                cut = data.find(b"\n") + 1
                if not cut or cut == len(data):
                    # One line longer than the block: read more at once, or a huge line costs its square.
                    rest, block = data, block * 2
                    continue
                rest, data = data[:cut], data[cut:]
            for line in reversed(data.split(b"\n")[:-1]):
                found = decode_line(line)
                if found is not None:
                    self.record_end = following
                    yield found
                elif line:
                    self.damaged += 1
                following -= len(line) + 1
