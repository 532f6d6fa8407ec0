"""The same people at several processes: a gnetway, two that hold sessions, one bff (two where MariaDB is)."""

import json
import os
import sys
import unittest
from pathlib import Path

from twisted.internet.task import deferLater
from twisted.internet.utils import getProcessOutputAndValue

from trial_tests.backends import on_every_backend
from trial_tests.clients.cluster import KeptCluster, RunningCluster, kill, pids_of
from trial_tests.clients.house import have
from trial_tests.clients.process import ClientError, ClientProcess
from trial_tests.clients.test_chat import SECONDS_TO_SEE, ChatScenario


@on_every_backend
class ClusterDayTests(ChatScenario):
    """A day with three libraries."""

    one_server = True
    kept_class = KeptCluster

    async def test_three_libraries(self) -> None:
        """Telethon, Pyrogram and kurigram in one conversation, each with a device more."""
        a = await self.sign_up("telethon", "Ada", "full")
        b = await self.sign_up("pyrogram", "Bob")
        c = await self.sign_up("kurigram", "Cyd", "obfuscated")
        await self.acquaint(a, b, c)
        await self.private_chat(a, b)
        await self.private_chat(c, a)
        await self.group_of_three(a, b, c)
        await self.dialogs_in_order(a, b, c)
        await self.accounts("telethon", a, b)

    @unittest.skipUnless(have("gramjs") and have("mtcute"), "no Node libraries: tools/setup_test.sh needs node and npm")
    async def test_node(self) -> None:
        """GramJS over WebSocket, and mtcute with temporary keys: one that is bound has another owner then."""
        a = await self.sign_up("gramjs", "Ada", "websocket")
        b = await self.sign_up("mtcute", "Bob", pfs=True)
        await self.acquaint(a, b)
        for one, other in ((a, b), (b, a)):
            await one.do("send", peer=["user", other.user["id"]], text=f"from {one.name}")
            await other.event("new_message", SECONDS_TO_SEE, text=f"from {one.name}")

    async def test_over_http(self) -> None:
        """Answers and updates by long polls."""
        a = await self.sign_up("telethon", "Ada", "http")
        b = await self.sign_up("telethon", "Bob", "full")
        await self.acquaint(a, b)
        for one, other in ((a, b), (b, a)):
            await one.do("send", peer=["user", other.user["id"]], text=f"from {one.name}")
            await other.event("new_message", 2 * SECONDS_TO_SEE, text=f"from {one.name}")

    async def test_what_an_operator_sees(self) -> None:
        """Every session and bff process, all ready, one of which does what is done once; none that is not there."""
        members = pids_of(self.server)
        where = [
            "--config",
            str(self.server.data_dir / "cluster" / "session0" / "etc"),
            "--data-dir",
            str(self.directory),
        ]
        program = str(Path(sys.executable).with_name("teamgram"))
        out, err, code = await getProcessOutputAndValue(
            program, ["cluster", "status", "--json", *where], dict(os.environ)
        )
        self.assertEqual((code, err), (0, b""))
        rows = json.loads(out)
        self.assertEqual(len(rows), len([name for name in members if not name.startswith("gnetway")]))
        self.assertEqual(sum(row["leads"] for row in rows), 1)
        self.assertTrue(all(row["streams"] for row in rows))
        gone = ["cluster", "drain", "127.0.0.1:1", *where]
        out, err, code = await getProcessOutputAndValue(program, gone, dict(os.environ))
        self.assertEqual((code, out), (1, b""))
        self.assertIn(b"cannot be asked", err)


class ClusterDeathTests(ChatScenario):
    """Each kind of process dies while people write, and is started again by whoever watches over it."""

    on_servers = True
    server_class = RunningCluster

    async def write(self, writer: ClientProcess, reader: ClientProcess, texts: list[str]) -> None:
        """Write until something is acknowledged, and then until the reader has it."""
        text = ""
        while not text:
            text = f"{writer.name} {len(texts)}"
            try:
                await writer.do("send", peer=["user", reader.user["id"]], text=text, timeout=30)
            except ClientError:
                await deferLater(self.reactor, 0.3)
                text = ""
        texts.append(text)
        await reader.event("new_message", 30, text=text)

    async def test_each_dies(self) -> None:
        """What was acknowledged is there once on both sides, and everybody goes on."""
        a = await self.sign_up("telethon", "Ada", "full")
        b = await self.sign_up("telethon", "Bob", "obfuscated")
        await self.acquaint(a, b)
        texts: list[str] = []
        for name in ("session0", "bff0", "gnetway0"):
            kill(self.server, name)
            await self.write(a, b, texts)
            await self.write(b, a, texts)
        for one, other in ((a, b), (b, a)):
            history = [message["text"] for message in await one.do("history", peer=["user", other.user["id"]])]
            self.assertEqual(sorted(set(texts) - set(history)), [], "acknowledged and lost")
            self.assertEqual(len(set(history)), len(history), "twice")
