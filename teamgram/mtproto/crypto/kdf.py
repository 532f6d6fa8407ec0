"""AES keys derived from an auth key and a msg_key.

Formulas: "Mobile Protocol: Detailed Description" (MTProto 2.0, ``derive``) and
its description of MTProto 1.0 (``derive_v1``), which ``auth.bindTempAuthKey``
still uses. ``x`` is 0 from client to server and 8 the other way.
"""

from hashlib import sha1, sha256

CLIENT_TO_SERVER = 0
SERVER_TO_CLIENT = 8


def derive(auth_key: bytes, msg_key: bytes, x: int) -> tuple[bytes, bytes]:
    """(aes_key, aes_iv) of MTProto 2.0, 32 bytes each."""
    a = sha256(msg_key + auth_key[x : x + 36]).digest()
    b = sha256(auth_key[40 + x : 76 + x] + msg_key).digest()
    return a[:8] + b[8:24] + a[24:], b[:8] + a[8:24] + b[24:]


def derive_v1(auth_key: bytes, msg_key: bytes, x: int = CLIENT_TO_SERVER) -> tuple[bytes, bytes]:
    """(aes_key, aes_iv) of MTProto 1.0, 32 bytes each."""
    a = sha1(msg_key + auth_key[x : x + 32]).digest()
    b = sha1(auth_key[32 + x : 48 + x] + msg_key + auth_key[48 + x : 64 + x]).digest()
    c = sha1(auth_key[64 + x : 96 + x] + msg_key).digest()
    d = sha1(msg_key + auth_key[96 + x : 128 + x]).digest()
    return a[:8] + b[8:20] + c[4:16], a[8:20] + b[:8] + c[16:20] + d[:8]


def derive_from_nonces(new_nonce: bytes, server_nonce: bytes) -> tuple[bytes, bytes]:
    """(tmp_aes_key, tmp_aes_iv) of the key exchange.

    "Creating an Authorization Key", step 6.
    """
    a = sha1(new_nonce + server_nonce).digest()
    b = sha1(server_nonce + new_nonce).digest()
    c = sha1(new_nonce + new_nonce).digest()
    return a + b[:12], b[12:] + c + new_nonce[:4]
