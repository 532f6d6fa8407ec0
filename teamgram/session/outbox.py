"""What one session still has to send, and what it sent and may have to send again.

msg_id and seq_no are given when a message first leaves, in the order of
leaving, and belong to the session: connections come and go (page "Mobile
Protocol: Detailed Description", message identifier and sequence number).
"""

import struct
from collections.abc import Iterable
from typing import Any, NoReturn

from teamgram.mtproto.message_id import next_server_msg_id
from teamgram.session.counts import SessionCounts
from teamgram.session.service_messages import HEADER, MSG_CONTAINER, UINT, msgs_ack
from teamgram.session.settings import SessionSettings

UPDATES_TOO_LONG = UINT.pack(0xE317AF7E)
"""updatesTooLong#e317af7e = Updates; the same in every layer."""

_container_head = struct.Struct("<II").pack
_MESSAGE_HEAD_BYTES = 16
_OBJECT_BYTES = 200
"""What a message costs beside its body: counted, or a client that reads no pongs could pile up tiny ones."""


class _Nothing(dict[Any, Any]):
    """A dict that stays empty."""

    def __setitem__(self, key: object, value: object) -> NoReturn:
        raise TypeError("nothing is put into what all sessions share")

    setdefault = __setitem__  # type: ignore[assignment]


NOTHING: dict[Any, Any] = _Nothing()
"""In place of each dict that is empty, which most sessions have several of: one that was used once costs 240 bytes."""


class ServerMessage:
    """One message of ours.

    Attributes:
        msg_id: 0 until it leaves for the first time.
        req_msg_id: the request that it answers, 0 for an update or service message.
        is_alone: it leaves in a frame of its own, before all that waits.
        sent_at: unix seconds of the last sending.
        size: what it costs in memory, in bytes, for the limits.
    """

    __slots__ = (
        "body",
        "content_related",
        "is_alone",
        "is_error",
        "is_push",
        "msg_id",
        "req_msg_id",
        "sent_at",
        "seq_no",
        "size",
    )

    def __init__(
        self,
        body: bytes,
        *,
        content_related: bool,
        req_msg_id: int = 0,
        is_error: bool = False,
        is_push: bool = False,
        is_alone: bool = False,
    ) -> None:
        self.body = body
        self.size = len(body) + _OBJECT_BYTES
        self.content_related = content_related
        self.req_msg_id = req_msg_id
        self.is_error = is_error
        self.is_push = is_push
        self.is_alone = is_alone
        self.msg_id = 0
        self.seq_no = 0
        self.sent_at = 0.0


class SessionOutbox:
    """Queue, containers and the memory for resending of one session.

    Attributes:
        queue: messages that wait to leave, in order.
        unacked: content-related messages that left, by msg_id, oldest first.
        queued_bytes: bodies in ``queue``.
        pushes: updates among ``queue``, and their bytes in ``push_bytes``.
        push_lost: an update was dropped; the client has to ask for the difference.
        forgotten: answers that made room and cannot be sent again, until ``take_forgotten``.
    """

    __slots__ = (
        "_alone",
        "_content_messages",
        "_counts",
        "_last_msg_id",
        "_push_forgotten",
        "_resending",
        "_settings",
        "forgotten",
        "push_bytes",
        "push_lost",
        "pushes",
        "queue",
        "queued_bytes",
        "unacked",
        "unacked_bytes",
    )

    def __init__(self, settings: SessionSettings, counts: SessionCounts) -> None:
        self._settings = settings
        self._counts = counts
        self._last_msg_id = 0
        self._alone = 0  # how many of the queue leave alone
        self._content_messages = 0
        self._push_forgotten = False
        self._resending = False
        self.queue: list[ServerMessage] | tuple[()] = ()
        self.unacked: dict[int, ServerMessage] = NOTHING
        self.queued_bytes = 0
        self.unacked_bytes = 0
        self.pushes = 0
        self.push_bytes = 0
        self.push_lost = False
        self.forgotten: list[ServerMessage] | None = None

    def add(self, message: ServerMessage) -> None:
        """Queue an answer or service message; how many there can be is bounded by what is let in."""
        if self.queue:
            self.queue.append(message)
        else:
            self.queue = [message]
        self.queued_bytes += message.size
        self._alone += message.is_alone

    def add_push(self, body: bytes) -> bool:
        """Queue an update; False when it is dropped because the client does not read."""
        settings = self._settings
        if self.push_lost:
            return False
        message = ServerMessage(body, content_related=True, is_push=True)
        if self.pushes >= settings.push_limit or self.push_bytes + message.size > settings.push_limit_bytes:
            self.drop_pushes()
            return False
        self.pushes += 1
        self.push_bytes += message.size
        self.add(message)
        return True

    def drop_pushes(self) -> None:
        """Let go of all updates: the client gets them by the difference, so none is worth its memory."""
        self.push_lost = True
        self._counts.updates_dropped += 1
        self.queue = [message for message in self.queue if not message.is_push] or ()
        for message in [message for message in self.unacked.values() if message.is_push]:
            self._forget(message)
        self.queued_bytes = sum(message.size for message in self.queue)
        self.pushes = self.push_bytes = 0

    def acknowledge(self, msg_ids: Iterable[int]) -> list[int]:
        """The client has these; the req_msg_ids of the answers among them."""
        answered = []
        for msg_id in msg_ids:
            message = self.unacked.pop(msg_id, None)
            if message is None:
                message = self._take_back(msg_id) if self._resending else None
                if message is None:
                    continue
            else:
                self.unacked_bytes -= message.size
            if message.req_msg_id:
                answered.append(message.req_msg_id)
        if not self.unacked:
            self.unacked = NOTHING
        return answered

    def remove(self, message: ServerMessage) -> None:
        """Take back an answer, sent or not (``rpc_drop_answer``)."""
        if message.msg_id in self.unacked:
            self._forget(message)
        elif message in self.queue:
            self._unqueue(message)

    def _take_back(self, msg_id: int) -> ServerMessage | None:
        """Out of the queue again: it was about to be resent when its acknowledgement came."""
        for message in self.queue:
            if message.msg_id == msg_id:
                self._unqueue(message)
                return message
        return None

    def _unqueue(self, message: ServerMessage) -> None:
        self.queue = [queued for queued in self.queue if queued is not message] or ()
        self.queued_bytes -= message.size
        if message.is_push:
            self.pushes -= 1
            self.push_bytes -= message.size

    def _forget(self, message: ServerMessage) -> None:
        del self.unacked[message.msg_id]
        if not self.unacked:
            self.unacked = NOTHING
        self.unacked_bytes -= message.size

    def send_again(self, messages: Iterable[ServerMessage]) -> None:
        """Put sent messages back at the head of the queue, in the order given."""
        again = [message for message in messages if message.msg_id in self.unacked]
        for message in again:
            self._forget(message)
            self.queued_bytes += message.size
            if message.is_push:
                self.pushes += 1
                self.push_bytes += message.size
        if again:
            self._resending = True
            self._counts.resent += len(again)
            self.queue = [*again, *self.queue]

    def connection_lost(self) -> None:
        """What was written and not acknowledged may not have arrived: it goes out again."""
        if self._push_forgotten:
            self._push_forgotten = False
            self.push_lost = True
        if self.unacked:
            self.send_again(list(self.unacked.values()))

    def send_stale_again(self, sent_before: float) -> None:
        """The same for messages last sent before that time (unix seconds), or at it."""
        self.send_again([message for message in self.unacked.values() if message.sent_at <= sent_before])

    def oldest_sent_at(self) -> float | None:
        """When that was which has waited longest for its acknowledgement; None when nothing does."""
        return next(iter(self.unacked.values())).sent_at if self.unacked else None

    def packet(self, now: float, acks: list[int]) -> bytes | None:
        """The next frame's plaintext (msg_id seq_no bytes body): one message or one container; None: nothing to send.

        Args:
            acks: client messages to acknowledge along with it.
        """
        if self._resending:
            self._retire_old_pushes(now)
        if self.push_lost:
            self.push_lost = False
            self.add(ServerMessage(UPDATES_TOO_LONG, content_related=True))
        queue = self.queue
        if self._alone:
            return self._alone_packet(now)
        if not queue:
            return self._head(now, msgs_ack(acks), response=True) if acks else None
        # What was sent before may come again only inside a container (its own id is old).
        if len(queue) == 1 and not acks and not queue[0].msg_id:
            message = queue[0]
            self.queue = ()
            self.queued_bytes = self.pushes = self.push_bytes = 0
            self._leaves(message, now)
            return HEADER.pack(message.msg_id, message.seq_no, len(message.body)) + message.body
        messages = self._take()
        parts = [self._head(now, msgs_ack(acks), response=True)] if acks else []
        for message in messages:
            self._leaves(message, now)
            parts.append(HEADER.pack(message.msg_id, message.seq_no, len(message.body)))
            parts.append(message.body)
        container = _container_head(MSG_CONTAINER, len(messages) + bool(acks)) + b"".join(parts)
        return self._head(now, container, response=all(message.req_msg_id for message in messages))

    def _alone_packet(self, now: float) -> bytes:
        message = next(message for message in self.queue if message.is_alone)
        self._alone -= 1
        self._unqueue(message)
        self._leaves(message, now)
        return HEADER.pack(message.msg_id, message.seq_no, len(message.body)) + message.body

    def _head(self, now: float, body: bytes, *, response: bool) -> bytes:
        """``body`` as a message that is not content-related: its seq_no is twice the count, even."""
        return HEADER.pack(self._next_msg_id(now, response=response), self._content_messages * 2, len(body)) + body

    def _retire_old_pushes(self, now: float) -> None:
        """Take back updates that were sent too long ago to be sent again.

        Under their old ids clients discard them, with all that came in the
        same frame; under new ids one that had received them would see them
        twice. The difference has them once.
        """
        old = [message for message in self.queue if message.is_push and self._is_old(message, now)]
        for message in old:
            self._unqueue(message)
            self.push_lost = True

    def _is_old(self, message: ServerMessage, now: float) -> bool:
        return message.msg_id != 0 and now - (message.msg_id >> 32) > self._settings.resend_age

    def empty_container(self, now: float) -> bytes:
        """A frame that says nothing."""
        return self._head(now, _container_head(MSG_CONTAINER, 0), response=False)

    def _take(self) -> list[ServerMessage]:
        """The messages of the next container, an error last and at most one.

        Web A reads a container up to the first rpc_error and skips the rest.
        """
        limit = self._settings.container_limit
        room = self._settings.container_limit_bytes
        taken: list[ServerMessage] = []
        left: list[ServerMessage] = []
        error: ServerMessage | None = None
        for index, message in enumerate(self.queue):
            size = len(message.body) + _MESSAGE_HEAD_BYTES
            if len(taken) >= limit or len(left) >= limit or (room < size and (taken or error)):
                # Not to the end of a queue of errors, which leave one by one.
                left.extend(self.queue[index:])
                break
            if message.is_error:
                if error is None:
                    error = message
                else:
                    left.append(message)
                    continue
            else:
                taken.append(message)
            room -= size
        if error is not None:
            taken.append(error)
        self.queue = left or ()
        self._resending = self._resending and bool(left)
        for message in taken:
            self.queued_bytes -= message.size
            if message.is_push:
                self.pushes -= 1
                self.push_bytes -= message.size
        return taken

    def _leaves(self, message: ServerMessage, now: float) -> None:
        if self._is_old(message, now):
            message.msg_id = 0  # an answer is known by its req_msg_id, so a new id does no harm
        if not message.msg_id:
            message.msg_id = self._next_msg_id(now, response=message.req_msg_id != 0)
            message.seq_no = self._content_messages * 2
            if message.content_related:
                message.seq_no += 1
                self._content_messages += 1
        message.sent_at = now
        if message.content_related:
            if not self.unacked:
                self.unacked = {}
            self.unacked[message.msg_id] = message
            self.unacked_bytes += message.size
            settings = self._settings
            while self.unacked_bytes > settings.unacked_limit_bytes or len(self.unacked) > settings.unacked_limit:
                if not self._forget_oldest():
                    break

    def forget_unacked(self) -> None:
        """Keep nothing for sending again: its memory is needed elsewhere."""
        for message in list(self.unacked.values()):
            self._give_up(message)

    def _forget_oldest(self) -> bool:
        if len(self.unacked) == 1:
            return False  # one answer over the limit is still kept until the next
        self._give_up(next(iter(self.unacked.values())))
        return True

    def _give_up(self, message: ServerMessage) -> None:
        self._forget(message)
        if message.is_push:
            self._push_forgotten = True
        elif message.req_msg_id:
            if self.forgotten is None:
                self.forgotten = []
            self.forgotten.append(message)

    def take_forgotten(self) -> list[ServerMessage]:
        """The answers that were forgotten since the last call."""
        forgotten, self.forgotten = self.forgotten or [], None
        return forgotten

    def _next_msg_id(self, now: float, *, response: bool) -> int:
        msg_id = self._last_msg_id = next_server_msg_id(now, self._last_msg_id, response=response)
        return msg_id
