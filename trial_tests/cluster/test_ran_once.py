"""The same message by way of two session processes: it runs once, and both have its answer."""

from dataclasses import replace
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from teamgram.cluster import ran_once
from teamgram.cluster.ran_once import RanOnce
from teamgram.interfaces.keys import AuthKeyType
from teamgram.interfaces.rpc import RpcError, RpcMetadata, RpcRequest

METADATA = RpcMetadata(-77, 5, AuthKeyType.TEMP, -3, 42, 214)


class RanOnceTests(SynchronousTestCase):
    """What bff was asked, and what those who asked got."""

    def setUp(self) -> None:
        self.asked: list[RpcRequest] = []
        self.running: list[Deferred[bytes]] = []
        self.at_once: Any = None
        self.once = RanOnce(self)

    def call(self, request: RpcRequest) -> Any:
        """bff."""
        self.asked.append(request)
        if isinstance(self.at_once, RpcError):
            raise self.at_once
        if self.at_once is not None:
            return self.at_once
        self.running.append(Deferred())
        return self.running[-1]

    def ask(self, method: str = "messages.createChat", msg_id: int = 9, **other: Any) -> Any:
        """One request."""
        metadata = replace(METADATA, **other)
        return self.once.call(RpcRequest(metadata, msg_id, "RPCMessages", method, b"query"))

    def test_while_it_runs(self) -> None:
        """Who asks again waits for the same answer."""
        first, again = self.ask(), self.ask()
        self.assertEqual(len(self.asked), 1)
        self.running[0].callback(b"chat")
        self.assertEqual((self.successResultOf(first), self.successResultOf(again)), (b"chat", b"chat"))

    def test_when_it_has_run(self) -> None:
        """The answer is there."""
        first = self.ask()
        self.running[0].callback(b"chat")
        self.assertEqual((self.successResultOf(first), self.ask(), len(self.asked)), (b"chat", b"chat", 1))
        self.at_once = b"now"
        self.assertEqual([self.ask(msg_id=10), self.ask(msg_id=10)], [b"now", b"now"])
        self.assertEqual(len(self.asked), 2)

    def test_who_asks_gives_up(self) -> None:
        """As a session does whose key went to another process: the request goes on, and the other has its answer."""
        first = self.ask()
        first.cancel()
        self.failureResultOf(first)
        again = self.ask()
        self.running[0].callback(b"chat")
        self.assertEqual((self.successResultOf(again), len(self.asked)), (b"chat", 1))

    def test_what_is_another(self) -> None:
        """Another message, session or key; what only reads; what failed."""
        others: list[dict[str, Any]] = [{}, {"msg_id": 10}, {"session_id": -4}, {"auth_key_id": 6}]
        for other in others:
            self.ask(**other)
        self.assertEqual(len(self.asked), 4)
        for _ in range(2):
            self.ask("messages.getHistory", msg_id=11)
        self.assertEqual(len(self.asked), 6)
        failed = self.ask(msg_id=12)
        self.running[-1].errback(RpcError(400, "PEER_ID_INVALID"))
        self.failureResultOf(failed, RpcError)
        self.ask(msg_id=12)
        self.at_once = RpcError(400, "PEER_ID_INVALID")
        for _ in range(2):
            self.assertRaises(RpcError, self.ask, msg_id=13)
        self.assertEqual(len(self.asked), 10)

    def test_it_is_bounded(self) -> None:
        """The oldest answers go."""
        self.patch(ran_once, "MAX_KEPT_BYTES", 100)
        self.at_once = b"x" * 40
        for msg_id in range(5):
            self.ask(msg_id=msg_id)
        self.assertEqual((list(self.once._kept), self.once._kept_bytes), ([(5, -3, 3), (5, -3, 4)], 80))
