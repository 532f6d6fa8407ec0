"""The TL alphabet: integers, strings, vectors. What generated code calls when it does not write the bytes itself."""

from __future__ import annotations

from struct import Struct
from typing import Any

from teamgram.mtproto.tl.definitions import BOOL_FALSE_ID, BOOL_TRUE_ID, VECTOR_ID
from teamgram.mtproto.tl.errors import TLError

UINT32 = Struct("<I")
VECTOR_HEADER = Struct("<II")
BOOL_BYTES = {True: UINT32.pack(BOOL_TRUE_ID), False: UINT32.pack(BOOL_FALSE_ID)}
BOOLS = {BOOL_TRUE_ID: True, BOOL_FALSE_ID: False}
LENGTHS = tuple(bytes((n,)) for n in range(254))
"""The one-byte length of a string shorter than 254 bytes."""
PADDINGS = (b"\0\0\0", b"\0\0", b"\0", b"")
"""Zero bytes after a short string, by its length modulo 4."""
MAX_LONG_STRING = 0xFFFFFF

_read_uint32 = UINT32.unpack_from
_read_vector_header = VECTOR_HEADER.unpack_from


def write_long_bytes(value: bytes) -> bytes:
    """A string of 254 bytes or more: 0xfe, three bytes of length, the bytes, zeros to a multiple of four."""
    size = len(value)
    if size > MAX_LONG_STRING:
        raise TLError(f"a string of {size} bytes cannot be written")
    return UINT32.pack(254 | size << 8) + value + b"\0" * (-size & 3)


def read_long_bytes(data: bytes, offset: int) -> tuple[bytes, int]:
    """A string whose first byte is 254 or 255; returns it and the offset after its padding."""
    head: int = _read_uint32(data, offset)[0]
    size = head >> 8
    if head & 0xFF != 254 or size > len(data) - offset - 4:
        raise TLError("string runs past the end")
    return data[offset + 4 : offset + 4 + size], offset + ((size + 7) & -4)


def read_count(data: bytes, offset: int, item_bytes: int) -> int:
    """The count of a boxed vector at ``offset``, checked against the bytes that are left for its items.

    Args:
        item_bytes: the least that one item takes.
    """
    number, count = _read_vector_header(data, offset)
    if number != VECTOR_ID:
        raise TLError("a vector was expected")
    if count * item_bytes > len(data) - offset - 8:
        raise TLError("vector runs past the end")
    return int(count)


def read_bare_count(data: bytes, offset: int, item_bytes: int) -> int:
    """The count of a bare vector, checked likewise."""
    count: int = _read_uint32(data, offset)[0]
    if count * item_bytes > len(data) - offset - 4:
        raise TLError("vector runs past the end")
    return count


def read_fixed(data: bytes, offset: int, size: int) -> bytes:
    """Exactly ``size`` bytes (int128, int256)."""
    if len(data) - offset < size:
        raise TLError("object runs past the end")
    return data[offset : offset + size]


def checked_fixed(value: Any, size: int) -> bytes:
    """``value`` if it is ``size`` bytes long."""
    if not isinstance(value, bytes) or len(value) != size:
        raise TLError(f"{size} bytes were expected")
    return value
