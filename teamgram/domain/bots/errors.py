"""What is refused about bots."""

from teamgram.domain.errors import DomainError


class BotTokenInvalid(DomainError):
    """No bot has that token."""


class BotUsernameInvalid(DomainError):
    """A bot's username ends in ``bot``."""


class BotNotFound(DomainError):
    """The account is no bot, or not the asker's."""


class BotsTooMany(DomainError):
    """The owner has as many as one may have."""


class BotDescriptionTooLong(DomainError):
    """Longer than ``MAX_DESCRIPTION``."""


class BotCommandInvalid(DomainError):
    """A command is 1 to 32 of a-z, 0-9 and _."""


class BotCommandDescriptionInvalid(DomainError):
    """A command's description has 1 to 256 characters."""


class BotCommandsTooMany(DomainError):
    """More than ``MAX_COMMANDS`` in one set, or ``MAX_DETAILS`` in all."""


class CallbackDataInvalid(DomainError):
    """The message has no button with that data."""


class CallbackQueryInvalid(DomainError):
    """Nobody waits for the answer any more, or it was another bot that was asked."""


class CallbackAnswerTooLong(DomainError):
    """The text or the link of an answer is too long."""


class BotDidNotAnswer(DomainError):
    """The bot was asked and said nothing in time."""


class TakenElsewhere(DomainError):
    """Somebody else began to take this bot's updates."""


class BotInlineDisabled(DomainError):
    """The bot is not asked from other chats."""


class InlineQueryInvalid(DomainError):
    """Nobody asked that, or too long ago, or it is answered."""


class InlineResultsInvalid(DomainError):
    """What a bot offers is too much, or named twice."""


class ResultIdInvalid(DomainError):
    """The bot offered nothing of that id."""


class LangCodeInvalid(DomainError):
    """No two letters of a language."""


class MenuButtonInvalid(DomainError):
    """A menu button without words, or that leads nowhere."""
