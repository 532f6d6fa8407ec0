"""Documents and photos: what is known of a file besides its bytes. They never change once they are made."""

import msgspec


class Attribute(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a document is; ``kind`` is the TL name without ``documentAttribute``, first letter small.

    ``seconds`` is the duration of audio and video.
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


class PhotoSize(msgspec.Struct, frozen=True, omit_defaults=True):
    """One size of a picture: ``type`` is the letter that clients ask for it by, ``blob`` where its JPEG lies."""

    type: str
    w: int
    h: int
    size: int
    blob: str


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
        return next((one for one in self.attributes if one.kind == kind), None)


class Photo(msgspec.Struct, frozen=True, omit_defaults=True):
    """A picture in several sizes, made by this server."""

    id: int
    access_hash: int
    date: int
    sizes: tuple[PhotoSize, ...]
    stripped: bytes = b""


File = Document | Photo
