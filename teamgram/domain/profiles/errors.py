"""What profiles refuse."""

from teamgram.domain.errors import DomainError


class PhotoInvalid(DomainError):
    """That photo was not made to be somebody's, or is none of theirs."""


class PhotosTooMany(DomainError):
    """Nobody has so many photos."""
