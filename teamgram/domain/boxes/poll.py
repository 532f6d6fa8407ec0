"""Polls and to-do lists in messages, and where a poll stands.

What is asked lies in the content and never changes; where the poll stands lies
in one row that all messages with it share, the one in which it was asked and
those in which that was sent on.
"""

import zlib

import msgspec

from teamgram.domain.boxes.entity import Entity


class PollCloses(msgspec.Struct, frozen=True):
    """A poll was asked that closes at that time (unix seconds)."""

    at: int


NOT_VOTED = 0
"""``PollState.choices`` of who has not voted."""

UNKNOWN = -1
"""And of nobody in particular: what all members of a channel are told alike."""


class PollAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """One of the answers; ``option`` is what the one who asked called it, and clients vote by."""

    text: str
    option: bytes
    entities: tuple[Entity, ...] = ()


class Poll(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is asked.

    Attributes:
        correct: places of the right answers of a quiz; empty: it is none.
        close_period: seconds from the asking, as the client said it; ``close_date`` in unix seconds. 0: it does not
            close by itself.
        hides_results: until it is closed nobody is told how it stands.
        once: a vote cannot be changed or taken back. Nor can it in a quiz.
        was_closed: it was sent so.
    """

    id: int
    creator_id: int
    question: str
    answers: tuple[PollAnswer, ...]
    question_entities: tuple[Entity, ...] = ()
    public: bool = False
    multiple: bool = False
    shuffles: bool = False
    once: bool = False
    hides_results: bool = False
    correct: tuple[int, ...] = ()
    solution: str = ""
    solution_entities: tuple[Entity, ...] = ()
    close_period: int = 0
    close_date: int = 0
    was_closed: bool = False

    @property
    def is_quiz(self) -> bool:
        """Whether some answers are right."""
        return bool(self.correct)

    @property
    def hash(self) -> int:
        """Another one for another poll; what clients compare is below 2^31."""
        return zlib.crc32(repr((self.id, self.question, self.answers)).encode()) & 0x7FFFFFFF


class PollState(msgspec.Struct, frozen=True, gc=False):
    """Where a poll stands, for one viewer.

    Attributes:
        counts: votes for each answer, by its place; empty before the first vote.
        recent: who voted last, the newest first; kept of public polls alone.
        choices: the viewer's vote, a bit for each answer.
    """

    closed: bool = False
    voters: int = 0
    counts: tuple[int, ...] = ()
    recent: tuple[int, ...] = ()
    choices: int = NOT_VOTED


UNASKED = PollState()


def shows_results(poll: Poll, state: PollState) -> bool:
    """Whether a viewer is told how it stands: once they have voted, or it is closed."""
    return state.closed or (state.choices not in (NOT_VOTED, UNKNOWN) and not poll.hides_results)


class TodoItem(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing to do."""

    id: int
    text: str
    entities: tuple[Entity, ...] = ()


class TodoDone(msgspec.Struct, frozen=True):
    """Who did it, and when (unix seconds)."""

    id: int
    user_id: int
    date: int


class Todo(msgspec.Struct, frozen=True, omit_defaults=True):
    """A list of things to do.

    Attributes:
        others_append, others_complete: not only who made the list may.
    """

    title: str
    items: tuple[TodoItem, ...]
    title_entities: tuple[Entity, ...] = ()
    others_append: bool = False
    others_complete: bool = False
    done: tuple[TodoDone, ...] = ()
