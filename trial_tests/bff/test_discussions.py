"""Comments: what answers a channel's posts in its discussion group."""

from typing import Any

from teamgram.mtproto.tl import tl
from trial_tests.backends import on_every_backend
from trial_tests.bff.talk_house import Device
from trial_tests.bff.test_forums import ForumTestCase
from trial_tests.bff.test_messages import error_of


@on_every_backend
class DiscussionTests(ForumTestCase):
    """A channel of Anna's with Boris as its subscriber; its private discussion group, in which he is not."""

    async def discussed(self) -> tuple[Device, Device, Device, Any, Any, Any]:
        _, anna, boris, clara, group = await self.supergroup()
        chat = (await anna.call(tl.channels.createChannel(title="News", about="", broadcast=True))).chats[0]
        news = tl.inputChannel(channel_id=chat.id, access_hash=chat.access_hash)
        await anna.call(tl.channels.setDiscussionGroup(broadcast=news, group=group))
        await self.bring(anna, news, boris)
        await boris.take()
        return anna, boris, clara, news, self.peer_of(news), self.peer_of(group)

    def peer_of(self, channel: Any) -> Any:
        return tl.inputPeerChannel(channel_id=channel.channel_id, access_hash=channel.access_hash)

    async def post(self, by: Device, peer: Any, text: str) -> Any:
        answer = await by.send(peer, text)
        return next(update.message for update in answer.updates if update.NAME == "updateNewChannelMessage")

    async def copy(self, by: Device, peer: Any, post: int) -> Any:
        return await by.call(tl.messages.getDiscussionMessage(peer=peer, msg_id=post))

    async def views(self, by: Device, peer: Any, post: int) -> Any:
        (views,) = (await by.call(tl.messages.getMessagesViews(peer=peer, id=[post], increment=False))).views
        return views.replies

    async def test_commented(self) -> None:
        """A post has a copy in the group; subscribers see it and comment without being in it; how many stands below."""
        anna, boris, clara, _, news, group = await self.discussed()
        post = await self.post(anna, news, "It rains")
        self.assertEqual(
            (post.replies.comments, post.replies.replies, post.replies.channel_id), (True, 0, group.channel_id)
        )
        found = await self.copy(boris, news, post.id)
        (copied,) = found.messages
        self.assertEqual((copied.peer_id.channel_id, copied.message), (group.channel_id, "It rains"))
        self.assertEqual((copied.from_id.channel_id, copied.fwd_from.channel_post), (news.channel_id, post.id))
        # Web A opens no comments whose root says nothing of answers, and waits for ever.
        self.assertEqual((copied.replies.replies, copied.replies.comments), (0, False))
        self.assertIn(group.channel_id, [chat.id for chat in found.chats])
        comment = await self.say(boris, group, 0, "Indeed", answers=copied.id)
        self.assertEqual(comment.reply_to.reply_to_msg_id, copied.id)
        self.assertEqual(await self.replies(boris, news, post.id), ["Indeed"])
        self.assertEqual((await self.views(boris, news, post.id)).replies, 1)
        (again,) = (await boris.history(news)).messages[:1]
        self.assertEqual((again.replies.replies, again.replies.max_id), (1, comment.id))
        for peer in (news, group):
            self.assertEqual(await error_of(self.copy(clara, peer, copied.id)), "CHANNEL_PRIVATE")
        # Who posted is not spoken to by those who comment.
        mentions = [one for one in (await anna.history(group)).messages if getattr(one, "mentioned", False)]
        self.assertEqual(mentions, [])

    async def test_who_may(self) -> None:
        """Not without joining where that is asked for, and not who was put out."""
        anna, boris, _, _, news, group = await self.discussed()
        post = await self.post(anna, news, "It rains")
        (copied,) = (await self.copy(boris, news, post.id)).messages
        channel = tl.inputChannel(channel_id=group.channel_id, access_hash=group.access_hash)
        await anna.call(tl.channels.toggleJoinToSend(channel=channel, enabled=True))
        self.assertEqual(await error_of(self.say(boris, group, 0, "no", answers=copied.id)), "CHAT_WRITE_FORBIDDEN")
        await boris.call(tl.channels.joinChannel(channel=channel))
        await self.say(boris, group, 0, "yes", answers=copied.id)
        await self.ban(anna, channel, boris, tl.chatBannedRights(until_date=0, view_messages=True))
        self.assertEqual(await error_of(self.copy(boris, news, post.id)), "CHANNEL_PRIVATE")

    async def test_copies_are_pinned(self) -> None:
        """Each copy is pinned in the group, without a note; the one of a post that is gone is not."""
        anna, _, _, _, news, group = await self.discussed()
        posts = [await self.post(anna, news, text) for text in ("one", "two")]
        pinned = tl.inputMessagesFilterPinned()
        fields = dict.fromkeys(("min_date", "max_date", "offset_id", "add_offset", "max_id", "min_id", "hash"), 0)
        query = tl.messages.search(peer=group, q="", filter=pinned, limit=10, **fields)
        found = await anna.call(query)
        self.assertEqual([(one.message, one.pinned) for one in found.messages], [("two", True), ("one", True)])
        notes = [one for one in (await anna.history(group)).messages if one.NAME == "messageService"]
        self.assertNotIn("messageActionPinMessage", [note.action.NAME for note in notes])
        full = await anna.call(tl.channels.getFullChannel(channel=self.address_of(group)))
        self.assertEqual(full.full_chat.pinned_msg_id, found.messages[0].id)
        await anna.call(tl.channels.deleteMessages(channel=self.address_of(news), id=[posts[1].id]))
        self.assertEqual([one.message for one in (await anna.call(query)).messages], ["one"])

    def address_of(self, peer: Any) -> Any:
        return tl.inputChannel(channel_id=peer.channel_id, access_hash=peer.access_hash)

    async def test_follows_its_post(self) -> None:
        """What is changed and taken away in the channel is so in the group."""
        anna, boris, _, channel, news, group = await self.discussed()
        post = await self.post(anna, news, "It rains")
        await boris.take()
        await anna.call(tl.messages.editMessage(peer=news, id=post.id, message="It pours"))
        (edited,) = [update for update in await boris.take() if update.NAME == "updateEditChannelMessage"]
        self.assertTrue(edited.message.replies.comments)
        (copied,) = (await self.copy(boris, news, post.id)).messages
        self.assertEqual(copied.message, "It pours")
        await anna.call(tl.channels.deleteMessages(channel=channel, id=[post.id]))
        self.assertEqual(await error_of(self.copy(boris, news, post.id)), "MESSAGE_ID_INVALID")
        left = [one.message for one in (await anna.history(group)).messages if one.NAME == "message"]
        self.assertEqual(left, [])

    async def test_once(self) -> None:
        """A post that is sent again has one copy."""
        anna, _, _, _, news, group = await self.discussed()
        for _ in range(2):
            await anna.send(news, "It rains", random_id=7)
        copies = [one for one in (await anna.history(group)).messages if one.NAME == "message"]
        self.assertEqual(len(copies), 1)
