"""Agents as accounts of the messenger: a real database, real accounts, real runs."""

import itertools
import shutil
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from teamgram.cache.bus import MemoryBus
from teamgram.domain.chats.chat import Banned
from teamgram.domain.chats.chats import Actor
from teamgram.domain.contacts.contacts import Contacts
from teamgram.domain.dialogs.dialogs import Dialogs
from teamgram.domain.messages.text import MAX_LENGTH
from teamgram.openclaw.agent.providers.model_api import ProviderError
from teamgram.openclaw.agent.recovery import INTERRUPTED
from teamgram.openclaw.gateway.errors import GatewayError
from teamgram.openclaw.messenger import activity
from trial_tests.openclaw.messenger.messenger import MessengerTestCase


class MessengerTests(MessengerTestCase):
    """A person writes, the agent answers."""

    async def test_account(self) -> None:
        """The agent is a bot with a username, the same one after a restart."""
        peer = await self.users.resolve_username("main_bot")
        self.assertEqual(peer.id, self.bot)
        self.assertTrue((await self.users.require(self.bot)).is_bot)
        before = self.bot
        await self.stop()
        (self.directory / "openclaw/messenger.json").unlink()
        await self.start()
        self.assertEqual(self.bot, before)

    async def test_answer(self) -> None:
        """What is written becomes a run of a session that the control plane shows, and the reply is one message."""
        await self.write("hello agent")
        self.assertEqual(await self.answers(1), ["hello agent"])
        (session,) = [s for s in self.agents.parts.sessions if s.channel == "telegram"]
        self.assertEqual(session.key, f"agent:main:telegram:direct:{self.ann.id}")
        self.assertEqual((session.kind, session.display_name, session.messages), ("dm", "Ann", 2))

    async def test_streams_as_edits(self) -> None:
        """A slow reply grows by edits of one message."""
        seen: list[str] = []
        real = self.talk.messages.edit

        async def edit(request: Any) -> Any:
            seen.append(request.text)
            return await real(request)

        self.messenger._domain.messages.edit = edit
        await self.write("hi chunks=8 delay=0.3")
        (text,) = await self.answers(1)
        self.assertEqual(text, " ".join(f"word{n}" for n in range(8)))
        self.assertGreaterEqual(len(seen), 2)
        self.assertTrue(all(later.startswith(earlier) for earlier, later in itertools.pairwise(seen)))

    async def test_long_answer(self) -> None:
        """A reply longer than a message may be comes in several."""
        await self.write("size=9000")
        said = await self.answers(3)
        self.assertEqual([len(text) <= MAX_LENGTH for text in said], [True] * 3)
        self.assertIn("quick brown fox", said[2])

    async def test_failure_is_told(self) -> None:
        """A failed run says so in the chat."""
        await self.write("FAIL400")
        (text,) = await self.answers(1)
        self.assertTrue(text.startswith("⚠️ "))

    async def test_commands(self) -> None:
        """/stop and /new."""
        await self.write("hi chunks=100 delay=0.1", 1)
        await self.until(lambda: self.agents.parts.runs.active() == 1)
        await self.write("/stop", 2)
        await self.until(lambda: self.agents.parts.runs.active() == 0)
        await self.write("/new", 3)
        await self.until(lambda: self._last("A new conversation begins."))

    async def _last(self, text: str) -> bool:
        return (await self.box())[-1] == (False, text)

    async def test_strangers_may_little(self) -> None:
        """A session that a person opened has no tools that reach files, devices or others."""
        await self.write("hello")
        await self.answers(1)
        (session,) = [s for s in self.agents.parts.sessions if s.channel == "telegram"]
        names = {spec.name for spec in self.agents.parts.tools.specs(self.agents.parts.roster.default, session)}
        self.assertEqual(names, {"current_time", "session_status", "ask_user"})

    async def test_written_while_down(self) -> None:
        """What came while no agent listened is answered at the next start, and only once."""
        await self.write("first", 1)
        await self.answers(1)
        await self.stop()
        await self.write("second", 2)
        await self.start()
        self.assertEqual(await self.answers(2), ["first", "second"])
        await self.stop()
        await self.start()
        await deferLater(reactor, 0.3, lambda: None)
        self.assertEqual(await self.answers(2), ["first", "second"])

    async def test_killed_in_mid_turn(self) -> None:
        """Whoever waits for an answer that ``kill -9`` cut off is told in their chat, once, however often it starts."""
        await self.write("chunks=200 delay=0.2")

        async def begun() -> bool:
            return any("word1" in text for _, text in await self.box())

        await self.until(begun)
        state, killed = self.directory / "openclaw", self.directory / "killed"
        shutil.copytree(state, killed)
        await self.stop()
        shutil.rmtree(state)
        shutil.copytree(killed, state)
        await self.start()

        async def marked() -> bool:
            return (await self.box())[-1][1].endswith(f"⚠️ {INTERRUPTED}")

        await self.until(marked)
        # Below the words that were shown, not in a message of its own.
        self.assertTrue((await self.box())[-1][1].startswith("word0 word1"))
        await self.stop()
        await self.start()
        await self.quiet()
        self.assertEqual([INTERRUPTED in text for _, text in await self.box()].count(True), 1)

    async def test_who_blocked_the_agent(self) -> None:
        """``send`` does not reach who has blocked the agent's account, and says so."""
        await self.write("hello agent")
        await self.answers(1)
        contacts = Contacts(self.database, MemoryBus())
        await contacts.block(self.ann.id, self.bot, 1)
        before = await self.box()
        failure = await self.assertFailure(
            Deferred.fromCoroutine(
                self.agents.deliveries.deliver(f"{self.ann.id}", "read me", "telegram", "key", "main", frozenset())
            ),
            GatewayError,
        )
        self.assertIn("OutboundDeliveryError", failure.message)
        self.assertEqual(await self.box(), before)
        await contacts.unblock(self.ann.id, self.bot, 1)
        await self.agents.deliveries.deliver(f"{self.ann.id}", "read me", "telegram", "key 2", "main", frozenset())
        self.assertEqual((await self.box())[-1], (False, "read me"))

    async def test_blocked(self) -> None:
        """Whoever has blocked the agent hears nothing from it: no ``send``, and not the end of a reply."""
        await self.write("hi chunks=30 delay=0.05")
        await self.until(lambda: self.box_has("word0"))
        await self.contacts.block(self.ann.id, self.bot, int(reactor.seconds()))
        await self.until(lambda: self.agents.parts.runs.active() == 0)
        await self.quiet(0.2)
        (said,) = [text for out, text in await self.box() if not out]
        self.assertNotIn("word29", said)
        with self.assertRaisesRegex(GatewayError, "BlockedByPeer"):
            await self.deliver(str(self.ann.id))
        self.assertEqual(len(await self.box()), 2)

    async def box_has(self, text: str) -> bool:
        """Whether the agent has said that."""
        return any(text in each for out, each in await self.box() if not out)

    async def deliver(self, to: str) -> dict[str, Any]:
        """What ``send`` answers."""
        granted = frozenset({"operator.write"})
        return await self.agents.deliveries.deliver(to, "hello", "telegram", f"key {to}", "main", granted)

    async def test_send_where_it_may_not(self) -> None:
        """Not to another agent or bot, not into a group that forbids it, nor one it is not in."""
        robot = await self.users.create(phone="", first_name="Robot", now=1, is_bot=True)
        muted = await self.group(self.ann, banned=int(Banned.SEND_MESSAGES | Banned.SEND_PLAIN))
        actor = Actor(self.ann.id, int(reactor.seconds()))
        elsewhere = (await self.talk.chats.create(actor, [robot.id], "Elsewhere")).chat_id
        for to in (robot.id, muted, -elsewhere, self.ann.id + 1000):
            with self.assertRaises(GatewayError):
                await self.deliver(str(to))
        self.assertEqual(await self.box(-elsewhere), [])
        self.assertEqual(await self.box(muted), [])

    async def test_send(self) -> None:
        """``send`` writes to a person by id, name or number; once per key."""
        await self.users.set_username(self.ann.id, "annanna")
        for to in (str(self.ann.id), "@annanna", "+4915100000001"):
            await self.agents.deliveries.deliver(to, f"for {to}", "telegram", f"key {to}", "main", frozenset())
        await self.agents.deliveries.deliver(
            "@annanna", "for @annanna", "telegram", "key @annanna", "main", frozenset()
        )
        self.assertEqual(len(await self.box()), 3)

    async def test_send_of_any_length(self) -> None:
        """Ten thousand characters come whole, in several messages, once."""
        text = "\n".join(f"line {number} " + "x" * 90 for number in range(100))
        for _ in range(2):
            await self.agents.deliveries.deliver(str(self.ann.id), text, "telegram", "long", "main", frozenset())
            self.agents.deliveries._known.clear()
        said = [each for out, each in await self.box() if not out]
        self.assertEqual("\n".join(said), text)
        self.assertEqual(len(said), 3)

    async def test_announcement(self) -> None:
        """A job's answer reaches whom it names; the log says so."""
        job = await self.agents.cron.add(
            {
                "name": "tea",
                "schedule": {"kind": "every", "everyMs": 3_600_000},
                "payload": {"kind": "agentTurn", "message": "time for tea"},
                "delivery": {"mode": "announce", "channel": "telegram", "to": str(self.ann.id)},
            }
        )
        self.agents.cron.run(job)
        await self.until(lambda: len(self.agents.cron.log) == 1)
        self.assertEqual([text for out, text in await self.box() if not out], ["time for tea"])
        self.assertEqual(self.agents.cron.log[0]["deliveryStatus"], "delivered")

    async def test_while_the_model_fails(self) -> None:
        """The person sees that the agent types, and after a while a word, which the answer replaces."""
        self.patch(activity, "TYPING_SECONDS", 0.1)
        self.patch(activity, "WORD_SECONDS", 0.2)
        typed: list[int] = []
        real = self.talk.dialogs.say_typing

        async def typing(user_id: int, other_id: int, *more: Any) -> None:
            typed.append(other_id)
            await real(user_id, other_id, *more)

        self.patch(Dialogs, "say_typing", lambda dialogs, *args: typing(*args))
        provider = self.agents.parts.catalog.provider("echo")
        answer = provider.complete
        failures = [ProviderError("busy", reason="overloaded", retryable=True)]

        async def complete(*args: Any) -> Any:
            if failures:
                raise failures.pop()
            return await answer(*args)

        provider.complete = complete
        await self.write("hello")
        await self.until(lambda: self.box_has("⏳ Provider temporarily unavailable"))
        self.assertEqual(await self.answers(1), ["hello"])
        self.assertGreater(len(typed), 3)
        self.assertEqual(set(typed), {self.ann.id})
        count = len(typed)
        await self.quiet(0.3)
        self.assertEqual(len(typed), count)
