"""Obfuscated2: AES-CTR around another transport. "Transport obfuscation".

The client's first 64 bytes carry both keys; bytes 56..60, decrypted, are the
tag of the transport inside, bytes 60..62 the data centre it wants.
"""

import secrets
from collections.abc import Callable
from hashlib import sha256

from teamgram.mtproto.crypto.aes import ctr_stream
from teamgram.mtproto.transport.abridged import AbridgedCodec
from teamgram.mtproto.transport.codec import MAX_FRAME_BYTES, Codec, Frame, TransportError
from teamgram.mtproto.transport.intermediate import PADDED_TAG, TAG, IntermediateCodec, PaddedIntermediateCodec

HEADER_BYTES = 64
_ABRIDGED_TAG = b"\xef\xef\xef\xef"

INNER: dict[bytes, Callable[[int], Codec]] = {
    _ABRIDGED_TAG: AbridgedCodec,
    TAG: IntermediateCodec,
    PADDED_TAG: PaddedIntermediateCodec,
}

#: First words that another transport or protocol would be taken for.
FORBIDDEN_FIRST = frozenset((b"HEAD", b"POST", b"GET ", b"OPTI", b"\x16\x03\x01\x02", TAG, PADDED_TAG))


def _keys(header: bytes, secret: bytes | None) -> tuple[bytes, bytes]:
    key, iv = header[8:40], header[40:56]
    return (sha256(key + secret).digest() if secret is not None else key), iv


class ObfuscatedCodec:
    """The server's end, made from a connection's first 64 bytes.

    Attributes:
        dc_id: the data centre that the client asked for, as sent (signed 16 bit).
        tag: the 4-byte tag of the transport inside.
    """

    __slots__ = ("_decrypt", "_encrypt", "_inner", "dc_id", "tag")

    def __init__(self, header: bytes, secret: bytes | None = None, max_frame_bytes: int = MAX_FRAME_BYTES) -> None:
        """``secret``: the 16 bytes that client and listener share, if any.

        Raises:
            TransportError: what the header decrypts to names no transport.
        """
        self._decrypt = ctr_stream(*_keys(header, secret))
        self._encrypt = ctr_stream(*_keys(header[:8] + header[8:56][::-1] + header[56:], secret))
        plain = self._decrypt.update(header)
        self.tag = plain[56:60]
        self.dc_id = int.from_bytes(plain[60:62], "little", signed=True)
        inner = INNER.get(self.tag)
        if inner is None:
            raise TransportError("the first 64 bytes are of no transport")
        self._inner = inner(max_frame_bytes)

    def receive_data(self, data: bytes) -> None:
        """See ``Codec``."""
        self._inner.receive_data(self._decrypt.update(data))

    def next_frame(self) -> Frame | None:
        """See ``Codec``."""
        return self._inner.next_frame()

    def encode(self, payload: bytes) -> bytes:
        """See ``Codec``. Every byte sent moves the counter: write all of it, in order."""
        return self._encrypt.update(self._inner.encode(payload))

    def encode_quick_ack(self, token: int) -> bytes:
        """See ``Codec``."""
        return self._encrypt.update(self._inner.encode_quick_ack(token))


def client_header(
    tag: bytes,
    dc_id: int,
    secret: bytes | None = None,
    random: Callable[[int], bytes] = secrets.token_bytes,
) -> tuple[bytes, bytes]:
    """A client's first 64 bytes: (plain with which both streams are keyed, as sent)."""
    while True:
        header = bytearray(random(HEADER_BYTES))
        if header[0] != 0xEF and bytes(header[:4]) not in FORBIDDEN_FIRST and header[4:8] != bytes(4):
            break
    header[56:60] = tag * (4 // len(tag))
    header[60:62] = dc_id.to_bytes(2, "little", signed=True)
    plain = bytes(header)
    sealed = ctr_stream(*_keys(plain, secret)).update(plain)
    return plain, plain[:56] + sealed[56:]
