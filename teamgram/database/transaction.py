"""What a store's function gets to work with inside a transaction."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from teamgram.database.dialect import Engine

Row = tuple[Any, ...]


class LeftOver(Protocol):
    """What functions that share a commit leave for one another instead of writing it each time."""

    def write(self, txn: "Transaction") -> None:
        """Write it."""


class Transaction:
    """One transaction on one cursor, used in a pool thread.

    SQL is written with ``?`` placeholders and without dialect; where engines
    differ, :attr:`engine` has the words. ``execute``, ``executemany``,
    ``fetchone`` and ``fetchall`` are the engine's functions bound to the
    cursor, so that on SQLite a statement costs no Python frame of ours.

    Attributes:
        engine: the dialect (``engine.for_update``, …).
        execute: ``execute(sql, params=())``.
        executemany: ``executemany(sql, rows)``.
        fetchone: the next row as a tuple, or None.
        fetchall: the remaining rows, a sequence of tuples.
        may_put_off: what this function leaves in ``put_off`` is written before any other function runs and before the
            commit: the same function may run again before, and then finds it there.
    """

    __slots__ = (
        "_cursor",
        "after",
        "engine",
        "execute",
        "executemany",
        "fetchall",
        "fetchone",
        "may_put_off",
        "put_off",
    )

    def __init__(self, engine: Engine, cursor: Any) -> None:
        self.engine = engine
        self._cursor = cursor
        self.execute: Callable[..., Any]
        self.executemany: Callable[[str, Sequence[Sequence[Any]]], Any]
        self.execute, self.executemany = engine.statements(cursor)
        self.fetchone: Callable[[], Row | None] = cursor.fetchone
        self.fetchall: Callable[[], Sequence[Row]] = cursor.fetchall
        self.after: list[tuple[Callable[..., object], tuple[Any, ...]]] | None = None
        self.may_put_off = False
        self.put_off: LeftOver | None = None

    @property
    def rowcount(self) -> int:
        """Rows that the last INSERT, UPDATE or DELETE touched (matched, whether or not a value changed)."""
        count: int = self._cursor.rowcount
        return count

    @property
    def lastrowid(self) -> int:
        """The automatic key of the last INSERT."""
        row_id: int = self._cursor.lastrowid
        return row_id

    def upsert(self, table: str, keys: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """Insert the row, or set ``values`` where a row with these ``keys`` is there.

        ``keys`` must be the table's primary key or one of its unique keys, and
        the table's only unique key that the row can collide with (MySQL does
        not let a statement say which).
        """
        self.execute(self.engine.upsert_sql(table, tuple(keys), tuple(values)), (*keys.values(), *values.values()))

    def insert_ignore(self, table: str, row: Mapping[str, Any]) -> bool:
        """Insert the row unless one with the same key is there; whether it was inserted."""
        return self.engine.insert_ignore(self, table, row)

    def call_after(self, function: Callable[..., object], *args: Any) -> None:
        """Call ``function(*args)`` in the reactor thread once this transaction is committed.

        Calls happen in commit order and before whoever awaits the write goes
        on; none happen when the transaction fails.
        """
        if self.after is None:
            self.after = []
        self.after.append((function, args))

    def write_put_off(self) -> None:
        """Write what was put off so far."""
        put_off, self.put_off = self.put_off, None
        if put_off is not None:
            put_off.write(self)
