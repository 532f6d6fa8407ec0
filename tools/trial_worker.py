"""One worker of ``tools/run_trial.py``: runs the classes it is told, one after another, and says what happens.

    python -m tools.trial_worker EVENTS_FD DIRECTORY

On stdin a line of JSON for each class: ``{"class": "trial_tests.x.XTests", "methods": ["test_a", …]}``. On the
descriptor ``EVENTS_FD`` a line of JSON for whatever happened, in order:

    {"start": test id}
    {"done": test id, "seconds": wall, "outcome": "passed" | "failed" | "skipped", "text": what was wrong}
    {"class": name, "seconds": wall, "cpu": of this process and of its children that have ended}

What the tests print goes to stdout. A test that blocks the whole process is not stopped by trial's own timeout, which
needs the reactor: a watchdog thread prints the stacks of all threads to stderr and ends the process, ``GRACE_SECONDS``
after the time that the test has.
"""

import faulthandler
import json
import os
import resource
import sys
import time
import traceback
from collections.abc import Iterator
from typing import Any, TextIO

from twisted.python import reflect
from twisted.trial import reporter, runner, unittest
from twisted.trial.itrial import ITestCase
from twisted.trial.util import DEFAULT_TIMEOUT_DURATION

#: Seconds that a test has beyond trial's timeout for it, which includes what cleaning up takes.
GRACE_SECONDS = float(os.environ.get("TEAMGRAM_TEST_GRACE", "60"))


class Events(reporter.Reporter):
    """What trial reports, as lines for the process that started us."""

    def __init__(self, events: TextIO) -> None:
        super().__init__(sys.stdout, "default", False)
        self._events = events
        self._texts: list[str] = []
        self._outcome = "passed"
        self._began = 0.0

    def say(self, **event: Any) -> None:
        """One line."""
        self._events.write(json.dumps(event) + "\n")
        self._events.flush()

    def startTest(self, test: Any) -> None:
        super().startTest(test)
        self._texts, self._outcome = [], "passed"
        self._began = time.monotonic()
        self.say(start=test.id())
        timeout = getattr(test, "getTimeout", lambda: DEFAULT_TIMEOUT_DURATION)()
        faulthandler.dump_traceback_later((timeout or DEFAULT_TIMEOUT_DURATION) + GRACE_SECONDS, exit=True)

    def stopTest(self, test: Any) -> None:
        super().stopTest(test)
        faulthandler.cancel_dump_traceback_later()
        seconds = round(time.monotonic() - self._began, 3)
        self.say(done=test.id(), seconds=seconds, outcome=self._outcome, text="\n".join(self._texts))

    def _failed(self, kind: str, text: str) -> None:
        self._outcome = "failed"
        self._texts.append(f"[{kind}]\n{text}")

    def addFailure(self, test: Any, fail: Any) -> None:
        super().addFailure(test, fail)
        self._failed("FAIL", self._formatFailureTraceback(self.failures[-1][1]))

    def addError(self, test: Any, error: Any) -> None:
        super().addError(test, error)
        self._failed("ERROR", self._formatFailureTraceback(self.errors[-1][1]))

    def addUnexpectedSuccess(self, test: Any, todo: Any = None) -> None:
        super().addUnexpectedSuccess(test, todo)
        self._failed("SUCCESS!?!", f"expected to fail: {todo}")

    def addSkip(self, test: Any, reason: str) -> None:
        super().addSkip(test, reason)
        if self._outcome == "passed":
            self._outcome = "skipped"
            self._texts.append(str(reason))

    def done(self) -> None:
        """The summary is of all workers, and not ours to print."""


class _Told(unittest.TestSuite):
    """The classes of stdin, each loaded when its turn comes."""

    def __init__(self, lines: TextIO) -> None:
        super().__init__()
        self._lines = lines

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def run(self, result: Any, debug: bool = False) -> Any:
        for line in self._lines:
            told = json.loads(line)
            started, cpu = time.monotonic(), _cpu_seconds()
            case = reflect.namedAny(told["class"])
            suite = unittest.TestSuite(case(method) for method in told["methods"])
            unittest.decorate(suite, ITestCase).run(result)
            seconds, cpu = time.monotonic() - started, _cpu_seconds() - cpu
            result.say(**{"class": told["class"]}, seconds=round(seconds, 3), cpu=round(cpu, 3))
        return result


def _cpu_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def main(events_fd: int, directory: str) -> None:
    """Until stdin ends."""
    # Not for our children: the descriptor must be closed when we are gone.
    os.set_inheritable(events_fd, False)
    events = os.fdopen(events_fd, "w", encoding="utf-8")
    told = os.fdopen(os.dup(0), encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    faulthandler.enable()
    running = runner.TrialRunner(lambda *_: Events(events), workingDirectory=directory)
    try:
        running.run(_Told(told))
    except BaseException:
        traceback.print_exc()
        raise


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
