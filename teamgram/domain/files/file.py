"""Documents and photos: what is known of a file besides its bytes. They never change once they are made."""

import msgspec


class MaskCoords(msgspec.Struct, frozen=True):
    """Where on a face a mask lies (core.telegram.org/constructor/maskCoords)."""

    n: int
    x: float
    y: float
    zoom: float


class Attribute(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a document is; ``kind`` is the TL name without ``documentAttribute``, first letter small.

    ``seconds`` is the duration of audio and video; ``set_id`` and ``set_access_hash`` name the
    sticker set that a sticker or custom emoji belongs to.
    """

    kind: str
    file_name: str = ""
    w: int = 0
    h: int = 0
    seconds: float = 0.0
    voice: bool = False
    round_message: bool = False
    supports_streaming: bool = False
    nosound: bool = False
    preload_prefix_size: int = 0
    title: str = ""
    performer: str = ""
    waveform: bytes = b""
    alt: str = ""
    mask: bool = False
    set_id: int = 0
    set_access_hash: int = 0
    mask_coords: MaskCoords | None = None
    text_color: bool = False


class PhotoSize(msgspec.Struct, frozen=True, omit_defaults=True):
    """One size of a picture: ``type`` is the letter that clients ask for it by, ``blob`` where its JPEG lies."""

    type: str
    w: int
    h: int
    size: int
    blob: str


class VideoSize(msgspec.Struct, frozen=True, omit_defaults=True):
    """A moving profile photo: an MP4 as it was uploaded; ``start`` is the second that the still stands for."""

    type: str
    w: int
    h: int
    size: int
    blob: str
    start: float = 0.0


class EmojiMarkup(msgspec.Struct, frozen=True):
    """A moving profile photo that clients draw themselves: a custom emoji over up to four colours (0xRRGGBB)."""

    emoji_id: int
    colours: tuple[int, ...]


class Document(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file as it was sent.

    Attributes:
        date: unix seconds.
        blob: where its bytes lie.
        thumbs: smaller pictures of it.
        stripped: a tiny one (core.telegram.org/api/files, "Stripped thumbnails"), or nothing.
    """

    id: int
    access_hash: int
    date: int
    mime_type: str
    size: int
    blob: str
    attributes: tuple[Attribute, ...] = ()
    thumbs: tuple[PhotoSize, ...] = ()
    stripped: bytes = b""

    def attribute(self, kind: str) -> Attribute | None:
        """The attribute of that kind."""
        for one in self.attributes:
            if one.kind == kind:
                return one
        return None

    @property
    def sticker(self) -> Attribute | None:
        """What makes it a sticker or a custom emoji."""
        return self.attribute("sticker") or self.attribute("customEmoji")


class Photo(msgspec.Struct, frozen=True, omit_defaults=True):
    """A picture in several sizes, made by this server."""

    id: int
    access_hash: int
    date: int
    sizes: tuple[PhotoSize, ...]
    stripped: bytes = b""
    videos: tuple[VideoSize, ...] = ()
    markup: EmojiMarkup | None = None

    @property
    def is_portrait(self) -> bool:
        """Whether it was made to be somebody's, or a group's: it has the squares that clients ask for by peer."""
        return {SMALL, BIG} <= {one.type for one in self.sizes}


SMALL, BIG = "a", "c"
"""The squares that ``inputPeerPhotoFileLocation`` means (core.telegram.org/api/files#image-thumbnail-types)."""


class Avatar(msgspec.Struct, frozen=True, omit_defaults=True):
    """What of a photo goes along wherever its person or group is shown."""

    photo_id: int
    stripped: bytes = b""
    has_video: bool = False


def avatar_of(photo: Photo) -> Avatar:
    """The photo as it goes along with its person or group."""
    return Avatar(photo.id, photo.stripped, bool(photo.videos) or photo.markup is not None)


_encode_avatar = msgspec.json.Encoder().encode
_decode_avatar = msgspec.json.Decoder(Avatar).decode


def pack_avatar(avatar: Avatar | None) -> bytes | None:
    """As it is stored."""
    return None if avatar is None else _encode_avatar(avatar)


def unpack_avatar(stored: bytes | None) -> Avatar | None:
    """The inverse of ``pack_avatar``."""
    return _decode_avatar(stored) if stored else None


File = Document | Photo
