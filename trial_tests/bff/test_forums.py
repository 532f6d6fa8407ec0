"""Topics of forums, and threads of answers in supergroups."""

from typing import Any

from teamgram.domain.forums import topics
from teamgram.mtproto.tl import tl
from trial_tests.backends import on_every_backend
from trial_tests.bff.talk_house import Device
from trial_tests.bff.test_channel_administration import ChannelTestCase
from trial_tests.bff.test_messages import error_of


class ForumTestCase(ChannelTestCase):
    """A forum of Anna's, in which Boris is a member."""

    async def forum(self) -> tuple[Device, Device, Device, Any, Any]:
        house, anna, boris, clara, channel = await self.supergroup(forum=True)
        self.house_here = house
        await self.bring(anna, channel, boris)
        peer = tl.inputPeerChannel(channel_id=channel.channel_id, access_hash=channel.access_hash)
        await boris.take()
        return anna, boris, clara, channel, peer

    async def topic(self, by: Device, peer: Any, title: str, random_id: int = 0) -> int:
        self.random = getattr(self, "random", 5_000) + 1
        answer = await by.call(tl.messages.createForumTopic(peer=peer, title=title, random_id=random_id or self.random))
        (update,) = [update for update in answer.updates if update.NAME == "updateNewChannelMessage"]
        return int(update.message.id)

    async def topics(self, by: Device, peer: Any, **page: Any) -> Any:
        fields = {"offset_date": 0, "offset_id": 0, "offset_topic": 0, "limit": 100, **page}
        return await by.call(tl.messages.getForumTopics(peer=peer, **fields))

    async def say(self, by: Device, peer: Any, topic: int, text: str, answers: int = 0) -> Any:
        reply_to = tl.inputReplyToMessage(reply_to_msg_id=answers or topic, top_msg_id=topic)
        answer = await by.send(peer, text, reply_to=reply_to)
        return next(update.message for update in answer.updates if update.NAME == "updateNewChannelMessage")

    async def replies(self, by: Device, peer: Any, thread: int) -> list[str]:
        found = await by.call(
            tl.messages.getReplies(
                peer=peer, msg_id=thread, offset_id=0, offset_date=0, add_offset=0, limit=50, max_id=0, min_id=0, hash=0
            )
        )
        return [message.message for message in found.messages if message.NAME == "message"]


@on_every_backend
class TopicTests(ForumTestCase):
    """RPCForums."""

    async def test_begun_written_in_and_read(self) -> None:
        """A topic has what answers it, and its own unread messages; General has the rest."""
        anna, boris, _, _, peer = await self.forum()
        news = await self.topic(anna, peer, " Big  news ")
        chat = await self.topic(anna, peer, "Chat")
        first = await self.say(anna, peer, news, "one")
        self.assertEqual(
            (first.reply_to.forum_topic, first.reply_to.reply_to_msg_id, first.reply_to.reply_to_top_id),
            (True, news, None),
        )
        second = await self.say(boris, peer, news, "two", answers=first.id)
        self.assertEqual(
            (second.reply_to.forum_topic, second.reply_to.reply_to_msg_id, second.reply_to.reply_to_top_id),
            (True, first.id, news),
        )
        await self.say(anna, peer, chat, "elsewhere")
        await anna.send(peer, "in general")
        self.assertEqual(await self.replies(boris, peer, news), ["two", "one"])
        self.assertEqual(await self.replies(boris, peer, chat), ["elsewhere"])
        self.assertEqual(await self.replies(boris, peer, 1), ["in general"])
        page = await self.topics(boris, peer)
        self.assertEqual(
            [(topic.title, topic.id, topic.unread_count, topic.my) for topic in page.topics],
            [("General", 1, 1, False), ("Chat", chat, 2, False), ("Big news", news, 2, False)],
        )
        self.assertEqual(sorted(message.id for message in page.messages), sorted(t.top_message for t in page.topics))
        await boris.take()
        await boris.call(tl.messages.readDiscussion(peer=peer, msg_id=news, read_max_id=second.id))
        (topic,) = (await boris.call(tl.messages.getForumTopicsByID(peer=peer, topics=[news]))).topics
        self.assertEqual((topic.unread_count, topic.read_inbox_max_id), (0, second.id))
        nothing = tl.messages.readDiscussion(peer=peer, msg_id=99_999, read_max_id=second.id)
        self.assertEqual(await error_of(boris.call(nothing)), "MESSAGE_ID_INVALID")

    async def test_so_many(self) -> None:
        """A forum has room for so many topics."""
        self.patch(topics, "MAX_TOPICS", 3)
        _, anna, _, _, channel = await self.supergroup()
        await anna.call(tl.channels.toggleForum(channel=channel, enabled=True, tabs=False))
        create = tl.messages.createForumTopic
        peer = tl.inputPeerChannel(channel_id=channel.channel_id, access_hash=channel.access_hash)
        for number in range(2):
            await anna.call(create(peer=peer, title=f"Topic {number}", random_id=number + 1))
        refused = anna.call(create(peer=peer, title="One more", random_id=3))
        self.assertEqual(await error_of(refused), "TOPICS_TOO_MUCH")

    async def test_once_for_a_random_id(self) -> None:
        """Begun twice, it is there once."""
        anna, boris, _, _, peer = await self.forum()
        self.assertEqual(
            await self.topic(anna, peer, "Once", random_id=77), await self.topic(anna, peer, "Once", random_id=77)
        )
        self.assertEqual((await self.topics(boris, peer)).count, 2)

    async def test_changed(self) -> None:
        """Renamed, closed, pinned and put into order by who may; everybody is told."""
        anna, boris, _, _, peer = await self.forum()
        mine = await self.topic(boris, peer, "Mine")
        other = await self.topic(anna, peer, "Other")
        await boris.take()
        await anna.take()
        edit = tl.messages.editForumTopic(peer=peer, topic_id=mine, title="Ours")
        answer = await boris.call(edit)
        (update,) = [update for update in answer.updates if update.NAME == "updateNewChannelMessage"]
        self.assertEqual(update.message.action, tl.messageActionTopicEdit(title="Ours"))
        self.assertEqual(await error_of(boris.call(edit)), "CHAT_NOT_MODIFIED")
        edit.topic_id = other
        self.assertEqual(await error_of(boris.call(edit)), "CHAT_ADMIN_REQUIRED")
        edit.topic_id = 999
        self.assertEqual(await error_of(anna.call(edit)), "TOPIC_ID_INVALID")
        await anna.call(tl.messages.editForumTopic(peer=peer, topic_id=other, closed=True))
        self.assertEqual(await error_of(self.say(boris, peer, other, "no")), "TOPIC_CLOSED")
        await self.say(anna, peer, other, "yes")
        await anna.call(tl.messages.editForumTopic(peer=peer, topic_id=1, hidden=True))
        self.assertEqual(await error_of(boris.send(peer, "no")), "TOPIC_CLOSED")
        await boris.take()
        await anna.call(tl.messages.updatePinnedForumTopic(peer=peer, topic_id=mine, pinned=True))
        self.assertEqual([update.NAME for update in await boris.take()], ["updatePinnedForumTopic"])
        self.assertEqual((await self.topics(boris, peer)).topics[0].id, mine)
        order = tl.messages.reorderPinnedForumTopics(peer=peer, order=[other, mine])
        self.assertEqual(await error_of(boris.call(order)), "CHAT_ADMIN_REQUIRED")
        await anna.call(order)
        self.assertEqual([topic.id for topic in (await self.topics(boris, peer)).topics[:2]], [other, mine])

    async def test_deleted(self) -> None:
        """With all that was written in it."""
        anna, boris, _, _, peer = await self.forum()
        gone, kept = await self.topic(anna, peer, "Gone"), await self.topic(anna, peer, "Kept")
        await self.say(boris, peer, gone, "gone")
        await self.say(boris, peer, kept, "kept")
        delete = tl.messages.deleteTopicHistory(peer=peer, top_msg_id=gone)
        self.assertEqual(await error_of(boris.call(delete)), "CHAT_ADMIN_REQUIRED")
        answer = await anna.call(delete)
        self.assertEqual((answer.pts_count, answer.offset), (2, 0))
        self.assertEqual([topic.id for topic in (await self.topics(boris, peer)).topics], [kept, 1])
        (deleted,) = (await boris.call(tl.messages.getForumTopicsByID(peer=peer, topics=[gone]))).topics
        self.assertEqual(deleted.NAME, "forumTopicDeleted")
        self.assertEqual(
            [one.message for one in (await boris.history(peer)).messages if one.NAME == "message"], ["kept"]
        )
        self.assertEqual(await error_of(self.say(boris, peer, gone, "late")), "TOPIC_DELETED")

    async def test_old_layers(self) -> None:
        """Clients of before layer 216 have the methods and updates of channels."""
        anna, _, _, channel, peer = await self.forum()
        old = await self.house_here.sign_up("Olga", layer=180)
        await self.bring(anna, channel, old)
        answer = await old.call(tl.channels.createForumTopic(channel=channel, title="Old", random_id=4))
        topic = next(update.message.id for update in answer.updates if update.NAME == "updateNewChannelMessage")
        await old.take()
        await anna.call(tl.messages.updatePinnedForumTopic(peer=peer, topic_id=topic, pinned=True))
        (update,) = await old.take()
        self.assertEqual((update.NAME, update.topic_id), ("updateChannelPinnedTopic", topic))
        page = await old.call(
            tl.channels.getForumTopics(channel=channel, offset_date=0, offset_id=0, offset_topic=0, limit=10)
        )
        self.assertEqual([one.id for one in page.topics], [topic, 1])

    async def test_who_may(self) -> None:
        """Whoever is not in it sees nothing; whom nobody lets begins none; what is no forum has none."""
        anna, boris, clara, channel, peer = await self.forum()
        self.assertEqual(await error_of(self.topics(clara, peer)), "CHANNEL_PRIVATE")
        bans = tl.chatBannedRights(until_date=0, manage_topics=True)
        await anna.call(tl.messages.editChatDefaultBannedRights(peer=peer, banned_rights=bans))
        self.assertEqual(await error_of(self.topic(boris, peer, "No")), "CHAT_ADMIN_REQUIRED")
        self.assertEqual(await error_of(self.topic(anna, peer, " ")), "TOPIC_TITLE_EMPTY")
        await anna.call(tl.channels.toggleForum(channel=channel, enabled=False, tabs=False))
        self.assertEqual(await error_of(self.topics(boris, peer)), "CHANNEL_FORUM_MISSING")
        self.assertEqual(
            await error_of(boris.call(tl.channels.toggleForum(channel=channel, enabled=True, tabs=False))),
            "CHAT_ADMIN_REQUIRED",
        )


@on_every_backend
class ThreadTests(ForumTestCase):
    """RPCMessageThreads in a supergroup without topics."""

    async def test_answers(self) -> None:
        """A message has the answers to it and to them; how many it has stands in it."""
        _, anna, boris, _, channel = await self.supergroup()
        await self.bring(anna, channel, boris)
        peer = tl.inputPeerChannel(channel_id=channel.channel_id, access_hash=channel.access_hash)
        answer = await anna.send(peer, "the question")
        asked = next(update.message for update in answer.updates if update.NAME == "updateNewChannelMessage")
        first = await self.say(boris, peer, 0, "an answer", answers=asked.id)
        self.assertEqual((first.reply_to.reply_to_msg_id, first.reply_to.reply_to_top_id), (asked.id, None))
        second = await self.say(anna, peer, 0, "an answer to it", answers=first.id)
        self.assertEqual((second.reply_to.reply_to_msg_id, second.reply_to.reply_to_top_id), (first.id, asked.id))
        await boris.send(peer, "something else")
        self.assertEqual(await self.replies(boris, peer, asked.id), ["an answer to it", "an answer"])
        found = await boris.call(tl.messages.getDiscussionMessage(peer=peer, msg_id=second.id))
        self.assertEqual(
            (found.messages[0].id, found.messages[0].replies.replies, found.max_id), (asked.id, 2, second.id)
        )
        await anna.call(tl.channels.deleteMessages(channel=channel, id=[second.id]))
        self.assertEqual(await self.replies(boris, peer, asked.id), ["an answer"])
        found = await boris.call(tl.messages.getDiscussionMessage(peer=peer, msg_id=asked.id))
        self.assertEqual(found.messages[0].replies.replies, 1)
