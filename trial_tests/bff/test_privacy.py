"""Privacy rules, key by key: what is chosen is kept, on every road."""

import re
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

import teamgram
from teamgram.domain.privacy.keys import CHAT_INVITE, ENFORCED, STATUS_TIMESTAMP, WITHOUT_EFFECT
from teamgram.domain.privacy.rules import Rule, RuleKind
from teamgram.mtproto.tl import tl
from trial_tests.backends import on_every_backend
from trial_tests.bff.talk_house import Device, House
from trial_tests.bff.test_chats import GroupTestCase
from trial_tests.bff.test_messages import TalkTestCase, error_of
from trial_tests.bff.test_people import BOB, PeopleTestCase

NOBODY = [tl.inputPrivacyValueDisallowAll()]
EVERYBODY = [tl.inputPrivacyValueAllowAll()]
CLOSE_FRIENDS = [tl.inputPrivacyValueAllowCloseFriends()]
SCHEMA = Path(teamgram.__file__).parent / "mtproto/tl/schema/schema.tl"


class KeyTests(SynchronousTestCase):
    """The list of keys."""

    def test_every_key_is_kept_or_said_to_be_without_effect(self) -> None:
        """A key that the schema has is asked for somewhere, or is one of those that the documentation names."""
        schema = set(re.findall(r"^inputPrivacyKey(\w+)#", SCHEMA.read_text(), re.MULTILINE))
        self.assertEqual(schema, ENFORCED | WITHOUT_EFFECT.keys())
        self.assertFalse(ENFORCED & WITHOUT_EFFECT.keys())


@on_every_backend
class ArchivingTests(PeopleTestCase):
    """account.setGlobalPrivacySettings."""

    async def test_kept(self) -> None:
        """What the archive is to do is kept; what nobody could fulfil is refused; older layers ask with a Bool."""
        _, ada, _, _ = await self.people()
        wanted = tl.globalPrivacySettings(archive_and_mute_new_noncontact_peers=True, keep_archived_unmuted=True)
        self.assertEqual(await ada.call(tl.account.setGlobalPrivacySettings(settings=wanted)), wanted)
        self.assertEqual(await ada.call(tl.account.getGlobalPrivacySettings()), wanted)
        paid = tl.globalPrivacySettings(new_noncontact_peers_require_premium=True)
        self.assertEqual(
            await ada.error(tl.account.setGlobalPrivacySettings(settings=paid)), "PREMIUM_ACCOUNT_REQUIRED"
        )
        none = tl.globalPrivacySettings(archive_and_mute_new_noncontact_peers=False)
        for layer in (150, 158, 232):
            told = await ada.call(tl.account.setGlobalPrivacySettings(settings=none), layer=layer)
            self.assertFalse(told.archive_and_mute_new_noncontact_peers)


@on_every_backend
class ShownTests(PeopleTestCase):
    """What is shown of a user: number, bio, birthday, last seen, and being found by number."""

    def choose(self, device: Any, key: str, rules: list[Any]) -> Any:
        return device.call(tl.account.setPrivacy(key=getattr(tl, f"inputPrivacyKey{key}")(), rules=rules))

    async def test_last_seen_is_for_both_or_neither(self) -> None:
        """Who hides theirs from somebody sees that one's roughly, and is told why; whom they except, exactly."""
        house, ada, bob, _ = await self.people()
        await self.import_contact(ada, BOB, "Bob")
        await house.people.presence.get([self.ids["Bob"]])
        bob_user, ada_user = self.input_user(house, "Bob"), self.input_user(house, "Ada")
        presence = house.people.presence

        async def seen(device: Any, user: Any) -> Any:
            (view,) = await device.call(tl.users.getUsers(id=[user]))
            if device is ada:
                (status,) = await ada.call(tl.contacts.getStatuses())
                self.assertEqual(status.status, view.status)
            return view.status

        for online in (True, False):
            (presence.device_connected if online else presence.device_disconnected)(self.ids["Bob"], 12)
            await self.choose(ada, "StatusTimestamp", EVERYBODY)
            exactly = "userStatusOnline" if online else "userStatusOffline"
            self.assertEqual((await seen(ada, bob_user)).NAME, exactly)
            await self.choose(ada, "StatusTimestamp", NOBODY)
            self.assertEqual(await seen(ada, bob_user), tl.userStatusRecently(by_me=True))
            excepted = [tl.inputPrivacyValueAllowUsers(users=[bob_user]), *NOBODY]
            await self.choose(ada, "StatusTimestamp", excepted)
            self.assertEqual((await seen(ada, bob_user)).NAME, exactly)
        # Hidden by the other one, it is not by oneself.
        await self.choose(ada, "StatusTimestamp", NOBODY)
        await self.choose(bob, "StatusTimestamp", NOBODY)
        self.assertEqual(await seen(ada, bob_user), tl.userStatusRecently())
        self.assertFalse((await seen(bob, ada_user)).NAME in ("userStatusOnline", "userStatusOffline"))

    async def test_close_friends(self) -> None:
        """A rule for close friends lets those whom its owner named, and nobody else, from the moment they are named."""
        house, ada, bob, eve = await self.people()
        query = tl.users.getFullUser(id=self.input_user(house, "Bob"))
        await bob.call(tl.account.updateProfile(about="my bio"))
        await self.choose(bob, "About", CLOSE_FRIENDS)
        for name in ("Ada", "Eve"):
            user = self.input_user(house, name)
            await bob.call(tl.contacts.addContact(id=user, first_name=name, last_name="", phone=""))

        async def bios() -> list[str | None]:
            return [(await device.call(query)).full_user.about for device in (ada, eve)]

        self.assertEqual(await bios(), [None, None])
        await bob.call(tl.contacts.editCloseFriends(id=[self.ids["Ada"]]))
        self.assertEqual(await bios(), ["my bio", None])
        await bob.call(tl.contacts.editCloseFriends(id=[self.ids["Eve"]]))
        self.assertEqual(await bios(), [None, "my bio"])

    async def test_not_for_whom_one_has_blocked(self) -> None:
        """Whoever is blocked sees neither bio, birthday nor number, whatever the rules say."""
        house, ada, bob, _ = await self.people()
        query = tl.users.getFullUser(id=self.input_user(house, "Bob"))
        await bob.call(tl.account.updateProfile(about="my bio"))
        await bob.call(tl.account.updateBirthday(birthday=tl.birthday(day=1, month=2)))
        for key in ("About", "Birthday", "PhoneNumber", "AddedByPhone"):
            await self.choose(bob, key, EVERYBODY)
        seen = await ada.call(query)
        self.assertEqual((seen.full_user.about, seen.full_user.birthday.day, seen.users[0].phone), ("my bio", 1, BOB))
        await bob.call(tl.contacts.block(id=self.input_peer(house, "Ada")))
        seen = await ada.call(query)
        self.assertEqual((seen.full_user.about, seen.full_user.birthday, seen.users[0].phone), (None, None, None))
        self.assertEqual(await ada.error(tl.contacts.resolvePhone(phone=BOB)), "PHONE_NOT_OCCUPIED")
        self.assertEqual((await self.import_contact(ada, BOB, "Bob")).imported, [])

    async def test_a_new_number_is_not_found_by_whom_it_should_not(self) -> None:
        """Who had the number in their book before its new owner took it gets a contact only if that one is found so."""
        for rules, contacts in ((NOBODY, 0), (EVERYBODY, 1)):
            house, ada, bob, _ = await self.people()
            await self.choose(bob, "AddedByPhone", rules)
            await self.import_contact(ada, "15550100009", "Somebody")
            change = tl.account.sendChangePhoneCode(phone_number="15550100009", settings=tl.codeSettings())
            sent = await bob.call(change)
            (code,) = [code.code for code in await house.codes.pending() if code.purpose == "change_phone"]
            await bob.call(
                tl.account.changePhone(
                    phone_number="15550100009", phone_code_hash=sent.phone_code_hash, phone_code=code
                )
            )
            self.assertEqual(len((await ada.call(tl.contacts.getContacts(hash=0))).contacts), contacts)
            await house.database.close()
            self._place = None

    async def test_a_guessed_number_is_not_confirmed(self) -> None:
        """Who saves somebody under a guess does not learn whether it is right, unless they may find them by it."""
        house, ada, bob, _ = await self.people()
        await self.choose(bob, "PhoneNumber", NOBODY)
        for rules, phone in ((NOBODY, None), (EVERYBODY, BOB)):
            await self.choose(bob, "AddedByPhone", rules)
            user = self.input_user(house, "Bob")
            added = await ada.call(tl.contacts.addContact(id=user, first_name="Bob", last_name="", phone=BOB))
            self.assertEqual(added.users[0].phone, phone)
            await ada.call(tl.contacts.addContact(id=user, first_name="Bob", last_name="", phone=""))
            question = tl.contacts.resolvePhone(phone=BOB)
            if phone is None:
                self.assertEqual(await ada.error(question), "PHONE_NOT_OCCUPIED")
            else:
                self.assertEqual((await ada.call(question)).peer.user_id, self.ids["Bob"])

    async def test_a_deleted_account_is_nobodys_contact(self) -> None:
        """It leaves the lists, the statuses and the search of those who had it."""
        house, ada, bob, _ = await self.people()
        await self.import_contact(ada, BOB, "Bobby")
        await self.import_contact(bob, "15550100001", "Adele")
        self.assertEqual(len((await ada.call(tl.contacts.search(q="Bobby", limit=10))).my_results), 1)
        await bob.call(tl.account.deleteAccount(reason=""))
        self.assertEqual(await ada.call(tl.contacts.getStatuses()), [])
        self.assertEqual((await ada.call(tl.contacts.search(q="Bobby", limit=10))).my_results, [])
        self.assertEqual((await ada.call(tl.contacts.getContacts(hash=0))).contacts, [])
        self.assertEqual(await ada.call(tl.contacts.getContactIDs(hash=0)), [])
        book = await house.people.contacts.book(self.ids["Bob"])
        self.assertEqual((dict(book.contacts), book.added_by), ({}, frozenset()))


@on_every_backend
class ChatInviteTests(GroupTestCase):
    """Who is brought into groups."""

    async def test_missing_invitees(self) -> None:
        """Who does not want to is named as missing; the others come along, and nobody hears of the group."""
        house, anna, boris, clara, chat_id = await self.group()
        await house.privacy.set(clara.user.id, CHAT_INVITE, [Rule(RuleKind.ALLOW_CONTACTS)])
        answer = await self.add(anna, chat_id, clara)
        self.assertEqual([missing.user_id for missing in answer.missing_invitees], [clara.user.id])
        self.assertEqual(answer.updates.updates, [])
        create = tl.messages.createChat(users=[anna.input_user(boris), anna.input_user(clara)], title="x")
        answer = await anna.call(create)
        self.assertEqual([missing.user_id for missing in answer.missing_invitees], [clara.user.id])
        self.assertEqual(answer.updates.chats[0].participants_count, 2)
        alone = await anna.call(tl.messages.createChat(users=[anna.input_user(clara)], title="x"))
        self.assertEqual([missing.user_id for missing in alone.missing_invitees], [clara.user.id])
        self.assertEqual(alone.updates.chats[0].participants_count, 1)
        self.assertEqual(await clara.take(), [])
        await house.contacts.add(clara.user.id, anna.user, "Anna", "", "", 1)
        self.assertEqual((await self.add(anna, chat_id, clara)).missing_invitees, [])

    async def test_older_layers_get_an_error(self) -> None:
        """Before layer 177 nobody could be named as missing."""
        house, anna, _, clara = await self.house()
        old = await house.sign_up("Olga", layer=176)
        await house.privacy.set(clara.user.id, CHAT_INVITE, [Rule(RuleKind.DISALLOW_ALL)])
        answer = await old.call(tl.messages.createChat(users=[old.input_user(anna), old.input_user(clara)], title="x"))
        self.assertEqual(answer.chats[0].participants_count, 2)
        self.assertEqual(await error_of(self.add(old, answer.chats[0].id, clara)), "USER_PRIVACY_RESTRICTED")
        create = tl.messages.createChat(users=[old.input_user(clara)], title="x")
        self.assertEqual(await error_of(old.call(create)), "USER_PRIVACY_RESTRICTED")

    async def test_blocks_and_ends(self) -> None:
        """Nobody brings in whom they have blocked, who has blocked them, or who is gone; bots always come."""
        house, anna, _, clara, chat_id = await self.group()
        await house.contacts.block(clara.user.id, anna.user.id, 1)
        self.assertEqual(await error_of(self.add(anna, chat_id, clara)), "USER_IS_BLOCKED")
        await house.contacts.unblock(clara.user.id, anna.user.id, 1)
        await house.contacts.block(anna.user.id, clara.user.id, 1)
        self.assertEqual(await error_of(self.add(anna, chat_id, clara)), "YOU_BLOCKED_USER")
        gone = await house.sign_up("Gone")
        await house.users.delete(gone.user.id)
        self.assertEqual(await error_of(self.add(anna, chat_id, gone)), "INPUT_USER_DEACTIVATED")
        robot = await house.sign_up("Robot", is_bot=True)
        await house.privacy.set(robot.user.id, CHAT_INVITE, [Rule(RuleKind.DISALLOW_ALL)])
        await self.add(anna, chat_id, robot)


@on_every_backend
class ReadDateTests(TalkTestCase):
    """When a message was read is as private as when somebody was last seen."""

    async def read(self) -> tuple[House, Device, Device, Any]:
        house, anna, boris, _ = await self.house()
        await anna.send(anna.peer(boris), "hello")
        await boris.call(tl.messages.readHistory(peer=boris.peer(anna), max_id=0))
        return house, anna, boris, tl.messages.getOutboxReadDate(peer=anna.peer(boris), msg_id=1)

    async def test_hidden_by_either(self) -> None:
        """It is not told of who hides it, nor to who does."""
        house, anna, boris, ask = await self.read()
        self.assertEqual((await anna.call(ask)).date, house.shared.now())
        nobody = [Rule(RuleKind.DISALLOW_ALL)]
        await house.privacy.set(boris.user.id, STATUS_TIMESTAMP, nobody)
        self.assertEqual(await error_of(anna.call(ask)), "USER_PRIVACY_RESTRICTED")
        await house.privacy.set(boris.user.id, STATUS_TIMESTAMP, [Rule(RuleKind.ALLOW_ALL)])
        await house.privacy.set(anna.user.id, STATUS_TIMESTAMP, nobody)
        self.assertEqual(await error_of(anna.call(ask)), "YOUR_PRIVACY_RESTRICTED")
