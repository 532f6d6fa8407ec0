"""``teamgram doctor``: what is wrong with the configuration and this machine, and what to do about each.

Nothing is changed, and nothing but what was configured is contacted. It may
be run beside a running server or without one.
"""

import ctypes
import ctypes.util
import errno
import json
import os
import resource
import shutil
import socket
import sqlite3
import stat
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from teamgram.app import stage_settings
from teamgram.app.config.errors import ConfigError
from teamgram.app.config.loader import Configuration, load_configuration
from teamgram.database import DSNError
from teamgram.database.dsn import MySQLDSN, SQLiteDSN, parse_dsn
from teamgram.domain.codes.sealing import KEY_FILE
from teamgram.openclaw import auth
from teamgram.openclaw.config.errors import ConfigError as OpenClawConfigError
from teamgram.openclaw.config.live import LiveConfig
from teamgram.openclaw.config.sections import GatewaySection

_NEEDED_FREE_BYTES = 200 * 1024 * 1024
_COMFORTABLE_FREE_BYTES = 1024 * 1024 * 1024
_NEEDED_FREE_INODES = 1000
_COMFORTABLE_OPEN_FILES = 4096
#: Above this, reading every page of a database takes too long to do it by the way.
_MOST_CHECKED_BYTES = 512 * 1024 * 1024
_PROBE_SECONDS = 2.0
#: How far files may seem to come from the future before the clock is at fault.
_CLOCK_SLACK_SECONDS = 60.0
_STA_UNSYNC = 0x40


class Verdict(Enum):
    """How bad it is."""

    GOOD = "ok"
    ODD = "note"
    BAD = "WRONG"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look found.

    Attributes:
        fix: what to do; empty when nothing has to be done.
    """

    verdict: Verdict
    subject: str
    text: str
    fix: str = ""


def good(subject: str, text: str) -> Finding:
    """As it should be."""
    return Finding(Verdict.GOOD, subject, text)


def odd(subject: str, text: str, fix: str) -> Finding:
    """It works, but not for long or not for everybody."""
    return Finding(Verdict.ODD, subject, text, fix)


def bad(subject: str, text: str, fix: str) -> Finding:
    """It does not work."""
    return Finding(Verdict.BAD, subject, text, fix)


def examine(config_dir: Path, data_dir: Path) -> int:
    """Print every finding. 1 when something is wrong, else 0."""
    findings = list(look(config_dir, data_dir))
    for finding in findings:
        print(f"{finding.verdict.value:<6} {finding.subject:<15}{finding.text}")
        if finding.fix:
            print(f"{'':<7}{'':<15}-> {finding.fix}")
    wrong = sum(finding.verdict is Verdict.BAD for finding in findings)
    print(f"\n{wrong} thing{'' if wrong == 1 else 's'} to put right" if wrong else "\nnothing is wrong")
    return 1 if wrong else 0


def look(config_dir: Path, data_dir: Path) -> Iterator[Finding]:
    """Everything, in the order in which a start would trip over it."""
    configuration: Configuration | None = None
    try:
        configuration = load_configuration(config_dir)
        stage_settings.listeners(configuration.gnetway.Gnetway, data_dir)
        yield good("configuration", f"{config_dir.absolute()} can be used")
    except ConfigError as error:
        configuration = None
        yield bad("configuration", str(error), "correct it there; teamgram check-config tells more")
    gateway: GatewaySection | None = None
    try:
        gateway = LiveConfig(config_dir / "openclaw.yaml", data_dir / "openclaw", b"", os.environ).sections.gateway
    except OpenClawConfigError as error:
        yield bad("configuration", str(error), "correct it there; docs/openclaw.md lists the keys")
    yield from data_directory(data_dir)
    yield from secret_files(data_dir)
    if gateway is not None:
        yield token(gateway, data_dir)
    yield disk(data_dir)
    if configuration is not None:
        yield database(configuration.authsession.Mysql.DSN, data_dir)
    yield clock(data_dir, time.time())
    yield open_files()
    if configuration is not None and gateway is not None:
        yield from ports(configuration, gateway, data_dir)


# The data directory


def data_directory(data_dir: Path) -> Iterator[Finding]:
    """Whether it is there, ours, and nobody else's."""
    subject = "data directory"
    if not data_dir.exists():
        parent = next(each for each in data_dir.parents if each.exists())
        if os.access(parent, os.W_OK | os.X_OK):
            yield good(subject, f"{data_dir} is made at the first start")
        else:
            yield bad(
                subject,
                f"{data_dir} is not there, and {parent} is not ours to write",
                f"mkdir {data_dir} as root, then chown it to the server's user",
            )
        return
    status = data_dir.stat()
    if not stat.S_ISDIR(status.st_mode):
        yield bad(subject, f"{data_dir} is no directory", "give --data-dir a directory")
    elif not os.access(data_dir, os.W_OK | os.X_OK):
        yield bad(
            subject, f"{data_dir} cannot be written by this user", f"run as its owner, or chown -R $(id -u) {data_dir}"
        )
    elif stat.S_IMODE(status.st_mode) & 0o022:
        yield bad(subject, f"{data_dir} can be written by others", f"chmod 700 {data_dir}")
    else:
        yield good(subject, str(data_dir))


def secret_files(data_dir: Path) -> Iterator[Finding]:
    """Keys, tokens and the database itself are their owner's only."""
    names = (
        auth.TOKEN_FILE,
        "server_pkcs1.key",
        KEY_FILE,
        "openclaw/identity.json",
        "openclaw/devices.json",
        "openclaw/config-patch.json",
    )
    found = [data_dir / name for name in names if (data_dir / name).exists()]
    shared = [path for path in found if stat.S_IMODE(path.stat().st_mode) & 0o077]
    for path in shared:
        mode = stat.S_IMODE(path.stat().st_mode)
        yield bad("permissions", f"{path} is readable by others (mode {mode:04o})", f"chmod 600 {path}")
    if found and not shared:
        yield good("permissions", f"{len(found)} secret files are their owner's only")


def token(gateway: GatewaySection, data_dir: Path) -> Finding:
    """What opens the control port."""
    subject = "gateway token"
    if gateway.auth.mode == auth.NONE:  # Only on loopback: the configuration is refused otherwise.
        return odd(
            subject,
            "gateway.auth.mode is none: every program of this machine may do everything",
            "set gateway.auth.mode: token",
        )
    secret = gateway.auth.password if gateway.auth.mode == auth.PASSWORD else gateway.auth.token
    if secret:
        weak = len(secret) < 16
        return (
            odd(subject, "the configured secret is short", "use 32 random characters")
            if weak
            else good(subject, "configured")
        )
    path = data_dir / auth.TOKEN_FILE
    if not path.exists():
        return good(subject, f"{path} is made at the first start")
    try:
        empty = not path.read_text().strip()
    except OSError as error:
        return bad(subject, f"{path} cannot be read: {error.strerror}", "run as its owner")
    return (
        bad(subject, f"{path} is empty", f"rm {path}; the next start makes a new one")
        if empty
        else good(subject, str(path))
    )


def disk(data_dir: Path) -> Finding:
    """Room for the database to grow."""
    there = next(each for each in (data_dir, *data_dir.parents) if each.exists())
    free = shutil.disk_usage(there).free
    counts = os.statvfs(there)
    text = f"{free / 1e9:.1f} GB free at {there}"
    if counts.f_files and counts.f_favail < _NEEDED_FREE_INODES:
        return bad("disk", f"only {counts.f_favail} more files fit at {there}", "remove files there")
    if free < _NEEDED_FREE_BYTES:
        return bad("disk", text, "make room: without it nothing can be stored, and messages are refused")
    if free < _COMFORTABLE_FREE_BYTES:
        return odd("disk", text, "make room soon")
    return good("disk", text)


# The database


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
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=_PROBE_SECONDS)
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
            connect_timeout=max(1, round(_PROBE_SECONDS)),
            ssl={} if where.tls else None,
        )
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT VERSION(), UNIX_TIMESTAMP()")
            version, seconds = cursor.fetchone()
    except pymysql.MySQLError as error:
        text = error.args[1] if len(error.args) > 1 else str(error)
        return bad("database", f"{place}: {text}", "start it, or correct Mysql.DSN in authsession.yaml")
    if abs(seconds - time.time()) > _CLOCK_SLACK_SECONDS:
        return odd(
            "database",
            f"{place}: its clock is {round(seconds - time.time())} s off ours",
            "set both clocks (chrony, ntpd)",
        )
    return good("database", f"{place}, {version}")


# The machine


def clock(data_dir: Path, now: float) -> Finding:
    """Telegram's clients are refused when the time is wrong: their message ids are times."""
    names = ("server_pkcs1.key", auth.TOKEN_FILE, "openclaw/devices.json")
    times = [(data_dir / name).stat().st_mtime for name in names if (data_dir / name).exists()]
    shown = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now))
    if any(each > now + _CLOCK_SLACK_SECONDS for each in times):
        return bad(
            "clock", f"{shown}, but files in {data_dir} are newer: it was set back", "set it, and run chrony or ntpd"
        )
    if _is_synchronized() is False:
        return odd(
            "clock",
            f"{shown}; nothing keeps it right",
            "run chrony, ntpd or systemd-timesyncd: 30 s ahead or 5 min behind lose clients",
        )
    return good("clock", shown)


class _Timex(ctypes.Structure):
    """The beginning of adjtimex(2)'s ``struct timex``; what follows is only room."""

    _fields_ = [
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 512),
    ]


def _is_synchronized() -> bool | None:
    """What the kernel was told by whoever keeps the clock; None when it does not say."""
    timex = _Timex(modes=0)  # Only look.
    try:
        if ctypes.CDLL(ctypes.util.find_library("c")).adjtimex(ctypes.byref(timex)) < 0:
            return None
    except (OSError, AttributeError):
        return None
    return not timex.status & _STA_UNSYNC


def open_files() -> Finding:
    """A connection is a file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < _COMFORTABLE_OPEN_FILES:
        return odd(
            "open files",
            f"at most {soft}, so fewer connections than that",
            f"ulimit -n {min(hard, 65536)}, or LimitNOFILE= of the unit",
        )
    return good("open files", f"at most {soft}")


# Ports


def ports(configuration: Configuration, gateway: GatewaySection, data_dir: Path) -> Iterator[Finding]:
    """Whether the server serves them, or could."""
    interface = {"lan": "0.0.0.0", "custom": gateway.custom_bind_host}.get(gateway.bind, "127.0.0.1")
    running = _readiness("127.0.0.1" if interface in ("0.0.0.0", "") else interface, gateway.port)
    if running is not None:
        failing = running.get("failing") or []
        yield (
            bad("server", f"runs, but is not ready: {', '.join(map(str, failing))}", "look into its log")
            if failing
            else good("server", f"runs and is ready (port {gateway.port})")
        )
    addresses = [
        (each.kind, each.host, each.port) for each in stage_settings.listeners(configuration.gnetway.Gnetway, data_dir)
    ]
    for kind, host, port in [*addresses, ("gateway", interface, gateway.port)]:
        yield _port(kind, host, port, is_running=running is not None)


def _readiness(host: str, port: int) -> dict[str, Any] | None:
    """What ``/readyz`` says, None when no gateway of ours is there."""
    address = f"[{host}]" if ":" in host else host
    try:
        with urllib.request.urlopen(f"http://{address}:{port}/readyz", timeout=_PROBE_SECONDS) as response:
            body = response.read(65536)
    except urllib.error.HTTPError as error:
        body = error.read(65536)
    except (OSError, ValueError):
        return None
    try:
        answer = json.loads(body)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) and "failing" in answer else None


def _port(kind: str, host: str, port: int, *, is_running: bool) -> Finding:
    subject = f"port {port}"
    if port == 0:
        return good(subject, f"{kind}: any free one")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                if is_running:
                    return good(subject, f"{kind}: served")
                return bad(
                    subject,
                    f"{kind}: another program has it",
                    f"see which with ss -ltnp 'sport = :{port}', stop it or choose another port",
                )
            if error.errno == errno.EACCES:
                return bad(
                    subject,
                    f"{kind}: this user may not listen below 1024",
                    "choose a higher port, or give the service CAP_NET_BIND_SERVICE",
                )
            return bad(
                subject, f"{kind}: {host} cannot be listened on: {error.strerror}", "use an address of this machine"
            )
    if is_running:
        return bad(
            subject,
            f"{kind}: the server runs but does not listen here",
            "restart it: it was started with another configuration",
        )
    return good(subject, f"{kind}: free")
