"""Address books in a database, and who watches whom."""

from twisted.internet.defer import Deferred

from teamgram.cache.bus import MemoryBus
from teamgram.domain.contacts.contacts import ContactIdInvalid, Contacts, PhoneContact
from teamgram.domain.contacts.watchers import Watchers
from teamgram.domain.privacy.keys import ADDED_BY_PHONE
from teamgram.domain.privacy.privacy import Privacy
from teamgram.domain.privacy.rules import Rule, RuleKind
from teamgram.domain.users.users import Users
from trial_tests.backends import BackendTestCase, on_every_backend
from trial_tests.domain.accounts import add_accounts

ANNA, BORIS, CLARA = 1, 2, 3


@on_every_backend
class ContactsTests(BackendTestCase):
    """``Contacts``."""

    async def people(self) -> tuple[Contacts, Users]:
        self.database = self.open_database()
        await add_accounts(self.database, ANNA, BORIS, CLARA)
        return Contacts(self.database, MemoryBus()), Users(self.database, MemoryBus())

    async def test_close_friends_are_known_from_both_sides(self) -> None:
        """Whoever is named, or named no longer, sees it at once, also in a book that is in memory."""
        contacts, users = await self.people()
        for user_id in (BORIS, CLARA):
            await contacts.add(ANNA, await users.require(user_id), "x", "", "", 1)
            await contacts.book(user_id)
        await contacts.set_close_friends(ANNA, [BORIS])
        friends = [sorted((await contacts.book(user_id)).close_friend_of) for user_id in (BORIS, CLARA)]
        self.assertEqual(friends, [[ANNA], []])
        await contacts.set_close_friends(ANNA, [CLARA])
        friends = [sorted((await contacts.book(user_id)).close_friend_of) for user_id in (BORIS, CLARA)]
        self.assertEqual(friends, [[], [ANNA]])

    async def test_who_ends_their_account_is_in_no_book(self) -> None:
        """Neither as a contact nor as who has somebody, and those who had them are named."""
        contacts, users = await self.people()
        await contacts.add(ANNA, await users.require(BORIS), "x", "", "", 1)
        await contacts.add(BORIS, await users.require(CLARA), "x", "", "", 1)
        for user_id in (ANNA, BORIS, CLARA):
            await contacts.book(user_id)
        self.assertEqual(sorted(await contacts.forget(BORIS)), [ANNA, CLARA])
        for user_id in (ANNA, BORIS, CLARA):
            book = await contacts.book(user_id)
            self.assertEqual((dict(book.contacts), book.added_by), ({}, frozenset()))
        # Nor does one who saw them a moment ago put them back.
        boris = await users.require(BORIS)
        await users.delete(BORIS)
        adding = Deferred.fromCoroutine(contacts.add(ANNA, boris, "x", "", "", 1))
        await self.assertFailure(adding, ContactIdInvalid)

    async def test_a_number_is_found_by_whom_its_owner_lets(self) -> None:
        """Of two who have a number in their books, the one whom its new owner lets gets a contact."""
        contacts, users = await self.people()
        for owner_id in (ANNA, BORIS):
            await contacts.import_phones(owner_id, [PhoneContact(1, "4915", "Somebody")], {}, 1)
        await Privacy(self.database, MemoryBus()).set(CLARA, ADDED_BY_PHONE, [Rule(RuleKind.ALLOW_USERS, (BORIS,))])
        clara = await users.update(CLARA, phone="4915")
        self.assertEqual(await contacts.adopt_phone(clara, 2), [BORIS])
        self.assertEqual([list((await contacts.book(owner)).contacts) for owner in (ANNA, BORIS)], [[], [CLARA]])

    async def test_watchers(self) -> None:
        """Those who have somebody, whom they have, and with whom they write; never themselves."""
        contacts, users = await self.people()
        await contacts.add(ANNA, await users.require(BORIS), "x", "", "", 1)
        await contacts.add(CLARA, await users.require(ANNA), "x", "", "", 1)

        async def writes_with(user_id: int) -> list[int]:
            return [7, user_id]

        self.assertEqual(await Watchers(contacts, writes_with).of(ANNA), {BORIS, CLARA, 7})
