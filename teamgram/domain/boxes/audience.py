"""Whose box a message lies in, and who is told of it.

A box belongs to an owner. Where that is a user, whoever has a copy of a message
is told of it; a channel owns one box for all its members, whoever of them is
connected is told, and nothing is written for any of them.
"""

from collections.abc import Iterable
from itertools import repeat
from typing import NamedTuple

import msgspec

from teamgram.domain.ids.peer import marked_chat
from teamgram.domain.users.user import SERVICE_USER_ID


class Box(NamedTuple):
    """Where a copy of a message lies.

    Attributes:
        owner_id: whose box it is.
        peer: marked id of the dialog in that box.
    """

    owner_id: int
    peer: int


class Audience(msgspec.Struct, frozen=True):
    """The boxes that take what is written in a conversation; their owners are told of it.

    Attributes:
        ttl: seconds after which it deletes itself, 0 for never.
        default_ttl: what its writer wants that to be where they begin a conversation, if nobody has chosen there.
    """

    boxes: tuple[Box, ...]
    ttl: int = 0
    default_ttl: int = 0

    @classmethod
    def private(
        cls, sender_id: int, user_id: int, *, delivered: bool = True, ttl: int = 0, default_ttl: int = 0
    ) -> "Audience":
        """Both sides of a private chat.

        Args:
            delivered: False when the other side must not hear of it (they have blocked the sender).
            ttl, default_ttl: see the attributes.
        """
        # Nobody reads what is written to the service account.
        if user_id in (sender_id, SERVICE_USER_ID) or not delivered:
            return cls((Box(sender_id, user_id),), ttl, default_ttl)
        return cls((Box(sender_id, user_id), Box(user_id, sender_id)), ttl, default_ttl)

    @classmethod
    def group(cls, chat_id: int, member_ids: Iterable[int], ttl: int = 0) -> "Audience":
        """These members of a basic group."""
        peer = marked_chat(chat_id)
        return cls(tuple(map(Box, member_ids, repeat(peer))), ttl)

    @classmethod
    def channel(cls, marked: int, ttl: int = 0) -> "Audience":
        """A channel (its marked id): one box, whoever reads it."""
        return cls((Box(marked, marked),), ttl)

    @property
    def owner_ids(self) -> tuple[int, ...]:
        """Whose boxes they are."""
        return tuple([owner_id for owner_id, _ in self.boxes])
