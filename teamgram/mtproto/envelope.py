"""Envelopes: encrypted messages of MTProto 2.0, and the unencrypted ones of the key exchange.

Encrypted: auth_key_id:8 msg_key:16 AES-IGE(salt:8 session_id:8 msg_id:8
seq_no:4 length:4 body padding). Formulas: "Mobile Protocol: Detailed
Description"; checks: "Security Guidelines".
"""

from hashlib import sha1, sha256
from hmac import compare_digest
from os import urandom
from struct import Struct

import cryptg

MIN_PADDING = 12
MAX_PADDING = 1024
#: auth_key_id, msg_key, and 48 bytes of cipher text: the smallest message with its smallest padding.
MIN_FRAME_BYTES = 24 + 48

_LONG = Struct("<q")
_SALT_AND_SESSION = Struct("<qq")
_LENGTH = Struct("<i")
_UNENCRYPTED = Struct("<qqi")


class EnvelopeError(Exception):
    """A frame that is no valid message under its key; ``str()`` says why, without content."""


class AuthKey:
    """An auth key and the slices of it that every message needs, cut once.

    Attributes:
        key: the 256 bytes.
        auth_key_id: low 64 bits of SHA1(key), signed.
        aux_hash: high 64 bits of SHA1(key), as ``dh_gen_ok`` hashes them.
    """

    __slots__ = ("_id_bytes", "_in", "_out", "auth_key_id", "aux_hash", "key")

    def __init__(self, key: bytes) -> None:
        if len(key) != 256:
            raise ValueError("an auth key has 256 bytes")
        digest = sha1(key).digest()
        self.key = key
        self.auth_key_id: int = _LONG.unpack(digest[12:])[0]
        self.aux_hash = digest[:8]
        self._id_bytes = digest[12:]
        # (msg_key part, first and second key-derivation parts) for x = 0 and x = 8
        self._in = (key[88:120], key[:36], key[40:76])
        self._out = (key[96:128], key[8:44], key[48:84])

    def __repr__(self) -> str:
        return f"<AuthKey {self.auth_key_id}>"

    def mirrored(self) -> "AuthKey":
        """The same key seen from the client's end."""
        other = AuthKey(self.key)
        other._in, other._out = self._out, self._in
        return other


def decrypt(auth_key: AuthKey, frame: bytes) -> tuple[int, int, bytes, bytes]:
    """Open a frame.

    Returns:
        (server_salt, session_id, payload, digest): payload is msg_id, seq_no,
        length and body without padding; digest is the SHA-256 whose first 4
        bytes make the quick ack (:func:`quick_ack_token`).

    Raises:
        EnvelopeError: too short, not whole blocks, a msg_key that does not
            fit, or lengths that contradict one another.
    """
    size = len(frame)
    if size < MIN_FRAME_BYTES or (size - 24) % 16:
        raise EnvelopeError(f"a frame of {size} bytes is no encrypted message")
    msg_key = frame[8:24]
    msg_key_part, first, second = auth_key._in
    a = sha256(msg_key + first).digest()
    b = sha256(second + msg_key).digest()
    plain: bytes = cryptg.decrypt_ige(frame[24:], a[:8] + b[8:24] + a[24:], b[:8] + a[8:24] + b[24:])
    digest = sha256(msg_key_part + plain).digest()
    if not compare_digest(digest[8:24], msg_key):
        raise EnvelopeError("msg_key does not fit")
    (length,) = _LENGTH.unpack_from(plain, 28)
    if length < 4 or length % 4 or not MIN_PADDING <= size - 24 - 32 - length <= MAX_PADDING:
        raise EnvelopeError(f"a body of {length} bytes in {size - 24} does not leave 12 to 1024 bytes of padding")
    salt, session_id = _SALT_AND_SESSION.unpack_from(plain)
    return salt, session_id, plain[16 : 32 + length], digest


def encrypt(auth_key: AuthKey, server_salt: int, session_id: int, payload: bytes) -> bytes:
    """Seal a payload (msg_id, seq_no, length, body) with the smallest whole-block padding of 12 to 27 bytes."""
    plain = _SALT_AND_SESSION.pack(server_salt, session_id) + payload
    plain += urandom(MIN_PADDING + (-len(plain) - MIN_PADDING) % 16)
    msg_key_part, first, second = auth_key._out
    msg_key = sha256(msg_key_part + plain).digest()[8:24]
    a = sha256(msg_key + first).digest()
    b = sha256(second + msg_key).digest()
    cipher = cryptg.encrypt_ige(plain, a[:8] + b[8:24] + a[24:], b[:8] + a[8:24] + b[24:])
    return auth_key._id_bytes + msg_key + cipher


def quick_ack_token(digest: bytes) -> int:
    """The 32-bit token that acknowledges a message, from :func:`decrypt`'s digest.

    The first 4 bytes, little-endian, with the top bit set: what TDLib and the
    official apps compare.
    """
    return int.from_bytes(digest[:4], "little") | 0x80000000


def pack_unencrypted(msg_id: int, body: bytes) -> bytes:
    """auth_key_id 0, msg_id, length, body."""
    return _UNENCRYPTED.pack(0, msg_id, len(body)) + body


def unpack_unencrypted(frame: bytes) -> tuple[int, bytes]:
    """(msg_id, body) of an unencrypted message. Bytes behind the body (some clients pad) are dropped.

    Raises:
        EnvelopeError: shorter than it says, or it does carry an auth_key_id.
    """
    if len(frame) < _UNENCRYPTED.size:
        raise EnvelopeError(f"a frame of {len(frame)} bytes is no unencrypted message")
    auth_key_id, msg_id, length = _UNENCRYPTED.unpack_from(frame)
    if auth_key_id or not 0 < length <= len(frame) - _UNENCRYPTED.size:
        raise EnvelopeError("the length of an unencrypted message does not fit")
    return msg_id, frame[_UNENCRYPTED.size : _UNENCRYPTED.size + length]
