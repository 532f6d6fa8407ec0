"""The calls that ``openclaw``'s command line makes of a gateway."""

import json

from acceptance_tests.openclaw.program import OpenClawTestCase


class GatewayCommandTests(OpenClawTestCase):
    """What needs no agents."""

    async def test_calls(self) -> None:
        """health and an unknown method."""
        health = await self.json_of("gateway", "call", "health", "--json")
        self.assertTrue(health["ok"])
        text = await self.run_openclaw("gateway", "call", "no.such", fails=True)
        self.assertIn("unknown method: no.such", text)

    async def test_status(self) -> None:
        """Every way to ask whether it is there."""
        self.assertIn("Reachable: yes", await self.run_openclaw("gateway", "probe"))
        await self.run_openclaw("gateway", "status", "--require-rpc")
        status = await self.json_of("status", "--json")
        self.assertTrue(status["gateway"]["reachable"])
        self.assertIn("Agents: main", await self.run_openclaw("health"))

    async def test_system(self) -> None:
        """Events, presence, logs."""
        self.assertIn("ok", await self.run_openclaw("system", "event", "--text", "hi", "--mode", "next-heartbeat"))
        self.assertIn('"mode": "gateway"', await self.run_openclaw("system", "presence"))
        await self.run_openclaw("logs", "--limit", "3", "--plain")
        self.assertEqual((await self.json_of("devices", "list", "--json"))["pending"], [])

    async def test_wrong_token(self) -> None:
        """The reason as the program words it."""
        self.environment["OPENCLAW_GATEWAY_TOKEN"] = "wrong"
        text = await self.run_openclaw(
            "gateway",
            "call",
            "health",
            "--url",
            f"ws://127.0.0.1:{self.server.gateway_port}",
            "--token",
            "wrong",
            fails=True,
        )
        self.assertIn("unauthorized", text)


class AgentCommandTests(OpenClawTestCase):
    """What the agents answer."""

    async def test_agent(self) -> None:
        """A message to the embedded model comes back, as text and as JSON."""
        self.assertIn("hello there", await self.run_openclaw("agent", "--agent", "main", "--message", "hello there"))
        answer = await self.json_of("agent", "--agent", "main", "--message", "again", "--json")
        self.assertEqual(answer["result"]["payloads"][0]["text"], "again")

    async def test_lists(self) -> None:
        """Scheduled jobs and models."""
        self.assertIn("No automations", await self.run_openclaw("cron", "list"))
        job = {
            "name": "nightly",
            "schedule": {"kind": "every", "everyMs": 3_600_000},
            "sessionTarget": "main",
            "wakeMode": "now",
            "payload": {"kind": "systemEvent", "text": "x"},
        }
        await self.run_openclaw("gateway", "call", "cron.add", "--params", json.dumps(job))
        self.assertIn("nightly", await self.run_openclaw("cron", "list"))
        self.environment["OPENCLAW_GATEWAY_PORT"] = str(self.server.gateway_port)
        self.assertIn("echo/echo", await self.run_openclaw("models", "list"))


class NodeCommandTests(OpenClawTestCase):
    """``openclaw node run``, the headless host."""

    async def test_node(self) -> None:
        """It connects, is approved, answers an invocation, and is gone when it is removed."""
        host = self.start_openclaw(
            self.home("node"),
            *("node", "run", "--host", "127.0.0.1", "--port", str(self.server.gateway_port), "--display-name", "box"),
        )
        await host.says("connected")
        pending = (await self.json_of("gateway", "call", "node.pair.list", "--json"))["pending"]
        await self.run_openclaw("nodes", "approve", pending[0]["requestId"])
        answer = await self.json_of(
            *("nodes", "invoke", "--node", "box", "--command", "system.which", "--params", '{"bins":["ls"]}', "--json")
        )
        self.assertTrue(answer["payload"]["bins"]["ls"].endswith("/ls"))
        self.assertIn("box", await self.run_openclaw("nodes", "status"))
