"""OpenClaw's state directory, read: SQLite as since 2026.7, JSON and JSONL as before. Blocks.

Databases are copied with their write-ahead logs before they are opened, so
that not even a file beside them changes, whether or not an OpenClaw runs.
"""

import json
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from teamgram.openclaw.config import source_files
from teamgram.openclaw.sessions import transcripts

#: Of one file or row; what is larger is left where it is, and told.
MAX_RECORD_BYTES = 8 * 1024 * 1024
_WAL = ("", "-wal", "-shm")


class NoOpenClawState(Exception):
    """The directory is none; says why."""


@dataclass(slots=True)
class FoundSession:
    """One conversation.

    Attributes:
        entry: what OpenClaw knows of it: label, times, chosen model.
        records: of the branch that is gone on with, oldest first.
        unreadable: records that could not be read.
    """

    agent_id: str
    key: str
    session_id: str
    entry: dict[str, Any]
    records: list[dict[str, Any]] = field(default_factory=list)
    unreadable: int = 0


class OpenClawState:
    """One directory."""

    def __init__(self, directory: Path) -> None:
        """Raises:
        NoOpenClawState: there is neither a configuration nor an agent in it.
        """
        self.directory = directory
        self.config_path = directory / "openclaw.json"
        if not self.config_path.is_file() and not (directory / "agents").is_dir():
            raise NoOpenClawState(f"{directory} has neither openclaw.json nor agents")

    def config(self) -> dict[str, Any]:
        """The configuration's tree, with what it includes.

        Raises:
            teamgram.openclaw.config.errors.OpenClawConfigError: it cannot be read.
        """
        return source_files.read(self.config_path).tree

    def sessions(self) -> Iterator[FoundSession]:
        """All conversations of all agents, one after the other."""
        agents = self.directory / "agents"
        for agent in sorted(agents.iterdir()) if agents.is_dir() else ():
            database = agent / "agent/openclaw-agent.sqlite"
            if database.is_file():
                yield from _of_database(agent.name, database)
            if (agent / "sessions/sessions.json").is_file():
                yield from _of_files(agent.name, agent / "sessions")

    def jobs(self) -> list[dict[str, Any]]:
        """Scheduled jobs, those that OpenClaw made for itself left out."""
        found = [_decoded(text) for (text,) in self._rows("SELECT job_json FROM cron_jobs ORDER BY sort_order, name")]
        old = self.directory / "cron/jobs.json"
        if not found and old.is_file():
            stored = _json_file(old)
            found = stored.get("jobs", []) if isinstance(stored, dict) else []
        return [job for job in found if isinstance(job, dict) and not _is_its_own(job)]

    def devices(self) -> list[dict[str, Any]]:
        """Paired devices, as ``device.pair.list`` names their parts, with their tokens by role."""
        names = (
            "device_id", "public_key", "display_name", "operator_label", "platform", "device_family", "client_id",
            "client_mode", "roles_json", "approved_scopes_json", "tokens_json", "node_surface_json", "created_at_ms",
            "approved_at_ms", "last_seen_at_ms",
        )  # fmt: skip
        rows = self._rows(f"SELECT {', '.join(names)} FROM device_pairing_paired ORDER BY created_at_ms")
        found = [_device(dict(zip(names, row, strict=True))) for row in rows]
        old = self.directory / "devices/paired.json"
        if not found and old.is_file():
            stored = _json_file(old)
            found = [each for each in stored.values() if isinstance(each, dict)] if isinstance(stored, dict) else []
        return [
            each for each in found if isinstance(each.get("deviceId"), str) and isinstance(each.get("publicKey"), str)
        ]

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        path = self.directory / "state/openclaw.sqlite"
        return _rows(path, query) if path.is_file() else []


def _rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    """Of a database that lacks the table or the column: none."""
    with tempfile.TemporaryDirectory(prefix="teamgram-import-") as directory:
        copy = Path(directory) / "copy.sqlite"
        for suffix in _WAL:
            beside = path.with_name(path.name + suffix)
            if beside.is_file():
                shutil.copyfile(beside, copy.with_name(copy.name + suffix))
        connection = sqlite3.connect(copy)
        try:
            return connection.execute(query).fetchall()
        except sqlite3.DatabaseError:
            return []
        finally:
            connection.close()


def _of_database(agent_id: str, path: Path) -> Iterator[FoundSession]:
    active: dict[str, list[int]] = {}
    for session_id, seq in _rows(
        path, "SELECT session_id, event_seq FROM session_transcript_active_events ORDER BY session_id, active_position"
    ):
        active.setdefault(session_id, []).append(seq)
    events: dict[str, dict[int, tuple[Any, Any]]] = {}
    for session_id, seq, text, packed in _rows(
        path, "SELECT session_id, seq, event_json, event_zstd FROM transcript_events ORDER BY session_id, seq"
    ):
        events.setdefault(session_id, {})[seq] = (text, packed)
    for key, session_id, entry in _rows(path, "SELECT session_key, current_session_id, entry_json FROM session_nodes"):
        about = _decoded(entry)
        found = FoundSession(agent_id, str(key), str(session_id), about if isinstance(about, dict) else {})
        all_events = events.get(found.session_id, {})
        for seq in active.get(found.session_id) or sorted(all_events):
            text, packed = all_events.get(seq, (None, None))
            record = _decoded(_unpacked(packed) if text is None else text)
            if isinstance(record, dict):
                found.records.append(record)
            else:
                found.unreadable += 1
        yield found


def _of_files(agent_id: str, directory: Path) -> Iterator[FoundSession]:
    stored = _json_file(directory / "sessions.json")
    for key, entry in stored.items() if isinstance(stored, dict) else ():
        session_id = entry.get("sessionId") if isinstance(entry, dict) else None
        if not isinstance(session_id, str) or "/" in session_id or session_id.startswith("."):
            continue
        found = FoundSession(agent_id, str(key), session_id, entry)
        records: list[dict[str, Any]] = []
        path = directory / f"{session_id}.jsonl"
        if path.is_file():
            with path.open("rb") as file:
                for line in file:
                    record = transcripts.decode_line(line) if len(line) <= MAX_RECORD_BYTES else None
                    if record is not None:
                        records.append(record)
                    else:
                        found.unreadable += 1
        found.records = _branch(records)
        yield found


def _branch(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of a tree of records those on the way to the last message; all of them where they are no tree."""
    by_id = {record["id"]: record for record in records if isinstance(record.get("id"), str)}
    last = next((record for record in reversed(records) if record.get("type") == transcripts.MESSAGE), None)
    if last is None:
        return records
    path: list[dict[str, Any]] = []
    seen: set[str] = set()
    while last is not None and str(last.get("id")) not in seen:
        seen.add(str(last.get("id")))
        path.append(last)
        parent = last.get("parentId")
        if parent is None:
            return path[::-1]
        last = by_id.get(parent)
    return records if last is None and len(path) < len(records) // 2 else path[::-1]


def _unpacked(packed: Any) -> str | None:
    """A record that OpenClaw keeps compressed."""
    if not isinstance(packed, bytes):
        return None
    import zstandard

    try:
        text: str = zstandard.ZstdDecompressor().decompress(packed, max_output_size=MAX_RECORD_BYTES).decode()
    except (zstandard.ZstdError, UnicodeDecodeError):
        return None
    return text


def _decoded(text: Any) -> Any:
    try:
        return json.loads(text) if isinstance(text, str | bytes) else None
    except (ValueError, RecursionError):
        return None


def _json_file(path: Path) -> Any:
    try:
        return _decoded(path.read_bytes())
    except OSError:
        return None


def _is_its_own(job: dict[str, Any]) -> bool:
    declared = str(job.get("declarationKey") or "")
    kind = job["payload"].get("kind") if isinstance(job.get("payload"), dict) else None
    return kind == "heartbeat" or declared.startswith(("heartbeat:", "memory-core:", "skill-collection-review:"))


def _device(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "deviceId": row["device_id"],
        "publicKey": row["public_key"],
        "displayName": row["display_name"],
        "label": row["operator_label"],
        "platform": row["platform"],
        "deviceFamily": row["device_family"],
        "clientId": row["client_id"],
        "clientMode": row["client_mode"],
        "roles": _decoded(row["roles_json"]),
        "scopes": _decoded(row["approved_scopes_json"]),
        "tokens": _decoded(row["tokens_json"]),
        "surface": _decoded(row["node_surface_json"]),
        "createdAtMs": row["created_at_ms"],
        "approvedAtMs": row["approved_at_ms"],
        "lastSeenAtMs": row["last_seen_at_ms"],
    }
