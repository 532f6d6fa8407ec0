"""The program's own commands against a running gateway."""

import argparse
import contextlib
import io
import json
from pathlib import Path
from typing import Any

import yaml

from teamgram.openclaw import scopes
from teamgram.openclaw.command_line import add_commands
from teamgram.openclaw.router import Call, method
from trial_tests.openclaw.house import TOKEN
from trial_tests.openclaw.live import LiveTestCase


class FakeAgent:
    """Stands in for the agents."""

    def __init__(self, plane: Any) -> None:
        self._plane = plane

    @method("agent", scopes.WRITE)
    def agent(self, call: Call) -> dict[str, Any]:
        """Accepts, streams two pieces, answers again."""
        run_id = call.params["idempotencyKey"]

        def later() -> None:
            for text in ("Hel", "lo"):
                self._plane.events.broadcast("chat", {"runId": run_id, "state": "delta", "deltaText": text})
            call.reply.result({"runId": run_id, "status": "ok", "result": {"payloads": [{"text": "Hello"}]}})

        self._plane.reactor.callLater(0.01, later)
        return {"runId": run_id, "status": "accepted"}


class CommandLineTests(LiveTestCase):
    """Each command, run as the program runs it."""

    async def setUp(self) -> None:
        """Point the commands at the port that was free."""
        await super().setUp()
        self.plane.router.register(FakeAgent(self.plane))
        self.etc = self.service.plane.data_dir
        gateway = {"port": self.port, "auth": {"token": TOKEN}}
        (self.etc / "openclaw.yaml").write_text(yaml.safe_dump({"gateway": gateway}))

    async def run_command(self, *arguments: str, data_dir: Path | None = None) -> tuple[int, str, str]:
        """(exit code, output, errors)."""
        parser = argparse.ArgumentParser()
        commands = parser.add_subparsers()

        def command(name: str, run: object, text: str) -> argparse.ArgumentParser:
            sub = commands.add_parser(name, help=text)
            sub.set_defaults(run=run, config=self.etc, data_dir=data_dir or self.etc)
            return sub

        add_commands(command)
        options = parser.parse_args(arguments)
        output, errors = io.StringIO(), io.StringIO()

        def run() -> int:
            with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
                return int(options.run(options))

        code = await self.in_thread(run)
        return code, output.getvalue(), errors.getvalue()

    async def test_gateway(self) -> None:
        """Status in lines, any method's answer as JSON, refusals as one line on standard error."""
        code, output, _ = await self.run_command("gateway", "status")
        self.assertEqual(code, 0)
        self.assertIn("running", output)
        code, output, _ = await self.run_command("gateway", "call", "health")
        self.assertTrue(json.loads(output)["ok"])
        code, _, errors = await self.run_command("gateway", "call", "no.such")
        self.assertEqual((code, errors), (1, "teamgram: unknown method: no.such\n"))
        code, _, errors = await self.run_command("gateway", "call", "health", "{nope")
        self.assertEqual(code, 1)

    async def test_agent(self) -> None:
        """The answer appears as it is written, once."""
        code, output, _ = await self.run_command("agent", "hi")
        self.assertEqual((code, output), (0, "Hello\n"))

    async def test_devices_and_nodes(self) -> None:
        """Nobody there yet; an unknown request is said."""
        self.assertEqual(await self.run_command("devices", "list"), (0, "", ""))
        self.assertEqual(await self.run_command("nodes", "list"), (0, "", ""))
        code, _, errors = await self.run_command("devices", "approve", "x")
        self.assertEqual((code, errors), (1, "teamgram: unknown requestId\n"))
        code, _, errors = await self.run_command("nodes", "invoke", "x")
        self.assertEqual((code, errors), (1, "teamgram: invoke needs COMMAND\n"))

    async def test_doctor(self) -> None:
        """All well; then a token that others can read and a gateway that does not answer, each with what to do."""
        code, output, _ = await self.run_command("doctor")
        self.assertEqual((code, "BAD" in output), (0, False), output)
        token = self.etc / "gateway.token"
        token.write_text("x")
        token.chmod(0o644)
        code, output, _ = await self.run_command("doctor")
        self.assertEqual(code, 1)
        self.assertIn(f"chmod 600 {token}", output)

    async def test_not_running(self) -> None:
        """No gateway: one line that says so."""
        (self.etc / "openclaw.yaml").write_text("gateway: {port: 1}")
        code, _, errors = await self.run_command("gateway", "status")
        self.assertEqual(code, 1)
        self.assertIn("no token", errors)
