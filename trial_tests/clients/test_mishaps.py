"""What goes wrong in a messenger's life: wrong codes, wrong peers, things done twice, devices out of step."""

from typing import Any

from twisted.internet.defer import Deferred, DeferredList, gatherResults

from teamgram.mtproto.tl import tl
from trial_tests.backends import on_every_backend
from trial_tests.clients.asking import AskingTestCase
from trial_tests.clients.house import FIXED_CODE, HouseTestCase
from trial_tests.clients.process import ClientError
from trial_tests.clients.test_chat import SECONDS_TO_SEE
from trial_tests.peer.calls import CallFailed, PeerSession

PAGE = {"offset_id": 0, "offset_date": 0, "add_offset": 0, "limit": 100, "max_id": 0, "min_id": 0, "hash": 0}
ASTRAL = "\N{GRINNING FACE}"  # two UTF-16 units


@on_every_backend
class MishapTests(AskingTestCase):
    """Seen from our own client, where one can ask wrongly."""

    async def refused(self, session: PeerSession, query: Any) -> str:
        try:
            answer = await session.call(query)
        except CallFailed as error:
            return f"{error.code} {error.message}"
        return answer if isinstance(answer, str) else f"answered {getattr(answer, 'NAME', answer)}"

    async def acquainted(self) -> tuple[PeerSession, Any, PeerSession, Any]:
        """Two sessions, and the other's peer as each may use it."""
        (a, ada), (b, bob) = await self.sign_up_peer("Ada"), await self.sign_up_peer("Bob")
        peers = []
        for session, other in ((a, bob), (b, ada)):
            contact = tl.inputPhoneContact(client_id=1, phone=other.phone, first_name=other.first_name, last_name="")
            [user] = (await session.call(tl.contacts.importContacts(contacts=[contact]))).users
            peers.append(tl.inputPeerUser(user_id=user.id, access_hash=user.access_hash))
        return a, peers[0], b, peers[1]

    async def test_signing_in_wrongly(self) -> None:
        """Wrong numbers, codes and hashes have their own errors; a new number is asked to sign up."""
        session, phone = await self.peer_session(), self.phone()
        settings = {"api_id": 1, "api_hash": "0" * 32, "settings": tl.codeSettings()}
        for wrong in ("", "abc", "12", "1" * 40):
            answer = await self.refused(session, tl.auth.sendCode(phone_number=wrong, **settings))
            self.assertIn(answer, ("400 PHONE_NUMBER_INVALID",), wrong)
        sent = await session.call(tl.auth.sendCode(phone_number=phone, **settings))
        who = {"phone_number": phone, "phone_code_hash": sent.phone_code_hash}
        for code, error in (
            ("54321", "PHONE_CODE_INVALID"),
            ("", "PHONE_CODE_EMPTY"),
            ("x" * 500, "PHONE_CODE_INVALID"),
        ):
            self.assertEqual(await self.refused(session, tl.auth.signIn(phone_code=code, **who)), f"400 {error}")
        other_hash = {**who, "phone_code_hash": "0" * 18}
        answer = await self.refused(session, tl.auth.signIn(phone_code=FIXED_CODE, **other_hash))
        self.assertIn(answer, ("400 PHONE_CODE_EXPIRED", "400 PHONE_CODE_INVALID", "400 PHONE_CODE_HASH_INVALID"))
        early = await self.refused(session, tl.auth.signUp(first_name="Ada", last_name="", **who))
        self.assertRegex(early, r"^400 PHONE_")
        answer = await session.call(tl.auth.signIn(phone_code=FIXED_CODE, **who))
        self.assertEqual(answer.NAME, "auth.authorizationSignUpRequired")
        self.assertEqual(
            await self.refused(session, tl.auth.signUp(first_name="", last_name="", **who)), "400 FIRSTNAME_INVALID"
        )
        self.assertEqual(
            await self.refused(session, tl.users.getUsers(id=[tl.inputUserSelf()])), "401 AUTH_KEY_UNREGISTERED"
        )
        await session.call(tl.auth.signUp(first_name="Ada", last_name="", **who))

    async def test_one_number_twice_at_once(self) -> None:
        """Two clients sign the same number up at the same moment: there is one account."""
        sessions, phone = [await self.peer_session() for _ in range(4)], self.phone()
        settings = tl.codeSettings()
        send = tl.auth.sendCode(phone_number=phone, api_id=1, api_hash="0" * 32, settings=settings)

        async def sign_up(session: PeerSession) -> int:
            sent = await session.call(send)
            who = {"phone_number": phone, "phone_code_hash": sent.phone_code_hash}
            answer = await session.call(tl.auth.signIn(phone_code=FIXED_CODE, **who))
            if answer.NAME == "auth.authorizationSignUpRequired":
                answer = await session.call(tl.auth.signUp(first_name="Twin", last_name="", **who))
            return int(answer.user.id)

        tries = [Deferred.fromCoroutine(sign_up(one)) for one in sessions]
        results: list[tuple[bool, Any]] = await DeferredList(tries, consumeErrors=True)
        ids = {result for succeeded, result in results if succeeded}
        failures = [str(result.value) for succeeded, result in results if not succeeded]
        self.assertEqual(len(ids), 1, failures)
        for failure in failures:
            self.assertRegex(failure, r"^4\d\d PHONE_")

    async def test_signed_out_key(self) -> None:
        """A key goes on without its user after logging out, and takes another one."""
        session, ada = await self.sign_up_peer("Ada")
        await session.call(tl.auth.logOut())
        self.assertEqual(await self.refused(session, tl.updates.getState()), "401 AUTH_KEY_UNREGISTERED")
        sent = await session.call(
            tl.auth.sendCode(phone_number=ada.phone, api_id=1, api_hash="0" * 32, settings=tl.codeSettings())
        )
        again = await session.call(
            tl.auth.signIn(phone_number=ada.phone, phone_code_hash=sent.phone_code_hash, phone_code=FIXED_CODE)
        )
        self.assertEqual(again.user.id, ada.id)
        self.assertGreater((await session.call(tl.updates.getState())).pts, 0)

    async def test_wrong_peers(self) -> None:
        """Unknown people, wrong access hashes and other people's groups are PEER_ID_INVALID."""
        a, to_bob, _, _ = await self.acquainted()
        nobody = tl.inputPeerUser(user_id=1 << 40, access_hash=1)
        wrong_hash = tl.inputPeerUser(user_id=to_bob.user_id, access_hash=to_bob.access_hash ^ 1)
        group = tl.inputPeerChat(chat_id=1 << 30)
        for peer in (nobody, wrong_hash, group, tl.inputPeerEmpty()):
            answer = await self.refused(a, tl.messages.sendMessage(peer=peer, message="hello", random_id=5))
            self.assertEqual(answer, "400 PEER_ID_INVALID", peer.NAME)
            answer = await self.refused(a, tl.messages.getHistory(peer=peer, **PAGE))
            self.assertEqual(answer, "400 PEER_ID_INVALID", peer.NAME)
        self.assertRegex(
            await self.refused(a, tl.messages.sendMessage(peer=_channel(), message="hello", random_id=6)),
            "^400 CHANNEL_(INVALID|PRIVATE)$",
        )

    async def test_odd_messages(self) -> None:
        """Empty, too long, the longest, entities over emoji, the same random_id twice, edits without change."""
        a, to_bob, b, to_ada = await self.acquainted()

        def message(text: str, random_id: int, **more: Any) -> Any:
            return tl.messages.sendMessage(peer=to_bob, message=text, random_id=random_id, **more)

        self.assertEqual(await self.refused(a, message("", 1)), "400 MESSAGE_EMPTY")
        self.assertEqual(await self.refused(a, message(" \n ", 2)), "400 MESSAGE_EMPTY")
        self.assertEqual(await self.refused(a, message("x" * 4097, 3)), "400 MESSAGE_TOO_LONG")
        longest = ASTRAL * 2048
        await a.call(message(longest, 4))
        bold = tl.messageEntityBold(offset=2, length=5)
        first = await a.call(message(f"{ASTRAL}hello", 5, entities=[bold]))
        second = await a.call(message(f"{ASTRAL}hello", 5, entities=[bold]))
        self.assertEqual(_sent_id(first), _sent_id(second), "one random_id, one message")
        history = (await b.call(tl.messages.getHistory(peer=to_ada, **PAGE))).messages
        self.assertEqual([m.message for m in history], [f"{ASTRAL}hello", longest])
        [entity] = history[0].entities
        self.assertEqual((entity.NAME, entity.offset, entity.length), ("messageEntityBold", 2, 5))
        edit = tl.messages.editMessage(peer=to_bob, id=_sent_id(first), message=f"{ASTRAL}hello", entities=[bold])
        self.assertEqual(await self.refused(a, edit), "400 MESSAGE_NOT_MODIFIED")
        edit = tl.messages.editMessage(peer=to_ada, id=history[0].id, message="not mine")
        self.assertEqual(await self.refused(b, edit), "403 MESSAGE_AUTHOR_REQUIRED")
        edit = tl.messages.editMessage(peer=to_bob, id=1 << 20, message="nothing there")
        self.assertEqual(await self.refused(a, edit), "400 MESSAGE_ID_INVALID")

    async def test_deleting_twice(self) -> None:
        """The second time nothing happens and no pts is spent."""
        a, to_bob, _, _ = await self.acquainted()
        sent = await a.call(tl.messages.sendMessage(peer=to_bob, message="away", random_id=7))
        first = await a.call(tl.messages.deleteMessages(revoke=True, id=[_sent_id(sent)]))
        again = await a.call(tl.messages.deleteMessages(revoke=True, id=[_sent_id(sent), 1 << 20]))
        self.assertEqual((first.pts_count, again.pts_count), (1, 0))
        self.assertEqual(first.pts, again.pts)
        self.assertEqual((await a.call(tl.updates.getState())).pts, first.pts)

    async def test_to_oneself(self) -> None:
        """Saved Messages: one copy of each, readable, forwarded, edited and deleted."""
        session, ada = await self.sign_up_peer("Ada")
        me = tl.inputPeerSelf()
        sent = await session.call(tl.messages.sendMessage(peer=me, message="note", random_id=8))
        copied = await session.call(
            tl.messages.forwardMessages(from_peer=me, to_peer=me, id=[_sent_id(sent)], random_id=[9])
        )
        self.assertTrue(any(update.NAME == "updateNewMessage" for update in copied.updates))
        history = (await session.call(tl.messages.getHistory(peer=me, **PAGE))).messages
        self.assertEqual([m.message for m in history], ["note", "note"])
        self.assertEqual({m.peer_id.user_id for m in history}, {ada.id})
        state = await session.call(tl.updates.getState())
        self.assertEqual(state.unread_count, 0)
        await session.call(tl.messages.deleteMessages(id=[m.id for m in history]))
        self.assertEqual((await session.call(tl.messages.getHistory(peer=me, **PAGE))).messages, [])

    async def test_blocked(self) -> None:
        """Who is blocked may write, and is not heard; who blocks cannot write either."""
        a, to_bob, b, to_ada = await self.acquainted()
        await b.call(tl.contacts.block(id=to_ada))
        await a.call(tl.messages.sendMessage(peer=to_bob, message="do you hear me?", random_id=10))
        self.assertEqual((await b.call(tl.messages.getHistory(peer=to_ada, **PAGE))).messages, [])
        self.assertEqual(
            await self.refused(b, tl.messages.sendMessage(peer=to_ada, message="no", random_id=11)),
            "400 YOU_BLOCKED_USER",
        )
        await b.call(tl.contacts.unblock(id=to_ada))
        await a.call(tl.messages.sendMessage(peer=to_bob, message="now?", random_id=12))
        [heard] = (await b.call(tl.messages.getHistory(peer=to_ada, **PAGE))).messages
        self.assertEqual(heard.message, "now?")


@on_every_backend
class ClockTests(HouseTestCase):
    """A clock that is set anew while a library is connected."""

    async def test_telethon_goes_on(self) -> None:
        """After jumps forwards, with updates on their way to it, it sends and is answered."""
        ada = await self.sign_up("telethon", "Ada")
        bob = await self.sign_up("telethon", "Bob")
        await self.acquaint(ada, bob)
        to_ada, to_bob = ["user", ada.user["id"]], ["user", bob.user["id"]]
        for number, seconds in enumerate((3600, 900, 900, 900)):
            await ada.do("jump_clock", seconds=seconds)
            # With updates on their way to it, so that there is something that a refusal could be packed with.
            noise = [bob.do("send", peer=to_ada, text=f"noise {n}") for n in range(20)]
            await ada.do("send", peer=to_bob, text=f"after {number}", timeout=20)
            await gatherResults(noise)
            await bob.event("new_message", 10, text=f"after {number}")


class DevicesTests(AskingTestCase):
    """Two devices of one person, and what others see of it."""

    async def test_in_step(self) -> None:
        """What is read, edited, deleted and pinned on one device is so on the other; names and status are told."""
        phone_device = await self.sign_up("telethon", "Ada")
        bob = await self.sign_up("telethon", "Bob")
        # Bob has not Ada among his contacts: he would see her by the name that he gave her.
        await phone_device.do("import_contact", phone=bob.phone, first_name="Bob")
        await phone_device.do("send", peer=["user", bob.user["id"]], text="hello")
        await bob.event("new_message", SECONDS_TO_SEE, text="hello")
        tablet = await self.connect("telethon", "Ada's tablet")
        await tablet.do("sign_in", phone=phone_device.phone, code=FIXED_CODE)
        await tablet.do("dialogs")
        to_ada, to_bob = ["user", phone_device.user["id"]], ["user", bob.user["id"]]

        await bob.do("send", peer=to_ada, text="question")
        question = await tablet.event("new_message", SECONDS_TO_SEE, text="question")
        await phone_device.event("new_message", SECONDS_TO_SEE, text="question")
        await tablet.do("read", peer=to_bob, max_id=question["id"])
        await phone_device.event("read", SECONDS_TO_SEE, outbox=False, max_id=question["id"])
        sent = await phone_device.do("send", peer=to_bob, text="answer")
        await tablet.event("new_message", SECONDS_TO_SEE, text="answer", out=True)
        await phone_device.do("edit", peer=to_bob, id=sent["id"], text="better answer")
        await tablet.event("edited", SECONDS_TO_SEE, text="better answer", id=sent["id"])
        await tablet.do("pin", peer=to_bob, id=sent["id"])
        self.assertEqual((await phone_device.event("pinned", SECONDS_TO_SEE))["ids"], [sent["id"]])
        await tablet.do("delete", peer=to_bob, ids=[sent["id"]])
        self.assertEqual((await phone_device.event("deleted", SECONDS_TO_SEE))["ids"], [sent["id"]])

        await phone_device.do("set_name", first_name="Countess")
        await bob.event("user_name", SECONDS_TO_SEE, user=phone_device.user["id"], first_name="Countess")
        for device in (phone_device, tablet):
            await device.do("disconnect")
        await bob.event("status", 20, user=phone_device.user["id"], online=False)
        states = await gatherResults([bob.do("state"), bob.do("me")])
        self.assertGreater(states[0]["pts"], 0)
        with self.assertRaises(ClientError):
            await bob.do("edit", peer=to_ada, id=1 << 20, text="nothing there")


def _channel() -> Any:
    return tl.inputPeerChannel(channel_id=5, access_hash=5)


def _sent_id(answer: Any) -> int:
    if answer.NAME == "updateShortSentMessage":
        return int(answer.id)
    return next(int(update.id) for update in answer.updates if update.NAME == "updateMessageID")
