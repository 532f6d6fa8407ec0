"""The full transport: sequence numbers and a checksum, no tag and no quick acks."""

from struct import Struct
from zlib import crc32

from teamgram.mtproto.transport.codec import MAX_FRAME_BYTES, FrameBuffer, FrameReceived, check_frame_size
from teamgram.mtproto.transport.errors import WireError

#: length, seqno, crc.
OVERHEAD_BYTES = 12

_HEAD = Struct("<II")
_INT = Struct("<i")
_UINT = Struct("<I")


class FullCodec(FrameBuffer):
    """length_bytes:4 seqno:4 payload crc32:4, where the length counts all four parts.

    Each direction counts its own frames from 0.
    """

    name = "full"
    __slots__ = ("_limit_bytes", "_received", "_sent")

    def __init__(self, limit_bytes: int = MAX_FRAME_BYTES) -> None:
        super().__init__()
        self._limit_bytes = limit_bytes
        self._received = 0
        self._sent = 0

    def next_event(self) -> FrameReceived | None:
        """See ``TransportCodec``."""
        data = self.data
        offset = self.offset
        if len(data) - offset < 8:
            return None
        length, seqno = _HEAD.unpack_from(data, offset)
        size = length - OVERHEAD_BYTES
        check_frame_size(size, self._limit_bytes)
        if size & 3:
            raise WireError(f"frame of {size} bytes: not whole words")
        if seqno != self._received:
            raise WireError(f"frame {seqno} of the connection, {self._received} is next")
        end = offset + length
        if end > len(data):
            return None
        frame = self.take(offset, end, end)
        if crc32(frame[:-4]) != _UINT.unpack_from(frame, length - 4)[0]:
            raise WireError("wrong checksum")
        self._received += 1
        return FrameReceived(frame[8:-4], False)

    def encode(self, payload: bytes) -> bytes:
        """See ``TransportCodec``."""
        frame = _HEAD.pack(len(payload) + OVERHEAD_BYTES, self._sent) + payload
        self._sent += 1
        return frame + _UINT.pack(crc32(frame))

    def encode_quick_ack(self, token: bytes) -> bytes:
        """Nothing: the length has no bit to ask for one."""
        return b""

    def encode_error(self, code: int) -> bytes:
        """See ``TransportCodec``."""
        return self.encode(_INT.pack(code))
