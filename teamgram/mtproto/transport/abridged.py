"""The abridged transport: one byte of length for most frames."""

from struct import Struct

from teamgram.mtproto.transport.codec import MAX_FRAME_BYTES, FrameBuffer, FrameReceived, check_frame_size

TAG = b"\xef"

_LONG_LENGTH = 0x7F
_QUICK_ACK = 0x80
_INT = Struct("<i")
_UINT = Struct("<I")


class AbridgedCodec(FrameBuffer):
    """length_words:1 payload, or 0x7f length_words:3 payload.

    The top bit of the first byte asks for a quick ack.
    """

    name = "abridged"
    __slots__ = ("_limit_bytes",)

    def __init__(self, limit_bytes: int = MAX_FRAME_BYTES) -> None:
        super().__init__()
        self._limit_bytes = limit_bytes

    def next_event(self) -> FrameReceived | None:
        """See ``TransportCodec``."""
        data = self.data
        offset = self.offset
        available = len(data) - offset
        if available < 1:
            return None
        first = data[offset]
        length_words = first & 0x7F
        start = offset + 1
        if length_words == _LONG_LENGTH:
            if available < 4:
                return None
            length_words = _UINT.unpack_from(data, offset)[0] >> 8
            start = offset + 4
        size = length_words * 4
        check_frame_size(size, self._limit_bytes)
        end = start + size
        if end > len(data):
            return None
        return FrameReceived(self.take(start, end, end), first >= _QUICK_ACK)

    def encode(self, payload: bytes) -> bytes:
        """See ``TransportCodec``."""
        length_words = len(payload) >> 2
        if length_words < _LONG_LENGTH:
            return bytes((length_words,)) + payload
        return _UINT.pack(length_words << 8 | _LONG_LENGTH) + payload

    def encode_quick_ack(self, token: bytes) -> bytes:
        """See ``TransportCodec``; the bytes are reversed, so that the set bit is in the byte that is read first."""
        return token[::-1]

    def encode_error(self, code: int) -> bytes:
        """See ``TransportCodec``."""
        return b"\x01" + _INT.pack(code)
