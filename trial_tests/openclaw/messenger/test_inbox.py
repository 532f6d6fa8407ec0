"""What somebody writes to an agent never keeps the next one from being heard."""

from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import maybeDeferred

from teamgram.domain.chats.chat import Banned
from teamgram.domain.chats.chats import Actor
from teamgram.domain.ids.peer import chat_id_of
from teamgram.domain.messages.sending import SendRequest
from teamgram.openclaw.messenger import inbox
from trial_tests.openclaw.messenger.messenger import MessengerTestCase

_MUTE = int(Banned.SEND_MESSAGES | Banned.SEND_PLAIN)


class InboxTests(MessengerTestCase):
    """Strangers who try to silence the agent."""

    async def test_reset_where_the_agent_may_not_write(self) -> None:
        """A group in which only admins write, and a command whose answer is refused: passed, logged and counted."""
        mallory = await self.person(1, "Mallory")
        group = await self.group(mallory, banned=_MUTE)
        await self.write_to(group, "/new@main_bot", mallory)
        await self.write("are you there?")
        self.assertEqual(await self.answers(1), ["are you there?"])
        self.assertEqual(self.metric("openclaw_messenger_passed_messages_total"), 1)
        self.assertEqual(await self.box(group, mallory), [(True, "/new@main_bot")])
        self.assertEqual(self.flushLoggedErrors(), [])

    async def test_also_after_a_restart(self) -> None:
        """What came while nobody listened is passed as well, and not looked at again."""
        mallory = await self.person(1, "Mallory")
        group = await self.group(mallory, banned=_MUTE)
        await self.quiet()
        await self.stop()
        await self.write_to(group, "/new@main_bot", mallory)
        await self.write("still there?")
        await self.start()
        self.assertEqual(await self.answers(1), ["still there?"])
        await self.stop()
        await self.start()
        await self.write("and now?", 2)
        self.assertEqual(await self.answers(2), ["still there?", "and now?"])
        self.assertEqual(self.metric("openclaw_messenger_passed_messages_total"), 0)

    async def test_whatever_is_raised(self) -> None:
        """A fault of ours in one message."""
        real = self.messenger.turns.start

        async def start_run(account: Any, album: Any, *more: Any) -> None:
            if album[0].text == "poison":
                raise ZeroDivisionError
            await real(account, album, *more)

        self.messenger.turns.start = start_run
        await self.write("poison", 1)
        await self.write("bread", 2)
        self.assertEqual(await self.answers(1), ["bread"])
        self.assertEqual(self.metric("openclaw_messenger_passed_messages_total"), 1)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    async def test_no_model_for_nobody(self) -> None:
        """The agent is asked in a group where it may not answer: nothing is begun."""
        mallory = await self.person(1, "Mallory")
        group = await self.group(mallory, banned=_MUTE)
        await self.write_to(group, "@main_bot hello", mallory)
        await self.until(lambda: self.metric("openclaw_messenger_passed_messages_total") == 1)
        self.assertEqual([s.messages for s in self.agents.parts.sessions if s.channel == "telegram"], [0])

    async def test_reply_that_is_refused(self) -> None:
        """A group that is silenced while the agent thinks: counted, and nothing else happens."""
        mallory = await self.person(1, "Mallory")
        group = await self.group(mallory)
        await self.write_to(group, "@main_bot chunks=5 delay=0.1", mallory)
        await self.until(lambda: self.agents.parts.runs.active() == 1)
        actor = Actor(mallory.id, int(reactor.seconds()))
        await self.talk.chats.set_default_banned_rights(actor, chat_id_of(group), _MUTE)
        await self.until(lambda: self.metric("openclaw_messenger_unshown_replies_total") == 1)
        await self.write("are you there?")
        self.assertEqual(await self.answers(1), ["are you there?"])
        self.assertEqual(self.flushLoggedErrors(), [])

    async def test_log_that_cannot_be_read(self) -> None:
        """It is read again a while later, without anybody writing once more."""
        self.patch(inbox, "RETRY_SECONDS", 0.05)
        real, failing = self.talk.log.difference, [True]

        async def difference(*args: Any) -> Any:
            if failing.pop() if failing else False:
                raise OSError("the disk is away")
            return await real(*args)

        self.messenger.inbox._updates.difference = difference
        await self.write("hello")
        self.assertEqual(await self.answers(1), ["hello"])
        self.assertEqual(self.metric("openclaw_messenger_failed_reads_total"), 1)
        self.assertEqual(len(self.flushLoggedErrors(OSError)), 1)

    async def test_deleted_while_it_grows(self) -> None:
        """A reply whose first message is deleted meanwhile is shown to its end."""
        await self.write("size=9000")
        real = self.talk.messages.send

        async def send(request: SendRequest) -> Any:
            sent = await real(request)
            if request.sender_id == self.bot:
                ids = [message_id for _, message_id in sent.ids]
                await self.talk.messages.delete(self.bot, ids, revoke=True, now=int(reactor.seconds()))
            return sent

        self.messenger._domain.messages.send = send
        await self.quiet(0.3)
        self.assertEqual(self.metric("openclaw_messenger_unshown_replies_total"), 0)


class TwoAgentsTests(MessengerTestCase):
    """Accounts of several agents."""

    config = {"agents": {"list": [{"id": "main", "default": True}, {"id": "left"}, {"id": "right"}]}}

    async def test_one_without_an_account(self) -> None:
        """A person who has taken all names of one agent does not keep the others out."""
        await self.until(lambda: len(self.messenger.accounts.by_agent) == 3)
        await self.stop()
        (self.directory / "openclaw/messenger.json").unlink()
        real = self.messenger._domain.users.resolve_username

        async def resolve(username: str) -> Any:
            return await real("ann_ann" if username.startswith("left") else username)

        await self.users.set_username(self.ann.id, "ann_ann")
        self.messenger._domain.users.resolve_username = resolve
        await self.start()
        await self.until(lambda: set(self.messenger.accounts.by_agent) == {"main", "right"})
        self.assertEqual(len(self.flushLoggedErrors()), 1)
        del self.users.resolve_username
        await maybeDeferred(self.stop)
