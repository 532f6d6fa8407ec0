"""A client's side of ``auth.bindTempAuthKey``, written from the page's text and apart from the server's code."""

import os
import struct
from hashlib import sha1

import cryptg


def binding_message(
    perm_auth_key: bytes,
    perm_auth_key_id: int,
    *,
    msg_id: int,
    nonce: int,
    temp_auth_key_id: int,
    temp_session_id: int,
    expires_at: int,
    seq_no: int = 0,
    length: int = 40,
    constructor: int = 0x75A3F765,
    inner_perm_auth_key_id: int | None = None,
    msg_key: bytes | None = None,
) -> bytes:
    """``encrypted_message``; the last arguments are for making wrong ones."""
    inner = struct.pack(
        "<Iqqqqi",
        constructor,
        nonce,
        temp_auth_key_id,
        perm_auth_key_id if inner_perm_auth_key_id is None else inner_perm_auth_key_id,
        temp_session_id,
        expires_at,
    )
    signed = os.urandom(16) + struct.pack("<qii", msg_id, seq_no, length) + inner
    msg_key = msg_key or sha1(signed).digest()[4:20]
    padded = signed + os.urandom(-len(signed) % 16)
    k = perm_auth_key
    sha1_a = sha1(msg_key + k[0:32]).digest()
    sha1_b = sha1(k[32:48] + msg_key + k[48:64]).digest()
    sha1_c = sha1(k[64:96] + msg_key).digest()
    sha1_d = sha1(msg_key + k[96:128]).digest()
    aes_key = sha1_a[0:8] + sha1_b[8:20] + sha1_c[4:16]
    aes_iv = sha1_a[8:20] + sha1_b[0:8] + sha1_c[16:20] + sha1_d[0:8]
    return struct.pack("<q", perm_auth_key_id) + msg_key + bytes(cryptg.encrypt_ige(padded, aes_key, aes_iv))
