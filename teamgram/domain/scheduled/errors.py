"""What cannot be put off."""

from teamgram.domain.errors import DomainError


class ScheduleTooMany(DomainError):
    """``MAX_SCHEDULED`` messages wait in that dialog."""


class ScheduleDateTooLate(DomainError):
    """It is more than ``MAX_AHEAD`` away."""


class ScheduleDateInvalid(DomainError):
    """Nobody is waited for in that dialog: only one other person can be online or not."""


class ScheduleBotNotAllowed(DomainError):
    """Bots send at once."""


class ScheduleStatusPrivate(DomainError):
    """When that person is online is not shown to the user, or the user does not show it to them."""
