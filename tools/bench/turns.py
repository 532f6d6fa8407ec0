"""How long a turn of the reactor takes while many are told something: nobody else is answered meanwhile."""

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from twisted.internet.task import deferLater

from tools.bench.groups import GroupBench
from tools.bench.messenger import IN_FLIGHT, Bench, Figures
from tools.bench.timed_server import TURNS_FILE
from trial_tests.clients.server import RunningServer

SIZE = 150
AT_MOST = 0.003
_IDLE = 0.00005
"""Shorter turns have only looked at a timer."""


class TimedServer(RunningServer):
    """One that notes its turns in ``turns_file``."""

    @property
    def turns_file(self) -> Path:
        """Where they are written."""
        return self.directory / "turns"

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-m", "tools.bench.timed_server", *super().command[1:]]

    async def start(self, terminal: bool = False) -> None:
        os.environ[TURNS_FILE] = str(self.turns_file)
        await super().start(terminal)

    async def turns(self) -> list[float]:
        """Seconds of each turn since the last call, the longest last."""
        self.turns_file.unlink(missing_ok=True)
        os.kill(self.pid, signal.SIGUSR2)
        while not self.turns_file.exists():
            await deferLater(self._reactor, 0.05)
        return sorted(seconds for seconds in map(float, self.turns_file.read_text().split()) if seconds > _IDLE)


class TurnBench:
    """Figures of a server of its own."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor

    def figures(self) -> dict[str, Callable[[], Awaitable[Figures]]]:
        """Name -> what measures it."""
        return {"group turns": self.group}

    async def group(self) -> Figures:
        """Messages to a group in which all are online."""
        directory = Path(tempfile.mkdtemp(prefix="teamgram-turns-"))
        server = TimedServer(self._reactor, directory)
        try:
            await server.start()
            bench = GroupBench(Bench(self._reactor, server))
            await bench.sent_to(SIZE, server.turns)
            turns = await server.turns()
        finally:
            await server.terminate()
            shutil.rmtree(directory, ignore_errors=True)
        return {
            f"turns for a group of {SIZE}, {IN_FLIGHT} in flight": str(len(turns)),
            f"of these over {AT_MOST * 1e3:.0f} ms (none)": str(sum(seconds > AT_MOST for seconds in turns)),
            "the longest": f"{turns[-1] * 1e3:.1f} ms",
        }
