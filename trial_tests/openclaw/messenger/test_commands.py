"""An agent's menu, and its buttons: for whoever may."""

from typing import Any

from teamgram.domain.bots.callbacks import CallbackAnswer
from teamgram.domain.boxes.message import Message
from teamgram.domain.messages.history import Page, Search
from teamgram.domain.users.user import User
from teamgram.mtproto.tl import decode
from teamgram.openclaw.agent.providers.model_api import ToolCall
from teamgram.openclaw.agent.tools.registry import EXECUTE, Tool, ToolContext, parameters
from teamgram.openclaw.approvals import pressed
from trial_tests.openclaw.agent.test_runner import Played, says, wants
from trial_tests.openclaw.messenger.messenger import MessengerTestCase


class MenuTestCase(MessengerTestCase):
    """Somebody types and presses."""

    config = {"models": {"providers": {"one": {"baseUrl": "http://x", "models": [{"id": "a"}, {"id": "b" * 60}]}}}}

    def own(self, person: User) -> None:
        """The operator names an owner."""
        self.messenger.owners.file.add(person.id)

    async def last(self, owner: User | None = None) -> Message:
        """The newest message of a person's with the agent."""
        page = await self.talk.messages.page(Search((owner or self.ann).id, self.bot), Page(limit=1))
        return page.messages[0]

    def buttons(self, message: Message) -> list[list[tuple[str, str]]]:
        """What stands below it."""
        if not message.extra.reply_markup:
            return []
        rows: Any = decode(message.extra.reply_markup).rows
        return [[(button.text, button.type.data.decode()) for button in row.buttons] for row in rows]

    async def press(self, message: Message, data: str, who: User | None = None) -> CallbackAnswer:
        """Somebody presses that below a message of theirs."""
        person = who or self.ann
        return await self.talk.callbacks.press(person.id, self.bot, message.id, data.encode(), lambda *_: True)

    async def said(self, start: str, owner: User | None = None) -> Message:
        """The newest message, once it begins so."""

        async def there() -> Message | None:
            message = await self.last(owner)
            return message if message.text.startswith(start) else None

        found: Message = await self.until(there)
        return found


class CommandTests(MenuTestCase):
    """What is typed."""

    async def test_menu(self) -> None:
        """Apps are offered the commands, the operator's own among them, also after a change; and a word about it."""
        await self.until(lambda: self.talk.bots.get([self.bot]))
        await self.until(self.described)
        details = (await self.talk.bots.require(self.bot)).details
        self.assertEqual([each.command for each in details.commands[0].commands][:3], ["new", "stop", "status"])
        named = (("/Weather", "How it is"), ("new", "Not this one"), ("no name", "x"))
        custom = [{"command": name, "description": about} for name, about in named]
        self.configure({"channels": {"telegram": {"customCommands": custom}}})

        async def offered() -> bool:
            commands = (await self.talk.bots.require(self.bot)).details.commands[0].commands
            return [each.command for each in commands][-2:] == ["help", "weather"]

        await self.until(offered)
        await self.write("/help")
        self.assertIn("/new: Begin a new conversation", (await self.answers(1))[0])
        await self.write("/weather in Rome", 2)
        self.assertEqual((await self.answers(2))[1], "/weather in Rome")

    async def described(self) -> bool:
        """Whether it says who it is."""
        return bool((await self.talk.bots.require(self.bot)).details.description)

    async def test_status(self) -> None:
        """What the conversation is; it is no message to the agent."""
        await self.write("/status@main_bot")
        (said,) = await self.answers(1)
        self.assertTrue(said.startswith("Model: echo/echo"), said)
        self.assertIn("Waiting for you.", said)
        (session,) = [s for s in self.agents.parts.sessions if s.channel == "telegram"]
        self.assertEqual(session.messages, 0)

    async def test_for_owners(self) -> None:
        """Others neither choose the model nor have anything summed up."""
        for number, text in enumerate(("/model one/a", "/compact"), 1):
            await self.write(text, number)
        for said in await self.answers(2):
            self.assertTrue(said.startswith("⚠️ That is for the agents' owners"), said)
        (session,) = [s for s in self.agents.parts.sessions if s.channel == "telegram"]
        self.assertEqual(session.model, "")
        await self.write("/model", 3)
        await self.said("The model is echo/echo.")
        self.assertEqual(self.buttons(await self.last()), [])
        self.own(self.ann)
        await self.write("/compact", 4)
        await self.said("There is nothing to sum up.")

    async def test_model(self) -> None:
        """An owner types or presses which; what does not fit into a button is typed."""
        self.own(self.ann)
        await self.write("/model nobody/a")
        await self.said("⚠️ No provider nobody")
        await self.write("/model", 2)
        asked = await self.said("The model is echo/echo.")
        self.assertEqual(self.buttons(asked), [[("echo/echo", "model:echo/echo")], [("one/a", "model:one/a")]])
        answer = await self.press(asked, "model:one/a")
        self.assertEqual((answer.text, answer.alert), ("The model is one/a from now on.", False))
        shown = await self.said("The model is echo/echo.\n\nThe model is one/a")
        self.assertEqual(self.buttons(shown), [])
        (session,) = [s for s in self.agents.parts.sessions if s.channel == "telegram"]
        self.assertEqual(session.model, "one/a")


class ButtonTests(MenuTestCase):
    """What is pressed."""

    config = {
        "models": {"providers": {"one": {"baseUrl": "http://x"}}},
        "agents": {"defaults": {"model": "one/a"}},
    }

    def play(self, *steps: Any) -> None:
        """Let the agent's model do these steps."""
        played = Played(*steps)
        self.agents.parts.catalog.provider = lambda asked: played

    async def asked(self) -> tuple[Message, list[str]]:
        """An owner who is asked whether a button of the agent's may be pressed; what was pressed."""
        done: list[str] = []

        def push(arguments: dict[str, Any], context: ToolContext) -> str:
            done.append("red")
            return "pushed"

        self.agents.parts.tools.add(Tool("push", "Push a button.", parameters({}), push, effect=EXECUTE))
        self.play(says("hello"), wants(ToolCall("c", "push", {})), says("It is done."))
        self.own(self.ann)
        await self.write("hi")
        await self.answers(1)
        (session,) = [s for s in self.agents.parts.sessions if s.channel == "telegram"]
        session.settings = {"permissionMode": "guarded"}
        await self.write("push", 2)
        return await self.said("🔒"), done

    async def test_approval(self) -> None:
        """The owner presses, and the message says what became of it; a second press comes too late."""
        message, done = await self.asked()
        (row,) = self.buttons(message)
        self.assertEqual([words for words, _ in row], ["✅ Once", "⛔ Deny"])
        answer = await self.press(message, row[0][1])
        self.assertEqual(answer.text, "✅ Allowed this once: push wants to be used")
        await self.said("It is done.")
        self.assertEqual(done, ["red"])

        async def shown() -> bool:
            found = (await self.talk.messages.get(self.ann.id, [message.id]))[message.id]
            return found.text.endswith(answer.text) and not found.extra.reply_markup

        await self.until(shown)
        late = await self.press(message, row[1][1])
        self.assertEqual((late.text, late.alert), ("⚠️ approval already resolved", True))

    async def test_denied(self) -> None:
        """No is no."""
        message, done = await self.asked()
        await self.press(message, self.buttons(message)[0][1][1])
        await self.said("It is done.")
        self.assertEqual(done, [])

    async def test_who_may_not(self) -> None:
        """Who is no owner decides nothing, and who may not talk to the agent presses nothing at all."""
        message, done = await self.asked()
        (row,) = self.buttons(message)
        bob = await self.person(1, "Bob")
        await self.write("hello", 1, bob)
        theirs = await self.last(bob)
        # Bob has a message of the agent's too; whether its own buttons are there is the client's side's to check.
        await self.until(self.agent_answered(bob))
        theirs = await self.last(bob)
        refused = await self.press(theirs, row[0][1], bob)
        self.assertEqual((refused.text, refused.alert), ("⚠️ You may not approve anything here.", True))
        self.configure({"channels": {"telegram": {"dmPolicy": "allowlist", "allowFrom": []}}})
        refused = await self.press(theirs, row[0][1], bob)
        self.assertEqual((refused.text, refused.alert), ("⚠️ You may not press that.", True))
        self.assertEqual(done, [])
        await self.agents.parts.lanes.shutdown()

    def agent_answered(self, person: User) -> Any:
        """Whether the newest message of somebody's is the agent's."""

        async def answered() -> bool:
            return not (await self.last(person)).out

        return answered

    async def test_question(self) -> None:
        """An option pressed is the answer; from another conversation it is none."""
        call = ToolCall("c", "ask_user", {"question": "Which size?", "options": ["small", "large"]})
        self.play(wants(call), says("A large one it is."))
        await self.write("I want a shirt")
        message = await self.said("❓")
        rows = self.buttons(message)
        self.assertEqual([words for ((words, _),) in rows], ["small", "large"])
        bob = await self.person(1, "Bob")
        self.play(says("hello Bob"))
        await self.write("hi", 1, bob)
        theirs = await self.said("hello Bob", bob)
        refused = await self.press(theirs, rows[1][0][1], bob)
        self.assertEqual(refused.text, "⚠️ That was not asked here.")
        self.play(says("A large one it is."))
        answer = await self.press(message, rows[1][0][1])
        self.assertEqual(answer.text, "✓ large")

    async def test_what_has_no_buttons(self) -> None:
        """Secrets, several answers, long ids: these are typed or answered in a client."""
        option = {"label": "a"}
        question: dict[str, Any] = {"questionId": "q", "question": "?", "options": [option]}
        self.assertEqual(pressed.question_buttons({"id": "i", "questions": [question]}), [[("a", "answer:0:i")]])
        for record in (
            {"id": "i", "questions": [question, question]},
            {"id": "i", "questions": [{**question, "isSecret": True}]},
            {"id": "i", "questions": [{**question, "multiSelect": True}]},
            {"id": "i" * 60, "questions": [question]},
        ):
            self.assertEqual(pressed.question_buttons(record), [])
        self.play(says("hello"))
        await self.write("hello")
        await self.answers(1)
        told = await self.press(await self.last(), "anything:else")
        self.assertEqual(told.text, "⚠️ That is over.")
