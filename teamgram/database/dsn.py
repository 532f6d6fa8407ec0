"""Where the database is: ``sqlite:FILE``, or MySQL in the form of Go's driver, as teamgram's files have it.

The Go form is ``[user[:password]@][protocol[(address)]]/database[?name=value&…]``
with ``tcp(host:port)`` or ``unix(/path/to/socket)``; the password may contain
``@`` and ``/`` because the *last* of each counts.
"""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, unquote

from teamgram.database.errors import DSNError

_DEFAULT_PORT = 3306


@dataclass(frozen=True, slots=True)
class SQLiteDSN:
    """A database file."""

    path: Path


@dataclass(frozen=True, slots=True)
class MySQLDSN:
    """A database on a MySQL or MariaDB server.

    Attributes:
        unix_socket: path of the server's socket; "" to go by host and port.
        connect_timeout: seconds.
        tls: "" (none), "true" (verified) or "skip-verify".
    """

    user: str
    password: str = field(repr=False)
    database: str
    host: str = "127.0.0.1"
    port: int = _DEFAULT_PORT
    unix_socket: str = ""
    connect_timeout: float = 10.0
    tls: str = ""


def parse_dsn(dsn: str, data_dir: Path) -> SQLiteDSN | MySQLDSN:
    """Read a DSN; a relative SQLite path is below ``data_dir``.

    Raises:
        DSNError: naming what is wrong, never the password.
    """
    if dsn.startswith("sqlite:"):
        name = dsn.removeprefix("sqlite:")
        if not name or ":memory:" in name:
            raise DSNError("sqlite: needs a file name (an in-memory database would be another one in every thread)")
        return SQLiteDSN(data_dir / name)
    return _parse_mysql(dsn)


def _parse_mysql(dsn: str) -> MySQLDSN:
    head, slash, tail = dsn.rpartition("/")
    if not slash:
        raise DSNError("DSN needs sqlite:FILE or user:password@tcp(host:port)/database")
    database, _, query = tail.partition("?")
    if "?" in head:
        # A parameter had a slash in it (loc=Asia/Shanghai): the database's slash is the last one before "?".
        before, _, query = dsn.partition("?")
        head, _, database = before.rpartition("/")
    credentials, _, address = head.rpartition("@")
    user, _, password = credentials.partition(":")
    protocol, _, rest = address.partition("(")
    if rest and not rest.endswith(")"):
        raise DSNError("DSN: the address in tcp(…) has no closing parenthesis")
    place = rest.removesuffix(")")
    database = unquote(database)
    if not database:
        raise DSNError("DSN names no database after the last /")
    parameters = dict(parse_qsl(query))
    timeout = _seconds(parameters.get("timeout", "10s"))
    tls = _tls(parameters.get("tls", "false"))
    if protocol == "unix":
        if not place:
            raise DSNError("DSN: unix(…) names no socket")
        return MySQLDSN(user, password, database, unix_socket=place, connect_timeout=timeout, tls=tls)
    if protocol not in ("", "tcp"):
        # Not quoted: without an @ it may be the password.
        raise DSNError("DSN: the protocol before the address is neither tcp nor unix")
    host, port = _host_port(place)
    return MySQLDSN(user, password, database, host, port, connect_timeout=timeout, tls=tls)


def _host_port(place: str) -> tuple[str, int]:
    if not place:
        return "127.0.0.1", _DEFAULT_PORT
    host, colon, port = place.rpartition(":")
    if not colon or port.endswith("]"):
        host, port = place, str(_DEFAULT_PORT)
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise DSNError("DSN: what follows the host is not a port")
    return host.strip("[]") or "127.0.0.1", int(port)


def _tls(value: str) -> str:
    if value in ("false", ""):
        return ""
    if value in ("true", "skip-verify"):
        return value
    raise DSNError(f"DSN: tls={value!r} is none of true, skip-verify, false")


def _seconds(text: str) -> float:
    for unit, factor in (("ms", 0.001), ("s", 1.0), ("m", 60.0)):
        number = text.removesuffix(unit)
        if number != text and number.replace(".", "", 1).isdecimal():
            return float(number) * factor
    raise DSNError(f"DSN: timeout={text!r} is not a duration such as 10s")
