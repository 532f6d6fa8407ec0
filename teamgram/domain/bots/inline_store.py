"""SQL of ``inline_queries``. Every function runs inside a transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from teamgram.database import Transaction
from teamgram.domain.bots.inline_results import (
    InlineAnswer,
    InlineQuestion,
    pack,
    unpack_answer,
    unpack_question,
)

_COLUMNS = "query_id, bot_id, user_id, asked, is_shared, answer"


@dataclass(frozen=True, slots=True)
class InlineQuery:
    """A question that was asked, with the answer once it is there."""

    query_id: int
    bot_id: int
    user_id: int
    question: InlineQuestion
    shared: bool
    answer: InlineAnswer | None

    def is_for(self, user_id: int) -> bool:
        """Whether that user was shown the answer, or could have been."""
        return self.shared or self.user_id == user_id


def _query(row: Sequence[Any]) -> InlineQuery:
    answer = unpack_answer(row[5]) if row[5] else None
    return InlineQuery(row[0], row[1], row[2], unpack_question(row[3]), bool(row[4]), answer)


def insert_txn(
    txn: Transaction,
    query_id: int,
    bot_id: int,
    user_id: int,
    question: InlineQuestion,
    kept_until: int,
    answer: bytes | None = None,
) -> None:
    txn.execute(
        "INSERT INTO inline_queries"
        " (query_id, bot_id, user_id, question, asked, is_shared, cached_until, kept_until, answer)"
        " VALUES (?, ?, ?, ?, ?, 0, 0, ?, ?)",
        (query_id, bot_id, user_id, question.hash, pack(question), kept_until, answer),
    )


def cached_txn(txn: Transaction, bot_id: int, user_id: int, question: InlineQuestion, now: int) -> InlineQuery | None:
    """What was answered to the same question not long ago, to everybody or to that user."""
    txn.execute(
        f"SELECT {_COLUMNS} FROM inline_queries WHERE bot_id = ? AND question = ? AND cached_until > ?"
        " AND (is_shared = 1 OR user_id = ?) ORDER BY cached_until DESC LIMIT 1",
        (bot_id, question.hash, now, user_id),
    )
    row = txn.fetchone()
    return _query(row) if row is not None else None


def query_txn(txn: Transaction, query_id: int, now: int, *, lock: bool = False) -> InlineQuery | None:
    """One that is still kept."""
    for_update = txn.engine.for_update if lock else ""
    txn.execute(
        f"SELECT {_COLUMNS} FROM inline_queries WHERE query_id = ? AND kept_until > ?{for_update}", (query_id, now)
    )
    row = txn.fetchone()
    return _query(row) if row is not None else None


def answer_txn(
    txn: Transaction, query_id: int, answer: bytes, cached_until: int, kept_until: int, *, shared: bool
) -> None:
    txn.execute(
        "UPDATE inline_queries SET answer = ?, is_shared = ?, cached_until = ?, kept_until = ? WHERE query_id = ?",
        (answer, int(shared), cached_until, kept_until, query_id),
    )


def drop_old_txn(txn: Transaction, now: int) -> None:
    """Forget what nobody can choose from any more."""
    txn.execute("DELETE FROM inline_queries WHERE kept_until <= ?", (now,))
