"""From files to stickers: checked for what they are, whatever they are called.

Rules of sizes and lengths: core.telegram.org/stickers and core.telegram.org/api/stickers.
"""

import secrets

from twisted.internet.interfaces import IReactorTime

import msgspec

from teamgram.blobs import Blobs, Kept
from teamgram.domain.files.errors import ImageInvalid, PhotoDimensionsInvalid, PhotoTypeInvalid
from teamgram.domain.files.file import Attribute, Document, MaskCoords, PhotoSize
from teamgram.domain.files.images import Images, SeenSticker
from teamgram.domain.stickers.errors import (
    StickerFileInvalid,
    StickerPngDimensions,
    StickerPngInvalid,
    StickerTgsInvalid,
    StickerVideoBig,
    StickerVideoDimensions,
    StickerVideoInvalid,
    ThumbPngInvalid,
    ThumbTgsInvalid,
)
from teamgram.domain.stickers.sticker_set import EMOJI, Meaning, StickerSet, sticker_attribute

SIDE, EMOJI_SIDE, THUMB_SIDE = 512, 100, 100
MAX_BYTES = {"webp": 512 << 10, "tgs": 64 << 10, "webm": 256 << 10}
MAX_THUMB_BYTES = {"webp": 128 << 10, "tgs": 32 << 10, "webm": 32 << 10}
MAX_SECONDS = 3.05
"""Three, and what encoders round up."""
RATES = (30, 60)
MIME_TYPES = {"webp": "image/webp", "tgs": "application/x-tgsticker", "webm": "video/webm"}

_SAID = {"application/x-tgsticker": StickerTgsInvalid, "video/webm": StickerVideoInvalid}
_THUMB_LETTERS = {"webp": "s", "tgs": "a", "webm": "v"}
"""core.telegram.org/api/files, "Image thumbnail types": s a box, a and v animated and video thumbnails of sets."""


class StickerMaker:
    """Makes documents that belong to a set of others."""

    def __init__(self, blobs: Blobs, images: Images, clock: IReactorTime) -> None:
        self._blobs = blobs
        self._images = images
        self._clock = clock

    async def sticker(
        self, source: Document, set_: StickerSet, meaning: Meaning, mask_coords: MaskCoords | None
    ) -> Document:
        """A document of that set, with the bytes of another one.

        Raises:
            StickerFileInvalid, StickerPngInvalid, StickerPngDimensions, StickerTgsInvalid, StickerVideoInvalid,
                StickerVideoBig, StickerVideoDimensions: no sticker can be made of it.
            StorageFull, StorageAway, UploadsTooMany.
        """
        if source.size > max(MAX_BYTES.values()):
            raise StickerFileInvalid(str(source.size))
        try:
            seen = await self._look(source)
        except (PhotoTypeInvalid, ImageInvalid):
            raise _SAID.get(source.mime_type, StickerPngInvalid) from None
        except PhotoDimensionsInvalid:
            raise StickerPngDimensions from None
        _check(seen, source.size, EMOJI_SIDE if set_.kind == EMOJI else SIDE, is_emoji=set_.kind == EMOJI)
        attributes = [
            Attribute("imageSize", w=seen.w, h=seen.h),
            sticker_attribute(set_, meaning, mask_coords),
            Attribute("filename", file_name=f"sticker.{seen.format}"),
        ]
        if seen.format == "webm":
            attributes[0] = Attribute("video", w=seen.w, h=seen.h, seconds=seen.seconds, nosound=True)
        return await self._document(source, seen, tuple(attributes))

    async def thumb(self, source: Document) -> Document:
        """A picture for a set.

        Raises:
            ThumbPngInvalid, ThumbTgsInvalid: it is none.
            StorageFull, StorageAway, UploadsTooMany.
        """
        wrong = ThumbTgsInvalid if source.mime_type == "application/x-tgsticker" else ThumbPngInvalid
        if source.size > max(MAX_THUMB_BYTES.values()):
            raise wrong
        try:
            seen = await self._look(source)
        except (PhotoTypeInvalid, PhotoDimensionsInvalid, ImageInvalid):
            raise wrong from None
        if (seen.w, seen.h) != (THUMB_SIDE, THUMB_SIDE) or seen.seconds > MAX_SECONDS:
            raise wrong
        if (len(seen.content) or source.size) > MAX_THUMB_BYTES[seen.format]:
            raise wrong
        return await self._document(source, seen, (Attribute("imageSize", w=seen.w, h=seen.h),))

    async def _look(self, source: Document) -> SeenSticker:
        return await self._images.look(await self._blobs.read(source.blob, 0, source.size))

    async def _document(self, source: Document, seen: SeenSticker, attributes: tuple[Attribute, ...]) -> Document:
        kept = Kept(source.blob, source.size, "")
        thumbs: tuple[PhotoSize, ...] = ()
        if seen.content:
            kept = await self._blobs.keep(seen.content)
        if seen.thumb is not None:
            w, h, content = seen.thumb
            small = await self._blobs.keep(content)
            thumbs = (PhotoSize("m", w, h, small.size, small.name),)
        return Document(
            secrets.randbelow((1 << 62) - 1) + 1,
            secrets.randbits(64) - (1 << 63),
            int(self._clock.seconds()),
            MIME_TYPES[seen.format],
            kept.size,
            kept.name,
            attributes,
            thumbs,
        )


def _check(seen: SeenSticker, size: int, side: int, *, is_emoji: bool) -> None:
    w, h = seen.w, seen.h
    fits = (w, h) == (side, side) if is_emoji else max(w, h) == side
    if seen.format == "webp":
        if len(seen.content) > MAX_BYTES["webp"]:
            raise StickerPngInvalid
        if not fits:
            raise StickerPngDimensions(f"{w} x {h}")
    elif seen.format == "tgs":
        # A custom emoji is drawn small, but written as large as any other.
        if (w, h) != (SIDE, SIDE) or size > MAX_BYTES["tgs"] or seen.seconds > MAX_SECONDS or seen.rate not in RATES:
            raise StickerTgsInvalid
    else:
        if size > MAX_BYTES["webm"]:
            raise StickerVideoBig(str(size))
        if not fits:
            raise StickerVideoDimensions(f"{w} x {h}")
        if seen.seconds > MAX_SECONDS:
            raise StickerVideoInvalid("too long")


def thumb_size(thumb: Document) -> PhotoSize:
    """A set's picture as one size of it."""
    kind = next(kind for kind, mime_type in MIME_TYPES.items() if mime_type == thumb.mime_type)
    return PhotoSize(_THUMB_LETTERS[kind], THUMB_SIDE, THUMB_SIDE, thumb.size, thumb.blob)


def with_meaning(document: Document, set_: StickerSet, meaning: Meaning, mask_coords: MaskCoords | None) -> Document:
    """A sticker that stands for something else now."""
    said = sticker_attribute(set_, meaning, mask_coords)
    attributes = tuple(said if one.kind == said.kind else one for one in document.attributes)
    return msgspec.structs.replace(document, attributes=attributes)
