"""A set, and the stickers in it."""

import struct
import zlib
from dataclasses import dataclass

import msgspec

from teamgram.domain.files.file import Attribute, Document, MaskCoords

REGULAR, MASK, EMOJI = "regular", "mask", "emoji"
KINDS = (REGULAR, MASK, EMOJI)


class StickerSet(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of a set besides its stickers.

    Attributes:
        owner_id: who made it and may change it; 0 for the server's own.
        kind: one of ``KINDS``.
        count: stickers in it.
        version: one more with every change.
        formats: the MIME types of its stickers, each once.
        thumb: a picture of its own, and
        thumb_id: the sticker that serves as one. Without both clients show the first.
        text_color: custom emoji that take the colour of the text.
    """

    id: int
    access_hash: int
    owner_id: int
    title: str
    short_name: str
    kind: str
    created_at: int
    count: int = 0
    version: int = 1
    formats: tuple[str, ...] = ()
    thumb: Document | None = None
    thumb_id: int = 0
    text_color: bool = False

    @property
    def hash(self) -> int:
        """Another one after every change; never 0, which clients take for "I have nothing"."""
        return (zlib.crc32(struct.pack("<qq", self.id, self.version)) & 0x7FFFFFFF) or 1


class Meaning(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a sticker stands for: emoji, the first of which it is named by, and words that it is found by."""

    emoji: tuple[str, ...]
    keywords: tuple[str, ...] = ()


class Sticker(msgspec.Struct, frozen=True):
    """One sticker of a set."""

    document: Document
    meaning: Meaning


class WholeSet(msgspec.Struct, frozen=True):
    """A set with its stickers, in order."""

    set: StickerSet
    stickers: tuple[Sticker, ...]


@dataclass(frozen=True, slots=True)
class NamedSet:
    """A set as a client names it: by its id, by its short name, or as one of the server's own."""

    id: int = 0
    access_hash: int = 0
    short_name: str = ""


@dataclass(frozen=True, slots=True)
class NewSticker:
    """A file that shall be a sticker."""

    document: Document
    emoji: str
    keywords: str = ""
    mask_coords: MaskCoords | None = None


@dataclass(frozen=True, slots=True)
class NewSet:
    """A set that shall be."""

    title: str
    short_name: str
    kind: str
    stickers: tuple[NewSticker, ...]
    text_color: bool = False
    thumb: Document | None = None


def sticker_attribute(set_: StickerSet, meaning: Meaning, mask_coords: MaskCoords | None) -> Attribute:
    """What says of a document that it is a sticker of that set."""
    return Attribute(
        "customEmoji" if set_.kind == EMOJI else "sticker",
        alt=meaning.emoji[0],
        mask=set_.kind == MASK,
        set_id=set_.id,
        set_access_hash=set_.access_hash,
        mask_coords=mask_coords if set_.kind == MASK else None,
        text_color=set_.text_color and set_.kind == EMOJI,
    )
