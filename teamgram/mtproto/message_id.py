"""msg_id and seq_no: how the server makes them, and what a client's must be.

"Mobile Protocol: Detailed Description", "Message Identifier (msg_id)" and
"Message Sequence Number (msg_seqno)"; codes: "Service Messages about
Messages", bad_msg_notification.
"""

#: A client's msg_id may be this old, or this far ahead (seconds).
MAX_AGE = 300
MAX_AHEAD = 30

RESPONSE = 1
NOTIFICATION = 3

TOO_LOW = 16
TOO_HIGH = 17
NOT_DIVISIBLE_BY_4 = 18
SAME_AS_CONTAINER = 19
TOO_OLD = 20
SEQ_NO_TOO_LOW = 32
SEQ_NO_TOO_HIGH = 33
SEQ_NO_EVEN_EXPECTED = 34
SEQ_NO_ODD_EXPECTED = 35
BAD_SERVER_SALT = 48
INVALID_CONTAINER = 64


class MessageIds:
    """A session's server-side msg_ids: unix time times 2^32, growing, 1 or 3 mod 4."""

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last = 0

    def next(self, now: float, kind: int = NOTIFICATION) -> int:
        """The next msg_id. ``kind``: RESPONSE to a client's message, or NOTIFICATION."""
        base = int(now * 4294967296) & ~3
        if base <= self._last:
            base = self._last + 4
        self._last = base
        return base | kind


def time_of(msg_id: int) -> float:
    """Unix seconds in a msg_id."""
    return (msg_id & 0xFFFFFFFFFFFFFFFF) / 4294967296


def check_client_msg_id(msg_id: int, now: float) -> int:
    """0, or the bad_msg_notification code: 18 parity, 16 too old, 17 too far ahead."""
    if msg_id & 3:
        return NOT_DIVISIBLE_BY_4
    seconds = (msg_id >> 32) & 0xFFFFFFFF
    if seconds < now - MAX_AGE:
        return TOO_LOW
    if seconds > now + MAX_AHEAD:
        return TOO_HIGH
    return 0
