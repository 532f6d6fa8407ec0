"""Whose turn it is with one file: what may go side by side, and what has to be alone with it."""

from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, fail

T = TypeVar("T")


class ChangeOrder:
    """Everything begins in the order in which it was asked for.

    What shares goes on beside other such things; what is alone begins when
    all before it has ended, and nothing after it begins before it has. Whoever
    asked may stop waiting (cancel), what was begun goes on to its end.
    """

    def __init__(self) -> None:
        self._sharing = 0
        self._alone = False
        self._waiting: deque[tuple[bool, Callable[[], Deferred[Any]], Deferred[Any]]] = deque()

    @property
    def is_idle(self) -> bool:
        """Nothing goes on or waits."""
        return not (self._sharing or self._alone or self._waiting)

    def share(self, begin: Callable[[], "Deferred[T]"]) -> "Deferred[T]":
        """Do it beside others; fires as ``begin()`` does."""
        return self._enter(False, begin)

    def alone(self, begin: Callable[[], "Deferred[T]"]) -> "Deferred[T]":
        """Do it alone; fires as ``begin()`` does."""
        return self._enter(True, begin)

    def _enter(self, alone: bool, begin: Callable[[], Deferred[Any]]) -> Deferred[Any]:
        done: Deferred[Any] = Deferred()
        self._waiting.append((alone, begin, done))
        if len(self._waiting) == 1:
            self._go_on()
        return done

    def _go_on(self) -> None:
        while self._waiting:
            alone, begin, done = self._waiting[0]
            if self._alone or (alone and self._sharing):
                return
            self._alone, self._sharing = alone, self._sharing + (not alone)
            try:
                running = begin()
            except Exception:
                running = fail()
            self._waiting.popleft()
            running.addBoth(self._end, alone).chainDeferred(done)

    def _end(self, result: Any, alone: bool) -> Any:
        if alone:
            self._alone = False
        else:
            self._sharing -= 1
        if self._waiting:
            self._go_on()
        return result
