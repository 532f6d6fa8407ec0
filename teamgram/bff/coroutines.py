"""An RPC function that is a coroutine, run until it has its answer.

``Deferred.fromCoroutine`` does the same for whoever needs a Deferred at once. A
request needs none when its function has nothing to wait for, and at its end
nothing between the coroutine and the answer's encoding; what is left of the way is
a third of the price, which everybody pays who sends a message.
"""

from collections.abc import Callable, Coroutine
from contextvars import copy_context
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure


class RunningCoroutine:
    """One coroutine on its way, in a copy of the context in which this was made.

    Args:
        ended: given what the coroutine returned or raised, once it has waited for something; what it returns or
            raises is the answer.
    """

    __slots__ = ("_answer", "_context", "_coroutine", "_ended", "_waits_for")

    def __init__(
        self, coroutine: Coroutine["Deferred[Any]", Any, Any], ended: Callable[[Any | Failure], bytes]
    ) -> None:
        self._coroutine = coroutine
        self._ended = ended
        self._context = copy_context()
        self._waits_for: Deferred[Any] | None = None
        self._answer: Deferred[bytes]

    def begin(self) -> tuple[Any, "Deferred[bytes] | None"]:
        """(what it returned, None), or (None, the answer that is to come).

        Raises:
            Whatever the coroutine raised before it waited for anything.
        """
        try:
            waits_for = self._context.run(self._coroutine.send, None)
        except StopIteration as stop:
            return stop.value, None
        # Given up, it gives up what it waits for, and hears of that.
        self._answer = Deferred(self._give_up)
        self._wait(waits_for)
        return None, self._answer

    def _wait(self, waits_for: "Deferred[Any]") -> None:
        self._waits_for = waits_for
        waits_for.addBoth(self._go_on)

    def _give_up(self, _: "Deferred[bytes]") -> None:
        if self._waits_for is not None:
            self._waits_for.cancel()

    def _go_on(self, result: Any) -> None:
        coroutine = self._coroutine
        self._waits_for = None
        try:
            if isinstance(result, Failure):
                waits_for = self._context.run(result.throwExceptionIntoGenerator, coroutine)
            else:
                waits_for = self._context.run(coroutine.send, result)
        except StopIteration as stop:
            self._end(stop.value)
        except BaseException:
            self._end(Failure())  # type: ignore[no-untyped-call]
        else:
            self._wait(waits_for)

    def _end(self, result: Any) -> None:
        if self._answer.called:
            # Given up, and it went on for a while.
            return
        try:
            answer = self._ended(result)
        except BaseException:
            self._answer.errback()
        else:
            self._answer.callback(answer)
