"""``make bench-cluster``: one process and several, in turns, on the same MariaDB and the same Redis.

Of each: CPU of the whole tree, and of the busiest process, for what a client does.
"""

import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from twisted.internet import task
from twisted.internet.defer import Deferred

from tools.bench.measured import cpu_seconds
from tools.bench.messenger import Bench, Figures
from trial_tests.backends import new_database, service
from trial_tests.clients.cluster import RunningCluster, pids_of
from trial_tests.clients.server import RunningServer


class ProcessBench(Bench):
    """A ``Bench`` that says what each process of the tree spent in the last figure."""

    def members(self) -> dict[str, int]:
        """Process ids by name."""
        return pids_of(self.server) or {"all": self.server.pid}

    async def spent(self, figure: Callable[[], Awaitable[Figures]]) -> tuple[Figures, dict[str, float]]:
        """The figure, and CPU seconds of each process meanwhile, what was prepared for it included."""
        before = {name: cpu_seconds(pid) for name, pid in self.members().items()}
        figures = await figure()
        return figures, {name: cpu_seconds(pid) - before[name] for name, pid in self.members().items()}


async def measure(reactor: Any, rounds: int) -> None:
    """Print each figure as it comes."""
    redis = service("TEAMGRAM_TEST_REDIS")
    for number in range(rounds):
        for title, kind in (("all", RunningServer), ("cluster", RunningCluster)):
            directory = Path(tempfile.mkdtemp(prefix="teamgram-bench-"))
            server = kind(reactor, directory, new_database(), redis)
            try:
                await server.start()
                bench = ProcessBench(reactor, server)
                for figure in (bench.ping, bench.send_message):
                    lines, spent = await bench.spent(figure)
                    [(name, value)] = lines.items()
                    total = sum(spent.values())
                    shares = ", ".join(f"{one} {part / total:.0%}" for one, part in sorted(spent.items()))
                    print(f"{number} {title:<8} {name:<75} {value:>10}   {shares}", flush=True)
            finally:
                await server.terminate()
                shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    task.react(lambda reactor: Deferred.fromCoroutine(measure(reactor, int((sys.argv[1:] or ["2"])[0]))))
