"""What every library's bot does with a person on Telethon: a first day, and what more it was made for."""

import json
from typing import Any

from twisted.internet.utils import getProcessOutputAndValue

from trial_tests.clients.house import HouseTestCase
from trial_tests.clients.process import PROJECT, ClientProcess, start_client

SECONDS_TO_SEE = 8


class BotTalk(HouseTestCase):
    """A server, on which webhooks may lead to this machine."""

    def configure(self) -> None:
        """Webhooks may lead to this machine."""
        self.server.change("botapi.yaml", {"AllowPrivateWebhooks": True})

    async def teamgram(self, *words: str) -> Any:
        """What a command of the command line prints, as JSON."""
        where = ("--config", str(self.server.config), "--data-dir", str(self.server.data_dir), "--json")
        program = str(PROJECT / ".venv/bin/teamgram")
        output, errors, code = await getProcessOutputAndValue(program, [*words, *where])
        self.assertEqual(code, 0, errors)
        return json.loads(output)

    @property
    def root(self) -> str:
        """The Bot API's address."""
        return f"http://127.0.0.1:{self.server.bot_api_port}"

    async def begin(
        self, library: str, program: tuple[str, ...], person: ClientProcess
    ) -> tuple[ClientProcess, dict[str, Any]]:
        """A new bot of a person's by a library, polling, and what was made for it."""
        owner = ("--owner", f"+{person.user['phone']}")
        made = await self.teamgram("bots", "create", f"{library}_test_bot", "--name", "Echo", *owner)
        bot: ClientProcess = await start_client(self.reactor, program, library)
        self.clients.append(bot)
        self.assertEqual(await bot.do("begin", token=made["token"], root=self.root),
                         {"id": made["id"], "username": made["username"]})  # fmt: skip
        return bot, made

    async def talk(self, library: str, program: tuple[str, ...]) -> None:
        """Commands, buttons, edits, files both ways, errors; keyboards and albums; inline mode."""
        person = await self.sign_up("telethon", "Ada")
        bot, made = await self.begin(library, program, person)
        to_bot = await self.first_day(bot, made, person)
        await self.second_day(made, person, to_bot)

    async def first_day(self, bot: ClientProcess, made: dict[str, Any], person: ClientProcess) -> list[Any]:
        """Everything a bot does on its first day; who the bot is to the person."""
        found = await person.do("resolve", username=made["username"])
        self.assertEqual(found["id"], made["id"])
        to_bot = ["user", made["id"]]
        await person.do("send", peer=to_bot, text="/start")
        hello = await person.event("new_message", SECONDS_TO_SEE, text="Hello, Ada")
        self.assertEqual(await person.do("press", peer=to_bot, id=hello["id"], data="yes"), "pressed yes")
        await person.event("edited", SECONDS_TO_SEE, text="thanks", id=hello["id"])
        await person.do("send", peer=to_bot, text="good 👋 morning")
        await person.event("new_message", SECONDS_TO_SEE, text="echo: good 👋 morning")
        path, content = self.directory / "sent.bin", bytes(range(256)) * 3000
        path.write_bytes(content)
        await person.do("send_file", peer=to_bot, path=str(path))
        back = await person.event("new_message", SECONDS_TO_SEE, text=f"{len(content)} bytes")
        got = self.directory / "got.bin"
        await person.do("download", peer=to_bot, id=back["id"], path=str(got))
        self.assertEqual(got.read_bytes(), content)
        told = await bot.do("wrong", chat=person.user["id"])
        # One of them writes the beginning in its own way.
        self.assertIn("can't parse entities: can't find end of bold entity at byte offset 0", told.lower())
        [one] = [each for each in await self.teamgram("bots", "list") if each["id"] == made["id"]]
        self.assertEqual((one["username"], "token" in one), (made["username"], False))
        return to_bot

    async def second_day(self, made: dict[str, Any], person: ClientProcess, to_bot: list[Any]) -> None:
        """A keyboard in place of the usual one, an album, and inline mode."""
        await person.do("send", peer=to_bot, text="/keys")
        keys = await person.event("new_message", SECONDS_TO_SEE, text="choose")
        self.assertEqual(await person.do("keyboard", peer=to_bot, id=keys["id"]), [["A", "B"]])
        await person.do("send", peer=to_bot, text="/album")
        first = await person.event("new_message", SECONDS_TO_SEE, text="one")
        second = await person.event("new_message", SECONDS_TO_SEE, text="two")
        groups = [(await person.do("media", peer=to_bot, id=one["id"]))["grouped"] for one in (first, second)]
        self.assertTrue(groups[0])
        self.assertEqual(groups[0], groups[1])
        await self.open_inline(made["username"], person)
        sent = await person.do("ask_inline", bot=made["id"], text="words", peer=to_bot)
        self.assertEqual(sent, ["inline: words"])
        await person.event("edited", SECONDS_TO_SEE, text="chosen")

    async def open_inline(self, username: str, person: ClientProcess) -> None:
        """Its owner has it asked from other chats, and told what is chosen."""
        father = ["user", (await person.do("resolve", username="BotFather"))["id"]]
        for command, text in (("/setinline", "Ask..."), ("/setinlinefeedback", "Enabled")):
            await person.do("send", peer=father, text=command)
            await person.event("new_message", SECONDS_TO_SEE, text="Which bot?")
            await person.do("send", peer=father, text=f"@{username}")
            await person.event("new_message", SECONDS_TO_SEE, peer=father)
            await person.do("send", peer=father, text=text)
            await person.event("new_message", SECONDS_TO_SEE, peer=father)
