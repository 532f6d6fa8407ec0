"""A server that several tests share: it goes on when a test ends, and ends with the process that runs the tests."""

import atexit
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from trial_tests.clients.server import PROJECT, RunningServer

READY_SECONDS = 120.0


class KeptServer(RunningServer):
    """``start_and_wait()`` once, ``stop()`` or nothing at the end; in between whoever likes comes to it.

    Not a process of the reactor, for trial would find that left behind after each test.
    """

    def __init__(self, reactor: Any, dsn: str = "sqlite:teamgram.db", redis: str = "", dc_id: int = 2) -> None:
        super().__init__(reactor, Path(tempfile.mkdtemp(prefix="teamgram-kept-")), dsn, redis, dc_id)
        self._log = self.directory / "log"
        self._seen = 0
        self._kept: subprocess.Popen[bytes] | None = None

    def start_and_wait(self) -> None:
        """Until it is ready.

        Raises:
            RuntimeError: it is not, and why.
        """
        with self._log.open("wb") as log:
            environment = dict(os.environ, PYTHONUNBUFFERED="1")
            self._kept = subprocess.Popen(
                self.command, cwd=PROJECT, env=environment, stdout=log, stderr=subprocess.STDOUT
            )
        atexit.register(self.stop)
        deadline = time.monotonic() + READY_SECONDS
        while "teamgram is ready" not in self.output:
            if time.monotonic() > deadline or self._kept.poll() is not None:
                raise RuntimeError(f"the server is not ready:\n{self.output[-4000:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End it at once and remove what it wrote."""
        atexit.unregister(self.stop)
        if self._kept is not None:
            self._kept.kill()
            self._kept.wait()
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def output(self) -> str:
        """What it printed and logged since the start."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def said_since(self) -> str:
        """What it printed and logged since the last call."""
        output = self.output
        seen, self._seen = self._seen, len(output)
        return output[seen:]

    @property
    def pid(self) -> int:
        """Its process id, for what reads /proc."""
        assert self._kept is not None
        return self._kept.pid

    def signal(self, name: str) -> None:
        """Send a signal and wait for nothing: ``HUP``, ``TERM``, …"""
        assert self._kept is not None
        self._kept.send_signal(getattr(signal, f"SIG{name}"))


__all__ = ["KeptServer"]
