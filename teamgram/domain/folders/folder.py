"""A folder: which conversations are in it, by kind and by name. Pure."""

from collections.abc import Sequence
from enum import IntFlag

import msgspec

from teamgram.domain.boxes.entity import Entity
from teamgram.domain.folders.errors import (
    FolderChatsTooMany,
    FolderExclusionsTooMany,
    FolderIdInvalid,
    FolderIsEmpty,
    FolderTitleEmpty,
    FolderTitleTooLong,
)
from teamgram.domain.ids.peer import is_user

ALL_CHATS = 0
"""Its place in the order of folders is kept, it is none itself."""

# What people who pay have on the official server (core.telegram.org/api/config, ``dialog_filters_limit_premium``, …).
MAX_FOLDERS = 20
MAX_CHATS = 200
MAX_SHARED = 20
MAX_LINKS = 100

MAX_TITLE = 32
"""Code points. Apps let people write twelve characters, and a character may be an emoji of many."""

_IDS = range(2, 256)
"""What the official server lets clients choose."""


class Kinds(IntFlag):
    """Kinds of conversations in a folder, and what is left out of it; the bits are TL's, and are stored."""

    CONTACTS = 1 << 0
    NON_CONTACTS = 1 << 1
    GROUPS = 1 << 2
    BROADCASTS = 1 << 3
    BOTS = 1 << 4
    EXCLUDE_MUTED = 1 << 11
    EXCLUDE_READ = 1 << 12
    EXCLUDE_ARCHIVED = 1 << 13


TAKEN_IN = Kinds.CONTACTS | Kinds.NON_CONTACTS | Kinds.GROUPS | Kinds.BROADCASTS | Kinds.BOTS


class Folder(msgspec.Struct, frozen=True, omit_defaults=True):
    """What somebody put together. Peers are marked ids, none is in two of the three lists.

    Attributes:
        entities: custom emoji in the title.
        color: of its tag, 0 to 7; None for no tag.
        kinds: ``Kinds``.
        pinned: the first ones, in this order.
        joined: groups that its owner came into by the folder's link.
        hidden: groups of the link that its owner does not want to be offered again.
    """

    title: str
    kinds: int = 0
    pinned: tuple[int, ...] = ()
    included: tuple[int, ...] = ()
    excluded: tuple[int, ...] = ()
    entities: tuple[Entity, ...] = ()
    emoticon: str = ""
    color: int | None = None
    still: bool = False
    joined: tuple[int, ...] = ()
    hidden: tuple[int, ...] = ()

    @property
    def named(self) -> tuple[int, ...]:
        """All that is in it by name."""
        return (*self.pinned, *self.included)


pack_folder = msgspec.json.Encoder().encode
unpack_folder = msgspec.json.Decoder(Folder).decode


def check_id(folder_id: int) -> None:
    """Whether a folder may be called so.

    Raises:
        FolderIdInvalid.
    """
    if folder_id not in _IDS:
        raise FolderIdInvalid(str(folder_id))


def checked(folder: Folder) -> Folder:
    """The folder as it is kept: each conversation in it once.

    Raises:
        FolderTitleEmpty, FolderTitleTooLong, FolderIsEmpty, FolderChatsTooMany, FolderExclusionsTooMany.
    """
    title = folder.title.strip()
    if not title:
        raise FolderTitleEmpty
    if len(title) > MAX_TITLE:
        raise FolderTitleTooLong(str(len(title)))
    pinned = tuple(dict.fromkeys(folder.pinned))
    included = tuple(peer for peer in dict.fromkeys(folder.included) if peer not in pinned)
    if not pinned and not included and not folder.kinds & TAKEN_IN:
        raise FolderIsEmpty
    if len(pinned) + len(included) > MAX_CHATS:
        raise FolderChatsTooMany(str(len(pinned) + len(included)))
    named = {*pinned, *included}
    excluded = tuple(peer for peer in dict.fromkeys(folder.excluded) if peer not in named)
    if len(excluded) > MAX_CHATS:
        raise FolderExclusionsTooMany(str(len(excluded)))
    shift = len(folder.title) - len(folder.title.lstrip())
    return msgspec.structs.replace(
        folder,
        title=title,
        pinned=pinned,
        included=included,
        excluded=excluded,
        # Emoji say where they stand in the title as it came.
        entities=() if shift else folder.entities,
        color=None if folder.color is None else folder.color & 7,
    )


def is_shareable(folder: Folder) -> bool:
    """Whether it can be shared: kinds are different conversations for everybody."""
    return not folder.kinds and not folder.excluded


def groups_among(peers: Sequence[int]) -> list[int]:
    """Those of marked ids that are no persons, each once."""
    return [peer for peer in dict.fromkeys(peers) if not is_user(peer)]


def in_order(listed: Sequence[int], wanted: Sequence[int]) -> list[int]:
    """The ids that there are (``listed``) as ``wanted`` says; those that it does not name stay behind, as they were."""
    there = set(listed)
    first = [folder_id for folder_id in dict.fromkeys(wanted) if folder_id in there]
    return first + [folder_id for folder_id in listed if folder_id not in first]
