"""Channels and supergroups through the bff's door."""

from typing import Any

from teamgram.mtproto.tl import encode, tl
from trial_tests.backends import on_every_backend
from trial_tests.bff.talk_house import Device
from trial_tests.bff.test_messages import TalkTestCase, error_of


class ChannelTestCase(TalkTestCase):
    """Anna's supergroup; Boris and Clara are not in it."""

    async def founded(self, device: Device, title: str = "The group", **kind: Any) -> Any:
        """A new channel as its owner sees it: a supergroup unless told otherwise."""
        kind = kind or {"megagroup": True}
        answer = await device.call(tl.channels.createChannel(title=title, about="", **kind))
        return answer.chats[0]

    def address(self, channel: Any) -> Any:
        return tl.inputChannel(channel_id=channel.id, access_hash=channel.access_hash)

    def peer(self, channel: Any) -> Any:
        return tl.inputPeerChannel(channel_id=channel.id, access_hash=channel.access_hash)


@on_every_backend
class FoundingTests(ChannelTestCase):
    """channels.createChannel, getChannels and getFullChannel."""

    async def test_made_with_a_service_message(self) -> None:
        """The answer has exactly one updateMessageID and one updateNewChannelMessage, or TDLib gives it up."""
        _, anna, _, _ = await self.house()
        answer = await anna.call(tl.channels.createChannel(title=" The  group ", about="about it", megagroup=True))
        self.assertEqual(
            [update.NAME for update in answer.updates], ["updateMessageID", "updateChannel", "updateNewChannelMessage"]
        )
        (channel,) = answer.chats
        self.assertEqual((channel.title, channel.creator, channel.megagroup), ("The group", True, True))
        self.assertEqual((channel.broadcast, channel.left, channel.participants_count), (False, False, 1))
        new = answer.updates[2]
        self.assertEqual((new.pts, new.pts_count, new.message.id, new.message.out), (2, 1, 1, True))
        self.assertEqual(new.message.action, tl.messageActionChannelCreate(title="The group"))
        self.assertEqual(new.message.from_id, tl.peerUser(user_id=anna.user.id))

    async def test_who_posts_in_a_channel_is_not_said(self) -> None:
        """The first message of a channel is the channel's."""
        _, anna, _, _ = await self.house()
        answer = await anna.call(tl.channels.createChannel(title="News", about="", broadcast=True))
        (message,) = [update.message for update in answer.updates if update.NAME == "updateNewChannelMessage"]
        self.assertTrue(message.post)
        self.assertIsNone(message.from_id)

    async def test_looked_at(self) -> None:
        """Its owner gets it whole; who only has its address is told that it is private, and sees its title alone."""
        _, anna, boris, _ = await self.house()
        channel = await self.founded(anna)
        full = (await anna.call(tl.channels.getFullChannel(channel=self.address(channel)))).full_chat
        self.assertEqual((full.id, full.participants_count, full.pts, full.admins_count), (channel.id, 1, 2, 1))
        self.assertEqual(
            await error_of(boris.call(tl.channels.getFullChannel(channel=self.address(channel)))), "CHANNEL_PRIVATE"
        )
        (seen,) = (await boris.call(tl.channels.getChannels(id=[self.address(channel)]))).chats
        self.assertEqual(seen.NAME, "channelForbidden")
        wrong = tl.inputChannel(channel_id=channel.id, access_hash=channel.access_hash ^ 1)
        self.assertEqual(await error_of(anna.call(tl.channels.getFullChannel(channel=wrong))), "CHANNEL_INVALID")
        self.assertEqual(await error_of(anna.call(tl.channels.getChannels(id=[wrong]))), "CHANNEL_INVALID")

    async def test_a_peer_in_place_of_a_channel(self) -> None:
        """Some libraries write inputPeerChannel where the schema has InputChannel."""
        _, anna, _, _ = await self.house()
        channel = await self.founded(anna, broadcast=True)
        body = encode(tl.channels.getFullChannel(channel=self.address(channel)))
        body = body[:4] + encode(self.peer(channel))[:4] + body[8:]
        full = (await anna.call_encoded("channels.getFullChannel", body)).full_chat
        self.assertEqual(full.id, channel.id)

    async def test_listed(self) -> None:
        """It stands in the list of conversations with its first message and its pts, among the others by date."""
        house, anna, boris, _ = await self.house()
        channel = await self.founded(anna)
        house.clock.advance(1)
        await boris.send(boris.peer(anna), "hello")
        house.clock.advance(1)
        news = await self.founded(anna, "News", broadcast=True)
        dialogs = await anna.dialogs()
        self.assertEqual(
            [dialog.peer for dialog in dialogs.dialogs],
            [
                tl.peerChannel(channel_id=news.id),
                tl.peerUser(user_id=boris.user.id),
                tl.peerChannel(channel_id=channel.id),
            ],
        )
        self.assertEqual(
            [(d.top_message, d.unread_count, d.pts) for d in dialogs.dialogs], [(1, 0, 2), (1, 1, None), (1, 0, 2)]
        )
        self.assertEqual({chat.id for chat in dialogs.chats}, {channel.id, news.id})
        self.assertEqual(len(dialogs.messages), 3)
        last = dialogs.dialogs[0]
        page = await anna.dialogs(
            limit=1, offset_date=house.shared.now(), offset_id=last.top_message, offset_peer=self.peer(news)
        )
        self.assertEqual([dialog.peer for dialog in page.dialogs], [tl.peerUser(user_id=boris.user.id)])
