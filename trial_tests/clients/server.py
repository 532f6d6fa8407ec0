"""The real server in a process of its own, on free ports and a data directory of its own."""

import os
import random
import re
import shutil
import socket
import sys
from pathlib import Path
from typing import Any

from twisted.internet import defer, error, protocol, task
from twisted.python.failure import Failure

import yaml

PROJECT = Path(__file__).parents[2]

#: Below the ports that the kernel gives to clients: between our look and the server's start nobody is given one.
#: Processes that run tests side by side are told a range each (``tools/run_trial.py``).
_PORTS = range(*map(int, os.environ.get("TEAMGRAM_TEST_PORTS", "12000-32000").split("-")))
_given: set[int] = set()


def free_port() -> int:
    """A TCP port that was free a moment ago, and that nobody in this process was given before."""
    while True:
        port = random.choice(_PORTS)
        if port in _given:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given.add(port)
        return port


def _merged(tree: Any, changes: Any) -> Any:
    if not isinstance(changes, dict):
        return changes
    before = tree if isinstance(tree, dict) else {}
    return {**before, **{key: _merged(before.get(key), value) for key, value in changes.items()}}


class _Output(protocol.ProcessProtocol):
    def __init__(self) -> None:
        self.text = ""
        self.ready: defer.Deferred[None] = defer.Deferred()
        self.ended: defer.Deferred[None] = defer.Deferred()
        self.exit_code: int | None = None

    def outReceived(self, data: bytes) -> None:
        self.text += data.decode(errors="replace")
        if "teamgram is ready" in self.text and not self.ready.called:
            self.ready.callback(None)

    errReceived = outReceived

    def processEnded(self, reason: Failure) -> None:
        if not self.ready.called:
            self.ready.errback(RuntimeError(f"the server ended before it was ready:\n{self.text[-4000:]}"))
        self.exit_code = getattr(reason.value, "exitCode", None)
        self.ended.callback(None)


class RunningServer:
    """``await start()``, ``kill()`` as with -9, ``terminate()`` as with SIGTERM, ``start()`` again."""

    def __init__(
        self, reactor: Any, directory: Path, dsn: str = "sqlite:teamgram.db", redis: str = "", dc_id: int = 2
    ) -> None:
        self._reactor = reactor
        self.directory = directory
        self.config = directory / "etc"
        self.data_dir = directory / "var"
        self.port = free_port()
        self.second_port = free_port()
        self.websocket_port = free_port()
        self.http_port = free_port()
        self.gateway_port = free_port()
        self.bot_api_port = free_port()
        shutil.copytree(PROJECT / "etc", self.config)
        self._rewrite("gnetway.yaml", r"127\.0\.0\.1:10443", f"127.0.0.1:{self.port}")
        self._rewrite("gnetway.yaml", r"127\.0\.0\.1:5222", f"127.0.0.1:{self.second_port}")
        self._rewrite("gnetway.yaml", r"127\.0\.0\.1:11443", f"127.0.0.1:{self.websocket_port}")
        self._rewrite("gnetway.yaml", r"127\.0\.0\.1:8801", f"127.0.0.1:{self.http_port}")
        self._rewrite("botapi.yaml", r"127\.0\.0\.1:8081", f"127.0.0.1:{self.bot_api_port}")
        self._rewrite("authsession.yaml", r"(?m)^  DSN: sqlite.*$", f'  DSN: "{dsn}"')
        self._rewrite("gnetway.yaml", r"(?m)^DcId: 2$", f"DcId: {dc_id}")
        # Most tests count what is in an account; a new one is empty but for those that are about this.
        with (self.config / "bff.yaml").open("a") as file:
            file.write('\nWelcomeMessage: ""\n')
        # Links in tests lead nowhere, and nobody shall be asked for them.
        self._rewrite("bff.yaml", r"(?m)^  Enabled: true$", "  Enabled: false")
        if redis:
            self._rewrite("authsession.yaml", r"(?m)^Cache: memory$", f"Cache:\n  - Host: {redis}")
        if (self.config / "openclaw.yaml").exists():
            self._rewrite("openclaw.yaml", r"\b18789\b", str(self.gateway_port))
            self._rewrite("openclaw.yaml", r"\b3210\b", "0")
        self._output: _Output | None = None
        self._process: Any = None

    def _rewrite(self, file: str, pattern: str, replacement: str) -> None:
        path = self.config / file
        path.write_text(re.sub(pattern, lambda _: replacement, path.read_text()))

    def change(self, file: str, changes: dict[str, Any]) -> None:
        """Merge these keys into one of its YAML files; a list or a plain value takes the place of what was there."""
        path = self.config / file
        path.write_text(yaml.safe_dump(_merged(yaml.safe_load(path.read_text()), changes), sort_keys=False))

    @property
    def output(self) -> str:
        """What it printed and logged since the last start."""
        return self._output.text if self._output else ""

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it runs, or when a signal ended it."""
        return self._output.exit_code if self._output else None

    @property
    def pid(self) -> int:
        """Its process id, for what reads /proc."""
        return int(self._process.pid)

    @property
    def public_key(self) -> str:
        """The server's public key, PEM."""
        return (self.data_dir / "server_public.pem").read_text()

    @property
    def fingerprint(self) -> int:
        """The key's fingerprint as the ready line prints it, signed."""
        match = re.search(r"fingerprint +(-?\d+)", self.output)
        assert match, self.output
        return int(match.group(1))

    @property
    def metrics_addresses(self) -> list[str]:
        """Where its ``/metrics`` are; each has a part of the counts."""
        return [f"127.0.0.1:{self.gateway_port}"]

    @property
    def command(self) -> list[str]:
        """What starts it."""
        twistd = str(Path(sys.executable).with_name("twistd"))
        where = ["--config", str(self.config), "--data-dir", str(self.data_dir)]
        return [twistd, "-n", "--pidfile=", "teamgram", *where]

    async def start(self, terminal: bool = False) -> None:
        """Until it says that it is ready; with a terminal of its own if that is asked for."""
        self._output = _Output()
        environment = dict(os.environ, PYTHONUNBUFFERED="1")
        command = self.command
        self._process = self._reactor.spawnProcess(
            self._output, command[0], command, environment, str(PROJECT), usePTY=terminal
        )
        await self._output.ready

    async def kill(self) -> None:
        """As ``kill -9`` does it."""
        await self._signal("KILL")

    async def terminate(self) -> None:
        """As an operator stops it; waits for the drain."""
        await self._signal("TERM")

    def signal(self, name: str) -> None:
        """Send a signal and wait for nothing: ``HUP``, ``TERM``, …"""
        self._process.signalProcess(name)

    def close_terminal(self) -> None:
        """As closing its window does."""
        self._process.loseConnection()

    async def ended(self) -> None:
        """Until the process is gone."""
        if self._output is not None and not self._output.ended.called:
            gone: defer.Deferred[None] = defer.Deferred()
            self._output.ended.chainDeferred(gone)
            await gone

    async def logged(self, text: str, within: float = 10, after: int = 0) -> None:
        """Until that is in its output, behind the first ``after`` characters."""
        deadline = self._reactor.seconds() + within
        while self.output.find(text, after) < 0:
            if self._reactor.seconds() > deadline:
                raise TimeoutError(f"not logged within {within:g} s: {text}\n{self.output[-3000:]}")
            await task.deferLater(self._reactor, 0.02)

    async def _signal(self, signal: str) -> None:
        if self._output is None or self._output.ended.called:
            return
        try:
            self._process.signalProcess(signal)
        except error.ProcessExitedAlready:
            pass
        await self.ended()
