"""The client's end of an encrypted frame, for tests of the edge."""

from struct import Struct

from teamgram.interfaces.keys import AuthKeyInfo
from teamgram.mtproto.envelope import AuthKey, decrypt, encrypt

_HEAD = Struct("<qii")


def client_key(info: AuthKeyInfo) -> AuthKey:
    """The key as the client uses it: its directions are the server's the other way round."""
    key = AuthKey(info.auth_key)
    key.from_client, key.to_client = key.to_client, key.from_client
    return key


def payload(msg_id: int = 4, seq_no: int = 1, body: bytes = b"\x11\x22\x33\x44") -> bytes:
    """msg_id seq_no length body."""
    return _HEAD.pack(msg_id, seq_no, len(body)) + body


def sealed(info: AuthKeyInfo, session_id: int = 7, salt: int = 99, plaintext: bytes = payload()) -> bytes:
    """A frame as a client sends it."""
    return encrypt(client_key(info), salt, session_id, plaintext)


def opened(info: AuthKeyInfo, frame: bytes) -> tuple[int, int, bytes]:
    """(salt, session_id, payload) of a frame that the server sent."""
    return decrypt(client_key(info), frame)
