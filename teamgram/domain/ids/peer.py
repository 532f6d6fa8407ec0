"""Who a conversation is with."""

from dataclasses import dataclass
from enum import IntEnum

CHANNEL_MARK = 10**12
"""Between the marked ids of basic groups and those of channels."""


class PeerKind(IntEnum):
    """The three kinds of peer; the numbers are stored in the database."""

    USER = 1
    CHAT = 2
    CHANNEL = 3


@dataclass(frozen=True, slots=True)
class Peer:
    """A user, a basic group or a channel, by its bare id (positive)."""

    kind: PeerKind
    id: int

    @classmethod
    def user(cls, user_id: int) -> "Peer":
        return cls(PeerKind.USER, user_id)

    @classmethod
    def chat(cls, chat_id: int) -> "Peer":
        return cls(PeerKind.CHAT, chat_id)

    @classmethod
    def channel(cls, channel_id: int) -> "Peer":
        return cls(PeerKind.CHANNEL, channel_id)

    @property
    def marked(self) -> int:
        """One signed number for the three kinds, as it is stored: user 5 is 5, group 5 is -5."""
        if self.kind is PeerKind.USER:
            return self.id
        return -self.id if self.kind is PeerKind.CHAT else -CHANNEL_MARK - self.id

    @classmethod
    def from_marked(cls, marked: int) -> "Peer":
        """The inverse of ``marked``."""
        if marked > 0:
            return cls(PeerKind.USER, marked)
        if marked > -CHANNEL_MARK:
            return cls(PeerKind.CHAT, -marked)
        return cls(PeerKind.CHANNEL, -marked - CHANNEL_MARK)


# What a marked id is, is asked here and nowhere else.


def is_user(marked: int) -> bool:
    """Whether a marked id is a user's."""
    return marked > 0


def is_chat(marked: int) -> bool:
    """Whether a marked id is a basic group's."""
    return -CHANNEL_MARK < marked < 0


def marked_chat(chat_id: int) -> int:
    """The marked id of a basic group."""
    return -chat_id


def chat_id_of(marked: int) -> int:
    """The bare id of a basic group.

    Raises:
        ValueError: the marked id is something else's.
    """
    if not is_chat(marked):
        raise ValueError(f"{marked} is no basic group")
    return -marked


def is_channel(marked: int) -> bool:
    """Whether a marked id is a channel's or a supergroup's."""
    return marked < -CHANNEL_MARK


def marked_channel(channel_id: int) -> int:
    """The marked id of a channel: it owns the box of what is posted there."""
    return -CHANNEL_MARK - channel_id


def channel_id_of(marked: int) -> int:
    """The bare id of a channel.

    Raises:
        ValueError: the marked id is something else's.
    """
    if not is_channel(marked):
        raise ValueError(f"{marked} is no channel")
    return -marked - CHANNEL_MARK


def box_owner(user_id: int, peer: int) -> int:
    """In whose box the user finds the dialog with that peer (marked id): a channel has a box of its own."""
    return peer if peer < -CHANNEL_MARK else user_id


def users_only(column: str) -> str:
    """SQL: the marked id in this column is a user's."""
    return f"{column} > 0"


def groups_only(column: str) -> str:
    """SQL: the marked id in this column is a group's or a channel's."""
    return f"{column} < 0"


def no_channels(column: str) -> str:
    """SQL that is true of marked ids that are no channel's."""
    return f"{column} > {-CHANNEL_MARK}"


def channels_only(column: str) -> str:
    """SQL: the marked id in this column is a channel's."""
    return f"{column} < -{CHANNEL_MARK}"
