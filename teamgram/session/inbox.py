"""Which client messages one session has seen, and what became of them.

Holds the rules for msg_id and seq_no of the pages "Mobile Protocol: Detailed
Description" and "Service Messages about Messages" (the error codes).
"""

from enum import IntEnum

from teamgram.mtproto.message_id import MAX_FUTURE_SECONDS, MAX_PAST_SECONDS, MSG_ID_NOT_CLIENTS
from teamgram.session.outbox import ServerMessage

CONTAINER_MSG_ID_TAKEN = 19
MESSAGE_TOO_OLD = 20
SEQ_NO_TOO_LOW = 32
SEQ_NO_TOO_HIGH = 33
SEQ_NO_NOT_EVEN = 34
SEQ_NO_NOT_ODD = 35
BAD_SERVER_SALT = 48
INVALID_CONTAINER = 64

_TRIM_FROM = 32


class Fate(IntEnum):
    """What became of a received message that has no answer to send again.

    The answer to an ``ANSWERED`` or ``FAILED`` one was acknowledged; that to one ``FORGOTTEN`` made room before.
    """

    RECEIVED = 0
    CONTAINER = 1
    RUNNING = 2
    ANSWERED = 3
    FAILED = 4
    ANSWER_FORGOTTEN = 5
    FAILURE_FORGOTTEN = 6


SUCCEEDED = frozenset((Fate.RECEIVED, Fate.CONTAINER, Fate.ANSWERED, Fate.ANSWER_FORGOTTEN))
FORGOTTEN = frozenset((Fate.ANSWER_FORGOTTEN, Fate.FAILURE_FORGOTTEN))


class Inbox:
    """Received msg_ids with what became of each: a ``Fate`` or the answer that is not acknowledged yet.

    Attributes:
        floor: below it nothing is known: a message there may have been received and forgotten.
        first_msg_id: smallest msg_id of the session, as ``new_session_created`` told it; None before the first.
        newest_msg_id: largest of those accepted, 0 before the first.
    """

    __slots__ = ("_limit", "_top_seq_no", "first_msg_id", "floor", "messages", "newest_msg_id")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.newest_msg_id = 0
        self._top_seq_no = 0
        self.floor = 0
        self.first_msg_id: int | None = None
        self.messages: dict[int, Fate | ServerMessage] = {}

    def check(self, msg_id: int, seq_no: int) -> int:
        """0, or the error code for a message not seen before, against the newest one seen.

        Between two older messages the order of seq_no is not looked at: it
        would take a sorted store for a fault that no client can act on.
        """
        if msg_id & 3:
            return MSG_ID_NOT_CLIENTS
        if msg_id < self.floor:
            return MESSAGE_TOO_OLD
        top_seq_no = self._top_seq_no
        if msg_id > self.newest_msg_id:
            if seq_no < top_seq_no or (seq_no == top_seq_no and seq_no & 1):
                return SEQ_NO_TOO_LOW
        elif seq_no > top_seq_no or (seq_no == top_seq_no and seq_no & 1):
            return SEQ_NO_TOO_HIGH
        return 0

    def record(self, msg_id: int, seq_no: int, fate: Fate) -> None:
        """Remember an accepted message; the oldest ones make room."""
        if msg_id > self.newest_msg_id:
            self.newest_msg_id = msg_id
            self._top_seq_no = seq_no
        messages = self.messages
        messages[msg_id] = fate
        if len(messages) > _TRIM_FROM:
            self._trim(msg_id)

    def _trim(self, newest: int) -> None:
        """Forget what is too old to come again on its own, and the oldest past the limit.

        Two at most for each new one, so no message pays for all before it.
        """
        too_old = newest - ((MAX_PAST_SECONDS + MAX_FUTURE_SECONDS) << 32)
        messages = self.messages
        for _ in range(2):
            msg_id = next(iter(messages))
            fate = messages[msg_id]
            if len(messages) > self._limit:
                del messages[msg_id]
                if fate is Fate.RUNNING:
                    # Forgetting it would run it twice; requests under way are bounded elsewhere.
                    messages[msg_id] = fate
                    continue
            elif msg_id < too_old and type(fate) is Fate and fate is not Fate.RUNNING:
                del messages[msg_id]
            else:
                return
            if msg_id >= self.floor:
                self.floor = msg_id + 1

    def outcome(self, msg_id: int) -> bool | None:
        """Whether a request succeeded (``invokeAfterMsg``); None: not done, or not seen yet."""
        known = self.messages.get(msg_id)
        if known is None or known is Fate.RUNNING:
            return None
        if type(known) is ServerMessage:
            return not known.is_error
        return known in SUCCEEDED

    def answer_forgotten(self, answer: ServerMessage) -> None:
        """An answer made room: it cannot be sent again."""
        if self.messages.get(answer.req_msg_id) is answer:
            self.messages[answer.req_msg_id] = Fate.FAILURE_FORGOTTEN if answer.is_error else Fate.ANSWER_FORGOTTEN

    def state(self, msg_id: int) -> int:
        """The status byte of ``msgs_state_info`` for one msg_id."""
        fate = self.messages.get(msg_id)
        if fate is None:
            if msg_id > self.newest_msg_id:
                return 3
            if msg_id < self.floor or self.first_msg_id is None or msg_id < self.first_msg_id:
                return 1
            return 2
        if fate is Fate.RUNNING:
            return 4 | 32
        if fate is Fate.RECEIVED or fate is Fate.CONTAINER:
            return 4 | 16
        return 4 | 8 | 32 | 64
