"""Private chats through the bff's door: sending, reading, editing, deleting, forwarding, pinning, searching."""

from typing import Any

from twisted.internet.defer import Deferred, gatherResults

from teamgram.interfaces.rpc import RpcError
from teamgram.mtproto.tl import tl
from trial_tests.backends import BackendTestCase, on_every_backend
from trial_tests.bff.talk_house import Device, House


async def error_of(awaitable: Any) -> str:
    """The error_message that a call is refused with."""
    try:
        await awaitable
    except RpcError as error:
        return error.message
    raise AssertionError("the call was not refused")


class TalkTestCase(BackendTestCase):
    """Three users, one device each."""

    async def house(self) -> tuple[House, Device, Device, Device]:
        house = House(self)
        return (
            house,
            await house.sign_up("Anna", username="anna_a"),
            await house.sign_up("Boris", username="boris_b"),
            await house.sign_up("Clara", username="clara_c"),
        )


@on_every_backend
class SendMessageTests(TalkTestCase):
    """messages.sendMessage and what both sides see of it."""

    async def test_many_at_once_keep_their_order(self) -> None:
        """What one session sends without waiting is stored as it was sent, whatever must be read for each first."""
        _, anna, boris, clara = await self.house()
        # An answer has to be looked up, a mention resolved, a plain text nothing at all.
        [first] = (await self.sent(boris, boris.peer(anna), ["to be answered"])).values()
        answered = tl.inputReplyToMessage(reply_to_msg_id=1)
        mention = [tl.inputMessageEntityMentionName(offset=0, length=1, user_id=anna.input_user(clara))]
        asked = []
        for number in range(20):
            fields = ({}, {"reply_to": answered}, {"entities": mention})[number % 3]
            asked.append(Deferred.fromCoroutine(anna.send(anna.peer(boris), f"{number:02}", **fields)))
        await gatherResults(asked)
        for device, other in ((anna, boris), (boris, anna)):
            found = (await device.history(device.peer(other))).messages
            self.assertEqual([one.message for one in reversed(found)], [first, *(f"{n:02}" for n in range(20))])

    async def sent(self, device: Device, peer: Any, texts: list[str]) -> dict[int, str]:
        """Send one after the other; by id."""
        return {(await device.send(peer, text)).id: text for text in texts}

    async def test_both_sides_see_it(self) -> None:
        """The receiver is told at once, and both histories have it under each one's own id."""
        _, anna, boris, _ = await self.house()
        await boris.send(boris.peer(boris), "so that ids differ")
        await boris.take()
        sent = await anna.send(anna.peer(boris), "hello")
        self.assertEqual((sent.NAME, sent.out, sent.pts, sent.pts_count), ("updateShortSentMessage", True, 2, 1))
        (update,) = await boris.take()
        self.assertEqual((update.NAME, update.pts, update.pts_count), ("updateNewMessage", 3, 1))
        self.assertEqual(update.message.message, "hello")
        self.assertEqual((update.message.id, sent.id), (2, 1))
        self.assertEqual(update.message.from_id, tl.peerUser(user_id=anna.user.id))
        self.assertFalse(update.message.out)
        self.assertEqual([m.message for m in (await anna.history(anna.peer(boris))).messages], ["hello"])
        (mine,) = (await anna.history(anna.peer(boris))).messages
        self.assertTrue(mine.out)
        self.assertEqual(await anna.take(), [])

    async def test_other_devices_of_the_sender_are_told(self) -> None:
        """The sender's second device gets the message with ``out``; the sending one has it in its answer."""
        house, anna, boris, _ = await self.house()
        second = Device(house, anna.user)
        await anna.send(anna.peer(boris), "hello")
        (update,) = await second.take()
        self.assertTrue(update.message.out)
        self.assertEqual(await anna.take(), [])

    async def test_a_repeated_send_gets_the_first_result(self) -> None:
        """The same random_id makes no second message, also after a restart."""
        house, anna, boris, _ = await self.house()
        first = await anna.send(anna.peer(boris), "once", random_id=77)
        self.assertEqual(await anna.send(anna.peer(boris), "once", random_id=77), first)
        await house.live.settled()
        await house.database.close()
        again = House(self)
        device = Device(again, anna.user)
        self.assertEqual(await device.send(anna.peer(boris), "once", random_id=77), first)
        self.assertEqual(len((await device.history(anna.peer(boris))).messages), 1)

    async def test_two_at_once_with_one_random_id_are_one(self) -> None:
        """Racing sends of one random_id write one message and get one result."""
        _, anna, boris, _ = await self.house()
        both = [Deferred.fromCoroutine(anna.send(anna.peer(boris), "once", random_id=5)) for _ in range(5)]
        results = await gatherResults(both)
        self.assertEqual(len({result.id for result in results}), 1)
        self.assertEqual(len((await boris.history(boris.peer(anna))).messages), 1)
        self.assertEqual((await boris.call(tl.updates.getState())).pts, 2)

    async def test_a_reply_shows_each_side_its_own_id(self) -> None:
        """reply_to_msg_id is the owner's id of the answered message."""
        _, anna, boris, _ = await self.house()
        await boris.send(boris.peer(boris), "so that ids differ")
        await anna.send(anna.peer(boris), "question")
        (question,) = (await boris.history(boris.peer(anna))).messages
        await boris.send(boris.peer(anna), "answer", reply_to=tl.inputReplyToMessage(reply_to_msg_id=question.id))
        newest = (await boris.history(boris.peer(anna))).messages[0]
        self.assertEqual(newest.reply_to.reply_to_msg_id, 2)
        newest = (await anna.history(anna.peer(boris))).messages[0]
        self.assertEqual(newest.reply_to.reply_to_msg_id, 1)

    async def test_a_reply_in_another_chat_quotes(self) -> None:
        """Who is answered elsewhere is named with a quote, and without an id that would mean nothing there."""
        _, anna, boris, clara = await self.house()
        await anna.send(anna.peer(boris), "between us")
        await anna.send(anna.peer(boris), "secret", noforwards=True)
        answered = tl.inputReplyToMessage(reply_to_msg_id=1, reply_to_peer_id=boris.peer(anna))
        await boris.send(boris.peer(clara), "she says", reply_to=answered)
        (update,) = await clara.take()
        header = update.message.reply_to
        self.assertEqual((header.reply_to_msg_id, header.quote_text), (None, "between us"))
        self.assertEqual(header.reply_from.from_id, tl.peerUser(user_id=anna.user.id))
        answered.reply_to_msg_id = 2
        refused = boris.send(boris.peer(clara), "she says", reply_to=answered)
        self.assertEqual(await error_of(refused), "CHAT_FORWARDS_RESTRICTED")
        here = tl.inputReplyToMessage(reply_to_msg_id=1, reply_to_peer_id=boris.peer(anna), quote_text="us")
        await boris.send(boris.peer(anna), "yes", reply_to=here)
        header = (await anna.take())[-1].message.reply_to
        self.assertEqual((header.reply_to_msg_id, header.quote, header.quote_text), (1, True, "us"))

    async def test_entities_are_checked_and_found(self) -> None:
        """Styles stay, links are found, white space around goes with offsets moved."""
        _, anna, boris, _ = await self.house()
        text = "  😀 bold https://example.org."
        await anna.send(anna.peer(boris), text, entities=[tl.messageEntityBold(offset=5, length=4)])
        (message,) = (await boris.history(boris.peer(anna))).messages
        self.assertEqual(message.message, text.strip())
        self.assertEqual(
            message.entities, [tl.messageEntityBold(offset=3, length=4), tl.messageEntityUrl(offset=8, length=19)]
        )

    async def test_what_is_refused(self) -> None:
        """Each wrong message has its name."""
        _, anna, boris, _ = await self.house()
        peer = anna.peer(boris)
        self.assertEqual(await error_of(anna.send(peer, " \n ")), "MESSAGE_EMPTY")
        self.assertEqual(await error_of(anna.send(peer, "x" * 4097)), "MESSAGE_TOO_LONG")
        outside = [tl.messageEntityBold(offset=3, length=4)]
        self.assertEqual(await error_of(anna.send(peer, "short", entities=outside)), "ENTITY_BOUNDS_INVALID")
        wrong = tl.inputPeerUser(user_id=boris.user.id, access_hash=boris.user.access_hash + 1)
        self.assertEqual(await error_of(anna.send(wrong, "x")), "PEER_ID_INVALID")
        self.assertEqual(await error_of(anna.send(tl.inputPeerChat(chat_id=9), "x")), "PEER_ID_INVALID")

    async def test_a_blocked_sender_is_not_heard(self) -> None:
        """Whoever was blocked sees their own message only; whoever blocked is told to unblock first."""
        house, anna, boris, _ = await self.house()
        await house.contacts.block(boris.user.id, anna.user.id, 1)
        await anna.send(anna.peer(boris), "hello?")
        self.assertEqual(await boris.take(), [])
        self.assertEqual((await boris.history(boris.peer(anna))).messages, [])
        self.assertEqual(len((await anna.history(anna.peer(boris))).messages), 1)
        self.assertEqual(await error_of(boris.send(boris.peer(anna), "x")), "YOU_BLOCKED_USER")

    async def test_saved_messages(self) -> None:
        """A message to oneself lies there once, is not unread, and is the sender's without having gone out."""
        house, anna, _, _ = await self.house()
        second = Device(house, anna.user)
        answer = await anna.send(tl.inputPeerSelf(), "note")
        self.assertEqual([update.NAME for update in answer.updates], ["updateMessageID", "updateNewMessage"])
        (message,) = (await anna.history(tl.inputPeerSelf())).messages
        self.assertEqual((message.out, message.from_id), (False, tl.peerUser(user_id=anna.user.id)))
        self.assertEqual(message.saved_peer_id, tl.peerUser(user_id=anna.user.id))
        self.assertEqual([update.message.message for update in await second.take()], ["note"])
        self.assertEqual((await anna.dialogs()).dialogs[0].unread_count, 0)

    async def test_old_and_new_layers_talk(self) -> None:
        """Each device gets objects of its own layer."""
        house, anna, _, _ = await self.house()
        old = await house.sign_up("Olga", layer=158)
        await anna.send(anna.peer(old), "hello")
        (update,) = await old.take()
        self.assertEqual(update.message.message, "hello")
        sent = await old.send(old.peer(anna), "hi", reply_to=None)
        self.assertEqual(sent.NAME, "updateShortSentMessage")
        self.assertEqual((await anna.take())[-1].message.message, "hi")
