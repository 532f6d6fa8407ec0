"""Which transport a connection speaks, from its first bytes."""

from dataclasses import dataclass

from teamgram.mtproto.transport import abridged, intermediate
from teamgram.mtproto.transport.codec import MAX_FRAME_BYTES, Codec, TransportError
from teamgram.mtproto.transport.full import FullCodec
from teamgram.mtproto.transport.obfuscated import HEADER_BYTES, ObfuscatedCodec

#: Protocols that reach the wrong port now and then; better a clear end than 64 bytes of guessing.
_OTHERS = (b"HEAD", b"POST", b"GET ", b"PUT ", b"OPTI", b"SSH-", b"\x16\x03\x01", b"\x16\x03\x03")


@dataclass(frozen=True, slots=True)
class Detected:
    """The codec, and how many of the first bytes were its tag and are consumed."""

    codec: Codec
    consumed: int
    name: str


def detect(
    data: bytes, *, secret: bytes | None = None, padded_only: bool = False, max_frame_bytes: int = MAX_FRAME_BYTES
) -> Detected | None:
    """The transport, or None until more bytes (64 at most) come.

    Args:
        data: everything received so far, nothing consumed.
        secret: the listener's obfuscation secret; with one, nothing but
            obfuscated connections is taken.
        padded_only: the secret was written with ``dd``: only padded
            intermediate inside.

    Raises:
        TransportError: another protocol, or bytes that no transport begins with.
    """
    if secret is None:
        if data[:1] == abridged.TAG:
            return Detected(abridged.AbridgedCodec(max_frame_bytes), 1, "abridged")
        if len(data) < 4:
            return None
        if data[:4] == intermediate.TAG:
            return Detected(intermediate.IntermediateCodec(max_frame_bytes), 4, "intermediate")
        if data[:4] == intermediate.PADDED_TAG:
            return Detected(intermediate.PaddedIntermediateCodec(max_frame_bytes), 4, "padded")
        if data.startswith(_OTHERS):
            raise TransportError("another protocol's first bytes")
        if len(data) < 8:
            return None
        # Full begins with a length and sequence number 0; an obfuscated header never has 0 there.
        if data[4:8] == bytes(4):
            return Detected(FullCodec(max_frame_bytes), 0, "full")
    if len(data) < HEADER_BYTES:
        return None
    codec = ObfuscatedCodec(data[:HEADER_BYTES], secret, max_frame_bytes)
    if padded_only and codec.tag != intermediate.PADDED_TAG:
        raise TransportError("this listener's secret wants the padded transport")
    return Detected(codec, HEADER_BYTES, "obfuscated")
