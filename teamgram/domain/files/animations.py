"""What moving stickers are: TGS and WebM, read for what they say of themselves and checked for what they hold.

Runs in the workers. TGS is a gzipped Lottie animation without some of its features (core.telegram.org/stickers,
"Animated stickers"; lottiefiles.github.io/lottie-docs); WebM is EBML (RFC 8794) with the elements of
Matroska (RFC 9559), and here one track of VP9 (its frame header: "VP9 Bitstream & Decoding Process", 6.2).
"""

import struct
import zlib
from dataclasses import dataclass
from typing import Any

import msgspec

MAX_TGS_JSON = 4 << 20
"""Bytes of an unpacked animation."""

_PRECOMPOSITION, _NULL, _SHAPE = 0, 3, 4
_MAX_ELEMENTS = 100_000


@dataclass(frozen=True, slots=True)
class Animation:
    """How large and how long."""

    w: int
    h: int
    seconds: float
    frames_per_second: float = 0.0


class NotAnAnimation(Exception):
    """Those bytes are not what they seem; the text says why."""


# TGS


def read_tgs(data: bytes) -> Animation:
    """A gzipped Lottie animation.

    Raises:
        NotAnAnimation.
    """
    unpacker = zlib.decompressobj(wbits=31)
    try:
        text = unpacker.decompress(data, MAX_TGS_JSON)
    except zlib.error:
        raise NotAnAnimation("no gzip") from None
    if not unpacker.eof or unpacker.unused_data:
        raise NotAnAnimation("too long, cut off, or something behind it")
    try:
        whole = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise NotAnAnimation("no JSON") from None
    if not isinstance(whole, dict):
        raise NotAnAnimation("no animation")
    w, h, rate = (_number(whole, name) for name in ("w", "h", "fr"))
    first, last = _number(whole, "ip"), _number(whole, "op")
    if rate <= 0 or last <= first:
        raise NotAnAnimation("no time")
    _check_layers(whole.get("layers"))
    assets = whole.get("assets", [])
    if not isinstance(assets, list):
        raise NotAnAnimation("assets")
    for asset in assets:
        # Anything else is a picture or a sound, of somewhere else at worst.
        if not isinstance(asset, dict) or "p" in asset or "u" in asset:
            raise NotAnAnimation("an asset that is no composition")
        _check_layers(asset.get("layers"))
    if whole.get("fonts") or whole.get("chars") or whole.get("ddd"):
        raise NotAnAnimation("texts or three dimensions")
    _check_no_expressions(whole)
    return Animation(int(w), int(h), (last - first) / rate, rate)


def _number(of: dict[str, Any], name: str) -> float:
    value = of.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) < 1e6:
        raise NotAnAnimation(f"no {name}")
    return float(value)


def _check_layers(layers: Any) -> None:
    if not isinstance(layers, list) or not layers:
        raise NotAnAnimation("no layers")
    for layer in layers:
        if not isinstance(layer, dict) or layer.get("ty") not in (_PRECOMPOSITION, _NULL, _SHAPE):
            raise NotAnAnimation("a layer that stickers have not")
        if layer.get("ddd") or layer.get("tm") is not None:
            raise NotAnAnimation("three dimensions, or another time")


def _check_no_expressions(whole: Any) -> None:
    """A property whose ``x`` is a text is computed by a script."""
    left = [whole]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            if isinstance(one.get("x"), str) and "k" in one:
                raise NotAnAnimation("an expression")
            left += one.values()
        elif isinstance(one, list):
            left += one


# WebM

_EBML, _DOC_TYPE, _SEGMENT, _INFO, _TIMESTAMP_SCALE, _DURATION = (
    0x1A45DFA3,
    0x4282,
    0x18538067,
    0x1549A966,
    0x2AD7B1,
    0x4489,
)
_TRACKS, _TRACK, _TRACK_TYPE, _CODEC, _VIDEO, _WIDTH, _HEIGHT = 0x1654AE6B, 0xAE, 0x83, 0x86, 0xE0, 0xB0, 0xBA
_CLUSTER, _TIMESTAMP, _GROUP, _BLOCK, _SIMPLE_BLOCK = 0x1F43B675, 0xE7, 0xA0, 0xA1, 0xA3
_MASTERS = frozenset({_EBML, _SEGMENT, _INFO, _TRACKS, _TRACK, _VIDEO, _CLUSTER, _GROUP})
_MASTERS_OF_UNKNOWN_SIZE = frozenset({_SEGMENT, _CLUSTER})


class _WebM:
    """What a walk through all elements has met."""

    def __init__(self) -> None:
        self.doc_type = b""
        self.scale = 1_000_000
        self.duration = 0.0
        self.tracks = 0
        self.track_type = 0
        self.codec = b""
        self.w = self.h = 0
        self.cluster = 0
        self.last = 0
        self.first_frame = b""

    def take(self, element: int, value: bytes) -> None:
        if element == _DOC_TYPE:
            self.doc_type = value
        elif element == _TIMESTAMP_SCALE:
            self.scale = _unsigned(value)
        elif element == _DURATION:
            self.duration = _float(value)
        elif element == _TRACK_TYPE:
            self.tracks += 1
            self.track_type = _unsigned(value)
        elif element == _CODEC:
            self.codec = value
        elif element == _WIDTH:
            self.w = _unsigned(value)
        elif element == _HEIGHT:
            self.h = _unsigned(value)
        elif element == _TIMESTAMP:
            self.cluster = _unsigned(value)
        elif element in (_BLOCK, _SIMPLE_BLOCK):
            self._take_block(value)

    def _take_block(self, value: bytes) -> None:
        # Number of the track (one byte here: there is one track), a signed time of 16 bits, flags.
        if len(value) < 9 or value[0] & 0x80 == 0:
            raise NotAnAnimation("a block")
        self.last = max(self.last, self.cluster + struct.unpack_from(">h", value, 1)[0])
        self.first_frame = self.first_frame or value[4:20]


def read_webm(data: bytes) -> Animation:
    """A WebM of one VP9 track and no sound.

    Raises:
        NotAnAnimation.
    """
    found = _WebM()
    _walk(data, found)
    if found.doc_type != b"webm":
        raise NotAnAnimation("no WebM")
    if found.tracks != 1 or found.track_type != 1 or found.codec != b"V_VP9":
        raise NotAnAnimation("other tracks than one of VP9")
    seconds = max(found.duration, found.last) * found.scale / 1e9
    if not found.w or not found.h or not 0 < seconds < 1e6:
        raise NotAnAnimation("no size, or no time")
    _check_frame(found)
    return Animation(found.w, found.h, seconds)


def _walk(data: bytes, found: _WebM) -> None:
    at, ends, count = 0, [len(data)], 0
    while at < len(data):
        count += 1
        if count > _MAX_ELEMENTS:
            raise NotAnAnimation("too many elements")
        while at >= ends[-1] and len(ends) > 1:
            ends.pop()
        element, at = _vint(data, at, keep_marker=True, most=4)
        size, at = _vint(data, at, keep_marker=False, most=8)
        if size < 0:
            if element not in _MASTERS_OF_UNKNOWN_SIZE:
                raise NotAnAnimation("an unknown size")
            # It ends where its parent does; a cluster's next one is met as if it were inside, which does no harm.
            size = ends[-1] - at
        if at + size > ends[-1]:
            raise NotAnAnimation("cut off")
        if count == 1 and element != _EBML:
            raise NotAnAnimation("no EBML")
        if element in _MASTERS:
            if len(ends) > 16:
                ends = ends[:1]
            ends.append(at + size)
        else:
            found.take(element, data[at : at + size] if size < 1 << 20 else b"")
            at += size


def _vint(data: bytes, at: int, *, keep_marker: bool, most: int) -> tuple[int, int]:
    """(number, where it ends); -1 for a size that is not known."""
    if at >= len(data):
        raise NotAnAnimation("cut off")
    first = data[at]
    length = 9 - first.bit_length()
    if length > most or at + length > len(data):
        raise NotAnAnimation("a number")
    value = int.from_bytes(data[at : at + length])
    if not keep_marker:
        value ^= 1 << (7 * length)
        if value == (1 << (7 * length)) - 1:
            value = -1
    return value, at + length


def _unsigned(value: bytes) -> int:
    if len(value) > 8:
        raise NotAnAnimation("a number")
    return int.from_bytes(value)


def _float(value: bytes) -> float:
    if len(value) not in (4, 8):
        raise NotAnAnimation("a number")
    number: float = struct.unpack(">f" if len(value) == 4 else ">d", value)[0]
    return number


def _check_frame(found: _WebM) -> None:
    """The first frame: a VP9 key frame, of the size that the track says where its profile has it at a fixed place."""
    frame = found.first_frame
    if len(frame) < 5 or frame[0] >> 6 != 0b10 or frame[0] & 0b1100 or frame[1:4] != b"\x49\x83\x42":
        raise NotAnAnimation("no VP9")
    profile = frame[0] >> 4 & 0b11
    if profile == 0 and len(frame) >= 9 and frame[4] >> 5 != 7:
        bits = int.from_bytes(frame[4:9])
        w, h = (bits >> 20 & 0xFFFF) + 1, (bits >> 4 & 0xFFFF) + 1
        if (w, h) != (found.w, found.h):
            raise NotAnAnimation("frames of another size")
