"""What messaging refuses to do."""

from teamgram.domain.errors import DomainError


class MessageEmpty(DomainError):
    """Nothing is left of the text."""


class MessageTooLong(DomainError):
    """More than 4096 characters."""


class CaptionTooLong(DomainError):
    """More than 1024 characters beside media."""


class MediaForbidden(DomainError):
    """The group does not let its members send media, or (``kind``) media of that kind."""

    def __init__(self, text: str, kind: str = "") -> None:
        super().__init__(text)
        self.kind = kind


class MediaDoesNotEnd(DomainError):
    """Media that ends by itself is for one other person: in groups, for bots and for oneself there is none."""


class LifetimeInvalid(DomainError):
    """Messages cannot be told to end after that time."""


class MediaNotChangeable(DomainError):
    """What the message carries is none that may be changed."""


class NewMediaInvalid(DomainError):
    """That cannot be put in the place of what a message carries."""


class AlbumMediaInvalid(DomainError):
    """An album holds one kind of media, and that is of another."""


class VoiceForbidden(DomainError):
    """Who it is for does not take voice and round video messages from this user."""


class EntitiesTooLong(DomainError):
    """What entities carry (links, languages) is too long."""


class EntityBoundsInvalid(DomainError):
    """An entity lies outside its text."""


class MessageIdInvalid(DomainError):
    """The owner has no such message there, or it cannot be used so."""


class MessageNotModified(DomainError):
    """The new content is the old one."""


class MessageAuthorRequired(DomainError):
    """Only who wrote a message may change it."""


class MessageEditTimeExpired(DomainError):
    """The message is too old to be changed."""


class EditForbidden(DomainError):
    """The message may not be changed any more by who wrote it."""


class MessageDeleteForbidden(DomainError):
    """The message may not be deleted for everybody by this user."""


class ForwardsRestricted(DomainError):
    """The message, or the group it is in, is protected from being copied."""


class RandomIdInvalid(DomainError):
    """The number of random ids is not that of the messages, or one is there twice."""


class RandomIdEmpty(DomainError):
    """0 is no random id: it could not tell a resend from another message."""


class RandomIdDuplicate(DomainError):
    """The sender has used that random id for a message to somebody else."""


class QuoteInvalid(DomainError):
    """What is quoted was not written in the message that is answered."""


class PinnedDialogsTooMany(DomainError):
    """No more dialogs can be pinned."""


class PeerHistoryEmpty(DomainError):
    """There is no dialog with that peer."""


class MessageTooOld(DomainError):
    """What is asked about a message is not kept so long."""


class SlowMode(DomainError):
    """Another message may follow in ``seconds``."""

    def __init__(self, seconds: int) -> None:
        super().__init__(str(seconds))
        self.seconds = seconds


class SlowModeOneByOne(DomainError):
    """In slow mode messages are not sent on several at once."""


class GroupTooLarge(DomainError):
    """There are too many in it to say who has read what."""


class TopicClosed(DomainError):
    """Nobody writes in this topic but who looks after it."""


class TopicDeleted(DomainError):
    """There is no such topic any more."""
