"""Small state that must survive ``kill -9``: one JSON file, replaced as a whole.

A write goes to a temporary file that is flushed to disk before it takes the
name, so a reader finds the old or the new state, never half of one. Waiting
writers share a write: what is saved is the state at that time.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger
from twisted.python.failure import Failure

from teamgram.database import private_file


def state_directory(data_dir: Path, environment: Mapping[str, str]) -> Path:
    """Where the control plane keeps its own: below the data directory, unless the environment says otherwise."""
    return Path(environment.get("MINI_OPENCLAW_DATA_DIR") or data_dir / "openclaw")


def read_json(path: Path) -> Any:
    """The file's value, None when there is no such file.

    Raises:
        ValueError: it is no JSON (then it is not one of ours: we never leave half a file).
    """
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        return None


class StateFile:
    """Saves what ``snapshot()`` gives, in a thread of ``reactor``'s pool."""

    _log = Logger()

    def __init__(self, path: Path, snapshot: Callable[[], Any], reactor: Any) -> None:
        self.path = path
        self._snapshot = snapshot
        self._reactor = reactor
        self._writing: Deferred[None] | None = None
        self._waiting: list[Deferred[None]] = []
        self._dirty = False

    def touch(self) -> None:
        """Something changed that may be lost in a crash: it is saved with the next change that may not, or on close."""
        self._dirty = True

    def save(self) -> Deferred[None]:
        """Fires when the present state is on disk; fails as the write failed."""
        done: Deferred[None] = Deferred()
        self._waiting.append(done)
        if self._writing is None:
            self._start()
        return done

    def _start(self) -> None:
        waiting, self._waiting = self._waiting, []
        self._dirty = False
        try:
            content = json.dumps(self._snapshot(), ensure_ascii=False, separators=(",", ":")).encode()
        except Exception:
            # Whoever waits hears of it as of a disk that refuses; the next state may be writable again.
            self._told(Failure(), waiting)  # type: ignore[no-untyped-call]
            return
        self._writing = deferToThreadPool(
            self._reactor, self._reactor.getThreadPool(), private_file.replace, self.path, content
        )
        self._writing.addBoth(self._written, waiting)

    def _written(self, result: Any, waiting: list[Deferred[None]]) -> None:
        self._writing = None
        if self._waiting:
            self._start()
        self._told(result, waiting)

    def _told(self, result: Any, waiting: list[Deferred[None]]) -> None:
        if isinstance(result, Failure):
            self._log.failure("{path} could not be written", failure=result, path=str(self.path))
        for done in waiting:
            done.callback(None) if not isinstance(result, Failure) else done.errback(result)

    async def close(self) -> None:
        """Save what is not saved yet."""
        if self._dirty or self._writing is not None:
            await self.save()
