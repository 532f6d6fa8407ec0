"""``python -m tools.bench [WORD …]``: all short figures, or those whose name has one of the words in it."""

import resource
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from twisted.internet import task
from twisted.internet.defer import Deferred

from tools.bench import encoding, search
from tools.bench.bots import BotBench
from tools.bench.channels import ChannelBench
from tools.bench.control_plane import ControlPlaneBench
from tools.bench.files import FileBench
from tools.bench.groups import GroupBench
from tools.bench.latency import Latency
from tools.bench.memory import Memory
from tools.bench.messenger import Bench
from tools.bench.turns import TurnBench
from trial_tests.clients.server import RunningServer

#: Takes ten minutes and more, nearly all of it waiting.
_ONLY_WHEN_NAMED = frozenset(("memory afterwards",))


async def measure(reactor: Any, words: list[str]) -> None:
    """Run and print, figure by figure."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    for title, measured in (("encoding", encoding.measure), ("search", search.measure)):
        if words and not any(word in title for word in words):
            continue
        for name, seconds in measured().items():
            print(f"{name:<58}{seconds * 1e6:>12.2f} µs", flush=True)
    directory = Path(tempfile.mkdtemp(prefix="teamgram-bench-"))
    server = RunningServer(reactor, directory)
    try:
        await server.start()
        bench = Bench(reactor, server)
        latency = Latency(bench)
        figures = {
            **bench.figures(),
            **GroupBench(bench).figures(),
            **ChannelBench(bench).figures(),
            **TurnBench(reactor).figures(),
            **FileBench(bench).figures(),
            **BotBench(bench).figures(),
            "busy": latency.busy,
            "fairness": latency.fairness,
            **Memory(reactor, server, bench).figures(),
            **ControlPlaneBench(reactor, server).figures(),
        }
        for name, figure in figures.items():
            if not any(word in name for word in words) if words else name in _ONLY_WHEN_NAMED:
                continue
            for line, value in (await figure()).items():
                print(f"{line:<58}{value:>15}", flush=True)
    finally:
        await server.terminate()
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    words = sys.argv[1:]
    task.react(lambda reactor: Deferred.fromCoroutine(measure(reactor, words)))
