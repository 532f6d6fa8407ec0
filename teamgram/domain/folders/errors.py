"""What folders refuse."""

from teamgram.domain.errors import DomainError


class FolderIdInvalid(DomainError):
    """There is no such folder, or none can have that id."""


class FolderTitleEmpty(DomainError):
    """A folder has a name."""


class FolderTitleTooLong(DomainError):
    """It is longer than ``MAX_TITLE``."""


class FolderIsEmpty(DomainError):
    """Nothing can ever be in it."""


class FolderChatsTooMany(DomainError):
    """It names more conversations than ``MAX_CHATS``."""


class FolderExclusionsTooMany(DomainError):
    """It leaves out more conversations than ``MAX_CHATS``."""


class FoldersTooMany(DomainError):
    """There are ``MAX_FOLDERS``."""


class FolderNotShareable(DomainError):
    """Only a folder of named groups is shared, and a shared one stays such."""


class SharedFoldersTooMany(DomainError):
    """There are ``MAX_SHARED`` that are shared or came by a link."""


class FolderLinksTooMany(DomainError):
    """The folder has ``MAX_LINKS`` links."""


class FolderLinkPeersEmpty(DomainError):
    """A link leads to a group at least."""


class FolderLinkSlugEmpty(DomainError):
    """A link has a name."""


class FolderLinkExpired(DomainError):
    """There is no such link, or no longer."""
