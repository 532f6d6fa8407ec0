"""A channel's message that is told again keeps what lies around it, and what is deleted takes that along."""

from typing import Any

from teamgram.mtproto.tl import tl
from trial_tests.backends import on_every_backend
from trial_tests.bff.talk_house import Device, House
from trial_tests.bff.test_channels import JoinedTestCase
from trial_tests.bff.test_forums import ForumTestCase
from trial_tests.bff.test_messages import error_of

LIKE, LOVE = "👍", "❤"
PAGE = {"offset_id": 0, "add_offset": 0, "limit": 10, "max_id": 0, "min_id": 0}


@on_every_backend
class ToldAgainTests(JoinedTestCase):
    """Edits and reactions, as they are pushed to those who are here."""

    async def here(self) -> tuple[House, Device, Device, Any, Any]:
        house, anna, boris, _, channel = await self.joined()
        self.addCleanup(house.domain.reactions.stop)
        return house, anna, boris, channel, self.peer(channel)

    async def said(self, by: Device, peer: Any, text: str, **fields: Any) -> int:
        answer = await by.send(peer, text, **fields)
        return next(int(update.id) for update in answer.updates if update.NAME == "updateMessageID")

    def react(self, device: Device, peer: Any, message_id: int, *emoji: str) -> Any:
        reactions = [tl.reactionEmoji(emoticon=one) for one in emoji]
        return device.call(tl.messages.sendReaction(peer=peer, msg_id=message_id, reaction=reactions))

    async def told(self, house: House, device: Device, name: str) -> list[Any]:
        """The updates of that kind which came since the last look."""
        await house.domain.reactions.settled()
        return [update for update in await device.take() if name == update.NAME]

    async def dialog(self, device: Device, peer: Any) -> Any:
        return (await device.call(tl.messages.getPeerDialogs(peers=[tl.inputDialogPeer(peer=peer)]))).dialogs[0]

    async def test_to_whom_it_speaks(self) -> None:
        """Whom a message names still has it as a mention when somebody reacts to it or its words are changed."""
        house, anna, boris, channel, peer = await self.here()
        asked = await self.said(anna, peer, "@boris_b, do you hear?")
        await boris.take()
        await self.react(anna, peer, asked, LIKE)
        (update,) = await self.told(house, boris, "updateEditChannelMessage")
        self.assertEqual((update.message.mentioned, update.message.media_unread), (True, True))
        await boris.call(tl.channels.readMessageContents(channel=self.address(channel), id=[asked]))
        await anna.call(tl.messages.editMessage(peer=peer, id=asked, message="@boris_b, did you hear?"))
        (update,) = await self.told(house, boris, "updateEditChannelMessage")
        self.assertEqual((update.message.mentioned, update.message.media_unread), (True, False))

    async def test_answers_and_looks(self) -> None:
        """How many answers a message has stands in it when it is told again, too; who asks for its views is told."""
        house, anna, boris, _, peer = await self.here()
        asked = await self.said(anna, peer, "a question")
        await self.said(boris, peer, "an answer", reply_to=tl.inputReplyToMessage(reply_to_msg_id=asked))
        await anna.take()
        await self.react(boris, peer, asked, LIKE)
        (update,) = await self.told(house, anna, "updateEditChannelMessage")
        self.assertEqual(update.message.replies.replies, 1)
        (view,) = (await boris.call(tl.messages.getMessagesViews(peer=peer, id=[asked], increment=False))).views
        self.assertEqual((view.views, view.replies.replies), (None, 1))

    async def taken(self, *devices: Device) -> list[Any]:
        found: list[Any] = []
        for device in devices:
            found += await device.take()
        return found

    async def test_reactions_by_who_is_told(self) -> None:
        """Her other devices see what waits for the author, his what he chose himself, and hers that she has seen it."""
        house, anna, boris, _, peer = await self.here()
        posted = await self.said(anna, peer, "look")
        hers, his = Device(house, anna.user), Device(house, boris.user)
        await self.react(anna, peer, posted, LIKE)
        await self.taken(hers, his)
        await self.react(boris, peer, posted, LOVE)
        (own,) = await self.told(house, his, "updateMessageReactions")
        chosen = [one.reaction.emoticon for one in own.reactions.results if one.chosen_order is not None]
        self.assertEqual((chosen, own.reactions.min), ([LOVE], False))
        (update,) = await self.told(house, hers, "updateMessageReactions")
        waiting = {one.peer_id.user_id: one.unread for one in update.reactions.recent_reactions}
        self.assertEqual(waiting, {anna.user.id: False, boris.user.id: True})
        await anna.call(tl.messages.readReactions(peer=peer))
        (update,) = await self.told(house, hers, "updateMessageReactions")
        self.assertFalse(any(one.unread for one in update.reactions.recent_reactions))

    async def test_deleted_with_its_news(self) -> None:
        """A reaction that nobody has seen yet is not counted when its message is gone."""
        _, anna, boris, channel, peer = await self.here()
        posted = await self.said(anna, peer, "look")
        await self.react(boris, peer, posted, LOVE)
        self.assertEqual((await self.dialog(anna, peer)).unread_reactions_count, 1)
        await anna.call(tl.channels.deleteMessages(channel=self.address(channel), id=[posted]))
        self.assertEqual((await self.dialog(anna, peer)).unread_reactions_count, 0)

    async def test_ended_with_its_news(self) -> None:
        """What deletes itself does so with the mentions in it, its answers and its place in a thread."""
        house, anna, boris, _, peer = await self.here()
        house.domain.auto_delete.start()
        self.addCleanup(house.domain.auto_delete.stop)
        asked = await self.said(anna, peer, "stays")
        await anna.call(tl.messages.setHistoryTTL(peer=peer, period=86_400))
        answer = tl.inputReplyToMessage(reply_to_msg_id=asked)
        await self.said(anna, peer, "@boris_b goes", reply_to=answer)
        self.assertEqual((await self.dialog(boris, peer)).unread_mentions_count, 1)
        await house.domain.auto_delete.settled()
        house.clock.advance(86_401)
        await house.domain.auto_delete.settled()
        self.assertEqual((await self.dialog(boris, peer)).unread_mentions_count, 0)
        (message,) = [one for one in (await boris.history(peer)).messages if one.id == asked]
        self.assertIsNone(message.replies)

    async def test_who_comes_back(self) -> None:
        """It still speaks to them, and does not wait any more."""
        _, anna, boris, channel, peer = await self.here()
        asked = await self.said(anna, peer, "@boris_b!")
        for query in (tl.channels.leaveChannel, tl.channels.joinChannel):
            await boris.call(query(channel=self.address(channel)))
        (message,) = [one for one in (await boris.history(peer)).messages if one.id == asked]
        self.assertEqual((message.mentioned, message.media_unread), (True, False))
        self.assertEqual((await boris.call(tl.messages.getUnreadMentions(peer=peer, **PAGE))).messages, [])


@on_every_backend
class TopsTests(ForumTestCase):
    """The newest message of topics is one that is there."""

    async def tops(self, by: Device, peer: Any) -> dict[int, int]:
        return {topic.id: topic.top_message for topic in (await self.topics(by, peer)).topics}

    async def test_of_general(self) -> None:
        """Also after what was newest is deleted, and when the group itself says something."""
        anna, boris, _, channel, peer = await self.forum()
        first = await self.said(anna, peer, "one")
        second = await self.said(anna, peer, "two")
        self.assertEqual((await self.tops(boris, peer))[1], second)
        await anna.call(tl.channels.deleteMessages(channel=channel, id=[second]))
        self.assertEqual((await self.tops(boris, peer))[1], first)
        answer = await anna.call(tl.channels.editTitle(channel=channel, title="Another"))
        (told,) = [update.message.id for update in answer.updates if update.NAME == "updateNewChannelMessage"]
        self.assertEqual((await self.tops(boris, peer))[1], told)

    async def said(self, by: Device, peer: Any, text: str) -> int:
        answer = await by.send(peer, text)
        return next(int(update.id) for update in answer.updates if update.NAME == "updateMessageID")

    async def test_what_a_topic_was_begun_with(self) -> None:
        """Stays as long as the topic, whoever clears what else there is."""
        anna, boris, _, channel, peer = await self.forum()
        news = await self.topic(anna, peer, "News")
        said = await self.say(boris, peer, news, "hello")
        delete = tl.channels.deleteMessages(channel=channel, id=[news])
        self.assertEqual(await error_of(anna.call(delete)), "MESSAGE_DELETE_FORBIDDEN")
        wipe = tl.channels.deleteParticipantHistory(channel=channel, participant=boris.peer(anna))
        await anna.call(wipe)
        self.assertEqual((await self.tops(boris, peer))[news], said.id)
        await anna.call(tl.channels.deleteHistory(channel=channel, max_id=0, for_everyone=True))
        self.assertEqual((await self.tops(boris, peer))[news], news)
        self.assertEqual([one.id for one in (await boris.history(peer)).messages], [news, 1])
        await anna.call(tl.messages.deleteTopicHistory(peer=peer, top_msg_id=news))
        self.assertEqual([one.id for one in (await boris.history(peer)).messages], [1])

    async def test_after_a_time_without_topics(self) -> None:
        """What was written while nobody saw topics counts when they are seen again."""
        anna, boris, _, channel, peer = await self.forum()
        news = await self.topic(anna, peer, "News")
        await anna.call(tl.channels.toggleForum(channel=channel, enabled=False, tabs=False))
        said = await self.said(boris, peer, "in between")
        await anna.call(tl.channels.toggleForum(channel=channel, enabled=True, tabs=False))
        self.assertEqual(await self.tops(boris, peer), {1: said, news: news})
