"""Reactions to a message: what they add up to, as it is stored with the content, and who reacted last.

A reaction is a text: an emoji without U+FE0F, or ``c`` and the id of a custom emoji.
"""

from collections.abc import Iterable

import msgspec

CUSTOM = "c"


def custom(document_id: int) -> str:
    """The reaction with a custom emoji."""
    return f"{CUSTOM}{document_id}"


def custom_id(reaction: str) -> int:
    """The custom emoji that it is, 0 for an emoji."""
    number = reaction[1:]
    return int(number) if reaction.startswith(CUSTOM) and number.isdecimal() else 0


class PeerReaction(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Somebody's reaction.

    Attributes:
        date: unix seconds.
        place: among the reactions of that user to the message.
        unread: the author of the message has not seen it.
    """

    user_id: int
    reaction: str
    date: int
    place: int = 0
    big: bool = False
    unread: bool = False


class Reactions(msgspec.Struct, frozen=True, array_like=True):
    """Of one message.

    Attributes:
        counts: (reaction, how many), the most frequent first.
        recent: who reacted last, the newest first; all of them where ``is_complete``.
    """

    counts: tuple[tuple[str, int], ...]
    recent: tuple[PeerReaction, ...] = ()

    @property
    def total(self) -> int:
        """Of all kinds."""
        return sum(count for _, count in self.counts)

    @property
    def is_complete(self) -> bool:
        """Whether everybody's is among the recent ones."""
        return len(self.recent) == self.total

    @property
    def is_unread(self) -> bool:
        """Whether the author has not seen all of them."""
        return any(one.unread for one in self.recent)

    def chosen_by(self, user_id: int) -> tuple[str, ...]:
        """What a user reacted with, in their order, if it is complete."""
        own = sorted((one for one in self.recent if one.user_id == user_id), key=lambda one: one.place)
        return tuple(one.reaction for one in own)


def counted(before: Reactions | None, gone: Iterable[str], come: Iterable[str]) -> tuple[tuple[str, int], ...]:
    """The counts when these reactions are taken back and those are new; of equally many those that were there first."""
    counts = dict(before.counts) if before is not None else {}
    for reaction in gone:
        counts[reaction] = counts.get(reaction, 0) - 1
    for reaction in come:
        counts[reaction] = counts.get(reaction, 0) + 1
    left = [(reaction, count) for reaction, count in counts.items() if count > 0]
    return tuple(sorted(left, key=lambda entry: -entry[1]))


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Reactions).decode


def pack_reactions(reactions: Reactions) -> bytes | None:
    """As it is stored; None for none."""
    return _encode(reactions) if reactions.counts else None


def unpack_reactions(stored: bytes) -> Reactions:
    """The inverse of ``pack_reactions``."""
    return _decode(stored)
