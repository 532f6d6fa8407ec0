"""The process that opens pictures, so that the server's own never does. Run as ``python -m`` by ``images``.

One job at a time over standard input and output, each a 4-byte little-endian length and a msgpack map: in comes
``{kind, bytes, boxes}``, out goes ``{sizes: [{type, w, h, bytes}], stripped}``, of a sticker
``{format, w, h, seconds, rate, content, thumb}``, or ``{error}``. What it may use is
limited by the kernel; a picture that needs more ends this process, and the next job gets another one.
"""

import io
import os
import resource
import struct
import sys
from typing import Any

import msgspec

from teamgram.domain.files import drawings
from teamgram.domain.files.animations import NotAnAnimation, read_tgs, read_webm

MAX_PIXELS = 64_000_000
MEMORY = 1 << 30
CPU_SECONDS = 20
"""Of one picture."""

MAX_SIDES, MAX_RATIO = 10_000, 20
"""Width and height together, and one by the other (errors of messages.uploadMedia, PHOTO_INVALID_DIMENSIONS)."""

_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
_STRIPPED_BOX = 40

# Clients put a fixed header before a stripped thumbnail (core.telegram.org/api/files#stripped-thumbnails; its bytes are
# in Telethon's ``utils.stripped_photo_to_jpg``): what libjpeg writes at quality 20, halved colours and standard codes.
_HEAD_END = 623
"""Where the scan begins behind that header."""


class _Refused(Exception):
    """Why a picture is none; a name of ``images.REASONS``."""


def _opened(data: bytes) -> Any:
    from PIL import Image, ImageOps, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    try:
        image = Image.open(io.BytesIO(data), formats=_FORMATS)
    except Image.DecompressionBombError:
        raise _Refused("process") from None
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
        raise _Refused("type") from None
    w, h = image.size
    if w < 1 or h < 1 or w + h > MAX_SIDES or max(w, h) > MAX_RATIO * min(w, h):
        raise _Refused("dimensions")
    if w * h > MAX_PIXELS:
        raise _Refused("process")
    # JPEG can be opened at a part of its size, which is most of the work saved.
    image.draft("RGB", (2560, 2560))
    turned = ImageOps.exif_transpose(image)
    if turned.mode in ("RGBA", "LA", "PA") or "transparency" in turned.info:
        over = turned.convert("RGBA")
        turned = Image.new("RGB", over.size, (255, 255, 255))
        turned.paste(over, mask=over.getchannel("A"))
    return turned.convert("RGB")


def _jpeg(image: Any, **options: Any) -> bytes:
    # A new picture of the same pixels: nothing that was said in the file (GPS, comments, profiles) goes along.
    from PIL import Image

    plain = Image.frombytes("RGB", image.size, image.tobytes())
    written = io.BytesIO()
    plain.save(written, "JPEG", **options)
    return written.getvalue()


def _stripped(image: Any) -> bytes:
    small = image.copy()
    small.thumbnail((_STRIPPED_BOX, _STRIPPED_BOX))
    whole = _jpeg(small, quality=20, subsampling="4:2:0", optimize=False)
    if whole[_HEAD_END - 14 : _HEAD_END - 10] != b"\xff\xda\x00\x0c":
        return b""
    return bytes((1, small.height, small.width)) + whole[_HEAD_END:-2]


def shrink(data: bytes, boxes: list[tuple[str, int]]) -> dict[str, Any]:
    """A picture as JPEGs that fit into squares: ``boxes`` are (letter, pixels a side), smallest first.

    The first box that holds all of it is the last. Orientation is applied, and metadata is gone.
    """
    image = _opened(data)
    sizes = []
    for letter, box in boxes:
        fits = max(image.size) <= box
        scaled = image
        if not fits:
            scaled = image.copy()
            scaled.thumbnail((box, box))
        content = _jpeg(scaled, quality=87, optimize=False, progressive=box > 320)
        sizes.append({"type": letter, "w": scaled.width, "h": scaled.height, "bytes": content})
        if fits:
            break
    return {"sizes": sizes, "stripped": _stripped(image)}


def portrait(image: Any, boxes: list[tuple[str, int]]) -> dict[str, Any]:
    """The square in the middle of a picture, in each of the sizes; a smaller one is not made larger.

    One that does not fill the smallest is refused.
    """
    from PIL import Image

    side = min(image.size)
    if side < boxes[0][1]:
        raise _Refused("small")
    left, top = (image.width - side) // 2, (image.height - side) // 2
    square = image.crop((left, top, left + side, top + side))
    sizes = []
    for letter, box in boxes:
        box = min(box, side)
        content = _jpeg(square.resize((box, box), Image.Resampling.LANCZOS), quality=87, optimize=False)
        sizes.append({"type": letter, "w": box, "h": box, "bytes": content})
    return {"sizes": sizes, "stripped": _stripped(square)}


_STICKER_THUMB = 128
_MAX_STICKER_SIDE = 2048


def look(data: bytes) -> dict[str, Any]:
    """A sticker: what it is, how large, how long; a still one as WebP alone, and a small one."""
    read = {b"\x1f\x8b": ("tgs", read_tgs), b"\x1a\x45": ("webm", read_webm)}.get(data[:2])
    if read is not None:
        kind, reader = read
        try:
            found = reader(data)
        except NotAnAnimation:
            raise _Refused("type") from None
        size = {"w": found.w, "h": found.h, "seconds": found.seconds, "rate": found.frames_per_second}
        return {"format": kind, **size, "content": b"", "thumb": None}
    return _still(data)


def _still(data: bytes) -> dict[str, Any]:
    from PIL import Image, UnidentifiedImageError

    try:
        image = Image.open(io.BytesIO(data), formats=("PNG", "WEBP"))
    except Image.DecompressionBombError:
        raise _Refused("dimensions") from None
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
        raise _Refused("type") from None
    if getattr(image, "n_frames", 1) != 1:
        raise _Refused("type")
    if max(image.size) > _MAX_STICKER_SIDE:
        raise _Refused("dimensions")
    alone = image.format == "WEBP" and len(data) == 8 + struct.unpack_from("<I", data, 4)[0]
    # Always opened whole: a header says nothing about the rest.
    pixels = image.convert("RGBA")
    if alone and not image.info.keys() & {"exif", "xmp", "icc_profile"}:
        content = data
    else:
        content = _webp(pixels, lossless=True)
    thumb = None
    if max(pixels.size) > _STICKER_THUMB:
        small = pixels.copy()
        small.thumbnail((_STICKER_THUMB, _STICKER_THUMB))
        thumb = {"w": small.width, "h": small.height, "bytes": _webp(small, quality=80)}
    size = {"w": pixels.width, "h": pixels.height, "seconds": 0.0, "rate": 0.0}
    return {"format": "webp", **size, "content": content, "thumb": thumb}


def _webp(image: Any, **options: Any) -> bytes:
    from PIL import Image

    plain = Image.frombytes("RGBA", image.size, image.tobytes())
    written = io.BytesIO()
    plain.save(written, "WEBP", **options)
    return written.getvalue()


def _done(job: dict[str, Any]) -> dict[str, Any]:
    if job["kind"] == "sticker":
        return look(job["bytes"])
    boxes = [(letter, box) for letter, box in job["boxes"]]
    if job["kind"] == "portrait":
        return portrait(_opened(job["bytes"]), boxes)
    if job["kind"] == "drawn":
        return portrait(drawings.drawn(job["subject"], job["colour"]), boxes)
    return shrink(job["bytes"], boxes)


def _answer(job: dict[str, Any]) -> dict[str, Any]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(used.ru_utime + used.ru_stime)
    resource.setrlimit(resource.RLIMIT_CPU, (spent + CPU_SECONDS, resource.RLIM_INFINITY))
    try:
        return _done(job)
    except _Refused as refused:
        return {"error": str(refused)}
    except Exception:
        # Decoders raise whatever they like, also MemoryError.
        return {"error": "process"}


def main() -> None:
    """Answer jobs until standard input ends."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))
    os.nice(5)
    read, write = sys.stdin.buffer, sys.stdout.buffer
    while head := read.read(4):
        job = msgspec.msgpack.decode(read.read(struct.unpack("<I", head)[0]))
        answer = msgspec.msgpack.encode(_answer(job))
        write.write(struct.pack("<I", len(answer)) + answer)
        write.flush()


if __name__ == "__main__":
    main()
