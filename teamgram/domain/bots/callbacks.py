"""Buttons that ask a bot: who pressed one waits for the bot's answer."""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

import msgspec

from teamgram.database import Database, Transaction
from teamgram.domain.bot_news.kinds import allows
from teamgram.domain.bots import store
from teamgram.domain.bots.bot import Bot
from teamgram.domain.bots.errors import (
    BotDidNotAnswer,
    CallbackAnswerTooLong,
    CallbackDataInvalid,
    CallbackQueryInvalid,
)
from teamgram.domain.bots.inbox import append_txn
from teamgram.domain.bots.update import BotCallback, BotInlineCallback
from teamgram.domain.boxes.message import Message
from teamgram.domain.boxes.store import messages_txn
from teamgram.domain.channels.rights import check_reads
from teamgram.domain.channels.store import seat_txn
from teamgram.domain.ids.peer import box_owner, channel_id_of, is_channel
from teamgram.domain.messages.errors import MessageIdInvalid
from teamgram.domain.updates.events import BotCallbackAsked, BotInlineCallbackAsked
from teamgram.domain.updates.fanout import Fanout

ANSWER_SECONDS = 10.0
"""So long whoever pressed waits. One request of a device's few is busy meanwhile."""

KNOWN_SECONDS = 600.0
"""So long a bot may answer without being told that its query is unknown, though nobody waits any more."""

_MOST_KNOWN = 50_000
MAX_ANSWER_TEXT, MAX_ANSWER_URL = 200, 2048
"""Characters (core.telegram.org/bots/api#answercallbackquery; a link as in messages)."""
_MOST_CACHED = 2**31 - 1

HasButton = Callable[[bytes, bytes], bool]
"""Whether a keyboard (as ``Extra.reply_markup`` holds it) has a button with that data."""


class CallbackAnswer(msgspec.Struct, frozen=True):
    """What a bot answers, as it goes over the bus.

    Attributes:
        cache_seconds: how long the client may keep it.
    """

    query_id: int
    bot_id: int
    text: str = ""
    url: str = ""
    alert: bool = False
    cache_seconds: int = 0


class CallbackAsked(msgspec.Struct, frozen=True):
    """A bot is asked something: from now on it may answer in any process."""

    query_id: int
    bot_id: int


@dataclass(slots=True)
class _Asked:
    bot_id: int
    until: float
    waiting: "Deferred[CallbackAnswer] | None"


class Callbacks:
    """Questions to bots that are not answered yet: who waits is in the process that was asked, all know of them."""

    def __init__(self, database: Database, fanout: Fanout, clock: IReactorTime) -> None:
        self._database = database
        self._fanout = fanout
        self._clock = clock
        self._asked: dict[int, _Asked] = {}
        fanout.bus.listen(CallbackAnswer, self._answered)
        fanout.bus.listen(CallbackAsked, self._was_asked)

    async def press(
        self, user_id: int, peer: int, message_id: int, data: bytes, has_button: HasButton
    ) -> CallbackAnswer:
        """Tell the bot that wrote a message that its button was pressed, and wait for what it says.

        Args:
            peer: marked id of the dialog, and ``message_id`` the id, in the user's box.

        Raises:
            MessageIdInvalid, ChannelPrivate: the user has no such message there.
            CallbackDataInvalid: no bot wrote it, or it has no such button.
            BotDidNotAnswer: not in ``ANSWER_SECONDS``.
        """
        now = self._clock.seconds()
        query_id = secrets.randbits(62) + 1
        self._forget_old(now)
        waiting: Deferred[CallbackAnswer] = Deferred()
        # Known before the bot hears of it.
        asked = self._asked[query_id] = _Asked(0, now + KNOWN_SECONDS, waiting)
        try:
            asked.bot_id = await self._database.write(
                "ask a bot", self._press_txn, user_id, peer, message_id, data, has_button, query_id, int(now)
            )
        except BaseException:
            del self._asked[query_id]
            raise
        timer = self._clock.callLater(ANSWER_SECONDS, self._too_late, asked)
        try:
            return await waiting
        finally:
            asked.waiting = None
            if timer.active():
                timer.cancel()

    def _press_txn(
        self,
        txn: Transaction,
        user_id: int,
        peer: int,
        message_id: int,
        data: bytes,
        has_button: HasButton,
        query_id: int,
        now: int,
    ) -> int:
        if is_channel(peer):
            seat = seat_txn(txn, channel_id_of(peer), user_id, now)
            check_reads(seat)
            if message_id <= seat.hidden_up_to:
                raise MessageIdInvalid(str(message_id))
        message = messages_txn(txn, box_owner(user_id, peer), [message_id]).get(message_id)
        if message is None or message.peer != peer:
            raise MessageIdInvalid(str(message_id))
        bot_id = message.extra.via_bot_id or message.sender_id
        bot = store.bots_txn(txn, [bot_id]).get(bot_id)
        if bot is None or not has_button(message.extra.reply_markup, data):
            raise CallbackDataInvalid
        txn.call_after(self._fanout.bus.publish, CallbackAsked(query_id, bot_id))
        if message.extra.via_bot_id:
            self._press_via_txn(txn, bot, user_id, message, data, query_id, now)
            return bot_id
        box = box_owner(bot_id, peer)
        txn.execute("SELECT id, peer FROM messages WHERE owner_id = ? AND content_id = ?", (box, message.content_id))
        row = txn.fetchone()
        if row is None:
            raise CallbackDataInvalid  # The bot has deleted it on its own side.
        asked = BotCallback(query_id, user_id, row[1], row[0], chat_instance(bot_id, row[1]), data)
        if allows(bot.details.allowed_updates, "callback_query"):
            append_txn(txn, bot_id, asked, now)
        event = BotCallbackAsked(query_id, user_id, asked.peer, asked.message_id, asked.chat_instance, data)
        txn.call_after(self._fanout.publish, (bot_id,), event)
        return bot_id

    def _press_via_txn(
        self, txn: Transaction, bot: Bot, user_id: int, message: Message, data: bytes, query_id: int, now: int
    ) -> None:
        """A button below what somebody has sent by way of the bot, which need not have the message itself."""
        owner_id, content_id = box_owner(message.sender_id, message.peer), message.content_id
        txn.execute("SELECT id FROM messages WHERE owner_id = ? AND content_id = ?", (owner_id, content_id))
        row = txn.fetchone()
        if row is None:
            raise CallbackDataInvalid  # The sender has deleted it on their own side.
        instance = chat_instance(bot.user_id, content_id)
        key = message.extra.via_key
        if allows(bot.details.allowed_updates, "callback_query"):
            asked = BotInlineCallback(query_id, user_id, owner_id, row[0], key, instance, data)
            append_txn(txn, bot.user_id, asked, now)
        event = BotInlineCallbackAsked(query_id, user_id, owner_id, row[0], key, instance, data)
        txn.call_after(self._fanout.publish, (bot.user_id,), event)

    def answer(self, answer: CallbackAnswer) -> None:
        """A bot answers.

        Raises:
            CallbackAnswerTooLong: see ``MAX_ANSWER_TEXT``, ``MAX_ANSWER_URL``.
            CallbackQueryInvalid: nobody asked it that, or too long ago.
        """
        if len(answer.text) > MAX_ANSWER_TEXT or len(answer.url) > MAX_ANSWER_URL:
            raise CallbackAnswerTooLong(str(answer.query_id))
        answer = msgspec.structs.replace(answer, cache_seconds=min(max(answer.cache_seconds, 0), _MOST_CACHED))
        asked = self._asked.get(answer.query_id)
        # The id of the bot is not known yet while the question is on its way to the disk.
        if asked is None or asked.bot_id not in (0, answer.bot_id) or asked.until <= self._clock.seconds():
            raise CallbackQueryInvalid(str(answer.query_id))
        self._fanout.bus.publish(answer)

    def _was_asked(self, asked: CallbackAsked) -> None:
        if asked.query_id not in self._asked:
            now = self._clock.seconds()
            self._forget_old(now)
            self._asked[asked.query_id] = _Asked(asked.bot_id, now + KNOWN_SECONDS, None)

    def _answered(self, answer: CallbackAnswer) -> None:
        asked = self._asked.get(answer.query_id)
        if asked is None or asked.waiting is None or asked.bot_id not in (0, answer.bot_id):
            return
        waiting, asked.waiting = asked.waiting, None
        del self._asked[answer.query_id]
        waiting.callback(answer)

    def _too_late(self, asked: _Asked) -> None:
        waiting, asked.waiting = asked.waiting, None
        if waiting is not None:
            waiting.errback(BotDidNotAnswer(str(asked.bot_id)))

    def _forget_old(self, now: float) -> None:
        """In the order in which they were asked: the oldest are in front."""
        while self._asked:
            query_id, asked = next(iter(self._asked.items()))
            if asked.waiting is not None or (asked.until > now and len(self._asked) < _MOST_KNOWN):
                return
            del self._asked[query_id]


def chat_instance(bot_id: int, peer: int) -> int:
    """Names a chat to a bot (63 bits), the same whoever presses a button there."""
    digest = hashlib.blake2b(f"{bot_id}:{peer}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)
