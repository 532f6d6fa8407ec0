"""Conversations over a bus that writes each event down and reads it again, as one between processes would."""

from collections import Counter
from typing import Any

import msgspec

from teamgram.cache.bus import MemoryBus, RowsChanged
from teamgram.domain.updates.fanout import EntriesTold, EventTold
from teamgram.interfaces.keys import AuthKeyInfo, AuthKeyType
from teamgram.interfaces.session import KeyBound, KeyDestroyed, UserSignedIn, UserSignedOut
from teamgram.interfaces.updates import DevicesAsked, PushedUpdates, Receiver, SessionsGone, UpdatesSessionChanged
from teamgram.mtproto.tl import tl
from trial_tests.bff import talk_house, test_channel_play, test_chats, test_updates
from trial_tests.bff.test_messages import TalkTestCase
from trial_tests.session import fakes, test_keys, test_push, test_reliability

CROSSED: Counter[str] = Counter()


class WireBus(MemoryBus):
    """Whoever listens gets a copy that was bytes in between."""

    def publish(self, event: object) -> None:
        CROSSED[type(event).__name__] += 1
        super().publish(crossed(event))


def crossed(event: Any) -> Any:
    """The event as another process reads it."""
    return msgspec.msgpack.decode(msgspec.msgpack.encode(event), type=type(event))


class _OverAWire:
    wired: type = talk_house.House
    within_session: tuple[str, ...] = ()

    def setUp(self) -> None:
        CROSSED.clear()
        self.patch(self.wired, "new_bus", WireBus)  # type: ignore[attr-defined]

    def tearDown(self) -> None:
        if self._testMethodName not in self.within_session:  # type: ignore[attr-defined]
            self.assertTrue(CROSSED, "nothing went over the wire")  # type: ignore[attr-defined]


class GroupsOverAWireTests(_OverAWire, test_chats.GroupTests):
    """Everything about groups."""


class EveryClientEndsEqualOverAWireTests(_OverAWire, test_updates.EveryClientEndsEqualTests):
    """Random play of several clients."""


class EveryAppEndsEqualOverAWireTests(_OverAWire, test_channel_play.EveryAppEndsEqualTests):
    """Random play over channels."""


class SessionOverAWireTests(_OverAWire, test_push.PushTests):
    """Pushes come and devices are told of over it."""

    wired = fakes.Harness


class FanOutOverAWireTests(_OverAWire, test_push.FanOutTests):
    """What many get, too."""

    wired = fakes.Harness


class KeysOverAWireTests(_OverAWire, test_keys.KeyTests):
    """What becomes of keys is told over it."""

    wired = fakes.Harness
    within_session = ("test_destroy_auth_key_is_answered_first",)


class CutConnectionsOverAWireTests(_OverAWire, test_reliability.CutConnectionTests):
    """Nobody is missed because what was told of a device is not how it is."""

    wired = fakes.Harness


class EventsTests(TalkTestCase):
    """What crosses."""

    async def test_each_kind(self) -> None:
        """Log entries with their messages, transient events and changed rows come out as they went in."""
        CROSSED.clear()
        self.patch(talk_house.House, "new_bus", WireBus)
        house, anna, boris, _ = await self.house()
        heard: list[Any] = []
        for kind in (EntriesTold, EventTold, RowsChanged):
            house.fanout.bus.listen(kind, heard.append)
        await anna.send(anna.peer(boris), "hello")
        await anna.call(tl.messages.setTyping(peer=anna.peer(boris), action=tl.sendMessageTypingAction()))
        await anna.call(tl.messages.createChat(users=[anna.input_user(boris)], title="group"))
        await house.contacts.block(anna.user.id, boris.user.id, 1)
        self.assertEqual({type(event) for event in heard}, {EntriesTold, EventTold, RowsChanged})
        self.assertLessEqual({"chats", "contacts"}, {one.table for one in heard if isinstance(one, RowsChanged)})
        for event in heard:
            self.assertEqual(crossed(event), event)

    def test_of_devices(self) -> None:
        """How it is with one, and that somebody begins."""
        for event in (UpdatesSessionChanged("session", 1, -2, True, False), SessionsGone("session"), DevicesAsked()):
            self.assertEqual(crossed(event), event)

    def test_of_keys(self) -> None:
        """What became of one; its secret does not cross."""
        secret = b"s" * 256
        bound = KeyBound.of(AuthKeyInfo(1, secret, AuthKeyType.MEDIA_TEMP, 2, 3, 4))
        self.assertEqual(bound, KeyBound(1, AuthKeyType.MEDIA_TEMP, 2, 3, 4))
        self.assertNotIn(secret, msgspec.msgpack.encode(bound))
        for event in (UserSignedIn(-1, 2), UserSignedOut(-1), bound, KeyDestroyed(-1)):
            self.assertEqual(crossed(event), event)

    def test_pushes(self) -> None:
        """What bff hands to session for many is bytes and numbers."""
        pushed = PushedUpdates(b"body", (Receiver(1, (2, -3)), Receiver(4)), ((0, 1), (4, 0)), 5, 6)
        self.assertEqual(crossed(pushed), pushed)


class RememberedElsewhereTests(TalkTestCase):
    """Two of everything over one bus and one database, as two processes have it."""

    async def test_blocks_and_groups(self) -> None:
        """What one changed the other does not remember as it was."""
        bus = WireBus()
        self.patch(talk_house.House, "new_bus", lambda house: bus)
        house, anna, boris, _ = await self.house()
        other = talk_house.House(self)
        self.assertEqual(dict((await other.contacts.book(anna.user.id)).blocked), {})
        await house.contacts.block(anna.user.id, boris.user.id, 7)
        self.assertEqual(dict((await other.contacts.book(anna.user.id)).blocked), {boris.user.id: 7})
        await house.contacts.unblock(anna.user.id, boris.user.id, 1)
        answer = await anna.call(tl.messages.createChat(users=[anna.input_user(boris)], title="group"))
        chat_id = answer.updates.chats[0].id
        self.assertEqual((await other.domain.chats.get([chat_id]))[chat_id].title, "group")
        await anna.call(tl.messages.editChatTitle(chat_id=chat_id, title="renamed"))
        self.assertEqual((await other.domain.chats.get([chat_id]))[chat_id].title, "renamed")
