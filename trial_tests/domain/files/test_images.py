"""Pictures in worker processes: the sizes that clients know, nothing but its pixels, and bombs that fail."""

import io
import struct
import zlib
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from PIL import Image, ImageDraw
from telethon.utils import stripped_photo_to_jpg

from teamgram.domain.files.errors import ImageInvalid, PhotoDimensionsInvalid, PhotoTypeInvalid
from teamgram.domain.files.images import PHOTO_BOXES, Images


def picture(w: int, h: int, kind: str = "JPEG", **options: Any) -> bytes:
    """A picture with a red left half."""
    image = Image.new("RGB", (w, h), "blue")
    ImageDraw.Draw(image).rectangle((0, 0, w // 2, h), fill="red")
    written = io.BytesIO()
    image.save(written, kind, **options)
    return written.getvalue()


def bomb(side: int) -> bytes:
    """A PNG of a few bytes that says it is a square of ``side`` pixels a side."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    )


class ImagesTests(TestCase):
    """The real workers."""

    timeout = 60

    def setUp(self) -> None:
        self.images = Images(reactor)
        self.addCleanup(lambda: Deferred.fromCoroutine(self.images.close()))

    async def test_sizes(self) -> None:
        """As many as apply, by their letters, each as large as its square."""
        made = await self.images.shrink(picture(1000, 500), PHOTO_BOXES)
        sizes = [(one.type, one.w, one.h) for one in made.sizes]
        self.assertEqual(sizes, [("s", 100, 50), ("m", 320, 160), ("x", 800, 400), ("y", 1000, 500)])
        for one in made.sizes:
            self.assertEqual(Image.open(io.BytesIO(one.bytes)).size, (one.w, one.h))
        (only,) = (await self.images.shrink(picture(60, 90), PHOTO_BOXES)).sizes
        self.assertEqual((only.type, only.w, only.h), ("s", 60, 90))

    async def test_stripped(self) -> None:
        """The tiny one becomes a picture behind the header that clients have."""
        made = await self.images.shrink(picture(800, 400), PHOTO_BOXES)
        tiny = Image.open(io.BytesIO(stripped_photo_to_jpg(made.stripped)))
        self.assertEqual(tiny.size, (40, 20))
        left: Any = tiny.getpixel((4, 10))
        right: Any = tiny.getpixel((35, 10))
        self.assertTrue(left[0] > 150 > left[2] and right[2] > 150 > right[0], (left, right))

    async def test_turned_and_nothing_told(self) -> None:
        """Orientation is applied; where a picture was taken, comments and profiles are gone."""
        exif = Image.Exif()
        exif[0x0112] = 6  # to be turned by 90 degrees
        exif[0x010E] = "SECRET description"
        exif.get_ifd(0x8825)[1] = "N"
        data = picture(400, 200, exif=exif, comment=b"SECRET comment", icc_profile=b"SECRET profile")
        self.assertEqual(data.count(b"SECRET"), 3)
        made = await self.images.shrink(data, PHOTO_BOXES)
        for one in made.sizes:
            self.assertNotIn(b"SECRET", one.bytes)
            self.assertNotIn(b"Exif", one.bytes)
        image = Image.open(io.BytesIO(made.sizes[-1].bytes))
        self.assertEqual(image.size, (200, 400))
        pixel: Any = image.getpixel((100, 20))
        self.assertGreater(pixel[0], 150)
        self.assertEqual((len(image.getexif()), image.info.get("comment")), (0, None))

    async def test_what_it_is_says_the_content(self) -> None:
        """PNG, WebP and GIF are pictures; what is none is refused, whatever it begins with."""
        for kind in ("PNG", "WEBP", "GIF"):
            made = await self.images.shrink(picture(50, 50, kind), PHOTO_BOXES)
            self.assertEqual(Image.open(io.BytesIO(made.sizes[0].bytes)).format, "JPEG")
        for data in (b"", b"GIF89a", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.4", b"\xff\xd8\xff" * 9):
            with self.assertRaises(PhotoTypeInvalid):
                await self.images.shrink(data, PHOTO_BOXES)
        with self.assertRaises(ImageInvalid):
            await self.images.shrink(picture(300, 300)[:-400], PHOTO_BOXES)

    async def test_a_polyglot_loses_its_other_half(self) -> None:
        """What lies behind a picture's end is in none of its sizes."""
        made = await self.images.shrink(picture(50, 50) + b"PK\x03\x04<script>alert(1)</script>", PHOTO_BOXES)
        for one in made.sizes:
            self.assertNotIn(b"script", one.bytes)

    async def test_dimensions(self) -> None:
        """Neither strips nor posters."""
        for w, h in ((9000, 2000), (21, 1), (10, 401)):
            with self.assertRaises(PhotoDimensionsInvalid):
                await self.images.shrink(picture(w, h, "PNG"), PHOTO_BOXES)

    async def test_a_bomb_is_one_error(self) -> None:
        """It takes nothing, and the next picture is made."""
        for side in (4990, 60_000):
            with self.assertRaises((ImageInvalid, PhotoDimensionsInvalid)):
                await self.images.shrink(bomb(side), PHOTO_BOXES)
        self.assertTrue((await self.images.shrink(picture(50, 50), PHOTO_BOXES)).sizes)

    async def test_too_long_is_ended(self) -> None:
        """Who takes more time than there is fails, and the next one has a process of its own."""
        slow = Images(reactor, workers=1, seconds=0.001)
        self.addCleanup(lambda: Deferred.fromCoroutine(slow.close()))
        with self.assertRaises(ImageInvalid):
            await slow.shrink(picture(3000, 3000), PHOTO_BOXES)
        slow.seconds = 30
        self.assertTrue((await slow.shrink(picture(50, 50), PHOTO_BOXES)).sizes)
