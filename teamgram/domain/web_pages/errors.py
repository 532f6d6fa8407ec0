"""Why there is no page."""

from teamgram.domain.errors import DomainError


class PageUrlInvalid(DomainError):
    """That is no address of a page."""


class ExternalFilesOff(DomainError):
    """Nobody has this server fetch files."""


class PageNotFetched(DomainError):
    """It could not be had: nobody answers, or with something else, or too much, or too late."""


class AddressForbidden(PageNotFetched):
    """It lies at an address where this server fetches nothing."""
