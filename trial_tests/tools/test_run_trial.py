"""tools/run_trial.py: what it says of tests that pass, fail, print, are skipped, hang or bring their process down."""

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

PROJECT = Path(__file__).parents[2]

_TESTS = '''
import os, signal, time, unittest
from pathlib import Path
from twisted.internet import defer, reactor
from twisted.internet.task import deferLater
from twisted.trial.unittest import SynchronousTestCase, TestCase

class GoodTests(TestCase):
    async def test_waits(self):
        await deferLater(reactor, 0.01)

    def test_prints(self):
        print("said by a test")

    def test_expected_to_fail(self):
        self.assertEqual(1, 2)
    test_expected_to_fail.todo = "later"

class BadTests(SynchronousTestCase):
    def test_error(self):
        raise LookupError("lost")

    def test_failure(self):
        self.assertEqual("one", "two")

    def test_logged(self):
        from twisted.logger import Logger
        try:
            1 / 0
        except ZeroDivisionError:
            Logger().failure("logged by a test")

class SkippedTests(SynchronousTestCase):
    @unittest.skip("not today")
    def test_it(self):
        pass

class LateTests(TestCase):
    timeout = 0.1

    def test_never_fires(self):
        return defer.Deferred()

class BlockingTests(TestCase):
    timeout = 0.5

    def test_a_first(self):
        pass

    def test_b_blocks(self):
        this_is_where_it_hangs()

    def test_c_after(self):
        pass

class DyingTests(SynchronousTestCase):
    def test_it(self):
        os.kill(os.getpid(), signal.SIGKILL)

class AloneTests(SynchronousTestCase):
    def test_own_place(self):
        print("place:", os.getcwd(), os.environ["TEAMGRAM_TEST_PORTS"])

class AlsoAloneTests(AloneTests):
    pass

class MeetingTests(SynchronousTestCase):
    """Passes only while its twin runs in another process."""
    here, there = "met.a", "met.b"

    def test_both_run_at_once(self):
        place = Path(os.environ["MEETING"])
        (place / self.here).touch()
        deadline = time.monotonic() + 20
        while not (place / self.there).exists():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)

class OtherMeetingTests(MeetingTests):
    here, there = "met.b", "met.a"

def this_is_where_it_hangs():
    time.sleep(60)
'''


class RunTrialTests(SynchronousTestCase):
    """The tool as a program, on tests of its own."""

    def setUp(self) -> None:
        self.place = Path(self.mktemp()).absolute()
        (self.place / "samples").mkdir(parents=True)
        (self.place / "samples" / "__init__.py").touch()
        (self.place / "samples" / "test_samples.py").write_text(textwrap.dedent(_TESTS))

    def run_trial(self, *names: str, jobs: int = 2) -> tuple[int, str]:
        """(exit code, what it printed)."""
        command = [sys.executable, "-m", "tools.run_trial", f"-j{jobs}", *names]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TEAMGRAM_TEST")}
        path = {"PYTHONPATH": f"{PROJECT}:{self.place}", "MEETING": str(self.place), "TEAMGRAM_TEST_GRACE": "0.5"}
        done = subprocess.run(
            command,
            cwd=self.place,
            env={**environment, **path},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
        )
        return done.returncode, done.stdout

    def of(self, *classes: str) -> tuple[int, str]:
        """Run these classes."""
        return self.run_trial(*(f"samples.test_samples.{name}" for name in classes))

    def test_all_well(self) -> None:
        """What passed is counted in the last line, skips behind it with their reason; what was printed is there."""
        code, said = self.of("GoodTests", "SkippedTests")
        self.assertEqual((code, said.splitlines()[-1]), (0, "3 passed, 0 failed, 1 skipped"), said)
        self.assertIn("said by a test", said)
        self.assertIn("skipped: not today\n  samples.test_samples.SkippedTests.test_it", said)

    def test_failures_are_whole(self) -> None:
        """Of a failure, an error and a logged failure the traceback is printed, and the run has failed."""
        code, said = self.of("BadTests", "GoodTests")
        self.assertEqual((code, said.splitlines()[-1]), (1, "3 passed, 3 failed"), said)
        for line in ("LookupError: lost", "'one' != 'two'", "ZeroDivisionError", 'raise LookupError("lost")'):
            self.assertIn(line, said)
        self.assertRegex(said, r"BadTests: 3 failed \(")

    def test_a_deferred_that_never_fires(self) -> None:
        """Trial's own timeout."""
        code, said = self.of("LateTests")
        self.assertEqual((code, said.splitlines()[-1]), (1, "0 passed, 1 failed"), said)
        self.assertIn("still running at 0.1 secs", said)

    def test_a_blocked_process(self) -> None:
        """Its stack is printed, that test has failed, and everything else runs."""
        code, said = self.of("BlockingTests", "GoodTests", "SkippedTests", "AloneTests", "AlsoAloneTests")
        self.assertEqual((code, said.splitlines()[-1]), (1, "6 passed, 1 failed, 1 skipped"), said)
        self.assertIn("in this_is_where_it_hangs", said)
        self.assertIn("1 more tests of the class did not run", said)
        self.assertIn("BlockingTests.test_b_blocks", said.splitlines()[-2])

    def test_a_process_that_dies(self) -> None:
        """The test that killed it has failed, and what waited for that process runs in another one."""
        code, said = self.run_trial("samples.test_samples.DyingTests", "samples.test_samples.GoodTests", jobs=1)
        self.assertEqual((code, said.splitlines()[-1]), (1, "3 passed, 1 failed"), said)
        self.assertIn("the process ended with -9", said)

    def test_at_once_and_apart(self) -> None:
        """Two workers run at the same time, each in a directory and with ports of its own."""
        code, said = self.of("MeetingTests", "OtherMeetingTests", "AloneTests", "AlsoAloneTests")
        self.assertEqual((code, said.splitlines()[-1]), (0, "4 passed, 0 failed"), said)
        places = re.findall(r"place: (\S+) (\d+)-(\d+)", said)
        self.assertEqual(len(places), 2, said)
        for directory, first, last in places:
            for other, start, stop in places:
                self.assertEqual(directory == other, (first, last) == (start, stop))
                self.assertTrue(directory == other or int(last) <= int(start) or int(stop) <= int(first))

    def test_what_cannot_be_loaded(self) -> None:
        """A module that breaks and a name that is none are failures; nothing at all is one too."""
        (self.place / "samples" / "test_broken.py").write_text("import no_such_module\n")
        code, said = self.run_trial("samples.test_broken", "samples.test_samples.GoodTests", "samples.nobody")
        self.assertEqual((code, said.splitlines()[-1]), (1, "3 passed, 2 failed"), said)
        self.assertIn("no_such_module", said)
        code, said = self.run_trial("samples.__init__")
        self.assertEqual(code, 1)

    def test_one_method(self) -> None:
        """A test by its name runs alone."""
        code, said = self.of("GoodTests.test_waits")
        self.assertEqual((code, said.splitlines()[-1]), (0, "1 passed, 0 failed"), said)
