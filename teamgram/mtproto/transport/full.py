"""Full: length, sequence number, payload, CRC32. "Transports", "Full"."""

from zlib import crc32

from teamgram.mtproto.transport.codec import MAX_FRAME_BYTES, Frame, FrameBuffer, TransportError, check_length

_OVERHEAD = 12


class FullCodec:
    """No tag; every frame is numbered from 0 in each direction and carries a checksum. No quick acks."""

    __slots__ = ("_buffer", "_limit", "_received", "_sent")

    def __init__(self, max_frame_bytes: int = MAX_FRAME_BYTES) -> None:
        self._buffer = FrameBuffer()
        self._limit = max_frame_bytes + _OVERHEAD
        self._received = 0
        self._sent = 0

    def receive_data(self, data: bytes) -> None:
        """See ``Codec``."""
        self._buffer.append(data)

    def next_frame(self) -> Frame | None:
        """See ``Codec``."""
        buffer = self._buffer
        if len(buffer) < 4:
            return None
        length = buffer.unsigned()
        check_length(length, self._limit)
        if length <= _OVERHEAD:
            raise TransportError(f"a full frame of {length} bytes has no payload")
        if len(buffer) < length:
            return None
        frame = buffer.take(0, length)
        if int.from_bytes(frame[4:8], "little") != self._received:
            raise TransportError("the sequence number of a full frame is not the next one")
        if int.from_bytes(frame[-4:], "little") != crc32(frame[:-4]):
            raise TransportError("the checksum of a full frame does not fit")
        self._received += 1
        return Frame(frame[8:-4], False)

    def encode(self, payload: bytes) -> bytes:
        """See ``Codec``."""
        head = (len(payload) + _OVERHEAD).to_bytes(4, "little") + self._sent.to_bytes(4, "little") + payload
        self._sent += 1
        return head + crc32(head).to_bytes(4, "little")

    def encode_quick_ack(self, token: int) -> bytes:
        """Nothing: a full frame cannot ask for one."""
        return b""
