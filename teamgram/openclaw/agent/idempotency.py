"""Every run is done once: what was asked under which key, and how it ended. Plain Python.

Kept for five minutes after a run's end, by session, method and key; a run
that runs is never forgotten. After a restart the ends come back from the
transcripts (:mod:`teamgram.openclaw.agent.recovery`), so a repeated request
is answered as if nothing had happened.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

from teamgram.openclaw.agent.outcome import Outcome
from teamgram.openclaw.agent.run import Run
from teamgram.openclaw.gateway import frames

TTL_MS = 300_000
MAX_ENDED = 1000


@dataclass(slots=True)
class Entry:
    """One key's run."""

    fingerprint: str
    run: Run | None
    outcome: Outcome | None = None


class Idempotency:
    """The keys that are known."""

    def __init__(self) -> None:
        self._entries: dict[tuple[str, str, str], Entry] = {}
        self._by_run: dict[str, Entry] = {}
        self._ended: dict[tuple[str, str, str], int] = {}

    def find(self, session_key: str, method: str, run_id: str, now_ms: int) -> Entry | None:
        """The run that was asked for under that key, if it is still known."""
        self._forget_old(now_ms)
        return self._entries.get((session_key, method, run_id))

    def by_run(self, run_id: str) -> Entry | None:
        """The newest run of that id, in whatever session."""
        return self._by_run.get(run_id)

    def begin(self, session_key: str, method: str, run_id: str, fingerprint: str, run: Run | None) -> Entry:
        """A run was accepted."""
        entry = Entry(fingerprint, run)
        self._entries[session_key, method, run_id] = self._by_run[run_id] = entry
        return entry

    def drop(self, session_key: str, method: str, run_id: str) -> None:
        """The run was not accepted after all."""
        entry = self._entries.pop((session_key, method, run_id), None)
        if entry is not None and self._by_run.get(run_id) is entry:
            del self._by_run[run_id]

    def end(self, session_key: str, method: str, run_id: str, outcome: Outcome) -> None:
        """The run ended."""
        key = (session_key, method, run_id)
        entry = self._entries.get(key)
        if entry is None:
            return
        entry.run, entry.outcome = None, outcome
        self._ended[key] = outcome.ended_at
        while len(self._ended) > MAX_ENDED:
            self._forget(next(iter(self._ended)))

    def _forget_old(self, now_ms: int) -> None:
        while self._ended:
            key, ended_at = next(iter(self._ended.items()))
            if now_ms - ended_at < TTL_MS:
                break
            self._forget(key)

    def _forget(self, key: tuple[str, str, str]) -> None:
        del self._ended[key]
        self.drop(*key)


def fingerprint(message: str, attachments: Any = None) -> str:
    """Of what was asked: the same words and files give the same."""
    digest = hashlib.sha256(message.encode("utf-8", "surrogatepass"))
    if attachments:
        digest.update(b"\0" + frames.encode_json(attachments))
    return digest.hexdigest()[:32]
