"""Bodies that the TL codec does not touch: containers, gzip and rpc_result.

"Service Messages", "Containers" and "Packed Object"; "Mobile Protocol:
Detailed Description", "Creating an Encrypted Message". The inner bodies stay
bytes: what is in them is decided by whoever they are for.
"""

from struct import Struct
from typing import NamedTuple
from zlib import compressobj, decompressobj
from zlib import error as ZlibError

MSG_CONTAINER = 0x73F1F8DC
GZIP_PACKED = 0x3072CFA1
RPC_RESULT = 0xF35C6D01
RPC_ERROR = 0x2144CA19

#: Messages in one container ("Service Messages", "Simple Container").
MAX_MESSAGES = 1024
#: What one gzip_packed may become.
MAX_UNPACKED_BYTES = 10 << 20

_HEADER = Struct("<qii")
_CONTAINER = Struct("<Ii")
_RESULT = Struct("<Iq")
_UINT = Struct("<I")


class ContainerError(Exception):
    """A container, packed object or message head that contradicts itself or exceeds a bound."""


class InnerMessage(NamedTuple):
    """One message: alone in a frame, or inside a container."""

    msg_id: int
    seq_no: int
    body: bytes


def constructor_id(body: bytes) -> int:
    """The first 4 bytes as an unsigned number; 0 when there are fewer."""
    return int.from_bytes(body[:4], "little") if len(body) >= 4 else 0


def unpack_message(payload: bytes) -> InnerMessage:
    """The message of an envelope's payload (msg_id, seq_no, length, body).

    Raises:
        ContainerError: its length does not fit.
    """
    if len(payload) < 20:
        raise ContainerError("a message shorter than its head")
    msg_id, seq_no, length = _HEADER.unpack_from(payload)
    if length != len(payload) - 16:
        raise ContainerError("the length of a message does not fit")
    return InnerMessage(msg_id, seq_no, payload[16:])


def pack_message(msg_id: int, seq_no: int, body: bytes) -> bytes:
    """The payload of an envelope, or one message of a container."""
    return _HEADER.pack(msg_id, seq_no, len(body)) + body


def unpack_container(body: bytes) -> list[InnerMessage]:
    """The messages of a msg_container, in order; their bodies unread.

    Raises:
        ContainerError: lengths or counts that do not fit, or a container inside.
    """
    if len(body) < 8:
        raise ContainerError("a container shorter than its head")
    _, count = _CONTAINER.unpack_from(body)
    if not 0 <= count <= MAX_MESSAGES:
        raise ContainerError(f"a container of {count} messages (at most {MAX_MESSAGES})")
    messages = []
    at, end = 8, len(body)
    for _ in range(count):
        if at + 20 > end:
            raise ContainerError("a container ends inside a message")
        msg_id, seq_no, length = _HEADER.unpack_from(body, at)
        at += 16
        if length < 4 or length % 4 or length > end - at:
            raise ContainerError("the length of a message in a container does not fit")
        inner = body[at : at + length]
        if _UINT.unpack_from(inner)[0] == MSG_CONTAINER:
            raise ContainerError("a container inside a container")
        messages.append(InnerMessage(msg_id, seq_no, inner))
        at += length
    if at != end:
        raise ContainerError("bytes behind the last message of a container")
    return messages


def pack_container(messages: list[InnerMessage]) -> bytes:
    """A msg_container of these messages."""
    parts = [_CONTAINER.pack(MSG_CONTAINER, len(messages))]
    for msg_id, seq_no, body in messages:
        parts.append(_HEADER.pack(msg_id, seq_no, len(body)))
        parts.append(body)
    return b"".join(parts)


def unpack_gzip(body: bytes, limit: int = MAX_UNPACKED_BYTES) -> bytes:
    """What a gzip_packed holds; never allocates more than ``limit`` and a little.

    Raises:
        ContainerError: no gzip_packed, broken data, or more than ``limit`` bytes inside.
    """
    packed = _tl_bytes(body, 4)
    inflate = decompressobj(47)  # gzip or zlib head
    try:
        data = inflate.decompress(packed, limit + 1)
    except ZlibError:
        raise ContainerError("gzip_packed holds no gzip") from None
    if len(data) > limit:
        raise ContainerError(f"gzip_packed unpacks to more than {limit} bytes")
    if not inflate.eof:
        raise ContainerError("gzip_packed ends too early")
    return data


def pack_gzip(body: bytes, level: int = 6) -> bytes:
    """``body`` as gzip_packed."""
    deflate = compressobj(level, wbits=31)
    packed = deflate.compress(body) + deflate.flush()
    size = len(packed)
    head = bytes((size,)) if size < 254 else b"\xfe" + size.to_bytes(3, "little")
    return _UINT.pack(GZIP_PACKED) + head + packed + bytes(-(len(head) + size) % 4)


def _tl_bytes(body: bytes, at: int) -> bytes:
    if len(body) < at + 4:
        raise ContainerError("gzip_packed is empty")
    size = body[at]
    begin = at + 1
    if size == 254:
        size = int.from_bytes(body[at + 1 : at + 4], "little")
        begin = at + 4
    if size == 255 or begin + size > len(body):
        raise ContainerError("the length of gzip_packed does not fit")
    return body[begin : begin + size]


def pack_rpc_result(req_msg_id: int, result: bytes) -> bytes:
    """rpc_result with a boxed result (or gzip_packed, or rpc_error) inside."""
    return _RESULT.pack(RPC_RESULT, req_msg_id) + result
