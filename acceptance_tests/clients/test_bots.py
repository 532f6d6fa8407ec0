"""Bots by Node's libraries, unchanged but for the address: polling, then a webhook."""

from pathlib import Path

from trial_tests.clients.bot_talk import SECONDS_TO_SEE, BotTalk

_NODE = ".test/npm/node_modules/.bin/node"
_DRIVERS = Path(__file__).parent / "bots"


class NodeBotsTests(BotTalk):
    """One server, a bot for each test."""

    one_server = True

    async def everything(self, library: str, driver: str) -> None:
        """What every library's bot does, and the same by a webhook."""
        person = await self.sign_up("telethon", "Ada")
        bot, made = await self.begin(library, (_NODE, str(_DRIVERS / driver)), person)
        to_bot = await self.first_day(bot, made, person)
        await self.second_day(made, person, to_bot)
        await bot.do("webhook")
        await person.do("send", peer=to_bot, text="by the hook")
        await person.event("new_message", SECONDS_TO_SEE, text="echo: by the hook")

    async def test_grammy(self) -> None:
        """grammY."""
        await self.everything("grammy", "grammy_driver.cjs")

    async def test_telegraf(self) -> None:
        """Telegraf."""
        await self.everything("telegraf", "telegraf_driver.cjs")

    async def test_node_telegram_bot_api(self) -> None:
        """node-telegram-bot-api."""
        await self.everything("ntba", "node_telegram_bot_api_driver.cjs")
