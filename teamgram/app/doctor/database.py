"""The database: whether it opens and is whole."""

import sqlite3
import time
from pathlib import Path

from teamgram.app.doctor.findings import PROBE_SECONDS, Finding, bad, good, odd
from teamgram.app.doctor.machine import CLOCK_SLACK_SECONDS
from teamgram.database import DSNError
from teamgram.database.dsn import MySQLDSN, SQLiteDSN, parse_dsn

#: Above this, reading every page takes too long to do it by the way.
_MOST_CHECKED_BYTES = 512 * 1024 * 1024


def database(dsn: str, data_dir: Path) -> Finding:
    """Whether it opens and is whole."""
    try:
        where = parse_dsn(dsn, data_dir)
    except DSNError as error:
        return bad("database", str(error), "correct Mysql.DSN in authsession.yaml")
    return _sqlite(where) if isinstance(where, SQLiteDSN) else _mysql(where)


def _sqlite(where: SQLiteDSN) -> Finding:
    path = where.path
    if not path.exists():
        return good("database", f"{path} is made at the first start")
    restore = f"stop the server and put a copy from {path.parent} or your backup in its place"
    try:
        size = path.stat().st_size
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=PROBE_SECONDS)
        try:
            pragma = "PRAGMA quick_check(1)" if size <= _MOST_CHECKED_BYTES else "PRAGMA schema_version"
            (answer,) = connection.execute(pragma).fetchone()
        finally:
            connection.close()
    except (sqlite3.Error, OSError) as error:
        return bad("database", f"{path}: {error}", restore)
    if isinstance(answer, str) and answer != "ok":
        return bad("database", f"{path} is damaged: {answer}", restore)
    return good(
        "database", f"{path}, {size / 1e6:.1f} MB" + ("" if size <= _MOST_CHECKED_BYTES else ", not read whole")
    )


def _mysql(where: MySQLDSN) -> Finding:
    import pymysql

    place = where.unix_socket or f"{where.host}:{where.port}"
    try:
        connection = pymysql.connect(
            host=where.host,
            port=where.port,
            user=where.user,
            password=where.password,
            database=where.database,
            unix_socket=where.unix_socket or None,
            connect_timeout=max(1, round(PROBE_SECONDS)),
            ssl={} if where.tls else None,
        )
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT VERSION(), UNIX_TIMESTAMP()")
            version, seconds = cursor.fetchone()
    except pymysql.MySQLError as error:
        text = error.args[1] if len(error.args) > 1 else str(error)
        return bad("database", f"{place}: {text}", "start it, or correct Mysql.DSN in authsession.yaml")
    if abs(seconds - time.time()) > CLOCK_SLACK_SECONDS:
        return odd(
            "database",
            f"{place}: its clock is {round(seconds - time.time())} s off ours",
            "set both clocks (chrony, ntpd)",
        )
    return good("database", f"{place}, {version}")
