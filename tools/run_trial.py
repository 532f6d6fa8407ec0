"""Run the tests in several processes at once and close with one plain line: ``N passed, N failed``.

    python -m tools.run_trial [-j N] [-v] [--record] trial_tests [more …]

The names are trial's: packages, modules, classes, tests. Each worker (``trial_worker.py``) takes the next class when
it is free, the longest first; it has a temporary directory, a range of ports and, under ``test_services.py``, a Redis
of its own, and each test that wants one a database of its own in the shared MariaDB. So classes do not meet, and a
class runs as it does alone. What a class printed and its failures come out whole when it has ended.

A worker that a test keeps from going on prints the stacks of its threads and ends (``trial_worker.py``); that test
has failed, the rest of its class too, and another worker takes the place.

The exit code is 0 if something ran and nothing failed.
"""

import argparse
import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from twisted.python.filepath import FilePath
from twisted.trial.util import _unusedTestDirectory

from tools.test_services import own_redis
from tools.trial_plan import Plan, TestClass, plan, record

PROGRESS_SECONDS = 10.0
SLOWEST = 10

#: Below the ports that the kernel gives to clients, shared out among the workers (``trial_tests/clients/server.py``).
PORTS = range(12_000, 32_000)


@dataclass
class Totals:
    """What all workers had.

    Attributes:
        failures: (test, what was wrong).
        skips: reason -> tests.
        times: class -> (seconds, CPU seconds).
    """

    passed: int = 0
    failures: list[tuple[str, str]] = field(default_factory=list)
    skips: dict[str, list[str]] = field(default_factory=dict)
    times: dict[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def skipped(self) -> int:
        return sum(map(len, self.skips.values()))


class Worker:
    """A process that runs one class at a time.

    Attributes:
        running: what it runs, or None.
        test: the test that has begun and not ended, or "".
        since: when it was given ``running``, monotonic.
        done: the ``done`` events of the tests of ``running`` that have ended.
        events: the descriptor that its lines come from.
        environment: what it was started with.
        last_words: what it printed while it ended.
    """

    def __init__(self, number: int, directory: Path, environment: dict[str, str]) -> None:
        self.number = number
        self.running: TestClass | None = None
        self.test = ""
        self.since = 0.0
        self.done: list[dict[str, str]] = []
        self.environment = environment
        self.last_words = ""
        self._buffer = b""
        log = directory / f"{number}.log"
        self._output = log.open("wb+")
        self.events, theirs = os.pipe()
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tools.trial_worker", str(theirs), str(directory / str(number))],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                pass_fds=(theirs,),
                start_new_session=True,
                env=environment,
            )
        os.close(theirs)

    @property
    def _told(self) -> IO[bytes]:
        assert self._process.stdin is not None
        return self._process.stdin

    def give(self, one: TestClass) -> None:
        """Run this class."""
        self.running, self.since, self.done, self.test = one, time.monotonic(), [], ""
        line = json.dumps({"class": one.name, "methods": one.methods}) + "\n"
        # One that is gone already is noticed by the end of its events.
        with contextlib.suppress(BrokenPipeError):
            self._told.write(line.encode())
            self._told.flush()

    def lines(self) -> Iterator[dict[str, str]] | None:
        """The events that came since the last call; None when it has ended."""
        data = os.read(self.events, 1 << 16)
        if not data:
            return None
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        return (json.loads(line) for line in lines)

    def printed(self) -> str:
        """What it and its children printed since the last call."""
        return self._output.read().decode(errors="replace").strip()

    def kill(self) -> None:
        """End it and all of its children at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def finish(self) -> int:
        """No more classes; its exit code, once it is gone with all of its children."""
        with contextlib.suppress(BrokenPipeError):
            self._told.close()
        try:
            code = self._process.wait(30.0 if self.running is None else 1.0)
        except subprocess.TimeoutExpired:
            code = -signal.SIGKILL
        self.kill()
        self._process.wait()
        os.close(self.events)
        self.last_words = self.printed()
        self._output.close()
        return code


class Run:
    """All workers, from the first class to the last.

    Args:
        verbose: print every test, not only every class.
    """

    def __init__(self, planned: Plan, directory: Path, environments: list[dict[str, str]], verbose: bool) -> None:
        self.totals = Totals()
        self._waiting = list(planned.classes)
        self._classes = len(planned.classes)
        self._tests = sum(len(one.methods) for one in planned.classes)
        self._directory = directory
        self._environments = environments
        self._verbose = verbose
        self._workers: dict[int, Worker] = {}
        self._selector = selectors.DefaultSelector()
        self._started = time.monotonic()
        self._said = self._started
        self._ended = 0
        for name, error in planned.broken:
            self.totals.failures.append((name, error))
            print(f"{error}\n{name}\n", flush=True)

    def run(self) -> None:
        """Until every class has run."""
        try:
            for environment in self._environments[: len(self._waiting)]:
                self._start(environment)
            while self._workers:
                for key, _ in self._selector.select(1.0):
                    self._hear(self._workers[key.fd])
                if time.monotonic() - self._said >= PROGRESS_SECONDS:
                    self._progress()
        finally:
            for worker in self._workers.values():
                worker.kill()

    def _start(self, environment: dict[str, str]) -> None:
        worker = Worker(len(list(self._directory.glob("*.log"))), self._directory, environment)
        self._workers[worker.events] = worker
        self._selector.register(worker.events, selectors.EVENT_READ)
        worker.give(self._waiting.pop(0))

    def _hear(self, worker: Worker) -> None:
        lines = worker.lines()
        if lines is None:
            self._lost(worker)
            return
        for line in lines:
            if "start" in line:
                worker.test = line["start"]
            elif "done" in line:
                worker.test = ""
                worker.done.append(line)
            else:
                self._class_ended(worker, line)
        if worker.running is None:
            if self._waiting:
                worker.give(self._waiting.pop(0))
            else:
                self._end(worker)

    def _end(self, worker: Worker) -> int:
        self._selector.unregister(worker.events)
        del self._workers[worker.events]
        return worker.finish()

    def _lost(self, worker: Worker) -> None:
        """It ended in the middle of a class: a test blocked it, or brought it down."""
        one = worker.running
        assert one is not None
        code = self._end(worker)
        where = worker.test or f"{one.name} (between tests)"
        not_run = len(one.methods) - len(worker.done) - bool(worker.test)
        text = (
            f"[LOST] the process ended with {code}; {not_run} more tests of the class did not run\n{worker.last_words}"
        )
        worker.done.append({"done": where, "outcome": "failed", "text": text})
        self._report(worker, one, time.monotonic() - worker.since, 0.0, "")
        if self._waiting:
            self._start(worker.environment)

    def _class_ended(self, worker: Worker, line: dict[str, str]) -> None:
        one = worker.running
        assert one is not None and one.name == line["class"]
        self._report(worker, one, float(line["seconds"]), float(line["cpu"]), worker.printed())
        worker.running = None

    def _report(self, worker: Worker, one: TestClass, seconds: float, cpu: float, printed: str) -> None:
        totals = self.totals
        totals.times[one.name] = (seconds, cpu)
        counts = {"passed": 0, "failed": 0, "skipped": 0}
        lines = [printed] if printed else []
        for test in worker.done:
            outcome = test["outcome"]
            counts[outcome] += 1
            if self._verbose:
                lines.append(f"  {test['done']}: {outcome}")
            if outcome == "failed":
                totals.failures.append((test["done"], test["text"]))
                lines.append(f"{'=' * 79}\n{test['text']}\n{test['done']}\n{'-' * 79}")
            elif outcome == "skipped":
                totals.skips.setdefault(test["text"], []).append(test["done"])
        totals.passed += counts["passed"]
        self._ended += 1
        said = ", ".join(f"{number} {outcome}" for outcome, number in counts.items() if number) or "nothing ran"
        lines.append(f"[{self._ended}/{self._classes}] {one.name}: {said} ({seconds:.1f} s, {cpu:.1f} s CPU)")
        print("\n".join(lines), flush=True)
        self._said = time.monotonic()

    def _progress(self) -> None:
        now = self._said = time.monotonic()
        at = [
            f"{worker.test or worker.running.name} ({now - worker.since:.0f} s)"
            for worker in self._workers.values()
            if worker.running
        ]
        ran = self.totals.passed + len(self.totals.failures) + self.totals.skipped
        ran += sum(len(worker.done) for worker in self._workers.values() if worker.running)
        print(f"... {now - self._started:.0f} s, {ran} of {self._tests} tests; now {', '.join(at)}", flush=True)


def _summary(totals: Totals, seconds: float) -> int:
    """Print what is to be known at the end; the exit code."""
    for reason, tests in totals.skips.items():
        print(f"skipped: {reason}\n  " + "\n  ".join(tests))
    slowest = sorted(totals.times.items(), key=lambda one: -one[1][0])[:SLOWEST]
    if sum(wall for _, (wall, _) in slowest) > 1:
        print(f"the slowest of {len(totals.times)} classes, in {seconds:.0f} s altogether:")
        for name, (wall, cpu) in slowest:
            print(f"  {wall:6.1f} s, {cpu:6.1f} s CPU  {name}")
    if totals.failures:
        print("failed (whole above):\n  " + "\n  ".join(name for name, _ in totals.failures))
    skipped = f", {totals.skipped} skipped" if totals.skipped else ""
    print(f"{totals.passed} passed, {len(totals.failures)} failed{skipped}", flush=True)
    return 0 if totals.passed and not totals.failures else 1


def _environment(number: int, workers: int, redis: str) -> dict[str, str]:
    size = len(PORTS) // workers
    ports = PORTS[number * size : (number + 1) * size]
    environment = {**os.environ, "TEAMGRAM_TEST_PORTS": f"{ports.start}-{ports.stop}"}
    if redis:
        environment["TEAMGRAM_TEST_REDIS"] = redis
    return environment


def main(arguments: list[str]) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="run_trial", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("-j", "--jobs", type=int, default=default_jobs(), metavar="N", help="processes at once")
    parser.add_argument("-v", "--verbose", action="store_true", help="print every test")
    parser.add_argument("--record", action="store_true", help="write down how long the classes took")
    parser.add_argument("names", nargs="+")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    started = time.monotonic()
    planned = plan(options.names)
    jobs = max(1, min(options.jobs, len(planned.classes)))
    temporary, lock = _unusedTestDirectory(FilePath("_trial_temp"))
    with contextlib.ExitStack() as stack:
        stack.callback(lock.unlock)
        redis = [""] * jobs
        if os.environ.get("TEAMGRAM_TEST_REDIS"):
            redis = [stack.enter_context(own_redis()) for _ in range(jobs)]
        environments = [_environment(number, jobs, address) for number, address in enumerate(redis)]
        run = Run(planned, Path(temporary.path), environments, options.verbose)
        run.run()
    if options.record:
        record({name: seconds for name, (seconds, _) in run.totals.times.items()})
    return _summary(run.totals, time.monotonic() - started)


def default_jobs() -> int:
    """One for each core that we may use, and one more: much of the time of tests is waiting."""
    return len(os.sched_getaffinity(0)) + 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
