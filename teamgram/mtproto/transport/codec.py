"""What every transport has in common: a receive buffer, a frame, one error."""

from typing import NamedTuple, Protocol

#: upload.saveFilePart carries 512 KiB; twice that leaves room for containers.
MAX_FRAME_BYTES = 1 << 20
#: Compact the buffer only past this many consumed bytes: a memmove each frame would be quadratic.
_COMPACT_BYTES = 1 << 16

#: 4-byte frames that a server sends instead of a message ("Transports", "Transport errors").
AUTH_KEY_NOT_FOUND = -404
TRANSPORT_FLOOD = -429
INVALID_DC = -444


class TransportError(Exception):
    """The bytes are not of this transport. The connection cannot be used any more."""


class Frame(NamedTuple):
    """One frame of a client and whether it asked for a quick ack of it."""

    payload: bytes
    quick_ack: bool


class Codec(Protocol):
    """One direction pair of a connection."""

    def receive_data(self, data: bytes) -> None:
        """Take bytes from the peer."""

    def next_frame(self) -> Frame | None:
        """The next whole frame, or None until more bytes come.

        Raises:
            TransportError: what was received cannot be framed.
        """

    def encode(self, payload: bytes) -> bytes:
        """A frame to the peer. Stateful in some transports: encode in the order of sending."""

    def encode_quick_ack(self, token: int) -> bytes:
        """The answer to a frame with ``quick_ack``. ``token``: 32 bits with the top bit set."""


def encode_error(codec: Codec, code: int) -> bytes:
    """A transport error (-404, -429, -444) as the 4-byte frame that clients know."""
    return codec.encode(code.to_bytes(4, "little", signed=True))


class FrameBuffer:
    """Received bytes that no frame has consumed yet."""

    __slots__ = ("_data", "_start")

    def __init__(self) -> None:
        self._data = bytearray()
        self._start = 0

    def __len__(self) -> int:
        return len(self._data) - self._start

    def append(self, data: bytes) -> None:
        """Add bytes at the end."""
        if self._start == len(self._data):
            self._data = bytearray(data)
            self._start = 0
        else:
            self._data += data

    def peek(self, size: int) -> bytes:
        """The first ``size`` bytes (fewer if there are fewer), left in place."""
        return bytes(self._data[self._start : self._start + size])

    def unsigned(self) -> int:
        """The first 4 bytes as a little-endian number; the caller has made sure that they are there."""
        return int.from_bytes(self._data[self._start : self._start + 4], "little")

    def first(self) -> int:
        """The first byte."""
        return self._data[self._start]

    def take(self, skip: int, size: int, trailer: int = 0) -> bytes:
        """Drop ``skip`` bytes, return the next ``size``, drop ``trailer`` more."""
        begin = self._start + skip
        end = begin + size
        payload = bytes(memoryview(self._data)[begin:end])
        self._start = end + trailer
        if self._start >= len(self._data):
            self._data = bytearray()
            self._start = 0
        elif self._start > _COMPACT_BYTES:
            del self._data[: self._start]
            self._start = 0
        return payload


def check_length(length: int, limit: int) -> None:
    """Refuse a length before anything of that size is awaited.

    Raises:
        TransportError: zero, above ``limit``, or no whole 4-byte words.
    """
    if not 0 < length <= limit or length % 4:
        raise TransportError(f"a frame of {length} bytes (at most {limit}, whole words)")
