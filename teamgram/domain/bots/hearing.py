"""What a bot hears of what is said in a group: privacy mode, core.telegram.org/bots/features#privacy-mode."""

import re

from teamgram.database import Transaction
from teamgram.domain.bots.bot import Bot
from teamgram.domain.boxes.message import Message
from teamgram.domain.channels.channel import Seat
from teamgram.domain.chats.chat import Role, Standing
from teamgram.domain.chats.store import chat_txn
from teamgram.domain.contacts.relations import is_bot_txn
from teamgram.domain.ids.peer import chat_id_of, is_chat
from teamgram.domain.users.store import users_by_id_txn

_COMMAND = re.compile(r"/[A-Za-z0-9_]+(?:@([A-Za-z0-9_]+))?", re.ASCII)


def hears_txn(txn: Transaction, bot: Bot, message: Message) -> bool:
    """Whether a message in a bot's box is told to it: not its own, and in a group what a person means for it.

    Administrators and bots that see all hear everything, but for bots: nobody hears what they say to each other
    (core.telegram.org/bots/faq#why-doesn-39t-my-bot-see-messages-from-other-bots).
    """
    if message.out:
        return False
    heard = _means_txn(txn, bot, message)
    return heard and not (is_chat(message.peer) and _is_by_a_bot_txn(txn, message))


def _is_by_a_bot_txn(txn: Transaction, message: Message) -> bool:
    """Whether a bot says it; what one does to the group everybody hears."""
    return message.extra.action is None and is_bot_txn(txn, message.sender_id)


def _means_txn(txn: Transaction, bot: Bot, message: Message) -> bool:
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
    if seat.channel.is_broadcast:
        return True
    is_meant = seat.is_admin or bot.details.sees_all or message.extra.action is not None or message.mentioned
    if is_meant or message.extra.via_bot_id == bot.user_id or _commanded_txn(txn, bot, message):
        return not _is_by_a_bot_txn(txn, message)
    return False


def _commanded_txn(txn: Transaction, bot: Bot, message: Message) -> bool | None:
    """Whether a message is a command for the bot; None: it is none."""
    match = _COMMAND.match(message.text)
    if match is None:
        return None
    if match[1] is None:
        return True
    user = users_by_id_txn(txn, [bot.user_id]).get(bot.user_id)
    return user is not None and match[1].lower() == user.username.lower()
