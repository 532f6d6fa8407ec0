"""What basic groups refuse to do."""

from teamgram.domain.errors import DomainError


class ChatFoundingForbidden(DomainError):
    """The operator lets nobody found groups, or channels."""


class ChatNotFound(DomainError):
    """There is no such group, or the user was never in it."""


class ChatWriteForbidden(DomainError):
    """The user is not in the group any more, or may not write there."""


class ChatForbidden(DomainError):
    """The user is not in the group any more, so what goes on there is not theirs to see."""


class ChatAdminRequired(DomainError):
    """The user's rights in the group do not go so far."""


class ChatTitleEmpty(DomainError):
    """A group needs a title."""


class ChatAboutTooLong(DomainError):
    """More than 255 characters of description."""


class ChatNotModified(DomainError):
    """It is so already."""


class ChatAboutNotModified(ChatNotModified):
    """The description is the old one."""


class UserNotMutualContact(DomainError):
    """Who left a group comes back by a link, or through somebody in her address book."""


class UsersTooMany(DomainError):
    """A basic group has room for 200."""


class UserAlreadyParticipant(DomainError):
    """The user is in the group already."""


class UserNotParticipant(DomainError):
    """The user is not in the group."""


class InviteHashInvalid(DomainError):
    """No invite link has that hash."""


class InviteHashExpired(DomainError):
    """The invite link is revoked, too old or used up."""


class JoinRequestSent(DomainError):
    """It is for the administrators now to let the user in."""


class JoinRequestMissing(DomainError):
    """Nobody has asked to be let in, or not this one."""


class JoinRequestsTooMany(DomainError):
    """The user waits for as many groups as one may be in."""


class JoinRequestSearchInvalid(DomainError):
    """Who asked by one link is not searched by name."""


class InvitePermanent(DomainError):
    """An administrator's main link has no bounds and no name of its own."""


class UsageLimitInvalid(DomainError):
    """A link by which one asks has no number of uses: administrators decide on each."""


class BotGroupsBlocked(DomainError):
    """The bot's owner keeps it out of groups."""
