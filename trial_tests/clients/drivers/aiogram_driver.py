"""An echo bot by aiogram."""

import asyncio

from aiogram import Bot, Dispatcher, F
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.filters import Command, CommandStart
from aiogram.types import (
    BotCommand,
    BufferedInputFile,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQueryResultArticle,
    InputMediaDocument,
    InputTextMessageContent,
    KeyboardButton,
    ReplyKeyboardMarkup,
)
from stdio import Driver

YES = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="Yes", callback_data="yes")]])


class Aiogram(Driver):
    async def do_begin(self, token, root):
        bot = self.bot = Bot(token, session=AiohttpSession(api=TelegramAPIServer.from_base(root)))
        dispatcher = self.dispatcher = Dispatcher()
        dispatcher.message.register(self._start, CommandStart())
        dispatcher.message.register(self._keys, Command("keys"))
        dispatcher.message.register(self._album, Command("album"))
        dispatcher.inline_query.register(self._asked)
        dispatcher.chosen_inline_result.register(self._chosen)
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
        await message.answer(f"Hello, <b>{message.from_user.first_name}</b>", parse_mode="HTML", reply_markup=YES)

    async def _keys(self, message):
        keyboard = ReplyKeyboardMarkup(keyboard=[[KeyboardButton(text="A"), KeyboardButton(text="B")]])
        await message.answer("choose", reply_markup=keyboard)

    async def _album(self, message):
        files = (("one", b"1"), ("two", b"2"))
        await message.answer_media_group(
            [
                InputMediaDocument(media=BufferedInputFile(content, f"{name}.txt"), caption=name)
                for name, content in files
            ]
        )

    async def _asked(self, query):
        text = f"inline: {query.query}"
        content = InputTextMessageContent(message_text=text)
        result = InlineQueryResultArticle(id="1", title=text, input_message_content=content, reply_markup=YES)
        await query.answer([result], cache_time=0)

    async def _chosen(self, chosen):
        await self.bot.edit_message_text("chosen", inline_message_id=chosen.inline_message_id)

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
