"""The timing wheel that closes idle connections; fed with ``now``, owns no timer.

A connection's ``close_date`` may move *later* at any time by plain assignment:
the wheel looks at it only when the slot it was put into comes due, and then
either reports the connection or puts it on to the slot of its newer date. So
a frame costs one attribute write and a tick touches one slot, however many
connections there are. Moving *earlier* (a close with a deadline) takes a
``schedule``, which is two set operations.
"""

from typing import Generic, Protocol, TypeVar


class WheelEntry(Protocol):
    """What the wheel needs of what it holds (hashable by identity).

    Attributes:
        close_date: seconds, on the clock that feeds ``advance``, at which it is due.
        wheel_slot: the wheel's own note; -1 while the entry is in no wheel.
    """

    close_date: float
    wheel_slot: int


Entry = TypeVar("Entry", bound=WheelEntry)


class TimeWheel(Generic[Entry]):
    """Slots of ``tick_seconds`` each, used in turn.

    Entries due beyond the last slot wait in it and are put on from there.
    """

    def __init__(self, now: float, slots: int = 512, tick_seconds: float = 1.0) -> None:
        if slots < 2 or tick_seconds <= 0:
            raise ValueError("a wheel needs two slots and a positive tick")
        self._tick_seconds = tick_seconds
        self._slots: list[set[Entry]] = [set() for _ in range(slots)]
        self._tick = int(now / tick_seconds)
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def schedule(self, entry: Entry) -> None:
        """Put the entry where its ``close_date`` says, from wherever it is."""
        if entry.wheel_slot >= 0:
            self._slots[entry.wheel_slot].discard(entry)
        else:
            self._size += 1
        # The first tick that lies wholly after close_date: never reported early, at most one tick late.
        due_tick = int(entry.close_date / self._tick_seconds) + 1
        ahead = min(max(due_tick - self._tick, 1), len(self._slots) - 1)
        slot = (self._tick + ahead) % len(self._slots)
        entry.wheel_slot = slot
        self._slots[slot].add(entry)

    def discard(self, entry: Entry) -> None:
        """Take the entry out; nothing happens when it is in no slot."""
        if entry.wheel_slot >= 0:
            self._slots[entry.wheel_slot].discard(entry)
            entry.wheel_slot = -1
            self._size -= 1

    def advance(self, now: float) -> list[Entry]:
        """Go on to ``now``; the entries that are due, no longer in the wheel."""
        last = int(now / self._tick_seconds)
        # After a long pause of the process one turn of the wheel has seen every entry.
        first = max(self._tick + 1, last - len(self._slots) + 1)
        due: list[Entry] = []
        for tick in range(first, last + 1):
            self._tick = tick
            slot = tick % len(self._slots)
            waiting = self._slots[slot]
            if not waiting:
                continue
            self._slots[slot] = set()
            for entry in waiting:
                entry.wheel_slot = -1
                self._size -= 1
                if entry.close_date <= now:
                    due.append(entry)
                else:
                    self.schedule(entry)
        return due
