"""How large the picture of an MP4 is: its track headers, and nothing that would have to be decoded.

Boxes are those of ISO/IEC 14496-12: a 32-bit size with the box's head in it, and four letters. ``tkhd`` ends with
width and height as 16.16 fixed-point numbers.
"""

import struct

_HEAD = struct.Struct(">I4s")
_INSIDE = {b"moov", b"trak"}
MAX_SIDE = 4096
_MAX_BOXES = 1000


def dimensions(data: bytes) -> tuple[int, int] | None:
    """(width, height) in pixels of the first track that has a picture; None: it is no MP4, or has no such track."""
    if data[4:8] != b"ftyp":
        return None
    at, boxes = 0, 0
    while at + 8 <= len(data) and boxes < _MAX_BOXES:
        boxes += 1
        size, kind = _HEAD.unpack_from(data, at)
        if kind in _INSIDE:
            at += 8  # what lies in it comes next
            continue
        if size < 8:
            return None  # 0 is "to the end" and 1 a 64-bit size: nothing that small files need
        if kind == b"tkhd" and at + size <= len(data) and size >= 84:
            w, h = (fixed >> 16 for fixed in struct.unpack_from(">II", data, at + size - 8))
            if 0 < w <= MAX_SIDE and 0 < h <= MAX_SIDE:
                return w, h
        at += size
    return None
