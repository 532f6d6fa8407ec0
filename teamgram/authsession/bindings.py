"""The message by which a client proves that a temporary key and a permanent key are in one hand.

Page "auth.bindTempAuthKey": ``bind_auth_key_inner`` encrypted with the permanent
key in the manner of MTProto 1.0:

    perm_auth_key_id:long msg_key:int128 encrypted(
        random:int128 msg_id:long seqno:int=0 msg_len:int=40
        bind_auth_key_inner nonce:long temp_auth_key_id:long perm_auth_key_id:long temp_session_id:long expires_at:int
        padding to 16 bytes)

with msg_key the lower 128 bits of the SHA1 of what stands before the padding.
"""

import struct
from dataclasses import dataclass
from hashlib import sha1
from hmac import compare_digest

from teamgram.interfaces.authsession import BindTempAuthKeyError
from teamgram.mtproto.crypto.aes import ige_decrypt
from teamgram.mtproto.crypto.kdf import CLIENT_TO_SERVER, aes_key_iv_v1
from teamgram.mtproto.tl import TLError, decode, tl

_OUTER = struct.Struct("<q16s")
_HEADER = struct.Struct("<16xqii")
_INNER_LENGTH = 40
_SIGNED_LENGTH = _HEADER.size + _INNER_LENGTH
_PLAIN_LENGTH = (_SIGNED_LENGTH + 15) // 16 * 16
_MESSAGE_LENGTH = _OUTER.size + _PLAIN_LENGTH


@dataclass(frozen=True, slots=True)
class BindRequest:
    """What the request itself says, which the encrypted message must repeat."""

    temp_auth_key_id: int
    temp_session_id: int
    msg_id: int
    perm_auth_key_id: int
    nonce: int
    expires_at: int


def check_binding(request: BindRequest, perm_auth_key: bytes, encrypted_message: bytes) -> None:
    """Check the whole message.

    Raises:
        BindTempAuthKeyError: ``ENCRYPTED_MESSAGE_INVALID``, whatever is wrong with it.
    """
    if not _is_valid(request, perm_auth_key, encrypted_message):
        raise BindTempAuthKeyError("ENCRYPTED_MESSAGE_INVALID")


def _is_valid(request: BindRequest, perm_auth_key: bytes, encrypted_message: bytes) -> bool:
    if len(encrypted_message) != _MESSAGE_LENGTH:
        return False
    perm_auth_key_id, msg_key = _OUTER.unpack_from(encrypted_message)
    if perm_auth_key_id != request.perm_auth_key_id:
        return False
    aes_key, aes_iv = aes_key_iv_v1(perm_auth_key, msg_key, CLIENT_TO_SERVER)
    plain = ige_decrypt(encrypted_message[_OUTER.size :], aes_key, aes_iv)
    # Before anything in it is looked at.
    if not compare_digest(sha1(plain[:_SIGNED_LENGTH]).digest()[4:], msg_key):
        return False
    if _HEADER.unpack_from(plain) != (request.msg_id, 0, _INNER_LENGTH):
        return False
    try:
        inner = decode(plain[_HEADER.size : _SIGNED_LENGTH])
    except TLError:
        return False
    return bool(
        inner
        == tl.bind_auth_key_inner(
            nonce=request.nonce,
            temp_auth_key_id=request.temp_auth_key_id,
            perm_auth_key_id=request.perm_auth_key_id,
            temp_session_id=request.temp_session_id,
            expires_at=request.expires_at,
        )
    )
