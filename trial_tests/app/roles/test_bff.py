"""What a bff process tells others, and what it does not do twice."""

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

import msgspec

from teamgram.app.roles.leading import LEASE_SECONDS, MARGIN, RENEW_EVERY, Leading
from teamgram.cache.bus import EventsMissed, MemoryBus, RowsChanged
from teamgram.cluster.bus import CarriedBus
from trial_tests.backends import BackendTestCase, on_every_backend


@on_every_backend
class LeadingTests(BackendTestCase):
    """Two processes that would do the same work, over one database."""

    async def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1_800_000_000)
        self.database = self.open_database()
        self.did: list[str] = []

    def process(self, name: str, broken: bool = False) -> Leading:
        async def lead() -> None:
            if broken:
                raise ValueError("no port")
            self.did.append(f"{name} begins")

        async def follow() -> None:
            self.did.append(f"{name} ends")

        leading = Leading(self.database, self.clock, "work", name, lead, follow)
        self.addCleanup(lambda: Deferred.fromCoroutine(leading.stop()))
        return leading

    async def rounds(self, *leading: Leading) -> None:
        for one in leading:
            await one._round()

    async def test_one_at_a_time(self) -> None:
        """The first has it for as long as it says so; when it stops the other has it."""
        one, other = self.process("one"), self.process("other")
        await self.rounds(one, other)
        for _ in range(10):
            self.clock.advance(RENEW_EVERY)
            await self.rounds(one, other)
        self.assertEqual((self.did, one.leads, other.leads), (["one begins"], True, False))
        await one.stop()
        await self.rounds(other)
        self.assertEqual(self.did, ["one begins", "one ends", "other begins"])

    async def test_one_that_is_gone(self) -> None:
        """Nobody has it until its time is over."""
        one, other = self.process("one"), self.process("other")
        await self.rounds(one)
        self.clock.advance(LEASE_SECONDS - 1)
        await self.rounds(other)
        self.assertFalse(other.leads)
        self.clock.advance(2)
        await self.rounds(other)
        self.assertTrue(other.leads)

    async def test_one_that_cannot_ask(self) -> None:
        """It goes on for a while, and has ended before another may begin."""
        one = self.process("one")
        await self.rounds(one)

        def away(*_: Any) -> Any:
            raise ConnectionError("away")

        self.patch(one, "_ask", away)
        self.clock.advance(LEASE_SECONDS - MARGIN - 1)
        await self.rounds(one)
        self.assertTrue(one.leads)
        self.clock.advance(1)
        await self.rounds(one)
        self.assertEqual((one.leads, self.did), (False, ["one begins", "one ends"]))

    async def test_one_that_ends_while_it_asks(self) -> None:
        """Its answer comes late: what has ended does not begin again, and another one has it at once."""
        one, other = self.process("one"), self.process("other")
        for leads in (False, True):
            if leads:
                one = self.process("one")
                await self.rounds(one)
            ask, held = one._ask, Deferred[None]()

            async def late(ask: Any, held: Deferred[None], *arguments: Any) -> Any:
                await held
                return await ask(*arguments)

            self.patch(one, "_ask", lambda *given, a=ask, h=held: Deferred.fromCoroutine(late(a, h, *given)))
            asking = Deferred.fromCoroutine(one._round())
            stopping = Deferred.fromCoroutine(one.stop())
            held.callback(None)
            await asking
            await stopping
            self.assertFalse(one.leads)
            self.assertEqual(self.did, ["one begins", "one ends"] if leads else [])
        await self.rounds(other)
        self.assertTrue(other.leads)

    async def test_one_that_cannot_begin(self) -> None:
        """It gives the work to another."""
        one, other = self.process("one", broken=True), self.process("other")
        await self.rounds(one, other)
        self.assertEqual(self.did, ["one ends", "other begins"])
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)


class CarriedBusTests(SynchronousTestCase):
    """Which events cross."""

    def setUp(self) -> None:
        self.bus = CarriedBus(MemoryBus())
        self.carried: list[object] = []

    def test_what_nobody_thought_of_crosses(self) -> None:
        """A kind that nothing was said about goes to all; one that is for some goes to them; one for here stays."""
        self.bus.carry((EventsMissed,), None)
        self.bus.carry_others(self.carried.append)
        heard: list[object] = []
        self.bus.listen(RowsChanged, heard.append)
        change = RowsChanged("users", (1, 2))
        self.bus.publish(change)
        self.bus.publish(EventsMissed())
        self.assertEqual((self.carried, heard), ([change], [change]))
        self.bus.deliver(change)
        self.assertEqual((self.carried, heard), ([change], [change, change]))

    def test_there_and_back(self) -> None:
        """What is listened to here can be read here."""
        self.bus.listen(RowsChanged, self.carried.append)
        change = RowsChanged("users", (1, 2))
        self.assertEqual(self.bus.read(*self.bus.written(change)), change)
        self.assertIsNone(self.bus.read("Unheard", b""))
        with self.assertRaises(msgspec.ValidationError):
            self.bus.read("RowsChanged", msgspec.msgpack.encode({"table": 5}))
