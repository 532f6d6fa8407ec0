"""Several processes on one machine: a gnetway, session processes and bff processes, as docs/cluster.md has them.

    python -m tools.run_cluster --config etc --data-dir var

Takes a configuration directory as role ``all`` does and makes one for each
process below DATA_DIR/cluster, with ports of 127.0.0.1 that are free now. With
``--engines`` a MariaDB, a Redis and an etcd are started beside them, with their data below DATA_DIR/cluster, too;
without, the configuration's are used, and a Redis is started if it names none. A process
that dies is started again. Ends with its children when it is told to, and they end with it whichever way it ends.
"""

import argparse
import contextlib
import ctypes
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml

from tools.cluster_engines import Engines, start_engines
from tools.test_services import NotReady, own_redis, packages_present

PROJECT = Path(__file__).parents[1]
READY = "teamgram is ready"
STOP_WITHIN = 40.0
LOCAL_PORTS = Path("/proc/sys/net/ipv4/ip_local_port_range")
_given: set[int] = set()

_PR_SET_PDEATHSIG = 1


class Member:
    """One process of the cluster.

    Args:
        role: what it is for; ``name`` has a number as well.
        address: where its neighbours reach it.
    """

    def __init__(self, name: str, role: str, address: str, config: Path, data_dir: Path) -> None:
        self.name = name
        self.role = role
        self.address = address
        self.config = config
        self.data_dir = data_dir
        self.ready = threading.Event()
        self.banner: list[str] = []
        self._process: subprocess.Popen[str] | None = None
        self._told_to_stop = False

    def start(self) -> None:
        """Start it, and pass on what it says."""
        twistd = str(Path(sys.executable).with_name("twistd"))
        where = ["--config", str(self.config), "--data-dir", str(self.data_dir), "--role", self.role]
        self.ready.clear()
        self._told_to_stop = False
        self._process = subprocess.Popen(
            [twistd, "-n", "--pidfile=", "teamgram", *where],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            cwd=PROJECT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )
        threading.Thread(target=self._pass_on, args=(self._process,), daemon=True).start()

    def _pass_on(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        for line in process.stdout:
            if line.rstrip() == READY:
                self.ready.set()
            elif self.ready.is_set() or "[" in line[:60] or line.startswith("teamgram:"):
                print(f"{self.name} {line}", end="", flush=True)
            else:
                self.banner.append(line)
        self.ready.set()

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process is not None
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it runs."""
        assert self._process is not None
        return self._process.poll()

    def signal(self, number: int) -> None:
        """Send it a signal, unless it is gone."""
        if self._process is not None:
            self._told_to_stop = number == signal.SIGTERM
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)

    def stop(self) -> None:
        """End it, by force if need be."""
        if self._process is None:
            return
        if self._process.poll() is None and not self._told_to_stop:
            self.signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            self.signal(signal.SIGKILL)
            self._process.wait()


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def free_address() -> str:
    """One of 127.0.0.1 that was free a moment ago.

    Below those that the kernel gives to clients: while its process is down nobody comes by it.
    """
    first = int(LOCAL_PORTS.read_text().split()[0]) if LOCAL_PORTS.exists() else 32768
    while True:
        port = random.randrange(max(1024, first - 12_000), first)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in _given:
            _given.add(port)
            return f"127.0.0.1:{port}"


def lay_out(config: Path, data_dir: Path, sessions: int, bffs: int, engines: Engines) -> list[Member]:
    """Make a configuration directory for each process, from one for all.

    Args:
        engines: those that are empty are as the configuration has them; without etcd addresses are written down.
    """
    where = data_dir / "cluster"
    session_addresses = [free_address() for _ in range(sessions)]
    bff_addresses = [free_address() for _ in range(bffs)]
    members = []
    for role, addresses in (("bff", bff_addresses), ("session", session_addresses), ("gnetway", [""])):
        for number, address in enumerate(addresses):
            name = f"{role}{number}"
            own = where / name / "etc"
            shutil.rmtree(own, ignore_errors=True)
            shutil.copytree(config, own)
            if engines.etcd:
                _use_etcd(own, engines.etcd)
            else:
                change(own / "gnetway.yaml", _put(Session={"Endpoints": session_addresses}))
                clients = [{"Endpoints": bff_addresses, "Etcd": {"Key": "bff.bff"}}]
                change(own / "session.yaml", _put_into("BFFProxyClients", Clients=clients))
            host, _, port = free_address().rpartition(":")
            change(own / f"{role}.yaml", _put(Prometheus={"Host": host, "Port": int(port)}))
            if address:
                change(own / f"{role}.yaml", _put(ListenOn=address))
            if engines.redis:
                change(own / "authsession.yaml", _put(Cache=[{"Host": engines.redis}]))
            if engines.dsn:
                change(own / "authsession.yaml", _put(Mysql={"DSN": engines.dsn, "Active": 10}))
            members.append(Member(name, role, address, own, data_dir))
    return members


def _use_etcd(config: Path, etcd: str) -> None:
    """As teamgram's own files have it."""

    def at(key: str) -> dict[str, Any]:
        return {"Etcd": {"Hosts": [etcd], "Key": key}}

    change(config / "gnetway.yaml", _put(**at("interface.gateway"), Session=at("interface.session")))
    change(config / "session.yaml", _put(**at("interface.session"), AuthSession=at("service.authsession")))
    change(config / "session.yaml", _put_into("BFFProxyClients", Clients=[at("bff.bff")]))
    change(config / "bff.yaml", _put(**at("bff.bff")))
    change(config / "authsession.yaml", _put(**at("service.authsession")))


def change(path: Path, how: Callable[[dict[str, Any]], object]) -> None:
    """Change a YAML file."""
    tree = yaml.safe_load(path.read_text())
    how(tree)
    path.write_text(yaml.safe_dump(tree, sort_keys=False))


def _put(**keys: Any) -> Callable[[dict[str, Any]], object]:
    return lambda tree: tree.update(keys)


def _put_into(section: str, **keys: Any) -> Callable[[dict[str, Any]], object]:
    return lambda tree: tree[section].update(keys)


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code: of the first member that could not start, or 0 after a signal."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, default=Path("etc"))
    parser.add_argument("--data-dir", type=Path, default=Path("var"))
    parser.add_argument("--sessions", type=int, default=2)
    parser.add_argument("--bffs", type=int, default=2)
    parser.add_argument("--engines", action="store_true", help="MariaDB, Redis and etcd of its own (Debian's packages)")
    options = parser.parse_args(arguments)
    os.environ["PATH"] += ":/usr/local/sbin:/usr/sbin:/sbin"
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: ended.set())
    data_dir = options.data_dir.absolute()
    with contextlib.ExitStack() as stack:
        try:
            engines = _engines(options, data_dir, stack)
        except (NotReady, subprocess.CalledProcessError) as error:
            print(f"cluster: {error}", file=sys.stderr)
            return 69
        bffs = options.bffs if not _is_sqlite(options.config) or engines.dsn else 1
        members = lay_out(options.config, data_dir, options.sessions, bffs, engines)
        stack.callback(_stop, members)
        for member in members:
            member.start()
        return _wait(members, ended)


def _stop(members: Sequence[Member]) -> None:
    """Session first, so that what is under way is answered while the others are there."""
    for role in ("session", "gnetway", "bff"):
        for member in members:
            if member.role == role:
                member.signal(signal.SIGTERM)
        for member in members:
            if member.role == role:
                member.stop()


def _engines(options: argparse.Namespace, data_dir: Path, stack: contextlib.ExitStack) -> Engines:
    if options.engines:
        if not packages_present():
            raise NotReady("packages are missing")
        return start_engines(data_dir / "cluster" / "engines", stack)
    authsession = yaml.safe_load((options.config / "authsession.yaml").read_text())
    redis = "" if isinstance(authsession.get("Cache"), list) else stack.enter_context(own_redis())
    return Engines("", redis, os.environ.get("TEAMGRAM_CLUSTER_ETCD", ""))


def _is_sqlite(config: Path) -> bool:
    authsession = yaml.safe_load((config / "authsession.yaml").read_text())
    return str(authsession.get("Mysql", {}).get("DSN", "sqlite:")).startswith("sqlite:")


def _wait(members: Sequence[Member], ended: threading.Event) -> int:
    for member in members:
        while not member.ready.wait(0.1):
            if ended.is_set():
                return 0
        if member.exit_code is not None:
            print("".join(member.banner), end="", flush=True)
            return member.exit_code or 69
    for member in members:
        print("".join(member.banner), end="")
    print(READY, flush=True)
    while not ended.wait(0.2):
        for member in members:
            if member.exit_code is not None:
                print(f"cluster: {member.name} ended with {member.exit_code}, and is started again", flush=True)
                member.start()
    return 0


if __name__ == "__main__":
    sys.exit(main())
