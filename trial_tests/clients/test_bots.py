"""Bots by the world's libraries, unchanged but for the address, and a person on Telethon who talks to them."""

from trial_tests.clients.bot_talk import SECONDS_TO_SEE, BotTalk
from trial_tests.clients.process import ClientError


class BotLibrariesTests(BotTalk):
    """One server, a bot for each test."""

    one_server = True

    async def test_python_telegram_bot(self) -> None:
        """python-telegram-bot."""
        await self.talk("ptb", (".test/ptb/bin/python", "ptb_driver.py"))

    async def test_aiogram(self) -> None:
        """aiogram."""
        await self.talk("aiogram", (".test/aiogram/bin/python", "aiogram_driver.py"))

    async def test_py_telegram_bot_api(self) -> None:
        """pyTelegramBotAPI."""
        await self.talk("telebot", (".test/telebot/bin/python", "telebot_driver.py"))

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
