"""Bots over MTProto: making them, what they say of themselves, and buttons that ask them."""

from typing import Any

from twisted.internet.defer import Deferred

from teamgram.bff.kinds import only_for
from teamgram.domain.bots.bot import MAX_DETAILS, BotCommand, CommandSet, pack_details
from teamgram.domain.bots.bots import MAX_OWNED
from teamgram.domain.bots.callbacks import CallbackAnswer
from teamgram.domain.bots.errors import (
    BotCommandsTooMany,
    BotsTooMany,
    BotTokenInvalid,
    BotUsernameInvalid,
    CallbackAnswerTooLong,
)
from teamgram.domain.bots.update import BotCallback, BotMessage
from teamgram.domain.chats.chats import Actor
from teamgram.domain.privacy.errors import UserPrivacyRestricted
from teamgram.domain.users.users import UsernameOccupied
from teamgram.mtproto.tl import registry, tl
from trial_tests.backends import BackendTestCase, on_every_backend
from trial_tests.bff.talk_house import Device, House
from trial_tests.bff.test_messages import error_of


def keyboard(*data: bytes) -> Any:
    """An inline keyboard, a row of buttons that ask the bot."""
    buttons = [
        tl.keyboardInlineButton(text=each.decode(), type=tl.inlineButtonTypeCallback(data=each)) for each in data
    ]
    return tl.replyInlineMarkup(rows=[tl.keyboardInlineButtonRow(buttons=buttons)])


class BotTestCase(BackendTestCase):
    """Anna, Boris, and a bot of Anna's."""

    async def setUp(self) -> None:
        self.house = House(self)
        self.anna = await self.house.sign_up("Anna", username="anna_a")
        self.boris = await self.house.sign_up("Boris", username="boris_b")
        domain = self.house.domain
        user, self.token = await domain.bots.create(self.anna.user.id, "Helper", "helper_bot", self.now())
        self.bot = Device(self.house, user)
        self.inbox = domain.bot_inbox

    def now(self) -> int:
        """Unix seconds."""
        return int(self.house.clock.seconds())

    async def take(self, offset: int = 0, **more: Any) -> list[Any]:
        """What waits for the bot."""
        return await self.inbox.take(self.bot.user.id, offset, 100, 0, **more)

    async def texts(self, offset: int = 0) -> list[str]:
        """The texts of the messages that wait, edits with a star."""
        found = [one.update for one in await self.take(offset)]
        ids = [update.id for update in found if isinstance(update, BotMessage)]
        messages = await self.house.domain.messages.get(self.bot.user.id, ids)
        return [messages[one.id].text + "*" * one.edited for one in found if isinstance(one, BotMessage)]


@on_every_backend
class BotsTests(BotTestCase):
    """Making them."""

    async def test_tokens(self) -> None:
        """A token is one bot's until it is revoked, and nothing like it is anybody's."""
        bots = self.house.domain.bots
        self.assertEqual((await bots.by_token(self.token)).user_id, self.bot.user.id)
        wrong = [
            self.token[:-1] + ("a" if self.token[-1] != "a" else "b"),
            self.token[:-1],
            "1:" + "a" * 35,
            "",
            "x" * 99,
        ]
        for each in (*wrong, f"{self.anna.user.id}:" + "a" * 35, "9" * 40 + self.token):
            await self.assertFailure(Deferred.fromCoroutine(bots.by_token(each)), BotTokenInvalid)
        other = await bots.revoke(self.bot.user.id)
        await self.assertFailure(Deferred.fromCoroutine(bots.by_token(self.token)), BotTokenInvalid)
        self.assertEqual((await bots.by_token(other)).user_id, self.bot.user.id)
        await bots.delete(self.bot.user.id)
        await self.assertFailure(Deferred.fromCoroutine(bots.by_token(other)), BotTokenInvalid)

    async def test_names(self) -> None:
        """A username of its own that ends in bot; and one person has so many."""
        bots = self.house.domain.bots
        for name, error in (("helper", BotUsernameInvalid), ("HELPER_bot", UsernameOccupied)):
            await self.assertFailure(Deferred.fromCoroutine(bots.create(0, "B", name, self.now())), error)
        for number in range(1, MAX_OWNED):
            await bots.create(self.anna.user.id, "B", f"number{number}bot", self.now())
        one_more = bots.create(self.anna.user.id, "B", "one_more_bot", self.now())
        await self.assertFailure(Deferred.fromCoroutine(one_more), BotsTooMany)
        await bots.create(0, "B", "one_more_bot", self.now())

    async def test_no_bot_begins(self) -> None:
        """Over MTProto, too, a bot writes to nobody who has not written to it, nor brings anybody into groups."""
        bot, anna = self.bot, self.anna
        self.assertEqual(await error_of(bot.send(bot.peer(anna), "buy")), "PEER_ID_INVALID")
        await anna.send(anna.peer(bot), "/start")
        await bot.send(bot.peer(anna), "welcome")
        forward = tl.messages.forwardMessages(
            from_peer=bot.peer(anna), id=[1], random_id=[7], to_peer=bot.peer(self.boris)
        )
        self.assertEqual(await error_of(bot.call(forward)), "PEER_ID_INVALID")
        query = tl.messages.createChat(users=[bot.input_user(self.boris)], title="Ours")
        self.assertEqual(await error_of(bot.call(query)), "BOT_METHOD_INVALID")
        # Nor by any other road.
        actor = Actor(bot.user.id, self.now(), 0)
        created = Deferred.fromCoroutine(self.house.domain.chats.create(actor, [self.boris.user.id], "Ours"))
        await self.assertFailure(created, UserPrivacyRestricted)

    async def test_people_and_bots(self) -> None:
        """What is for people alone is refused to bots, and the other way round; also to whom nobody remembers."""
        bot, anna = self.bot, self.anna
        dialogs = tl.messages.getPinnedDialogs(folder_id=0)
        commands = tl.bots.getBotCommands(scope=tl.botCommandScopeDefault(), lang_code="")
        for forget in (False, True):
            for who, query, error in (
                (bot, dialogs, "BOT_METHOD_INVALID"),
                (anna, dialogs, None),
                (anna, commands, "USER_BOT_REQUIRED"),
                (bot, commands, None),
            ):
                if forget:
                    self.house.users._rows.invalidate(who.user.id)
                if error is None:
                    await who.call(query)
                else:
                    self.assertEqual(await error_of(who.call(query)), error)

    def test_table(self) -> None:
        """Every method of it is one."""
        self.assertEqual(set(only_for().values()), {"user", "bot"})
        self.assertEqual(only_for().keys() - set(registry.methods()), set())

    async def test_too_many_commands(self) -> None:
        """All that a bot says of itself is read with each of its calls, so that it has an end."""
        bots, bot_id = self.house.domain.bots, self.bot.user.id
        commands = tuple(BotCommand(f"c{number}", "я" * 250) for number in range(100))
        with self.assertRaises(BotCommandsTooMany):
            for number in range(10):
                await bots.set_commands(bot_id, CommandSet("peer", -number, commands=commands))
        self.assertLess(len(pack_details((await bots.require(bot_id)).details)), MAX_DETAILS)
        await bots.set_commands(bot_id, CommandSet("peer", 0))

    async def test_commands(self) -> None:
        """What a bot says of itself is seen by who looks at it."""
        scope = {"scope": tl.botCommandScopeDefault(), "lang_code": ""}
        commands = [tl.botCommand(command="start", description="Begin")]
        self.assertTrue(await self.bot.call(tl.bots.setBotCommands(commands=commands, **scope)))
        self.assertEqual(await self.bot.call(tl.bots.getBotCommands(**scope)), commands)
        refused = self.anna.call(tl.bots.setBotCommands(commands=commands, **scope))
        self.assertEqual(await error_of(refused), "USER_BOT_REQUIRED")
        for command, description, error in (
            ("Start", "x", "BOT_COMMAND_INVALID"),
            ("start", "", "BOT_COMMAND_DESCRIPTION_INVALID"),
        ):
            written = [tl.botCommand(command=command, description=description)]
            self.assertEqual(await error_of(self.bot.call(tl.bots.setBotCommands(commands=written, **scope))), error)
        await self.bot.call(tl.bots.resetBotCommands(**scope))
        self.assertEqual(await self.bot.call(tl.bots.getBotCommands(**scope)), [])

    async def test_profile(self) -> None:
        """Its owner may change it, nobody else."""
        bot = self.anna.input_user(self.bot)
        change = tl.bots.setBotInfo(bot=bot, lang_code="", name="Better", about="short", description="long")
        self.assertEqual(await error_of(self.boris.call(change)), "BOT_INVALID")
        self.assertTrue(await self.anna.call(change))
        info = await self.bot.call(tl.bots.getBotInfo(lang_code=""))
        self.assertEqual((info.name, info.about, info.description), ("Better", "short", "long"))


@on_every_backend
class CallbackTests(BotTestCase):
    """Buttons that ask the bot."""

    async def pressed(self, data: bytes = b"yes", **message: Any) -> Any:
        """Anna presses a button below what the bot wrote to her; what she is answered."""
        await self.anna.send(self.anna.peer(self.bot), "/start")
        await self.take((await self.take())[-1].update_id + 1)
        await self.bot.send(self.bot.peer(self.anna), "well?", reply_markup=keyboard(b"yes", b"no"), **message)
        message_id = (await self.anna.history(self.anna.peer(self.bot))).messages[0].id
        query = tl.messages.getBotCallbackAnswer(peer=self.anna.peer(self.bot), msg_id=message_id, data=data)
        return Deferred.fromCoroutine(self.anna.call(query))

    async def asked(self) -> BotCallback:
        """What the bot is asked, once it is."""
        (one,) = await self.inbox.take(self.bot.user.id, 0, 100, 5)
        assert isinstance(one.update, BotCallback)
        return one.update

    async def test_answer(self) -> None:
        """The bot hears who pressed what on which message, and its answer reaches them once."""
        answer = await self.pressed()
        asked = await self.asked()
        self.assertEqual((asked.user_id, asked.data, asked.peer), (self.anna.user.id, b"yes", self.anna.user.id))
        update = next(one for one in await self.bot.take() if one.NAME == "updateBotCallbackQuery")
        self.assertEqual((update.query_id, update.data, update.msg_id), (asked.query_id, b"yes", asked.message_id))
        reply = tl.messages.setBotCallbackAnswer(query_id=asked.query_id, message="good", alert=True, cache_time=5)
        self.assertEqual(await error_of(self.boris.call(reply)), "USER_BOT_REQUIRED")
        self.assertTrue(await self.bot.call(reply))
        said = await answer
        self.assertEqual((said.message, said.alert, said.cache_time), ("good", True, 5))
        self.assertEqual(await error_of(self.bot.call(reply)), "QUERY_ID_INVALID")

    async def test_hostile_answers(self) -> None:
        """What would not fit into an answer is refused, or cut to what can be written."""
        answer = await self.pressed()
        asked = await self.asked()
        callbacks, bot_id = self.house.domain.callbacks, self.bot.user.id
        for text, url in (("x" * 201, ""), ("", "x" * 2049)):
            with self.assertRaises(CallbackAnswerTooLong):
                callbacks.answer(CallbackAnswer(asked.query_id, bot_id, text, url))
        callbacks.answer(CallbackAnswer(asked.query_id, bot_id, cache_seconds=2**62))
        self.assertEqual((await answer).cache_time, 2**31 - 1)

    async def test_another_bot(self) -> None:
        """Only who was asked may answer."""
        answer = await self.pressed()
        asked = await self.asked()
        user, _ = await self.house.domain.bots.create(0, "Other", "other_bot", self.now())
        reply = tl.messages.setBotCallbackAnswer(query_id=asked.query_id, message="lies", cache_time=0)
        self.assertEqual(await error_of(Device(self.house, user).call(reply)), "QUERY_ID_INVALID")
        await self.bot.call(reply)
        self.assertEqual((await answer).message, "lies")

    async def test_no_such_button(self) -> None:
        """Data that no button has, and messages without buttons, are refused."""
        self.assertEqual(await error_of(await self.pressed(b"maybe")), "DATA_INVALID")
        sent = await self.anna.send(self.anna.peer(self.bot), "mine")
        query = tl.messages.getBotCallbackAnswer(peer=self.anna.peer(self.bot), msg_id=sent.id, data=b"yes")
        self.assertEqual(await error_of(self.anna.call(query)), "DATA_INVALID")

    async def test_silence(self) -> None:
        """A bot that says nothing is waited for so long; what it says later is taken and told to nobody."""
        answer = await self.pressed()
        asked = await self.asked()
        self.house.clock.advance(11)
        self.assertEqual(await error_of(answer), "BOT_RESPONSE_TIMEOUT")
        reply = tl.messages.setBotCallbackAnswer(query_id=asked.query_id, message="late", cache_time=0)
        self.assertTrue(await self.bot.call(reply))


@on_every_backend
class StartTests(BotTestCase):
    """Deep links."""

    async def test_start(self) -> None:
        """The parameter comes as a command."""
        start = {"bot": self.boris.input_user(self.bot), "peer": tl.inputPeerEmpty(), "random_id": 7}
        await self.boris.call(tl.messages.startBot(start_param="from_page-1", **start))
        self.assertEqual(await self.texts(), ["/start from_page-1"])
        refused = self.boris.call(tl.messages.startBot(start_param="no spaces", **{**start, "random_id": 8}))
        self.assertEqual(await error_of(refused), "START_PARAM_INVALID")
        no_bot = self.boris.call(
            tl.messages.startBot(start_param="", **{**start, "bot": self.boris.input_user(self.anna)})
        )
        self.assertEqual(await error_of(no_bot), "BOT_INVALID")
