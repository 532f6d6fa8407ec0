"""Transport obfuscation ("obfuscated2"): AES-256-CTR around another transport.

Page: "MTProto transports", section "Transport obfuscation". The client opens
with 64 bytes; both directions' keys are in them, and encrypted with those,
at offset 56, the tag of the transport inside and the data centre.
"""

from hashlib import sha256
from struct import Struct

from teamgram.mtproto.crypto.aes import CtrStream
from teamgram.mtproto.transport import abridged, intermediate
from teamgram.mtproto.transport.codec import MAX_FRAME_BYTES, Random, TransportCodec
from teamgram.mtproto.transport.errors import WireError

HEADER_BYTES = 64
SECRET_BYTES = 16

_SHORT = Struct("<h")


class ObfuscatedCodec:
    """A codec whose bytes go through a cipher both ways.

    Every byte that is encoded moves the counter, so all of it has to be written.

    Attributes:
        inner: the codec inside.
        dc_id: what the client wrote into its header: TDLib's is meant, others leave noise there.
    """

    name = "obfuscated"
    __slots__ = ("_decrypt", "_encrypt", "dc_id", "inner", "next_event")

    def __init__(self, inner: TransportCodec, decrypt: CtrStream, encrypt: CtrStream, dc_id: int) -> None:
        self.inner = inner
        self.dc_id = dc_id
        self._decrypt = decrypt.update
        self._encrypt = encrypt.update
        self.next_event = inner.next_event

    @property
    def buffered_bytes(self) -> int:
        """See ``TransportCodec``."""
        return self.inner.buffered_bytes

    def receive_data(self, data: bytes) -> None:
        """See ``TransportCodec``."""
        self.inner.receive_data(self._decrypt(data))

    def encode(self, payload: bytes) -> bytes:
        """See ``TransportCodec``."""
        return self._encrypt(self.inner.encode(payload))

    def encode_quick_ack(self, token: bytes) -> bytes:
        """See ``TransportCodec``."""
        return self._encrypt(self.inner.encode_quick_ack(token))

    def encode_error(self, code: int) -> bytes:
        """See ``TransportCodec``."""
        return self._encrypt(self.inner.encode_error(code))


def open_obfuscated(
    header: bytes,
    random: Random,
    limit_bytes: int = MAX_FRAME_BYTES,
    secret: bytes | None = None,
    padded_only: bool = False,
) -> ObfuscatedCodec:
    """The server's end of the stream that begins with ``header``.

    Args:
        header: the client's first 64 bytes.
        secret: 16 bytes that the client must know too, or None.
        padded_only: the secret was given out with ``dd``: accept no other transport inside.

    Raises:
        WireError: no transport's tag is in the header: no MTProto, or another secret.
    """
    decrypt = _stream(header[8:40], header[40:56], secret)
    backwards = header[55:7:-1]
    encrypt = _stream(backwards[:32], backwards[32:], secret)
    opened = decrypt.update(header)
    tag = opened[56:60]
    inner: TransportCodec
    if tag == intermediate.PADDED_TAG:
        inner = intermediate.PaddedIntermediateCodec(random, limit_bytes)
    elif padded_only:
        raise WireError("only the padded intermediate transport is served here")
    elif tag == abridged.TAG * 4:
        inner = abridged.AbridgedCodec(limit_bytes)
    elif tag == intermediate.TAG:
        inner = intermediate.IntermediateCodec(limit_bytes)
    else:
        raise WireError("no transport's tag in the first 64 bytes")
    return ObfuscatedCodec(inner, decrypt, encrypt, _SHORT.unpack_from(opened, 60)[0])


def _stream(key: bytes, iv: bytes, secret: bytes | None) -> CtrStream:
    return CtrStream(sha256(key + secret).digest() if secret is not None else key, iv)
