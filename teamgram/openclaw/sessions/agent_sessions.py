"""All agent sessions: the index over the transcripts, rebuilt from them at start, and every write to them.

Layout: ``<data>/openclaw/agents/<agentId>/sessions/<sessionId>.jsonl``.
"""

import copy
import errno
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger

from teamgram.openclaw.sessions import agent_session, transcript_files, transcripts
from teamgram.openclaw.sessions import keys as agent_session_keys
from teamgram.openclaw.sessions.agent_session import AgentSession, OpenRun
from teamgram.openclaw.sessions.keys import SessionKey
from teamgram.openclaw.sessions.session_files import SAFE_ID, SessionFiles
from teamgram.openclaw.sessions.transcript_writer import OnDisk, Read, TranscriptWriter

T = TypeVar("T")

#: Tells of a record that is on disk: (session, record, its number in the history or 0).
Appended = Callable[[AgentSession, dict[str, Any], int], None]


class TranscriptGone(FileNotFoundError):
    """The session was deleted: nothing can be added to its transcript any more."""

    def __init__(self, key: str) -> None:
        super().__init__(errno.ENOENT, f"the session {key} was deleted")


class AgentSessions:
    """The registry.

    Attributes:
        reported: what a crash left behind and the start repaired, worded for the log.
        superseded: sessions whose key another one has taken over; a crash came before they were put aside.
    """

    _log = Logger()

    def __init__(self, directory: Path, reactor: Any) -> None:
        """Args:
        directory: ``<data>/openclaw/agents``.
        """
        self.directory = directory
        self.reported: list[str] = []
        self.superseded: list[AgentSession] = []
        self._reactor = reactor
        self._by_key: dict[str, AgentSession] = {}
        self._by_id: dict[str, AgentSession] = {}
        self._labels: dict[str, str] = {}
        self._writers: dict[str, TranscriptWriter] = {}
        self._on_disk: dict[str, OnDisk] = {}
        self.on_append: list[Appended] = []

    # The index

    def load(self) -> None:
        """Read every session's first and last lines, and cut what a crash left half written. Blocks."""
        files = SessionFiles(self.directory)
        for session, size in files.load():
            self._on_disk[session.session_id] = OnDisk(size, session.messages)
            self._add(session)
        self.reported = files.reported

    def _add(self, session: AgentSession) -> None:
        self._by_id[session.session_id] = session
        other = self._by_key.get(session.key)
        if other is not None:
            # A key is free for another session only when its last one is being deleted, though that may still write.
            older, session = sorted((other, session), key=lambda each: (each.created_at, each.updated_at))
            self.retire(older)
            self.superseded.append(older)
        self._by_key[session.key] = session
        if session.label:
            self._labels[session.label] = session.key

    # Finding

    def __len__(self) -> int:
        return len(self._by_key)

    def __iter__(self) -> Iterator[AgentSession]:
        return iter(tuple(self._by_key.values()))

    def get(self, key: str) -> AgentSession | None:
        """By canonical key."""
        return self._by_key.get(key)

    def by_id(self, session_id: str) -> AgentSession | None:
        """By session id."""
        return self._by_id.get(session_id)

    def by_label(self, label: str) -> AgentSession | None:
        """By its label, which no two share."""
        return self._by_key.get(self._labels.get(label, ""))

    def newest_first(self, by: str = "updated_at") -> list[AgentSession]:
        """All of them by a time of theirs."""
        return sorted(self._by_key.values(), key=lambda session: getattr(session, by), reverse=True)

    def path(self, session: AgentSession) -> Path:
        """Its transcript."""
        return self.directory / session.agent_id / "sessions" / (session.session_id + transcript_files.SUFFIX)

    # Writing

    def create(
        self, key: SessionKey, now_ms: int, *, session_id: str = "", created_via: str = "operator"
    ) -> AgentSession:
        """A new session in the index; its file comes with the first append.

        Raises:
            BadSessionKey: the session id cannot name a file.
        """
        if session_id and (not SAFE_ID.fullmatch(session_id) or session_id in self._by_id):
            raise agent_session_keys.BadSessionKey(f"invalid session id: {session_id[:64]}")
        session = agent_session.new(key, now_ms, session_id=session_id, created_via=created_via)
        self._add(session)
        return session

    def relabel(self, session: AgentSession, label: str) -> bool:
        """Give it a label, or none with an empty text; False when another has it."""
        if label and self._labels.get(label, session.key) != session.key:
            return False
        self._labels.pop(session.label, None)
        session.label = label
        if label:
            self._labels[label] = session.key
        return True

    def append(
        self, session: AgentSession, records: Iterable[dict[str, Any]], now_ms: int, opens: OpenRun | None = None
    ) -> Deferred[None]:
        """Write records and the session's state after them; fires when they are on disk, then observers hear.

        The records get their parents, and the session counts them, when their turn comes: at once, unless the
        transcript is just being replaced. Only then are runs opened, taken up and closed in the session, too: the
        state that another change writes meanwhile must not say of a run what no record on disk says. If the disk
        refuses, the caller's Deferred fails and what was counted comes right with the next start.

        Args:
            opens: a run that is accepted with this.

        Fails with:
            TranscriptGone: the session was deleted.
            OSError: it could not be written.

        Never raises: what cannot be encoded fails like what cannot be written.
        """
        if self._by_id.get(session.session_id) is not session:
            return fail(TranscriptGone(session.key))
        numbered: list[tuple[dict[str, Any], int]] = []

        def make() -> tuple[bytes, int]:
            if opens is not None:
                session.open_runs = [*session.open_runs, opens]
            return self._batch(session, records, numbered, now_ms)

        done = self._writer(session).append(make)
        return done.addCallback(self._tell, session, numbered)

    def append_after(
        self,
        session: AgentSession,
        make: "Read[list[dict[str, Any]]]",
        now_ms: int,
        *,
        every_branch: bool = False,
    ) -> Deferred[None]:
        """Append records that depend on what is there: nothing comes between the look, in a thread, and the write.

        Fails as :meth:`append` does.
        """
        if self._by_id.get(session.session_id) is not session:
            return fail(TranscriptGone(session.key))
        numbered: list[tuple[dict[str, Any], int]] = []
        done = self._writer(session).append_after(
            make, lambda records: self._batch(session, records, numbered, now_ms), every_branch=every_branch
        )
        return done.addCallback(self._tell, session, numbered)

    def _batch(
        self,
        session: AgentSession,
        records: Iterable[dict[str, Any]],
        numbered: list[tuple[dict[str, Any], int]],
        now_ms: int,
    ) -> tuple[bytes, int]:
        """Count records; (the bytes of the append, messages in the history after it)."""
        batch: list[Any] = []
        if not session.last_id:
            batch.append(self._header(session, now_ms))
            session.last_id = session.session_id
        for record in records:
            record["parentId"] = session.last_id
            number = session.count(record)
            batch.append(record)
            numbered.append((record, number))
        session.updated_at = max(session.updated_at, now_ms)
        batch.append(_state(session, now_ms))
        return transcripts.encode_lines(batch), session.messages

    def _header(self, session: AgentSession, now_ms: int) -> dict[str, Any]:
        cwd = str(self.directory / session.agent_id / "workspace")
        return transcripts.header(session.session_id, session.key, session.agent_id, cwd, now_ms)

    def _tell(self, result: None, session: AgentSession, numbered: list[tuple[dict[str, Any], int]]) -> None:
        for record, number in numbered:
            for listener in self.on_append:
                try:
                    listener(session, record, number)
                except Exception:
                    # What is on disk is on disk: who hears of it cannot undo that.
                    self._log.failure("a listener of {key} failed", key=session.key)

    def save(self, session: AgentSession, now_ms: int, opens: OpenRun | None = None) -> Deferred[None]:
        """Write the session's state alone: a setting changed, or a run was accepted that waits."""
        return self.append(session, (), now_ms, opens)

    def _writer(self, session: AgentSession) -> TranscriptWriter:
        writer = self._writers.get(session.session_id)
        if writer is None:
            # Writers of quiet sessions are forgotten: what is on disk is all that has to be known.
            for session_id in [each for each, found in self._writers.items() if found.is_idle]:
                self._on_disk[session_id] = self._writers.pop(session_id).on_disk
            known = self._on_disk.pop(session.session_id, OnDisk())
            writer = self._writers[session.session_id] = TranscriptWriter(self.path(session), self._reactor, known)
        return writer

    def retire(self, session: AgentSession) -> None:
        """From now on its key is another session's, if anybody's; what goes on in this one may still end in order."""
        if self._by_key.get(session.key) is session:
            del self._by_key[session.key]
        if self._labels.get(session.label) == session.key:
            del self._labels[session.label]

    def archive(self, session: AgentSession, now_ms: int) -> Deferred[Path | None]:
        """Remove a session and move its transcript aside, after all that was to be written to it.

        Fires with where it is now, None when it had no transcript yet.
        """
        self.retire(session)
        if self._by_id.pop(session.session_id, None) is None or not session.last_id:
            return succeed(None)
        done = self._writer(session).archive(transcripts.iso(now_ms))
        return done.addBoth(self._forget_writer, session)

    def _forget_writer(self, result: T, session: AgentSession) -> T:
        self._writers.pop(session.session_id, None)
        self._on_disk.pop(session.session_id, None)
        return result

    def truncate(self, session: AgentSession, choose: "Read[list[dict[str, Any]]]", now_ms: int) -> Deferred[int]:
        """Replace a transcript by the records that ``choose`` wants of it, in a thread and oldest first.

        What is appended meanwhile comes after them. Fires with how many they are; fails as :meth:`append` does, and
        then everything is as it was.
        """
        if self._by_id.get(session.session_id) is not session:
            return fail(TranscriptGone(session.key))
        if not session.last_id:
            return succeed(0)  # It has no file yet.
        after: list[AgentSession] = []

        def make(records: list[dict[str, Any]]) -> tuple[bytes, int]:
            shorter = copy.copy(session)
            shorter.lifecycle_revision = agent_session.new_revision()
            shorter.last_id, shorter.messages = session.session_id, 0
            for record in records:
                record["parentId"] = shorter.last_id
                shorter.count(record)
            after.append(shorter)
            lines = [self._header(session, now_ms), *records, _state(shorter, now_ms)]
            return transcripts.encode_lines(lines), shorter.messages

        def replaced(count: int) -> int:
            for name in ("lifecycle_revision", "last_id", "leaf_id", "messages", "preview"):
                setattr(session, name, getattr(after[0], name))
            return count

        return self._writer(session).replace(choose, make, replaced)

    # Reading

    def in_thread(self, function: Callable[[], Any]) -> Deferred[Any]:
        """Call something that blocks, in a thread of the reactor's pool."""
        return deferToThreadPool(self._reactor, self._reactor.getThreadPool(), function)

    def read(self, session: AgentSession, function: "Read[T]", *, every_branch: bool = False) -> "Deferred[T]":
        """Call ``function`` in a thread with what is on disk of its records: (newest first, number of the newest).

        Args:
            every_branch: of all branches, with the marks between them; else of the one that is gone on with.
        """
        if self._by_id.get(session.session_id) is not session:
            return self.in_thread(lambda: function(iter(()), 0))
        return self._writer(session).read(function, every_branch=every_branch)

    def read_at_start(self, session: AgentSession) -> Iterator[dict[str, Any]]:
        """Its records from the newest on, before anything is written. Blocks."""
        known = self._on_disk.get(session.session_id, OnDisk())
        return transcript_files.read_backward(self.path(session), known.size)


def _state(session: AgentSession, now_ms: int) -> dict[str, Any]:
    return transcripts.record(
        transcripts.CUSTOM, session.last_id, now_ms, customType=transcripts.SESSION_STATE, data=session
    )
