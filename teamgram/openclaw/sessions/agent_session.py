"""One agent session: who talks, in which state it is, what it counted. Plain Python.

The whole object is what ``openclaw.session`` records in a transcript hold, so
a session is read back by decoding its file's last one.
"""

import uuid
from typing import Any

import msgspec

from teamgram.openclaw.sessions import keys as agent_session_keys
from teamgram.openclaw.sessions import transcripts
from teamgram.openclaw.sessions.keys import SessionKey

ACTIVE, IDLE, COMPACTING, CLOSED = "active", "idle", "compacting", "closed"


class OpenRun(msgspec.Struct, rename="camel", omit_defaults=True):
    """A run that was accepted and has no end yet.

    Attributes:
        fingerprint: of what was asked, so that a repetition is known from a conflict.
        method: ``chat`` or ``agent``: each has its own answer to a repetition.
        waiting: the user message while the run that should take it up has not; None once it is in the transcript.
    """

    run_id: str
    fingerprint: str
    accepted_at: int
    method: str = "chat"
    waiting: dict[str, Any] | None = None


class AgentSession(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True, eq=False):
    """A session. Times are unix milliseconds; ``messages`` counts what a history shows, since the last reset."""

    key: str
    session_id: str
    agent_id: str = "main"
    created_at: int = 0
    updated_at: int = 0
    last_interaction_at: int = 0
    started_at: int = 0
    last_read_at: int = 0
    created_via: str = "operator"
    lifecycle_revision: str = ""
    parent_key: str = ""
    spawn_depth: int = 0
    chat_type: str = ""
    closed_at: int = 0
    archived_at: int = 0
    pinned: bool = False
    marked_unread: bool = False
    label: str = ""
    display_name: str = ""
    model: str = ""
    settings: dict[str, Any] = {}
    origin: dict[str, Any] = {}
    last_id: str = ""
    leaf_id: str = ""
    messages: int = 0
    preview: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    context_tokens_used: int = 0
    compactions: int = 0
    run_status: str = ""
    run_started_at: int = 0
    run_ended_at: int = 0
    last_run_id: str = ""
    last_error: str = ""
    aborted_last_run: bool = False
    open_runs: list[OpenRun] = []

    @property
    def parsed(self) -> SessionKey:
        """The key, taken apart."""
        return agent_session_keys.parse(self.key, self.agent_id)

    @property
    def kind(self) -> str:
        """``main``, ``group`` or ``dm``."""
        return self.parsed.kind

    @property
    def channel(self) -> str | None:
        """The messaging surface, None for our own."""
        found = self.origin.get("channel")
        return found if isinstance(found, str) else self.parsed.channel

    @property
    def peer(self) -> str | None:
        """Who is at the other end there."""
        found = self.origin.get("peer")
        return str(found) if found is not None else self.parsed.peer

    @property
    def is_archived(self) -> bool:
        """Put away, but kept."""
        return self.archived_at > 0

    def state(self, now_ms: int, idle_after_ms: int, *, compacting: bool = False) -> str:
        """``active``, ``idle``, ``compacting`` or ``closed``; the clock alone decides on idle."""
        if self.closed_at:
            return CLOSED
        if compacting:
            return COMPACTING
        quiet = now_ms - max(self.updated_at, self.last_interaction_at)
        return IDLE if not self.open_runs and 0 < idle_after_ms <= quiet else ACTIVE

    def begin_anew(self, now_ms: int) -> None:
        """What a reset does to the counters: label, model and settings stay."""
        self.lifecycle_revision = new_revision()
        self.started_at = self.updated_at = now_ms
        self.messages = self.input_tokens = self.output_tokens = 0
        self.context_tokens_used = self.compactions = 0
        self.aborted_last_run = False
        self.run_status = self.last_error = self.preview = ""

    def open_run(self, run_id: str) -> OpenRun | None:
        """The accepted run of that id."""
        return next((run for run in self.open_runs if run.run_id == run_id), None)

    def take_up(self, run_id: str) -> None:
        """The message of a run that waits is in the transcript now."""
        self.open_runs = [
            msgspec.structs.replace(run, waiting=None) if run.run_id == run_id else run for run in self.open_runs
        ]

    def close_run(self, run_id: str) -> None:
        """That run has ended."""
        self.open_runs = [run for run in self.open_runs if run.run_id != run_id]

    def count(self, record: dict[str, Any]) -> int:
        """Let a record that is added change the counters; its number in the history, 0 if it is not shown."""
        self.last_id = str(record.get("id") or self.last_id)
        kind = record.get("type")
        if record.get("customType") == transcripts.RUN_END and isinstance(record.get("data"), dict):
            self.close_run(str(record["data"].get("runId")))
        if kind == transcripts.REWIND:
            self.lifecycle_revision = new_revision()
            self.messages, self.leaf_id = int(record["messages"]), str(record["leafId"])
            self.preview = str(record["preview"])
            return 0
        if kind not in (transcripts.MESSAGE, transcripts.RESET):
            return 0
        self.leaf_id = self.last_id
        self.messages = 1 if kind == transcripts.RESET else self.messages + 1
        message = record.get("message")
        if isinstance(message, dict):
            if message.get("role") == "user":
                self.take_up(str(record.get("runId")))
            self.preview = transcripts.text_of(message)[:120] or self.preview
            self.updated_at = max(self.updated_at, transcripts.from_iso(str(record.get("timestamp"))))
        return self.messages


def new_revision() -> str:
    """Names a life of a session: histories of another one cannot be gone on with."""
    return str(uuid.uuid4())


def new(key: SessionKey, now_ms: int, *, session_id: str = "", created_via: str = "operator") -> AgentSession:
    """A session that has no file yet."""
    return AgentSession(
        key=key.text,
        session_id=session_id or str(uuid.uuid4()),
        agent_id=key.agent_id,
        created_at=now_ms,
        updated_at=now_ms,
        started_at=now_ms,
        created_via=created_via,
        lifecycle_revision=new_revision(),
        chat_type="group" if key.is_group else "",
    )


def from_state(data: Any) -> AgentSession | None:
    """A session from the ``data`` of an ``openclaw.session`` record, None if that is damaged."""
    try:
        return msgspec.convert(data, AgentSession)
    except msgspec.ValidationError:
        return None
