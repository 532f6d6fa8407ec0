"""The calls that ``openclaw``'s command line makes of a gateway."""

import json
from typing import Any

from twisted.internet.threads import deferToThread

from acceptance_tests.openclaw.program import OpenClawTestCase
from trial_tests.openclaw.house import DeviceKey
from trial_tests.openclaw.live import SocketClient


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

    async def test_session(self) -> None:
        """A session named by its id keeps it; the call that waits for the final answer gets it."""
        answer = await self.json_of("agent", "--session-id", "mine-1", "--message", "remember", "--json")
        self.assertEqual(answer["result"]["meta"]["agentMeta"]["sessionId"], "mine-1")
        params = json.dumps({"message": "wait for it", "agentId": "main", "idempotencyKey": "k"})
        final = await self.json_of("gateway", "call", "agent", "--params", params, "--expect-final", "--json")
        self.assertEqual((final["status"], final["result"]["payloads"][0]["text"]), ("ok", "wait for it"))
        again = await self.json_of("gateway", "call", "agent", "--params", params, "--expect-final", "--json")
        self.assertEqual(again["result"]["payloads"], final["result"]["payloads"])

    async def test_killed(self) -> None:
        """The command, ended in mid-turn, stops the turn."""
        command = self.start_openclaw(
            self.environment, "agent", "--agent", "main", "--message", "long chunks=600 delay=0.1"
        )
        busy = '"hasActiveRun": true'
        for _ in range(20):
            if busy in await self.run_openclaw("gateway", "call", "sessions.list", "--json"):
                break
        await command.stop()
        self.assertNotIn(busy, await self.run_openclaw("gateway", "call", "sessions.list", "--json"))

    async def test_cron(self) -> None:
        """A job is added, run, listed with its outcome, and removed."""
        added = await self.json_of(
            *("cron", "add", "--name", "hourly", "--every", "1h", "--session", "isolated"),
            *("--message", "wake up", "--json"),
        )
        ran = await self.json_of("cron", "run", added["id"])
        self.assertTrue(ran["ok"])
        runs = await self.json_of("cron", "runs", "--id", added["id"])
        self.assertEqual([(run["status"], run["summary"]) for run in runs["entries"]], [("ok", "wake up")])
        await self.run_openclaw("cron", "rm", added["id"])
        self.assertIn("No automations", await self.run_openclaw("cron", "list"))

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
        """It connects, is approved, answers an invocation; once removed, it has to be approved again."""
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
        self.assertIn("box", await self.run_openclaw("nodes", "list"))
        devices = (await self.json_of("devices", "list", "--json"))["paired"]
        await self.run_openclaw("devices", "remove", devices[0]["deviceId"])
        await host.says("device removed")
        # It is on this machine and has the token, so it comes back by itself; what it offers waits again.
        self.assertIn("Pending: 1", await self.run_openclaw("nodes", "list"))


class DeviceCommandTests(OpenClawTestCase):
    """``openclaw devices``, for a phone that comes from elsewhere."""

    async def test_approve(self) -> None:
        """It waits with a request, is approved by the command line, and gets in."""
        phone = DeviceKey(7)
        refused = await deferToThread(self._connect, phone)
        request_id = refused["error"]["details"]["requestId"]
        self.assertIn(request_id, await self.run_openclaw("devices", "list"))
        await self.run_openclaw("devices", "approve", request_id)
        hello = await deferToThread(self._connect, phone)
        self.assertIn("deviceToken", hello["payload"]["auth"])

    def _connect(self, phone: DeviceKey) -> Any:
        """As a reverse proxy passes a phone on; its response to ``connect``. Blocks."""
        client = SocketClient(self.server.gateway_port, headers="X-Forwarded-For: 192.0.2.7\r\n")
        try:
            return client.connect(phone, auth={"token": self.token})
        finally:
            client.close()


class EveryCommandTests(OpenClawTestCase):
    """The commands that people use most, each of which has to go well against ours."""

    #: Sixteen starts of their program, each of several seconds of CPU.
    timeout = 600

    async def test_all(self) -> None:
        """What they print, where it says something of our gateway."""
        await self.run_openclaw("agent", "--agent", "main", "--message", "hello there")
        for arguments, printed in (
            (["status", "--all"], "reachable"),
            (["sessions"], "sessions"),
            (["agents", "list"], "main"),
            (["cron", "list"], "No automations"),
            (["skills", "list"], "skills"),
            (["approvals", "get", "--gateway"], "approvals"),
            (["nodes", "status"], ""),
            (["nodes", "list"], "Pending"),
            (["devices", "list"], ""),
            (["logs", "--limit", "3", "--plain"], ""),
            (["models", "list"], ""),
            (["channels", "status"], "Gateway"),
            (["doctor", "--non-interactive"], "Gateway"),
        ):
            text = await self.run_openclaw(*arguments)
            self.assertIn(printed.lower(), text.lower(), arguments)
            self.assertNotIn("unknown method", text, arguments)

    async def test_message_send(self) -> None:
        """A message to nobody says so; the method is there."""
        words = ("message", "send", "--channel", "telegram", "--target", "@nobody_of_that_name", "--message", "hi")
        self.assertIn("nobody in the messenger is", await self.run_openclaw(*words, fails=True))

    async def test_approvals(self) -> None:
        """Commands on nodes that want a word: allowed by pattern, listed, taken out again."""
        await self.run_openclaw("approvals", "allowlist", "add", "--gateway", "--agent", "main", "uname")
        self.assertIn("uname", await self.run_openclaw("approvals", "get", "--gateway"))
        await self.run_openclaw("approvals", "allowlist", "remove", "--gateway", "--agent", "main", "uname")
        self.assertNotIn("uname", await self.run_openclaw("approvals", "get", "--gateway"))
