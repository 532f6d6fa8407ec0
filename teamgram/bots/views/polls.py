"""``Poll`` and ``PollAnswer`` (core.telegram.org/bots/api#poll)."""

from collections.abc import Mapping
from typing import Any

from teamgram.bots.formatting.entities import entities_json
from teamgram.bots.views.users import user_json
from teamgram.domain.bots.update import BotPollAnswer
from teamgram.domain.boxes.poll import Poll, PollState
from teamgram.domain.users.user import User

_NOBODY: Mapping[int, User] = {}


def poll_json(poll: Poll, state: PollState) -> dict[str, Any]:
    """A poll as it stands; the right answers are told to who asked."""
    counts = state.counts or (0,) * len(poll.answers)
    options = []
    for answer, count in zip(poll.answers, counts, strict=True):
        told: dict[str, Any] = {
            "persistent_id": answer.option.decode("utf-8", "replace"),
            "text": answer.text,
            "voter_count": count,
        }
        if answer.entities:
            told["text_entities"] = entities_json(answer.entities, _NOBODY)
        options.append(told)
    told = {
        "id": str(poll.id),
        "question": poll.question,
        "options": options,
        "total_voter_count": state.voters,
        "is_closed": state.closed,
        "is_anonymous": not poll.public,
        "type": "quiz" if poll.is_quiz else "regular",
        "allows_multiple_answers": poll.multiple,
        "allows_revoting": not (poll.once or poll.is_quiz),
        "members_only": False,
    }
    if poll.question_entities:
        told["question_entities"] = entities_json(poll.question_entities, _NOBODY)
    if poll.is_quiz:
        told |= {"correct_option_ids": list(poll.correct), "correct_option_id": poll.correct[0]}
    if poll.solution:
        told |= {"explanation": poll.solution, "explanation_entities": entities_json(poll.solution_entities, _NOBODY)}
    if poll.close_period:
        told["open_period"] = poll.close_period
    return told | ({"close_date": poll.close_date} if poll.close_date else {})


def poll_answer_json(vote: BotPollAnswer, voter: User) -> dict[str, Any]:
    """Who voted for what; for nothing: they took their vote back."""
    places = [place for place in range(len(vote.poll.answers)) if vote.choices >> place & 1]
    names = [vote.poll.answers[place].option.decode("utf-8", "replace") for place in places]
    return {
        "poll_id": str(vote.poll.id),
        "user": user_json(voter),
        "option_ids": places,
        "option_persistent_ids": names,
    }
