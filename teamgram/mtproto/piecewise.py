"""The envelope of long messages, a piece at a time.

The cipher of a megabyte holds the interpreter for milliseconds, and everybody
else waits. IGE goes on where it stopped ("Mobile Protocol: Detailed
Description": each block takes the one before it, ciphered and plain), so a
frame can be opened and sealed in steps of a fraction of a millisecond, with
whatever else there is to do between them. What goes in and comes out is the
same as with ``envelope.decrypt`` and ``encrypt``.
"""

from collections.abc import Callable
from hashlib import sha256
from hmac import compare_digest

from teamgram.mtproto import envelope
from teamgram.mtproto.crypto.aes import BLOCK_BYTES, ige_decrypt, ige_encrypt
from teamgram.mtproto.crypto.kdf import FROM_CLIENT, TO_CLIENT, aes_key_iv
from teamgram.mtproto.envelope import CLEAR_BYTES, AuthKey, EnvelopeError

PIECE_BYTES = 32 << 10
"""One step of the cipher: a tenth of a millisecond or two."""
HASHED_BYTES = 4 * PIECE_BYTES
"""One step of the hash, which is that much faster."""


class FrameOpening:
    """``envelope.decrypt`` in steps.

    Args:
        frame: the whole frame; that it names ``key`` is the caller's check.

    Raises:
        EnvelopeError: no message by its size.
    """

    __slots__ = ("_aes_iv", "_aes_key", "_at", "_digest", "_frame", "_pieces", "size")

    def __init__(self, key: AuthKey, frame: bytes) -> None:
        envelope.check_encrypted_size(len(frame) - CLEAR_BYTES)
        self._frame = frame
        first, second, msg_key_part = FROM_CLIENT.unpack_from(key.auth_key)
        self._aes_key, self._aes_iv = aes_key_iv(frame[8:CLEAR_BYTES], first, second)
        self._digest = sha256(msg_key_part)
        self._at = CLEAR_BYTES
        self._pieces: list[bytes] = []
        self.size = len(frame)

    def step(self) -> bool:
        """Open one more piece; whether there are more."""
        end = self._at + PIECE_BYTES
        ciphered = self._frame[self._at : end]
        plain = ige_decrypt(ciphered, self._aes_key, self._aes_iv)
        self._aes_iv = ciphered[-BLOCK_BYTES:] + plain[-BLOCK_BYTES:]
        self._digest.update(plain)
        self._pieces.append(plain)
        self._at = end
        return end < len(self._frame)

    def opened(self) -> tuple[int, int, bytes]:
        """(server_salt, session_id, payload) when all steps are done, see ``decrypt``.

        Raises:
            EnvelopeError: not a message under this key.
        """
        if not compare_digest(self._digest.digest()[8:24], self._frame[8:CLEAR_BYTES]):
            raise EnvelopeError("msg_key does not fit")
        pieces = self._pieces
        encrypted_bytes = len(self._frame) - CLEAR_BYTES
        salt, session_id, end = envelope.plain_head(pieces[0], encrypted_bytes)
        pieces[0] = pieces[0][envelope.SALT_SESSION_BYTES :]
        padding = encrypted_bytes - end
        while padding:
            last = pieces.pop()
            if len(last) > padding:
                pieces.append(last[:-padding])
            padding -= min(padding, len(last))
        return salt, session_id, b"".join(pieces)

    def quick_ack_token(self) -> bytes:
        """See ``envelope.quick_ack_token``; here it costs nothing more."""
        return envelope.quick_ack_token_of(self._digest.digest())


class FrameSealing:
    """``envelope.encrypt`` in steps: the hash over all of it first, for msg_key is the cipher's key.

    Args:
        payload: msg_id:8 seq_no:4 length:4 and the body.
        random: makes the padding.
    """

    __slots__ = ("_aes_iv", "_aes_key", "_at", "_digest", "_key", "_pieces", "_plain", "size")

    def __init__(
        self,
        key: AuthKey,
        salt: int,
        session_id: int,
        payload: bytes,
        random: Callable[[int], bytes] = envelope.padding_bytes,
    ) -> None:
        self._key = key
        self._plain = envelope.padded(salt, session_id, payload, random)
        self._digest = sha256(TO_CLIENT.unpack_from(key.auth_key)[2])
        self._at = 0
        self._pieces: list[bytes] = []
        self._aes_key = self._aes_iv = b""
        self.size = len(self._plain)

    def step(self) -> bool:
        """Hash or cipher one more piece; whether there are more."""
        plain = self._plain
        if not self._aes_key:
            end = self._at + HASHED_BYTES
            self._digest.update(memoryview(plain)[self._at : end])
            self._at = end
            if end >= len(plain):
                self._hashed()
            return True
        piece = plain[self._at : self._at + PIECE_BYTES]
        ciphered = ige_encrypt(piece, self._aes_key, self._aes_iv)
        self._aes_iv = ciphered[-BLOCK_BYTES:] + piece[-BLOCK_BYTES:]
        self._pieces.append(ciphered)
        self._at += PIECE_BYTES
        return self._at < len(plain)

    def _hashed(self) -> None:
        first, second, _ = TO_CLIENT.unpack_from(self._key.auth_key)
        msg_key = self._digest.digest()[8:24]
        self._aes_key, self._aes_iv = aes_key_iv(msg_key, first, second)
        self._pieces = [self._key.id_bytes, msg_key]
        self._at = 0

    def sealed(self) -> bytes:
        """The frame, when all steps are done."""
        self._plain = b""
        return b"".join(self._pieces)
