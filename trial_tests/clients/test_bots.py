"""Bots by the world's libraries, unchanged but for the address, and a person on Telethon who talks to them."""

import json
from typing import Any

from twisted.internet.utils import getProcessOutputAndValue

from trial_tests.clients.house import HouseTestCase
from trial_tests.clients.process import PROJECT, ClientError, ClientProcess, start_client

SECONDS_TO_SEE = 8


class BotLibrariesTests(HouseTestCase):
    """One server, a bot for each test."""

    one_server = True

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

    async def talk(self, library: str, driver: str) -> None:
        """Everything a bot does on its first day."""
        made = await self.teamgram("bots", "create", f"{library}_test_bot", "--name", "Echo")
        program = (f".test/{library}/bin/python", driver)
        bot: ClientProcess = await start_client(self.reactor, program, library)
        self.clients.append(bot)
        self.assertEqual(await bot.do("begin", token=made["token"], root=self.root),
                         {"id": made["id"], "username": made["username"]})  # fmt: skip
        person = await self.sign_up("telethon", "Ada")
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

    async def test_python_telegram_bot(self) -> None:
        """python-telegram-bot."""
        await self.talk("ptb", "ptb_driver.py")

    async def test_aiogram(self) -> None:
        """aiogram."""
        await self.talk("aiogram", "aiogram_driver.py")

    async def test_over_mtproto(self) -> None:
        """Telethon signs in as a bot by its token, and is put out when the token is revoked."""
        made = await self.teamgram("bots", "create", "mtproto_test_bot")
        bot = await self.connect("telethon", "bot")
        self.assertEqual((await bot.do("bot_sign_in", token=made["token"]))["id"], made["id"])
        person = await self.sign_up("telethon", "Ada")
        await person.do("resolve", username="mtproto_test_bot")
        await person.do("send", peer=["user", made["id"]], text="hello")
        await bot.event("new_message", SECONDS_TO_SEE, text="hello")
        await bot.do("send", peer=["user", person.user["id"]], text="hello yourself")
        await person.event("new_message", SECONDS_TO_SEE, text="hello yourself")
        again = await self.teamgram("bots", "revoke", "mtproto_test_bot")
        self.assertNotEqual(again["token"], made["token"])
        with self.assertRaises(ClientError):
            await bot.do("send", peer=["user", person.user["id"]], text="still here?", timeout=10)
