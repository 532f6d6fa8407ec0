"""Message identifiers and sequence numbers.

Page: "Mobile Protocol: Detailed Description", sections "Message Identifier"
and "Message Sequence Number"; error codes: "Service Messages about Messages".
Who keeps the last identifier is whoever owns the session: these are rules.
"""

#: How far a client's msg_id may be from the server's clock, in seconds.
MAX_PAST_SECONDS = 300
MAX_FUTURE_SECONDS = 30

#: ``bad_msg_notification`` codes.
MSG_ID_TOO_LOW = 16
MSG_ID_TOO_HIGH = 17
MSG_ID_NOT_CLIENTS = 18

#: Remainder modulo 4 by who sends what.
_CLIENT, _RESPONSE, _OTHER = 0, 1, 3


CLOCK_IS_WRONG = frozenset({MSG_ID_TOO_LOW, MSG_ID_TOO_HIGH})
"""Codes that tell a client that its clock is. They leave in frames of their own: Telethon drops a container whose age
it doubts, and doubts it just then."""


def next_server_msg_id(now: float, last_msg_id: int, *, response: bool) -> int:
    """An identifier for a message of ours, larger than ``last_msg_id``.

    Args:
        now: unix seconds.
        last_msg_id: the one before in this session, 0 for none.
        response: it answers a client's message.
    """
    # As ``_next``, without the call: each message that leaves comes by here.
    remainder = _RESPONSE if response else _OTHER
    msg_id = (int(now * 4294967296.0) & ~3) | remainder
    return msg_id if msg_id > last_msg_id else ((last_msg_id >> 2) + 1) << 2 | remainder


def next_client_msg_id(now: float, last_msg_id: int) -> int:
    """An identifier as clients make them: divisible by 4 and larger than ``last_msg_id``."""
    return _next(now, last_msg_id, _CLIENT)


def _next(now: float, last_msg_id: int, remainder: int) -> int:
    msg_id = (int(now * 4294967296.0) & ~3) | remainder
    if msg_id <= last_msg_id:
        msg_id = ((last_msg_id >> 2) + 1) << 2 | remainder
    return msg_id


def check_client_msg_id(msg_id: int, now: float) -> int:
    """0 when a client may send ``msg_id`` at ``now``, else the code to refuse it with."""
    if msg_id & 3:
        return MSG_ID_NOT_CLIENTS
    sent_at = msg_id / 4294967296.0
    if sent_at < now - MAX_PAST_SECONDS:
        return MSG_ID_TOO_LOW
    if sent_at > now + MAX_FUTURE_SECONDS:
        return MSG_ID_TOO_HIGH
    return 0


def seq_no(content_messages: int, *, content_related: bool) -> int:
    """msg_seqno of the next message: twice the content-related ones before it, plus one if it is one itself."""
    return 2 * content_messages + content_related
