"""MTProto's own messages, as bytes.

They are few, fixed and on the hot path, so they are packed and unpacked here
by hand and not by the TL codec. Names and ids are those of the pages "Service
Messages" and "Service Messages about Messages".
"""

import struct
from collections.abc import Sequence

from teamgram.mtproto.container import GZIP_PACKED as GZIP_PACKED
from teamgram.mtproto.container import MSG_CONTAINER as MSG_CONTAINER
from teamgram.mtproto.container import RPC_ERROR as RPC_ERROR
from teamgram.mtproto.container import RPC_RESULT as RPC_RESULT
from teamgram.mtproto.container import ContainerError, pack_gzip, unpack_gzip
from teamgram.mtproto.container import pack_rpc_result as pack_rpc_result

MSG_COPY = 0xE06046B2
MSGS_ACK = 0x62D6B459
PING = 0x7ABE77EC
PING_DELAY_DISCONNECT = 0xF3427B8C
PONG = 0x347773C5
BAD_MSG_NOTIFICATION = 0xA7EFF811
BAD_SERVER_SALT = 0xEDAB447B
NEW_SESSION_CREATED = 0x9EC20908
MSGS_STATE_REQ = 0xDA69FB52
MSGS_STATE_INFO = 0x04DEB57D
MSGS_ALL_INFO = 0x8CC0D131
MSG_DETAILED_INFO = 0x276D3EC6
MSG_NEW_DETAILED_INFO = 0x809DB6DF
MSG_RESEND_REQ = 0x7D861A08
MSG_RESEND_ANS_REQ = 0x8610BAEB
RPC_DROP_ANSWER = 0x58E4A740
RPC_ANSWER_UNKNOWN = 0x5E2AD36E
RPC_ANSWER_DROPPED_RUNNING = 0xCD78E586
RPC_ANSWER_DROPPED = 0xA43AD8B7
GET_FUTURE_SALTS = 0xB921BD04
FUTURE_SALTS = 0xAE500895
DESTROY_SESSION = 0xE7512126
DESTROY_SESSION_OK = 0xE22045FC
DESTROY_SESSION_NONE = 0x62D350C9
DESTROY_AUTH_KEY = 0xD1435160
DESTROY_AUTH_KEY_OK = 0xF660E1D4
DESTROY_AUTH_KEY_NONE = 0x0A9F2259
DESTROY_AUTH_KEY_FAIL = 0xEA109B13
HTTP_WAIT = 0x9299359F
VECTOR = 0x1CB5C415

MAX_MSG_IDS = 8192
"""Ids in one ``msgs_ack``, ``msgs_state_req`` or ``msg_resend_req`` (page "Service Messages about Messages")."""
MAX_CONTAINER_MESSAGES = 1024
"""Messages in one container (page "Service Messages")."""

HEADER = struct.Struct("<qii")
"""msg_id:long seq_no:int bytes:int, before every body."""
UINT = struct.Struct("<I")
INT = struct.Struct("<i")
_id_long = struct.Struct("<Iq")
_id_long_long = struct.Struct("<Iqq")
_id_long_int_int = struct.Struct("<Iqii")
_id_three_longs = struct.Struct("<Iqqq")
_bad_salt = struct.Struct("<Iqiiq")
_detailed = struct.Struct("<Iqqii")
_vector_head = struct.Struct("<III")

PING_BODY = _id_long

ANSWER_UNKNOWN = UINT.pack(RPC_ANSWER_UNKNOWN)
ANSWER_DROPPED_RUNNING = UINT.pack(RPC_ANSWER_DROPPED_RUNNING)
KEY_DESTROYED = UINT.pack(DESTROY_AUTH_KEY_OK)
KEY_NOT_THERE = UINT.pack(DESTROY_AUTH_KEY_NONE)
KEY_NOT_DESTROYED = UINT.pack(DESTROY_AUTH_KEY_FAIL)


class MalformedMessage(Exception):
    """A message's bytes are not what its constructor says."""


def parse_msg_ids(body: bytes, end: int, offset: int) -> tuple[int, ...]:
    """The ``Vector<long>`` at ``offset``, which has to end at or before ``end``.

    Raises:
        MalformedMessage: no vector, more than 8192 ids, or ids missing.
    """
    if end - offset < 8:
        raise MalformedMessage("vector cut short")
    vector, count = struct.unpack_from("<II", body, offset)
    if vector != VECTOR or count > MAX_MSG_IDS or end - offset - 8 < 8 * count:
        raise MalformedMessage("bad vector of msg_ids")
    ids: tuple[int, ...] = struct.unpack_from(f"<{count}q", body, offset + 8)
    return ids


def parse_container(body: bytes, offset: int, end: int, container_msg_id: int) -> list[tuple[int, int, int, int]]:
    """``msg_container`` at ``offset`` as (msg_id, seq_no, body start, body end) of its messages.

    Raises:
        MalformedMessage: counts or lengths that do not fit, a message whose id
            is not below the container's, or a container in a container.
    """
    if end - offset < 8:
        raise MalformedMessage("container cut short")
    count = UINT.unpack_from(body, offset + 4)[0]
    if count > MAX_CONTAINER_MESSAGES:
        raise MalformedMessage("too many messages")
    at = offset + 8
    messages = []
    for _ in range(count):
        if end - at < 20:
            raise MalformedMessage("container cut short")
        msg_id, seq_no, length = HEADER.unpack_from(body, at)
        at += 16
        if length < 4 or length & 3 or length > end - at or msg_id >= container_msg_id:
            raise MalformedMessage("bad message in container")
        if UINT.unpack_from(body, at)[0] == MSG_CONTAINER:
            raise MalformedMessage("container in container")
        messages.append((msg_id, seq_no, at, at + length))
        at += length
    return messages


def parse_bytes(body: bytes, offset: int, end: int) -> tuple[bytes, int]:
    """The TL ``bytes`` at ``offset`` and where it ends.

    Raises:
        MalformedMessage: it does not fit before ``end``.
    """
    if offset >= end:
        raise MalformedMessage("string cut short")
    length = body[offset]
    start = offset + 1
    if length == 254:
        if end - offset < 4:
            raise MalformedMessage("string cut short")
        length = int.from_bytes(body[offset + 1 : offset + 4], "little")
        start = offset + 4
    elif length == 255:
        raise MalformedMessage("bad string length")
    stop = start + length
    after = stop + (-(stop - offset) & 3)
    if after > end:
        raise MalformedMessage("string cut short")
    return body[start:stop], after


def tl_bytes(value: bytes) -> bytes:
    """``value`` as TL ``bytes``."""
    length = len(value)
    if length < 254:
        return b"%c%b%b" % (length, value, b"\0" * (-(length + 1) & 3))
    return b"\xfe%b%b%b" % (length.to_bytes(3, "little"), value, b"\0" * (-length & 3))


def gunzip(body: bytes, limit_bytes: int) -> bytes:
    """What the ``gzip_packed`` in ``body`` holds, never building more than ``limit_bytes``.

    Raises:
        MalformedMessage: not gzip, or longer than the limit.
    """
    try:
        return unpack_gzip(body, limit_bytes)
    except ContainerError:
        raise MalformedMessage("not gzip, or too long") from None


def gzip_packed(body: bytes) -> bytes:
    """``body`` as a boxed ``gzip_packed``; level 1 gets most of what there is to get in TL."""
    return pack_gzip(body, 1)


def pong(msg_id: int, ping_id: int) -> bytes:
    """pong#347773c5 msg_id:long ping_id:long = Pong;"""
    return _id_long_long.pack(PONG, msg_id, ping_id)


def msgs_ack(msg_ids: Sequence[int]) -> bytes:
    """msgs_ack#62d6b459 msg_ids:Vector<long> = MsgsAck;"""
    return _vector_head.pack(MSGS_ACK, VECTOR, len(msg_ids)) + struct.pack(f"<{len(msg_ids)}q", *msg_ids)


def bad_msg_notification(msg_id: int, seq_no: int, code: int) -> bytes:
    """bad_msg_notification#a7eff811 bad_msg_id:long bad_msg_seqno:int error_code:int = BadMsgNotification;"""
    return _id_long_int_int.pack(BAD_MSG_NOTIFICATION, msg_id, seq_no, code)


def bad_server_salt(msg_id: int, seq_no: int, salt: int) -> bytes:
    """bad_server_salt#edab447b bad_msg_id:long bad_msg_seqno:int error_code:int new_server_salt:long = ..."""
    return _bad_salt.pack(BAD_SERVER_SALT, msg_id, seq_no, 48, salt)


def new_session_created(first_msg_id: int, unique_id: int, salt: int) -> bytes:
    """new_session_created#9ec20908 first_msg_id:long unique_id:long server_salt:long = NewSession;"""
    return _id_three_longs.pack(NEW_SESSION_CREATED, first_msg_id, unique_id, salt)


def rpc_error(code: int, message: str) -> bytes:
    """rpc_error#2144ca19 error_code:int error_message:string = RpcError;"""
    return struct.pack("<Ii", RPC_ERROR, code) + tl_bytes(message.encode())


def answer_dropped(msg_id: int, seq_no: int, length: int) -> bytes:
    """rpc_answer_dropped#a43ad8b7 msg_id:long seq_no:int bytes:int = RpcDropAnswer;"""
    return _id_long_int_int.pack(RPC_ANSWER_DROPPED, msg_id, seq_no, length)


def msgs_state_info(req_msg_id: int, states: bytes) -> bytes:
    """msgs_state_info#04deb57d req_msg_id:long info:string = MsgsStateInfo;"""
    return _id_long.pack(MSGS_STATE_INFO, req_msg_id) + tl_bytes(states)


def msg_detailed_info(msg_id: int, answer_msg_id: int, length: int) -> bytes:
    """msg_detailed_info#276d3ec6 msg_id:long answer_msg_id:long bytes:int status:int = MsgDetailedInfo;"""
    return _detailed.pack(MSG_DETAILED_INFO, msg_id, answer_msg_id, length, 0)


def destroy_session_result(session_id: int, found: bool) -> bytes:
    """destroy_session_ok / destroy_session_none, session_id:long = DestroySessionRes;"""
    return _id_long.pack(DESTROY_SESSION_OK if found else DESTROY_SESSION_NONE, session_id)


def future_salts(req_msg_id: int, now: int, salts: Sequence[tuple[int, int, int]]) -> bytes:
    """future_salts#ae500895 req_msg_id:long now:int salts:vector<future_salt> = FutureSalts;

    Args:
        salts: (valid_since, valid_until, salt); written bare, in a bare vector.
    """
    head = struct.pack("<IqiI", FUTURE_SALTS, req_msg_id, now, len(salts))
    return head + b"".join([struct.pack("<iiq", *salt) for salt in salts])
