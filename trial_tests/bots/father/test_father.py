"""Making and keeping bots by writing to BotFather."""

import re
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from teamgram.bots.father.service import BotFather
from teamgram.bots.father.talk import SURE
from teamgram.mtproto.tl import tl
from trial_tests.backends import BackendTestCase, on_every_backend
from trial_tests.bff.talk_house import Device, House

TOKEN = re.compile(r"[0-9]+:[A-Za-z0-9_-]{35}")


@on_every_backend
class FatherTests(BackendTestCase):
    """Anna and Boris talk to it."""

    async def setUp(self) -> None:
        self.house = House(self)
        self.anna = await self.house.sign_up("Anna", username="anna_a")
        self.boris = await self.house.sign_up("Boris", username="boris_b")
        self.signed_out: list[int] = []
        # What is added last is done first: the database is closed after it.
        self.addCleanup(lambda: Deferred.fromCoroutine(self.father.stop()))
        self.father = self.begin()
        for _ in range(500):
            peer = await self.house.users.resolve_username("BotFather")
            if peer is not None:
                break
            await deferLater(reactor, 0.01)
        assert peer is not None
        self.account = (await self.house.users.get([peer.id]))[peer.id]
        self.peer = tl.inputPeerUser(user_id=self.account.id, access_hash=self.account.access_hash)

    def begin(self) -> BotFather:
        """Another run of it."""

        async def sign_out(bot_id: int) -> None:
            self.signed_out.append(bot_id)

        father = BotFather(self.house.domain, self.house.clock, sign_out, lambda: "http://127.0.0.1:8081")
        father.start()
        return father

    async def test_before_the_first_message(self) -> None:
        """Apps show what it is for, and a menu of what it can do; what the operator changed stays so."""
        told = (await self.say("/help")).message.splitlines()
        (menu,) = (await self.house.domain.bots.require(self.account.id)).details.commands
        offered = [f"/{one.command} - {one.description}" for one in menu.commands]
        self.assertEqual(offered, [line for line in told if " - " in line])
        self.assertIn("bots on this server", (await self.house.users.require(self.account.id)).about)
        await self.house.domain.bots.set_description(self.account.id, "Ours.")
        await self.father.stop()
        self.father = self.begin()
        await self.say("/help")
        bot = await self.house.domain.bots.require(self.account.id)
        self.assertEqual((bot.details.description, len(bot.details.commands)), ("Ours.", 1))

    async def test_nothing_after_the_slash(self) -> None:
        """It is answered as what nobody understands."""
        for text in ("/", "/@", "/@ x", "/\u3000x", "/ @"):
            self.assertIn("/help shows", (await self.say(text)).message)

    async def messages(self, who: Device) -> list[Any]:
        """The talk, newest first."""
        return list((await who.history(self.peer)).messages)

    async def say(self, text: str, who: Device | None = None) -> Any:
        """What is answered to a text."""
        who = who or self.anna
        before = len(await self.messages(who))
        await who.send(self.peer, text)
        for _ in range(500):
            found = await self.messages(who)
            if len(found) == before + 2:
                return found[0]
            await deferLater(reactor, 0.01)
        raise AssertionError(f"{text!r} was not answered")

    async def made(self, username: str = "weather_bot", who: Device | None = None) -> str:
        """The token of a new bot."""
        await self.say("/newbot", who)
        await self.say("Weather", who)
        match = TOKEN.search((await self.say(username, who)).message)
        assert match is not None
        return match[0]

    async def test_new(self) -> None:
        """A name, a username, a token that works; what is wrong is asked for again."""
        self.assertIn("/newbot", (await self.say("/start")).message)
        await self.say("/newbot")
        await self.say("Weather")
        for wrong in ("weather", "x_bot!", "anna_a"):
            self.assertIn("Choose another one", (await self.say(wrong)).message)
        told = (await self.say("@weather_bot")).message
        self.assertIn("http://127.0.0.1:8081", told)
        match = TOKEN.search(told)
        assert match is not None
        bot = await self.house.domain.bots.by_token(match[0])
        self.assertEqual(bot.owner_id, self.anna.user.id)
        self.assertIn("@weather_bot - Weather", (await self.say("/mybots")).message)
        self.assertIn("no bots", (await self.say("/mybots", self.boris)).message)

    async def test_change(self) -> None:
        """Every text of a bot, and whether it hears all."""
        bot_id = (await self.house.domain.bots.by_token(await self.made())).user_id
        for command, text in (
            ("/setname", "Better"),
            ("/setdescription", "long"),
            ("/setabouttext", "short"),
            ("/setcommands", "start - begin\n/help - help"),
            ("/setprivacy", "Disable"),
            ("/setinline", "Ask me..."),
            ("/setinlinefeedback", "1/10"),
            ("/setjoingroups", "disable"),
        ):
            asked = await self.say(command)
            self.assertEqual([row.buttons[0].text for row in asked.reply_markup.rows], ["@weather_bot"])
            await self.say("@weather_bot")
            self.assertTrue((await self.say(text)).message.startswith("Done"), command)
        details = (await self.house.domain.bots.require(bot_id)).details
        user = await self.house.users.require(bot_id)
        self.assertEqual((user.first_name, user.about, details.description), ("Better", "short", "long"))
        self.assertEqual([one.command for one in details.commands[0].commands], ["start", "help"])
        self.assertTrue(details.sees_all)
        self.assertEqual((details.inline, details.feedback, details.no_groups), ("Ask me...", 10, True))
        self.assertEqual((user.traits.inline, user.traits.hears_all, user.traits.no_groups), ("Ask me...", True, True))
        self.assertGreater(user.traits.version, 1)
        await self.say("/setinline")
        await self.say("@weather_bot")
        await self.say("/empty")
        self.assertIsNone((await self.house.users.require(bot_id)).traits.inline)

    async def test_revoke_and_delete(self) -> None:
        """The token of before is dead, and who was signed in by it is put out."""
        token = await self.made()
        bot_id = (await self.house.domain.bots.by_token(token)).user_id
        await self.say("/revoke")
        match = TOKEN.search((await self.say("@weather_bot")).message)
        assert match is not None and match[0] != token
        self.assertEqual(self.signed_out, [bot_id])
        await self.say("/deletebot")
        await self.say("weather_bot")
        self.assertIn("or /cancel", (await self.say("yes")).message)
        self.assertIn("gone", (await self.say(SURE)).message)
        self.assertEqual(await self.house.domain.bots.get([bot_id]), {})

    async def test_not_mine(self) -> None:
        """Nobody changes another's bot, also not by a talk that was begun before."""
        await self.made(who=self.boris)
        await self.made("mine_bot")
        await self.say("/setname")
        self.assertIn("no such bot", (await self.say("@weather_bot")).message)
        self.assertIn("Done", (await self.say("/cancel")).message)

    async def test_restart(self) -> None:
        """A talk goes on where it was, and nothing is answered twice."""
        await self.say("/newbot")
        await self.father.stop()
        await self.anna.send(self.peer, "Weather")
        before = len(await self.messages(self.anna))
        self.father = self.begin()
        for _ in range(500):
            found = await self.messages(self.anna)
            if len(found) > before:
                break
            await deferLater(reactor, 0.01)
        self.assertIn("choose a username", found[0].message)
        self.assertEqual(len(found), before + 1)
        self.assertIn("token", (await self.say("weather_bot")).message)
