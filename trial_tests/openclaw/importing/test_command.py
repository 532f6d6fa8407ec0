"""``teamgram openclaw import``, as somebody types it."""

import os
import shutil
import sys
from pathlib import Path

from twisted.internet.utils import getProcessOutputAndValue
from twisted.trial.unittest import TestCase

import teamgram
from trial_tests.openclaw.importing.test_bringing_over import fingerprint, of_today

_ETC = Path(teamgram.__file__).parents[1] / "etc"


class CommandTests(TestCase):
    """The whole program."""

    def setUp(self) -> None:
        self.directory = Path(self.mktemp()).absolute()

    async def test_import(self) -> None:
        """Shown, done, and shown as done."""
        directory = self.directory
        theirs = directory / "theirs"
        theirs.mkdir(parents=True)
        of_today(theirs)
        shutil.copytree(_ETC, directory / "etc")

        async def run(*arguments: str) -> str:
            where = ["--config", str(directory / "etc"), "--data-dir", str(directory / "data")]
            command = ["-m", "teamgram.app.command_line", "openclaw", "import", *arguments, *where]
            # A port that nobody listens on, whatever else runs on this machine.
            environment = {**os.environ, "OPENCLAW_GATEWAY_PORT": "1"}
            output, errors, code = await getProcessOutputAndValue(sys.executable, command, environment)
            self.assertEqual(code, 0, output + errors)
            return str(output.decode())

        self.assertIn("nothing was changed", await run(str(theirs)))
        before = fingerprint(theirs)
        done = await run(str(theirs), "--apply")
        self.assertIn("brought over", done)
        self.assertIn('job "shell"', done)
        again = await run(str(theirs))
        self.assertIn("conversations   0; 1 are here already", again)
        self.assertEqual(fingerprint(theirs), before)
        (transcript,) = (directory / "data/openclaw/agents/main/sessions").glob("*.jsonl")
        self.assertIn("hello from the person", transcript.read_text())
