"""Who is there, by etcd: what becomes of members, and of an etcd that goes away."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock, deferLater
from twisted.trial.unittest import SynchronousTestCase, TestCase

from teamgram.cluster import discovery
from teamgram.cluster.discovery import (
    GONE_AFTER,
    KEEP_ALIVE_EVERY,
    LEASE_MARGIN,
    LEASE_SECONDS,
    Discovery,
    KnownMembers,
)
from teamgram.cluster.etcd import TIMEOUT, EtcdAway
from tools.test_services import Service, etcd_service
from trial_tests.backends import service


class KnownMembersTests(SynchronousTestCase):
    """What is made of what etcd says."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.told: list[set[str]] = []
        self.known = KnownMembers(self.clock, lambda members: self.told.append(set(members)))
        self.known.all_are({"k/1": "10.0.0.1:1", "k/2": "10.0.0.2:1", "k/3": "nonsense"})

    def test_members(self) -> None:
        """Each address once; what is none is passed over."""
        self.known.changed({"k/4": "10.0.0.1:1"})
        self.assertEqual(self.told, [{"10.0.0.1:1", "10.0.0.2:1"}])
        self.known.changed({"k/5": "10.0.0.3:1"})
        self.assertEqual(self.told[1], {"10.0.0.1:1", "10.0.0.2:1", "10.0.0.3:1"})

    def test_who_goes_stays_a_while(self) -> None:
        """Then it is gone; who is back before that was never away."""
        self.known.changed({"k/1": None})
        self.clock.advance(GONE_AFTER - 1)
        self.known.changed({"k/9": "10.0.0.1:1"})
        self.clock.advance(GONE_AFTER)
        self.assertEqual(len(self.told), 1)
        self.known.changed({"k/9": None})
        self.clock.advance(GONE_AFTER)
        self.assertEqual(self.told[1:], [{"10.0.0.2:1"}])

    def test_an_etcd_without_memory(self) -> None:
        """It hears of the members again one by one: none of them is given up meanwhile, nor the last ever."""
        self.known.all_are({})
        self.clock.advance(1)
        self.known.changed({"k/7": "10.0.0.1:1"})
        self.clock.advance(1)
        self.known.changed({"k/8": "10.0.0.2:1"})
        self.clock.advance(GONE_AFTER)
        self.assertEqual(len(self.told), 1)
        self.known.all_are({})
        self.clock.advance(GONE_AFTER)
        self.assertEqual(len(self.told[-1]), 1)


class Etcd:
    """etcd, as far as one registration sees it; silent when it is told to be."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.away = False
        self.leases = 0

    async def grant(self, ttl: int) -> str:
        await self._answer()
        self.leases += 1
        return str(self.leases)

    async def put(self, key: str, value: str, lease: str) -> None:
        await self._answer()

    async def keep_alive(self, lease: str) -> bool:
        await self._answer()
        return True

    async def _answer(self) -> None:
        if self.away:
            await deferLater(self._clock, TIMEOUT)
            raise EtcdAway("silent")


class LeaseTests(SynchronousTestCase):
    """A process that cannot renew its lease knows of it before others do."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.etcd = Etcd(self.clock)
        self.told: list[tuple[bool, float]] = []
        self.discovery = Discovery(self.clock)
        self.patch(self.discovery, "_client", lambda hosts: self.etcd)
        self.discovery.when_lease_is_lost(lambda lost: self.told.append((lost, self.clock.seconds())))
        self.discovery.register(("etcd",), ("interface.session",), "10.0.0.1:1")

    def wait(self, seconds: float) -> None:
        self.clock.pump([0.25] * int(seconds * 4))

    def test_renewed(self) -> None:
        """Nothing is told, for as long as it likes; nor when one answer is late."""
        self.wait(100)
        self.etcd.away = True
        self.wait(KEEP_ALIVE_EVERY + TIMEOUT - 1)
        self.etcd.away = False
        self.wait(100)
        self.assertEqual(self.told, [])

    def test_not_renewed(self) -> None:
        """It is told before the lease ends, counted from when it was last asked for; and when it has another one."""
        self.wait(KEEP_ALIVE_EVERY * 3 + 0.5)
        renewed = KEEP_ALIVE_EVERY * 3
        self.etcd.away = True
        self.wait(60)
        [(lost, at)] = self.told
        self.assertTrue(lost)
        self.assertEqual(at, renewed + LEASE_SECONDS - LEASE_MARGIN)
        self.etcd.away = False
        self.wait(TIMEOUT + 2)
        self.assertEqual([lost for lost, _ in self.told], [True, False])

    def test_it_leaves(self) -> None:
        """Nothing is told any more, and no timer is left."""

        async def revoke(lease: str) -> None:
            pass

        self.etcd.revoke = revoke  # type: ignore[attr-defined]
        self.successResultOf(Deferred.fromCoroutine(self.discovery.leave()))
        self.assertEqual(self.clock.getDelayedCalls(), [])


class DiscoveryTests(TestCase):
    """Two processes' views over a real etcd."""

    timeout = 60.0

    def setUp(self) -> None:
        from twisted.internet import reactor

        self.reactor: Any = reactor
        self.told: list[set[str]] = []

    def discovery(self) -> Discovery:
        made = Discovery(self.reactor)
        self.addCleanup(lambda: Deferred.fromCoroutine(self.end(made)))
        return made

    async def end(self, made: Discovery) -> None:
        await made.leave()
        await made.stop()
        # Closed connections are reported in the next turns.
        await deferLater(self.reactor, 0.05)

    async def until(self, members: set[str]) -> None:
        while not self.told or self.told[-1] != members:
            await deferLater(self.reactor, 0.02)

    async def test_who_comes_and_goes(self) -> None:
        """As teamgram registers: KEY/LEASE; at once when a process leaves, but for the time that it stays known."""
        self.patch(discovery, "GONE_AFTER", 0.1)
        hosts = (service("TEAMGRAM_TEST_ETCD"),)
        one, other, watching = self.discovery(), self.discovery(), self.discovery()
        key = f"test.{self.id()}"
        watching.watch(frozenset(), hosts, key, lambda members: self.told.append(set(members)))
        one.register(hosts, (key, "something.else"), "127.0.0.1:1")
        await self.until({"127.0.0.1:1"})
        other.register(hosts, (key,), "127.0.0.1:2")
        await self.until({"127.0.0.1:1", "127.0.0.1:2"})
        await one.leave()
        await self.until({"127.0.0.1:2"})

    async def test_etcd_goes_away(self) -> None:
        """What was known stays; who registered is there again when etcd is, though it has forgotten everything."""
        self.patch(discovery, "AGAIN_AFTER", 0.05)
        self.patch(discovery, "KEEP_ALIVE_EVERY", 0.1)
        service("TEAMGRAM_TEST_ETCD")
        directory = Path(tempfile.mkdtemp(prefix="teamgram-etcd-"))
        self.addCleanup(shutil.rmtree, directory, ignore_errors=True)
        etcd: Service = etcd_service(directory)
        self.addCleanup(etcd.stop)
        etcd.start()
        etcd.wait()
        hosts = (f"127.0.0.1:{etcd.port}",)
        one, watching = self.discovery(), self.discovery()
        watching.watch(frozenset(), hosts, "k", lambda members: self.told.append(set(members)))
        one.register(hosts, ("k",), "127.0.0.1:1")
        await self.until({"127.0.0.1:1"})
        etcd.kill()
        while not (one.troubles() and watching.troubles()):
            await deferLater(self.reactor, 0.02)
        shutil.rmtree(directory / f"etcd-{etcd.port}")
        etcd.start(etcd.port)
        etcd.wait()
        other = self.discovery()
        other.register(hosts, ("k",), "127.0.0.1:2")
        await self.until({"127.0.0.1:1", "127.0.0.1:2"})
        late: list[set[str]] = []
        watching.watch(frozenset(), hosts, "k", lambda members: late.append(set(members)))
        while not late or late[-1] != {"127.0.0.1:1", "127.0.0.1:2"}:
            await deferLater(self.reactor, 0.02)
        self.assertEqual(one.troubles(), [])
