"""Users, contacts, blocks, usernames, profiles, privacy and notification choices, through the door."""

from typing import Any

from teamgram.bff.authorization import AccountEnd
from teamgram.domain.dialogs.wallpapers import save_txn
from teamgram.domain.updates.events import (
    NotifySettingsChanged,
    PeerBlockedChanged,
    PeerSettingsChanged,
    PrivacyChanged,
    UserChanged,
    UserNameChanged,
    UserPhoneChanged,
    UserStatusChanged,
)
from teamgram.domain.users.expiry import AccountExpiry
from teamgram.domain.wallpapers.wallpaper import DrawnAs, Wallpaper
from teamgram.mtproto.tl import NEWEST_LAYER, tl
from trial_tests.backends import BackendTestCase, on_every_backend
from trial_tests.bff.house import Device, House

ADA, BOB, EVE = "15550100001", "15550100002", "15550100003"


class PeopleTestCase(BackendTestCase):
    """Three people who do not know each other."""

    async def people(self) -> tuple[House, Device, Device, Device]:
        house = House(self.open_database(), self.open_cache())
        self.ids: dict[str, int] = {}
        devices: list[Device] = []
        for key, (phone, name) in enumerate(((ADA, "Ada"), (BOB, "Bob"), (EVE, "Eve")), 11):
            device = house.device(key)
            self.ids[name] = (await device.sign_up(phone, name)).id
            devices.append(device)
        house.events.published.clear()
        ada, bob, eve = devices
        return house, ada, bob, eve

    def input_user(self, house: House, name: str) -> Any:
        user = house.people.users.cached(self.ids[name])
        assert user is not None
        return tl.inputUser(user_id=user.id, access_hash=user.access_hash)

    def input_peer(self, house: House, name: str) -> Any:
        user = self.input_user(house, name)
        return tl.inputPeerUser(user_id=user.user_id, access_hash=user.access_hash)

    async def import_contact(self, device: Device, phone: str, first_name: str) -> Any:
        entry = tl.inputPhoneContact(client_id=1, phone=phone, first_name=first_name, last_name="")
        return await device.call(tl.contacts.importContacts(contacts=[entry]))


@on_every_backend
class UsersTests(PeopleTestCase):
    """Who somebody is, and what of them is shown to whom."""

    async def test_strangers_do_not_see_the_number(self) -> None:
        """A number is for the owner, for who has it, and for whom the owner has as a contact."""
        house, ada, bob, eve = await self.people()
        (seen,) = await eve.call(tl.users.getUsers(id=[self.input_user(house, "Bob")]))
        self.assertEqual((seen.first_name, seen.phone, seen.contact), ("Bob", None, False))
        await self.import_contact(ada, BOB, "Bobby")
        (seen,) = await ada.call(tl.users.getUsers(id=[self.input_user(house, "Bob")]))
        self.assertEqual((seen.first_name, seen.phone, seen.contact, seen.mutual_contact), ("Bobby", BOB, True, False))
        (seen,) = await bob.call(tl.users.getUsers(id=[self.input_user(house, "Ada")]))
        self.assertEqual((seen.phone, seen.contact), (ADA, False))  # Ada has Bob in her book
        (me,) = await bob.call(tl.users.getUsers(id=[tl.inputUserSelf()]))
        self.assertEqual((me.phone, me.self), (BOB, True))

    async def test_an_id_alone_addresses_nobody(self) -> None:
        """Without the right access_hash a user is not found; in a list their place stays empty."""
        house, ada, _bob, _eve = await self.people()
        bob = self.input_user(house, "Bob")
        wrong = tl.inputUser(user_id=bob.user_id, access_hash=bob.access_hash ^ 1)
        self.assertEqual(await ada.call(tl.users.getUsers(id=[wrong])), [tl.userEmpty(id=bob.user_id)])
        self.assertEqual(
            await ada.error(tl.users.getFullUser(id=tl.inputUser(user_id=1, access_hash=0))), "USER_ID_INVALID"
        )
        block = tl.contacts.block(id=tl.inputPeerUser(user_id=bob.user_id, access_hash=0))
        self.assertEqual(await ada.error(block), "PEER_ID_INVALID")
        several = await ada.call(tl.users.getUsers(id=[wrong, bob, tl.inputUserSelf()]))
        self.assertEqual([view.NAME for view in several], ["userEmpty", "user", "user"])
        # Telethon's get_entity and Pyrogram ask for one, and expect no error.
        [alone] = await ada.call(tl.users.getUsers(id=[tl.inputUser(user_id=999_999, access_hash=1)]))
        self.assertEqual(alone, tl.userEmpty(id=999_999))
        self.assertEqual([view.id for view in several], [bob.user_id, bob.user_id, self.ids["Ada"]])

    async def test_the_service_account_is_there(self) -> None:
        """777000 can be fetched by everybody, whatever the access_hash."""
        _house, ada, _bob, _eve = await self.people()
        (service,) = await ada.call(tl.users.getUsers(id=[tl.inputUser(user_id=777000, access_hash=0)]))
        self.assertEqual((service.id, service.verified, service.support, service.phone), (777000, True, True, None))

    async def test_full_user_follows_privacy(self) -> None:
        """The bio is for everybody unless the owner says otherwise; the bar offers to add strangers."""
        house, ada, bob, _eve = await self.people()
        await bob.call(tl.account.updateProfile(about="I am Bob"))
        full = await ada.call(tl.users.getFullUser(id=self.input_user(house, "Bob")))
        self.assertEqual(full.full_user.about, "I am Bob")
        self.assertTrue(full.full_user.settings.add_contact)
        self.assertEqual([view.id for view in full.users], [self.ids["Bob"]])
        rules = [tl.inputPrivacyValueDisallowAll()]
        await bob.call(tl.account.setPrivacy(key=tl.inputPrivacyKeyAbout(), rules=rules))
        full = await ada.call(tl.users.getFullUser(id=self.input_user(house, "Bob")))
        self.assertEqual(full.full_user.about, None)

    async def test_by_number(self) -> None:
        """contacts.resolvePhone finds who lets themselves be found."""
        _house, ada, bob, _eve = await self.people()
        found = await ada.call(tl.contacts.resolvePhone(phone="+1 555 010 0002"))
        self.assertEqual(found.peer.user_id, self.ids["Bob"])
        await bob.call(
            tl.account.setPrivacy(key=tl.inputPrivacyKeyAddedByPhone(), rules=[tl.inputPrivacyValueAllowContacts()])
        )
        for phone in ("+1 555 010 0002", "999999", "x"):
            self.assertEqual(await ada.error(tl.contacts.resolvePhone(phone=phone)), "PHONE_NOT_OCCUPIED")
        hidden = await self.import_contact(ada, BOB, "Bob")
        self.assertEqual((hidden.imported, hidden.popular_invites), ([], []))

    async def test_a_deleted_account_is_a_shadow(self) -> None:
        """The id stays, the name, number and username are gone and free again."""
        house, ada, bob, eve = await self.people()
        await bob.call(tl.account.updateUsername(username="bobby_b"))
        await self.import_contact(ada, BOB, "Bob")
        self.assertTrue(await bob.call(tl.account.deleteAccount(reason="")))
        self.assertEqual(await bob.error(tl.users.getUsers(id=[tl.inputUserSelf()])), "AUTH_KEY_UNREGISTERED")
        bob_hash = (await house.people.users.require(self.ids["Bob"])).access_hash
        (seen,) = await ada.call(tl.users.getUsers(id=[tl.inputUser(user_id=self.ids["Bob"], access_hash=bob_hash)]))
        self.assertEqual((seen.deleted, seen.first_name, seen.phone), (True, None, None))
        self.assertTrue(await eve.call(tl.account.checkUsername(username="bobby_b")))
        again = await house.device(30).sign_up(BOB, "Second")
        self.assertNotEqual(again.id, self.ids["Bob"])

    async def test_an_account_that_was_away_for_long_ends(self) -> None:
        """After the days that its owner chose; who chose nothing, or is here, stays."""
        house, ada, bob, _eve = await self.people()
        for device in (ada, bob):
            await device.call(tl.account.setAccountTTL(ttl=tl.accountDaysTTL(days=30)))
        presence = house.people.presence
        end = AccountEnd(house.people.users, house.people.contacts, house.people.watchers, house.sign_ins, house.fanout)
        expiry = AccountExpiry(house.database, house.clock, presence.is_online, end)
        house.clock.advance(29 * 86_400)
        self.assertEqual(await expiry.sweep(), [])
        presence.device_connected(self.ids["Bob"], 12)
        house.clock.advance(2 * 86_400)
        self.assertEqual(await expiry.sweep(), [self.ids["Ada"]])
        self.assertTrue((await house.people.users.require(self.ids["Ada"])).is_deleted)
        self.assertEqual(sorted(house.auth_sessions.users), [12, 13])
        self.assertEqual(await expiry.sweep(), [])
        await presence.settled()

    async def test_another_number(self) -> None:
        """account.changePhone needs a code sent to the new number, and tells who has the user as a contact."""
        house, ada, bob, _eve = await self.people()
        await self.import_contact(ada, BOB, "Bob")
        ask = tl.account.sendChangePhoneCode(phone_number=ADA, settings=tl.codeSettings())
        self.assertEqual(await bob.error(ask), "PHONE_NUMBER_OCCUPIED")
        ask.phone_number = "+15550100044"
        sent = await bob.call(ask)
        (code,) = [code.code for code in await house.codes.pending() if code.purpose == "change_phone"]
        change = tl.account.changePhone(
            phone_number="+15550100044", phone_code_hash=sent.phone_code_hash, phone_code=code
        )
        self.assertEqual((await bob.call(change)).phone, "15550100044")
        ((told, event, _),) = house.events.of(UserPhoneChanged)
        self.assertEqual((set(told), event.phone), ({self.ids["Ada"], self.ids["Bob"]}, "15550100044"))
        sign_in = await house.device(40).send_code(BOB)
        self.assertEqual(sign_in.type.NAME, "auth.sentCodeTypeSms")  # the old number is nobody's


@on_every_backend
class ContactsTests(PeopleTestCase):
    """The address book and the block list."""

    async def test_import_makes_contacts(self) -> None:
        """Numbers with accounts become contacts under the name in the phone book; the rest is not lost or told."""
        house, ada, _bob, _eve = await self.people()
        book = [
            tl.inputPhoneContact(client_id=1, phone="+1 (555) 010-0002", first_name="Bobby", last_name="Tables"),
            tl.inputPhoneContact(client_id=2, phone="+1 555 010 7777", first_name="Nobody", last_name=""),
            tl.inputPhoneContact(client_id=3, phone="ring twice", first_name="x", last_name=""),
        ]
        answer = await ada.call(tl.contacts.importContacts(contacts=book))
        self.assertEqual([(c.user_id, c.client_id) for c in answer.imported], [(self.ids["Bob"], 1)])
        self.assertEqual((answer.users[0].first_name, answer.users[0].last_name), ("Bobby", "Tables"))
        self.assertEqual(answer.retry_contacts, [])
        told = house.events.of(PeerSettingsChanged)
        self.assertEqual(told, [((self.ids["Ada"],), PeerSettingsChanged((self.ids["Bob"],)), 0)])
        contacts = await ada.call(tl.contacts.getContacts(hash=0))
        self.assertEqual([c.user_id for c in contacts.contacts], [self.ids["Bob"]])
        self.assertEqual(await ada.call(tl.contacts.getContactIDs(hash=0)), [self.ids["Bob"]])

    async def test_a_long_phone_book_is_taken_in_parts(self) -> None:
        """What is beyond the limit is named in retry_contacts."""
        _house, ada, _bob, _eve = await self.people()
        book = [
            tl.inputPhoneContact(client_id=number, phone=f"+4930{number:06d}", first_name="x", last_name="")
            for number in range(503)
        ]
        answer = await ada.call(tl.contacts.importContacts(contacts=book))
        self.assertEqual(answer.retry_contacts, [500, 501, 502])

    async def test_mutual_is_both_ways(self) -> None:
        """When both have each other the contact is mutual, until one leaves the other's book."""
        house, ada, bob, _eve = await self.people()
        await self.import_contact(ada, BOB, "Bob")
        added = await bob.call(
            tl.contacts.addContact(id=self.input_user(house, "Ada"), first_name="Ada L", last_name="", phone="")
        )
        self.assertEqual((added.updates[0].NAME, added.updates[0].settings.add_contact), ("updatePeerSettings", False))
        self.assertTrue(added.users[0].mutual_contact)
        self.assertEqual(added.users[0].first_name, "Ada L")
        (seen,) = await ada.call(tl.users.getUsers(id=[self.input_user(house, "Bob")]))
        self.assertTrue(seen.mutual_contact)
        gone = await ada.call(tl.contacts.deleteContacts(id=[self.input_user(house, "Bob")]))
        self.assertEqual((gone.users[0].contact, gone.users[0].first_name), (False, "Bob"))
        (seen,) = await bob.call(tl.users.getUsers(id=[self.input_user(house, "Ada")]))
        self.assertEqual((seen.contact, seen.mutual_contact), (True, False))
        self.assertEqual(len(house.events.of(PeerSettingsChanged)), 3)

    async def test_adding_somebody_badly(self) -> None:
        """Oneself and nameless contacts are refused."""
        house, ada, _bob, _eve = await self.people()
        add = tl.contacts.addContact(id=tl.inputUserSelf(), first_name="Me", last_name="", phone="")
        self.assertEqual(await ada.error(add), "CONTACT_ID_INVALID")
        add = tl.contacts.addContact(id=self.input_user(house, "Bob"), first_name=" ", last_name="", phone="")
        self.assertEqual(await ada.error(add), "CONTACT_NAME_EMPTY")

    async def test_sharing_the_own_number(self) -> None:
        """add_phone_privacy_exception shows the caller's number to that one person, whatever the rules."""
        house, ada, bob, eve = await self.people()
        await ada.call(
            tl.account.setPrivacy(key=tl.inputPrivacyKeyPhoneNumber(), rules=[tl.inputPrivacyValueDisallowAll()])
        )
        await ada.call(
            tl.contacts.addContact(
                id=self.input_user(house, "Bob"),
                first_name="B",
                last_name="",
                phone="",
                add_phone_privacy_exception=True,
            )
        )
        (to_bob,) = await bob.call(tl.users.getUsers(id=[self.input_user(house, "Ada")]))
        (to_eve,) = await eve.call(tl.users.getUsers(id=[self.input_user(house, "Ada")]))
        self.assertEqual((to_bob.phone, to_eve.phone), (ADA, None))

    async def test_delete_by_phones(self) -> None:
        """Contacts leave by the number that they were saved with."""
        _house, ada, _bob, _eve = await self.people()
        await self.import_contact(ada, BOB, "Bob")
        self.assertFalse(await ada.call(tl.contacts.deleteByPhones(phones=["+1 555 010 0003", "x"])))
        self.assertTrue(await ada.call(tl.contacts.deleteByPhones(phones=["+1 555 010 0002"])))
        self.assertEqual((await ada.call(tl.contacts.getContacts(hash=0))).contacts, [])

    async def test_search(self) -> None:
        """Own contacts by the beginning of any word of their name, others by username."""
        _house, ada, _bob, eve = await self.people()
        await self.import_contact(ada, BOB, "Sir Bobby")
        await eve.call(tl.account.updateUsername(username="Bobby_Eve"))
        found = await ada.call(tl.contacts.search(q="boBB", limit=10))
        self.assertEqual([peer.user_id for peer in found.my_results], [self.ids["Bob"]])
        self.assertEqual([peer.user_id for peer in found.results], [self.ids["Eve"]])
        self.assertEqual({view.id for view in found.users}, {self.ids["Bob"], self.ids["Eve"]})
        self.assertEqual((await ada.call(tl.contacts.search(q="obb", limit=10))).my_results, [])
        self.assertEqual(await ada.error(tl.contacts.search(q=" @ ", limit=10)), "SEARCH_QUERY_EMPTY")

    async def test_block_and_unblock(self) -> None:
        """A blocked user is listed, newest first, and sees no status; both sides' devices are told."""
        house, ada, bob, _eve = await self.people()
        self.assertTrue(await ada.call(tl.contacts.block(id=self.input_peer(house, "Bob"))))
        house.clock.advance(5)
        self.assertTrue(await ada.call(tl.contacts.block(id=self.input_peer(house, "Eve"))))
        self.assertFalse(await ada.call(tl.contacts.block(id=self.input_peer(house, "Eve"))))
        self.assertEqual(await ada.error(tl.contacts.block(id=tl.inputPeerSelf())), "CONTACT_ID_INVALID")
        listed = await ada.call(tl.contacts.getBlocked(offset=0, limit=10))
        self.assertEqual([b.peer_id.user_id for b in listed.blocked], [self.ids["Eve"], self.ids["Bob"]])
        page = await ada.call(tl.contacts.getBlocked(offset=1, limit=1))
        self.assertEqual(
            (page.NAME, page.count, page.blocked[0].peer_id.user_id), ("contacts.blockedSlice", 2, self.ids["Bob"])
        )
        self.assertTrue(await house.people.contacts.is_blocked(self.ids["Ada"], self.ids["Bob"]))
        self.assertFalse(await house.people.contacts.is_blocked(self.ids["Bob"], self.ids["Ada"]))
        house.people.presence.device_connected(self.ids["Ada"], 11)
        (seen,) = await bob.call(tl.users.getUsers(id=[self.input_user(house, "Ada")]))
        self.assertEqual(seen.status.NAME, "userStatusEmpty")
        self.assertTrue(await ada.call(tl.contacts.unblock(id=self.input_peer(house, "Bob"))))
        (seen,) = await bob.call(tl.users.getUsers(id=[self.input_user(house, "Ada")]))
        self.assertEqual(seen.status.NAME, "userStatusOnline")
        self.assertEqual(
            [(users, event.blocked, but) for users, event, but in house.events.of(PeerBlockedChanged)],
            [((self.ids["Ada"],), True, 11), ((self.ids["Ada"],), True, 11), ((self.ids["Ada"],), False, 11)],
        )
        self.assertTrue(await ada.call(tl.contacts.setBlocked(id=[self.input_peer(house, "Bob")], limit=100)))
        listed = await ada.call(tl.contacts.getBlocked(offset=0, limit=10))
        self.assertEqual([b.peer_id.user_id for b in listed.blocked], [self.ids["Bob"]])

    async def test_notes_and_close_friends(self) -> None:
        """What an owner writes on a contact is on the profile; close friends are marked."""
        house, ada, _bob, _eve = await self.people()
        note = tl.textWithEntities(text="met in Paris", entities=[])
        update = tl.contacts.updateContactNote(id=self.input_user(house, "Bob"), note=note)
        self.assertEqual(await ada.error(update), "CONTACT_ID_INVALID")
        await self.import_contact(ada, BOB, "Bob")
        self.assertTrue(await ada.call(update))
        self.assertTrue(await ada.call(tl.contacts.editCloseFriends(id=[self.ids["Bob"]])))
        full = await ada.call(tl.users.getFullUser(id=self.input_user(house, "Bob")))
        self.assertEqual(full.full_user.note.text, "met in Paris")
        self.assertTrue(full.users[0].close_friend)


@on_every_backend
class ProfileTests(PeopleTestCase):
    """What people say about themselves."""

    async def test_usernames(self) -> None:
        """Taken once, in one spelling for everybody, free again when given up."""
        house, ada, bob, _eve = await self.people()
        await self.import_contact(bob, ADA, "Ada")
        for name in ("a", "1ada", "ada__l", "ada_", "ad a", "äda_l", "a" * 33):
            self.assertEqual(await ada.error(tl.account.checkUsername(username=name)), "USERNAME_INVALID", name)
        self.assertTrue(await ada.call(tl.account.checkUsername(username="Ada_L")))
        self.assertEqual((await ada.call(tl.account.updateUsername(username="Ada_L"))).username, "Ada_L")
        self.assertEqual(await ada.error(tl.account.updateUsername(username="Ada_L")), "USERNAME_NOT_MODIFIED")
        self.assertEqual(await bob.error(tl.account.updateUsername(username="ada_l")), "USERNAME_OCCUPIED")
        self.assertEqual(await bob.error(tl.account.checkUsername(username="ada_l")), "USERNAME_OCCUPIED")
        found = await bob.call(tl.contacts.resolveUsername(username="@ADA_l"))
        self.assertEqual((found.peer.user_id, found.users[0].username), (self.ids["Ada"], "Ada_L"))
        self.assertEqual((await ada.call(tl.account.updateUsername(username="ada_L"))).username, "ada_L")
        await ada.call(tl.account.updateUsername(username=""))
        self.assertEqual(await bob.error(tl.contacts.resolveUsername(username="ada_l")), "USERNAME_NOT_OCCUPIED")
        self.assertEqual((await bob.call(tl.account.updateUsername(username="ADA_L"))).username, "ADA_L")
        told = {users for users, _event, but in house.events.of(UserNameChanged) if but == 11}
        self.assertEqual(told, {(self.ids["Ada"], self.ids["Bob"])})

    async def test_names_and_bio(self) -> None:
        """updateProfile changes what is named and leaves the rest."""
        house, ada, _bob, _eve = await self.people()
        me = await ada.call(tl.account.updateProfile(first_name="Ada", last_name="King", about="Countess"))
        self.assertEqual((me.first_name, me.last_name), ("Ada", "King"))
        self.assertEqual([len(house.events.of(kind)) for kind in (UserNameChanged, UserChanged)], [1, 1])
        me = await ada.call(tl.account.updateProfile(last_name=""))
        self.assertEqual((me.first_name, me.last_name), ("Ada", None))
        self.assertEqual(await ada.error(tl.account.updateProfile(first_name="")), "FIRSTNAME_INVALID")
        self.assertEqual(await ada.error(tl.account.updateProfile(about="x" * 141)), "ABOUT_TOO_LONG")
        await ada.call(tl.account.updateProfile(about="Author"))
        self.assertEqual(house.events.of(UserChanged)[0][1], UserChanged(self.ids["Ada"]))

    async def test_birthdays(self) -> None:
        """Contacts whose day is near are listed to whom they have as a contact."""
        _house, ada, bob, _eve = await self.people()
        await ada.call(tl.account.updateBirthday(birthday=tl.birthday(day=15, month=11)))
        self.assertEqual(
            await ada.error(tl.account.updateBirthday(birthday=tl.birthday(day=31, month=2))), "BIRTHDAY_INVALID"
        )
        await self.import_contact(bob, ADA, "Ada")
        self.assertEqual((await bob.call(tl.contacts.getBirthdays())).contacts, [])  # for Ada's contacts only
        await self.import_contact(ada, BOB, "Bob")
        (near,) = (await bob.call(tl.contacts.getBirthdays())).contacts  # NOW is 2023-11-14
        self.assertEqual((near.contact_id, near.birthday.day, near.birthday.year), (self.ids["Ada"], 15, None))

    async def test_account_life_times(self) -> None:
        """Days are remembered within bounds."""
        _house, ada, _bob, _eve = await self.people()
        self.assertEqual((await ada.call(tl.account.getAccountTTL())).days, 365)
        self.assertTrue(await ada.call(tl.account.setAccountTTL(ttl=tl.accountDaysTTL(days=180))))
        self.assertEqual((await ada.call(tl.account.getAccountTTL())).days, 180)
        bad = tl.account.setAccountTTL(ttl=tl.accountDaysTTL(days=1))
        self.assertEqual(await ada.error(bad), "TTL_DAYS_INVALID")
        self.assertTrue(await ada.call(tl.account.setAuthorizationTTL(authorization_ttl_days=30)))
        self.assertEqual((await ada.call(tl.account.getAuthorizations())).authorization_ttl_days, 30)

    async def test_there_is_no_password(self) -> None:
        """account.getPassword says so, with algorithms that clients accept."""
        _house, ada, _bob, _eve = await self.people()
        answer = await ada.call(tl.account.getPassword())
        self.assertFalse(answer.has_password)
        self.assertEqual((answer.new_algo.g, len(answer.new_algo.p), len(answer.secure_random)), (3, 256, 256))


@on_every_backend
class ChoicesTests(PeopleTestCase):
    """Privacy rules and notifications."""

    async def test_privacy_rules_are_kept_and_told(self) -> None:
        """What is set comes back, with the users that it names."""
        house, ada, bob, eve = await self.people()
        key = tl.inputPrivacyKeyStatusTimestamp()
        before = await ada.call(tl.account.getPrivacy(key=key))
        self.assertEqual([rule.NAME for rule in before.rules], ["privacyValueAllowAll"])
        rules = [
            tl.inputPrivacyValueDisallowUsers(users=[self.input_user(house, "Eve")]),
            tl.inputPrivacyValueAllowAll(),
        ]
        answer = await ada.call(tl.account.setPrivacy(key=key, rules=rules))
        self.assertEqual([view.id for view in answer.users], [self.ids["Eve"]])
        self.assertEqual(house.events.of(PrivacyChanged)[0][1], PrivacyChanged("StatusTimestamp"))
        house.people.presence.device_connected(self.ids["Ada"], 11)
        (to_bob,) = await bob.call(tl.users.getUsers(id=[self.input_user(house, "Ada")]))
        (to_eve,) = await eve.call(tl.users.getUsers(id=[self.input_user(house, "Ada")]))
        self.assertEqual((to_bob.status.NAME, to_eve.status.NAME), ("userStatusOnline", "userStatusRecently"))
        for rules in ([], [tl.inputPrivacyValueAllowPremium()], [tl.inputPrivacyValueAllowAll()] * 21):
            query = tl.account.setPrivacy(key=key, rules=rules)
            self.assertEqual(await ada.error(query), "PRIVACY_VALUE_INVALID")
        await house.people.presence.settled()

    async def test_notification_choices(self) -> None:
        """Choices are kept by peer and by kind; what is not named stays."""
        house, ada, _bob, _eve = await self.people()
        where = tl.inputNotifyPeer(peer=self.input_peer(house, "Bob"))
        change = tl.account.updateNotifySettings(
            peer=where, settings=tl.inputPeerNotifySettings(mute_until=2_000_000_000, silent=True)
        )
        self.assertTrue(await ada.call(change))
        change.settings = tl.inputPeerNotifySettings(sound=tl.notificationSoundRingtone(id=77))
        self.assertTrue(await ada.call(change))
        self.assertEqual((await ada.call(tl.account.getNotifySettings(peer=where))).other_sound.id, 77)
        change.settings = tl.inputPeerNotifySettings(sound=tl.notificationSoundNone())
        self.assertTrue(await ada.call(change))
        chosen = await ada.call(tl.account.getNotifySettings(peer=where))
        self.assertEqual(
            (chosen.mute_until, chosen.silent, chosen.show_previews, chosen.other_sound.NAME),
            (2_000_000_000, True, None, "notificationSoundNone"),
        )
        self.assertEqual(house.events.of(NotifySettingsChanged)[0][1].scope, str(self.ids["Bob"]))
        full = await ada.call(tl.users.getFullUser(id=self.input_user(house, "Bob")))
        self.assertEqual(full.full_user.notify_settings, chosen)
        exceptions = await ada.call(tl.account.getNotifyExceptions())
        self.assertEqual([u.peer.peer.user_id for u in exceptions.updates], [self.ids["Bob"]])
        house.events.published.clear()
        self.assertTrue(await ada.call(tl.account.resetNotifySettings()))
        self.assertEqual([one.scope for _, one, _ in house.events.of(NotifySettingsChanged)], [str(self.ids["Bob"])])
        self.assertEqual((await ada.call(tl.account.getNotifySettings(peer=where))).mute_until, None)

    async def test_behind_a_chat(self) -> None:
        """What is behind the chat with somebody stands on their profile, for who put it there."""
        house, ada, bob, _eve = await self.people()
        red = Wallpaper(0, 0, 0, "", drawn_as=DrawnAs((0xFF0000,)))
        await self.open_database().write("behind", save_txn, self.ids["Ada"], self.ids["Bob"], red, False)
        full = (await ada.call(tl.users.getFullUser(id=self.input_user(house, "Bob")))).full_user
        self.assertEqual((full.wallpaper.settings.background_color, full.wallpaper_overridden), (0xFF0000, False))
        self.assertIsNone((await bob.call(tl.users.getFullUser(id=self.input_user(house, "Ada")))).full_user.wallpaper)

    async def test_notifications_of_a_kind_are_whole(self) -> None:
        """Nothing is absent for users, chats and broadcasts: Telegram Desktop would show every chat as muted."""
        _house, ada, _bob, _eve = await self.people()
        for layer in (135, 152, 181, 227, NEWEST_LAYER):
            for kind in (tl.inputNotifyUsers(), tl.inputNotifyChats(), tl.inputNotifyBroadcasts()):
                told = await ada.call(tl.account.getNotifySettings(peer=kind), layer=layer)
                self.assertEqual((told.show_previews, told.silent, told.mute_until), (True, False, 0), kind.NAME)
                if layer >= 181:
                    self.assertEqual((told.stories_muted, told.stories_hide_sender), (False, False))
                    self.assertEqual(told.other_sound.NAME, "notificationSoundDefault")
        kind = tl.inputNotifyUsers()
        settings = tl.inputPeerNotifySettings(mute_until=2_000_000_000, stories_muted=True)
        await ada.call(tl.account.updateNotifySettings(peer=kind, settings=settings), layer=NEWEST_LAYER)
        told = await ada.call(tl.account.getNotifySettings(peer=kind))
        self.assertEqual((told.mute_until, told.stories_muted, told.show_previews), (2_000_000_000, True, True))

    async def test_statuses(self) -> None:
        """Contacts' statuses: here, last seen, never seen."""
        house, ada, _bob, _eve = await self.people()
        await self.import_contact(ada, BOB, "Bob")
        await self.import_contact(ada, EVE, "Eve")
        presence = house.people.presence
        presence.device_connected(self.ids["Bob"], 12)
        statuses = {s.user_id: s.status for s in await ada.call(tl.contacts.getStatuses())}
        self.assertEqual(statuses[self.ids["Bob"]].NAME, "userStatusOnline")
        self.assertEqual(statuses[self.ids["Eve"]].NAME, "userStatusEmpty")
        presence.device_disconnected(self.ids["Bob"], 12)
        await presence.stop()
        statuses = {s.user_id: s.status for s in await ada.call(tl.contacts.getStatuses())}
        self.assertEqual(statuses[self.ids["Bob"]].was_online, presence.now())
        self.assertEqual(house.events.of(UserStatusChanged), [])  # nobody who is here watches Bob
