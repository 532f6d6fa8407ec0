"""What forums refuse."""

from teamgram.domain.errors import DomainError


class ForumMissing(DomainError):
    """The supergroup has no topics."""


class TopicNotFound(DomainError):
    """There is no such topic."""


class TopicsTooMany(DomainError):
    """The forum has as many topics as it may have."""


class TopicTitleInvalid(DomainError):
    """Empty, or too long."""


class TopicIconInvalid(DomainError):
    """A colour that no topic has."""


class PinnedTopicsTooMany(DomainError):
    """As many topics are pinned as may be."""
