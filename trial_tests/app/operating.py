"""A running server that an operator edits, signals and looks into."""

from typing import Any

from twisted.internet.defer import Deferred

import treq

from trial_tests.clients.asking import AskingTestCase
from trial_tests.peer.connection import PeerConnection, connect


class OperatingTestCase(AskingTestCase):
    """The operator's side of ``AskingTestCase``."""

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace one piece of text in a configuration file."""
        path = self.server.config / file
        text = path.read_text()
        self.assertEqual(text.count(old), 1, f"{old!r} in {file}")
        path.write_text(text.replace(old, new))

    async def reload(self) -> str:
        """SIGHUP; what was logged of it, one line at least."""
        before = len(self.server.output)
        self.server.signal("HUP")
        await self.server.logged(" reloaded", after=before)
        return self.server.output[before:]

    async def probe(self, path: str) -> tuple[int, str]:
        """Status and text of a path of the control port."""
        response = await treq.get(f"http://127.0.0.1:{self.server.gateway_port}{path}", persistent=False)
        return response.code, await response.text()

    async def scrape(self) -> dict[str, float]:
        """``/metrics``: sample name with its labels to value."""
        _, text = await self.probe("/metrics")
        lines = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
        return {name: float(value) for name, value in lines}

    async def connect_to(self, port: int) -> PeerConnection:
        """A connection to another port than the first."""
        connection = await connect("127.0.0.1", port, "abridged")
        self.addCleanup(lambda: Deferred.fromCoroutine(connection.close()))
        return connection

    async def refused(self, coroutine: Any, *errors: type[Exception]) -> Exception:
        """The exception that a coroutine ends with, one of ``errors``."""
        failure: Exception = await self.assertFailure(Deferred.fromCoroutine(coroutine), *errors)
        return failure
