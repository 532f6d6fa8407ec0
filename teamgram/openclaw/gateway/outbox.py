"""What waits for one client: frames and events in order, numbered when they leave. Plain Python.

An event gets its ``seq`` in :meth:`Outbox.take`, when its bytes go to the
socket, never earlier: until then two events of which the newer contains the
older may become one, and no number is ever skipped. A client that keeps what
it was sent for a while (``retain``) can ask for it again after a reconnect.
"""

from collections import deque
from collections.abc import Callable, Hashable
from typing import Any

from teamgram.net import websocket
from teamgram.openclaw.gateway import frames

#: Bytes that may wait for one client.
MAX_BUFFERED = 52428800

#: Merges the payloads (older, newer) of two events of one kind into one that says both.
Merge = Callable[[Any, Any], Any]


class Event:
    """One event for any number of clients, encoded once per dialect.

    Attributes:
        name, payload: as the client sees them.
        size: about its encoded length in bytes.
        last_seq, last_frame: the latest number and its frame: clients that came together have the same numbers.
        group: what the event belongs to (a run); None stands alone.
        merge: how a newer event of the same name and group swallows this
            one while both wait; None: never, and nothing of its group is
            merged across it.
        state_version: encoded ``stateVersion`` part, or empty.
    """

    __slots__ = (
        "_ends",
        "_heads",
        "_merged",
        "group",
        "last_frame",
        "last_seq",
        "merge",
        "name",
        "payload",
        "size",
        "state_version",
    )

    def __init__(
        self,
        name: str,
        payload: Any,
        *,
        group: Hashable = None,
        merge: Merge | None = None,
        state_version: bytes = b"",
        size: int = 0,
    ) -> None:
        self.name = name
        self.payload = payload
        self.group = group
        self.merge = merge
        self.state_version = state_version
        self.size = size
        self._heads: dict[str, bytes | None] = {}
        self._ends: dict[int, tuple[bytes, bytes]] = {}
        self.last_seq, self.last_frame = 0, b""
        self._merged: tuple[Event, Event] | None = None

    def head(self, dialect: str, encode: Callable[[str, Any], bytes | None]) -> bytes | None:
        """The encoded event without its number, from the first client that needs it on; None: not in this dialect."""
        try:
            return self._heads[dialect]
        except KeyError:
            head = self._heads[dialect] = encode(self.name, self.payload)
            return head

    def frame(self, seq: int) -> bytes:
        """Protocol 4's WebSocket frame with this number; all but the number is the same for every client."""
        number = b"%d" % seq
        try:
            before, behind = self._ends[len(number)]
        except KeyError:
            before, behind = self._make_ends(len(number))
        self.last_seq, self.last_frame = seq, before + number + behind
        return self.last_frame

    def _make_ends(self, digits: int) -> tuple[bytes, bytes]:
        head = self.head("4", frames.encode_event_head)
        assert head is not None
        before, behind = frames.event_ends(head, self.state_version)
        header = websocket.header(len(before) + digits + len(behind))
        ends = self._ends[digits] = (header + before, behind)
        return ends

    def swallow(self, older: "Event") -> "Event":
        """This event with what ``older`` said before it; the same object for every client with the same pair."""
        assert self.merge is not None
        if self._merged is None or self._merged[0] is not older:
            merged = Event(
                self.name,
                self.merge(older.payload, self.payload),
                group=self.group,
                merge=self.merge,
                state_version=self.state_version,
            )
            self._merged = (older, merged)
        return self._merged[1]


#: Gives the WebSocket frame of an event with its number, None when the client's dialect has no such event.
EncodeEvent = Callable[[Event, int], bytes | None]


class _Slot:
    """The place of an event that a newer one may swallow."""

    __slots__ = ("event", "size")

    def __init__(self, event: Event, size: int) -> None:
        self.event = event
        self.size = size


class Outbox:
    """The queue of one client.

    Attributes:
        seq: number of the last event that left; the next one gets seq + 1.
        waiting: what is queued; only for looking whether something is.
        waiting_bytes: about what is queued.
    """

    def __init__(self, limit_bytes: int = MAX_BUFFERED) -> None:
        self.seq = 0
        self.waiting_bytes = 0
        self._limit_bytes = limit_bytes
        self._encode: EncodeEvent | None = None
        #: Protocol 4's events, and none is kept.
        self._is_plain = True
        # Events that nothing merges with stand there themselves: one object for all clients.
        self.waiting: deque[bytes | Event | _Slot] = deque()
        self._newest: dict[Hashable, dict[str, _Slot]] = {}
        self._retain_limit_bytes = 0
        self._retained: deque[tuple[int, bytes]] = deque()
        self._retained_bytes = 0

    @property
    def overflowed(self) -> bool:
        """More than ``limit_bytes`` waits; the owner closes the client."""
        return self.waiting_bytes > self._limit_bytes

    def __bool__(self) -> bool:
        return bool(self.waiting)

    def encode_with(self, encode: EncodeEvent) -> None:
        """Write events as ``encode`` does instead of as protocol 4 does."""
        self._encode = encode
        self._is_plain = False

    def add_frame(self, frame: bytes) -> None:
        """Queue a ready WebSocket frame (a response, an unnumbered event, a control frame)."""
        self.waiting.append(frame)
        self.waiting_bytes += len(frame)

    def add_event(self, event: Event) -> None:
        """Queue an event, or let it swallow the one of its kind that still waits."""
        if event.group is None:
            self.waiting.append(event)
        elif event.merge is None:
            self._newest.pop(event.group, None)
            self.waiting.append(event)
        else:
            self._add_mergeable(event)
        self.waiting_bytes += event.size

    def _add_mergeable(self, event: Event) -> None:
        kinds = self._newest.setdefault(event.group, {})
        slot = kinds.get(event.name)
        if slot is None:
            slot = kinds[event.name] = _Slot(event, event.size)
            self.waiting.append(slot)
        else:
            slot.event = event.swallow(slot.event)
            slot.size += event.size

    def take(self, most_bytes: int) -> bytes:
        """Bytes for the socket: whole frames in order, about ``most_bytes`` at most; empty if none wait."""
        waiting = self.waiting
        if len(waiting) == 1 and isinstance(event := waiting[0], Event) and self._is_plain:
            # Nearly always: what one broadcast left. The rest is here for the same, only slower.
            waiting.clear()
            self.waiting_bytes = 0
            seq = self.seq = self.seq + 1
            return event.last_frame if event.last_seq == seq else event.frame(seq)
        taken: list[bytes] = []
        size = 0
        while waiting and size < most_bytes:
            frame = self._next()
            if frame is not None:
                taken.append(frame)
                size += len(frame)
        return taken[0] if len(taken) == 1 else b"".join(taken)

    def _next(self) -> bytes | None:
        item = self.waiting.popleft()
        if isinstance(item, bytes):
            self.waiting_bytes -= len(item)
            return item
        self.waiting_bytes -= item.size
        event = item if isinstance(item, Event) else self._taken_from(item)
        seq = self.seq + 1
        frame = event.frame(seq) if self._encode is None else self._encode(event, seq)
        if frame is not None:
            self.seq = seq
            if self._retain_limit_bytes:
                self._retain(frame)
        return frame

    def _taken_from(self, slot: _Slot) -> Event:
        """The event of a slot, into which nothing more is merged."""
        event = slot.event
        kinds = self._newest.get(event.group)
        if kinds is not None and kinds.get(event.name) is slot:
            del kinds[event.name]
            if not kinds:
                del self._newest[event.group]
        return event

    def retain(self, limit_bytes: int) -> None:
        """Keep that much of what leaves, for :meth:`rewind`."""
        self._retain_limit_bytes = limit_bytes
        self._is_plain = False

    def _retain(self, frame: bytes) -> None:
        self._retained.append((self.seq, frame))
        self._retained_bytes += len(frame)
        while self._retained_bytes > self._retain_limit_bytes:
            self._retained_bytes -= len(self._retained.popleft()[1])

    def take_over(self, other: "Outbox") -> None:
        """Put what waits in ``other`` before everything here; ``other`` is empty then."""
        self.waiting.extendleft(reversed(other.waiting))
        self.waiting_bytes += other.waiting_bytes
        other.waiting.clear()
        other.waiting_bytes = 0

    def rewind(self, seq: int) -> bool:
        """Queue again, first of all, everything that left after ``seq``.

        Frames that are no events and still wait are dropped: the requests
        they answer died with the old connection.

        Returns:
            False when some of it is no longer kept, or ``seq`` is not from here.
        """
        if seq > self.seq or seq < 0 or self.seq - seq > len(self._retained):
            return False
        again = [frame for number, frame in self._retained if number > seq]
        events = [item for item in self.waiting if not isinstance(item, bytes)]
        self.waiting = deque([*again, *events])
        self.waiting_bytes = sum(len(frame) for frame in again) + sum(item.size for item in events)
        return True
