"""Who is here, who hears of it, and what is remembered."""

from collections.abc import Iterable, Sequence
from typing import Any

from twisted.internet.task import Clock

from teamgram.cache.bus import MemoryBus
from teamgram.domain.contacts.contacts import Contacts
from teamgram.domain.contacts.watchers import StatusWatchers, Watchers
from teamgram.domain.presence.presence import CHANGES, NOTE_EVERY, ONLINE_FOR, RENEW_EVERY, Presence, Status
from teamgram.domain.privacy.keys import STATUS_TIMESTAMP
from teamgram.domain.privacy.privacy import Privacy
from teamgram.domain.privacy.rules import Rule, RuleKind
from teamgram.domain.updates.events import UserStatusChanged
from teamgram.domain.updates.fanout import Fanout
from teamgram.domain.users.users import Users
from trial_tests.backends import BackendTestCase, on_every_backend

NOW = 1_700_000_000


class Told:
    """A subscriber that remembers who heard of whom."""

    def __init__(self) -> None:
        self.of: list[tuple[int, tuple[int, ...]]] = []

    def transient(self, user_ids: Sequence[int], event: Any, except_perm_auth_key_id: int) -> None:
        assert isinstance(event, UserStatusChanged)
        self.of.append((event.user_id, tuple(user_ids)))

    def logged(self, entries: Any, content: Any, except_perm_auth_key_id: int) -> None:
        raise AssertionError("statuses are not logged")


@on_every_backend
class PresenceTests(BackendTestCase):
    """Ada and Bob have each other; Eve only writes with Ada."""

    async def house(self) -> None:
        self.clock = Clock()
        self.clock.rightNow = NOW
        self.database = self.open_database()
        fanout = Fanout()
        self.told = Told()
        fanout.subscribe(self.told)
        users = Users(self.database, MemoryBus())
        contacts = Contacts(self.database, MemoryBus())
        self.ada, self.bob, self.eve = [
            await users.create(phone=f"1555010000{number}", first_name="x", now=NOW) for number in range(3)
        ]
        await contacts.add(self.ada.id, self.bob, "Bob", "", "", NOW)

        async def dialog_peers(user_id: int) -> Iterable[int]:
            return {self.ada.id: [self.eve.id], self.eve.id: [self.ada.id]}.get(user_id, [])

        self.presence = Presence(self.database, self.clock, fanout, self.watchers(contacts, dialog_peers))

    def watchers(self, contacts: Contacts, dialog_peers: Any = None) -> StatusWatchers:
        """Of the same people."""
        self.contacts, self.privacy = contacts, Privacy(self.database, MemoryBus())
        return StatusWatchers(Watchers(contacts, dialog_peers), contacts, self.privacy)

    async def settle(self) -> None:
        await self.presence.settled()

    async def test_who_may_not_know_when_is_not_told(self) -> None:
        """Neither those from whom it is hidden, nor those who hide theirs, nor across a block; the others are."""
        await self.house()
        nobody, everybody = [Rule(RuleKind.DISALLOW_ALL)], [Rule(RuleKind.ALLOW_ALL)]
        ada, bob, eve = self.ada.id, self.bob.id, self.eve.id
        for watcher in (bob, eve):
            self.presence.device_connected(watcher, watcher)

        async def told() -> list[int]:
            """Who hears that Ada comes, and goes again."""
            await self.settle()
            self.clock.advance(100)
            self.told.of.clear()
            self.presence.device_connected(ada, 1)
            self.presence.device_disconnected(ada, 1)
            await self.settle()
            return sorted({watcher for user_id, watchers in self.told.of if user_id == ada for watcher in watchers})

        self.assertEqual(await told(), sorted([bob, eve]))
        await self.privacy.set(ada, STATUS_TIMESTAMP, [Rule(RuleKind.ALLOW_CONTACTS)])
        self.assertEqual(await told(), [bob])
        await self.privacy.set(ada, STATUS_TIMESTAMP, everybody)
        await self.privacy.set(bob, STATUS_TIMESTAMP, nobody)
        self.assertEqual(await told(), [eve])
        await self.contacts.block(ada, eve, NOW)
        self.assertEqual(await told(), [])

    async def test_those_who_are_here_hear_of_it(self) -> None:
        """Contacts in either direction and dialog peers are told, if they are online themselves."""
        await self.house()
        self.presence.device_connected(self.bob.id, 12)
        await self.settle()
        self.presence.device_connected(self.ada.id, 11)
        await self.settle()
        self.assertEqual(self.told.of, [(self.ada.id, (self.bob.id,))])
        self.presence.device_connected(self.eve.id, 13)
        await self.settle()
        self.presence.device_disconnected(self.ada.id, 11)
        await self.settle()
        self.assertEqual(self.told.of[1], (self.eve.id, (self.ada.id,)))
        self.assertEqual((self.told.of[2][0], set(self.told.of[2][1])), (self.ada.id, {self.bob.id, self.eve.id}))

    async def test_the_last_device_counts(self) -> None:
        """A user is online while one device is here and not away; then last seen is now, also after a restart."""
        await self.house()
        ada = self.ada.id
        self.presence.device_connected(ada, 11)
        self.presence.device_connected(ada, 12)
        self.presence.device_disconnected(ada, 11)
        self.assertEqual(self.presence.cached(ada), Status(True, NOW + ONLINE_FOR))
        self.clock.advance(60)
        self.presence.device_says(ada, 12, offline=True)
        self.assertEqual(self.presence.cached(ada), Status(False, NOW + 60))
        self.clock.advance(60)
        self.presence.device_says(ada, 12, offline=False)
        self.assertTrue(self.presence.is_online(ada))
        self.presence.device_disconnected(ada, 12)
        await self.settle()
        again = Presence(self.database, self.clock, Fanout(), self.watchers(Contacts(self.database, MemoryBus())))
        self.assertEqual(
            await again.get([ada, self.bob.id]), {ada: Status(False, NOW + 120), self.bob.id: Status(False, 0)}
        )

    async def test_saying_online_twice_tells_once(self) -> None:
        """Clients repeat account.updateStatus; others hear of changes only."""
        await self.house()
        self.presence.device_connected(self.bob.id, 12)
        await self.settle()
        for _ in range(5):
            self.presence.device_says(self.ada.id, 11, offline=False)
        await self.settle()
        self.assertEqual(len(self.told.of), 1)

    async def test_coming_and_going_is_told_in_moderation(self) -> None:
        """Past a few changes in a row the rest waits and is told as one, as it is then."""
        await self.house()
        self.presence.device_connected(self.bob.id, 12)
        await self.settle()
        for _ in range(20):
            self.presence.device_connected(self.ada.id, 11)
            self.presence.device_disconnected(self.ada.id, 11)
        await self.settle()
        self.assertEqual(len(self.told.of), CHANGES.burst)
        self.assertFalse(self.presence.is_online(self.ada.id))
        self.presence.device_connected(self.ada.id, 11)
        self.clock.advance(5)
        await self.settle()
        self.assertEqual(len(self.told.of), CHANGES.burst + 1)
        self.assertTrue(self.presence.is_online(self.ada.id))

    async def test_a_device_that_is_not_connected_cannot_stay_online(self) -> None:
        """updateStatus without an open session holds for one term and is not renewed."""
        await self.house()
        self.presence.device_says(self.ada.id, 11, offline=False)
        self.assertTrue(self.presence.is_online(self.ada.id))
        for _ in range(2):
            self.clock.advance(RENEW_EVERY)
            self.presence.renew()
        self.assertFalse(self.presence.is_online(self.ada.id))
        await self.settle()

    async def test_being_online_is_renewed(self) -> None:
        """Before a term ends it is prolonged, and those who watch hear of it."""
        await self.house()
        self.presence.device_connected(self.bob.id, 12)
        await self.settle()
        self.presence.device_connected(self.ada.id, 11)
        await self.settle()
        self.clock.advance(RENEW_EVERY)
        self.presence.renew()
        await self.settle()
        self.assertEqual(self.presence.cached(self.ada.id), Status(True, NOW + RENEW_EVERY + ONLINE_FOR))
        self.assertEqual(
            sorted(self.told.of[1:]), sorted([(self.ada.id, (self.bob.id,)), (self.bob.id, (self.ada.id,))])
        )

    async def test_a_crash_leaves_when_they_were_seen(self) -> None:
        """Nobody says goodbye: who was here is last seen about a minute before, never "long ago"."""
        await self.house()

        async def after_a_crash() -> Status:
            again = Presence(self.database, self.clock, Fanout(), self.watchers(Contacts(self.database, MemoryBus())))
            return (await again.get([self.ada.id]))[self.ada.id]

        self.presence.device_connected(self.ada.id, 11)
        await self.settle()
        self.assertEqual(await after_a_crash(), Status(False, NOW))
        self.presence.start()
        for _ in range(5):
            self.clock.advance(NOTE_EVERY)
            await self.settle()
        self.clock.advance(NOTE_EVERY - 1)
        self.assertEqual(await after_a_crash(), Status(False, NOW + 5 * NOTE_EVERY))
        await self.presence.stop()

    async def test_stopping_writes_down_who_was_here(self) -> None:
        """After a stop everybody who was online was last seen then."""
        await self.house()
        self.presence.device_connected(self.ada.id, 11)
        self.clock.advance(30)
        await self.presence.stop()
        again = Presence(self.database, self.clock, Fanout(), self.watchers(Contacts(self.database, MemoryBus())))
        self.assertEqual((await again.get([self.ada.id]))[self.ada.id], Status(False, NOW + 30))
