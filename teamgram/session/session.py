"""One MTProto session: plaintext frames in, requests out, answers and updates packed.

Owns what the pages "Mobile Protocol: Detailed Description", "Service
Messages" and "Service Messages about Messages" say about a session. Sans-IO:
``now`` (unix seconds) and the unique id are passed in, nothing here waits,
and which connection carries the session is not its business. Running the
requests, and the wrappers around them, belong to ``main_auth``.
"""

from teamgram.mtproto.message_id import CLOCK_IS_WRONG, check_client_msg_id
from teamgram.session import service_messages as wire
from teamgram.session.counts import SessionCounts
from teamgram.session.events import RpcReceived, SessionEvent
from teamgram.session.inbox import (
    BAD_SERVER_SALT,
    CONTAINER_MSG_ID_TAKEN,
    FORGOTTEN,
    INVALID_CONTAINER,
    MESSAGE_TOO_OLD,
    SEQ_NO_NOT_EVEN,
    SEQ_NO_NOT_ODD,
    Fate,
    Inbox,
)
from teamgram.session.outbox import NOTHING, ServerMessage, SessionOutbox
from teamgram.session.salts import ServerSalts
from teamgram.session.service_messages import MalformedMessage
from teamgram.session.service_requests import ANSWERED_ANEW, ANSWERED_AT_ONCE, NEVER_INSIDE, SERVICE_MESSAGES
from teamgram.session.settings import SessionSettings

_header = wire.HEADER.unpack_from
_uint = wire.UINT.unpack_from
_id_long = wire.PING_BODY.unpack_from

_NOT_PACKED = frozenset((0x096A18D5, 0xA99FCA4F, 0x21E753BC))
"""upload.file, upload.cdnFile, upload.webFile: media, packed already by its own format."""


class Session:
    """The state of one session of one auth key.

    Call ``receive`` for each frame, take ``next_event`` until None, then send
    ``packet`` until None while the connection takes more.

    Attributes:
        running: how many requests are under way.
        large_bytes: bytes of the large ones among them (``hold_request``).
        unpacked_bytes: what the ``gzip_packed`` of the last frame unpacked to, or were let unpack to.
        to_ack: content-related messages without an answer yet, with the time each came.
    """

    __slots__ = (
        "_counts",
        "_events",
        "_large",
        "_settings",
        "_sure",
        "_unique_id",
        "_unsure_to",
        "inbox",
        "large_bytes",
        "outbox",
        "running",
        "salts",
        "session_id",
        "to_ack",
        "unpacked_bytes",
    )

    def __init__(
        self,
        session_id: int,
        unique_id: int,
        salts: ServerSalts,
        settings: SessionSettings,
        counts: SessionCounts,
    ) -> None:
        self.session_id = session_id
        self._unique_id = unique_id
        self.salts = salts
        self._settings = settings
        self._counts = counts
        self._events: list[SessionEvent] | tuple[()] = ()
        self.inbox = Inbox(settings.inbox_limit)
        self.outbox = SessionOutbox(settings, counts)
        self.running = 0
        self.large_bytes = 0
        self.unpacked_bytes = 0
        self._large: dict[int, int] = NOTHING
        self.to_ack: dict[int, float] = NOTHING
        self._unsure_to = 0
        self._sure: set[int] | None = None

    # In

    def receive(self, payload: bytes, server_salt: int, now: float) -> None:
        """Take one frame's plaintext from offset 16 (msg_id seq_no bytes body).

        Raises:
            MalformedMessage: the frame's own header does not fit; nothing was taken.
        """
        self.unpacked_bytes = 0
        size = len(payload)
        if size < 20:
            raise MalformedMessage("frame cut short")
        msg_id, seq_no, length = _header(payload)
        end = 16 + length
        if length < 4 or length & 3 or end > size:
            raise MalformedMessage("bad message length")
        inbox = self.inbox
        known = inbox.messages.get(msg_id)
        if known is None:
            code = check_client_msg_id(msg_id, now)
            if code:
                self._refuse(msg_id, seq_no, code)
                return
        salts = self.salts
        if not (server_salt == salts.current and now < salts.current_until) and not salts.accepts(server_salt, now):
            # Refused means not executed and not remembered: the same message may come again.
            self._counts.count_refused(BAD_SERVER_SALT)
            self.say(wire.bad_server_salt(msg_id, seq_no, salts.current_salt(now)), is_alone=True)
            return
        constructor_id = _uint(payload, 16)[0]
        if constructor_id == wire.MSG_CONTAINER:
            self._container(msg_id, seq_no, payload, 16, end, known, now)
            return
        first = inbox.first_msg_id
        if first is None or msg_id < first:
            self._new_session(msg_id, seq_no, now)
        self.message(msg_id, seq_no, payload, 16, end, constructor_id, now)

    def _container(
        self,
        msg_id: int,
        seq_no: int,
        payload: bytes,
        start: int,
        end: int,
        known: Fate | ServerMessage | None,
        now: float,
    ) -> None:
        inbox = self.inbox
        if known is None:
            code = inbox.check(msg_id, seq_no) or (SEQ_NO_NOT_EVEN if seq_no & 1 else 0)
        else:
            # The same container again brings what was in it again; any other message's id is taken.
            code = 0 if known is Fate.CONTAINER else CONTAINER_MSG_ID_TAKEN
        if code:
            self._refuse(msg_id, seq_no, code)
            return
        try:
            messages = wire.parse_container(payload, start, end, msg_id)
        except MalformedMessage:
            # A container is taken or refused as a whole, before anything in it runs.
            self._refuse(msg_id, seq_no, INVALID_CONTAINER)
            return
        if messages:
            smallest = min(messages)[0]
            if inbox.first_msg_id is None or smallest < inbox.first_msg_id:
                # Not the container's own id: clients send again what is older than the id they are told.
                self._new_session(smallest, seq_no, now)
        for inner_msg_id, inner_seq_no, inner_start, inner_end in messages:
            self.message(
                inner_msg_id, inner_seq_no, payload, inner_start, inner_end, _uint(payload, inner_start)[0], now
            )
        if known is None:
            inbox.record(msg_id, seq_no, Fate.CONTAINER)

    def message(
        self, msg_id: int, seq_no: int, payload: bytes, start: int, end: int, constructor_id: int, now: float
    ) -> None:
        inbox = self.inbox
        known = inbox.messages.get(msg_id)
        if known is not None:
            if known is Fate.RECEIVED and constructor_id in ANSWERED_ANEW and self._is_unsure(msg_id):
                self._serve(constructor_id, msg_id, payload, start, end, now)
            else:
                self._duplicate(msg_id, seq_no, known, now)
            return
        code = inbox.check(msg_id, seq_no)
        if code:
            self._refuse(msg_id, seq_no, code)
            return
        if constructor_id == wire.GZIP_PACKED:
            try:
                payload = self.gunzip(payload[start:end])
                if len(payload) < 4 or _uint(payload)[0] in NEVER_INSIDE:
                    raise MalformedMessage("not an object to pack")
            except MalformedMessage:
                self._refuse(msg_id, seq_no, INVALID_CONTAINER)
                return
            start, end = 0, len(payload)
            constructor_id = _uint(payload)[0]
        if constructor_id not in SERVICE_MESSAGES:
            if not seq_no & 1:
                self._refuse(msg_id, seq_no, SEQ_NO_NOT_ODD)
                return
            inbox.record(msg_id, seq_no, Fate.RUNNING)
            self.running += 1
            self._owe_ack(msg_id, now)
            self.tell(RpcReceived(msg_id, payload[start:end]))
            return
        # An acknowledgement should not be content-related, but mtcute 0.30 sends all of its own so:
        # it is taken, and not acknowledged in turn.
        if seq_no & 1 and constructor_id != wire.MSGS_ACK and constructor_id not in ANSWERED_AT_ONCE:
            self._owe_ack(msg_id, now)
        inbox.record(msg_id, seq_no, Fate.RECEIVED)
        self._serve(constructor_id, msg_id, payload, start, end, now)

    def _serve(self, constructor_id: int, msg_id: int, payload: bytes, start: int, end: int, now: float) -> None:
        try:
            SERVICE_MESSAGES[constructor_id](self, msg_id, payload, start, end, now)
        except MalformedMessage:
            refusal = wire.pack_rpc_result(msg_id, wire.rpc_error(400, "INPUT_FETCH_ERROR"))
            self.outbox.add(ServerMessage(refusal, content_related=True, req_msg_id=msg_id, is_error=True))

    def gunzip(self, packed: bytes) -> bytes:
        """What a ``gzip_packed`` in the frame that was received last holds.

        Raises:
            MalformedMessage: not gzip, or more than one object or one frame may unpack to.
        """
        settings = self._settings
        limit = min(settings.gunzip_limit_bytes, settings.gunzip_frame_bytes - self.unpacked_bytes)
        if limit <= 0:
            raise MalformedMessage("the frame unpacks to too much")
        # What turns out to be too long has cost its unpacking, too.
        self.unpacked_bytes += limit
        unpacked = wire.gunzip(packed, limit)
        self.unpacked_bytes -= limit - len(unpacked)
        return unpacked

    def hold_request(self, msg_id: int, size: int) -> None:
        """Count the bytes of a large request until it is answered."""
        if not self._large:
            self._large = {}
        self._large[msg_id] = size
        self.large_bytes += size
        self._counts.large_bytes += size

    def forget_requests(self) -> None:
        """The session ends: nothing in it will be answered."""
        self._large = NOTHING
        self._counts.large_bytes -= self.large_bytes
        self.large_bytes = 0

    def _duplicate(self, msg_id: int, seq_no: int, known: Fate | ServerMessage, now: float) -> None:
        self._counts.duplicates += 1
        if type(known) is ServerMessage:
            if known.msg_id not in self.outbox.unacked:
                return  # still queued: one answer is on its way
            if len(known.body) >= self._settings.detailed_info_bytes:
                self.say(wire.msg_detailed_info(msg_id, known.msg_id, len(known.body)))
            else:
                self.outbox.send_again((known,))
        elif known in FORGOTTEN:
            # Answered, but the answer had to make room: run again only if the client asks anew.
            self._refuse(msg_id, seq_no, MESSAGE_TOO_OLD)
        elif seq_no & 1:
            self._owe_ack(msg_id, now)

    def _new_session(self, first_msg_id: int, seq_no: int, now: float) -> None:
        if first_msg_id & 3 or first_msg_id < self.inbox.floor:
            return  # is about to be refused
        self.inbox.first_msg_id = first_msg_id
        salt = self.salts.current_salt(now)
        self.say(wire.new_session_created(first_msg_id, self._unique_id, salt), content_related=True)

    def _refuse(self, msg_id: int, seq_no: int, code: int) -> None:
        self._counts.count_refused(code)
        self.say(wire.bad_msg_notification(msg_id, seq_no, code), is_alone=code in CLOCK_IS_WRONG)

    # Out

    def next_event(self) -> SessionEvent | None:
        """What happened next, or None."""
        if not self._events:
            return None
        event = self._events.pop(0)
        if not self._events:
            self._events = ()
        return event

    def reply(self, msg_id: int, result: bytes) -> None:
        """The boxed result of a request; a request that was dropped or answered is not answered again."""
        if self.inbox.messages.get(msg_id) is Fate.RUNNING:
            if len(result) >= self._settings.gzip_threshold_bytes and _uint(result)[0] not in _NOT_PACKED:
                packed = wire.gzip_packed(result)
                if len(packed) < len(result):
                    result = packed
            self.finish(msg_id, result)

    def fail(self, msg_id: int, code: int, message: str) -> None:
        """Answer a request with an ``rpc_error``."""
        if self.inbox.messages.get(msg_id) is Fate.RUNNING:
            self.finish(msg_id, wire.rpc_error(code, message), is_error=True)

    def session_destroyed(self, msg_id: int, session_id: int, found: bool) -> None:
        """Answer ``destroy_session``."""
        self.say(wire.destroy_session_result(session_id, found), req_msg_id=msg_id)

    def auth_key_destroyed(self, msg_id: int, result: bytes) -> None:
        """Answer ``destroy_auth_key`` with one of the three boxed results."""
        self.say(result, req_msg_id=msg_id)

    def packet(self, now: float) -> bytes | None:
        """The next frame's plaintext (msg_id seq_no bytes body), None when there is nothing to send."""
        to_ack = self.to_ack
        acks: list[int] = []
        if to_ack and next(iter(to_ack.values())) + self._settings.ack_piggyback_age <= now:
            acks = self._acks_due(now - self._settings.ack_piggyback_age)
        packet = self.outbox.packet(now, acks)
        if self.outbox.forgotten is not None:
            self._note_forgotten()
        return packet

    def forget_unacked(self) -> None:
        """Keep nothing for sending again: its memory is needed elsewhere."""
        self.outbox.forget_unacked()
        self._note_forgotten()

    def _note_forgotten(self) -> None:
        for answer in self.outbox.take_forgotten():
            self.inbox.answer_forgotten(answer)

    def empty_packet(self, now: float) -> bytes:
        """An empty container: what an HTTP request is answered with when there is nothing to say."""
        return self.outbox.empty_container(now)

    def next_timer(self) -> float | None:
        """When ``handle_timer`` has something to do (unix seconds), or None."""
        if not self.to_ack:
            return None
        return next(iter(self.to_ack.values())) + self._settings.ack_delay

    def handle_timer(self, now: float) -> bool:
        """Whether an acknowledgement has waited so long that ``packet`` is to be sent for it."""
        due = self.next_timer()
        return due is not None and due <= now

    def connection_lost(self) -> None:
        """A connection of the session ended; what was not acknowledged goes out on another one."""
        self._unsure_to = self.inbox.newest_msg_id
        # What has not left yet is not lost: it leaves by the next connection, and once is enough.
        self._sure = {one.req_msg_id for one in self.outbox.queue if one.req_msg_id} or None
        self.outbox.connection_lost()

    def _is_unsure(self, msg_id: int) -> bool:
        """Whether the answer to it, which was not kept, may have been lost with a connection; True only once."""
        if msg_id > self._unsure_to:
            return False
        if self._sure is None:
            self._sure = set()
        elif msg_id in self._sure:
            return False
        self._sure.add(msg_id)
        return True

    def _owe_ack(self, msg_id: int, now: float) -> None:
        """A message came at ``now`` whose acknowledgement may ride along with something else; again or not."""
        if not self.to_ack:
            self.to_ack = {}
        self.to_ack.setdefault(msg_id, now)

    def _acks_due(self, received_before: float) -> list[int]:
        due: list[int] = []
        for msg_id, received_at in self.to_ack.items():
            if received_at > received_before or len(due) == wire.MAX_MSG_IDS:
                break
            due.append(msg_id)
        for msg_id in due:
            del self.to_ack[msg_id]
        self.to_ack = self.to_ack or NOTHING
        return due

    def finish(self, msg_id: int, result: bytes, *, is_error: bool = False) -> None:
        self.running -= 1
        if self._large:
            size = self._large.pop(msg_id, 0)
            self._large = self._large or NOTHING
            self.large_bytes -= size
            self._counts.large_bytes -= size
        self.to_ack.pop(msg_id, None)
        self.to_ack = self.to_ack or NOTHING
        answer = ServerMessage(
            wire.pack_rpc_result(msg_id, result), content_related=True, req_msg_id=msg_id, is_error=is_error
        )
        self.inbox.messages[msg_id] = answer
        self.outbox.add(answer)

    def say(self, body: bytes, *, content_related: bool = False, req_msg_id: int = 0, is_alone: bool = False) -> None:
        self.outbox.add(ServerMessage(body, content_related=content_related, req_msg_id=req_msg_id, is_alone=is_alone))

    def tell(self, event: SessionEvent) -> None:
        if self._events:
            self._events.append(event)
        else:
            self._events = [event]
