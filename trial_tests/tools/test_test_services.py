"""tools/test_services.py: what it starts is ready, private, and gone afterwards."""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path
from types import ModuleType

from twisted.trial.unittest import SynchronousTestCase

TOOL = Path(__file__).parents[2] / "tools" / "test_services.py"

#: What the command under the tool does: say where it runs and what it was given, then as the test wants.
_REPORT = "import os, sys; print(os.getppid(), *(os.environ[n] for n in sys.argv[2:]), flush=True); exec(sys.argv[1])"
_VARIABLES = ("TEAMGRAM_TEST_MYSQL_DSN", "TEAMGRAM_TEST_REDIS", "TEAMGRAM_TEST_ETCD")


def load_tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("test_services_tool", TOOL)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def children(pid: int) -> list[int]:
    return [int(line) for line in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@unittest.skipUnless(Path("/proc/self").exists(), "needs /proc")
class TestServicesTests(SynchronousTestCase):
    """The tool as a program."""

    def setUp(self) -> None:
        tool = load_tool()
        path = os.environ["PATH"] + ":/usr/sbin"
        missing = [program for program in tool.PACKAGES if shutil.which(program, path=path) is None]
        if missing:
            raise unittest.SkipTest(f"not installed: {', '.join(missing)}")
        self.temporary = Path(self.mktemp()).absolute()
        self.temporary.mkdir()

    def start(self, then: str) -> "subprocess.Popen[str]":
        command = [sys.executable, str(TOOL), "--", sys.executable, "-c", _REPORT, then, *_VARIABLES]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": str(self.temporary)}
        )
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        assert process.stdout is not None
        self.addCleanup(process.stdout.close)
        self.report = process.stdout.readline().split()
        return process

    def assertAllGone(self, pids: list[int]) -> None:
        for _ in range(500):
            if not [pid for pid in pids if Path(f"/proc/{pid}").exists()]:
                return
            time.sleep(0.01)
        self.fail("something still runs")

    def test_exit_code_and_cleanup(self) -> None:
        """The command gets the three addresses, its exit code comes back, and nothing is left."""
        process = self.start("sys.exit(7)")
        self.assertEqual(process.wait(30), 7)
        self.assertEqual(len(self.report), 4)
        self.assertTrue(self.report[1].startswith("teamgram:"))
        self.assertEqual(list(self.temporary.iterdir()), [])

    def test_terminated(self) -> None:
        """SIGTERM ends command and services alike."""
        process = self.start("import time; time.sleep(100)")
        started = children(process.pid)
        self.assertEqual(len(started), 4)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(30), 128 + signal.SIGTERM)
        self.assertAllGone(started)
        self.assertEqual(list(self.temporary.iterdir()), [])

    def test_killed(self) -> None:
        """Even kill -9 leaves no process behind."""
        process = self.start("import time; time.sleep(100)")
        started = children(process.pid)
        process.kill()
        process.wait(30)
        self.assertAllGone(started)


class ServiceTests(SynchronousTestCase):
    """One service."""

    def test_cannot_start(self) -> None:
        """A server that ends at once is given up after a few tries, with the end of its log."""
        tool = load_tool()
        directory = Path(self.mktemp())
        directory.mkdir()
        command = [sys.executable, "-c", "print('the reason'); raise SystemExit(1)"]
        service = tool.Service("broken", directory, lambda port: command, lambda port: False)
        service.start()
        error = self.assertRaises(tool.NotReady, service.wait)
        self.assertIn("the reason", str(error))
