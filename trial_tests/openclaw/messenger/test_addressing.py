"""Whom an agent answers: people, and bots only where the operator says so."""

from typing import Any

from twisted.internet import reactor
from twisted.trial.unittest import SynchronousTestCase

from teamgram.domain.messages.editing import EditRequest
from teamgram.domain.messages.history import Page, Search
from teamgram.domain.messages.sending import ForwardRequest
from teamgram.domain.users.user import SERVICE_USER_ID, User
from teamgram.openclaw.messenger.addressing import command_and_words, may_be_answered, names
from trial_tests.openclaw.messenger.messenger import MessengerTestCase

_AGENTS = {"agents": {"list": [{"id": "main", "default": True}, {"id": "other"}]}}


class BotTests(MessengerTestCase):
    """Two agents and a bot in one group."""

    config = _AGENTS

    async def setUp(self) -> None:
        """The group."""
        await super().setUp()
        await self.until(lambda: "other" in self.messenger.accounts.by_agent)
        self.robot = await self.users.create(phone="", first_name="Robot", now=1, is_bot=True)
        self.room = await self.group(self.ann, self.agent("other"), self.robot.id)

    async def said(self) -> list[str]:
        """What is in the group once it is quiet."""
        await self.quiet(0.3)
        return [text for _, text in await self.box(self.room)]

    async def test_agents_do_not_answer_one_another(self) -> None:
        """A question whose answer names the other agent: one answer, and then it is quiet."""
        await self.write_to(self.room, "@main_bot say @other_bot", self.ann)
        said = await self.said()
        # The echo repeats the whole line, both names in it; the other agent is named by the person too.
        self.assertEqual(len(said), 3, said)

    async def test_bot(self) -> None:
        """A bot that names the agent, also with a command. In private no bot writes to another at all."""
        await self.write_to(self.room, "@main_bot hello", self.robot)
        await self.write_to(self.room, "/new@main_bot", self.robot)
        self.assertEqual(len(await self.said()), 2)
        self.assertEqual([s.key for s in self.agents.parts.sessions if s.channel == "telegram"], [])

    async def test_forwards(self) -> None:
        """Who sends counts: a bot with a person's words gets no answer, a person with a bot's does."""
        await self.write_to(self.room, "@main_bot one", self.robot)
        (message,) = (await self.talk.messages.page(Search(self.ann.id, self.room), Page(limit=1))).messages
        now = int(reactor.seconds())
        await self.talk.messages.forward(ForwardRequest(self.ann.id, self.room, self.room, (message.id,), (77,), now))
        self.assertEqual(len(await self.said()), 3)
        page = await self.talk.messages.page(Search(self.robot.id, self.room), Page(limit=9))
        (message,) = [each for each in page.messages if each.sender_id == self.ann.id and each.text]
        await self.talk.messages.forward(ForwardRequest(self.robot.id, self.room, self.room, (message.id,), (78,), now))
        self.assertEqual(len(await self.said()), 4)

    async def test_edits(self) -> None:
        """Nobody comes in by an edit: an agent that answers each of a message's would answer what it already has."""
        for sender in (self.robot, self.ann):
            await self.write_to(self.room, "hello", sender)
            await self.quiet(0.1)
            found = (await self.talk.messages.page(Search(sender.id, self.room), Page(limit=1))).messages
            edit = EditRequest(sender.id, self.room, found[0].id, int(reactor.seconds()), text="@main_bot hello")
            await self.talk.messages.edit(edit)
        self.assertEqual(await self.said(), ["@main_bot hello"] * 2)
        await self.stop()
        await self.start()
        self.assertEqual(await self.said(), ["@main_bot hello"] * 2)

    async def test_service_account(self) -> None:
        """777000 is never answered, not even where bots are."""
        self.configure({"channels": {"telegram": {"allowBots": True}}})
        await self.talk.service_messages.send(self.bot, "Login code: 12345")
        await self.quiet(0.2)
        self.assertEqual([s.key for s in self.agents.parts.sessions if s.channel == "telegram"], [])

    async def test_told_to(self) -> None:
        """``allowBots``, while it runs: true, or what names the agent."""
        await self.write_to(self.room, "@main_bot hello", self.ann)
        self.assertEqual(len(await self.said()), 2)
        (session,) = [s for s in self.agents.parts.sessions if s.channel == "telegram"]
        session.settings = {**session.settings, "groupActivation": "always"}
        await self.write_to(self.room, "not yet", self.robot)
        self.assertEqual(len(await self.said()), 3)
        self.configure({"channels": {"telegram": {"allowBots": True}}})
        await self.write_to(self.room, "now", self.robot)
        self.assertEqual(len(await self.said()), 5)
        self.configure({"channels": {"telegram": {"allowBots": "mentions"}}})
        await self.write_to(self.room, "not named", self.robot)
        self.assertEqual(len(await self.said()), 6)
        await self.write_to(self.room, "hello @main_bot", self.robot)
        self.assertEqual(len(await self.said()), 8)
        self.configure({"channels": {"telegram": {"allowBots": "yes"}}})
        await self.write_to(self.room, "more @main_bot", self.robot)
        self.assertEqual(len(await self.said()), 9)


class WordsTests(SynchronousTestCase):
    """What a text says."""

    def test_names(self) -> None:
        """The whole name, in any case."""
        self.assertTrue(names("hey @Main_Bot, hello", "main_bot"))
        self.assertTrue(names("@main_bot", "main_bot"))
        self.assertFalse(names("hey @main_bot_two", "main_bot"))
        self.assertFalse(names("main_bot", "main_bot"))

    def test_commands(self) -> None:
        """What is typed after them, and not another bot's."""
        for text, command, words in (
            ("/new", "/new", ""),
            ("/NEW@Main_bot", "/new", ""),
            ("/new@other_bot", "", ""),
            ("/new@other_bot @main_bot", "", ""),
            ("/model@main_bot  a/b\n", "/model", "a/b"),
            ("no /new", "", ""),
            ("/", "", ""),
        ):
            self.assertEqual(command_and_words(text, "main_bot"), (command, words))

    def test_who(self) -> None:
        """Nobody, deleted accounts and the service account are never answered."""
        person, bot = User(1, 1, "1", "A"), User(2, 1, "", "B", is_bot=True)
        self.assertTrue(may_be_answered(person, None, is_named=False))
        for channel in ({"allowBots": True}, {"allowBots": "mentions"}):
            self.assertTrue(may_be_answered(bot, channel, is_named=True))
            self.assertFalse(may_be_answered(None, channel, is_named=True))
            self.assertFalse(may_be_answered(User(3, 1, "", "", is_deleted=True), channel, is_named=True))
            self.assertFalse(may_be_answered(User(SERVICE_USER_ID, 1, "", "T"), channel, is_named=True))
        refusing: tuple[Any, ...] = (None, [], "true", {"allowBots": "true"}, {"allowBots": 1}, {"allowBots": None})
        for refused in refusing:
            self.assertFalse(may_be_answered(bot, refused, is_named=True), refused)
        self.assertFalse(may_be_answered(bot, {"allowBots": "mentions"}, is_named=False))
