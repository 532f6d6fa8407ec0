"""Which transport a client speaks, from the first bytes of its connection.

Page: "MTProto transports": tags of the transports, and the first bytes that
an obfuscated header must not have (section "Transport obfuscation").
"""

from enum import Enum

from teamgram.mtproto.transport import abridged, intermediate, obfuscated
from teamgram.mtproto.transport.abridged import AbridgedCodec
from teamgram.mtproto.transport.codec import MAX_FRAME_BYTES, Random, TransportCodec
from teamgram.mtproto.transport.errors import OtherProtocol
from teamgram.mtproto.transport.full import FullCodec
from teamgram.mtproto.transport.intermediate import IntermediateCodec, PaddedIntermediateCodec

#: First words that are another protocol's: HTTP (HEAD, POST, GET, OPTIONS) and a TLS client hello.
#: No client may begin an obfuscated stream with them.
FOREIGN_FIRST_WORDS = frozenset((b"HEAD", b"POST", b"GET ", b"OPTI", b"\x16\x03\x01\x02"))


class TransportKind(Enum):
    """What the first bytes say."""

    ABRIDGED = abridged.TAG
    INTERMEDIATE = intermediate.TAG
    PADDED_INTERMEDIATE = intermediate.PADDED_TAG
    FULL = b""
    OBFUSCATED = b"64"


def detect(first_bytes: bytes) -> TransportKind | None:
    """The transport of a connection that begins so, or None while that is open.

    Decides on at most 8 bytes, as early as it can.

    Raises:
        WireError: another protocol.
    """
    if first_bytes[:1] == abridged.TAG:
        return TransportKind.ABRIDGED
    if len(first_bytes) < 4:
        return None
    first_word = first_bytes[:4]
    if first_word == intermediate.TAG:
        return TransportKind.INTERMEDIATE
    if first_word == intermediate.PADDED_TAG:
        return TransportKind.PADDED_INTERMEDIATE
    if first_word in FOREIGN_FIRST_WORDS:
        raise OtherProtocol("another protocol: HTTP or TLS")
    if len(first_bytes) < 8:
        return None
    # The first frame of the full transport has sequence number 0.
    if first_bytes[4:8] == b"\0\0\0\0":
        return TransportKind.FULL
    return TransportKind.OBFUSCATED


class TransportDetector:
    """Collects a connection's first bytes until its codec can be made.

    Feed it until it gives the codec, then feed the codec.
    """

    __slots__ = ("_limit_bytes", "_obfuscated_only", "_padded_only", "_random", "_received", "_secret")

    def __init__(
        self,
        random: Random,
        limit_bytes: int = MAX_FRAME_BYTES,
        secret: bytes | None = None,
        padded_only: bool = False,
        obfuscated_only: bool = False,
    ) -> None:
        """
        Args:
            limit_bytes: the largest frame taken.
            secret: 16 bytes for obfuscation; with one, nothing but obfuscated transports is served.
            padded_only: see ``open_obfuscated``.
            obfuscated_only: refuse bare transports (a WebSocket carries none).
        """
        if secret is not None and len(secret) != obfuscated.SECRET_BYTES:
            raise ValueError("an obfuscation secret has 16 bytes")
        self._random = random
        self._limit_bytes = limit_bytes
        self._secret = secret
        self._padded_only = padded_only
        self._obfuscated_only = obfuscated_only or secret is not None
        self._received = b""

    def receive_data(self, data: bytes) -> TransportCodec | None:
        """The connection's codec, already fed with all that came after the tag; None until it is known.

        Raises:
            WireError: another protocol, or one that is not served here.
        """
        received = self._received = self._received + data
        # Nothing but a full header opens an obfuscated stream, whatever its first bytes are.
        kind = TransportKind.OBFUSCATED if self._obfuscated_only else detect(received)
        if kind is None:
            return None
        codec: TransportCodec
        if kind is TransportKind.OBFUSCATED:
            tag_bytes = obfuscated.HEADER_BYTES
            if len(received) < tag_bytes:
                return None
            codec = obfuscated.open_obfuscated(
                received[:tag_bytes], self._random, self._limit_bytes, self._secret, self._padded_only
            )
        else:
            tag_bytes = len(kind.value)
            if kind is TransportKind.ABRIDGED:
                codec = AbridgedCodec(self._limit_bytes)
            elif kind is TransportKind.INTERMEDIATE:
                codec = IntermediateCodec(self._limit_bytes)
            elif kind is TransportKind.PADDED_INTERMEDIATE:
                codec = PaddedIntermediateCodec(self._random, self._limit_bytes)
            else:
                codec = FullCodec(self._limit_bytes)
        if len(received) > tag_bytes:
            codec.receive_data(received[tag_bytes:])
        self._received = b""
        return codec
