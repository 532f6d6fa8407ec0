"""The intermediate transport, and its padded form that hides the lengths of messages."""

from struct import Struct

from teamgram.mtproto.transport.codec import MAX_FRAME_BYTES, FrameBuffer, FrameReceived, Random, check_frame_size
from teamgram.mtproto.transport.errors import WireError

TAG = b"\xee\xee\xee\xee"
PADDED_TAG = b"\xdd\xdd\xdd\xdd"

MAX_PADDING = 15

_QUICK_ACK = 1 << 31
_INT = Struct("<i")
_UINT = Struct("<I")
_LONG = Struct("<q")


class IntermediateCodec(FrameBuffer):
    """length_bytes:4 payload. The top bit of the length asks for a quick ack."""

    name = "intermediate"
    __slots__ = ("_limit_bytes",)

    def __init__(self, limit_bytes: int = MAX_FRAME_BYTES) -> None:
        super().__init__()
        self._limit_bytes = limit_bytes

    def next_event(self) -> FrameReceived | None:
        """See ``TransportCodec``."""
        data = self.data
        offset = self.offset
        if len(data) - offset < 4:
            return None
        head: int = _UINT.unpack_from(data, offset)[0]
        size = head & ~_QUICK_ACK
        check_frame_size(size, self._limit_bytes)
        start = offset + 4
        end = start + size
        # A bad length is refused before its bytes are waited for.
        if size & 3:
            raise WireError(f"frame of {size} bytes: not whole words")
        if end > len(data):
            return None
        return FrameReceived(self.take(start, end, end), head >= _QUICK_ACK)

    def encode(self, payload: bytes) -> bytes:
        """See ``TransportCodec``."""
        return _UINT.pack(len(payload)) + payload

    def encode_quick_ack(self, token: bytes) -> bytes:
        """See ``TransportCodec``."""
        return token

    def encode_error(self, code: int) -> bytes:
        """See ``TransportCodec``."""
        return b"\x04\0\0\0" + _INT.pack(code)


class PaddedIntermediateCodec(FrameBuffer):
    """length_bytes:4 payload padding:0..15, where the length counts the padding too."""

    name = "padded_intermediate"
    __slots__ = ("_limit_bytes", "_random")

    def __init__(self, random: Random, limit_bytes: int = MAX_FRAME_BYTES) -> None:
        super().__init__()
        self._limit_bytes = limit_bytes
        self._random = random

    def next_event(self) -> FrameReceived | None:
        """See ``TransportCodec``."""
        data = self.data
        offset = self.offset
        if len(data) - offset < 4:
            return None
        head: int = _UINT.unpack_from(data, offset)[0]
        size = head & ~_QUICK_ACK
        check_frame_size(size, self._limit_bytes + MAX_PADDING)
        start = offset + 4
        end = start + size
        if end > len(data):
            return None
        payload_end = end - _padding_bytes(data, start, size)
        return FrameReceived(self.take(start, payload_end, end), head >= _QUICK_ACK)

    def encode(self, payload: bytes) -> bytes:
        """See ``TransportCodec``.

        Clients cut the padding of an unencrypted message off by whole words
        (TDLib and Telethon read so), hence at most three bytes of it.
        """
        noise = self._random(4)
        padding = noise[: noise[3] & 3]
        return _UINT.pack(len(payload) + len(padding)) + payload + padding

    def encode_quick_ack(self, token: bytes) -> bytes:
        """See ``TransportCodec``."""
        return token

    def encode_error(self, code: int) -> bytes:
        """See ``TransportCodec``; not padded, for clients know an error by its length."""
        return b"\x04\0\0\0" + _INT.pack(code)


def _padding_bytes(data: bytes | bytearray, start: int, size: int) -> int:
    """How much of a frame's end is the transport's padding.

    An encrypted message is 24 bytes and whole cipher blocks; an unencrypted
    one is whole words and its reader steps over what is behind the TL object.
    """
    if size >= 24 and _LONG.unpack_from(data, start)[0]:
        return (size - 24) & 15
    return size & 3
