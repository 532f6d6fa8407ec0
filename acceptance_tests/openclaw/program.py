"""The ``openclaw`` program in a home of its own, pointed at a server of ours."""

import fcntl
import json
import os
import re
import shutil
import struct
import tempfile
import termios
from pathlib import Path
from typing import Any

from twisted.internet import error, protocol, reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.internet.utils import getProcessOutputAndValue
from twisted.trial.unittest import TestCase

from trial_tests.clients.server import PROJECT, RunningServer
from trial_tests.openclaw import npm_packages

#: What ``tools/setup_openclaw.sh`` installed.
OPENCLAW = PROJECT / ".test/openclaw/node_modules/openclaw"
_PROGRAM = OPENCLAW / "openclaw.mjs"
_ESCAPES = re.compile(rb"\x1b\[[0-9;?<>=]*[a-zA-Z]|\x1b\][^\x07]*\x07|\x1b[_P][^\x1b]*\x1b\\\\|\x1b[=>]")


class Background(protocol.ProcessProtocol):
    """A program that stays, e.g. a node; keeps what it prints."""

    def __init__(self) -> None:
        self._output = b""
        self.ended: Deferred[None] = Deferred()

    @property
    def text(self) -> str:
        """What it has printed, without what only moves or colours a terminal's letters."""
        return _ESCAPES.sub(b"", self._output).decode(errors="replace")

    def outReceived(self, data: bytes) -> None:
        """Called by Twisted."""
        self._output += data

    errReceived = outReceived

    def processEnded(self, reason: Any) -> None:
        """Called by Twisted."""
        self.ended.callback(None)

    async def says(self, text: str, seconds: float = 40) -> None:
        """Wait until it has printed ``text``."""
        for _ in range(int(seconds * 10)):
            if text in self.text:
                return
            await deferLater(reactor, 0.1)
        raise AssertionError(f"not said: {text}\n{self.text[-4000:]}")

    def types(self, text: str) -> None:
        """As if somebody typed it."""
        self.transport.write(text.encode())

    async def stop(self) -> None:
        """End it."""
        try:
            self.transport.signalProcess("TERM")
        except error.ProcessExitedAlready:
            pass
        await self.ended


class OpenClawTestCase(TestCase):
    """One server of ours, one home of theirs."""

    timeout = 240

    async def setUp(self) -> None:
        """Start the server and write the configuration that the program reads."""
        self.directory = Path(tempfile.mkdtemp(prefix="openclaw-acceptance-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.server = RunningServer(reactor, self.directory)
        await self.server.start()
        self.addCleanup(self.server.terminate)
        self.token = (self.server.data_dir / "gateway.token").read_text().strip()
        self.url = f"ws://127.0.0.1:{self.server.gateway_port}"
        self.environment = self.home("home")

    def tearDown(self) -> None:
        """Whatever the program did, nothing failed in the server without being expected."""
        self.assertNotIn("Traceback", self.server.output)

    def home(self, name: str) -> dict[str, str]:
        """The environment of one installation: a state directory that knows our gateway."""
        home = self.directory / name
        state = home / ".openclaw"
        state.mkdir(parents=True)
        gateway = {"mode": "local", "port": self.server.gateway_port, "auth": {"mode": "token", "token": self.token}}
        (state / "openclaw.json").write_text(json.dumps({"gateway": gateway}))
        path = f"{Path(npm_packages.node()).parent}:{os.environ['PATH']}"
        return {
            "PATH": path,
            "HOME": str(home),
            "OPENCLAW_STATE_DIR": str(state),
            "OPENCLAW_GATEWAY_TOKEN": self.token,
            "NO_COLOR": "1",
        }

    async def run_openclaw(self, *arguments: str, fails: bool = False) -> str:
        """What ``openclaw ARGUMENTS`` prints; its exit code must be as expected."""
        output, errors, code = await getProcessOutputAndValue(
            npm_packages.node(), [str(_PROGRAM), *arguments], env=self.environment, reactor=reactor
        )
        text = output.decode(errors="replace") + errors.decode(errors="replace")
        self.assertEqual(code != 0, fails, text)
        return text

    async def json_of(self, *arguments: str) -> Any:
        """The JSON that it prints."""
        text = await self.run_openclaw(*arguments)
        return json.loads(text[text.index("{") : text.rindex("}") + 1])

    def start_openclaw(self, environment: dict[str, str], *arguments: str) -> Background:
        """``openclaw ARGUMENTS`` that stays."""
        return self.start_node(environment, str(_PROGRAM), *arguments)

    def start_node(self, environment: dict[str, str], *arguments: str) -> Background:
        """A script in Node that stays."""
        program = Background()
        command = [npm_packages.node(), *arguments]
        reactor.spawnProcess(program, command[0], command, env=environment)
        self.addCleanup(program.stop)
        return program

    def start_in_terminal(self, environment: dict[str, str], *arguments: str) -> Background:
        """``openclaw ARGUMENTS`` in a terminal of 100 by 40."""
        program = Background()
        command = [npm_packages.node(), str(_PROGRAM), *arguments]
        environment = {**environment, "TERM": "xterm-256color"}
        transport: Any = reactor.spawnProcess(program, command[0], command, env=environment, usePTY=True)
        fcntl.ioctl(transport.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
        self.addCleanup(program.stop)
        return program
