"""The few things in session that wait, each owned until it is done."""

from collections.abc import Coroutine
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure


class Tasks:
    """Coroutines under way: a failure is logged, and all are cancelled at the end."""

    _log = Logger()

    def __init__(self) -> None:
        self._running: set[Deferred[None]] = set()

    def spawn(self, coroutine: Coroutine[Any, Any, None], what: str) -> None:
        """Run ``coroutine``; ``what`` names it in the log if it fails."""
        task: Deferred[None] = Deferred.fromCoroutine(coroutine)
        task.addErrback(self._failed, what)
        if not task.called:
            self._running.add(task)
            task.addBoth(lambda _: self._running.discard(task))

    def _failed(self, failure: Failure, what: str) -> None:
        if not isinstance(failure.value, CancelledError):
            self._log.failure("{what}", failure=failure, what=what)

    def cancel(self) -> None:
        """At the end: nothing that waits is left behind."""
        for task in list(self._running):
            task.cancel()
