"""What takes hostile pictures, moving photos, and what a store of files says of itself."""

import io
import random
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image

from teamgram.blobs import BlobsAway
from teamgram.blobs.s3.answers import child, elements, seconds_of, size_of
from teamgram.domain.files import image_worker
from teamgram.domain.files.images import PHOTO_BOXES
from teamgram.domain.files.mp4 import dimensions
from tools.fuzz.targets import Target

MAX_PIXELS = 40_000
"""That a picture may have here: what a header claims is checked the same way, and decoding ends within the time."""


def picture(kind: str, mode: str = "RGB", **options: object) -> bytes:
    """A small picture of some kind."""
    written = io.BytesIO()
    Image.effect_noise((40, 30), 60).convert(mode).save(written, kind, **options)
    return written.getvalue()


@contextmanager
def few_pixels() -> Iterator[None]:
    """The worker's bound, and with it Pillow's, is lower for a moment: both are the process's own."""
    before = image_worker.MAX_PIXELS, Image.MAX_IMAGE_PIXELS
    image_worker.MAX_PIXELS = MAX_PIXELS
    try:
        yield
    finally:
        image_worker.MAX_PIXELS, Image.MAX_IMAGE_PIXELS = before


class Pictures(Target):
    """Photos of every kind, as a worker opens them; what is refused there is refused by a name."""

    share = 0.1
    allowed = (image_worker._Refused, OSError, ValueError, SyntaxError, MemoryError, Image.DecompressionBombError)

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        exif = Image.Exif()
        exif[0x0112], exif[0x010E] = 6, "where it was"
        self.good = [
            picture("JPEG", exif=exif.tobytes()),
            picture("JPEG", "CMYK"),
            picture("PNG", "RGBA"),
            picture("PNG", "P"),
            picture("WEBP", "RGBA"),
            picture("GIF", "P"),
            picture("BMP"),
        ]

    def take(self, data: bytes) -> None:
        with few_pixels():
            made = image_worker.shrink(data, list(PHOTO_BOXES[:2]))
        for size in made["sizes"]:
            if b"where it was" in size["bytes"] or Image.open(io.BytesIO(size["bytes"])).format != "JPEG":
                raise AssertionError("more than the picture goes along")


class MovingPhotos(Target):
    """Headers of MP4."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        track = (92).to_bytes(4) + b"tkhd" + bytes(76) + (640 << 16).to_bytes(4) + (480 << 16).to_bytes(4)
        moov = (16 + len(track)).to_bytes(4) + b"moov" + (8 + len(track)).to_bytes(4) + b"trak" + track
        self.good = [(16).to_bytes(4) + b"ftypisom" + bytes(4) + moov]

    def take(self, data: bytes) -> None:
        found = dimensions(data)
        if found is not None and not all(0 < side <= 4096 for side in found):
            raise AssertionError(f"a picture of {found}")


class StoreAnswers(Target):
    """XML of an S3-compatible store."""

    allowed = (BlobsAway,)

    def __init__(self, chance: random.Random) -> None:
        super().__init__(chance)
        head = b'<?xml version="1.0" encoding="UTF-8"?>'
        listing = b"<L xmlns='u'><Contents><Key>kept/a</Key><Size>5</Size><LastModified>2026-12-01T05:00:00.000Z"
        self.good = [
            head + listing + b"</LastModified></Contents></L>",
            b"<!DOCTYPE a [<!ENTITY b 'c'><!ENTITY d '&b;&b;'>]><L><Contents><Key>&d;</Key></Contents></L>",
        ]

    def take(self, data: bytes) -> None:
        for one in elements(data, "Contents"):
            child(one, "Key")
            size_of(child(one, "Size"))
            seconds_of(child(one, "LastModified"))


PICTURE_TARGETS: dict[str, type[Target]] = {
    "pictures": Pictures,
    "moving_photos": MovingPhotos,
    "store_answers": StoreAnswers,
}
