"""Abridged: 1 length byte in words, or 0x7f and 3 bytes. "Transports", "Abridged"."""

from teamgram.mtproto.transport.codec import MAX_FRAME_BYTES, Frame, FrameBuffer, check_length

TAG = b"\xef"


class AbridgedCodec:
    """Behind the tag byte 0xef."""

    __slots__ = ("_buffer", "_limit")

    def __init__(self, max_frame_bytes: int = MAX_FRAME_BYTES) -> None:
        self._buffer = FrameBuffer()
        self._limit = max_frame_bytes

    def receive_data(self, data: bytes) -> None:
        """See ``Codec``."""
        self._buffer.append(data)

    def next_frame(self) -> Frame | None:
        """See ``Codec``. The quick-ack bit is the top bit of the first length byte."""
        buffer = self._buffer
        if not len(buffer):
            return None
        first = buffer.first()
        length_words = first & 0x7F
        header = 1
        if length_words == 0x7F:
            if len(buffer) < 4:
                return None
            length_words = buffer.unsigned() >> 8
            header = 4
        length = length_words * 4
        check_length(length, self._limit)
        if len(buffer) < header + length:
            return None
        return Frame(buffer.take(header, length), first >= 0x80)

    def encode(self, payload: bytes) -> bytes:
        """See ``Codec``."""
        length_words = len(payload) >> 2
        if length_words < 0x7F:
            return bytes((length_words,)) + payload
        return b"\x7f" + length_words.to_bytes(3, "little") + payload

    def encode_quick_ack(self, token: int) -> bytes:
        """See ``Codec``. Big-endian: the top bit stands in the first byte, where a length would be."""
        return token.to_bytes(4, "big")
