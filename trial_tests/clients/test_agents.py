"""Agents in the messenger as people have them: Telethon against the real server, and the operator's command line."""

import re
from typing import Any

from trial_tests.clients.bot_talk import SECONDS_TO_SEE, BotTalk
from trial_tests.clients.process import ClientProcess


class AgentTests(BotTalk):
    """One server as it is shipped."""

    async def let_in(self, person: ClientProcess, *more: str) -> list[Any]:
        """A new person's first words with the agent, and the operator's; the agent to the person."""
        agent = ["user", (await person.do("resolve", username="main_bot"))["id"]]
        await person.do("send", peer=agent, text="hello")
        told = await person.event("new_message", SECONDS_TO_SEE)
        while "pairing code" not in told["text"]:
            told = await person.event("new_message", SECONDS_TO_SEE)
        match = re.search(r"teamgram (pairing approve \w+)", told["text"])
        assert match is not None, told["text"]
        answer = await self.teamgram(*match[1].split(), *more)
        self.assertEqual(answer["senderId"], str(person.user["id"]))
        await person.event("new_message", SECONDS_TO_SEE, text="You are let in. Write, and I answer.")
        return agent

    async def test_first_meeting(self) -> None:
        """A stranger is told what the operator has to type, and talks when it was typed; the next one is one again."""
        ada = await self.sign_up("telethon", "Ada")
        agent = await self.let_in(ada, "--owner")
        await ada.do("send", peer=agent, text="how are you?")
        await ada.event("new_message", SECONDS_TO_SEE, text="how are you?")
        await ada.do("send_raw", peer=agent, text="**bold** and\n```py\nx = 1\n```", random_id=7)
        said = await ada.event("new_message", SECONDS_TO_SEE, text="bold and\nx = 1")
        parts = await ada.do("entities", peer=agent, id=said["id"])
        self.assertEqual(parts, [["MessageEntityBold", 0, 4, ""], ["MessageEntityPre", 9, 5, "py"]])
        await ada.do("send", peer=agent, text="/model")
        asked = await ada.event("new_message", SECONDS_TO_SEE, text="The model is echo/echo.")
        self.assertEqual(await ada.do("keyboard", peer=agent, id=asked["id"]), [["echo/echo"]])
        told = await ada.do("press", peer=agent, id=asked["id"], data="model:echo/echo")
        self.assertEqual(told, "The model is echo/echo from now on.")
        await ada.event("edited", SECONDS_TO_SEE, id=asked["id"])
        self.assertIn("new", await ada.do("bot_commands", user=agent[1]))
        await self.files_both_ways(ada, agent)
        bob = await self.sign_up("telethon", "Bob")
        await bob.do("resolve", username="main_bot")
        await bob.do("send", peer=agent, text="hello")
        told = await self.teamgram("pairing", "list")
        for _ in range(100):
            if told["requests"]:
                break
            told = await self.teamgram("pairing", "list")
        self.assertEqual([each["senderLabel"] for each in told["requests"]], ["Bob"])
        self.assertEqual([each["name"] for each in told["people"]], ["Ada"])
        self.assertTrue(told["commandOwnerConfigured"])
        await self.teamgram("pairing", "dismiss", told["requests"][0]["requestId"])
        self.assertEqual((await self.teamgram("pairing", "list"))["requests"], [])

    async def files_both_ways(self, ada: ClientProcess, agent: list[Any]) -> None:
        """A text file is read to the agent; what is too long for a chat comes as a document."""
        path = self.directory / "list.txt"
        path.write_text("milk and bread")
        await ada.do("send_file", peer=agent, path=str(path), caption="look")
        for _ in range(100):
            said = (await ada.do("history", peer=agent, limit=1))[0]
            if "milk and bread" in said["text"]:
                break
        self.assertIn("milk and bread", said["text"])
        await ada.do("send", peer=agent, text="size=40000")
        file = await ada.event("new_message", SECONDS_TO_SEE, text="📄 The whole answer.")
        got = self.directory / "reply.md"
        await ada.do("download", peer=agent, id=file["id"], path=str(got))
        self.assertGreater(got.stat().st_size, 39_000)
