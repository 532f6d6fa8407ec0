"""Accounts, address books and settings at the same time and after a restart."""

from twisted.internet.defer import Deferred, DeferredList
from twisted.python.failure import Failure

from teamgram.cache.bus import MemoryBus
from teamgram.domain.contacts.contacts import Contacts
from teamgram.domain.ids.peer import Peer
from teamgram.domain.users.settings import AccountSettings
from teamgram.domain.users.user import SERVICE_USER_ID, UserNotFound
from teamgram.domain.users.users import PhoneOccupied, UsernameOccupied, Users
from trial_tests.backends import BackendTestCase, on_every_backend

NOW = 1_700_000_000


@on_every_backend
class UsersStoreTests(BackendTestCase):
    """``Users`` over a database."""

    async def test_ids_follow_the_service_account(self) -> None:
        """777000 is there from the beginning; people are numbered after it."""
        users = Users(self.open_database(), MemoryBus())
        self.assertEqual((await users.require(SERVICE_USER_ID)).first_name, "Telegram")
        ada = await users.create(phone="15550100001", first_name="Ada", now=NOW)
        self.assertGreater(ada.id, SERVICE_USER_ID)
        with self.assertRaises(UserNotFound):
            await users.require(ada.id + 1)

    async def test_one_number_one_account(self) -> None:
        """Of several sign-ups with one number at the same moment exactly one succeeds."""
        users = Users(self.open_database(), MemoryBus())
        tries = [
            Deferred.fromCoroutine(users.create(phone="15550100001", first_name=str(number), now=NOW))
            for number in range(5)
        ]
        results = await DeferredList(tries, consumeErrors=True)
        self.assertEqual([success for success, _ in results].count(True), 1)
        for success, result in results:
            if not success:
                assert isinstance(result, Failure)
                result.trap(PhoneOccupied)

    async def test_one_name_one_owner(self) -> None:
        """Of two who take one username at the same moment one gets it."""
        users = Users(self.open_database(), MemoryBus())
        people = [await users.create(phone=f"1555010000{n}", first_name="x", now=NOW) for n in range(2)]
        results = await DeferredList(
            [Deferred.fromCoroutine(users.set_username(user.id, "lovelace")) for user in people], consumeErrors=True
        )
        self.assertEqual([success for success, _ in results].count(True), 1)
        for success, result in results:
            if not success:
                assert isinstance(result, Failure)
                result.trap(UsernameOccupied)
        owner = await users.resolve_username("LoveLace")
        self.assertIn(owner, [Peer.user(user.id) for user in people])

    async def test_accounts_without_a_number(self) -> None:
        """Bots have none, and there can be many of them."""
        users = Users(self.open_database(), MemoryBus())
        bots = [await users.create(phone="", first_name="bot", now=NOW, is_bot=True) for _ in range(3)]
        self.assertEqual({(await users.require(bot.id)).phone for bot in bots}, {""})

    async def test_memory_follows_the_database(self) -> None:
        """A change is seen at once by who asks after it, and by another process after its restart."""
        database = self.open_database()
        users = Users(database, MemoryBus())
        ada = await users.create(phone="15550100001", first_name="Ada", now=NOW)
        await users.get([ada.id])
        changed = await users.update(ada.id, first_name="Augusta \U0001f9ee")
        self.assertEqual((await users.require(ada.id)).first_name, "Augusta \U0001f9ee")
        self.assertEqual(await Users(database, MemoryBus()).get([ada.id, 1, ada.id]), {ada.id: changed})

    async def test_prefixes_of_usernames(self) -> None:
        """Found in alphabetical order; "_" is a letter like others."""
        users = Users(self.open_database(), MemoryBus())
        for number, name in enumerate(("ada_l", "ada_lovelace", "adaxl", "bob_b")):
            user = await users.create(phone=f"1555010000{number}", first_name="x", now=NOW)
            await users.set_username(user.id, name)
        found = [peer.id for peer in await users.search_usernames("ADA_", 10)]
        names = [(await users.require(user_id)).username for user_id in found]
        self.assertEqual(names, ["ada_l", "ada_lovelace"])
        self.assertEqual(len(await users.search_usernames("ada", 2)), 2)

    async def test_many_at_once(self) -> None:
        """More ids than one statement may name."""
        users = Users(self.open_database(), MemoryBus())
        ada = await users.create(phone="15550100001", first_name="Ada", now=NOW)
        self.assertEqual(set(await users.get([*range(1, 1200), ada.id])), {ada.id})


@on_every_backend
class ContactsStoreTests(BackendTestCase):
    """``Contacts`` over a database."""

    async def test_adding_each_other_at_the_same_moment(self) -> None:
        """Both books say mutual, whoever was first."""
        database = self.open_database()
        users, contacts = Users(database, MemoryBus()), Contacts(database, MemoryBus())
        for round_ in range(5):
            ada = await users.create(phone=f"155501{round_}1", first_name="Ada", now=NOW)
            bob = await users.create(phone=f"155501{round_}2", first_name="Bob", now=NOW)
            await DeferredList(
                [
                    Deferred.fromCoroutine(contacts.add(ada.id, bob, "Bob", "", "", NOW)),
                    Deferred.fromCoroutine(contacts.add(bob.id, ada, "Ada", "", "", NOW)),
                ],
                fireOnOneErrback=True,
            )
            self.assertTrue((await contacts.book(ada.id)).contacts[bob.id].is_mutual)
            self.assertTrue((await contacts.book(bob.id)).contacts[ada.id].is_mutual)

    async def test_blocks_are_known_from_both_sides(self) -> None:
        """Either book in memory answers without waiting."""
        database = self.open_database()
        users, contacts = Users(database, MemoryBus()), Contacts(database, MemoryBus())
        ada = await users.create(phone="15550100001", first_name="Ada", now=NOW)
        bob = await users.create(phone="15550100002", first_name="Bob", now=NOW)
        self.assertIsNone(contacts.is_blocked_cached(ada.id, bob.id))
        await contacts.block(ada.id, bob.id, NOW)
        await contacts.book(bob.id)
        self.assertTrue(contacts.is_blocked_cached(ada.id, bob.id))
        await contacts.book(ada.id)
        self.assertTrue(contacts.is_blocked_cached(ada.id, bob.id))
        self.assertFalse(contacts.is_blocked_cached(bob.id, ada.id))


@on_every_backend
class AccountSettingsTests(BackendTestCase):
    """``AccountSettings`` over a database."""

    async def test_settings_are_kept_by_name(self) -> None:
        """Any JSON; unset ones have the default; a prefix can be forgotten."""
        settings = AccountSettings(self.open_database())
        await settings.set(5, "a:1", [1, {"x": None}])
        await settings.set(5, "a:2", "ä")
        await settings.set(6, "a:1", 7)
        self.assertEqual(await settings.get(5, "a:1"), [1, {"x": None}])
        self.assertEqual(await settings.get(5, "b", 3), 3)
        self.assertEqual(await settings.all(5, "a:"), {"a:1": [1, {"x": None}], "a:2": "ä"})
        await settings.forget(5, "a:")
        self.assertEqual((await settings.all(5), await settings.get(6, "a:1")), ({}, 7))
