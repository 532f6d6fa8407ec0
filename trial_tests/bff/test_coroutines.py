"""RPC functions that wait: what they return, raise, and what becomes of them when nobody wants the answer."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from teamgram.bff.coroutines import RunningCoroutine

ASKS: ContextVar[str] = ContextVar("asks", default="nobody")


class RunningCoroutineTests(SynchronousTestCase):
    """One coroutine from its beginning to its answer."""

    def setUp(self) -> None:
        self.ends: list[Any] = []

    def ended(self, result: Any) -> bytes:
        self.ends.append(result)
        if isinstance(result, Failure):
            result.raiseException()
        return f"answer {result}".encode()

    def begin(self, coroutine: Any) -> Deferred[bytes]:
        value, answer = RunningCoroutine(coroutine, self.ended).begin()
        self.assertIsNone(value)
        assert answer is not None
        return answer

    def test_nothing_to_wait_for(self) -> None:
        """Its value, or what it raised, at once and as it is; also what waited for something that was there."""
        there: Deferred[int] = Deferred()
        there.callback(5)

        async def returns() -> int:
            return await there

        async def raises() -> int:
            raise KeyError("none")

        self.assertEqual(RunningCoroutine(returns(), self.ended).begin(), (5, None))
        self.assertRaises(KeyError, RunningCoroutine(raises(), self.ended).begin)
        self.assertEqual(self.ends, [])

    def test_waits_twice(self) -> None:
        """Each result goes in where it was waited for, a failure as an exception; the end becomes the answer."""
        first: Deferred[int] = Deferred()
        second: Deferred[int] = Deferred()

        async def both() -> tuple[int, str]:
            number = await first
            try:
                await second
            except ValueError as error:
                return number, str(error)
            return number, "nothing was raised"

        answer = self.begin(both())
        first.callback(3)
        self.assertNoResult(answer)
        second.errback(ValueError("wrong"))
        self.assertEqual(self.successResultOf(answer), b"answer (3, 'wrong')")
        # What was waited for has been dealt with.
        self.assertIsNone(self.successResultOf(second))

    def test_raises_later(self) -> None:
        """Who decides on the answer gets the failure, with the lines it came through, and what they raise is told."""
        waited: Deferred[None] = Deferred()

        async def raises() -> None:
            await waited
            raise KeyError("none")

        answer = self.begin(raises())
        waited.callback(None)
        self.failureResultOf(answer, KeyError)
        self.assertIn("in raises", self.ends[0].getTraceback())

    def test_context(self) -> None:
        """It goes on in the context in which it began, and changes nobody else's."""
        waited: Deferred[None] = Deferred()

        async def asks() -> tuple[str, str]:
            before = ASKS.get()
            await waited
            after = ASKS.get()
            ASKS.set("the coroutine")
            return before, after

        token = ASKS.set("Ada")
        try:
            answer = self.begin(asks())
        finally:
            ASKS.reset(token)
        waited.callback(None)
        self.assertEqual(self.successResultOf(answer), b"answer ('Ada', 'Ada')")
        self.assertEqual(ASKS.get(), "nobody")

    def test_given_up(self) -> None:
        """What it waits for is given up, and it hears so."""
        given_up: list[str] = []
        waited: Deferred[None] = Deferred(lambda _: given_up.append("what it waited for"))

        async def waits() -> None:
            try:
                await waited
            finally:
                given_up.append("the function")

        answer = self.begin(waits())
        answer.cancel()
        self.failureResultOf(answer, CancelledError)
        self.assertEqual(given_up, ["what it waited for", "the function"])

    def test_goes_on_though_given_up(self) -> None:
        """One that bears it may go on; its answer is nobody's."""
        waited: list[Deferred[None]] = [Deferred(), Deferred()]
        done: list[str] = []

        async def goes_on() -> str:
            try:
                await waited[0]
            except CancelledError:
                await waited[1]
            done.append("all")
            return "late"

        answer = self.begin(goes_on())
        answer.cancel()
        self.failureResultOf(answer, CancelledError)
        waited[1].callback(None)
        self.assertEqual(done, ["all"])
        self.assertEqual(self.ends, [])
