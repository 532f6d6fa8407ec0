"""The envelope of a message: MTProto 2.0 encryption, and the plain form of the key exchange.

Pages: "Mobile Protocol: Detailed Description" (formulas), "Security
Guidelines" (checks). An encrypted frame is

    auth_key_id:8 msg_key:16 AES-IGE(salt:8 session_id:8 msg_id:8 seq_no:4 length:4 body padding:12..1024)

This is the server's end: it opens what clients sent and seals what they get.
What the payload says is the session's business.
"""

from collections.abc import Callable
from hashlib import sha256
from hmac import compare_digest
from os import urandom
from struct import Struct

from teamgram.mtproto.crypto import kdf
from teamgram.mtproto.crypto.aes import ige_decrypt, ige_encrypt
from teamgram.mtproto.crypto.kdf import aes_key_iv
from teamgram.mtproto.transport.errors import WireError

MIN_PADDING = 12
MAX_PADDING = 1024

#: auth_key_id and msg_key, in the clear.
CLEAR_BYTES = 24
#: salt and session_id, before the payload.
SALT_SESSION_BYTES = 16
#: msg_id, seq_no and length, which begin the payload.
PAYLOAD_HEADER_BYTES = 16
_MIN_ENCRYPTED_BYTES = 48
_PLAIN_HEADER_BYTES = 20

_SUPPLY_BYTES = 4096

_SALT_SESSION_LENGTH = Struct("<qq12xi")
_SALT_SESSION = Struct("<qq")
_PLAIN_HEADER = Struct("<qqi")
_LONG = Struct("<q")
_from_client = kdf.FROM_CLIENT.unpack_from
_to_client = kdf.TO_CLIENT.unpack_from


class PaddingBytes:
    """``random(n)`` out of a supply: to ask the system for every frame costs as much as the frame's hashes.

    No byte is given out twice.
    """

    __slots__ = ("_at", "_random", "_supply")

    def __init__(self, random: Callable[[int], bytes] = urandom) -> None:
        self._random = random
        self._supply = b""
        self._at = 0

    def __call__(self, size: int) -> bytes:
        begin, end = self._at, self._at + size
        if end > len(self._supply):
            self._supply = self._random(max(_SUPPLY_BYTES, size))
            begin, end = 0, size
        self._at = end
        return self._supply[begin:end]


class EnvelopeError(WireError):
    """A frame that is no message under its key. The connection that it came by is closed without a word."""


class AuthKey:
    """An auth key.

    Attributes:
        auth_key: all 256 bytes; never logged.
        auth_key_id: signed.
    """

    __slots__ = ("auth_key", "auth_key_id")

    def __init__(self, auth_key: bytes) -> None:
        if len(auth_key) != kdf.AUTH_KEY_BYTES:
            raise ValueError("an auth key has 256 bytes")
        self.auth_key = auth_key
        self.auth_key_id = kdf.auth_key_id(auth_key)

    @property
    def id_bytes(self) -> bytes:
        """``auth_key_id`` as frames begin with it."""
        return _LONG.pack(self.auth_key_id)

    def __repr__(self) -> str:
        return f"<AuthKey {self.auth_key_id}>"


def auth_key_id_of(frame: bytes) -> int:
    """The key that a frame names, signed; 0: the frame is not encrypted.

    Raises:
        EnvelopeError: too short to name one.
    """
    if len(frame) < 8:
        raise EnvelopeError("frame shorter than an auth_key_id")
    return int(_LONG.unpack_from(frame)[0])


def decrypt(key: AuthKey, frame: bytes) -> tuple[int, int, bytes]:
    """Open a client's frame.

    Args:
        frame: the whole frame; that it names ``key`` is the caller's check.

    Returns:
        (server_salt, session_id, payload), where payload is msg_id:8 seq_no:4
        length:4 and the body, without padding.

    Raises:
        EnvelopeError: not a message under this key.
    """
    encrypted_bytes = len(frame) - CLEAR_BYTES
    check_encrypted_size(encrypted_bytes)
    msg_key = frame[8:CLEAR_BYTES]
    first, second, msg_key_part = _from_client(key.auth_key)
    plaintext = ige_decrypt(frame[CLEAR_BYTES:], *aes_key_iv(msg_key, first, second))
    digest = sha256(msg_key_part)
    digest.update(plaintext)
    # Before anything in the plaintext is looked at, and in constant time ("Security Guidelines").
    if not compare_digest(digest.digest()[8:24], msg_key):
        raise EnvelopeError("msg_key does not fit")
    salt, session_id, end = plain_head(plaintext, encrypted_bytes)
    return salt, session_id, plaintext[SALT_SESSION_BYTES:end]


def check_encrypted_size(encrypted_bytes: int) -> None:
    """Whether the encrypted part of a frame can be one by its size.

    Raises:
        EnvelopeError: too short, or not whole blocks of the cipher.
    """
    if encrypted_bytes < _MIN_ENCRYPTED_BYTES or encrypted_bytes & 15:
        raise EnvelopeError("the encrypted part is not whole cipher blocks")


def plain_head(plaintext: bytes, encrypted_bytes: int) -> tuple[int, int, int]:
    """(server_salt, session_id, where the payload ends) of a plaintext, or of its beginning, whose msg_key fits.

    Raises:
        EnvelopeError: its length leaves less or more padding than there may be.
    """
    salt, session_id, length = _SALT_SESSION_LENGTH.unpack_from(plaintext)
    end = SALT_SESSION_BYTES + PAYLOAD_HEADER_BYTES + length
    if length < 0 or length & 3 or not MIN_PADDING <= encrypted_bytes - end <= MAX_PADDING:
        raise EnvelopeError("message length and padding do not fit the frame")
    return salt, session_id, end


padding_bytes = PaddingBytes()


def encrypt(
    key: AuthKey, salt: int, session_id: int, payload: bytes, random: Callable[[int], bytes] = padding_bytes
) -> bytes:
    """Seal a message for a client.

    Args:
        payload: msg_id:8 seq_no:4 length:4 and the body.
        random: makes the padding, 12 to 27 bytes.
    """
    plaintext = padded(salt, session_id, payload, random)
    first, second, msg_key_part = _to_client(key.auth_key)
    digest = sha256(msg_key_part)
    digest.update(plaintext)
    msg_key = digest.digest()[8:24]
    return b"".join((_LONG.pack(key.auth_key_id), msg_key, ige_encrypt(plaintext, *aes_key_iv(msg_key, first, second))))


def padded(salt: int, session_id: int, payload: bytes, random: Callable[[int], bytes]) -> bytes:
    """What is encrypted of a message, with the least padding that fills the last block."""
    padding = random(MIN_PADDING + (-(SALT_SESSION_BYTES + len(payload) + MIN_PADDING) & 15))
    return b"".join((_SALT_SESSION.pack(salt, session_id), payload, padding))


def quick_ack_token(key: AuthKey, frame: bytes) -> bytes:
    """What tells a client that ``frame``, which ``decrypt`` has accepted, was taken.

    The first four bytes of the hash that msg_key is the middle of, with the
    top bit set in their little-endian reading ("MTProto transports", "Quick
    ack"). It costs a second decryption, so that messages which ask for no
    quick ack, nearly all, pay nothing.
    """
    first, second, msg_key_part = _from_client(key.auth_key)
    digest = sha256(msg_key_part)
    digest.update(ige_decrypt(frame[CLEAR_BYTES:], *aes_key_iv(frame[8:CLEAR_BYTES], first, second)))
    return quick_ack_token_of(digest.digest())


def quick_ack_token_of(digest: bytes) -> bytes:
    """The token by the hash that msg_key is the middle of."""
    token = digest[:4]
    return token[:3] + bytes((token[3] | 0x80,))


def unpack_plain(frame: bytes) -> tuple[int, bytes]:
    """(msg_id, body) of an unencrypted frame.

    The body may end in random bytes behind its TL object: TDLib counts its padding into the length.

    Raises:
        EnvelopeError: the length does not fit.
    """
    if len(frame) < _PLAIN_HEADER_BYTES + 4:
        raise EnvelopeError("unencrypted frame too short")
    auth_key_id, msg_id, length = _PLAIN_HEADER.unpack_from(frame)
    if auth_key_id != 0 or length < 4 or length & 3 or length > len(frame) - _PLAIN_HEADER_BYTES:
        raise EnvelopeError("unencrypted frame with a wrong length")
    return msg_id, frame[_PLAIN_HEADER_BYTES : _PLAIN_HEADER_BYTES + length]


def pack_plain(msg_id: int, body: bytes) -> bytes:
    """An unencrypted frame."""
    return _PLAIN_HEADER.pack(0, msg_id, len(body)) + body
