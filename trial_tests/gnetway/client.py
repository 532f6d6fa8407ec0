"""Frames of a client that has a key, for tests of the edge."""

from struct import Struct

from teamgram.interfaces.keys import AuthKeyInfo
from teamgram.mtproto.envelope import AuthKey
from trial_tests.peer.envelope import open_frame, seal_payload

_HEAD = Struct("<qii")


def payload(msg_id: int = 4, seq_no: int = 1, body: bytes = b"\x11\x22\x33\x44") -> bytes:
    """msg_id seq_no length body."""
    return _HEAD.pack(msg_id, seq_no, len(body)) + body


def sealed(info: AuthKeyInfo, session_id: int = 7, salt: int = 99, plaintext: bytes = payload()) -> bytes:
    """A frame as a client sends it."""
    return seal_payload(AuthKey(info.auth_key), salt, session_id, plaintext).frame


def opened(info: AuthKeyInfo, frame: bytes) -> tuple[int, int, bytes]:
    """(salt, session_id, payload) of a frame that the server sent."""
    salt, session_id, msg_id, seq_no, body = open_frame(AuthKey(info.auth_key), frame)
    return salt, session_id, payload(msg_id, seq_no, body)
