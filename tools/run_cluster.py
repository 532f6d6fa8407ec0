"""Several processes on one machine: a gnetway, session processes and bff processes, as docs/cluster.md has them.

    python -m tools.run_cluster --config etc --data-dir var

Takes a configuration directory as role ``all`` does and makes one for each
process below DATA_DIR/cluster, with ports of 127.0.0.1 that are free now. What
the configuration lacks (Redis) is started beside it. Ends with its
children when it is told to, and they end with it whichever way it ends.
"""

import argparse
import contextlib
import ctypes
import os
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

from tools.test_services import NotReady, own_redis

PROJECT = Path(__file__).parents[1]
READY = "teamgram is ready"
STOP_WITHIN = 40.0

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

    def start(self) -> None:
        """Start it, and pass on what it says."""
        twistd = str(Path(sys.executable).with_name("twistd"))
        where = ["--config", str(self.config), "--data-dir", str(self.data_dir), "--role", self.role]
        self.ready.clear()
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
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)

    def stop(self) -> None:
        """End it, by force if need be."""
        if self._process is None:
            return
        self.signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            self.signal(signal.SIGKILL)
            self._process.wait()


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def free_address() -> str:
    """One of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def lay_out(config: Path, data_dir: Path, sessions: int, bffs: int, redis: str) -> list[Member]:
    """Make a configuration directory for each process, from one for all.

    Args:
        redis: used where the configuration names none.
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
            change(own / "gnetway.yaml", _put(Session={"Endpoints": session_addresses}))
            clients = [{"Endpoints": bff_addresses, "Etcd": {"Key": "bff.bff"}}]
            change(own / "session.yaml", _put_into("BFFProxyClients", Clients=clients))
            if address:
                change(own / f"{role}.yaml", _put(ListenOn=address))
            if redis:
                change(own / "authsession.yaml", _put(Cache=[{"Host": redis}]))
            members.append(Member(name, role, address, own, data_dir))
    return members


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
    """Exit code: of the first member that ended by itself, or 0 after a signal."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, default=Path("etc"))
    parser.add_argument("--data-dir", type=Path, default=Path("var"))
    parser.add_argument("--sessions", type=int, default=2)
    parser.add_argument("--bffs", type=int, default=2)
    options = parser.parse_args(arguments)
    os.environ["PATH"] += ":/usr/local/sbin:/usr/sbin:/sbin"
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: ended.set())
    with contextlib.ExitStack() as stack:
        authsession = yaml.safe_load((options.config / "authsession.yaml").read_text())
        try:
            redis = "" if isinstance(authsession.get("Cache"), list) else stack.enter_context(own_redis())
        except NotReady as error:
            print(f"cluster: {error}", file=sys.stderr)
            return 69
        one_bff = str(authsession.get("Mysql", {}).get("DSN", "sqlite:")).startswith("sqlite:")
        bffs = 1 if one_bff else options.bffs
        members = lay_out(options.config, options.data_dir.absolute(), options.sessions, bffs, redis)
        for member in members:
            stack.callback(member.stop)
            member.start()
        return _wait(members, ended)


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
                print(f"cluster: {member.name} ended with {member.exit_code}", flush=True)
                return member.exit_code or 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
