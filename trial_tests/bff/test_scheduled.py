"""Messages that wait for their time, or for somebody."""

import os
from typing import Any

from teamgram.domain.privacy.rules import Rule, RuleKind
from teamgram.domain.scheduled.scheduled import MAX_AHEAD
from teamgram.domain.scheduled.store import WHEN_ONLINE
from teamgram.mtproto.tl import tl
from trial_tests.backends import on_every_backend
from trial_tests.bff.talk_house import START, Device, House
from trial_tests.bff.test_channels import ChannelTestCase
from trial_tests.bff.test_chats import GroupTestCase
from trial_tests.bff.test_files import document, downloaded, location
from trial_tests.bff.test_forums import ForumTestCase
from trial_tests.bff.test_messages import error_of

SOON = START + 100


class ScheduledTestCase(GroupTestCase, ChannelTestCase):
    """Anna and Boris, with Anna's second device; what is due is sent."""

    async def talking(self) -> tuple[House, Device, Device, Device]:
        house, anna, boris, _ = await self.house()
        house.domain.scheduled.start()
        self.addCleanup(house.domain.scheduled.stop)
        return house, anna, boris, Device(house, anna.user)

    async def pass_by(self, house: House, seconds: float) -> None:
        """Time goes by, and what fell due is sent."""
        await house.domain.scheduled.settled()
        house.clock.advance(seconds)
        await house.domain.scheduled.settled()

    async def waiting(self, device: Device, peer: Any) -> list[Any]:
        """What waits there, the latest first."""
        found = await device.call(tl.messages.getScheduledHistory(peer=peer, hash=0))
        return list(found.messages)

    def edit(self, peer: Any, id: int, date: int, **fields: Any) -> Any:
        return tl.messages.editMessage(peer=peer, id=id, schedule_date=date, **fields)


@on_every_backend
class ScheduledTests(ScheduledTestCase):
    """messages.sendMessage with schedule_date, and RPCScheduledMessages."""

    async def test_at_its_time(self) -> None:
        """It is its sender's alone until then; then everybody has it, and every device hears what became of it."""
        house, anna, boris, phone = await self.talking()
        peer = anna.peer(boris)
        answer = await anna.send(peer, "later", schedule_date=SOON, random_id=5)
        [named, told] = answer.updates
        self.assertEqual((named.NAME, named.random_id, named.id), ("updateMessageID", 5, 1))
        self.assertEqual(told.NAME, "updateNewScheduledMessage")
        message = told.message
        self.assertEqual((message.id, message.message, message.date, message.out), (1, "later", SOON, True))
        self.assertTrue(message.from_scheduled)
        self.assertEqual([update.NAME for update in await phone.take()], ["updateNewScheduledMessage"])
        self.assertEqual((await anna.history(peer)).messages, [])
        self.assertEqual(await self.waiting(phone, peer), [message])
        self.assertEqual(await self.waiting(boris, boris.peer(anna)), [])
        self.assertEqual((await anna.dialogs()).dialogs, [])
        await self.pass_by(house, 99)
        self.assertEqual(await boris.take(), [])
        await self.pass_by(house, 1)
        [new] = await boris.take()
        self.assertEqual((new.NAME, new.message.message, new.message.date), ("updateNewMessage", "later", SOON))
        for device in (anna, phone):
            [new, gone] = await device.take()
            self.assertEqual((new.message.message, new.message.from_scheduled), ("later", True))
            self.assertEqual((gone.NAME, gone.messages, gone.sent_messages), (GONE, [1], [new.message.id]))
        self.assertEqual(await self.waiting(anna, peer), [])
        # Asked again it is told what became of it.
        again = await anna.send(peer, "later", schedule_date=SOON + 100, random_id=5)
        self.assertEqual([update.NAME for update in again.updates], ["updateMessageID", "updateNewMessage"])
        await self.pass_by(house, 200)
        self.assertEqual(len((await anna.history(peer)).messages), 1)

    async def test_asked_twice_waits_once(self) -> None:
        """The answer is the same."""
        _, anna, boris, _ = await self.talking()
        first, second = [await anna.send(anna.peer(boris), "later", schedule_date=SOON, random_id=7) for _ in range(2)]
        self.assertEqual(first.updates, second.updates)
        self.assertEqual(len(await self.waiting(anna, anna.peer(boris))), 1)

    async def test_changed_and_sent_now_and_deleted(self) -> None:
        """Its words and its time; the others hear of each."""
        house, anna, boris, phone = await self.talking()
        peer = anna.peer(boris)
        for number, text in enumerate(("one", "two", "three")):
            await anna.send(peer, text, schedule_date=SOON + number)
        await phone.take()
        edited = await anna.call(self.edit(peer, 2, SOON + 50, message="TWO"))
        self.assertEqual(edited.updates[0].NAME, "updateNewScheduledMessage")
        [told] = await phone.take()
        self.assertEqual((told.message.id, told.message.message, told.message.date), (2, "TWO", SOON + 50))
        self.assertEqual([one.id for one in await self.waiting(anna, peer)], [2, 3, 1])
        self.assertEqual(await error_of(anna.call(self.edit(peer, 2, SOON + 50))), "MESSAGE_NOT_MODIFIED")
        self.assertEqual(await error_of(anna.call(self.edit(peer, 9, SOON))), "MESSAGE_ID_INVALID")
        sent = await anna.call(tl.messages.sendScheduledMessages(peer=peer, id=[1, 3]))
        self.assertEqual([u.NAME for u in sent.updates], ["updateNewMessage", "updateNewMessage", GONE])
        self.assertEqual(sent.updates[2].sent_messages, [1, 2])
        self.assertEqual([u.message.message for u in await boris.take()], ["one", "three"])
        self.assertEqual([u.NAME for u in await phone.take()][-2:], ["updateNewMessage", GONE])
        asked = tl.messages.sendScheduledMessages(peer=peer, id=[1])
        self.assertEqual(await error_of(anna.call(asked)), "MESSAGE_ID_INVALID")
        found = await anna.call(tl.messages.getScheduledMessages(peer=peer, id=[1, 2]))
        self.assertEqual([one.id for one in found.messages], [2])
        await anna.call(tl.messages.deleteScheduledMessages(peer=peer, id=[2]))
        [gone] = await phone.take()
        self.assertEqual((gone.NAME, gone.messages, gone.sent_messages), (GONE, [2], None))
        await self.pass_by(house, 300)
        self.assertEqual(await boris.take(), [])

    async def test_the_list_is_told_once(self) -> None:
        """A client that has it is told so."""
        _, anna, boris, _ = await self.talking()
        peer = anna.peer(boris)
        await anna.send(peer, "x", schedule_date=SOON)
        known = 0
        for number in (1, 0, SOON):
            known = ((known ^ known >> 21) ^ ((known ^ known >> 21) << 35 & 2**64 - 1)) & 2**64 - 1
            known = (known ^ known >> 4) + number & 2**64 - 1
        signed = known - 2**64 if known >> 63 else known
        answer = await anna.call(tl.messages.getScheduledHistory(peer=peer, hash=signed))
        self.assertEqual(answer, tl.messages.messagesNotModified(count=1))

    async def test_rights_are_asked_again(self) -> None:
        """What cannot be sent any more is dropped, and keeps nothing else."""
        house, anna, boris, phone = await self.talking()
        made = await anna.call(tl.messages.createChat(users=[anna.input_user(boris)], title="Group"))
        group = tl.inputPeerChat(chat_id=made.updates.chats[0].id)
        await boris.send(group, "in the group", schedule_date=SOON)
        await boris.send(boris.peer(anna), "to her", schedule_date=SOON)
        full = await boris.call(tl.messages.getFullChat(chat_id=group.chat_id))
        self.assertTrue(full.full_chat.has_scheduled)
        await self.remove(anna, group.chat_id, boris)
        await boris.take(), await phone.take()
        await self.pass_by(house, 100)
        told = await boris.take()
        self.assertEqual(sorted(u.NAME for u in told), [GONE, GONE, "updateNewMessage"])
        self.assertEqual([u.sent_messages is None for u in told if u.NAME == GONE], [True, False])
        self.assertEqual([u.message.message for u in await phone.take()], ["to her"])

    async def test_refused(self) -> None:
        """By the names that clients know."""
        house, anna, boris, _ = await self.talking()
        peer = anna.peer(boris)
        late = anna.send(peer, "x", schedule_date=START + MAX_AHEAD + 1)
        self.assertEqual(await error_of(late), "SCHEDULE_DATE_TOO_LATE")
        bot = await house.sign_up("Bot", is_bot=True)
        self.assertEqual(await error_of(bot.send(bot.peer(anna), "x", schedule_date=SOON)), "SCHEDULE_BOT_NOT_ALLOWED")
        again = anna.send(peer, "x", schedule_date=SOON, schedule_repeat_period=86_400)
        self.assertEqual(await error_of(again), "PREMIUM_ACCOUNT_REQUIRED")
        for number in range(100):
            await anna.send(peer, str(number), schedule_date=SOON)
        self.assertEqual(await error_of(anna.send(peer, "x", schedule_date=SOON)), "SCHEDULE_TOO_MUCH")
        # What is due now does not wait.
        await anna.send(peer, "now", schedule_date=START + 5)
        self.assertEqual((await anna.history(peer)).messages[0].message, "now")
        await self.pass_by(house, 100)
        self.assertEqual((await anna.history(peer)).count, 101)

    async def test_when_online(self) -> None:
        """As soon as the other one is; only where both see when the other one is."""
        house, anna, boris, _ = await self.talking()
        boris.go_offline()
        house.clock.advance(1000)
        await anna.send(anna.peer(boris), "hello!", schedule_date=WHEN_ONLINE)
        await self.pass_by(house, 5000)
        self.assertEqual(len(await self.waiting(anna, anna.peer(boris))), 1)
        self.assertEqual(await error_of(anna.send(tl.inputPeerSelf(), "x", schedule_date=WHEN_ONLINE)), INVALID)
        phone = Device(house, boris.user)
        house.domain.presence.device_says(boris.user.id, phone.caller.perm_auth_key_id, False)
        await self.pass_by(house, 0)
        self.assertEqual(await self.waiting(anna, anna.peer(boris)), [])
        self.assertEqual([u.message.message for u in await phone.take() if u.NAME == "updateNewMessage"], ["hello!"])
        # Who is here already is not waited for.
        await anna.send(anna.peer(boris), "still there?", schedule_date=WHEN_ONLINE)
        await self.pass_by(house, 0)
        self.assertEqual(await self.waiting(anna, anna.peer(boris)), [])
        hidden = [Rule(RuleKind.DISALLOW_ALL)]
        await house.privacy.set(boris.user.id, "StatusTimestamp", hidden)
        private = anna.send(anna.peer(boris), "x", schedule_date=WHEN_ONLINE)
        self.assertEqual(await error_of(private), "SCHEDULE_STATUS_PRIVATE")
        await house.domain.presence.settled()

    async def test_media_albums_and_forwards(self) -> None:
        """Files are its sender's to read while it waits, and an album is sent as one."""
        house, anna, boris, _ = await self.talking()
        peer = anna.peer(boris)
        body = os.urandom(300)
        media = await document(anna, body, 1)
        answer = await anna.call(
            tl.messages.sendMedia(peer=peer, media=media, message="file", random_id=1, schedule_date=SOON)
        )
        waiting = answer.updates[1].message
        self.assertEqual(await downloaded(anna, location(waiting.media)), body)
        self.assertEqual(await error_of(downloaded(boris, location(waiting.media))), "FILE_REFERENCE_EXPIRED")
        singles = [
            tl.inputSingleMedia(media=await document(anna, body, number), random_id=number, message="")
            for number in (2, 3)
        ]
        await anna.call(tl.messages.sendMultiMedia(peer=peer, multi_media=singles, schedule_date=SOON + 1))
        note = await anna.send(tl.inputPeerSelf(), "a note")
        forward = tl.messages.forwardMessages(
            from_peer=tl.inputPeerSelf(),
            id=[note.updates[1].message.id],
            to_peer=peer,
            random_id=[4],
            schedule_date=SOON + 2,
        )
        await anna.call(forward)
        await anna.call(tl.messages.deleteMessages(id=[note.updates[1].message.id]))
        await self.pass_by(house, 200)
        found = (await boris.history(boris.peer(anna))).messages
        self.assertEqual([one.message for one in found], ["a note", "", "", "file"])
        self.assertEqual(found[0].fwd_from.from_id, tl.peerUser(user_id=anna.user.id))
        self.assertTrue(found[1].grouped_id)
        self.assertEqual(found[1].grouped_id, found[2].grouped_id)
        self.assertEqual(await downloaded(boris, location(found[3].media)), body)

    async def test_answers(self) -> None:
        """What it answers is shown while it waits, and on both sides when it is sent."""
        house, anna, boris, _ = await self.talking()
        await boris.send(boris.peer(anna), "question")
        asked = (await anna.history(anna.peer(boris))).messages[0].id
        reply = tl.inputReplyToMessage(reply_to_msg_id=asked, quote_text="quest")
        await anna.send(anna.peer(boris), "answer", reply_to=reply, schedule_date=SOON)
        [waiting] = await self.waiting(anna, anna.peer(boris))
        self.assertEqual((waiting.reply_to.reply_to_msg_id, waiting.reply_to.quote_text), (asked, "quest"))
        await self.pass_by(house, 100)
        [sent, question] = (await boris.history(boris.peer(anna))).messages
        self.assertEqual((sent.reply_to.reply_to_msg_id, sent.reply_to.quote_text), (question.id, "quest"))

    async def test_in_channels(self) -> None:
        """A post waits as the channel's, is sent at its time or at once, and says where it is."""
        house, anna, boris, phone = await self.talking()
        channel = await self.founded(anna, "News", broadcast=True)
        peer = self.peer(channel)
        await phone.take()
        answer = await anna.send(peer, "later", schedule_date=SOON, random_id=5)
        self.assertEqual([u.NAME for u in answer.updates], ["updateMessageID", "updateNewScheduledMessage"])
        waiting = answer.updates[1].message
        self.assertEqual(
            (waiting.post, waiting.from_id, waiting.peer_id), (True, None, tl.peerChannel(channel_id=channel.id))
        )
        self.assertEqual([chat.id for chat in answer.chats], [channel.id])
        full = (await anna.call(tl.channels.getFullChannel(channel=self.address(channel)))).full_chat
        self.assertTrue(full.has_scheduled)
        await self.pass_by(house, 100)
        told = [u for u in await phone.take() if u.NAME in ("updateNewChannelMessage", GONE)]
        self.assertEqual([u.NAME for u in told], ["updateNewChannelMessage", GONE])
        new, gone = told
        self.assertEqual((new.message.message, new.message.from_scheduled), ("later", True))
        self.assertEqual((gone.peer, gone.sent_messages), (tl.peerChannel(channel_id=channel.id), [new.message.id]))
        await anna.send(peer, "now", schedule_date=SOON + 100)
        sent = await anna.call(tl.messages.sendScheduledMessages(peer=peer, id=[2]))
        self.assertEqual([u.NAME for u in sent.updates], ["updateNewChannelMessage", GONE])
        again = await anna.send(peer, "later", schedule_date=SOON + 100, random_id=5)
        self.assertEqual([u.NAME for u in again.updates], ["updateMessageID", "updateNewChannelMessage"])
        private = boris.send(peer, "x", schedule_date=SOON + 100)
        self.assertEqual(await error_of(private), "CHANNEL_PRIVATE")

    async def test_in_slow_mode(self) -> None:
        """What is due while its writer has to wait is put off to their turn, and nothing is lost."""
        house, anna, boris, _ = await self.talking()
        channel = await self.founded(anna)
        peer, address = self.peer(channel), self.address(channel)
        await anna.call(tl.channels.updateUsername(channel=address, username="the_slow_one"))
        await boris.call(tl.channels.joinChannel(channel=address))
        await anna.call(tl.channels.toggleSlowMode(channel=address, seconds=60))
        for text in ("first", "second"):
            await boris.send(peer, text, schedule_date=SOON)
        await boris.take()
        await self.pass_by(house, 100)
        [left] = await self.waiting(boris, peer)
        self.assertEqual((left.message, left.date), ("second", house.shared.now() + 60))
        names = [update.NAME for update in await boris.take()]
        self.assertEqual(names.count("updateNewScheduledMessage"), 1)
        self.assertEqual((await anna.history(peer)).messages[0].message, "first")
        await self.pass_by(house, 60)
        self.assertEqual(await self.waiting(boris, peer), [])
        self.assertEqual((await anna.history(peer)).messages[0].message, "second")


@on_every_backend
class InTopicsTests(ForumTestCase):
    """Topics of forums."""

    async def test_in_a_topic(self) -> None:
        """It waits in its topic and is sent there; one that is closed meanwhile drops it."""
        anna, boris, _, _, peer = await self.forum()
        house = self.house_here
        house.domain.scheduled.start()
        self.addCleanup(house.domain.scheduled.stop)
        topic = await self.topic(anna, peer, "News")
        date = house.shared.now() + 100
        there = tl.inputReplyToMessage(reply_to_msg_id=topic, top_msg_id=topic)
        answer = await boris.send(peer, "later", reply_to=there, schedule_date=date)
        waiting = answer.updates[1].message
        self.assertEqual((waiting.reply_to.forum_topic, waiting.reply_to.reply_to_msg_id), (True, topic))
        await boris.send(peer, "too late", reply_to=there, schedule_date=date + 100)
        await house.domain.scheduled.settled()
        house.clock.advance(100)
        await house.domain.scheduled.settled()
        self.assertEqual(await self.replies(anna, peer, topic), ["later"])
        await anna.call(tl.messages.editForumTopic(peer=peer, topic_id=topic, closed=True))
        house.clock.advance(100)
        await house.domain.scheduled.settled()
        self.assertEqual(await self.replies(anna, peer, topic), ["later"])
        self.assertEqual((await boris.call(tl.messages.getScheduledHistory(peer=peer, hash=0))).messages, [])
        closed = boris.send(peer, "x", reply_to=there, schedule_date=house.shared.now() + 100)
        self.assertEqual(await error_of(closed), "TOPIC_CLOSED")


GONE = "updateDeleteScheduledMessages"
INVALID = "SCHEDULE_DATE_INVALID"
