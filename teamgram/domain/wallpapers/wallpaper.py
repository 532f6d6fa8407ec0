"""A wallpaper, and how it is drawn (core.telegram.org/api/wallpapers)."""

from dataclasses import dataclass

import msgspec

from teamgram.domain.files.file import Document


class DrawnAs(msgspec.Struct, frozen=True, omit_defaults=True):
    """``wallPaperSettings``: up to four colours (RGB24), each from the one before on; None for those that are not."""

    colours: tuple[int, ...] = ()
    blur: bool = False
    motion: bool = False
    intensity: int | None = None
    rotation: int = 0
    emoticon: str = ""


class Wallpaper(msgspec.Struct, frozen=True, omit_defaults=True):
    """One of somebody's.

    Attributes:
        document: its picture; None where it consists of colours alone.
        pattern: the picture is drawn over the colours.
        drawn_as: as its maker, or for a list of an account's as its owner, wants it.
    """

    id: int
    access_hash: int
    owner_id: int
    slug: str
    document: Document | None = None
    pattern: bool = False
    drawn_as: DrawnAs = DrawnAs()


@dataclass(frozen=True, slots=True)
class NamedWallpaper:
    """As a client names it: by id and access_hash, by its slug, or (colours alone) by its id or nothing but colours."""

    id: int = 0
    access_hash: int = 0
    slug: str = ""
    no_file: bool = False
