"""An echo bot by aiogram."""

import asyncio

from aiogram import Bot, Dispatcher, F
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.filters import CommandStart
from aiogram.types import BotCommand, BufferedInputFile, InlineKeyboardButton, InlineKeyboardMarkup
from stdio import Driver


class Aiogram(Driver):
    async def do_begin(self, token, root):
        bot = self.bot = Bot(token, session=AiohttpSession(api=TelegramAPIServer.from_base(root)))
        dispatcher = self.dispatcher = Dispatcher()
        dispatcher.message.register(self._start, CommandStart())
        dispatcher.message.register(self._document, F.document)
        dispatcher.message.register(self._text, F.text)
        dispatcher.callback_query.register(self._pressed)
        await bot.set_my_commands([BotCommand(command="start", description="Begin")])
        self.polling = asyncio.ensure_future(dispatcher.start_polling(bot, handle_signals=False, polling_timeout=20))
        me = await bot.get_me()
        return {"id": me.id, "username": me.username}

    async def do_wrong(self, chat):
        try:
            await self.bot.send_message(chat, "*wrong", parse_mode="MarkdownV2")
        except Exception as error:
            return f"{type(error).__name__}: {error}"

    async def _start(self, message):
        keyboard = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="Yes", callback_data="yes")]])
        await message.answer(f"Hello, <b>{message.from_user.first_name}</b>", parse_mode="HTML", reply_markup=keyboard)

    async def _pressed(self, query):
        await query.answer(f"pressed {query.data}")
        await query.message.edit_text("*thanks*", parse_mode="MarkdownV2")

    async def _document(self, message):
        content = (await self.bot.download(message.document)).read()
        file = BufferedInputFile(content, "back.bin")
        await message.reply_document(file, caption=f"{len(content)} bytes")

    async def _text(self, message):
        await message.answer(f"echo: {message.text}")


asyncio.run(Aiogram().run())
