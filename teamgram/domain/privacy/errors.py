"""What privacy rules refuse."""

from teamgram.domain.errors import DomainError


class UserPrivacyRestricted(DomainError):
    """The other one's rules do not let the user."""


class YourPrivacyRestricted(DomainError):
    """The user does not show the other one what they ask of them."""
