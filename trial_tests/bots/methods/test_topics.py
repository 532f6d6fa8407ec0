"""Topics of forums over the Bot API."""

from typing import Any

from teamgram.bots.errors import ApiError
from teamgram.mtproto.tl import tl
from trial_tests.backends import on_every_backend
from trial_tests.bots.methods.test_channels import ChannelBotTestCase


@on_every_backend
class TopicTests(ChannelBotTestCase):
    """A bot that looks after the topics of a forum of Anna's."""

    async def forum(self, **rights: bool) -> dict[str, Any]:
        """The forum, as the Bot API names it."""
        to = await self.open(admin=True, **(rights or {"manage_topics": True, "delete_messages": True}))
        await self.anna.call(tl.channels.toggleForum(channel=self.channel, enabled=True, tabs=False))
        return to

    async def titles(self) -> dict[int, tuple[str, bool, bool]]:
        """(title, closed, hidden) of each topic, as Boris sees them."""
        fields = {"offset_date": 0, "offset_id": 0, "offset_topic": 0, "limit": 100}
        found = await self.boris.call(tl.messages.getForumTopics(peer=self.peer, **fields))
        return {one.id: (one.title, bool(one.closed), bool(one.hidden)) for one in found.topics}

    async def test_life(self) -> None:
        """Begun, renamed, closed, opened, deleted; what is not changed is said so."""
        to = await self.forum()
        made = await self.ask("createForumTopic", name="News", icon_color=0xFFD67E, **to)
        topic = {"message_thread_id": made["message_thread_id"], **to}
        self.assertEqual((made["name"], made["icon_color"]), ("News", 0xFFD67E))
        self.assertTrue(await self.ask("editForumTopic", name="Old news", **topic))
        self.assertTrue(await self.ask("closeForumTopic", **topic))
        self.assertEqual((await self.titles())[made["message_thread_id"]], ("Old news", True, False))
        self.assertEqual(await self.refused("closeForumTopic", **topic), "Bad Request: CHAT_NOT_MODIFIED")
        self.assertTrue(await self.ask("reopenForumTopic", **topic))
        await self.ask("sendMessage", text="in it", **topic)
        self.assertTrue(await self.ask("deleteForumTopic", **topic))
        self.assertNotIn(made["message_thread_id"], await self.titles())
        for method in ("closeForumTopic", "deleteForumTopic", "editForumTopic"):
            self.assertEqual(await self.refused(method, name="x", **topic), "Bad Request: TOPIC_ID_INVALID")
        wrong = "Bad Request: invalid message thread identifier specified"
        self.assertEqual(await self.refused("deleteForumTopic", message_thread_id=1, **to), wrong)
        self.assertEqual(
            await self.refused("createForumTopic", name="x", icon_color=7, **to), "Bad Request: ICON_COLOR_INVALID"
        )
        self.assertEqual(await self.refused("createForumTopic", name=" ", **to), "Bad Request: TOPIC_TITLE_EMPTY")

    async def test_general(self) -> None:
        """It is renamed, closed and hidden by methods of its own."""
        to = await self.forum()
        self.assertTrue(await self.ask("editGeneralForumTopic", name="All", **to))
        self.assertTrue(await self.ask("hideGeneralForumTopic", **to))
        self.assertEqual((await self.titles())[1], ("All", True, True))
        self.assertTrue(await self.ask("unhideGeneralForumTopic", **to))
        self.assertTrue(await self.ask("closeGeneralForumTopic", **to))
        self.assertTrue(await self.ask("reopenGeneralForumTopic", **to))
        self.assertEqual((await self.titles())[1], ("All", False, False))

    async def test_written_in(self) -> None:
        """What is sent with ``message_thread_id`` is in the topic, and is told so."""
        to = await self.forum()
        topic_id = (await self.ask("createForumTopic", name="News", **to))["message_thread_id"]
        sent = await self.ask("sendMessage", text="one", message_thread_id=topic_id, **to)
        self.assertEqual((sent["message_thread_id"], sent["is_topic_message"]), (topic_id, True))
        self.assertEqual(sent["reply_to_message"]["forum_topic_created"]["name"], "News")
        answer = await self.ask(
            "sendMessage",
            text="two",
            message_thread_id=topic_id,
            reply_parameters={"message_id": sent["message_id"]},
            **to,
        )
        self.assertEqual((answer["message_thread_id"], answer["reply_to_message"]["text"]), (topic_id, "one"))
        copied = await self.ask(
            "copyMessage",
            from_chat_id=to["chat_id"],
            message_id=sent["message_id"],
            message_thread_id=topic_id,
            caption="x",
            chat_id=to["chat_id"],
        )
        self.assertTrue(copied["message_id"])
        forwarded = await self.ask(
            "forwardMessage",
            from_chat_id=to["chat_id"],
            message_id=sent["message_id"],
            message_thread_id=topic_id,
            chat_id=to["chat_id"],
        )
        self.assertEqual(forwarded["message_thread_id"], topic_id)
        in_general = await self.ask("sendMessage", text="three", message_thread_id=1, **to)
        self.assertNotIn("message_thread_id", in_general)
        self.assertEqual(
            await self.refused("sendMessage", text="x", message_thread_id=topic_id + 1000, **to),
            "Bad Request: message thread not found",
        )
        self.assertEqual(
            await self.refused("sendMessage", text="x", message_thread_id=5, chat_id=self.anna.user.id),
            "Bad Request: message thread not found",
        )
        elsewhere = {"message_id": in_general["message_id"]}
        self.assertEqual(
            await self.refused("sendMessage", text="x", message_thread_id=topic_id, reply_parameters=elsewhere, **to),
            "Bad Request: message to be replied not found",
        )
        self.assertTrue(await self.ask("sendChatAction", action="typing", message_thread_id=topic_id, **to))
        typing = [one for one in await self.boris.take() if one.NAME == "updateChannelUserTyping"]
        self.assertEqual([one.top_msg_id for one in typing], [topic_id])

    async def test_told(self) -> None:
        """The bot is told of topics, and in which one somebody writes."""
        to = await self.forum()
        await self.heard()
        made = await self.anna.call(tl.messages.createForumTopic(peer=self.peer, title="Ours", random_id=5))
        topic_id = next(one.message.id for one in made.updates if one.NAME == "updateNewChannelMessage")
        await self.anna.send(self.peer, "hello", reply_to=tl.inputReplyToMessage(reply_to_msg_id=topic_id))
        edit = tl.messages.editForumTopic(peer=self.peer, topic_id=topic_id, title="Theirs")
        await self.anna.call(edit)
        await self.anna.call(tl.messages.editForumTopic(peer=self.peer, topic_id=topic_id, closed=True))
        began, said, renamed, closed = [one["message"] for one in await self.heard()]
        self.assertEqual(began["forum_topic_created"]["name"], "Ours")
        self.assertEqual((said["text"], said["message_thread_id"], said["is_topic_message"]), ("hello", topic_id, True))
        self.assertEqual(renamed["forum_topic_edited"], {"name": "Theirs"})
        self.assertEqual((closed["forum_topic_closed"], closed["message_thread_id"]), ({}, topic_id))
        self.assertEqual(began["chat"]["id"], to["chat_id"])

    async def test_unpinning(self) -> None:
        """What is pinned in one topic is unpinned without the others."""
        to = await self.forum(manage_topics=True, pin_messages=True)
        topic_id = (await self.ask("createForumTopic", name="News", **to))["message_thread_id"]
        pinned = []
        for thread in (topic_id, 1):
            sent = await self.ask("sendMessage", text="pin", message_thread_id=thread, **to)
            pinned.append(sent["message_id"])
            await self.ask("pinChatMessage", message_id=sent["message_id"], **to)
        self.assertTrue(await self.ask("unpinAllForumTopicMessages", message_thread_id=topic_id, **to))
        self.assertEqual((await self.ask("getChat", **to))["pinned_message"]["message_id"], pinned[1])
        self.assertEqual([await self.is_pinned(one) for one in pinned], [False, True])
        self.assertTrue(await self.ask("unpinAllGeneralForumTopicMessages", **to))
        self.assertEqual([await self.is_pinned(one) for one in pinned], [False, False])

    async def is_pinned(self, message_id: int) -> bool:
        """Whether Boris sees it pinned."""
        ids = [tl.inputMessageID(id=message_id)]
        found = await self.boris.call(tl.channels.getMessages(channel=self.channel, id=ids))
        return bool(found.messages[0].pinned)

    async def test_elsewhere(self) -> None:
        """A chat that is no forum has none, and who may not manage topics changes none."""
        to = await self.open(admin=True)
        self.assertEqual(await self.refused("createForumTopic", name="x", **to), "Bad Request: the chat is not a forum")
        group = {"chat_id": await self.group()}
        wrong = "Bad Request: the chat is not a supergroup"
        self.assertEqual(await self.refused("createForumTopic", name="x", **group), wrong)
        to = await self.forum(other=True)
        self.assertEqual(await self.refused("hideGeneralForumTopic", **to), "Bad Request: not enough rights")
        self.assertEqual(await self.refused("editGeneralForumTopic", name="x", **to), "Bad Request: not enough rights")

    async def test_moved(self) -> None:
        """Who writes to a group that is a supergroup now is told where it is."""
        group = await self.group()
        await self.anna.call(tl.messages.migrateChat(chat_id=-group))
        try:
            await self.ask("sendMessage", chat_id=group, text="x")
        except ApiError as error:
            self.assertEqual(error.description, "Bad Request: group chat was upgraded to a supergroup chat")
            told = await self.ask("getUpdates")
            found = [one["message"] for one in told if "migrate_to_chat_id" in one.get("message", {})]
            self.assertEqual(error.parameters, {"migrate_to_chat_id": found[0]["migrate_to_chat_id"]})
        else:
            self.fail("it was sent")
