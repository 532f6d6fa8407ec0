"""The client's end of the envelope: seals what the server opens and the other way round.

Pages: "Mobile Protocol: Detailed Description", "Security Guidelines".
"""

import os
from collections.abc import Callable
from hashlib import sha256
from struct import Struct
from typing import NamedTuple

from teamgram.mtproto.crypto.aes import ige_decrypt, ige_encrypt
from teamgram.mtproto.crypto.kdf import FROM_CLIENT, TO_CLIENT, aes_key_iv
from teamgram.mtproto.envelope import AuthKey

_SALT_SESSION = Struct("<qq")
_HEADER = Struct("<qqqii")


class Sealed(NamedTuple):
    """A frame for the server, and the quick ack that it will answer with if it is asked for one."""

    frame: bytes
    quick_ack_token: bytes


class Opened(NamedTuple):
    """What a frame of the server says."""

    salt: int
    session_id: int
    msg_id: int
    seq_no: int
    body: bytes


class BadFrame(AssertionError):
    """The server sent something that a client must refuse."""


def seal_payload(
    key: AuthKey,
    salt: int,
    session_id: int,
    payload: bytes,
    *,
    padding: bytes | None = None,
    random: Callable[[int], bytes] = os.urandom,
) -> Sealed:
    """Encrypt msg_id, seq_no, length and body for the server.

    Args:
        padding: exactly these bytes instead of the right number of random ones.
    """
    plaintext = _SALT_SESSION.pack(salt, session_id) + payload
    plaintext += random(12 + -(len(plaintext) + 12) % 16) if padding is None else padding
    first, second, msg_key_part = FROM_CLIENT.unpack_from(key.auth_key)
    digest = sha256(msg_key_part + plaintext).digest()
    msg_key = digest[8:24]
    frame = key.id_bytes + msg_key + ige_encrypt(plaintext, *aes_key_iv(msg_key, first, second))
    ack = int.from_bytes(digest[:4], "little") | 1 << 31
    return Sealed(frame, ack.to_bytes(4, "little"))


def open_frame(key: AuthKey, frame: bytes) -> Opened:
    """Decrypt a frame of the server's and check it as clients do.

    Raises:
        BadFrame: any check fails.
    """
    if frame[:8] != key.id_bytes:
        raise BadFrame("another auth_key_id")
    msg_key = frame[8:24]
    if len(frame) < 72 or (len(frame) - 24) % 16:
        raise BadFrame(f"frame of {len(frame)} bytes")
    first, second, msg_key_part = TO_CLIENT.unpack_from(key.auth_key)
    plaintext = ige_decrypt(frame[24:], *aes_key_iv(msg_key, first, second))
    if sha256(msg_key_part + plaintext).digest()[8:24] != msg_key:
        raise BadFrame("msg_key does not fit")
    salt, session_id, msg_id, seq_no, length = _HEADER.unpack_from(plaintext)
    if length % 4 or not 12 <= len(plaintext) - 32 - length <= 1024:
        raise BadFrame("length and padding do not fit")
    if msg_id % 2 == 0:
        raise BadFrame("msg_id is not a server's")
    return Opened(salt, session_id, msg_id, seq_no, plaintext[32 : 32 + length])
