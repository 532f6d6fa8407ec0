"""What devices hear when an address book changes."""

from typing import Any

from teamgram.mtproto.tl import decode, tl
from trial_tests.clients.asking import AskingTestCase
from trial_tests.peer.calls import PeerSession
from trial_tests.peer.session import Received

WITHIN = 3.0


class ContactTests(AskingTestCase):
    """Frames of two devices of one user, against the running server."""

    async def told(self, session: PeerSession, user_id: int, is_contact: bool) -> None:
        """Wait for updatePeerSettings of that user, who comes along as a contact or not."""
        found: list[Any] = []

        def accept(message: Received) -> bool:
            obj = decode(message.body) if message.constructor_id == UPDATES else None
            if obj is None or [one.NAME for one in obj.updates] != ["updatePeerSettings"]:
                return False
            found.append(obj)
            return True

        await session.wait_for(accept, WITHIN)
        [update] = found[-1].updates
        [user] = found[-1].users
        self.assertEqual((update.peer.user_id, update.settings.add_contact), (user_id, not is_contact))
        self.assertEqual((user.id, bool(user.contact)), (user_id, is_contact))
        session.received.clear()

    async def test_every_device_is_told(self) -> None:
        """Importing, adding and deleting: the others always, the one that imports as well; nothing is "reset"."""
        first, ada = await self.sign_up_peer("Ada")
        await first.call(tl.updates.getState())
        second = await self.another_device(ada.phone)
        _, bob = await self.sign_up_peer("Bob")
        for session in (first, second):
            session.received.clear()
        entry = tl.inputPhoneContact(client_id=1, phone="+" + bob.phone, first_name="Bob", last_name="")
        answer = await first.call(tl.contacts.importContacts(contacts=[entry]))
        for session in (first, second):
            await self.told(session, bob.id, True)
        [seen] = answer.users
        who = tl.inputUser(user_id=bob.id, access_hash=seen.access_hash)
        await first.call(tl.contacts.deleteContacts(id=[who]))
        await self.told(second, bob.id, False)
        await second.call(tl.contacts.addContact(id=who, first_name="Bob", last_name="", phone="+" + bob.phone))
        await self.told(first, bob.id, True)
        await first.call(tl.contacts.deleteByPhones(phones=[bob.phone]))
        for session in (first, second):
            await self.told(session, bob.id, False)

    async def test_who_signs_up(self) -> None:
        """Whose number was in a book becomes a contact there, and the book's owner hears of nobody else."""
        first, _ = await self.sign_up_peer("Ada")
        await first.call(tl.updates.getState())
        session, phone = await self.peer_session(), self.phone()
        entry = tl.inputPhoneContact(client_id=1, phone="+" + phone, first_name="Bob", last_name="")
        await first.call(tl.contacts.importContacts(contacts=[entry]))
        settings = tl.codeSettings()
        sent = await session.call(tl.auth.sendCode(phone_number=phone, api_id=1, api_hash="0" * 32, settings=settings))
        code = {"phone_number": phone, "phone_code_hash": sent.phone_code_hash}
        await session.call(tl.auth.signIn(phone_code="12345", **code))
        first.received.clear()
        answer = await session.call(tl.auth.signUp(first_name="Robert", last_name="", **code))
        await self.told(first, answer.user.id, True)


UPDATES = 0x74AE4240
