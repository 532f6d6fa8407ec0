"""Intermediate and padded intermediate: 4 length bytes. "Transports"."""

import secrets

from teamgram.mtproto.transport.codec import MAX_FRAME_BYTES, Frame, FrameBuffer, TransportError, check_length

TAG = b"\xee\xee\xee\xee"
PADDED_TAG = b"\xdd\xdd\xdd\xdd"
#: The padded transport appends 0 to 15 random bytes.
MAX_FRAME_PADDING = 15
_QUICK_ACK = 0x80000000


class IntermediateCodec:
    """Behind the tag 0xeeeeeeee."""

    __slots__ = ("_buffer", "_limit")

    def __init__(self, max_frame_bytes: int = MAX_FRAME_BYTES) -> None:
        self._buffer = FrameBuffer()
        self._limit = max_frame_bytes

    def receive_data(self, data: bytes) -> None:
        """See ``Codec``."""
        self._buffer.append(data)

    def next_frame(self) -> Frame | None:
        """See ``Codec``. The quick-ack bit is the top bit of the length."""
        buffer = self._buffer
        if len(buffer) < 4:
            return None
        header = buffer.unsigned()
        length = header & 0x7FFFFFFF
        self._check(length)
        if len(buffer) < 4 + length:
            return None
        return Frame(self._payload(buffer.take(4, length)), header >= _QUICK_ACK)

    def _check(self, length: int) -> None:
        check_length(length, self._limit)

    def _payload(self, data: bytes) -> bytes:
        return data

    def encode(self, payload: bytes) -> bytes:
        """See ``Codec``."""
        return len(payload).to_bytes(4, "little") + payload

    def encode_quick_ack(self, token: int) -> bytes:
        """See ``Codec``."""
        return token.to_bytes(4, "little")


class PaddedIntermediateCodec(IntermediateCodec):
    """Behind the tag 0xdddddddd: the length counts 0 to 15 random bytes after the payload."""

    __slots__ = ()

    def _check(self, length: int) -> None:
        if not 4 <= length <= self._limit + MAX_FRAME_PADDING:
            raise TransportError(f"a padded frame of {length} bytes (at most {self._limit})")

    def _payload(self, data: bytes) -> bytes:
        # An encrypted message is 24 bytes and whole AES blocks; whatever is
        # more is padding. Unencrypted ones carry their own length, so the
        # word they are cut to does not matter.
        if data[:8] == bytes(8):
            return data[: len(data) & ~3]
        return data[: len(data) - (len(data) - 24) % 16] if len(data) >= 40 else data[: len(data) & ~3]

    def encode(self, payload: bytes) -> bytes:
        """See ``Codec``."""
        # Errors are recognised by their length of 4: no padding beside them.
        padding = secrets.token_bytes(secrets.randbelow(MAX_FRAME_PADDING + 1)) if len(payload) > 4 else b""
        return (len(payload) + len(padding)).to_bytes(4, "little") + payload + padding
