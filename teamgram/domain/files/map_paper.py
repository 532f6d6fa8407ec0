"""What stands for a map where there are none: paper with the lines of latitude and longitude, as a PNG.

This server has no maps and asks nobody for them, for whoever draws one learns where people meet. The lines lie where
they lie on maps of the Web Mercator projection (EPSG:3857), so two places nearby look apart as they are.
"""

import math
import struct
import zlib
from dataclasses import dataclass

_TILE = 256
"""Points of the whole world's side at zoom 0."""

_MAX_LATITUDE = 85.05
_MIN_GAP = 40
"""Points between two lines at least, before the scale."""

_PAPER, _LINE = bytes((0xEC, 0xEE, 0xE6)), bytes((0xCB, 0xD2, 0xC6))
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True, slots=True)
class MapFrame:
    """A piece of the globe.

    Attributes:
        latitude: of the middle, in degrees; so is ``longitude``.
        w: points, 16 to 1024; so is ``h``.
        zoom: 13 to 20.
        scale: dots of a point's side, 1 to 3 (core.telegram.org/constructor/inputWebFileGeoPointLocation).
    """

    latitude: float
    longitude: float
    w: int
    h: int
    zoom: int
    scale: int

    @property
    def is_valid(self) -> bool:
        """Whether all of it is within those bounds."""
        return (
            abs(self.latitude) <= 90
            and abs(self.longitude) <= 180
            and 16 <= self.w <= 1024
            and 16 <= self.h <= 1024
            and 13 <= self.zoom <= 20
            and 1 <= self.scale <= 3
        )


def draw_map_paper(frame: MapFrame) -> bytes:
    """A PNG of at most 3072 dots a side, a few kB; the same frame gives the same bytes.

    Args:
        frame: a valid one.
    """
    dots = _TILE * 2**frame.zoom * frame.scale
    w, h = frame.w * frame.scale, frame.h * frame.scale
    step = _step(_MIN_GAP * frame.scale * 360 / dots)
    left = (frame.longitude + 180) / 360 * dots - w / 2
    latitude = min(max(frame.latitude, -_MAX_LATITUDE), _MAX_LATITUDE)
    top = _down(latitude) * dots - h / 2
    first = math.ceil((left / dots * 360 - 180) / step)
    columns = {round((number * step + 180) / 360 * dots - left) for number in range(first, first + w // _MIN_GAP + 1)}
    first = math.floor(latitude / step)
    around = range(first - h // _MIN_GAP, first + h // _MIN_GAP + 1)
    rows = {round(_down(number * step) * dots - top) for number in around if abs(number * step) < _MAX_LATITUDE}

    # One bit a dot: 0 is paper, 1 a line.
    width = (w + 7) // 8
    on_column = {column + dot for column in columns for dot in range(frame.scale)}
    plain = b"\0" + sum(1 << (8 * width - 1 - dot) for dot in on_column if 0 <= dot < w).to_bytes(width)
    lined = b"\0" + b"\xff" * width
    on_line = {row + dot for row in rows for dot in range(frame.scale)}
    pixels = b"".join(lined if row in on_line else plain for row in range(h))
    header = struct.pack(">IIBBBBB", w, h, 1, 3, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"PLTE", _PAPER + _LINE), (b"IDAT", zlib.compress(pixels, 6)), (b"IEND", b""))
    return _SIGNATURE + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def _step(least: float) -> float:
    """The next of 1, 2, 5, 10, … degrees, and parts of a degree, that is not below ``least``."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(one * power for one in (1, 2, 5, 10) if one * power >= least)


def _down(latitude: float) -> float:
    """How far down the world a latitude lies, of 1."""
    return (1 - math.asinh(math.tan(math.radians(latitude))) / math.pi) / 2
