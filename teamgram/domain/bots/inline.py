"""Asking bots from other chats: who asks waits for the bot's answer, or gets what it said to the same question before.

Questions and answers lie in the database, so that the bot may answer to another process than was asked, and a result
can be chosen after a restart.
"""

import base64
import secrets
from dataclasses import dataclass

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

import msgspec

from teamgram.database import Database, Transaction
from teamgram.domain.bot_news.kinds import allows
from teamgram.domain.bots import inline_store, store
from teamgram.domain.bots.errors import (
    BotDidNotAnswer,
    BotInlineDisabled,
    InlineQueryInvalid,
    InlineResultsInvalid,
    ResultIdInvalid,
)
from teamgram.domain.bots.inbox import append_txn
from teamgram.domain.bots.inline_results import (
    MAX_ANSWER,
    MAX_OFFSET,
    MAX_QUERY,
    MAX_RESULT_ID,
    MAX_RESULTS,
    InlineAnswer,
    InlineQuestion,
    InlineResult,
    pack,
)
from teamgram.domain.bots.inline_store import InlineQuery
from teamgram.domain.bots.update import BotChosen, BotInlineQuery
from teamgram.domain.updates.events import BotInlineAsked, BotInlineChosen
from teamgram.domain.updates.fanout import Fanout

ANSWER_SECONDS = 10.0
"""So long whoever asks waits."""
LATEST_SECONDS = 30
"""So long a bot may answer, though nobody waits any more."""
KEPT_SECONDS = 3600
"""So long at least one may choose from what was shown."""
MAX_CACHED = 86_400
PREPARED_SECONDS = 86_400

_SWEEP_EVERY = 60


class InlineAnswered(msgspec.Struct, frozen=True):
    """The answer to a question lies in the database."""

    query_id: int


@dataclass(frozen=True, slots=True)
class Choice:
    """A result that somebody has chosen."""

    bot_id: int
    question: InlineQuestion
    result: InlineResult


class InlineQueries:
    """Everybody's questions."""

    def __init__(self, database: Database, fanout: Fanout, clock: IReactorTime) -> None:
        self._database = database
        self._fanout = fanout
        self._clock = clock
        self._waiting: dict[int, Deferred[None]] = {}
        self._swept_at = 0
        fanout.bus.listen(InlineAnswered, self._answered)

    def _now(self) -> int:
        return int(self._clock.seconds())

    async def ask(self, user_id: int, bot_id: int, question: InlineQuestion) -> InlineQuery:
        """What a bot offers; what it said before, if that still holds.

        Raises:
            BotInlineDisabled: it is none, or not asked from other chats.
            InlineQueryInvalid: the question, or its offset, is too long.
            BotDidNotAnswer: not in ``ANSWER_SECONDS``.
        """
        if len(question.query) > MAX_QUERY or len(question.offset.encode("utf-8", "replace")) > MAX_OFFSET:
            raise InlineQueryInvalid(str(bot_id))
        cached = await self._database.read("cached answer", self._cached_txn, user_id, bot_id, question)
        if cached is not None:
            return cached
        query_id, waiting = secrets.randbits(62) + 1, Deferred[None]()
        # Known before the bot hears of it.
        self._waiting[query_id] = waiting
        try:
            await self._database.write("ask from a chat", self._ask_txn, user_id, bot_id, question, query_id)
            timer = self._clock.callLater(ANSWER_SECONDS, self._too_late, query_id)
            try:
                await waiting
            finally:
                if timer.active():
                    timer.cancel()
        finally:
            self._waiting.pop(query_id, None)
        found = await self._database.read("answer of a bot", inline_store.query_txn, query_id, self._now())
        if found is None or found.answer is None:
            raise BotDidNotAnswer(str(bot_id))
        return found

    def _cached_txn(self, txn: Transaction, user_id: int, bot_id: int, question: InlineQuestion) -> InlineQuery | None:
        bot = store.bots_txn(txn, [bot_id]).get(bot_id)
        if bot is None or bot.details.inline is None:
            raise BotInlineDisabled(str(bot_id))
        return inline_store.cached_txn(txn, bot_id, user_id, question, self._now())

    def _ask_txn(self, txn: Transaction, user_id: int, bot_id: int, question: InlineQuestion, query_id: int) -> None:
        bot, now = store.bots_txn(txn, [bot_id]).get(bot_id), self._now()
        if bot is None or bot.details.inline is None:
            raise BotInlineDisabled(str(bot_id))
        if not bot.details.inline_geo:
            question = msgspec.structs.replace(question, point=None)
        if now >= self._swept_at + _SWEEP_EVERY:
            self._swept_at = now
            inline_store.drop_old_txn(txn, now)
        inline_store.insert_txn(txn, query_id, bot_id, user_id, question, now + LATEST_SECONDS)
        if allows(bot.details.allowed_updates, "inline_query"):
            append_txn(txn, bot_id, BotInlineQuery(query_id, user_id, question), now)
        event = BotInlineAsked(query_id, user_id, question.query, question.offset, question.peer_type, question.point)
        txn.call_after(self._fanout.publish, (bot_id,), event)

    def _answered(self, answered: InlineAnswered) -> None:
        waiting = self._waiting.pop(answered.query_id, None)
        if waiting is not None:
            waiting.callback(None)

    def _too_late(self, query_id: int) -> None:
        waiting = self._waiting.pop(query_id, None)
        if waiting is not None:
            waiting.errback(BotDidNotAnswer(str(query_id)))

    async def answer(self, bot_id: int, query_id: int, answer: InlineAnswer) -> None:
        """A bot answers.

        Raises:
            InlineResultsInvalid: see ``checked``.
            InlineQueryInvalid: nobody asked it that, or too long ago, or it has answered.
        """
        packed = checked(answer)
        await self._database.write("answer from a bot", self._answer_txn, bot_id, query_id, answer, packed)

    def _answer_txn(self, txn: Transaction, bot_id: int, query_id: int, answer: InlineAnswer, packed: bytes) -> None:
        now = self._now()
        asked = inline_store.query_txn(txn, query_id, now, lock=True)
        if asked is None or asked.bot_id != bot_id or asked.answer is not None:
            raise InlineQueryInvalid(str(query_id))
        seconds = min(max(answer.cache_seconds, 0), MAX_CACHED)
        kept_until = now + max(seconds, KEPT_SECONDS)
        inline_store.answer_txn(txn, query_id, packed, now + seconds, kept_until, shared=not answer.private)
        txn.call_after(self._fanout.bus.publish, InlineAnswered(query_id))

    # Choosing

    async def choose(self, user_id: int, query_id: int, result_id: str) -> Choice:
        """A result that the user was shown.

        Raises:
            InlineQueryInvalid: they were not, or too long ago.
            ResultIdInvalid: there was no such one.
        """
        found = await self._database.read("chosen result", inline_store.query_txn, query_id, self._now())
        if found is None or found.answer is None or not found.is_for(user_id):
            raise InlineQueryInvalid(str(query_id))
        result = found.answer.result(result_id)
        if result is None:
            raise ResultIdInvalid(result_id)
        return Choice(found.bot_id, found.question, result)

    async def tell_chosen(self, user_id: int, choice: Choice, message: tuple[int, int, int] | None) -> None:
        """Tell the bot, if it wants to know, what somebody has sent.

        Args:
            message: in whose box it lies, its id there and its key, for the bot to change it by; None: it may not.
        """
        await self._database.write("result was chosen", self._chosen_txn, user_id, choice, message)

    def _chosen_txn(self, txn: Transaction, user_id: int, choice: Choice, message: tuple[int, int, int] | None) -> None:
        bot = store.bots_txn(txn, [choice.bot_id]).get(choice.bot_id)
        if bot is None or secrets.randbelow(100) >= bot.details.feedback:
            return
        owner_id, message_id, key = message or (0, 0, 0)
        asked = choice.question
        if allows(bot.details.allowed_updates, "chosen_inline_result"):
            update = BotChosen(user_id, choice.result.id, asked.query, asked.point, message_id, key, owner_id)
            append_txn(txn, choice.bot_id, update, self._now())
        event = BotInlineChosen(user_id, choice.result.id, asked.query, asked.point, message_id, key, owner_id)
        txn.call_after(self._fanout.publish, (choice.bot_id,), event)

    # Prepared messages

    async def prepare(self, bot_id: int, user_id: int, result: InlineResult, peer_types: tuple[str, ...]) -> "Prepared":
        """Keep a result that a person may send from an app of the bot's.

        Raises:
            InlineResultsInvalid: see ``checked``.
        """
        packed = checked(InlineAnswer((result,), private=True, peer_types=peer_types))
        query_id, until = secrets.randbits(62) + 1, self._now() + PREPARED_SECONDS
        question = InlineQuestion("")
        await self._database.write(
            "prepare message", inline_store.insert_txn, query_id, bot_id, user_id, question, until, packed
        )
        return Prepared(_prepared_id(query_id), until)

    async def prepared(self, user_id: int, bot_id: int, prepared_id: str) -> InlineQuery:
        """One that was prepared for that user.

        Raises:
            ResultIdInvalid: there is none.
        """
        query_id = _query_id(prepared_id)
        found = await self._database.read("prepared message", inline_store.query_txn, query_id, self._now())
        if found is None or found.answer is None or (found.bot_id, found.user_id) != (bot_id, user_id):
            raise ResultIdInvalid(prepared_id)
        return found


@dataclass(frozen=True, slots=True)
class Prepared:
    """A message that was prepared: how it is asked for, and until when (unix seconds)."""

    id: str
    until: int


def _prepared_id(query_id: int) -> str:
    return base64.urlsafe_b64encode(query_id.to_bytes(8, "big")).rstrip(b"=").decode()


def _query_id(prepared_id: str) -> int:
    try:
        raw = base64.urlsafe_b64decode(prepared_id + "=" * (-len(prepared_id) % 4)) if len(prepared_id) < 20 else b""
    except ValueError:
        return 0
    number = int.from_bytes(raw[:8], "big")
    return number if number < 2**63 else 0


def checked(answer: InlineAnswer) -> bytes:
    """An answer as it is stored.

    Raises:
        InlineResultsInvalid: too many results or too much in them, an id that is none, or one twice.
    """
    ids = [result.id for result in answer.results]
    if len(ids) > MAX_RESULTS or len(set(ids)) != len(ids):
        raise InlineResultsInvalid(str(len(ids)))
    if not all(1 <= len(one.encode("utf-8", "replace")) <= MAX_RESULT_ID for one in ids):
        raise InlineResultsInvalid("an id")
    if len(answer.next_offset.encode("utf-8", "replace")) > MAX_OFFSET:
        raise InlineResultsInvalid("next_offset")
    packed = pack(answer)
    if len(packed) > MAX_ANSWER:
        raise InlineResultsInvalid(f"{len(packed)} bytes")
    return packed
