"""The line in which the sends of one session write."""

from dataclasses import replace

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from teamgram.bff.send_order import SendOrder
from teamgram.interfaces.keys import AuthKeyType
from teamgram.interfaces.rpc import RpcMetadata

CALLER = RpcMetadata(1, 1, AuthKeyType.PERM, 7, 5, 200)


class SendOrderTests(SynchronousTestCase):
    """Who looks something up first holds up those behind, and nobody else."""

    def setUp(self) -> None:
        self.order = SendOrder()
        self.wrote: list[str] = []

    def send(self, name: str, ready: "Deferred[None] | None" = None, caller: RpcMetadata = CALLER) -> "Deferred[None]":
        async def sending() -> None:
            with self.order.place(caller) as place:
                if ready is not None:
                    await ready
                await place.turn()
                self.wrote.append(name)

        return Deferred.fromCoroutine(sending())

    def test_in_the_order_of_asking(self) -> None:
        """Behind one that still reads, whoever is ready; other sessions do not wait."""
        slow: Deferred[None] = Deferred()
        sent = [self.send("a", slow), self.send("b"), self.send("c")]
        self.send("other", caller=replace(CALLER, session_id=8))
        self.assertEqual(self.wrote, ["other"])
        slow.callback(None)
        self.assertEqual(self.wrote, ["other", "a", "b", "c"])
        for one in sent:
            self.successResultOf(one)
        self.assertEqual(self.order._last, {})

    def test_who_fails_or_gives_up(self) -> None:
        """The next one takes its place, but overtakes nobody who is in front of both."""
        slow: Deferred[None] = Deferred()
        failing: Deferred[None] = Deferred()
        self.send("a", slow)
        wrong, given_up, last = self.send("b", failing), self.send("c"), self.send("d")
        failing.errback(ValueError())
        self.failureResultOf(wrong, ValueError)
        given_up.cancel()
        self.failureResultOf(given_up, CancelledError)
        self.assertEqual(self.wrote, [])
        slow.callback(None)
        self.assertEqual(self.wrote, ["a", "d"])
        self.successResultOf(last)
        self.assertEqual(self.order._last, {})
