"""From what a client asks or lists to what the domain checks."""

from collections.abc import Sequence
from typing import Any

from teamgram.bff.errors import bad_request
from teamgram.bff.views.entities import entity_from
from teamgram.domain.boxes.poll import Poll, Todo
from teamgram.domain.polls.asking import (
    MAX_ANSWERS,
    MAX_TODO_ITEMS,
    WantedPoll,
    WrittenText,
    checked_poll,
    checked_todo,
)

_MAX_TEXT = 4096


def written(text: str, entities: Sequence[Any] | None = None) -> WrittenText:
    """A text and its entities as the domain has them."""
    found = [entity_from(view) for view in (entities or ())[:100]]
    return WrittenText(text[:_MAX_TEXT], [one for one in found if one is not None])


def _text(view: Any) -> WrittenText:
    return written(view.text, view.entities)


def poll_from(creator_id: int, view: Any, now: int) -> Poll:
    """The poll of an ``inputMediaPoll``.

    Raises:
        RpcError: ``POLL_UNSUPPORTED``: it wants what polls here do not have (answers that voters add, voters of some
            countries or subscribers alone); ``MEDIA_INVALID``: it has pictures.
        PollQuestionInvalid, PollAnswersInvalid, …: see ``checked_poll``.
    """
    poll = view.poll
    if poll.open_answers or poll.subscribers_only or poll.countries_iso2:
        raise bad_request("POLL_UNSUPPORTED")
    if view.attached_media is not None or view.solution_media is not None:
        raise bad_request("MEDIA_INVALID")
    answers = []
    for answer in poll.answers[: MAX_ANSWERS + 1]:
        if answer.media is not None:
            raise bad_request("MEDIA_INVALID")
        # Which one is wanted differs from client to client.
        answers.append((_text(answer.text), answer.option if answer.NAME == "pollAnswer" else b""))
    asked = WantedPoll(
        _text(poll.question),
        answers,
        (view.correct_answers or []) if poll.quiz else None,
        written(view.solution or "", view.solution_entities),
        public=poll.public_voters,
        multiple=poll.multiple_choice,
        shuffles=poll.shuffle_answers,
        once=poll.revoting_disabled,
        hides_results=poll.hide_results_until_close,
        closed=poll.closed,
        close_period=poll.close_period or 0,
        close_date=poll.close_date or 0,
    )
    return checked_poll(creator_id, asked, now)


def items_from(views: Sequence[Any]) -> list[tuple[int, WrittenText]]:
    """Things to do of a ``Vector<TodoItem>``."""
    return [(item.id, _text(item.title)) for item in views[: MAX_TODO_ITEMS + 1]]


def todo_from(view: Any) -> Todo:
    """The list of an ``inputMediaTodo``.

    Raises:
        TodoTitleInvalid, TodoItemsEmpty, …: see ``checked_todo``.
    """
    todo = view.todo
    return checked_todo(
        _text(todo.title),
        items_from(todo.list),
        others_append=todo.others_can_append,
        others_complete=todo.others_can_complete,
    )
