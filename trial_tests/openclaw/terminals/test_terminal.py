"""Shells for admins: real processes in a pseudo-terminal, over a real socket."""

import base64
import json
from typing import Any

from teamgram.openclaw.agents_service import agents_extension
from trial_tests.openclaw import published_shapes
from trial_tests.openclaw.agent.agents import AgentsTestCase
from trial_tests.openclaw.live import LiveTestCase, SocketClient


class SwitchedOffTests(AgentsTestCase):
    """As shipped."""

    def test_switched_off(self) -> None:
        """Every method says so."""
        for method, params in (
            ("terminal.open", {"cols": 80, "rows": 24}),
            ("terminal.list", {}),
            ("terminal.input", {"sessionId": "x", "data": "ls\n"}),
            ("terminal.attach", {"sessionId": "x"}),
        ):
            self.assertIn("terminal is disabled", self.client.request(method, params)["error"]["message"])


class ShellTests(LiveTestCase):
    """Switched on."""

    extensions = (agents_extension,)
    config = {"gateway": {"terminal": {"enabled": True, "shell": "/bin/sh", "detachedSessionTimeoutSeconds": 1}}}

    async def client(self) -> SocketClient:
        found = await self.in_thread(SocketClient, self.port)
        await self.in_thread(found.connect)
        self.addCleanup(found.close)
        return found

    async def ask(self, client: SocketClient, method: str, **params: Any) -> Any:
        """The answer to a request; events before it are kept in ``self.output`` and ``self.ends``."""

        def run() -> Any:
            client.send({"type": "req", "id": method, "method": method, "params": params})
            while True:
                frame = client.read()
                self.note(frame)
                if frame.get("id") == method:
                    return frame

        return await self.in_thread(run)

    output = ""

    def note(self, frame: Any) -> None:
        if frame.get("event") == "terminal.data":
            assert published_shapes.problem("TerminalDataEvent", frame["payload"]) is None
            self.output += frame["payload"]["data"]
        elif frame.get("event") == "terminal.exit":
            assert published_shapes.problem("TerminalExitEvent", frame["payload"]) is None
            self.ends = [*getattr(self, "ends", []), frame["payload"]]

    async def until(self, client: SocketClient, text: str) -> None:
        """Read until the shell has written something, or has ended."""

        def run() -> None:
            while text not in self.output and not getattr(self, "ends", None):
                self.note(client.read())

        await self.in_thread(run)

    async def opened(self, client: SocketClient) -> str:
        answer = await self.ask(client, "terminal.open", cols=80, rows=24)
        self.assertIsNone(published_shapes.problem("TerminalOpenResult", answer["payload"]))
        return str(answer["payload"]["sessionId"])

    async def test_shell(self) -> None:
        """Typed, answered, resized, given a file, ended; its environment has no secrets of ours."""
        client = await self.client()
        session = await self.opened(client)
        await self.ask(client, "terminal.resize", sessionId=session, cols=101, rows=31)
        await self.ask(client, "terminal.input", sessionId=session, data="stty size; echo $((6*7)); env\n")
        await self.until(client, "42")
        self.assertIn("31 101", self.output)
        content = base64.b64encode(b"of the file\n").decode()
        uploaded = await self.ask(client, "terminal.upload", sessionId=session, name="../a.txt", contentBase64=content)
        self.assertIsNone(published_shapes.problem("TerminalUploadResult", uploaded["payload"]))
        await self.ask(client, "terminal.input", sessionId=session, data=f"cat {uploaded['payload']['path']}\n")
        await self.until(client, "of the file")
        listed = await self.ask(client, "terminal.list")
        self.assertIsNone(published_shapes.problem("TerminalListResult", listed["payload"]))
        await self.ask(client, "terminal.input", sessionId=session, data="exit 3\n")
        await self.until(client, "\0")
        self.assertEqual((self.ends[0]["exitCode"], self.ends[0]["reason"]), (3, "process_exit"))
        self.assertNotIn("OPENCLAW", self.output)
        self.assertEqual((await self.ask(client, "terminal.list"))["payload"], {"sessions": []})

    async def test_much(self) -> None:
        """A program that prints much is slowed down to its reader, and nothing of it is lost."""
        client = await self.client()
        session = await self.opened(client)
        await self.ask(client, "terminal.input", sessionId=session, data="stty -echo; seq 1 60000; echo en''d\n")
        await self.until(client, "end")
        self.assertIn("\r\n59999\r\n60000\r\n", self.output)
        self.assertEqual(
            self.output.count("\r\n"),
            self.output[: self.output.rfind("end")].count("\r\n") + self.output.count("end\r\n"),
        )
        await self.ask(client, "terminal.close", sessionId=session)

    async def test_attached_elsewhere(self) -> None:
        """Another client takes it over with what was written; whose it was may type no more; left alone, it ends."""
        first, second = await self.client(), await self.client()
        session = await self.opened(first)
        await self.ask(first, "terminal.input", sessionId=session, data="echo he''re\n")
        await self.until(first, "here")
        answer = await self.ask(second, "terminal.attach", sessionId=session)
        self.assertIsNone(published_shapes.problem("TerminalAttachResult", answer["payload"]))
        self.assertIn("here", answer["payload"]["buffer"])
        refused = await self.ask(first, "terminal.input", sessionId=session, data="echo no\n")
        self.assertIn("unknown terminal", refused["error"]["message"])
        self.plane.config.replace(json.loads(json.dumps({**self.plane.config.tree, "gateway": {
            **self.plane.config.tree["gateway"], "terminal": {"enabled": False}
        }})))  # fmt: skip
        refused = await self.ask(second, "terminal.list")
        self.assertIn("disabled", refused["error"]["message"])
