"""MySQL and MariaDB: what ``engines.py`` says of engines, through PyMySQL."""

import functools
import ssl
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pymysql
from pymysql.constants import CLIENT, CR, ER, FIELD_TYPE
from pymysql.converters import conversions

from teamgram.database.dialect import Statements
from teamgram.database.dsn import MySQLDSN
from teamgram.database.engines import insert_sql
from teamgram.database.errors import DatabaseUnavailable


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
        return f"{insert_sql(table, keys + values, rows)} ON DUPLICATE KEY UPDATE {changes}"

    def insert_ignore(self, txn: Statements, table: str, row: Mapping[str, Any]) -> bool:
        # Not INSERT IGNORE: that turns values that do not fit into other values. A refused INSERT undoes itself alone.
        try:
            txn.execute(insert_sql(table, tuple(row)), tuple(row.values()))
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
