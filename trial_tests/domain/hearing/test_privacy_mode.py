"""What bots over MTProto hear of groups: pushed, in differences and by id, the same as over HTTP."""

from typing import Any

from msgspec.structs import replace

from teamgram.mtproto.tl import tl
from trial_tests.backends import on_every_backend
from trial_tests.bff.test_bots import BotTestCase
from trial_tests.bff.test_messages import error_of

HEARD = ["/start", "/start@HELPER_bot", "@helper_bot please", "thanks"]


def texts(updates: list[Any]) -> list[str]:
    """Of the messages among updates; edits with a star."""
    return [
        one.message.message + "*" * one.NAME.startswith("updateEdit")
        for one in updates
        if getattr(getattr(one, "message", None), "message", None)
    ]


class PrivacyTestCase(BotTestCase):
    """A group with Anna, Boris and the bot."""

    async def talk(self, group: Any, mine: Any) -> None:
        """Boris says something of each kind; ``mine`` asks for what he has of the bot's words."""
        for text in ("hello all", "/start", "/start@other_bot", "/start@HELPER_bot", "@helper_bot please"):
            await self.boris.send(group, text)
        theirs = (await self.boris.history(group)).messages
        said = next(one.id for one in theirs if getattr(one, "message", "") == mine)
        await self.boris.send(group, "thanks", reply_to=tl.inputReplyToMessage(reply_to_msg_id=said))

    async def id_of(self, group: Any, text: str) -> int:
        """Boris' id of what was said."""
        messages = (await self.boris.history(group)).messages
        return next(int(one.id) for one in messages if getattr(one, "message", "") == text)

    async def another_bot(self) -> Any:
        """One more bot, signed in."""
        user, _ = await self.house.domain.bots.create(self.anna.user.id, "Other", "another_bot", self.now())
        return type(self.bot)(self.house, user)


@on_every_backend
class GroupHearingTests(PrivacyTestCase):
    """In a basic group: the bot's box takes what the bot hears."""

    async def make(self) -> Any:
        """The group."""
        users = [self.anna.input_user(self.boris), self.anna.input_user(self.bot)]
        made = await self.anna.call(tl.messages.createChat(users=users, title="Group"))
        self.chat_id = made.updates.chats[0].id
        return tl.inputPeerChat(chat_id=self.chat_id)

    async def test_roads(self) -> None:
        """Pushed and in the difference without a gap; what it hears has the next id and pts of its box."""
        group = await self.make()
        await self.bot.send(group, "I am here")
        pts = (await self.bot.call(tl.updates.getState())).pts
        await self.bot.take()
        await self.talk(group, "I am here")
        pushed = await self.bot.take()
        self.assertEqual(texts(pushed), HEARD)
        self.assertEqual([one.pts for one in pushed], [pts + 1, pts + 2, pts + 3, pts + 4])
        told = await self.bot.difference(pts)
        self.assertEqual([one.message for one in told.new_messages], HEARD)
        self.assertEqual(told.other_updates, [])
        ids = [tl.inputMessageID(id=number) for number in range(1, told.new_messages[-1].id + 3)]
        seen = (await self.bot.call(tl.messages.getMessages(id=ids))).messages
        self.assertNotIn("hello all", [getattr(one, "message", "") for one in seen])
        self.assertEqual((await self.texts())[-4:], HEARD)
        # All have everything, and what is edited later finds who has it.
        edited = await self.id_of(group, "hello all")
        await self.boris.call(tl.messages.editMessage(peer=group, id=edited, message="hello you"))
        self.assertEqual(texts(await self.bot.take()), [])
        self.assertIn("hello you", [getattr(one, "message", "") for one in (await self.anna.history(group)).messages])

    async def test_without_privacy_mode(self) -> None:
        """It hears everything from the moment on when its owner says so."""
        group = await self.make()
        await self.boris.send(group, "before")
        await self.house.domain.bots.change(self.bot.user.id, lambda details: replace(details, sees_all=True))
        await self.boris.send(group, "after")
        self.assertEqual(texts(await self.bot.take()), ["after"])

    async def test_no_bots(self) -> None:
        """Nobody hears what bots say to each other, also who administers the group."""
        group, other = await self.make(), await self.another_bot()
        for bot in (self.bot, other):
            if bot is other:
                await self.anna.call(
                    tl.messages.addChatUser(chat_id=self.chat_id, user_id=self.anna.input_user(bot), fwd_limit=0)
                )
            user = self.anna.input_user(bot)
            await self.anna.call(tl.messages.editChatAdmin(chat_id=self.chat_id, user_id=user, is_admin=True))
        await self.bot.take()
        await other.send(group, "/start@helper_bot")
        await self.boris.send(group, "hello")
        self.assertEqual(texts(await self.bot.take()), ["hello"])
        self.assertEqual((await self.texts())[-1:], ["hello"])

    async def test_answered(self) -> None:
        """What a command answers lies in the bot's box, told by nothing but the command."""
        group = await self.make()
        await self.anna.send(group, "a fact")
        await self.bot.take()
        fact = await self.id_of(group, "a fact")
        await self.boris.send(group, "/quote", reply_to=tl.inputReplyToMessage(reply_to_msg_id=fact))
        (pushed,) = await self.bot.take()
        self.assertEqual(pushed.message.message, "/quote")
        asked = [tl.inputMessageReplyTo(id=pushed.message.id)]
        (answered,) = (await self.bot.call(tl.messages.getMessages(id=asked))).messages
        self.assertEqual((answered.message, answered.from_id.user_id), ("a fact", self.anna.user.id))
        self.assertEqual((await self.texts())[-1:], ["/quote"])
        # From before it came it sees nothing.
        other = await self.another_bot()
        self.house.clock.advance(5)
        user = self.anna.input_user(other)
        await self.anna.call(tl.messages.addChatUser(chat_id=self.chat_id, user_id=user, fwd_limit=0))
        await other.take()
        await self.boris.send(group, "/quote", reply_to=tl.inputReplyToMessage(reply_to_msg_id=fact))
        (pushed,) = await other.take()
        self.assertIsNone(pushed.message.reply_to)

    async def test_forwarded(self) -> None:
        """What is sent on into the group is heard by the same rule."""
        group = await self.make()
        for text in ("hello", "/start"):
            await self.boris.send(self.boris.peer(self.anna), text)
        messages = (await self.boris.history(self.boris.peer(self.anna))).messages
        await self.bot.take()
        await self.boris.call(
            tl.messages.forwardMessages(
                from_peer=self.boris.peer(self.anna),
                id=[one.id for one in messages[::-1]],
                random_id=[5, 6],
                to_peer=group,
            )
        )
        self.assertEqual(texts(await self.bot.take()), ["/start"])


@on_every_backend
class SupergroupHearingTests(PrivacyTestCase):
    """In a supergroup: the one box holds everything, and the bot is shown its part."""

    async def make(self) -> Any:
        """The supergroup."""
        made = await self.anna.call(tl.channels.createChannel(title="Club", about="", megagroup=True))
        chat = made.chats[0]
        self.channel = tl.inputChannel(channel_id=chat.id, access_hash=chat.access_hash)
        users = [self.anna.input_user(self.boris), self.anna.input_user(self.bot)]
        for user in users:
            await self.anna.call(
                tl.channels.editAdmin(
                    channel=self.channel, user_id=user, admin_rights=tl.chatAdminRights(other=True), rank=""
                )
            )
            await self.anna.call(
                tl.channels.editAdmin(channel=self.channel, user_id=user, admin_rights=tl.chatAdminRights(), rank="")
            )
        return tl.inputPeerChannel(channel_id=chat.id, access_hash=chat.access_hash)

    async def difference(self, bot: Any, pts: int) -> Any:
        """updates.getChannelDifference."""
        return await bot.call(
            tl.updates.getChannelDifference(
                channel=self.channel, filter=tl.channelMessagesFilterEmpty(), pts=pts, limit=100
            )
        )

    async def test_roads(self) -> None:
        """Pushed, in the difference and by id; of what it does not hear it is told that the pts moved."""
        group = await self.make()
        sent = await self.bot.send(group, "I am here")
        pts = next(one.pts for one in sent.updates if hasattr(one, "pts"))
        await self.bot.take()
        await self.talk(group, "I am here")
        said = await self.id_of(group, "hello all")
        await self.boris.call(tl.messages.editMessage(peer=group, id=said, message="hello you"))
        pushed = await self.bot.take()
        self.assertEqual(texts(pushed), HEARD)
        self.assertEqual([one.pts for one in pushed], list(range(pts + 1, pts + 8)))
        others = [one for one in pushed if one.NAME != "updateNewChannelMessage"]
        self.assertEqual([one.NAME for one in others], ["updateDeleteChannelMessages"] * 3)
        self.assertEqual([list(one.messages) for one in others], [[]] * 3)
        told = await self.difference(self.bot, pts)
        self.assertEqual([one.message for one in told.new_messages], HEARD)
        self.assertEqual((told.other_updates, told.pts), ([], pts + 7))
        ids = [tl.inputMessageID(id=said)]
        (hidden,) = (await self.bot.call(tl.channels.getMessages(channel=self.channel, id=ids))).messages
        self.assertEqual(hidden.NAME, "messageEmpty")
        (seen,) = (await self.boris.call(tl.channels.getMessages(channel=self.channel, id=ids))).messages
        self.assertEqual(seen.message, "hello you")
        forward = tl.messages.forwardMessages(from_peer=group, id=[said], random_id=[3], to_peer=group)
        self.assertEqual(await error_of(self.bot.call(forward)), "MESSAGE_ID_INVALID")

    async def test_edits(self) -> None:
        """An edit of what it hears is told; as an administrator it hears everything but other bots."""
        group = await self.make()
        await self.boris.send(group, "/start")
        said = await self.id_of(group, "/start")
        await self.boris.call(tl.messages.editMessage(peer=group, id=said, message="/start now"))
        self.assertEqual(texts(await self.bot.take()), ["/start", "/start now*"])
        other = await self.another_bot()
        rights = tl.chatAdminRights(delete_messages=True, other=True)
        for bot in (self.bot, other):
            user = self.anna.input_user(bot)
            await self.anna.call(
                tl.channels.editAdmin(channel=self.channel, user_id=user, admin_rights=rights, rank="")
            )
        await self.bot.take()
        await self.boris.send(group, "hello all")
        await other.send(group, "/start@helper_bot")
        self.assertEqual(texts(await self.bot.take()), ["hello all"])

    async def test_mention_by_edit(self) -> None:
        """Who was mentioned hears the edits, too."""
        group = await self.make()
        await self.boris.send(group, "@helper_bot one")
        said = await self.id_of(group, "@helper_bot one")
        await self.boris.call(tl.messages.editMessage(peer=group, id=said, message="two"))
        self.assertEqual(texts(await self.bot.take()), ["@helper_bot one", "two*"])

    async def test_answered(self) -> None:
        """What a command answers can be asked for by the command."""
        group = await self.make()
        await self.anna.send(group, "a fact")
        fact = await self.id_of(group, "a fact")
        await self.boris.send(group, "/quote", reply_to=tl.inputReplyToMessage(reply_to_msg_id=fact))
        said = await self.id_of(group, "/quote")
        ask = tl.channels.getMessages(channel=self.channel, id=[tl.inputMessageReplyTo(id=said)])
        (answered,) = (await self.bot.call(ask)).messages
        self.assertEqual(answered.message, "a fact")
