"""What reacting refuses."""

from teamgram.domain.errors import DomainError


class ReactionInvalid(DomainError):
    """There is no such reaction, or it is not one that may be used there."""


class ReactionEmpty(DomainError):
    """There is nothing to take back."""


class ReactionsTooMany(DomainError):
    """One user, or one message, has no more of them."""


class ReactionListForbidden(DomainError):
    """Who reacted to a channel's post is nobody's to know."""
