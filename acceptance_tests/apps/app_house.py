"""What every walk begins and ends with: a watched server, a screen, and a look at what was asked."""

import ast
import re
import sys
from pathlib import Path

from twisted.internet.task import deferLater

import treq

from acceptance_tests.apps.asked import Asked, read_asked, refused_often, repeated, unreadable
from acceptance_tests.apps.screen import Screen
from trial_tests.clients.house import HouseTestCase
from trial_tests.clients.server import RunningServer

SECONDS_TO_ANSWER = 60
#: All screenshots, by test.
PICTURES = Path(".test/apps").absolute()


class WatchedServer(RunningServer):
    """One that writes down all that it is asked; with the messages of welcome that it has as shipped."""

    def prepare(self) -> None:
        """As shipped again, where tests of other things want it otherwise."""
        path = self.config / "bff.yaml"
        path.write_text(path.read_text().replace('\nWelcomeMessage: ""\n', "\n"))

    @property
    def asked_file(self) -> Path:
        """Where it writes."""
        return self.directory / "asked.jsonl"

    @property
    def command(self) -> list[str]:
        """What starts it."""
        _, *arguments = super().command
        return [sys.executable, "-m", "acceptance_tests.apps.watched_server", str(self.asked_file), *arguments]


class AppTestCase(HouseTestCase):
    """An app on a screen of its own; fails on what an app should not have to ask, whatever the test itself says."""

    timeout = 480.0
    server_class = WatchedServer
    server: WatchedServer
    #: Methods that the test makes the app ask for though nobody serves them.
    refused_on_purpose: frozenset[str] = frozenset()
    #: Methods that the app asks for with each page that the test opens, and with each thing that it changes in a chat.
    asked_anew: frozenset[str] = frozenset()

    def configure(self) -> None:
        self.server.prepare()

    def open_screen(self) -> Screen:
        """Its screenshots lie in a directory named after the test, which begins empty."""
        place = PICTURES / self.id().rpartition(".")[2].removeprefix("test_")
        for old in place.glob("*.png"):
            old.unlink()
        screen = Screen(place, self.reactor)
        self.addCleanup(screen.close)
        print(f"\nscreenshots: {place}", flush=True)
        return screen

    def asked(self) -> list[Asked]:
        """Every request so far, of every client."""
        return read_asked(self.server.asked_file)

    def login_token(self) -> bytes:
        """What the QR code says that an app was last told to show."""
        shown = [one for one in self.asked() if one.method == "auth.exportLoginToken"][-1]
        token = re.search(r"""token=(b'(?:[^'\\]|\\.)*'|b"(?:[^"\\]|\\.)*")""", shown.answer)
        assert token is not None, shown
        return bytes(ast.literal_eval(token[1]))

    async def pause(self, seconds: float) -> None:
        """Let it draw."""
        await deferLater(self.reactor, seconds)

    async def until_asked(self, method: str, after: int = 0, of: str = "") -> Asked:
        """A request for the method behind the first ``after`` of all, by a client of that version if one is named."""
        for _ in range(4 * SECONDS_TO_ANSWER):
            for one in self.asked()[after:]:
                if one.method == method and (not of or one.client == of):
                    return one
            await self.pause(0.25)
        self.fail(f"{method} was not asked for; the screenshots are in {PICTURES}")

    async def metrics(self) -> str:
        """What the server counted since it was started."""
        response = await treq.get(f"http://127.0.0.1:{self.server.gateway_port}/metrics", persistent=False)
        return str(await response.text())

    async def check_manners(self) -> None:
        """Nothing was answered ≥ 500, repeated without a cause, refused for want of a server, or unreadable."""
        counted = re.findall(r'rpc_errors_total\{code="(-?\d+)",method="([^"]*)"\}', await self.metrics())
        self.assertEqual([one for one in counted if int(one[0]) >= 500], [], "answered with 500 and above")
        unserved = set(re.findall(r"Refusals#\w+\] (\S+) is not served", self.server.output))
        self.assertEqual(unserved - self.refused_on_purpose, set(), "asked for by the app, served by nobody")
        asked = self.asked()
        again = [one for one in repeated(asked) if one.partition("(")[0] not in self.asked_anew]
        self.assertEqual(again, [], "asked again and again")
        self.assertEqual(refused_often(asked), [], "refused, and asked again all the same")
        self.assertEqual(unreadable(asked), [])
