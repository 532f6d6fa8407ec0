"""``<sessionId>.meta.json`` beside the transcripts of sessions begun in the small dialect, for its users' own tools.

Nothing of ours reads them: the transcript is the one truth, and a file that is
lost in a crash is there again after the next message.
"""

import json
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger

from teamgram.database import private_file
from teamgram.openclaw.sessions.agent_session import AgentSession
from teamgram.openclaw.sessions.agent_sessions import AgentSessions

MINI = "mini:"
SUFFIX = ".meta.json"
#: A conversation under way is written down so often at most.
_SECONDS = 1.0


class SessionMetaFiles:
    """Writes them, some time after a change."""

    _log = Logger()

    def __init__(self, sessions: AgentSessions, reactor: Any) -> None:
        self._sessions = sessions
        self._reactor = reactor
        self._due: dict[str, Any] = {}
        self._writing: set[Deferred[Any]] = set()
        sessions.on_append.append(self._appended)

    def _appended(self, session: AgentSession, record: dict[str, Any], seq: int) -> None:
        if session.parsed.rest.startswith(MINI) and session.key not in self._due:
            self._due[session.key] = self._reactor.callLater(_SECONDS, self._write, session)

    def deleted(self, session: AgentSession) -> None:
        """The session is gone, and its file with it."""
        due = self._due.pop(session.key, None)
        if due is not None:
            due.cancel()
        if session.parsed.rest.startswith(MINI):
            self._in_thread(self._path(session).unlink, True)

    def _path(self, session: AgentSession) -> Path:
        return self._sessions.path(session).parent / (session.session_id + SUFFIX)

    def _write(self, session: AgentSession) -> None:
        del self._due[session.key]
        if self._sessions.get(session.key) is session:
            self._in_thread(private_file.replace, self._path(session), json.dumps(meta(session)).encode())

    def _in_thread(self, function: Any, *args: Any) -> None:
        writing = deferToThreadPool(self._reactor, self._reactor.getThreadPool(), function, *args)
        self._writing.add(writing)
        writing.addErrback(lambda failure: self._log.failure("a session's meta file is not as it should be"))
        writing.addBoth(lambda _: self._writing.discard(writing))

    async def close(self) -> None:
        """What is due is written now."""
        for key, due in tuple(self._due.items()):
            due.cancel()
            session = self._sessions.get(key)
            if session is not None:
                self._write(session)
        while self._writing:
            waiting: Deferred[Any] = Deferred()
            next(iter(self._writing)).addBoth(waiting.callback)
            await waiting


def meta(session: AgentSession) -> dict[str, Any]:
    """What the file says."""
    return {
        "id": session.session_id,
        "key": session.key,
        "channel": "webchat",
        "peer": session.parsed.rest.removeprefix(MINI),
        "type": session.kind,
        "createdAt": session.created_at,
        "updatedAt": session.updated_at,
        "messageCount": session.messages,
    }
