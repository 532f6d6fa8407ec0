"""What channels refuse. What they have in common with basic groups is in ``chats/errors.py``."""

from teamgram.domain.errors import DomainError


class ChannelNotFound(DomainError):
    """There is no such channel, or the address that was given is another one's."""


class ChannelPrivate(DomainError):
    """The channel is not the user's to see: not public, or they were put out."""


class UserBannedInChannel(DomainError):
    """An administrator has forbidden the user this."""


class ChannelsTooMany(DomainError):
    """The user is in as many channels as one may be."""


class OtherInTooManyChannels(DomainError):
    """Whom one wants to bring is in as many channels as one may be."""


class PasswordMissing(DomainError):
    """Who has no password gives no channel away."""


class PublicChannelsTooMany(DomainError):
    """The user has as many public channels as one may have."""


class ChannelNotPublic(DomainError):
    """That is for groups into which anybody may come by themselves."""


class ChannelTooBig(DomainError):
    """Too much was posted there to be deleted at once."""


class ChannelTooLarge(DomainError):
    """So large a channel is not deleted."""


class UserKicked(DomainError):
    """Who was put out is brought back by who may put out, alone."""


class OwnerMustStay(DomainError):
    """The owner does not leave before somebody else owns it."""


class MemberInvalid(DomainError):
    """That cannot be done to this one: oneself, or the owner."""


class BotsJoinAsAdmins(DomainError):
    """Bots come into a channel only as its administrators."""


class RightsEmpty(DomainError):
    """An administrator needs at least one right."""


class RankInvalid(DomainError):
    """A rank has at most 16 characters."""


class RankHasEmoji(DomainError):
    """A rank has no emoji."""


class AdminUntouchable(DomainError):
    """That administrator is another one's to change."""


class AdminsTooMany(DomainError):
    """There are as many administrators as there may be."""


class BansInvalid(DomainError):
    """Not to be forbidden to everybody there."""


class NotASupergroup(DomainError):
    """Supergroups alone have that."""


class NotABroadcast(DomainError):
    """Channels alone have that."""


class SecondsInvalid(DomainError):
    """Slow mode has other steps."""


class LinkInvalid(DomainError):
    """What is hidden from newcomers there keeps the two from going together."""
