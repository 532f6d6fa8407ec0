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
