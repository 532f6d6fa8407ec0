"""What waits for one client: frames and events in order, numbered when they leave. Plain Python.

An event gets its ``seq`` in :meth:`Outbox.take`, when its bytes go to the
socket, never earlier: until then two events of which the newer contains the
older may become one, and no number is ever skipped. A client that keeps what
it was sent for a while (``retain``) can ask for it again after a reconnect.
"""

from collections import deque
from collections.abc import Callable, Hashable
from typing import Any

from teamgram.openclaw.gateway import frames, websocket

#: Bytes that may wait for one client.
MAX_BUFFERED = 52428800

#: Merges the payloads (older, newer) of two events of one kind into one that says both.
Merge = Callable[[Any, Any], Any]


class Event:
    """One event for any number of clients, encoded once per dialect.

    Attributes:
        name, payload: as the client sees them.
        group: what the event belongs to (a run); None stands alone.
        merge: how a newer event of the same name and group swallows this
            one while both wait; None: never, and nothing of its group is
            merged across it.
        state_version: encoded ``stateVersion`` part, or empty.
    """

    __slots__ = ("_heads", "_merged", "group", "merge", "name", "payload", "state_version")

    def __init__(
        self,
        name: str,
        payload: Any,
        *,
        group: Hashable = None,
        merge: Merge | None = None,
        state_version: bytes = b"",
    ) -> None:
        self.name = name
        self.payload = payload
        self.group = group
        self.merge = merge
        self.state_version = state_version
        self._heads: dict[str, bytes | None] = {}
        self._merged: tuple[Event, Event] | None = None

    def head(self, dialect: str, encode: Callable[[str, Any], bytes | None]) -> bytes | None:
        """The encoded event without its number, from the first client that needs it on; None: not in this dialect."""
        try:
            return self._heads[dialect]
        except KeyError:
            head = self._heads[dialect] = encode(self.name, self.payload)
            return head

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


#: Gives the text of an event with its number, None when the client's dialect has no such event.
EncodeEvent = Callable[[Event, int], bytes | None]


class _Slot:
    __slots__ = ("event", "size")

    def __init__(self, event: Event, size: int) -> None:
        self.event = event
        self.size = size


def encode_numbered(event: Event, seq: int) -> bytes | None:
    """Protocol 4's event text."""
    head = event.head("4", frames.encode_event_head)
    assert head is not None
    return frames.finish_event(head, seq, event.state_version)


class Outbox:
    """The queue of one client.

    Attributes:
        seq: number of the last event that left; the next one gets seq + 1.
        waiting_bytes: about what is queued.
        overflowed: more than ``limit_bytes`` waited; the owner closes the client.
        encode: how the client's dialect writes an event; protocol 4's unless set.
    """

    def __init__(self, limit_bytes: int = MAX_BUFFERED) -> None:
        self.seq = 0
        self.waiting_bytes = 0
        self.overflowed = False
        self._limit_bytes = limit_bytes
        self.encode: EncodeEvent = encode_numbered
        self._waiting: deque[bytes | _Slot] = deque()
        self._newest: dict[Hashable, dict[str, _Slot]] = {}
        self._retain_limit_bytes = 0
        self._retained: deque[tuple[int, bytes]] = deque()
        self._retained_bytes = 0

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add_frame(self, frame: bytes) -> None:
        """Queue a ready WebSocket frame (a response, an unnumbered event, a control frame)."""
        self._waiting.append(frame)
        self._count(len(frame))

    def add_event(self, event: Event, size: int = 0) -> None:
        """Queue an event, or let it swallow the one of its kind that still waits.

        Args:
            size: about its encoded length in bytes.
        """
        if event.group is not None:
            if event.merge is None:
                self._newest.pop(event.group, None)
            else:
                kinds = self._newest.setdefault(event.group, {})
                slot = kinds.get(event.name)
                if slot is not None:
                    slot.event = event.swallow(slot.event)
                    self._count(size)
                    slot.size += size
                    return
                slot = kinds[event.name] = _Slot(event, size)
                self._waiting.append(slot)
                self._count(size)
                return
        self._waiting.append(_Slot(event, size))
        self._count(size)

    def _count(self, size: int) -> None:
        self.waiting_bytes += size
        if self.waiting_bytes > self._limit_bytes:
            self.overflowed = True

    def take(self, most_bytes: int) -> bytes:
        """Bytes for the socket: whole frames in order, about ``most_bytes`` at most; empty if none wait."""
        taken: list[bytes] = []
        size = 0
        waiting = self._waiting
        while waiting and size < most_bytes:
            item = waiting.popleft()
            if isinstance(item, bytes):
                self.waiting_bytes -= len(item)
                frame = item
            else:
                self.waiting_bytes -= item.size
                numbered = self._number(item)
                if numbered is None:
                    continue
                frame = numbered
            taken.append(frame)
            size += len(frame)
        return taken[0] if len(taken) == 1 else b"".join(taken)

    def _number(self, slot: _Slot) -> bytes | None:
        event = slot.event
        if event.merge is not None and event.group is not None:
            kinds = self._newest.get(event.group)
            if kinds is not None and kinds.get(event.name) is slot:
                del kinds[event.name]
                if not kinds:
                    del self._newest[event.group]
        text = self.encode(event, self.seq + 1)
        if text is None:
            return None
        self.seq += 1
        frame = websocket.header(len(text)) + text
        if self._retain_limit_bytes:
            self._retain(frame)
        return frame

    def retain(self, limit_bytes: int) -> None:
        """Keep that much of what leaves, for :meth:`rewind`."""
        self._retain_limit_bytes = limit_bytes

    def _retain(self, frame: bytes) -> None:
        self._retained.append((self.seq, frame))
        self._retained_bytes += len(frame)
        while self._retained_bytes > self._retain_limit_bytes:
            self._retained_bytes -= len(self._retained.popleft()[1])

    def take_over(self, other: "Outbox") -> None:
        """Put what waits in ``other`` before everything here; ``other`` is empty then."""
        self._waiting.extendleft(reversed(other._waiting))
        self.waiting_bytes += other.waiting_bytes
        other._waiting.clear()
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
        events = [item for item in self._waiting if not isinstance(item, bytes)]
        self._waiting = deque([*again, *events])
        self.waiting_bytes = sum(len(frame) for frame in again) + sum(slot.size for slot in events)
        return True
