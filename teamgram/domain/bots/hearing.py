"""What a bot hears of what is said in a group: privacy mode, core.telegram.org/bots/features#privacy-mode."""

import re

from teamgram.database import Transaction
from teamgram.domain.bots.bot import Bot
from teamgram.domain.boxes.message import Message
from teamgram.domain.chats.chat import Role, Standing
from teamgram.domain.chats.store import chat_txn
from teamgram.domain.ids.peer import chat_id_of, is_chat
from teamgram.domain.users.store import users_by_id_txn

_COMMAND = re.compile(r"/[A-Za-z0-9_]+(?:@([A-Za-z0-9_]+))?", re.ASCII)


def hears_txn(txn: Transaction, bot: Bot, message: Message) -> bool:
    """Whether a message in a bot's box is told to it: not its own, and in a group what is meant for it.

    Administrators and bots that see all hear everything.
    """
    if message.out:
        return False
    if message.extra.via_bot_id == bot.user_id:
        return True
    if not is_chat(message.peer) or bot.details.sees_all or message.extra.action is not None or message.mentioned:
        return True
    match = _COMMAND.match(message.text)
    if match is not None:
        if match[1] is None:
            return True
        user = users_by_id_txn(txn, [bot.user_id]).get(bot.user_id)
        return user is not None and match[1].lower() == user.username.lower()
    chat = chat_txn(txn, chat_id_of(message.peer), (bot.user_id,))
    part = chat.participant(bot.user_id) if chat is not None else None
    return part is not None and part.standing is Standing.PRESENT and part.role is not Role.MEMBER
