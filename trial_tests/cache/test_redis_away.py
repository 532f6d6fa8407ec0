"""Redis that is not there, goes away, hangs, and comes back."""

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from teamgram.cache import RedisCache


class _FakeRedis(Protocol):
    """Answers GET, SET and DEL from a dictionary; understands only what txredisapi writes."""

    def dataReceived(self, data: bytes) -> None:
        if self.factory.silent:
            return
        store: dict[bytes, bytes] = self.factory.store
        for command in data.split(b"*")[1:]:
            words = command.split(b"\r\n")[2::2]
            assert self.transport is not None
            if words[0] == b"GET":
                value = store.get(words[1])
                self.transport.write(b"$-1\r\n" if value is None else b"$%d\r\n%s\r\n" % (len(value), value))
            elif words[0] == b"SET":
                store[words[1]] = words[2]
                self.transport.write(b"+OK\r\n")
            elif words[0] == b"DEL":
                count = sum(store.pop(key, None) is not None for key in words[1:] if key)
                self.transport.write(b":%d\r\n" % count)
            else:
                self.transport.write(b"-ERR unknown command\r\n")

    def connectionMade(self) -> None:
        self.factory.connections.add(self)

    def connectionLost(self, reason: Any = None) -> None:
        self.factory.connections.discard(self)


class RedisAwayTests(TestCase):
    """With Redis away the program goes on."""

    def setUp(self) -> None:
        from twisted.internet import reactor

        self.reactor: Any = reactor
        self.server = Factory.forProtocol(_FakeRedis)
        self.server.store = {}  # type: ignore[attr-defined]
        self.server.silent = False  # type: ignore[attr-defined]
        self.server.connections = set()  # type: ignore[attr-defined]
        self.port: Any = None
        self.number = 0
        self.listen()
        self.cache = RedisCache(reactor, f"127.0.0.1:{self.number}", namespace="test", reply_timeout=0.2)

    async def tearDown(self) -> None:
        await self.cache.close()
        await self.go_away()

    def listen(self) -> None:
        self.port = self.reactor.listenTCP(self.number, self.server, interface="127.0.0.1")
        self.number = self.port.getHost().port

    async def go_away(self) -> None:
        if self.port is not None:
            port, self.port = self.port, None
            await port.stopListening()
        for connection in list(self.server.connections):  # type: ignore[attr-defined]
            connection.transport.abortConnection()
        await self.until(lambda: not self.server.connections)  # type: ignore[attr-defined]

    async def until(self, condition: Any) -> None:
        for _ in range(500):
            if await self.value_of(condition):
                return
            await deferLater(self.reactor, 0.01)
        self.fail("did not happen within five seconds")

    async def value_of(self, condition: Any) -> Any:
        result = condition()
        return await result if hasattr(result, "__await__") else result

    async def test_never_there(self) -> None:
        """With nobody listening a get is a miss, a set is silent and a count begins at 1."""
        await self.go_away()
        self.assertIsNone(await self.cache.get("key"))
        await self.cache.set("key", b"value")
        await self.cache.delete("key")
        self.assertEqual(await self.cache.incr("key", 10), 1)

    async def test_comes_back(self) -> None:
        """After Redis went away and came back its values are found again, without being asked to reconnect."""
        await self.cache.set("key", b"value")
        self.assertEqual(await self.cache.get("key"), b"value")
        await self.go_away()
        self.assertIsNone(await self.cache.get("key"))
        self.listen()

        async def found() -> bool:
            return await self.cache.get("key") == b"value"

        await self.until(found)

    async def test_deleted_while_away(self) -> None:
        """What was deleted while Redis was away is deleted there once it is back, and is never read meanwhile."""
        await self.cache.set("doomed", b"old")
        await self.cache.set("kept", b"value")
        await self.go_away()
        await self.cache.delete("doomed")
        self.listen()

        async def back() -> bool:
            self.assertIsNone(await self.cache.get("doomed"))
            return await self.cache.get("kept") == b"value"

        await self.until(back)
        self.assertIsNone(await self.cache.get("doomed"))
        self.assertNotIn(b"test:doomed", self.server.store)  # type: ignore[attr-defined]

    async def test_hangs(self) -> None:
        """A Redis that takes requests and answers nothing counts as away after the reply timeout."""
        await self.cache.set("key", b"value")
        self.server.silent = True  # type: ignore[attr-defined]
        answers: list[Deferred[Any]] = [Deferred.fromCoroutine(self.cache.get("key")) for _ in range(5)]
        for answer in answers:
            self.assertIsNone(await answer)
