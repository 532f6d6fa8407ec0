"""The published npm package ``@openclaw/gateway-client`` against a real port."""

import json
import os
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.utils import getProcessOutputAndValue

from trial_tests.openclaw import npm_packages
from trial_tests.openclaw.house import TOKEN
from trial_tests.openclaw.live import LiveTestCase

_MODULE = "@openclaw/gateway-client/dist/index.mjs"
_SCRIPT = Path(__file__).parent / "npm/gateway_client.mjs"


class GatewayClientTests(LiveTestCase):
    """OpenClaw's own client."""

    async def drive(self, *arguments: str) -> list[dict[str, Any]]:
        """Run the client; the facts it printed."""
        url = f"ws://127.0.0.1:{self.port}"
        environment = {**os.environ, "GATEWAY_CLIENT_MODULE": npm_packages.module(_MODULE)}
        output, errors, _ = await getProcessOutputAndValue(
            npm_packages.node(), [str(_SCRIPT), url, *arguments], env=environment, reactor=reactor
        )
        facts = [json.loads(line) for line in output.decode().splitlines()]
        self.assertTrue(facts, errors.decode())
        return facts

    async def test_operator(self) -> None:
        """Hello with the scopes asked for, requests, an error with its text, a clean end, no gap."""
        facts = await self.drive(TOKEN)
        self.assertEqual(
            [fact for fact in facts if "event" not in fact],
            [
                {
                    "hello": 4,
                    "auth": "token",
                    "scopes": ["operator.read", "operator.write", "operator.admin"],
                    "deviceToken": False,
                },
                {"method": "health", "ok": True, "kind": "object"},
                {"method": "status", "ok": True, "kind": "object"},
                {"method": "system-presence", "ok": True, "kind": "array"},
                {"method": "no.such", "ok": False, "message": "unknown method: no.such"},
                {"done": True},
                {"close": 1000, "reason": ""},
            ],
        )

    async def test_device(self) -> None:
        """A signed connect is approved silently and brings a device token."""
        facts = await self.drive(TOKEN, bytes(range(32)).hex())
        self.assertTrue(facts[0]["deviceToken"])

    async def test_node(self) -> None:
        """A node gets in as a node, and operators' methods are not for it."""
        facts = await self.drive(TOKEN, bytes(range(1, 33)).hex(), "node")
        self.assertIn({"method": "health", "ok": True, "kind": "object"}, facts)
        self.assertIn({"method": "node.list", "ok": False, "message": "unauthorized role: node"}, facts)

    async def test_wrong_token(self) -> None:
        """The client gives the reason as it was sent."""
        (fact,) = await self.drive("wrong")
        self.assertEqual(fact, {"connectError": "unauthorized: gateway token mismatch (provide gateway auth token)"})
