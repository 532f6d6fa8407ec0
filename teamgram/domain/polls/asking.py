"""What may be asked in a poll, and what may stand in a to-do list: pure functions over what somebody wrote.

Bounds are those of TDLib and of the Bot API (``sendPoll``).
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from teamgram.domain.boxes.entity import Entity
from teamgram.domain.boxes.poll import Poll, PollAnswer, Todo, TodoItem
from teamgram.domain.messages.errors import MessageEmpty, MessageTooLong
from teamgram.domain.messages.text import clean
from teamgram.domain.polls.errors import (
    PollAnswerInvalid,
    PollAnswersInvalid,
    PollOptionDuplicate,
    PollOptionInvalid,
    PollPeriodInvalid,
    PollQuestionInvalid,
    QuizAnswerInvalid,
    QuizAnswersEmpty,
    QuizAnswersTooMany,
    QuizMultipleInvalid,
    TodoItemDuplicate,
    TodoItemsEmpty,
    TodoItemsTooMany,
    TodoTitleInvalid,
)

MAX_QUESTION = 300
MIN_ANSWERS, MAX_ANSWERS = 2, 12
MAX_ANSWER = 100
MAX_OPTION = 100
"""Bytes."""
MAX_SOLUTION = 200
MIN_PERIOD, MAX_PERIOD = 5, 2_628_000
"""Seconds for which a poll may be open that closes by itself."""
_SLACK = 60
"""Seconds by which a client's clock may be off."""

MAX_TODO_TITLE, MAX_TODO_ITEM = 255, 100
MAX_TODO_ITEMS = 30


@dataclass(frozen=True, slots=True)
class WrittenText:
    """A text as a client wrote it."""

    text: str
    entities: Sequence[Entity] = ()


def _one_line(written: WrittenText, most: int) -> tuple[str, tuple[Entity, ...]]:
    """A text in which only custom emoji are more than letters; empty if it is, or is too long."""
    try:
        text, entities, _ = clean(
            written.text.replace("\n", " "), [one for one in written.entities if one.kind == "customEmoji"]
        )
    except (MessageEmpty, MessageTooLong):
        return "", ()
    if len(text) > most:
        return "", ()
    return text, tuple(one for one in entities if one.kind == "customEmoji")


@dataclass(frozen=True, slots=True)
class WantedPoll:
    """A poll as a client wants it.

    Attributes:
        answers: (text, name or b"" for one that the server makes).
        correct: places of right answers; None: it is no quiz.
        close_period, close_date: in seconds and in unix seconds, 0 for neither.
    """

    question: WrittenText
    answers: Sequence[tuple[WrittenText, bytes]]
    correct: Sequence[int] | None = None
    solution: WrittenText = WrittenText("")
    public: bool = False
    multiple: bool = False
    shuffles: bool = False
    once: bool = False
    hides_results: bool = False
    closed: bool = False
    close_period: int = 0
    close_date: int = 0


def checked_poll(creator_id: int, asked: WantedPoll, now: int) -> Poll:
    """The poll, with an id of its own.

    Raises:
        PollQuestionInvalid, PollAnswersInvalid, PollAnswerInvalid, PollOptionInvalid, PollOptionDuplicate,
        PollPeriodInvalid, QuizMultipleInvalid, QuizAnswersEmpty, QuizAnswersTooMany, QuizAnswerInvalid.
        EntityBoundsInvalid: an entity lies outside of its text.
    """
    question, question_entities = _one_line(asked.question, MAX_QUESTION)
    if not question:
        raise PollQuestionInvalid
    answers = _answers(asked.answers)
    correct: tuple[int, ...] = ()
    solution: tuple[str, tuple[Entity, ...]] = ("", ())
    if asked.correct is not None:
        if asked.multiple:
            raise QuizMultipleInvalid
        correct = _correct(asked.correct, len(answers))
        solution = _solution(asked.solution)
    close_date = _close_date(asked, now)
    return Poll(
        secrets.randbits(62) + 1,
        creator_id,
        question,
        answers,
        question_entities,
        asked.public,
        asked.multiple,
        asked.shuffles,
        asked.once,
        asked.hides_results,
        correct,
        *solution,
        asked.close_period,
        close_date,
        asked.closed,
    )


def _answers(written: Sequence[tuple[WrittenText, bytes]]) -> tuple[PollAnswer, ...]:
    if not MIN_ANSWERS <= len(written) <= MAX_ANSWERS:
        raise PollAnswersInvalid(str(len(written)))
    answers = []
    for place, (one, option) in enumerate(written):
        text, entities = _one_line(one, MAX_ANSWER)
        if not text:
            raise PollAnswerInvalid(str(place))
        if len(option) > MAX_OPTION:
            raise PollOptionInvalid(str(len(option)))
        answers.append(PollAnswer(text, option or str(place).encode(), entities))
    if len({answer.option for answer in answers}) != len(answers):
        raise PollOptionDuplicate
    return tuple(answers)


def _correct(places: Sequence[int], answers: int) -> tuple[int, ...]:
    if not places:
        raise QuizAnswersEmpty
    if len(places) > 1:
        raise QuizAnswersTooMany(str(len(places)))
    if not 0 <= places[0] < answers:
        raise QuizAnswerInvalid(str(places[0]))
    return (places[0],)


def _solution(written: WrittenText) -> tuple[str, tuple[Entity, ...]]:
    if not written.text.strip():
        return "", ()
    text, entities, _ = clean(written.text, written.entities)
    if len(text) > MAX_SOLUTION:
        raise QuizAnswerInvalid(str(len(text)))
    return text, entities


def _close_date(asked: WantedPoll, now: int) -> int:
    if asked.close_period:
        if not MIN_PERIOD <= asked.close_period <= MAX_PERIOD:
            raise PollPeriodInvalid(str(asked.close_period))
        return now + asked.close_period
    if asked.close_date and not now < asked.close_date <= now + MAX_PERIOD + _SLACK:
        raise PollPeriodInvalid(str(asked.close_date))
    return asked.close_date


def checked_items(written: Sequence[tuple[int, WrittenText]], there: Sequence[TodoItem] = ()) -> tuple[TodoItem, ...]:
    """Things to do, with those that are there already before them.

    Raises:
        TodoItemsEmpty, TodoItemsTooMany, TodoItemDuplicate.
        EntityBoundsInvalid: an entity lies outside of its text.
    """
    if not written:
        raise TodoItemsEmpty
    if len(there) + len(written) > MAX_TODO_ITEMS:
        raise TodoItemsTooMany(str(len(written)))
    items = list(there)
    for number, one in written:
        text, entities = _one_line(one, MAX_TODO_ITEM)
        if not text:
            raise TodoItemsEmpty(str(number))
        items.append(TodoItem(number, text, entities))
    if len({item.id for item in items}) != len(items) or any(item.id <= 0 for item in items):
        raise TodoItemDuplicate
    return tuple(items)


def checked_todo(
    title: WrittenText, items: Sequence[tuple[int, WrittenText]], *, others_append: bool, others_complete: bool
) -> Todo:
    """A list with nothing done.

    Raises:
        TodoTitleInvalid, and as ``checked_items``.
    """
    text, entities = _one_line(title, MAX_TODO_TITLE)
    if not text:
        raise TodoTitleInvalid
    return Todo(text, checked_items(items), entities, others_append, others_complete)
