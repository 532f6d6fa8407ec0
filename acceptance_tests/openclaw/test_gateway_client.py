"""The client package over a long time: restarts, silence, a server that hangs."""

import json
import os
import signal
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.task import deferLater

from acceptance_tests.openclaw.program import OpenClawTestCase
from trial_tests.openclaw import npm_packages

_SCRIPT = Path(__file__).parent / "npm/long_lived.mjs"
#: The client gives a connection up that brought no frame in twice ``policy.tickIntervalMs``.
_WATCHDOG_SECONDS = 60


class GatewayClientTests(OpenClawTestCase):
    """One client that stays."""

    async def setUp(self) -> None:
        """Connect."""
        await super().setUp()
        module = npm_packages.module("@openclaw/gateway-client/dist/index.mjs")
        environment = {**os.environ, "GATEWAY_CLIENT_MODULE": module}
        self.client = self.start_node(environment, str(_SCRIPT), self.url, self.token)
        await self.client.says('"hello":1')

    def facts(self, name: str) -> list[dict[str, Any]]:
        """What happened, of one name."""
        lines = (json.loads(line) for line in self.client.text.splitlines())
        return [line for line in lines if name in line]

    def ask(self, method: str, **params: Any) -> None:
        """Let the client make a request."""
        self.client.types(json.dumps({"method": method, "params": params}) + "\n")

    def chat(self, message: str, key: str) -> None:
        """Let the client send a message."""
        self.ask("chat.send", sessionKey="main", message=message, idempotencyKey=key)

    async def test_chat(self) -> None:
        """The deltas of a long reply make the text, nothing is missing between them."""
        self.chat("count chunks=200 delay=0.01", "one")
        await self.client.says('"state":"final"')
        text = "".join(fact["delta"] or "" for fact in self.facts("delta"))
        self.assertEqual(text.split(), [f"word{index}" for index in range(200)])
        self.assertEqual(self.facts("gap"), [])

    async def test_restart(self) -> None:
        """Killed in mid-turn and started again: the client comes back by itself, and a replay runs nothing twice."""
        self.chat("count chunks=400 delay=0.05", "one")
        await self.client.says('"state":"delta"')
        await self.server.kill()
        await self.server.start()
        await self.client.says('"hello":2')
        self.chat("count chunks=400 delay=0.05", "one")
        await self.client.says('"chat.send","error"')
        self.chat("and now", "two")
        await self.client.says('"state":"final"')
        self.assertEqual(self.facts("gap"), [])

    async def test_stop(self) -> None:
        """Stopped properly: a shutdown event, then 1012."""
        await self.server.terminate()
        await self.client.says('"close":1012')
        self.assertIn("shutdown", [fact["event"] for fact in self.facts("event")])

    async def test_watchdog(self) -> None:
        """Ticks keep a quiet connection; a server that hangs loses it, and has it again when it is back."""
        await deferLater(reactor, _WATCHDOG_SECONDS + 5)
        self.assertEqual(self.facts("close"), [])
        os.kill(self.server.pid, signal.SIGSTOP)
        try:
            # The client says 4000 "tick timeout"; nobody answers, so it reports its socket as broken off.
            await self.client.says('"close":1006', seconds=2 * _WATCHDOG_SECONDS)
        finally:
            os.kill(self.server.pid, signal.SIGCONT)
        await self.client.says('"hello":2')
        self.assertEqual(self.facts("gap"), [])
