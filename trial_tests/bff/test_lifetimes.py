"""Messages that delete themselves."""

import os
from typing import Any

from teamgram.domain.messages.auto_delete import AutoDelete
from teamgram.mtproto.tl import tl
from trial_tests.backends import on_every_backend
from trial_tests.bff.talk_house import Device, House
from trial_tests.bff.test_channels import ChannelTestCase
from trial_tests.bff.test_chats import GroupTestCase
from trial_tests.bff.test_files import document
from trial_tests.bff.test_messages import error_of

DAY = 86_400


class LifetimeTestCase(GroupTestCase, ChannelTestCase):
    """What is over is deleted."""

    async def talking(self) -> tuple[House, Device, Device]:
        house, anna, boris, _ = await self.house()
        await anna.send(anna.peer(boris), "from before")
        self.deleting(house)
        await boris.take()
        return house, anna, boris

    def deleting(self, house: House) -> None:
        house.domain.auto_delete.start()
        self.addCleanup(house.domain.auto_delete.stop)

    async def pass_by(self, house: House, seconds: float) -> None:
        """Time goes by, and what is over is deleted."""
        await house.domain.auto_delete.settled()
        house.clock.advance(seconds)
        await house.domain.auto_delete.settled()

    def set(self, peer: Any, seconds: int) -> Any:
        return tl.messages.setHistoryTTL(peer=peer, period=seconds)


@on_every_backend
class LifetimeTests(LifetimeTestCase):
    """messages.setHistoryTTL."""

    async def test_in_a_private_chat(self) -> None:
        """Both are told, what is written from then on says when it ends, and ends for both."""
        house, anna, boris = await self.talking()
        phone = Device(house, anna.user)
        answer = await anna.call(self.set(anna.peer(boris), DAY))
        self.assertEqual([u.NAME for u in answer.updates], ["updateNewMessage", "updatePeerHistoryTTL"])
        action = tl.messageActionSetMessagesTTL(period=DAY)
        self.assertEqual(answer.updates[0].message.action, action)
        for device, other in ((boris, anna), (phone, boris)):
            [new, ttl] = sorted(await device.take(), key=lambda update: str(update.NAME))
            self.assertEqual(new.message.action, action)
            self.assertEqual((ttl.peer.user_id, ttl.ttl_period), (other.user.id, DAY))
        [dialog] = (await boris.dialogs()).dialogs
        self.assertEqual(dialog.ttl_period, DAY)
        await anna.send(anna.peer(boris), "for a day")
        house.clock.advance(10)
        await boris.send(boris.peer(anna), "me, too")
        new = [u.message for u in await boris.take() if u.NAME == "updateNewMessage"]
        self.assertEqual([one.ttl_period for one in new], [DAY])
        await anna.take(), await phone.take()
        await self.pass_by(house, DAY - 11)
        self.assertEqual(await boris.take(), [])
        await self.pass_by(house, 1)
        for device in (anna, boris, phone):
            self.assertEqual([(u.NAME, len(u.messages)) for u in await device.take()], [("updateDeleteMessages", 1)])
        self.assertEqual((await boris.history(boris.peer(anna))).messages[0].message, "me, too")
        self.assertEqual((await boris.dialogs()).dialogs[0].unread_count, 2)
        await self.pass_by(house, 10)
        left = [one.message for one in (await anna.history(anna.peer(boris))).messages if one.NAME == "message"]
        self.assertEqual(left, ["from before"])

    async def test_after_a_restart(self) -> None:
        """What came to its end while nobody looked goes at the start; when it was switched off nothing new ends."""
        house, anna, boris = await self.talking()
        peer = anna.peer(boris)
        await anna.call(self.set(peer, DAY))
        await anna.call(
            tl.messages.sendMedia(peer=peer, media=await document(anna, os.urandom(9), 1), message="", random_id=1)
        )
        await anna.call(self.set(peer, 0))
        self.assertEqual(await error_of(anna.call(self.set(peer, 0))), "CHAT_NOT_MODIFIED")
        await anna.send(peer, "stays")
        await house.domain.auto_delete.stop()
        house.clock.advance(2 * DAY)
        again = AutoDelete(house.database, house.fanout, house.clock)
        again.start()
        await again.settled()
        self.addCleanup(again.stop)
        left = [one.message for one in (await boris.history(boris.peer(anna))).messages if one.NAME == "message"]
        self.assertEqual(left, ["stays", "from before"])
        uses, ends = await house.database.read("left", _left_txn)
        self.assertEqual((uses, ends), (0, 0))

    async def test_in_a_group(self) -> None:
        """Administrators choose; every member hears and sees it in the group's profile."""
        house, anna, boris, _, chat_id = await self.group()
        self.deleting(house)
        group = tl.inputPeerChat(chat_id=chat_id)
        self.assertEqual(await error_of(boris.call(self.set(group, DAY))), "CHAT_ADMIN_REQUIRED")
        await anna.call(self.set(group, 7 * DAY))
        self.assertEqual({u.NAME for u in await boris.take()}, {"updateNewMessage", "updatePeerHistoryTTL"})
        full = (await boris.call(tl.messages.getFullChat(chat_id=chat_id))).full_chat
        self.assertEqual(full.ttl_period, 7 * DAY)
        self.assertEqual((await boris.dialogs()).dialogs[0].ttl_period, 7 * DAY)
        await boris.send(group, "a week")
        await anna.take()
        await self.pass_by(house, 7 * DAY)
        self.assertEqual([u.NAME for u in await anna.take()], ["updateDeleteMessages"])
        users = [anna.input_user(boris)]
        made = await anna.call(tl.messages.createChat(users=users, title="New", ttl_period=DAY))
        new = made.updates.chats[0].id
        self.assertEqual((await boris.call(tl.messages.getFullChat(chat_id=new))).full_chat.ttl_period, DAY)

    async def test_in_a_channel(self) -> None:
        """It is a note in the channel, and in its profile."""
        house, anna, boris, _ = await self.house()
        channel = await self.founded(anna)
        answer = await anna.call(self.set(self.peer(channel), DAY))
        self.assertEqual([u.NAME for u in answer.updates], ["updateNewChannelMessage", "updatePeerHistoryTTL"])
        full = (await anna.call(tl.channels.getFullChannel(channel=self.address(channel)))).full_chat
        self.assertEqual(full.ttl_period, DAY)
        self.assertEqual(await error_of(boris.call(self.set(self.peer(channel), 0))), "CHANNEL_PRIVATE")
        self.deleting(house)
        await anna.send(self.peer(channel), "for a day")
        self.assertEqual((await anna.history(self.peer(channel))).messages[0].ttl_period, DAY)
        phone = Device(house, anna.user)
        await self.pass_by(house, DAY)
        [gone] = await phone.take()
        self.assertEqual((gone.NAME, gone.channel_id), ("updateDeleteChannelMessages", channel.id))
        self.assertEqual((await anna.history(self.peer(channel))).messages[0].NAME, "messageService")

    async def test_refused(self) -> None:
        """Days, and at most a year; not with oneself nor with the service."""
        _, anna, boris = await self.talking()
        for seconds in (-DAY, 60, DAY + 1, 366 * DAY):
            self.assertEqual(await error_of(anna.call(self.set(anna.peer(boris), seconds))), "TTL_PERIOD_INVALID")
            default = tl.messages.setDefaultHistoryTTL(period=seconds)
            self.assertEqual(await error_of(anna.call(default)), "TTL_PERIOD_INVALID")
        self.assertEqual(await error_of(anna.call(self.set(tl.inputPeerSelf(), DAY))), "PEER_ID_INVALID")

    async def test_by_default(self) -> None:
        """Where one writes first it holds what one wants, and a note says by whom; elsewhere nothing changes."""
        house, anna, boris = await self.talking()
        stranger = await house.sign_up("Stranger")
        await stranger.call(tl.messages.setDefaultHistoryTTL(period=DAY))
        self.assertEqual((await stranger.call(tl.messages.getDefaultHistoryTTL())).period, DAY)
        await stranger.send(stranger.peer(anna), "hello")
        [note, hello] = [u.message for u in await anna.take() if u.NAME == "updateNewMessage"]
        self.assertEqual(note.action, tl.messageActionSetMessagesTTL(period=DAY, auto_setting_from=stranger.user.id))
        self.assertEqual(hello.ttl_period, DAY)
        await anna.send(anna.peer(stranger), "hi")
        self.assertEqual((await stranger.history(stranger.peer(anna))).messages[0].ttl_period, DAY)
        # Whoever is written to keeps what they want for themselves.
        await anna.call(tl.messages.setDefaultHistoryTTL(period=7 * DAY))
        await anna.send(anna.peer(boris), "known")
        self.assertIsNone((await boris.history(boris.peer(anna))).messages[0].ttl_period)
        await stranger.send(tl.inputPeerSelf(), "note")
        self.assertIsNone((await stranger.history(tl.inputPeerSelf())).messages[0].ttl_period)


def _left_txn(txn: Any) -> tuple[int, int]:
    counts = []
    for table in ("file_uses", "message_ends"):
        txn.execute(f"SELECT COUNT(*) FROM {table}")
        counts.append(txn.fetchone()[0])
    return counts[0], counts[1]
