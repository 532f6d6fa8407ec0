"""An echo bot by pyTelegramBotAPI."""

import asyncio
import io

from stdio import Driver
from telebot import asyncio_helper
from telebot.async_telebot import AsyncTeleBot
from telebot.types import (
    BotCommand,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQueryResultArticle,
    InputFile,
    InputMediaDocument,
    InputTextMessageContent,
    ReplyKeyboardMarkup,
)

YES = InlineKeyboardMarkup([[InlineKeyboardButton("Yes", callback_data="yes")]])


class PyTelegramBotApi(Driver):
    async def do_begin(self, token, root):
        asyncio_helper.API_URL, asyncio_helper.FILE_URL = f"{root}/bot{{0}}/{{1}}", f"{root}/file/bot{{0}}/{{1}}"
        bot = self.bot = AsyncTeleBot(token)
        bot.register_message_handler(self._start, commands=["start"])
        bot.register_message_handler(self._keys, commands=["keys"])
        bot.register_message_handler(self._album, commands=["album"])
        bot.register_message_handler(self._document, content_types=["document"])
        bot.register_message_handler(self._text, content_types=["text"])
        bot.register_callback_query_handler(self._pressed, func=lambda call: True)
        bot.register_inline_handler(self._asked, func=lambda query: True)
        bot.register_chosen_inline_handler(self._chosen, func=lambda chosen: True)
        await bot.set_my_commands([BotCommand("start", "Begin")])
        self.polling = asyncio.ensure_future(bot.infinity_polling(timeout=20))
        me = await bot.get_me()
        return {"id": me.id, "username": me.username}

    async def do_wrong(self, chat):
        try:
            await self.bot.send_message(chat, "*wrong", parse_mode="MarkdownV2")
        except Exception as error:
            return f"{type(error).__name__}: {error}"

    async def _start(self, message):
        text = f"Hello, <b>{message.from_user.first_name}</b>"
        await self.bot.send_message(message.chat.id, text, parse_mode="HTML", reply_markup=YES)

    async def _pressed(self, call):
        await self.bot.answer_callback_query(call.id, f"pressed {call.data}")
        where = {"chat_id": call.message.chat.id, "message_id": call.message.message_id}
        await self.bot.edit_message_text("*thanks*", parse_mode="MarkdownV2", **where)

    async def _document(self, message):
        file = await self.bot.get_file(message.document.file_id)
        content = await self.bot.download_file(file.file_path)
        back = InputFile(io.BytesIO(content), file_name="back.bin")
        await self.bot.send_document(message.chat.id, back, caption=f"{len(content)} bytes")

    async def _keys(self, message):
        keyboard = ReplyKeyboardMarkup(resize_keyboard=True).row("A", "B")
        await self.bot.send_message(message.chat.id, "choose", reply_markup=keyboard)

    async def _album(self, message):
        files = (("one", b"1"), ("two", b"2"))
        media = [
            InputMediaDocument(InputFile(io.BytesIO(content), file_name=f"{name}.txt"), caption=name)
            for name, content in files
        ]
        await self.bot.send_media_group(message.chat.id, media)

    async def _asked(self, query):
        text = f"inline: {query.query}"
        result = InlineQueryResultArticle("1", text, InputTextMessageContent(text), reply_markup=YES)
        await self.bot.answer_inline_query(query.id, [result], cache_time=0)

    async def _chosen(self, chosen):
        await self.bot.edit_message_text("chosen", inline_message_id=chosen.inline_message_id)

    async def _text(self, message):
        await self.bot.send_message(message.chat.id, f"echo: {message.text}")


asyncio.run(PyTelegramBotApi().run())
