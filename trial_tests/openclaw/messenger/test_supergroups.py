"""Agents in supergroups and their topics."""

from twisted.internet import reactor

from teamgram.domain.channels.channel import Kind
from teamgram.domain.channels.channels import NewChannel
from teamgram.domain.chats.chats import Actor
from teamgram.domain.forums.topics import NewTopic
from teamgram.domain.ids.peer import marked_channel
from teamgram.domain.messages.history import Page, Search
from teamgram.domain.messages.sending import SendRequest
from teamgram.domain.users.user import User
from trial_tests.openclaw.messenger.messenger import MessengerTestCase


class SupergroupTests(MessengerTestCase):
    """A supergroup of Ann's with the agent in it."""

    async def setUp(self) -> None:
        """The group."""
        await super().setUp()
        self.actor = Actor(self.ann.id, int(reactor.seconds()))
        self.channel_id, _ = await self.talk.channels.create(self.actor, NewChannel(Kind.MEGAGROUP, "Room"))
        self.room = marked_channel(self.channel_id)
        await self.talk.joining.invite(self.actor, self.channel_id, [self.bot])

    async def say(self, text: str, reply_to: int = 0, who: User | None = None) -> None:
        """Somebody says something there."""
        self._written += 1
        sender = who or self.ann
        now = int(reactor.seconds())
        request = SendRequest(sender.id, self.room, text, 1_000 + self._written, now, reply_to_id=reply_to)
        await self.talk.messages.send(request)

    async def said(self, count: int) -> list[str]:
        """What the agent said there once it is so much and nothing runs."""

        async def there() -> bool:
            return len(await self.found()) >= count and self.agents.parts.runs.active() == 0

        await self.until(there)
        await self.quiet()
        return await self.found()

    async def found(self) -> list[str]:
        """What the agent said there, the first thing first."""
        page = await self.talk.messages.page(Search(self.room, self.room, viewer_id=self.ann.id), Page(limit=100))
        ordered = sorted(page.messages, key=lambda one: one.id)
        return [one.text for one in ordered if one.sender_id == self.bot and one.text]

    async def test_answers(self) -> None:
        """What names it, commands with its name, nothing else; what was said while it was away, once."""
        await self.say("nobody in particular")
        await self.say("@main_bot hello")
        self.assertEqual(await self.said(1), ["Ann: @main_bot hello"])
        await self.say("/status@main_bot")
        self.assertTrue((await self.said(2))[1].startswith("Model: "))
        (session,) = [one for one in self.agents.parts.sessions if one.channel == "telegram"]
        self.assertEqual(session.key, f"agent:main:telegram:group:{self.room}")
        await self.stop()
        await self.say("@main_bot are you there?")
        await self.start()
        self.assertEqual((await self.said(3))[2], "Ann: @main_bot are you there?")
        await self.stop()
        await self.start()
        await self.quiet(0.3)
        self.assertEqual(len(await self.found()), 3)

    async def test_history(self) -> None:
        """``historyLimit``: what was said there since it spoke."""
        self.configure({"channels": {"telegram": {"historyLimit": 5}}})
        await self.say("one")
        await self.say("@main_bot and now?")
        said = "[said in the group before]\nAnn: one\n[end]\nAnn: @main_bot and now?"
        self.assertEqual(await self.said(1), [said])

    async def test_who(self) -> None:
        """The rules of groups hold there, too."""
        self.configure({"channels": {"telegram": {"groupPolicy": "allowlist", "groupAllowFrom": []}}})
        await self.say("@main_bot hello")
        await self.quiet(0.3)
        self.assertEqual(await self.found(), [])
        self.messenger.owners.file.add(self.ann.id)
        await self.say("@main_bot again")
        self.assertEqual(await self.said(1), ["Ann: @main_bot again"])

    async def test_topics(self) -> None:
        """Each topic is a conversation of its own, and is answered in it."""
        await self.talk.topics.set_forum(self.actor, self.channel_id, True, False)
        change = await self.talk.topics.create(self.actor, self.channel_id, NewTopic("Cats"), 7)
        (topic,) = change.messages
        await self.say("@main_bot about cats", topic)
        self.assertEqual(await self.said(1), ["Ann: @main_bot about cats"])
        page = await self.talk.messages.page(Search(self.room, self.room, viewer_id=self.ann.id), Page(limit=1))
        self.assertEqual(page.messages[0].extra.thread_id, topic)
        (session,) = [one for one in self.agents.parts.sessions if one.channel == "telegram"]
        self.assertEqual(session.key, f"agent:main:telegram:group:{self.room}:topic:{topic}")
        await self.say("/help@main_bot", topic)
        await self.said(2)
        page = await self.talk.messages.page(Search(self.room, self.room, viewer_id=self.ann.id), Page(limit=1))
        self.assertEqual(page.messages[0].extra.thread_id, topic)
