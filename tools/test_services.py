"""Run a command with a private MariaDB, Redis and etcd beside it.

    python tools/test_services.py -- trial trial_tests

All three listen on free ports of 127.0.0.1 only, keep their files in one
temporary directory (in memory where there is room) and are gone when the command has ended, whichever way.
The command finds them by its environment:

    TEAMGRAM_TEST_MYSQL_DSN   user:password@tcp(127.0.0.1:port)/database; the user may create databases
    TEAMGRAM_TEST_REDIS       127.0.0.1:port
    TEAMGRAM_TEST_ETCD        127.0.0.1:port

Missing Debian packages are installed where that is allowed (root), else the
line to type is printed. Nothing but the standard library is needed.
"""

import contextlib
import ctypes
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

#: Program that must be on the PATH: the Debian package that has it.
PACKAGES = {
    "mariadbd": "mariadb-server",
    "mariadb-install-db": "mariadb-server",
    "redis-server": "redis-server",
    "etcd": "etcd-server",
}

#: A file system in memory that Linux machines have, and how much of it must be free; a whole run takes a tenth of that.
MEMORY = "/dev/shm"
MEMORY_BYTES = 4 << 30

READY_WITHIN = 60.0
STOP_WITHIN = 5.0

_PR_SET_PDEATHSIG = 1


class NotReady(Exception):
    """A service ended or did not answer in time."""


def main(arguments: Sequence[str]) -> int:
    """Exit code of the command; 1 when the services cannot be had."""
    if len(arguments) < 2 or arguments[0] != "--":
        print(__doc__, file=sys.stderr)
        return 2
    # Debian keeps servers in sbin, which a normal user's PATH lacks.
    os.environ["PATH"] += ":/usr/local/sbin:/usr/sbin:/sbin"
    if not packages_present():
        return 1
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _exit_on_signal)
    with contextlib.ExitStack() as stack:
        directory = Path(tempfile.mkdtemp(prefix="teamgram-test-", dir=_memory()))
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        try:
            environment = _start_all(directory, stack)
        except NotReady as error:
            print(f"test services: {error}", file=sys.stderr)
            return 1
        return _run(arguments[1:], environment, stack)


def _memory() -> str | None:
    """Where files lie in memory, if there is room: MariaDB waits for the disk at each change of a table, whatever it is
    told, and each test has tables of its own. None: the usual place for temporary files."""
    with contextlib.suppress(OSError):
        room = os.statvfs(MEMORY)
        if room.f_bavail * room.f_frsize >= MEMORY_BYTES and os.access(MEMORY, os.W_OK | os.X_OK):
            return MEMORY
    return None


def _exit_on_signal(number: int, _: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


def packages_present() -> bool:
    """Whether the services' programs are there, installed just now if that may be; what is missing is printed."""
    missing = sorted({package for program, package in PACKAGES.items() if shutil.which(program) is None})
    if not missing:
        return True
    command = ["apt-get", "install", "-y", "--no-install-recommends", *missing]
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        print(f"test services: missing {', '.join(missing)}; type: sudo {' '.join(command)}", file=sys.stderr)
        return False
    print(f"test services: installing {', '.join(missing)}", flush=True)
    # RUNLEVEL=1: the packages would otherwise start system-wide servers, which nobody asked for.
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for step in (["apt-get", "update"], command):
        done = subprocess.run(step, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            print(f"{done.stdout}\ntest services: {' '.join(step)} failed", file=sys.stderr)
            return False
    return all(shutil.which(program) for program in PACKAGES)


class Service:
    """One server process in a process group of its own.

    Args:
        command: makes the command line for a free port.
        ready: whether the server on that port answers; may raise OSError.
    """

    def __init__(
        self, name: str, directory: Path, command: Callable[[int], Sequence[str]], ready: Callable[[int], bool]
    ) -> None:
        self.name = name
        self._log = directory / f"{name}.log"
        self._command = command
        self._ready = ready
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    def start(self, port: int = 0) -> None:
        """Start on that port, or on one that is free now."""
        self.port = port or _free_port()
        with self._log.open("ab") as log:
            self._process = _spawn(self._command(self.port), stdout=log, stderr=log)

    def wait(self) -> None:
        """Return when it answers; once more on another port when somebody took this one meanwhile."""
        deadline = time.monotonic() + READY_WITHIN
        attempts = 3
        while time.monotonic() < deadline:
            assert self._process is not None
            if self._process.poll() is not None:
                attempts -= 1
                if not attempts:
                    break
                self.start()
            with contextlib.suppress(OSError):
                if self._ready(self.port):
                    return
            time.sleep(0.02)
        raise NotReady(
            f"{self.name} did not start; its log ends with:\n{self._log.read_text(errors='replace')[-3000:]}"
        )

    def kill(self) -> None:
        """End it there and then."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """End the whole group, by force if need be."""
        if self._process is not None:
            _stop(self._process)


def _spawn(command: Sequence[str], **streams: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, start_new_session=True, preexec_fn=_die_with_parent, **streams)


def _die_with_parent() -> None:
    """In the child: killed by the kernel when we are, so that even ``kill -9`` of this program leaves nothing."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _stop(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_WITHIN)
            # The leader is gone; whoever else is left in its group goes too.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            return


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _start_all(directory: Path, stack: contextlib.ExitStack) -> dict[str, str]:
    """Start the three at the same time; the environment that tells where they are."""
    install = _install_mariadb(directory)
    stack.callback(_stop, install)
    redis, etcd = redis_service(directory), etcd_service(directory)
    for service in (redis, etcd):
        stack.callback(service.stop)
        service.start()
    if install.wait():
        raise NotReady(f"mariadb-install-db failed:\n{(directory / 'mariadb-install-db.log').read_text()[-3000:]}")
    password = secrets.token_hex(16)
    mariadb = _mariadb(directory, password)
    stack.callback(mariadb.stop)
    mariadb.start()
    for service in (redis, etcd, mariadb):
        service.wait()
    return {
        **os.environ,
        "TEAMGRAM_TEST_MYSQL_DSN": f"teamgram:{password}@tcp(127.0.0.1:{mariadb.port})/teamgram?charset=utf8mb4",
        "TEAMGRAM_TEST_REDIS": f"127.0.0.1:{redis.port}",
        "TEAMGRAM_TEST_ETCD": f"127.0.0.1:{etcd.port}",
    }


def as_this_user() -> list[str]:
    """MariaDB refuses to run as root unless it is told to."""
    return ["--user=root"] if os.geteuid() == 0 else []


@contextlib.contextmanager
def own_redis() -> Iterator[str]:
    """One more Redis, for a program under this one that must not share; its address.

    Raises:
        NotReady: it did not start.
    """
    with contextlib.ExitStack() as stack:
        directory = Path(tempfile.mkdtemp(prefix="teamgram-redis-"))
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        redis = redis_service(directory)
        stack.callback(redis.stop)
        redis.start()
        redis.wait()
        yield f"127.0.0.1:{redis.port}"


def _install_mariadb(directory: Path) -> subprocess.Popen[bytes]:
    command = [
        "mariadb-install-db",
        "--no-defaults",
        f"--datadir={directory / 'mariadb'}",
        "--auth-root-authentication-method=normal",
        "--skip-test-db",
        # The file's real size would be written out in full.
        "--innodb-log-file-size=8M",
        *as_this_user(),
    ]
    with (directory / "mariadb-install-db.log").open("wb") as log:
        return _spawn(command, stdout=log, stderr=log)


def _mariadb(directory: Path, password: str) -> Service:
    first_statements = directory / "first.sql"
    first_statements.touch(mode=0o600)
    first_statements.write_text(
        f"ALTER USER root@localhost IDENTIFIED BY '{secrets.token_hex(16)}';\n"
        f"CREATE USER teamgram@'127.0.0.1' IDENTIFIED BY '{password}';\n"
        "GRANT ALL ON *.* TO teamgram@'127.0.0.1';\n"
        "CREATE DATABASE teamgram CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;\n"
    )

    def command(port: int) -> list[str]:
        return [
            "mariadbd",
            "--no-defaults",
            f"--datadir={directory / 'mariadb'}",
            # Relative to the data directory: a socket's whole path may have 107 bytes only.
            "--socket=mariadb.sock",
            f"--pid-file={directory / 'mariadb.pid'}",
            f"--init-file={first_statements}",
            "--bind-address=127.0.0.1",
            f"--port={port}",
            "--skip-name-resolve",
            # Fast, for nobody needs these databases after the machine's fall.
            "--innodb-flush-log-at-trx-commit=0",
            "--innodb-flush-method=nosync",
            "--innodb-log-file-size=8M",
            "--innodb-buffer-pool-size=64M",
            "--performance-schema=off",
            "--skip-log-bin",
            *as_this_user(),
        ]

    return Service("mariadb", directory, command, answer_of_mariadb)


def answer_of_mariadb(port: int) -> bool:
    """Whether it is there: it greets whoever connects, and does not listen before its first statements have run."""
    return len(_answer(port, b"")) > 4


def redis_service(directory: Path) -> Service:
    """A Redis that keeps nothing."""

    def command(port: int) -> list[str]:
        options = {"port": port, "bind": "127.0.0.1", "dir": directory, "save": "", "appendonly": "no"}
        return ["redis-server", *(str(word) for name, value in options.items() for word in (f"--{name}", value))]

    return Service("redis", directory, command, lambda port: _answer(port, b"PING\r\n").startswith(b"+PONG"))


def etcd_service(directory: Path) -> Service:
    """An etcd of one member; another port is another one."""

    def command(port: int) -> list[str]:
        client, peer = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{_free_port()}"
        # A port of a failed attempt is part of what its data directory remembers.
        return [
            "etcd",
            f"--data-dir={directory / f'etcd-{port}'}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--unsafe-no-fsync",
        ]

    def ready(port: int) -> bool:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1) as answer:
            return b'"true"' in answer.read()

    return Service("etcd", directory, command, ready)


def _answer(port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
        connection.sendall(request)
        return connection.recv(64)


def answer_of(port: int) -> bytes:
    """The first bytes of what an HTTP server on that port says."""
    return _answer(port, b"GET / HTTP/1.0\r\n\r\n")


def _run(command: Sequence[str], environment: dict[str, str], stack: contextlib.ExitStack) -> int:
    try:
        process = _spawn(command, env=environment)
    except OSError as error:
        print(f"test services: {error}", file=sys.stderr)
        return 127
    stack.callback(_stop, process)
    code = process.wait()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
