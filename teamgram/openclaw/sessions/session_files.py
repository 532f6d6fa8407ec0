"""Sessions as their files tell of them at start: the last state, and what a crash left after it. Blocks."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from twisted.logger import Logger

from teamgram.openclaw.sessions import agent_session, transcript_files, transcripts
from teamgram.openclaw.sessions import keys as agent_session_keys
from teamgram.openclaw.sessions.agent_session import AgentSession

#: A session id, which names a file.
SAFE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
#: One read of this much finds the last state of nearly every session.
_TAIL_BYTES = 8192

_log = Logger()


class SessionFiles:
    """The transcripts below one directory.

    Attributes:
        reported: what a crash left behind and was repaired, worded for the log.
    """

    def __init__(self, directory: Path) -> None:
        """Args:
        directory: ``<data>/openclaw/agents``.
        """
        self.reported: list[str] = []
        self._directory = directory

    def load(self) -> Iterator[tuple[AgentSession, int]]:
        """Every session and the bytes of its transcript; what a crash left half written is cut."""
        for path in self._paths():
            try:
                session, size = self._load_one(path)
                if session is not None:
                    agent_session_keys.parse(session.key, session.agent_id)  # Everything else takes it for one.
            except Exception as error:
                # One file that cannot be read keeps no other session away.
                self._report(f"{os.path.basename(path)}: cannot be read ({type(error).__name__}: {error}); left alone")
                continue
            if session is not None:
                yield session, size

    def _paths(self) -> Iterator[str]:
        try:
            agents = [entry.path for entry in os.scandir(self._directory) if entry.is_dir()]
        except FileNotFoundError:
            return
        for agent in agents:
            try:
                with os.scandir(os.path.join(agent, "sessions")) as entries:
                    for entry in entries:
                        if entry.name.endswith(transcript_files.SUFFIX):
                            yield entry.path
            except FileNotFoundError:
                continue

    def _load_one(self, path: str) -> tuple[AgentSession | None, int]:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            size = os.fstat(descriptor).st_size
            tail = os.pread(descriptor, _TAIL_BYTES, max(0, size - _TAIL_BYTES))
        finally:
            os.close(descriptor)
        session = None
        if tail.endswith(b"\n"):
            found = transcripts.decode_line(tail[tail.rfind(b"\n", 0, len(tail) - 1) + 1 :])
            if found is not None and found.get("customType") == transcripts.SESSION_STATE:
                session = agent_session.from_state(found.get("data"))
        return (session, size) if session is not None else self._recover(Path(path))

    def _recover(self, path: Path) -> tuple[AgentSession | None, int]:
        """The session of a file whose last line is no whole state: after a crash, or written by somebody else."""
        size, cut = transcript_files.cut_torn_batch(path)
        if cut:
            self._report(f"{path.name}: cut {cut} bytes of an append that was never acknowledged")
        after: list[dict[str, Any]] = []
        session = None
        reader = transcript_files.read_backward(path, size, most_bytes=max(size, 1))
        for record in reader:
            if record.get("customType") == transcripts.SESSION_STATE:
                session = agent_session.from_state(record.get("data"))
                if session is not None:
                    break
            after.append(record)
        reader.close()  # type: ignore[attr-defined]
        if session is None:
            session = self._from_header(path)
        if session is None:
            self._report(f"{path.name}: has no readable first line; it is left alone")
            return None, size
        for record in reversed(after):
            session.count(record)
        return session, size

    def _from_header(self, path: Path) -> AgentSession | None:
        first = transcript_files.read_first(path)
        session_id = first.get("id") if first and first.get("type") == "session" else None
        if first is None or not isinstance(session_id, str) or not SAFE_ID.fullmatch(session_id):
            return None
        agent_id = path.parent.parent.name
        try:
            key = agent_session_keys.parse(str(first.get("key") or f"agent:{agent_id}:explicit:{session_id}"), agent_id)
        except agent_session_keys.BadSessionKey:
            return None
        created = transcripts.from_iso(str(first.get("timestamp")))
        return agent_session.new(key, created, session_id=session_id, created_via="file")

    def _report(self, text: str) -> None:
        self.reported.append(text)
        _log.warn("transcript {report}", report=text)
