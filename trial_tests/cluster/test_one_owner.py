"""One key, two session processes that both get its frames: only one of them has it at any time."""

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from teamgram.cache.bus import MemoryBus
from teamgram.cache.memory import MemoryCache
from teamgram.cluster import held_keys, key_holders
from teamgram.cluster.bff_server import SessionStream
from teamgram.cluster.bus import CarriedBus
from teamgram.cluster.callers import Callers
from teamgram.cluster.events import TO_SESSIONS, deliver_message, event_message
from teamgram.cluster.flow import StreamQueue
from teamgram.cluster.held_keys import HeldKeys
from teamgram.cluster.key_holders import HELD_FOR, KeyHolders
from teamgram.cluster.links import MemberLink, MemberLinks
from teamgram.cluster.ran_once import RanOnce
from teamgram.cluster.remote_bff import RemoteBff
from teamgram.cluster.ring import Ring
from teamgram.interfaces.keys import ClientInfo
from teamgram.interfaces.session import KeyTaken
from trial_tests.session.fakes import BOOL_TRUE, ID_MAP, KEY, NOW, SAVE_FILE_PART, FakeBff, Harness, with_layer

SAVE = with_layer(SAVE_FILE_PART)


class BffLink(MemberLink):
    """From a session process to the one bff."""

    def __init__(self, place: "Place", process: "Process") -> None:
        self.address = "bff"
        self.is_leaving = self.yields = False
        self.stream = SessionStream(place.once, Callers(), place.bus, place.holders)
        self.outgoing: StreamQueue[Any] | None = process.remote.outgoing(self)


class BffLinks(MemberLinks):
    """Of one session process."""

    def __init__(self, link: BffLink) -> None:
        self._links = {"bff": link}
        self.ring = Ring(("bff",))


class Process:
    """A session process.

    Attributes:
        hears: what bff tells all sessions arrives here.
    """

    def __init__(self, place: "Place", name: str) -> None:
        self.held = HeldKeys(name)
        self.harness = harness = Harness(bus=CarriedBus(MemoryBus()))  # type: ignore[arg-type]
        bus: Any = harness.bus
        self.bus: CarriedBus = bus
        self.hears = True
        self.remote = RemoteBff(name, self.bus, self.held)
        self.link = BffLink(place, self)
        self.remote.use(BffLinks(self.link))
        harness.service.set_id_map(ID_MAP, {"bff.bff": self.remote})
        stage = harness.service.stage
        self.held.use(stage.keys.wrappers.__contains__, stage.loaded.let_go)
        self.bus.listen(KeyTaken, self.held.taken)

        async def get_client(perm_auth_key_id: int) -> tuple[int, ClientInfo]:
            self.held.got(perm_auth_key_id, await place.holders.claim(perm_auth_key_id, name))
            return 1001, ClientInfo(layer=200)

        harness.auth_sessions.get_client = get_client  # type: ignore[method-assign]

    @property
    def has_key(self) -> bool:
        """Whether it would answer for it."""
        return KEY in self.harness.service.stage.keys.wrappers

    @property
    def closed(self) -> list[Any]:
        """Connections that it had closed."""
        return [conn for conn, _ in self.harness.gateway.closed]


class Place:
    """One bff."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.clock.advance(NOW)
        self.bus = CarriedBus(MemoryBus())
        self.cache = MemoryCache(self.clock)
        self.holders = KeyHolders(self.cache, self.bus, self.clock.seconds)
        self.bff = FakeBff()
        self.once = RanOnce(self.bff)
        self.bus.carry(TO_SESSIONS, self._tell)
        self.processes: list[Process] = []

    def process(self, name: str) -> Process:
        made = Process(self, name)
        self.processes.append(made)
        return made

    def _tell(self, event: object) -> None:
        message = event_message(self.bus, event)
        for process in self.processes:
            if process.hears:
                deliver_message(process.bus, message)

    def carry(self) -> None:
        """Have everything arrive that is on its way."""
        moved = True
        while moved:
            moved = False
            for process in self.processes:
                process.harness.turn()
                link = process.link
                assert link.outgoing is not None
                for outgoing, received in (
                    (link.outgoing, link.stream.received),
                    (link.stream.outgoing, lambda message, p=process: p.remote.received(p.link, message)),
                ):
                    while outgoing._items:
                        moved = True
                        received(outgoing._message(outgoing._next_batch(), False))
                process.harness.turn()


class OneOwnerTests(SynchronousTestCase):
    """Session processes a and b, as two gnetways with different views of the ring use them."""

    def setUp(self) -> None:
        self.place = Place()
        self.a, self.b = self.place.process("a"), self.place.process("b")

    def test_who_comes_last_has_it(self) -> None:
        """The other one lets go of it and of its connections; when the client is back there it is the other way."""
        at_a, at_b = self.a.harness.client(9), self.b.harness.client(10)
        at_a.send(SAVE)
        self.place.carry()
        self.assertEqual((self.a.has_key, self.b.has_key), (True, False))
        at_b.send(SAVE)
        self.place.carry()
        self.assertEqual((self.a.has_key, self.b.has_key), (False, True))
        self.assertEqual((self.a.closed, self.b.closed), ([at_a.conn], []))
        at_a.connect()
        at_a.send(SAVE)
        self.place.carry()
        self.assertEqual((self.a.has_key, self.b.has_key), (True, False))
        self.assertEqual(self.b.closed, [at_b.conn])
        self.assertEqual((len(self.place.bff.calls), self.place.holders.moved), (3, 3))

    def test_who_was_cut_off_writes_nothing(self) -> None:
        """It did not hear that it lost the key: what it asks for does not run, and it lets go."""
        at_a, at_b = self.a.harness.client(9), self.b.harness.client(10)
        at_a.send(SAVE)
        self.place.carry()
        self.a.hears = False
        at_b.send(SAVE)
        self.place.carry()
        self.assertTrue(self.a.has_key)
        at_a.send(SAVE)
        self.place.carry()
        self.assertEqual((len(self.place.bff.calls), self.place.holders.refused), (2, 1))
        self.assertEqual((self.a.has_key, self.a.closed, self.a.held.lost), (False, [at_a.conn], 1))
        self.assertEqual(self.a.remote.under_way, 0)

    def test_a_message_comes_by_both(self) -> None:
        """A client that has no answer sends the same message again, to whom its key has gone: it runs once."""
        self.place.bff.slow.add("upload.saveFilePart")
        at_a, at_b = self.a.harness.client(), self.b.harness.client()
        msg_id, payload = at_a.core.message(SAVE)
        at_a.send_frame(payload)
        self.place.carry()
        at_b.send_frame(payload)
        self.place.carry()
        self.assertFalse(self.a.has_key)
        [(_, running)] = self.place.bff.waiting
        running.callback(BOOL_TRUE)
        self.place.carry()
        self.assertEqual(len(self.place.bff.calls), 1)
        self.assertEqual(at_b.results()[msg_id].result()[1], BOOL_TRUE)

    def test_the_same_process_again(self) -> None:
        """It had let go of the key by itself: nobody is told, and its epoch is what it was."""
        epoch = self.successResultOf(Deferred.fromCoroutine(self.place.holders.claim(KEY, "a")))
        self.assertEqual(self.successResultOf(Deferred.fromCoroutine(self.place.holders.claim(KEY, "a"))), epoch)
        self.assertEqual(self.place.holders.moved, 1)

    def test_a_frame_waits_for_its_key(self) -> None:
        """Its connection is closed as well when the key goes before it is taken."""
        at_a = self.a.harness.client()
        self.a.harness.auth_sessions.hold()
        at_a.send(SAVE)
        self.place.carry()
        self.b.harness.client().send(SAVE)
        self.place.carry()
        self.assertEqual((self.a.has_key, self.a.closed), (False, [at_a.conn]))
        self.a.harness.auth_sessions.release()
        self.place.carry()
        self.assertFalse(self.a.has_key)


class KeyHoldersTests(SynchronousTestCase):
    """Epochs, when what remembers them does not."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(NOW)
        self.told: list[KeyTaken] = []
        self.bus = MemoryBus()
        self.bus.listen(KeyTaken, self.told.append)
        self.cache = MemoryCache(self.clock)

    def holders(self, cache: Any = None) -> KeyHolders:
        return KeyHolders(cache or self.cache, self.bus, self.clock.seconds)

    def claim(self, holders: KeyHolders, holder: str) -> int:
        return self.successResultOf(Deferred.fromCoroutine(holders.claim(KEY, holder)))

    def test_by_any_bff(self) -> None:
        """All of them give out the same epochs, also within a millisecond."""
        one, other = self.holders(), self.holders(self.cache)
        epochs = [self.claim(one, "a"), self.claim(other, "b"), self.claim(one, "c")]
        self.assertEqual(epochs, sorted(set(epochs)))
        self.assertEqual([told.holder for told in self.told], ["a", "b", "c"])
        self.assertEqual([one.is_over(KEY, epoch) for epoch in epochs], [True, True, False])
        self.assertEqual([other.is_over(KEY, epoch) for epoch in epochs], [True, True, False])

    def test_not_told_yet(self) -> None:
        """Whoever comes with a higher epoch than is known got it from another bff."""
        holders = self.holders()
        self.assertFalse(holders.is_over(KEY, 6))
        self.assertTrue(holders.is_over(KEY, 5))
        self.assertEqual([holders.is_over(KEY, 0), holders.is_over(78, 5)], [False, False])

    def test_the_cache_forgets(self) -> None:
        """The next epoch is higher than all before; while it is away, too."""
        first = self.claim(self.holders(), "a")
        self.clock.advance(HELD_FOR + 1)
        second = self.claim(self.holders(), "b")
        self.assertGreater(second, first)

        class Away:
            async def hold(self, key: str, holder: str, at_least: int, ttl: float) -> None:
                return None

        holders = self.holders(Away())
        self.assertFalse(holders.is_over(KEY, second))
        third = self.claim(holders, "a")
        self.assertGreater(third, second)
        self.assertGreater(self.claim(holders, "b"), third)

    def test_they_are_bounded(self) -> None:
        """On both sides; keys that are in memory stay."""
        self.patch(key_holders, "MAX_KNOWN", 2)
        holders = self.holders()
        for key in range(1, 4):
            holders.is_over(key, 9)
        self.assertEqual([holders.is_over(key, 5) for key in (2, 3)], [True, True])
        self.assertEqual(len(holders._epochs), 2)
        self.patch(held_keys, "_LOOKED_THROUGH_AT", 4)
        held = HeldKeys("a")
        held.use(lambda key: key == 1, lambda _: None)
        held._look_through_at = 4
        for key in range(1, 6):
            held.got(key, 7)
        self.assertEqual([held.epoch(key) for key in (1, 2, 5)], [7, 0, 7])
