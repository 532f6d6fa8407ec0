"""Crowds of clients in processes of their own, as ``tools/bench/crowd.py`` has them."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from twisted.internet import protocol
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from tools.bench.crowd import Spec

_PROJECT = Path(__file__).parents[2]


class _Lines(protocol.ProcessProtocol):
    def __init__(self) -> None:
        self.ready: Deferred[None] = Deferred()
        self.figures: Deferred[dict[str, Any]] = Deferred()
        self._text = ""

    def outReceived(self, data: bytes) -> None:
        self._text += data.decode()
        if not self.ready.called and "ready\n" in self._text:
            self.ready.callback(None)

    def errReceived(self, data: bytes) -> None:
        sys.stderr.write(data.decode(errors="replace"))

    def processEnded(self, reason: Failure) -> None:
        lines = self._text.splitlines()
        if self.ready.called and len(lines) == 2:
            self.figures.callback(json.loads(lines[1]))
        else:
            (self.figures if self.ready.called else self.ready).errback(RuntimeError("a crowd ended early"))


class CrowdProcess:
    """``await ready()``, then ``await run()``."""

    def __init__(self, reactor: Any, spec: Spec) -> None:
        self._lines = _Lines()
        self._process = reactor.spawnProcess(
            self._lines, sys.executable, [sys.executable, "-m", "tools.bench.crowd"], env=None, path=str(_PROJECT)
        )
        self._process.write(json.dumps(asdict(spec)).encode() + b"\n")

    async def ready(self) -> None:
        """Until everybody is connected and has encrypted what they will send."""
        await self._lines.ready

    async def run(self) -> dict[str, Any]:
        """Let them begin; their figures at the end."""
        self._process.write(b"go\n")
        return await self._lines.figures
