"""MariaDB, Redis and etcd for a cluster on one machine: theirs are the data below one directory, kept when they end.

Debian's packages, installed where that is allowed, on free ports of 127.0.0.1.
"""

import contextlib
import secrets
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tools.test_services import Service, answer_of_mariadb, as_this_user, etcd_service, redis_service


@dataclass(frozen=True)
class Engines:
    """Where they are."""

    dsn: str
    redis: str
    etcd: str


def start_engines(directory: Path, stack: contextlib.ExitStack) -> Engines:
    """Start the three, and end them with the stack.

    Raises:
        NotReady: one did not start.
        CalledProcessError: MariaDB's directory could not be made.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    password_file = directory / "mariadb.password"
    if not password_file.exists():
        password_file.touch(mode=0o600)
        password_file.write_text(secrets.token_hex(16))
    password = password_file.read_text()
    redis, etcd, mariadb = redis_service(directory), etcd_service(directory), _mariadb(directory, password)
    for service in (redis, etcd, mariadb):
        stack.callback(service.stop)
        service.start()
    for service in (redis, etcd, mariadb):
        service.wait()
    return Engines(
        f"teamgram:{password}@tcp(127.0.0.1:{mariadb.port})/teamgram?charset=utf8mb4&parseTime=true",
        f"127.0.0.1:{redis.port}",
        f"127.0.0.1:{etcd.port}",
    )


def _mariadb(directory: Path, password: str) -> Service:
    data = directory / "mariadb"
    if not (data / "mysql").is_dir():
        install = ["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--skip-test-db", *as_this_user()]
        install.append("--auth-root-authentication-method=normal")
        subprocess.run(install, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    statements = directory / "first.sql"
    statements.touch(mode=0o600)
    statements.write_text(
        f"CREATE USER IF NOT EXISTS teamgram@'127.0.0.1' IDENTIFIED BY '{password}';\n"
        "GRANT ALL ON teamgram.* TO teamgram@'127.0.0.1';\n"
        "CREATE DATABASE IF NOT EXISTS teamgram CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;\n"
        f"ALTER USER root@localhost IDENTIFIED BY '{secrets.token_hex(16)}';\n"
    )

    def command(port: int) -> list[str]:
        return [
            "mariadbd",
            "--no-defaults",
            f"--datadir={data}",
            "--socket=mariadb.sock",
            f"--pid-file={directory / 'mariadb.pid'}",
            f"--init-file={statements}",
            "--bind-address=127.0.0.1",
            f"--port={port}",
            "--skip-name-resolve",
            "--innodb-buffer-pool-size=128M",
            "--skip-log-bin",
            *as_this_user(),
        ]

    return Service("mariadb", directory, command, answer_of_mariadb)
