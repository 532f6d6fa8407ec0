"""What waits for a bot, and what it hears of groups."""

from twisted.internet.defer import Deferred

from teamgram.domain.bots import inbox
from teamgram.domain.bots.errors import TakenElsewhere
from teamgram.domain.bots.inbox import KEPT_SECONDS
from teamgram.mtproto.tl import tl
from trial_tests.backends import on_every_backend
from trial_tests.bff.test_bots import BotTestCase


@on_every_backend
class BotInboxTests(BotTestCase):
    """What waits for a bot."""

    async def test_until_confirmed(self) -> None:
        """Given again until the bot asks for what comes after it."""
        await self.anna.send(self.anna.peer(self.bot), "one")
        await self.boris.send(self.boris.peer(self.bot), "two")
        first, second = await self.take()
        self.assertEqual([each.update_id for each in await self.take()], [first.update_id, second.update_id])
        self.assertEqual(await self.texts(second.update_id), ["two"])
        self.assertEqual(await self.texts(), ["two"])
        self.assertEqual(await self.take(second.update_id + 1), [])
        self.assertEqual(await self.take(), [])

    async def test_most(self) -> None:
        """No more wait than so many, the newest."""
        self.patch(inbox, "MOST_WAITING", 3)
        for number in range(5):
            await self.anna.send(self.anna.peer(self.bot), f"{number}")
            self.assertEqual((await self.texts())[-1], f"{number}")
        self.assertEqual(await self.texts(), ["2", "3", "4"])

    async def test_the_newest_only(self) -> None:
        """A negative offset forgets all but the last ones."""
        for number in range(5):
            await self.anna.send(self.anna.peer(self.bot), f"{number}")
        self.assertEqual(await self.texts(-2), ["3", "4"])
        self.assertEqual(await self.texts(), ["3", "4"])

    async def test_own_and_old(self) -> None:
        """What the bot itself writes is none, and nothing waits for more than a day."""
        await self.anna.send(self.anna.peer(self.bot), "hello")
        await self.bot.send(self.bot.peer(self.anna), "answer")
        self.assertEqual(await self.texts(), ["hello"])
        await self.anna.send(self.anna.peer(self.bot), "again")
        self.house.clock.advance(KEPT_SECONDS + 1)
        self.assertEqual(await self.texts(), [])

    async def test_edits_and_kinds(self) -> None:
        """Edits are told apart, and left out when the bot names other kinds."""
        sent = await self.anna.send(self.anna.peer(self.bot), "hello")
        edit = {"peer": self.anna.peer(self.bot), "id": sent.id}
        await self.anna.call(tl.messages.editMessage(message="hullo", **edit))
        self.assertEqual(await self.texts(), ["hullo", "hullo*"])
        await self.take(-1, allowed=("message",))
        await self.anna.call(tl.messages.editMessage(message="hallo", **edit))
        await self.anna.send(self.anna.peer(self.bot), "second")
        self.assertEqual((await self.texts())[1:], ["second"])

    async def test_waiting(self) -> None:
        """Who waits is woken by a message, or goes at the end with nothing; a second one ends the first."""
        bot_id = self.bot.user.id
        waiting = Deferred.fromCoroutine(self.inbox.take(bot_id, 0, 100, 30))
        await self.anna.send(self.anna.peer(self.bot), "hello")
        self.assertEqual(len(await waiting), 1)
        await self.take(-1)
        first = Deferred.fromCoroutine(self.inbox.take(bot_id, 100, 100, 30))
        await self.house.domain.users.get([bot_id])
        second = Deferred.fromCoroutine(self.inbox.take(bot_id, 100, 100, 30))
        await self.assertFailure(first, TakenElsewhere)
        await self.house.domain.bot_inbox.state(bot_id)
        self.house.clock.advance(31)
        self.assertEqual(await second, [])

    async def test_groups(self) -> None:
        """A bot hears commands, mentions and answers; an administrator hears all."""
        users = [self.anna.input_user(self.boris), self.anna.input_user(self.bot)]
        created = await self.anna.call(tl.messages.createChat(users=users, title="Group"))
        chat_id = created.updates.chats[0].id
        group = tl.inputPeerChat(chat_id=chat_id)
        await self.take(-1)
        answered = await self.bot.send(group, "I am here")
        mine = answered.updates[0].id
        self.assertTrue(mine)
        for text in ("hello all", "/start", "/start@other_bot", "/start@HELPER_bot", "@helper_bot please"):
            await self.boris.send(group, text)
        theirs = (await self.boris.history(group)).messages
        to_answer = next(one.id for one in theirs if getattr(one, "message", "") == "I am here")
        await self.boris.send(group, "thanks", reply_to=tl.inputReplyToMessage(reply_to_msg_id=to_answer))
        heard = ["/start", "/start@HELPER_bot", "@helper_bot please", "thanks"]
        self.assertEqual(await self.texts(), heard)
        admin = tl.messages.editChatAdmin(chat_id=chat_id, user_id=self.anna.input_user(self.bot), is_admin=True)
        await self.anna.call(admin)
        await self.take(-1)
        await self.boris.send(group, "hello again")
        self.assertEqual(await self.texts(), ["hello again"])
