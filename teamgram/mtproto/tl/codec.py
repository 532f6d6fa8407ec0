"""Bytes to TL objects and back: what the rest of the server calls."""

from __future__ import annotations

from struct import error as StructError
from typing import Any

from teamgram.mtproto.tl.classes import TLObject
from teamgram.mtproto.tl.decoding import MAX_DEPTH, decoder_table, result_decoder
from teamgram.mtproto.tl.encoding import encoders_for
from teamgram.mtproto.tl.errors import TLError
from teamgram.mtproto.tl.primitives import UINT32
from teamgram.mtproto.tl.registry import NEWEST_LAYER, registry

_READ_ERRORS = (StructError, IndexError, KeyError, TypeError, ValueError, OverflowError)
_WRITE_ERRORS = (StructError, AttributeError, KeyError, TypeError, ValueError, OverflowError)
"""What generated code runs into on bytes that are no TL, and on objects whose fields hold the wrong things."""

_objects = decoder_table("Object")
_read_id = UINT32.unpack_from


def decode_from(data: bytes, offset: int = 0) -> tuple[Any, int]:
    """Read one boxed object and say where it ends; bytes may follow (padding, a next object).

    Args:
        data: the bytes; nothing outside them is read or allocated for.
        offset: where the constructor id starts, in bytes, not negative.

    Returns:
        The object (a ``TLObject``, or a bool for ``Bool``) and the offset after it.

    Raises:
        TLError: truncated, an unknown constructor, a count larger than the bytes, nested too deep, no UTF-8.
    """
    if data.__class__ is not bytes:
        data = bytes(data)
    try:
        obj, end = _objects[_read_id(data, offset)[0]](data, offset + 4, MAX_DEPTH)
    except TLError:
        raise
    except _READ_ERRORS as error:
        raise TLError(f"not a TL object ({error.__class__.__name__})") from None
    if end > len(data):
        raise TLError("object runs past the end")
    return obj, end


def decode(data: bytes, offset: int = 0) -> Any:
    """Read one boxed object that takes all the bytes from ``offset``.

    Raises:
        TLError: as ``decode_from``, or bytes are left over.
    """
    if data.__class__ is not bytes:
        data = bytes(data)
    try:
        obj, end = _objects[_read_id(data, offset)[0]](data, offset + 4, MAX_DEPTH)
    except TLError:
        raise
    except _READ_ERRORS as error:
        raise TLError(f"not a TL object ({error.__class__.__name__})") from None
    if end != len(data):
        raise TLError("object runs past the end" if end > len(data) else f"{len(data) - end} bytes left over")
    return obj


def decode_result(method: str, data: bytes, layer: int = NEWEST_LAYER) -> Any:
    """Read a method's answer as a client does: also ``Vector<long>`` and the like, whose items carry no type.

    Raises:
        TLError: as ``decode``.
    """
    try:
        value, end = result_decoder(registry.result_type_of(method, layer))(data, 0, MAX_DEPTH)
    except TLError:
        raise
    except _READ_ERRORS as error:
        raise TLError(f"not an answer to {method} ({error.__class__.__name__})") from None
    if end != len(data):
        raise TLError(f"the answer to {method} does not end where its bytes do")
    return value


def encode(obj: TLObject | bool, layer: int = NEWEST_LAYER) -> bytes:
    """Write one boxed object for a client of ``layer``.

    Raises:
        TLError: the layer has nothing for this object, or a field is missing or of a wrong type.
    """
    parts: list[bytes] = []
    try:
        encoders_for(layer).objects[obj.__class__](obj, parts.append)
    except TLError:
        raise
    except _WRITE_ERRORS as error:
        raise TLError(f"{obj.__class__.__name__} cannot be written: {error}") from error
    return b"".join(parts)


def encode_result(method: str, value: Any, layer: int = NEWEST_LAYER) -> bytes:
    """Write a method's answer, in the type that the method has in ``layer``.

    Args:
        value: an object, a bool for ``Bool``, a list for ``Vector<...>``; in the newest layer's shape.

    Raises:
        TLError: no such method, or as ``encode``.
    """
    parts: list[bytes] = []
    try:
        encoders_for(layer).answer(method)(value, parts.append)
    except TLError:
        raise
    except _WRITE_ERRORS as error:
        raise TLError(f"the answer to {method} cannot be written: {error}") from error
    return b"".join(parts)
