"""The commands that speak to a running control plane, as processes of their own, and ``teamgram doctor``."""

import contextlib
import io
import json
import os
import shutil
import signal
import socket
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any

from twisted.internet import protocol, reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.internet.utils import getProcessOutputAndValue
from twisted.trial.unittest import SynchronousTestCase

import yaml

from teamgram.app import doctor
from teamgram.app.doctor import Verdict
from teamgram.openclaw.agent.extension import agents_extension
from trial_tests.openclaw.house import TOKEN, DeviceKey
from trial_tests.openclaw.live import LiveTestCase, SocketClient, temporary_directory

_ETC = Path(__file__).resolve().parent.parent.parent / "etc"


class GatewayCommandsTests(LiveTestCase):
    """Each command once, as it is typed."""

    config = {"gateway": {"trustedProxies": ["127.0.0.1"]}}
    extensions = (agents_extension,)
    timeout = 60

    async def setUp(self) -> None:
        """A configuration that names the free port, and a data directory with the token."""
        await super().setUp()
        self.data_dir = self.plane.data_dir
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

    def two_who_wait(self) -> None:
        """From another address."""
        for number, name in ((1, "Phone"), (2, "Stranger")):
            client = SocketClient(self.port, headers="X-Forwarded-For: 203.0.113.9\r\n")
            about = {"id": "openclaw-ios", "mode": "ui", "displayName": name, "version": "1", "platform": "ios"}
            with self.assertRaisesRegex(AssertionError, "NOT_PAIRED"):
                client.hello(DeviceKey(number), client=about, scopes=["operator.read"])
            client.socket.close()

    async def test_devices(self) -> None:
        """Approve and refuse by the beginning of the id; with one left none is needed; revoke."""
        await self.in_thread(self.two_who_wait)
        waiting = {request.display_name: request.request_id for request in self.plane.pairing.pending.values()}
        _, output, _ = await self.run_command("devices", "list")
        for request_id in waiting.values():
            self.assertIn(request_id, output)
        code, _, errors = await self.run_command("devices", "approve")
        self.assertEqual((code, errors.startswith("teamgram: 2 fit; name one: ")), (1, True))
        code, output, _ = await self.run_command("devices", "approve", waiting["Phone"][:13])
        self.assertEqual((code, output), (0, "Phone: approved\n"))
        code, output, _ = await self.run_command("devices", "reject")
        self.assertEqual((code, output), (0, "Stranger: refused\n"))
        self.assertEqual(list(self.plane.pairing.devices), [DeviceKey(1).id])
        code, output, _ = await self.run_command("devices", "revoke", DeviceKey(1).id[:10])
        self.assertEqual((code, output), (0, "Phone: revoked; its connections are closed\n"))
        self.assertEqual(self.plane.pairing.devices, {})
        code, _, errors = await self.run_command("devices", "revoke", "abc")
        self.assertEqual((code, errors), (1, "teamgram: there is no device with abc\n"))

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
        reactor.spawnProcess(  # type: ignore[attr-defined]
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
            await deferLater(reactor, 0.02, lambda: None)  # type: ignore[arg-type]
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


class DoctorTests(SynchronousTestCase):
    """Each thing that can be wrong is found, with what to do."""

    def setUp(self) -> None:
        """The shipped configuration on free ports, and a data directory as a start leaves it."""
        self.directory = temporary_directory()
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.etc, self.data_dir = self.directory / "etc", self.directory / "var"
        shutil.copytree(_ETC, self.etc)
        self.data_dir.mkdir(mode=0o700)
        self.edit(
            "gnetway.yaml", lambda tree: [each.update(Addresses=["127.0.0.1:0"]) for each in tree["Gnetway"]["Server"]]
        )
        self.edit("openclaw.yaml", lambda tree: tree["gateway"].update(port=0))
        self.token = self.data_dir / "gateway.token"
        self.token.write_text("0123456789abcdef0123456789abcdef\n")
        self.token.chmod(0o600)

    def edit(self, name: str, change: Any) -> None:
        """Change a file of the configuration."""
        tree = yaml.safe_load((self.etc / name).read_text())
        change(tree)
        (self.etc / name).write_text(yaml.safe_dump(tree))

    def wrong(self, subject: str) -> list[tuple[str, str]]:
        """(text, fix) of what is wrong about a subject; everything else must be well."""
        found = [each for each in doctor.look(self.etc, self.data_dir) if each.verdict is Verdict.BAD]
        self.assertEqual({each.subject for each in found}, {subject} if found else set())
        for each in found:
            self.assertTrue(each.fix, each)
        return [(each.text, each.fix) for each in found]

    def examine(self) -> tuple[int, str]:
        """Exit code and what was printed."""
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            code = doctor.examine(self.etc, self.data_dir)
        return code, output.getvalue()

    def test_well(self) -> None:
        """Nothing is wrong, and it says so with exit code 0."""
        self.assertEqual(self.wrong("nothing"), [])
        code, output = self.examine()
        self.assertEqual(code, 0)
        self.assertTrue(output.endswith("\nnothing is wrong\n"))
        shutil.rmtree(self.data_dir)
        self.assertEqual(self.wrong("nothing"), [])

    def test_configuration(self) -> None:
        """An unknown key is named with its file; the other checks go on."""
        self.edit("openclaw.yaml", lambda tree: tree["gateway"].update(prot=1))
        ((text, _),) = self.wrong("configuration")
        self.assertIn("prot", text)
        code, output = self.examine()
        self.assertEqual(code, 1)
        self.assertTrue(output.endswith("\n1 thing to put right\n"))

    def test_permissions(self) -> None:
        """A token that others can read, a directory that others can write."""
        self.token.chmod(0o644)
        self.assertEqual(self.wrong("permissions")[0][1], f"chmod 600 {self.token}")
        self.token.chmod(0o600)
        self.data_dir.chmod(0o777)
        self.assertEqual(self.wrong("data directory")[0][1], f"chmod 700 {self.data_dir}")

    def test_token(self) -> None:
        """An empty token file."""
        self.token.write_text("")
        self.assertIn(f"rm {self.token}", self.wrong("gateway token")[0][1])

    def test_open_gateway(self) -> None:
        """No authentication beyond loopback."""
        self.edit("openclaw.yaml", lambda tree: tree["gateway"].update(bind="lan", auth={"mode": "none"}))
        self.assertIn("gateway.auth", self.wrong("configuration")[0][0])

    def test_ports(self) -> None:
        """A port that another program has; a port of an address that is not ours."""
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            port = other.getsockname()[1]
            self.edit("openclaw.yaml", lambda tree: tree["gateway"].update(port=port))
            self.assertIn("another program has it", self.wrong(f"port {port}")[0][0])
        self.edit("openclaw.yaml", lambda tree: tree["gateway"].update(bind="custom", customBindHost="203.0.113.1"))
        self.assertIn("cannot be listened on", self.wrong(f"port {port}")[0][0])

    def test_disk(self) -> None:
        """Too little room."""
        full = shutil._ntuple_diskusage(10**10, 10**10, 10**6)  # type: ignore[attr-defined]
        self.patch(shutil, "disk_usage", lambda path: full)
        self.assertIn("make room", self.wrong("disk")[0][1])

    def test_database(self) -> None:
        """One that is whole, one that is damaged, one that nobody answers for."""
        path = self.data_dir / "teamgram.db"
        with sqlite3.connect(path) as connection:
            connection.executescript("CREATE TABLE t (a); INSERT INTO t VALUES (randomblob(20000));")
        connection.close()
        self.assertEqual(self.wrong("nothing"), [])
        content = bytearray(path.read_bytes())
        content[4096:8192] = bytes(4096)
        path.write_bytes(content)
        self.assertEqual(len(self.wrong("database")), 1)
        path.write_bytes(b"no database at all, but long enough to be looked at" * 20)
        self.assertEqual(len(self.wrong("database")), 1)
        self.edit("authsession.yaml", lambda tree: tree["Mysql"].update(DSN="user:hidden@tcp(127.0.0.1:1)/x"))
        ((text, _),) = self.wrong("database")
        self.assertNotIn("hidden", text)

    def test_clock(self) -> None:
        """Set back since the last start."""
        later = time.time() + 3600
        os.utime(self.token, (later, later))
        self.assertIn("set back", self.wrong("clock")[0][0])


class DoctorBesideServerTests(LiveTestCase):
    """Beside a running server."""

    async def test_running(self) -> None:
        """Its port is served, and it is ready; when it goes down that is said."""
        etc = self.plane.data_dir / "etc"
        shutil.copytree(_ETC, etc)
        (etc / "openclaw.yaml").write_text(yaml.safe_dump({"gateway": {"port": self.port, "auth": {"token": TOKEN}}}))

        async def found() -> dict[str, doctor.Finding]:
            findings = await self.in_thread(lambda: list(doctor.look(etc, self.plane.data_dir)))
            return {each.subject: each for each in findings}

        looked = await found()
        self.assertIs(looked["server"].verdict, Verdict.GOOD)
        self.assertEqual(looked[f"port {self.port}"].text, "gateway: served")
        self.plane.draining = True
        self.assertIn("not ready: draining", (await found())["server"].text)
