"""A bounded in-memory table of rows that were read from the database.

It never keeps a row that changed while it was being read: a load takes a
ticket, and an invalidation that arrives meanwhile marks the ticket.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, Generic, Protocol, TypeVar

from teamgram.cache.bus import EventsMissed, RowsChanged

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class LoadTicket(Generic[K]):
    """One read under way: the keys that changed since it began."""

    __slots__ = ("changed", "everything_changed")

    def __init__(self) -> None:
        self.changed: set[K] = set()
        self.everything_changed = False


class RowsBus(Protocol):
    """What ``LoadedRows`` needs of a bus (``interfaces.bus.Bus``)."""

    def publish(self, event: object) -> None: ...

    def listen(self, kind: type[Any], listener: Callable[[Any], object]) -> None: ...


class LoadedRows(Generic[K, V]):
    """Least recently used rows go first; ``max_rows`` bounds the memory."""

    @classmethod
    def shared(cls, table: str, bus: RowsBus, max_rows: int) -> "LoadedRows[Any, Any]":
        """Rows by a number, of a table that others remember, too: whoever changes one tells all of them."""
        rows: LoadedRows[int, Any] = cls(max_rows)  # type: ignore[assignment]
        rows._tell = lambda keys: bus.publish(RowsChanged(table, tuple(keys)))
        bus.listen(RowsChanged, lambda changed: rows.forget(changed.keys) if changed.table == table else None)
        bus.listen(EventsMissed, lambda missed: rows.clear())
        return rows

    def __init__(self, max_rows: int) -> None:
        self._tell: Callable[[Iterable[K]], object] = self.forget
        self._rows: OrderedDict[K, V] = OrderedDict()
        self._loads: set[LoadTicket[K]] = set()
        self._max_rows = max_rows

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, key: K) -> V | None:
        """The row, or None when it is not here (which says nothing about the database)."""
        row = self._rows.get(key)
        if row is not None:
            self._rows.move_to_end(key)
        return row

    def start_load(self) -> LoadTicket[K]:
        """Call before reading; hand the ticket to ``finish_load`` or ``abandon_load``."""
        ticket: LoadTicket[K] = LoadTicket()
        self._loads.add(ticket)
        return ticket

    def finish_load(self, ticket: LoadTicket[K], rows: Mapping[K, V]) -> None:
        """Keep what was read, except what changed since the load began."""
        self._loads.discard(ticket)
        if ticket.everything_changed:
            return
        for key, row in rows.items():
            if key not in ticket.changed:
                self._rows[key] = row
                self._rows.move_to_end(key)
        while len(self._rows) > self._max_rows:
            self._rows.popitem(last=False)

    def abandon_load(self, ticket: LoadTicket[K]) -> None:
        """The read failed; harmless after ``finish_load``."""
        self._loads.discard(ticket)

    def invalidate(self, *keys: K) -> None:
        """These rows changed (call it after the commit)."""
        self.invalidate_all(keys)

    def invalidate_all(self, keys: Iterable[K]) -> None:
        """As ``invalidate``, for any iterable."""
        self._tell(keys)

    def forget(self, keys: Iterable[K]) -> None:
        """These rows changed, here or elsewhere: let go of them, also of those that are being read."""
        for key in keys:
            self._rows.pop(key, None)
            for ticket in self._loads:
                ticket.changed.add(key)

    def clear(self) -> None:
        """Forget everything, also what is being read."""
        self._rows.clear()
        for ticket in self._loads:
            ticket.everything_changed = True
