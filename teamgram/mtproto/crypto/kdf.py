"""What is derived from an auth key, and from the nonces of an exchange.

Formulas: "Mobile Protocol: Detailed Description", section "Defining AES Key
and Initialization Vector", and "Creating an Authorization Key", steps 6 and 9.
"""

from hashlib import sha1, sha256
from struct import Struct

AUTH_KEY_BYTES = 256

#: Offset into the auth key by the direction of a message.
CLIENT_TO_SERVER = 0
SERVER_TO_CLIENT = 8

_LONG = Struct("<q")


def auth_key_id(auth_key: bytes) -> int:
    """The 64 lower-order bits of SHA1(auth_key), signed."""
    return int(_LONG.unpack_from(sha1(auth_key).digest(), 12)[0])


def auth_key_aux_hash(auth_key: bytes) -> bytes:
    """The 64 higher-order bits of SHA1(auth_key), 8 bytes."""
    return sha1(auth_key).digest()[:8]


#: What the formulas take of an auth key, by the direction of a message: auth_key[x : 36 + x] and [40 + x : 76 + x] for
#: ``aes_key_iv``, and [88 + x : 120 + x], hashed before the plaintext it gives msg_key. x is 0 and 8. Cut out for each
#: message, which is 0.1 µs: kept for each key, they would be twice the key.
FROM_CLIENT = Struct("36s4x36s12x32s")
TO_CLIENT = Struct("8x36s4x36s12x32s")


def aes_key_iv(msg_key: bytes, first: bytes, second: bytes) -> tuple[bytes, bytes]:
    """(aes_key, aes_iv) of the message with this msg_key, 32 bytes each.

    Args:
        first, second: of the key, by the direction (``FROM_CLIENT``, ``TO_CLIENT``).
    """
    a = sha256(msg_key + first).digest()
    b = sha256(second + msg_key).digest()
    return a[:8] + b[8:24] + a[24:], b[:8] + a[8:24] + b[24:]


def aes_key_iv_v1(auth_key: bytes, msg_key: bytes, x: int) -> tuple[bytes, bytes]:
    """(aes_key, aes_iv) of MTProto 1.0, which only ``bind_auth_key_inner`` still uses.

    Formula: "Mobile Protocol: Detailed Description (v.1.0)".
    """
    a = sha1(msg_key + auth_key[x : 32 + x]).digest()
    b = sha1(auth_key[32 + x : 48 + x] + msg_key + auth_key[48 + x : 64 + x]).digest()
    c = sha1(auth_key[64 + x : 96 + x] + msg_key).digest()
    d = sha1(msg_key + auth_key[96 + x : 128 + x]).digest()
    return a[:8] + b[8:20] + c[4:16], a[8:20] + b[:8] + c[16:20] + d[:8]


def exchange_key_iv(new_nonce: bytes, server_nonce: bytes) -> tuple[bytes, bytes]:
    """(tmp_aes_key, tmp_aes_iv) that hide the Diffie-Hellman numbers of an exchange."""
    new_server = sha1(new_nonce + server_nonce).digest()
    server_new = sha1(server_nonce + new_nonce).digest()
    new_new = sha1(new_nonce + new_nonce).digest()
    return new_server + server_new[:12], server_new[12:] + new_new + new_nonce[:4]


def new_nonce_hash(new_nonce: bytes, number: int, auth_key: bytes) -> bytes:
    """``new_nonce_hash1`` (dh_gen_ok), ``2`` (retry) or ``3`` (fail): 16 bytes."""
    return sha1(new_nonce + bytes((number,)) + auth_key_aux_hash(auth_key)).digest()[4:]


def first_server_salt(new_nonce: bytes, server_nonce: bytes) -> int:
    """The salt that both ends know right after an exchange, signed."""
    return int(_LONG.unpack_from(new_nonce)[0] ^ _LONG.unpack_from(server_nonce)[0])
