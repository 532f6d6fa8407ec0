"""What differs between SQLite and MySQL/MariaDB; nothing else in the program knows which it talks to.

Portable SQL keeps to these rules (the stores' tests run on both engines):

- ``?`` placeholders; identifiers lower case, quoted with ``"`` if at all.
- Text compares byte by byte and ``LIKE`` minds upper and lower case on both
  engines; words of messages are found by an index of ours (``domain/search``).
- ``||`` concatenates. ``ROWCOUNT`` of an UPDATE counts matched rows.
- ``SELECT … {for_update}``: append ``txn.engine.for_update`` to a SELECT whose
  rows the same transaction then changes.
- An integer sum comes back as ``int`` on both.

MySQL's is in ``mysql_engine.py``, which is imported by whoever has one.
"""

import functools
import os
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from teamgram.database.dialect import Statements
from teamgram.database.errors import DatabaseUnavailable


@functools.cache
def insert_sql(table: str, columns: tuple[str, ...], rows: int = 1) -> str:
    """``INSERT INTO`` of so many rows, as both engines know it."""
    values = f"({', '.join('?' * len(columns))})"
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([values] * rows)}"


class SQLiteEngine:
    """A file of ours: WAL, so that readers never wait, and a commit that is on disk when it returns."""

    name = "sqlite"
    dbapi_name = "sqlite3"
    for_update = ""
    # https://www.sqlite.org/optoverview.html#manual_control_of_query_plans_using_cross_join
    ordered_join = "CROSS JOIN"
    by_index = "INDEXED BY {}"
    begin_read = "BEGIN"
    # Its work is done in this process, one thread at a time but for the waits: 10 threads cost half as much again as
    # 2. The third is there for when two are in a long search.
    most_readers = 3
    reads_at_once = True
    shares_commits = True
    transactional_ddl = True
    concat_limit = ""
    tokens: Mapping[str, str] = {
        "bigint_pk_auto": "INTEGER PRIMARY KEY AUTOINCREMENT",
        "blob": "BLOB",
        "text": "TEXT",
        "engine_suffix": "",
        "clustered_suffix": "WITHOUT ROWID",
    }

    def __init__(self, path: Path) -> None:
        self.path = path

    def create_file(self) -> None:
        """Make the file readable by its owner only: it holds auth keys. WAL files inherit the mode."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))

    def connect_arguments(self) -> dict[str, Any]:
        # isolation_level None: BEGIN and COMMIT are ours. The pool closes connections from the reactor's thread.
        return {
            "database": str(self.path),
            "isolation_level": None,
            "check_same_thread": False,
            "cached_statements": 512,
            "timeout": 10.0,
        }

    def connect(self) -> sqlite3.Connection:
        try:
            connection: sqlite3.Connection = sqlite3.connect(**self.connect_arguments())
            self.prepare_writer(connection)
        except sqlite3.Error as error:
            raise DatabaseUnavailable(f"{self.path}: {error}") from error
        return connection

    def prepare_reader(self, connection: sqlite3.Connection) -> None:
        self._prepare(connection)
        connection.execute("PRAGMA query_only = ON")

    def prepare_writer(self, connection: sqlite3.Connection) -> None:
        self._prepare(connection)
        # FULL: COMMIT returns after the WAL's fsync, so what was acknowledged survives the machine's fall.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA wal_autocheckpoint = 4000")
        connection.execute("PRAGMA journal_size_limit = 67108864")

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA case_sensitive_like = ON")
        connection.execute("PRAGMA cache_size = -16384")
        connection.execute("PRAGMA temp_store = MEMORY")

    def statements(self, cursor: sqlite3.Cursor) -> tuple[Callable[..., Any], Callable[..., Any]]:
        return cursor.execute, cursor.executemany

    @staticmethod
    @functools.cache
    def upsert_sql(table: str, keys: tuple[str, ...], values: tuple[str, ...], rows: int = 1) -> str:
        changes = ", ".join(f"{name} = excluded.{name}" for name in values)
        action = f"DO UPDATE SET {changes}" if changes else "DO NOTHING"
        return f"{insert_sql(table, keys + values, rows)} ON CONFLICT ({', '.join(keys)}) {action}"

    def insert_ignore(self, txn: Statements, table: str, row: Mapping[str, Any]) -> bool:
        txn.execute(_ignoring_insert_sql(table, tuple(row)), tuple(row.values()))
        return txn.rowcount > 0

    def is_retryable(self, error: BaseException) -> bool:
        # One writer: nothing deadlocks. A lock held by another process was waited for already (``timeout``).
        return False

    def is_disconnect(self, error: BaseException) -> bool:
        return False

    def is_missing_table(self, error: BaseException) -> bool:
        return isinstance(error, sqlite3.OperationalError) and str(error).startswith("no such table")

    def begin_migration(self, txn: Statements) -> None:
        txn.execute("BEGIN IMMEDIATE")

    def end_migration(self, txn: Statements, succeeded: bool) -> None:
        txn.execute("COMMIT" if succeeded else "ROLLBACK")

    def back_up(self, connection: sqlite3.Connection, label: str) -> Path | None:
        target = self.path.with_name(f"{self.path.name}.{label}")
        partial = target.with_name(target.name + ".partial")
        partial.unlink(missing_ok=True)
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        copy = sqlite3.connect(partial)
        try:
            connection.backup(copy)
        finally:
            copy.close()
        partial.replace(target)
        return target


@functools.cache
def _ignoring_insert_sql(table: str, columns: tuple[str, ...]) -> str:
    # Not INSERT OR IGNORE: that would swallow NOT NULL violations as well.
    return f"{insert_sql(table, columns)} ON CONFLICT DO NOTHING"
