"""The commands that speak to a running control plane, as processes of their own."""

import json
import os
import signal
import socket
import sys
from typing import Any

from twisted.internet import protocol, reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.internet.utils import getProcessOutputAndValue

import yaml

from teamgram.openclaw.agents_service import agents_extension
from trial_tests.openclaw.house import TOKEN, DeviceKey
from trial_tests.openclaw.live import LiveTestCase, SocketClient


class CommandCase(LiveTestCase):
    """A control plane, and the program beside it."""

    extensions = (agents_extension,)
    timeout = 180

    async def setUp(self) -> None:
        """A configuration that names the free port, and a data directory with the token."""
        await super().setUp()
        self.data_dir = self.plane.lifetime.data_dir
        (self.data_dir / "gateway.token").write_text(f"{TOKEN}\n")
        self.etc = self.data_dir / "etc"
        self.etc.mkdir()
        (self.etc / "openclaw.yaml").write_text(yaml.safe_dump({"gateway": {"port": self.port}}))

    def command(self, *words: str) -> list[str]:
        """The process' arguments."""
        return ["-m", "teamgram.app.command_line", *words, "--config", str(self.etc), "--data-dir", str(self.data_dir)]

    async def run_command(self, *words: str, **environment: str) -> tuple[int, str, str]:
        """(exit code, standard output, standard error)."""
        names = {name: value for name, value in os.environ.items() if not name.startswith("OPENCLAW_")}
        output, errors, code = await getProcessOutputAndValue(
            sys.executable, self.command(*words), env={**names, **environment}, reactor=reactor
        )
        return code, output.decode(), errors.decode()


class DeviceCommandsTests(CommandCase):
    """Devices that come through a proxy wait for an operator."""

    config = {"gateway": {"trustedProxies": ["127.0.0.1"]}}

    async def test_devices(self) -> None:
        """Approve and refuse by the beginning of the id; with one left none is needed; revoke."""
        await self.in_thread(self.two_who_wait)
        waiting = {request.display_name: request.request_id for request in self.plane.devices.pairing.pending.values()}
        _, output, _ = await self.run_command("devices", "list")
        for request_id in waiting.values():
            self.assertIn(request_id, output)
        code, _, errors = await self.run_command("devices", "approve")
        self.assertEqual((code, errors.startswith("teamgram: 2 fit; name one: ")), (1, True))
        code, output, _ = await self.run_command("devices", "approve", waiting["Phone"][:13])
        self.assertEqual((code, output), (0, "Phone: approved\n"))
        code, output, _ = await self.run_command("devices", "reject")
        self.assertEqual((code, output), (0, "Stranger: refused\n"))
        self.assertEqual(list(self.plane.devices.pairing.devices), [DeviceKey(1).id])
        code, output, _ = await self.run_command("devices", "revoke", DeviceKey(1).id[:10])
        self.assertEqual((code, output), (0, "Phone: revoked; its connections are closed\n"))
        self.assertEqual(self.plane.devices.pairing.devices, {})
        code, _, errors = await self.run_command("devices", "revoke", "abc")
        self.assertEqual((code, errors), (1, "teamgram: there is no device with abc\n"))

    def two_who_wait(self) -> None:
        """From another address."""
        for number, name in ((1, "Phone"), (2, "Stranger")):
            client = SocketClient(self.port, headers="X-Forwarded-For: 203.0.113.9\r\n")
            about = {"id": "openclaw-ios", "mode": "ui", "displayName": name, "version": "1", "platform": "ios"}
            with self.assertRaisesRegex(AssertionError, "NOT_PAIRED"):
                client.hello(DeviceKey(number), client=about, scopes=["operator.read"])
            client.socket.close()


class GatewayCommandsTests(CommandCase):
    """Each command once, as it is typed."""

    async def test_status(self) -> None:
        """A few lines for people, the answer itself for programs."""
        code, output, errors = await self.run_command("gateway", "status")
        self.assertEqual((code, errors), (0, ""))
        self.assertIn(f"ws://127.0.0.1:{self.port}, version ", output)
        code, output, _ = await self.run_command("gateway", "status", "--json")
        self.assertEqual(json.loads(output)["pid"], os.getpid())

    async def test_call(self) -> None:
        """Any method with any parameters; a refusal is one line and exit code 1."""
        code, output, _ = await self.run_command("gateway", "call", "sessions.create", '{"label": "from a shell"}')
        self.assertEqual((code, json.loads(output)["ok"]), (0, True))
        self.assertEqual(
            await self.run_command("gateway", "call", "no.such"), (1, "", "teamgram: unknown method: no.such\n")
        )
        code, _, errors = await self.run_command("gateway", "call", "health", "{nope")
        self.assertEqual((code, errors.startswith("teamgram: the parameters are no JSON")), (1, True))
        self.assertEqual((await self.run_command("gateway", "call", "health", "[]"))[0], 1)

    async def test_token(self) -> None:
        """The option counts before the environment, that before the file; without any it says where to look."""
        code, _, errors = await self.run_command("gateway", "status", OPENCLAW_GATEWAY_TOKEN="wrong")
        self.assertEqual(code, 1)
        self.assertIn("gateway token mismatch", errors)
        words = ("gateway", "status", "--token", TOKEN)
        self.assertEqual((await self.run_command(*words, OPENCLAW_GATEWAY_TOKEN="wrong"))[0], 0)
        (self.data_dir / "gateway.token").unlink()
        code, _, errors = await self.run_command("gateway", "status")
        self.assertEqual(code, 1)
        self.assertIn("no token", errors)
        self.assertIn("--data-dir", errors)

    async def test_not_running(self) -> None:
        """Says where nobody listens."""
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            url = f"ws://127.0.0.1:{unused.getsockname()[1]}"
        code, _, errors = await self.run_command("gateway", "status", "--url", url)
        self.assertEqual(code, 1)
        self.assertEqual(errors, f"teamgram: nothing listens at {url[5:]}; is the server running? (make run)\n")
        self.assertEqual((await self.run_command("gateway", "status", "--url", "http://x"))[0], 1)

    async def test_nodes(self) -> None:
        """What a node offers is listed, approved, and used by the node's name."""
        node = await self.in_thread(SocketClient, self.port)
        about = {"id": "node-host", "mode": "node", "displayName": "Workshop", "version": "1", "platform": "linux"}

        def hello() -> None:
            node.hello(DeviceKey(3), role="node", scopes=[], commands=["system.which"], client=about)

        await self.in_thread(hello)
        self.addCleanup(node.socket.close)
        _, output, _ = await self.run_command("nodes", "list")
        self.assertIn("Workshop, linux, connected", output)
        self.assertIn("waits for approval", output)
        self.assertEqual((await self.run_command("nodes", "approve"))[:2], (0, "Workshop: approved\n"))

        def answer() -> None:
            while True:
                frame = node.read()
                if frame.get("event") == "node.invoke.request":
                    break
            asked = frame["payload"]
            self.assertEqual(asked["paramsJSON"], '{"bins":["sh"]}')
            result = {"id": asked["id"], "nodeId": asked["nodeId"], "ok": True, "payload": {"sh": "/bin/sh"}}
            node.send({"type": "req", "id": "1", "method": "node.invoke.result", "params": result})

        answering = self.in_thread(answer)
        running = Deferred.fromCoroutine(answering)
        code, output, _ = await self.run_command("nodes", "invoke", "workshop", "system.which", '{"bins":["sh"]}')
        await running
        self.assertEqual((code, json.loads(output)), (0, {"sh": "/bin/sh"}))
        code, _, errors = await self.run_command("nodes", "invoke", "workshop", "system.run")
        self.assertEqual(code, 1)
        self.assertIn("not", errors)

    async def test_agent(self) -> None:
        """The reply, once; tools are named beside it; a failed turn is told and exits with 1."""
        self.assertEqual(
            await self.run_command("agent", "USETOOL chunks=3"),
            (0, "Let me check.\n\nword0 word1 word2\n", "[list_files]\n"),
        )
        code, output, _ = await self.run_command("agent", "hello", "--json", "--session", "other")
        self.assertEqual((code, json.loads(output)["result"]["payloads"][0]["text"]), (0, "hello"))
        code, output, errors = await self.run_command("agent", "FAIL400")
        self.assertEqual(code, 1)
        self.assertIn("the provider rejected the request", output + errors)

    async def test_agent_streams_and_stops(self) -> None:
        """Words appear while the turn goes on; Ctrl-C stops it on the server too."""
        watched = _Watched()
        reactor.spawnProcess(
            watched,
            sys.executable,
            [sys.executable, *self.command("agent", "chunks=500 delay=0.05")],
            env=dict(os.environ),
        )
        await watched.some
        self.assertEqual(self.plane.runs.active(), 1)
        watched.transport.signalProcess(signal.SIGINT)
        await watched.ended
        for _ in range(100):
            if not self.plane.runs.active():
                break
            await deferLater(reactor, 0.02, lambda: None)
        self.assertEqual(self.plane.runs.active(), 0)
        self.assertNotIn(b"Traceback", watched.output)
        self.assertLess(watched.output.count(b"word"), 400)


class _Watched(protocol.ProcessProtocol):
    """A process whose first output is awaited."""

    transport: Any

    def __init__(self) -> None:
        self.some: Deferred[None] = Deferred()
        self.ended: Deferred[None] = Deferred()
        self.output = b""

    def childDataReceived(self, childFD: int, data: bytes) -> None:
        """Called by Twisted."""
        self.output += data
        if b"word1" in self.output and not self.some.called:
            self.some.callback(None)

    def processEnded(self, reason: Any) -> None:
        """Called by Twisted."""
        self.ended.callback(None)
