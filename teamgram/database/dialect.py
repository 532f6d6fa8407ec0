"""What the rest of the database asks of an engine, and an engine of a transaction; both of them are in `engines`."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

_TOKEN = re.compile(r"\{([a-z_]+)\}")


class Statements(Protocol):
    """What an engine needs of the transaction that it runs a statement of its own in."""

    execute: Callable[..., Any]
    fetchone: Callable[[], tuple[Any, ...] | None]

    @property
    def rowcount(self) -> int:
        """Rows that the last INSERT, UPDATE or DELETE touched."""


class Engine(Protocol):
    """One SQL dialect and its driver.

    Attributes:
        name: "sqlite" or "mysql".
        dbapi_name: the DB-API module that adbapi imports.
        for_update: suffix of a SELECT that locks its rows.
        ordered_join: a JOIN (its ``ON`` follows) that looks up the right table for rows of the left one, never the
            other way round.
        by_index: behind a table's name: use this index of it (``by_index.format("its_name")``).
        begin_read: statement that begins a transaction that reads, "" where it begins by itself.
        tokens: what stands for ``{token}`` in migrations.
        most_readers: threads that read at once, however many are asked for.
        reads_at_once: short reads are done in the reactor's thread.
        shares_commits: writes go through one group-committing writer.
        transactional_ddl: a failed migration is undone as a whole.
        concat_limit: how many bytes a GROUP_CONCAT may have before it is cut off without an error, as SQL; "" for any.
    """

    name: str
    dbapi_name: str
    for_update: str
    ordered_join: str
    by_index: str
    begin_read: str
    tokens: Mapping[str, str]
    most_readers: int
    reads_at_once: bool
    shares_commits: bool
    transactional_ddl: bool
    concat_limit: str

    def connect_arguments(self) -> dict[str, Any]:
        """Keyword arguments of the driver's ``connect``."""

    def connect(self) -> Any:
        """A connection that writes, outside the pools.

        Raises:
            DatabaseUnavailable: saying where it tried.
        """

    def prepare_reader(self, connection: Any) -> None:
        """Set up a new connection that only reads."""

    def prepare_writer(self, connection: Any) -> None:
        """Set up a new connection that writes."""

    def statements(self, cursor: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
        """``execute`` and ``executemany`` for portable SQL on this cursor."""

    def upsert_sql(self, table: str, keys: tuple[str, ...], values: tuple[str, ...], rows: int = 1) -> str:
        """INSERT that updates ``values`` when ``keys`` are taken; parameters in the order keys, values, row by row."""

    def insert_ignore(self, txn: Statements, table: str, row: Mapping[str, Any]) -> bool:
        """INSERT unless the key is taken; whether it was inserted."""

    def is_retryable(self, error: BaseException) -> bool:
        """The transaction was, or can safely be, rolled back and may succeed when run again."""

    def is_disconnect(self, error: BaseException) -> bool:
        """The connection is dead."""

    def is_missing_table(self, error: BaseException) -> bool:
        """A statement named a table that does not exist."""

    def begin_migration(self, txn: Statements) -> None:
        """Keep every other process from migrating until :meth:`end_migration`; a transaction where DDL has them."""

    def end_migration(self, txn: Statements, succeeded: bool) -> None:
        """Commit or undo, and let the others go on."""

    def back_up(self, connection: Any, label: str) -> Path | None:
        """Copy the whole database aside before it is migrated, where that is ours to do; the copy's path."""


def expand_tokens(sql: str, engine: Engine) -> str:
    """Replace ``{token}`` by the engine's words; KeyError on an unknown one."""
    return _TOKEN.sub(lambda match: engine.tokens[match.group(1)], sql)
