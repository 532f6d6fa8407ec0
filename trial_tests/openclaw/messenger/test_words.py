"""Questions and approvals in the messenger: brought to people there, and answered by typing."""

from typing import Any

from teamgram.openclaw.agent.providers.model_api import ToolCall
from teamgram.openclaw.agent.tools.registry import EXECUTE, Tool, ToolContext, parameters
from trial_tests.openclaw.agent.test_runner import Played, says, wants
from trial_tests.openclaw.messenger.messenger import MessengerTestCase


class TypedWordTests(MessengerTestCase):
    """What is typed to an agent that waits for a person."""

    config = {
        "models": {"providers": {"one": {"baseUrl": "http://x"}}},
        "agents": {"defaults": {"model": "one/a"}},
    }

    def play(self, *steps: Any) -> Played:
        """Let the agent's model do these steps."""
        played = Played(*steps)
        self.agents.parts.catalog.provider = lambda asked: played
        return played

    async def test_question(self) -> None:
        """The agent asks whoever it talks with, who answers with a number: that is no message to it."""
        call = ToolCall("c", "ask_user", {"question": "Which size?", "options": ["small", "large"]})
        played = self.play(wants(call), says("A large one it is."))
        await self.write("I want a shirt")

        async def asked() -> bool:
            return any("Which size?" in text for out, text in await self.box() if not out)

        await self.until(asked)
        await self.write("2", 2)
        said = await self.answers(3)
        self.assertEqual(said[0], "❓ Which size?\n1. small\n2. large")
        self.assertEqual(set(said[1:]), {"✓ large", "A large one it is."})
        self.assertEqual(played.asked[-1].messages[-1]["content"][0]["text"], "large")
        (session,) = [s for s in self.agents.parts.sessions if s.channel == "telegram"]
        self.assertEqual(session.messages, 4)

    async def guarded(self) -> list[str]:
        """An agent that is about to press a button in Ann's guarded conversation; what was pressed."""
        pressed: list[str] = []

        def press(arguments: dict[str, Any], context: ToolContext) -> str:
            pressed.append("red")
            return "pressed"

        self.agents.parts.tools.add(Tool("press", "Press a button.", parameters({}), press, effect=EXECUTE))
        self.play(says("hello"), wants(ToolCall("c", "press", {})), says("It is done."))
        await self.write("hi")
        await self.answers(1)
        (session,) = [s for s in self.agents.parts.sessions if s.channel == "telegram"]
        session.settings = {"permissionMode": "guarded"}
        await self.write("press", 2)
        return pressed

    async def test_owner(self) -> None:
        """An owner is asked in the chat and types the word."""
        self.configure({"commands": {"ownerAllowFrom": [f"telegram:{self.ann.id}"]}})
        pressed = await self.guarded()

        async def asked() -> bool:
            return any("Answer with: /approve" in text for out, text in await self.box() if not out)

        await self.until(asked)
        self.assertEqual(pressed, [])
        await self.write("/approve", 3)
        said = await self.answers(4)
        self.assertEqual(pressed, ["red"])
        self.assertIn("✅ Allowed this once: press wants to be used", said)
        self.assertIn("It is done.", said)

    async def test_stranger(self) -> None:
        """Nobody else is asked or heard: there is nobody to ask, so nothing is pressed."""
        pressed = await self.guarded()
        await self.answers(2)
        await self.write("/approve", 3)
        said = await self.answers(3)
        self.assertEqual(pressed, [])
        self.assertIn("⚠️ You may not approve anything here.", said)


class SwitchTests(MessengerTestCase):
    """``channels.stop`` and ``start``."""

    async def test_switch(self) -> None:
        """Stopped, nobody is answered and the status says so; started, what was written meanwhile is answered."""
        await self.messenger.switch(False)
        self.assertFalse(self.messenger.health()["channels"]["telegram"]["running"])
        await self.write("are you there?")
        await self.quiet()
        self.assertEqual([text for out, text in await self.box() if not out], [])
        await self.messenger.switch(True)
        self.assertEqual(await self.answers(1), ["are you there?"])
