"""What differs between SQLite and MySQL/MariaDB; nothing else in the program knows which it talks to.

Portable SQL keeps to these rules (the stores' tests run on both engines):

- ``?`` placeholders; identifiers lower case, quoted with ``"`` if at all.
- Text compares byte by byte and ``LIKE`` minds upper and lower case on both
  engines; words of messages are found by an index of ours (``domain/search``).
- ``||`` concatenates. ``ROWCOUNT`` of an UPDATE counts matched rows.
- ``SELECT … {for_update}``: append ``txn.engine.for_update`` to a SELECT whose
  rows the same transaction then changes.
- An integer sum comes back as ``int`` on both.
"""

import functools
import os
import sqlite3
import ssl
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pymysql
from pymysql.constants import CLIENT, CR, ER, FIELD_TYPE
from pymysql.converters import conversions

from teamgram.database.dialect import Statements
from teamgram.database.dsn import MySQLDSN
from teamgram.database.errors import DatabaseUnavailable


@functools.cache
def _insert_sql(table: str, columns: tuple[str, ...], rows: int = 1) -> str:
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
        return f"{_insert_sql(table, keys + values, rows)} ON CONFLICT ({', '.join(keys)}) {action}"

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
    return f"{_insert_sql(table, columns)} ON CONFLICT DO NOTHING"


def _number(text: str) -> int | float:
    """DECIMAL, which MySQL makes of SUM() over integers."""
    return float(text) if "." in text else int(text)


class MySQLEngine:
    """MySQL or MariaDB through PyMySQL; InnoDB, utf8mb4, compared byte by byte."""

    name = "mysql"
    dbapi_name = "pymysql"
    for_update = " FOR UPDATE"
    ordered_join = "STRAIGHT_JOIN"
    by_index = "FORCE INDEX ({})"
    begin_read = ""
    most_readers = 100
    reads_at_once = False
    shares_commits = False
    transactional_ddl = False
    concat_limit = "LEAST(@@group_concat_max_len, @@max_allowed_packet)"
    tokens: Mapping[str, str] = {
        "bigint_pk_auto": "BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY",
        "blob": "MEDIUMBLOB",
        "text": "MEDIUMTEXT",
        "engine_suffix": "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin",
        "clustered_suffix": "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin",
    }

    # ER.CHECKREAD: MariaDB's snapshot isolation found a row changed since it was read.
    _RETRYABLE = frozenset({ER.LOCK_DEADLOCK, ER.LOCK_WAIT_TIMEOUT, ER.CHECKREAD})
    _DISCONNECT = frozenset(
        {CR.CR_SERVER_GONE_ERROR, CR.CR_SERVER_LOST, CR.CR_SERVER_LOST_EXTENDED, ER.SERVER_SHUTDOWN}
    )

    def __init__(self, dsn: MySQLDSN) -> None:
        self._dsn = dsn

    def connect_arguments(self) -> dict[str, Any]:
        dsn = self._dsn
        arguments: dict[str, Any] = {
            "user": dsn.user,
            "password": dsn.password,
            "database": dsn.database,
            "charset": "utf8mb4",
            "connect_timeout": dsn.connect_timeout,
            # A transaction waits for locks up to innodb_lock_wait_timeout; past this the server is taken for dead.
            "read_timeout": 60,
            "write_timeout": 60,
            "autocommit": False,
            "client_flag": CLIENT.FOUND_ROWS,
            "conv": {**conversions, FIELD_TYPE.DECIMAL: _number, FIELD_TYPE.NEWDECIMAL: _number},
        }
        if dsn.unix_socket:
            arguments["unix_socket"] = dsn.unix_socket
        else:
            arguments["host"], arguments["port"] = dsn.host, dsn.port
        if dsn.tls:
            context = ssl.create_default_context()
            if dsn.tls == "skip-verify":
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
            arguments["ssl"] = context
        return arguments

    def connect(self) -> pymysql.Connection:
        try:
            # A migration may take as long as it takes.
            connection = pymysql.connect(**{**self.connect_arguments(), "read_timeout": None})
            self.prepare_writer(connection)
        except pymysql.MySQLError as error:
            dsn = self._dsn
            place = dsn.unix_socket or f"{dsn.host}:{dsn.port}"
            raise DatabaseUnavailable(f"MySQL at {place}, database {dsn.database}: {error}") from error
        return connection

    def prepare_reader(self, connection: pymysql.Connection) -> None:
        # A read that makes several SELECTs sees one moment.
        self._prepare(connection, "REPEATABLE READ")

    def prepare_writer(self, connection: pymysql.Connection) -> None:
        # After waiting for a row's lock a transaction must see what the one before it committed; and fewer gap locks.
        self._prepare(connection, "READ COMMITTED")

    def _prepare(self, connection: pymysql.Connection, isolation: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET SESSION TRANSACTION ISOLATION LEVEL {isolation}")
            cursor.execute(
                "SET SESSION sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION,"
                "NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,PIPES_AS_CONCAT,ANSI_QUOTES'"
            )
            cursor.execute("SET SESSION innodb_lock_wait_timeout = 10")
            # As much as max_allowed_packet lets through by default.
            cursor.execute("SET SESSION group_concat_max_len = 16777216")
        connection.commit()

    def statements(self, cursor: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
        run, run_many = cursor.execute, cursor.executemany

        def execute(sql: str, params: Sequence[Any] = ()) -> Any:
            return run(_percent_style(sql), params)

        def executemany(sql: str, rows: Sequence[Sequence[Any]]) -> Any:
            return run_many(_percent_style(sql), rows)

        return execute, executemany

    @staticmethod
    @functools.cache
    def upsert_sql(table: str, keys: tuple[str, ...], values: tuple[str, ...], rows: int = 1) -> str:
        changes = ", ".join(f"{name} = VALUES({name})" for name in values) or f"{keys[0]} = {keys[0]}"
        return f"{_insert_sql(table, keys + values, rows)} ON DUPLICATE KEY UPDATE {changes}"

    def insert_ignore(self, txn: Statements, table: str, row: Mapping[str, Any]) -> bool:
        # Not INSERT IGNORE: that turns values that do not fit into other values. A refused INSERT undoes itself alone.
        try:
            txn.execute(_insert_sql(table, tuple(row)), tuple(row.values()))
        except pymysql.IntegrityError as error:
            if error.args[0] == ER.DUP_ENTRY:
                return False
            raise
        return True

    def is_retryable(self, error: BaseException) -> bool:
        return isinstance(error, pymysql.MySQLError) and bool(error.args) and error.args[0] in self._RETRYABLE

    def is_disconnect(self, error: BaseException) -> bool:
        if not isinstance(error, pymysql.MySQLError) or not error.args:
            return False
        # InterfaceError(0): PyMySQL has closed the socket already.
        return error.args[0] in self._DISCONNECT or (isinstance(error, pymysql.InterfaceError) and error.args[0] == 0)

    def is_missing_table(self, error: BaseException) -> bool:
        return isinstance(error, pymysql.ProgrammingError) and bool(error.args) and error.args[0] == ER.NO_SUCH_TABLE

    def begin_migration(self, txn: Statements) -> None:
        txn.execute("SELECT GET_LOCK(CONCAT('teamgram_', MD5(DATABASE())), 60)")
        if txn.fetchone() != (1,):
            raise DatabaseUnavailable("another process has been migrating this database for a minute")

    def end_migration(self, txn: Statements, succeeded: bool) -> None:
        txn.execute("COMMIT")
        txn.execute("SELECT RELEASE_LOCK(CONCAT('teamgram_', MD5(DATABASE())))")

    def back_up(self, connection: Any, label: str) -> Path | None:
        return None


@functools.lru_cache(maxsize=4096)
def _percent_style(sql: str) -> str:
    """``?`` to ``%s``. No literal of our SQL contains a question mark; values are always parameters."""
    return sql.replace("%", "%%").replace("?", "%s")
