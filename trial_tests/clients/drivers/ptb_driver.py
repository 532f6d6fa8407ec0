"""An echo bot by python-telegram-bot."""

import asyncio
import io

from stdio import Driver
from telegram import (
    BotCommand,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQueryResultArticle,
    InputMediaDocument,
    InputTextMessageContent,
    ReplyKeyboardMarkup,
)
from telegram.ext import (
    Application,
    CallbackQueryHandler,
    ChosenInlineResultHandler,
    CommandHandler,
    InlineQueryHandler,
    MessageHandler,
    filters,
)

YES = InlineKeyboardMarkup([[InlineKeyboardButton("Yes", callback_data="yes")]])


class PythonTelegramBot(Driver):
    async def do_begin(self, token, root):
        builder = Application.builder().token(token).base_url(f"{root}/bot").base_file_url(f"{root}/file/bot")
        app = self.app = builder.build()
        app.add_handler(CommandHandler("start", self._start))
        app.add_handler(CommandHandler("keys", self._keys))
        app.add_handler(CommandHandler("album", self._album))
        app.add_handler(InlineQueryHandler(self._asked))
        app.add_handler(ChosenInlineResultHandler(self._chosen))
        app.add_handler(CallbackQueryHandler(self._pressed))
        app.add_handler(MessageHandler(filters.Document.ALL, self._document))
        app.add_handler(MessageHandler(filters.TEXT, self._text))
        await app.initialize()
        await app.bot.set_my_commands([BotCommand("start", "Begin")])
        await app.start()
        await app.updater.start_polling(timeout=20)
        return {"id": app.bot.id, "username": app.bot.username}

    async def do_wrong(self, chat):
        try:
            await self.app.bot.send_message(chat, "*wrong", parse_mode="MarkdownV2")
        except Exception as error:
            return f"{type(error).__name__}: {error}"

    async def _start(self, update, context):
        await update.message.reply_html(f"Hello, <b>{update.effective_user.first_name}</b>", reply_markup=YES)

    async def _keys(self, update, context):
        await update.message.reply_text("choose", reply_markup=ReplyKeyboardMarkup([["A", "B"]], resize_keyboard=True))

    async def _album(self, update, context):
        files = (("one", b"1"), ("two", b"2"))
        media = [InputMediaDocument(content, filename=f"{name}.txt", caption=name) for name, content in files]
        await update.message.reply_media_group(media)

    async def _asked(self, update, context):
        text = f"inline: {update.inline_query.query}"
        result = InlineQueryResultArticle("1", text, InputTextMessageContent(text), reply_markup=YES)
        await update.inline_query.answer([result], cache_time=0)

    async def _chosen(self, update, context):
        await context.bot.edit_message_text("chosen", inline_message_id=update.chosen_inline_result.inline_message_id)

    async def _pressed(self, update, context):
        await update.callback_query.answer(f"pressed {update.callback_query.data}")
        await update.callback_query.edit_message_text("*thanks*", parse_mode="MarkdownV2")

    async def _document(self, update, context):
        file = await update.message.document.get_file()
        content = bytes(await file.download_as_bytearray())
        await update.message.reply_document(io.BytesIO(content), filename="back.bin", caption=f"{len(content)} bytes")

    async def _text(self, update, context):
        await update.message.reply_text(f"echo: {update.message.text}")


asyncio.run(PythonTelegramBot().run())
