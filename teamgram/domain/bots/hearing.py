"""What a bot hears of what is said in a group: privacy mode, core.telegram.org/bots/features#privacy-mode."""

import re

from teamgram.database import Transaction
from teamgram.domain.bots.bot import Bot
from teamgram.domain.boxes.message import Message
from teamgram.domain.channels.channel import Seat
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
    commanded = _commanded_txn(txn, bot, message)
    if commanded is not None:
        return commanded
    chat = chat_txn(txn, chat_id_of(message.peer), (bot.user_id,))
    part = chat.participant(bot.user_id) if chat is not None else None
    return part is not None and part.standing is Standing.PRESENT and part.role is not Role.MEMBER


def hears_in_channel_txn(txn: Transaction, bot: Bot, seat: Seat, message: Message) -> bool:
    """The same in a supergroup; in a channel it hears every post.

    Args:
        seat: the bot's.
        message: as the bot has it.
    """
    if message.out:
        return False
    if seat.channel.is_broadcast or seat.is_admin or bot.details.sees_all:
        return True
    if message.extra.action is not None or message.mentioned or message.extra.via_bot_id == bot.user_id:
        return True
    return bool(_commanded_txn(txn, bot, message))


def _commanded_txn(txn: Transaction, bot: Bot, message: Message) -> bool | None:
    """Whether a message is a command for the bot; None: it is none."""
    match = _COMMAND.match(message.text)
    if match is None:
        return None
    if match[1] is None:
        return True
    user = users_by_id_txn(txn, [bot.user_id]).get(bot.user_id)
    return user is not None and match[1].lower() == user.username.lower()
