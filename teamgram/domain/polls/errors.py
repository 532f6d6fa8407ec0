"""What polls and to-do lists refuse."""

from teamgram.domain.errors import DomainError


class PollQuestionInvalid(DomainError):
    """Nothing is asked, or too much."""


class PollAnswersInvalid(DomainError):
    """There are too few answers, or too many."""


class PollAnswerInvalid(DomainError):
    """An answer says nothing, or too much."""


class PollOptionInvalid(DomainError):
    """The name of an answer is empty or too long."""


class PollOptionDuplicate(DomainError):
    """Two answers have one name."""


class PollPeriodInvalid(DomainError):
    """It would close too early or too late."""


class QuizMultipleInvalid(DomainError):
    """A quiz takes one answer from everybody."""


class QuizAnswersEmpty(DomainError):
    """No answer of the quiz is right."""


class QuizAnswersTooMany(DomainError):
    """One answer of a quiz is right."""


class QuizAnswerInvalid(DomainError):
    """The right answer is none of the answers."""


class PollClosed(DomainError):
    """Nobody votes any more."""


class OptionInvalid(DomainError):
    """The poll has no such answer."""


class OptionsTooMany(DomainError):
    """The poll takes one answer."""


class RevoteNotAllowed(DomainError):
    """A vote in this poll stays as it is."""


class VotesNotPublic(DomainError):
    """Nobody is told who voted for what."""


class VoteRequired(DomainError):
    """Only who has voted is told how the others did."""


class TodoTitleInvalid(DomainError):
    """The list has no title, or one that is too long."""


class TodoItemsEmpty(DomainError):
    """There is nothing to do, or nothing that can be read."""


class TodoItemsTooMany(DomainError):
    """There is too much to do."""


class TodoItemDuplicate(DomainError):
    """Two things have one number, or a number that is none."""


class TodoNotModified(DomainError):
    """It is so already."""
