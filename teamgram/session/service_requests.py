"""What one session does with MTProto's own messages, one function for each.

A function gets the message's id and where its body lies in the frame. What
cannot be read raises ``MalformedMessage`` and fails alone.
"""

from collections.abc import Callable
from typing import Protocol

from teamgram.session import service_messages as wire
from teamgram.session.events import (
    DestroyAuthKeyReceived,
    DestroySessionReceived,
    DisconnectDelayed,
    HttpWaitReceived,
    RpcCancelled,
    SessionEvent,
)
from teamgram.session.inbox import Fate, Inbox
from teamgram.session.outbox import ServerMessage, SessionOutbox
from teamgram.session.salts import ServerSalts
from teamgram.session.service_messages import MalformedMessage

_header = wire.HEADER.unpack_from
_uint = wire.UINT.unpack_from
_int = wire.INT.unpack_from
_id_long = wire.PING_BODY.unpack_from


class AskedSession(Protocol):
    """What a service message may look at and do in its session."""

    inbox: Inbox
    outbox: SessionOutbox
    salts: ServerSalts

    def say(self, body: bytes, *, content_related: bool = False, req_msg_id: int = 0) -> None:
        """Queue a message."""

    def tell(self, event: SessionEvent) -> None:
        """Report to the session's owner."""

    def finish(self, msg_id: int, result: bytes, *, is_error: bool = False) -> None:
        """Answer a request that is under way."""

    def message(
        self, msg_id: int, seq_no: int, payload: bytes, start: int, end: int, constructor_id: int, now: float
    ) -> None:
        """Take a message that was inside another."""


def _ping(session: AskedSession, msg_id: int, body: bytes, start: int, end: int, now: float) -> None:
    if end - start < 12:
        raise MalformedMessage("ping cut short")
    session.outbox.add(
        ServerMessage(wire.pong(msg_id, _id_long(body, start)[1]), content_related=False, req_msg_id=msg_id)
    )


def _ping_delay_disconnect(session: AskedSession, msg_id: int, body: bytes, start: int, end: int, now: float) -> None:
    if end - start < 16:
        raise MalformedMessage("ping cut short")
    _ping(session, msg_id, body, start, end, now)
    session.tell(DisconnectDelayed(int.from_bytes(body[start + 12 : start + 16], "little", signed=True)))


def _msgs_ack(session: AskedSession, msg_id: int, body: bytes, start: int, end: int, now: float) -> None:
    messages = session.inbox.messages
    for answered in session.outbox.acknowledge(wire.parse_msg_ids(body, end, start + 4)):
        answer = messages.get(answered)
        if type(answer) is ServerMessage:
            messages[answered] = Fate.FAILED if answer.is_error else Fate.ANSWERED


def _msgs_state_req(session: AskedSession, msg_id: int, body: bytes, start: int, end: int, now: float) -> None:
    _state_info(session, msg_id, wire.parse_msg_ids(body, end, start + 4))


def _state_info(session: AskedSession, msg_id: int, asked: tuple[int, ...]) -> None:
    state = session.inbox.state
    session.say(wire.msgs_state_info(msg_id, bytes([state(one) for one in asked])), req_msg_id=msg_id)


def _msg_resend_req(session: AskedSession, msg_id: int, body: bytes, start: int, end: int, now: float) -> None:
    asked = wire.parse_msg_ids(body, end, start + 4)
    unacked = session.outbox.unacked
    there = [unacked[one] for one in dict.fromkeys(asked) if one in unacked]
    session.outbox.send_again(there)
    if len(there) < len(asked):
        _state_info(session, msg_id, asked)


def _msg_resend_ans_req(session: AskedSession, msg_id: int, body: bytes, start: int, end: int, now: float) -> None:
    asked = wire.parse_msg_ids(body, end, start + 4)
    answers = [session.inbox.messages.get(one) for one in dict.fromkeys(asked)]
    session.outbox.send_again([answer for answer in answers if type(answer) is ServerMessage])
    _state_info(session, msg_id, asked)


def _get_future_salts(session: AskedSession, msg_id: int, body: bytes, start: int, end: int, now: float) -> None:
    if end - start < 8:
        raise MalformedMessage("get_future_salts cut short")
    count = min(max(_int(body, start + 4)[0], 1), 64)
    salts = session.salts.future(now, count)
    # One that is half over is of no use to store, but the client may have none at all.
    session.say(wire.future_salts(msg_id, int(now), salts), req_msg_id=msg_id)


def _rpc_drop_answer(session: AskedSession, msg_id: int, body: bytes, start: int, end: int, now: float) -> None:
    if end - start < 12:
        raise MalformedMessage("rpc_drop_answer cut short")
    dropped = _id_long(body, start)[1]
    known = session.inbox.messages.get(dropped)
    if known is Fate.RUNNING:
        # The page has the request itself answered in the same words.
        session.finish(dropped, wire.ANSWER_DROPPED_RUNNING)
        session.tell(RpcCancelled(dropped))
        result = wire.ANSWER_DROPPED_RUNNING
    elif type(known) is ServerMessage:
        session.outbox.remove(known)
        session.inbox.messages[dropped] = Fate.ANSWERED
        result = wire.answer_dropped(known.msg_id, known.seq_no, len(known.body))
    else:
        result = wire.ANSWER_UNKNOWN
    answer = ServerMessage(wire.pack_rpc_result(msg_id, result), content_related=True, req_msg_id=msg_id)
    session.inbox.messages[msg_id] = answer
    session.outbox.add(answer)


def _destroy_session(session: AskedSession, msg_id: int, body: bytes, start: int, end: int, now: float) -> None:
    if end - start < 12:
        raise MalformedMessage("destroy_session cut short")
    session.tell(DestroySessionReceived(msg_id, _id_long(body, start)[1]))


def _destroy_auth_key(session: AskedSession, msg_id: int, body: bytes, start: int, end: int, now: float) -> None:
    session.tell(DestroyAuthKeyReceived(msg_id))


def _http_wait(session: AskedSession, msg_id: int, body: bytes, start: int, end: int, now: float) -> None:
    if end - start < 16:
        raise MalformedMessage("http_wait cut short")
    delays = [max(_int(body, start + at)[0], 0) for at in (4, 8, 12)]
    session.tell(HttpWaitReceived(*delays))


def _msg_copy(session: AskedSession, msg_id: int, body: bytes, start: int, end: int, now: float) -> None:
    if end - start < 24:
        raise MalformedMessage("msg_copy cut short")
    inner_msg_id, seq_no, length = _header(body, start + 4)
    inner_end = start + 20 + length
    if length < 4 or length & 3 or inner_end > end or inner_msg_id >= msg_id:
        raise MalformedMessage("bad message in msg_copy")
    constructor_id = _uint(body, start + 20)[0]
    if constructor_id in NEVER_INSIDE:
        raise MalformedMessage("no containers in msg_copy")
    session.message(inner_msg_id, seq_no, body, start + 20, inner_end, constructor_id, now)


def _ignored(session: AskedSession, msg_id: int, body: bytes, start: int, end: int, now: float) -> None:
    """States that the client tells unasked: we resend on reconnect and on request, not on these."""


SERVICE_MESSAGES: dict[int, Callable[[AskedSession, int, bytes, int, int, float], None]] = {
    wire.PING: _ping,
    wire.PING_DELAY_DISCONNECT: _ping_delay_disconnect,
    wire.MSGS_ACK: _msgs_ack,
    wire.MSGS_STATE_REQ: _msgs_state_req,
    wire.MSG_RESEND_REQ: _msg_resend_req,
    wire.MSG_RESEND_ANS_REQ: _msg_resend_ans_req,
    wire.MSGS_STATE_INFO: _ignored,
    wire.MSGS_ALL_INFO: _ignored,
    wire.MSG_DETAILED_INFO: _ignored,
    wire.MSG_NEW_DETAILED_INFO: _ignored,
    wire.GET_FUTURE_SALTS: _get_future_salts,
    wire.RPC_DROP_ANSWER: _rpc_drop_answer,
    wire.DESTROY_SESSION: _destroy_session,
    wire.DESTROY_AUTH_KEY: _destroy_auth_key,
    wire.HTTP_WAIT: _http_wait,
    wire.MSG_COPY: _msg_copy,
}

ANSWERED_AT_ONCE = frozenset(
    (
        wire.PING,
        wire.PING_DELAY_DISCONNECT,
        wire.MSGS_STATE_REQ,
        wire.GET_FUTURE_SALTS,
        wire.RPC_DROP_ANSWER,
        wire.DESTROY_SESSION,
        wire.DESTROY_AUTH_KEY,
    )
)
"""What answers them acknowledges them."""

ANSWERED_ANEW = frozenset((wire.PING, wire.PING_DELAY_DISCONNECT, wire.MSGS_STATE_REQ, wire.GET_FUTURE_SALTS))
"""Their answers are not kept; asked again under the same msg_id, they are answered by what is true then."""

NEVER_INSIDE = frozenset((wire.MSG_CONTAINER, wire.GZIP_PACKED, wire.MSG_COPY))
