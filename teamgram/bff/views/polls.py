"""Polls and to-do lists as TL objects of the newest layer."""

from collections.abc import Sequence
from typing import Any

from teamgram.bff.views.entities import entity_views, text_view
from teamgram.domain.boxes.poll import UNASKED, UNKNOWN, Poll, PollState, Todo, TodoItem, shows_results
from teamgram.mtproto.tl import tl


def poll_view(poll: Poll, state: PollState, *, is_theirs: bool) -> Any:
    """``poll``; ``is_theirs``: for who asked."""
    return tl.poll(
        id=poll.id,
        closed=state.closed,
        public_voters=poll.public,
        multiple_choice=poll.multiple,
        quiz=poll.is_quiz,
        revoting_disabled=poll.once,
        shuffle_answers=poll.shuffles,
        hide_results_until_close=poll.hides_results,
        creator=is_theirs,
        question=text_view(poll.question, poll.question_entities),
        answers=[
            tl.pollAnswer(text=text_view(answer.text, answer.entities), option=answer.option) for answer in poll.answers
        ],
        close_period=poll.close_period or None,
        close_date=poll.close_date or None,
        hash=poll.hash,
    )


def results_view(poll: Poll, state: PollState, *, is_min: bool = False) -> Any:
    """``pollResults``; ``is_min``: without anybody's own vote."""
    visible = _is_told(poll, state, is_min=is_min)
    results = None
    if visible:
        counts = state.counts or (0,) * len(poll.answers)
        results = [
            tl.pollAnswerVoters(
                chosen=not is_min and bool(state.choices >> place & 1),
                correct=place in poll.correct,
                option=answer.option,
                voters=counts[place],
                recent_voters=[],  # from layer 224 on they come together
            )
            for place, answer in enumerate(poll.answers)
        ]
    elif state.choices and not is_min:
        # How it stands is kept from everybody until it is closed, but not what they voted themselves.
        results = [
            tl.pollAnswerVoters(
                chosen=bool(state.choices >> place & 1), option=answer.option, voters=0, recent_voters=[]
            )
            for place, answer in enumerate(poll.answers)
        ]
    solved = visible and poll.solution != ""
    return tl.pollResults(
        min=is_min,
        results=results,
        total_voters=state.voters,
        recent_voters=[tl.peerUser(user_id=user_id) for user_id in recent_voters(poll, state, is_min=is_min)] or None,
        solution=poll.solution if solved else None,
        solution_entities=(entity_views(poll.solution_entities) or []) if solved else None,
    )


def poll_update(
    poll: Poll, state: PollState, *, is_min: bool = False, tells_poll: bool = False, is_theirs: bool = False
) -> Any:
    """``updateMessagePoll``."""
    return tl.updateMessagePoll(
        poll_id=poll.id,
        poll=poll_view(poll, state, is_theirs=is_theirs) if tells_poll else None,
        results=results_view(poll, state, is_min=is_min),
    )


def recent_voters(poll: Poll, state: PollState, *, is_min: bool = False) -> tuple[int, ...]:
    """Who voted last, if that is told; an answer carries them as users."""
    return state.recent if poll.public and _is_told(poll, state, is_min=is_min) else ()


def _is_told(poll: Poll, state: PollState, *, is_min: bool) -> bool:
    # What is told to many holds what they may know, and nothing of their own votes.
    return state.closed or bool(state.counts) if is_min else shows_results(poll, state)


def poll_media_view(poll: Poll, state: PollState | None, *, is_theirs: bool) -> Any:
    """``messageMediaPoll``; ``is_theirs``: for who asked."""
    stands = state or UNASKED
    return tl.messageMediaPoll(
        poll=poll_view(poll, stands, is_theirs=is_theirs),
        results=results_view(poll, stands, is_min=stands.choices == UNKNOWN),
    )


def todo_item_views(items: Sequence[TodoItem]) -> list[Any]:
    """``Vector<TodoItem>``."""
    return [tl.todoItem(id=item.id, title=text_view(item.text, item.entities)) for item in items]


def todo_view(todo: Todo) -> Any:
    """``messageMediaToDo``."""
    return tl.messageMediaToDo(
        todo=tl.todoList(
            others_can_append=todo.others_append,
            others_can_complete=todo.others_complete,
            title=text_view(todo.title, todo.title_entities),
            list=todo_item_views(todo.items),
        ),
        completions=[
            tl.todoCompletion(id=one.id, completed_by=tl.peerUser(user_id=one.user_id), date=one.date)
            for one in todo.done
        ]
        or None,
    )
