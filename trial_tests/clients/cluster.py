"""Several processes in the place of the one server that tests of clients run (``tools/run_cluster.py``)."""

import os
import re
import signal
import sys
from pathlib import Path

import yaml

from trial_tests.clients.kept_server import KeptServer
from trial_tests.clients.server import RunningServer

WANTED = "TEAMGRAM_TEST_CLUSTER"
"""1 in the environment: all tests of clients come to a cluster."""


def cluster_command(config: Path, data_dir: Path) -> list[str]:
    """What starts one, with the configuration of a single process."""
    where = ["--config", str(config), "--data-dir", str(data_dir)]
    return [sys.executable, "-m", "tools.run_cluster", *where]


class RunningCluster(RunningServer):
    """As ``RunningServer``."""

    @property
    def command(self) -> list[str]:
        """What starts it."""
        return cluster_command(self.config, self.data_dir)

    @property
    def metrics_addresses(self) -> list[str]:
        """Of the session processes, who count what clients ask for."""
        return session_metrics(self.data_dir)


class KeptCluster(KeptServer):
    """As ``KeptServer``."""

    @property
    def command(self) -> list[str]:
        """What starts it."""
        return cluster_command(self.config, self.data_dir)

    @property
    def metrics_addresses(self) -> list[str]:
        """Of the session processes, who count what clients ask for."""
        return session_metrics(self.data_dir)

    @property
    def pid(self) -> int:
        """Of who holds the clients' connections."""
        return pids_of(self)["gnetway0"]


def session_metrics(data_dir: Path) -> list[str]:
    """Where the session processes of a running cluster have their ``/metrics``."""
    files = sorted((data_dir / "cluster").glob("session*/etc/session.yaml"))
    where = [yaml.safe_load(file.read_text())["Prometheus"] for file in files]
    return [f"{one['Host']}:{one['Port']}" for one in where]


def is_wanted() -> bool:
    """Whether tests that say nothing about it come to a cluster."""
    return os.environ.get(WANTED, "") == "1"


def pids_of(server: RunningServer) -> dict[str, int]:
    """The process ids of a running cluster's members, by name (``bff0``)."""
    found: dict[str, int] = {}
    mark = re.compile(re.escape(str(server.data_dir)) + r"/cluster/([a-z]+\d)/etc")
    for path in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (path / "cmdline").read_text(errors="replace").split("\0")
        except OSError:
            continue
        for name in filter(None, map(mark.fullmatch, arguments)):
            found[name.group(1)] = int(path.name)
    return found


def kill(server: RunningServer, name: str) -> None:
    """``kill -9`` of one member."""
    os.kill(pids_of(server)[name], signal.SIGKILL)
