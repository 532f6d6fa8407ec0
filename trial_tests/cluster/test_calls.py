"""Requests between session and bff, and what the bus carries beside them: both ends of a stream without a network."""

import asyncio
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from teamgram.cache.bus import MemoryBus
from teamgram.cache.memory import MemoryCache
from teamgram.cluster import remote_bff
from teamgram.cluster.bff_server import GONE_AFTER, BffServer, SessionStream
from teamgram.cluster.bus import CarriedBus
from teamgram.cluster.callers import Callers
from teamgram.cluster.events import event_message
from teamgram.cluster.flow import StreamQueue
from teamgram.cluster.held_keys import HeldKeys
from teamgram.cluster.key_holders import KeyHolders
from teamgram.cluster.links import MemberLink, MemberLinks
from teamgram.cluster.ran_once import RanOnce, only_reads
from teamgram.cluster.remote_bff import BUSY, LOST, RemoteBff
from teamgram.cluster.ring import Ring
from teamgram.interfaces.keys import AuthKeyType, ClientInfo
from teamgram.interfaces.rpc import RpcError, RpcMetadata, RpcRequest
from teamgram.interfaces.session import UserSignedIn
from teamgram.interfaces.updates import (
    PushedUpdates,
    Receiver,
    SessionsGone,
    UpdatesMayBeLost,
    UpdatesSessionChanged,
)

CLIENT = ClientInfo(214, 6, "Phone", "17", "1.0", "en", "android", "de", "192.0.2.1:4")
METADATA = RpcMetadata(-77, 5, AuthKeyType.TEMP, -3, 42, 214, CLIENT, "192.0.2.1:4", "127.0.0.1:10443", "websocket", 2)


class Services:
    """bff: answers when it is told to."""

    def __init__(self) -> None:
        self.asked: list[RpcRequest] = []
        self.answers: list[Deferred[bytes]] = []
        self.at_once: bytes | RpcError | None = None

    def call(self, request: RpcRequest) -> Any:
        self.asked.append(request)
        if isinstance(self.at_once, RpcError):
            raise self.at_once
        if self.at_once is not None:
            return self.at_once
        self.answers.append(Deferred())
        return self.answers[-1]


def no_holders() -> KeyHolders:
    """Nobody has a key."""
    return KeyHolders(MemoryCache(Clock()), MemoryBus(), lambda: 0.0)


class BffLink(MemberLink):
    """A link whose stream leads to a ``SessionStream`` in this process."""

    def __init__(self, address: str, speaker: RemoteBff) -> None:
        self.address = address
        self.is_leaving = self.yields = False
        self.services = Services()
        self.bus = CarriedBus(MemoryBus())
        self.stream = SessionStream(RanOnce(self.services), Callers(), self.bus, no_holders())
        self.outgoing: StreamQueue[Any] | None = speaker.outgoing(self)

    def __repr__(self) -> str:
        return self.address


class BffLinks(MemberLinks):
    """Those of a test."""

    def __init__(self, links: list[BffLink]) -> None:
        self._links = {link.address: link for link in links}
        self.ring = Ring(self._links)


class CallsTests(SynchronousTestCase):
    """One session process and two bff processes."""

    def setUp(self) -> None:
        self.bus = CarriedBus(MemoryBus())
        self.remote = RemoteBff("session/1", self.bus, HeldKeys("session/1"))
        self.links = [BffLink(name, self.remote) for name in ("a", "b")]
        self.wire = BffLinks(self.links)
        self.remote.use(self.wire)
        self.owner = next(link for link in self.links if link is self.wire.owner(METADATA.perm_auth_key_id))
        self.next = next(link for link in self.links if link is not self.owner)
        self.loop = asyncio.new_event_loop()
        self.addCleanup(self.loop.close)
        self.patch(asyncio, "get_running_loop", lambda: self.loop)

    def ask(self, method: str = "messages.sendMessage", msg_id: int = 9) -> "Deferred[bytes]":
        return self.remote.call(RpcRequest(METADATA, msg_id, "RPCMessages", method, b"query", True))

    def carry(self) -> None:
        """Have everything arrive that is on its way."""
        moved = True
        while moved:
            moved = False
            for link in self.links:
                for outgoing, received in (
                    (link.outgoing, link.stream.received),
                    (link.stream.outgoing, lambda message, link=link: self.remote.received(link, message)),
                ):
                    while outgoing is not None and outgoing._items:
                        moved = True
                        message = outgoing._message(outgoing._next_batch(), False)
                        received(type(message).FromString(message.SerializeToString()))

    def test_a_request_arrives_as_it_was(self) -> None:
        """All of it, and its answer; those of one key at one process, in order."""
        first, second = self.ask(msg_id=9), self.ask(msg_id=10)
        self.carry()
        self.assertEqual(self.next.services.asked, [])
        wanted = RpcRequest(METADATA, 9, "RPCMessages", "messages.sendMessage", b"query", True)
        self.assertEqual(self.owner.services.asked[0], wanted)
        self.assertEqual([request.msg_id for request in self.owner.services.asked], [9, 10])
        self.owner.services.answers[1].callback(b"two")
        self.owner.services.answers[0].errback(RpcError(420, "FLOOD_WAIT", 3))
        self.carry()
        self.assertEqual(self.successResultOf(second), b"two")
        error = self.failureResultOf(first, RpcError).value
        self.assertEqual((error.code, error.message), (420, "FLOOD_WAIT_3"))
        self.assertEqual((self.remote.under_way, self.owner.stream.running), (0, 0))

    def test_at_once(self) -> None:
        """What bff answers without waiting."""
        self.owner.services.at_once = b"now"
        asked = self.ask()
        self.carry()
        self.assertEqual(self.successResultOf(asked), b"now")
        self.owner.services.at_once = RpcError(400, "PEER_ID_INVALID")
        asked = self.ask(msg_id=10)
        self.carry()
        self.assertEqual(self.failureResultOf(asked, RpcError).value.message, "PEER_ID_INVALID")

    def test_a_fault_in_bff(self) -> None:
        """Is an error, and logged there."""
        asked = self.ask()
        self.carry()
        self.owner.services.answers[0].errback(ZeroDivisionError())
        self.carry()
        self.assertEqual(self.failureResultOf(asked, RpcError).value.code, 500)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_cancelled(self) -> None:
        """Session gives a request up: its late answer is nobody's."""
        asked = self.ask()
        self.carry()
        asked.cancel()
        self.carry()
        self.failureResultOf(asked, CancelledError)
        self.assertEqual((self.remote.under_way, self.owner.stream.running), (0, 0))

    def test_told_before_the_answer(self) -> None:
        """What is published while a request is served is heard before its answer."""
        heard: list[Any] = []
        self.bus.listen(UserSignedIn, heard.append)
        asked = self.ask().addCallback(heard.append)
        self.carry()
        self.owner.stream.tell(event_message(self.owner.bus, UserSignedIn(-77, 42)))
        self.owner.services.answers[0].callback(b"done")
        self.carry()
        self.assertEqual(heard, [UserSignedIn(-77, 42), b"done"])
        self.assertIsNone(self.successResultOf(asked))

    def test_pushed_updates_arrive(self) -> None:
        """With receivers, numbers and places."""
        heard: list[Any] = []
        self.bus.listen(PushedUpdates, heard.append)
        pushed = PushedUpdates(b"body", (Receiver(1, (5, 6)), Receiver(2)), ((4, 0), (9, 1)), -5, 0)
        self.next.stream.tell(event_message(self.next.bus, pushed))
        self.carry()
        self.assertEqual(heard, [pushed])

    def test_one_tells_who_came(self) -> None:
        """Every bff hears of a device, and the owner of its key is told that it tells others."""
        heard: dict[str, list[bool]] = {}
        for link in self.links:
            told = heard[link.address] = []

            def hear(event: UpdatesSessionChanged, told: list[bool] = told) -> None:
                told.append(event.tells)

            link.bus.listen(UpdatesSessionChanged, hear)
        self.bus.publish(UpdatesSessionChanged("session/1", 42, METADATA.perm_auth_key_id, True, True))
        self.carry()
        self.assertEqual(heard, {self.owner.address: [True], self.next.address: [False]})

    def lose(self, link: BffLink) -> None:
        link.outgoing = None
        self.remote.lost(link)

    def test_a_bff_dies(self) -> None:
        """What may have run fails with what clients ask again after; what only reads is asked elsewhere."""
        writes, reads = self.ask(), self.ask("messages.getHistory")
        self.carry()
        self.lose(self.owner)
        self.carry()
        error = self.failureResultOf(writes, RpcError).value
        self.assertEqual((error.code, error.message), LOST)
        [asked] = self.next.services.asked
        self.assertEqual(asked.method, "messages.getHistory")
        self.next.services.answers[0].callback(b"history")
        self.carry()
        self.assertEqual(self.successResultOf(reads), b"history")

    def test_nobody_is_there(self) -> None:
        """Requests wait for a bff to come back, so many of them."""
        self.patch(remote_bff, "MAX_WAITING", 2)
        for link in self.links:
            self.lose(link)
        waiting = [self.ask(msg_id=number) for number in range(3)]
        error = self.failureResultOf(waiting[2], RpcError).value
        self.assertEqual((error.code, error.message), BUSY)
        waiting[0].cancel()
        self.failureResultOf(waiting[0], CancelledError)
        self.next.outgoing = self.remote.outgoing(self.next)
        self.remote.connected(self.next)
        self.carry()
        self.assertEqual([request.msg_id for request in self.next.services.asked], [1])

    def test_updates_may_be_lost(self) -> None:
        """When a bff is back, or has been away for a while, sessions get the difference; once."""
        heard: list[Any] = []
        self.bus.listen(UpdatesMayBeLost, heard.append)
        self.lose(self.owner)
        self.assertEqual(heard, [])
        self.owner.outgoing = self.remote.outgoing(self.owner)
        self.remote.connected(self.owner)
        self.assertEqual(len(heard), 1)
        self.remote.connected(self.owner)
        self.assertEqual(len(heard), 1)

    def test_what_only_reads(self) -> None:
        """By its name; what counts something is none."""
        asked = ("messages.getHistory", "users.getUsers", "messages.getMessagesViews", "auth.sendCode")
        self.assertEqual([only_reads(method) for method in asked], [True, True, False, False])


class SessionsGoneTests(SynchronousTestCase):
    """A session process that is away."""

    def test_its_devices_are_gone_with_it(self) -> None:
        """After a while, unless it is back before."""
        clock, bus = Clock(), CarriedBus(MemoryBus())
        heard: list[Any] = []
        bus.listen(SessionsGone, heard.append)
        server = BffServer(Services(), bus, clock, no_holders())
        clock.callLater(GONE_AFTER, server._is_gone, "session/1")
        server.streams["session/1"] = SessionStream(Services(), Callers(), bus, no_holders())
        clock.advance(GONE_AFTER)
        self.assertEqual(heard, [])
        del server.streams["session/1"]
        server._is_gone("session/1")
        self.assertEqual(heard, [SessionsGone("session/1")])
