"""Tools: what they give, and what they refuse."""

import os
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from teamgram.openclaw.agent.tools import workspace
from teamgram.openclaw.agent.tools.registry import ToolError
from trial_tests.openclaw.agent.agents import AgentsTestCase


class WorkspaceTests(SynchronousTestCase):
    """Nothing leads out of the workspace."""

    def setUp(self) -> None:
        """A workspace with a file, beside a secret."""
        self.outside = Path(self.mktemp())
        self.root = self.outside / "workspace"
        (self.root / "folder").mkdir(parents=True)
        (self.outside / "secret").write_text("secret")
        (self.root / "notes.txt").write_text("one\ntwo\nthree\n")
        (self.root / "folder/deep.txt").write_text("deep")

    def test_read(self) -> None:
        """Whole, and by lines."""
        self.assertEqual(workspace.read_file(self.root, "notes.txt", 0, 0), "one\ntwo\nthree\n")
        self.assertEqual(workspace.read_file(self.root, "./folder//deep.txt", 0, 0), "deep")
        self.assertEqual(workspace.read_file(self.root, "notes.txt", 1, 1), "two\n")

    def test_list(self) -> None:
        """Folders, files with sizes, links as such."""
        os.symlink("/etc", self.root / "link")
        self.assertEqual(
            workspace.list_files(self.root, "."), "folder/\nlink (link, not followed)\nnotes.txt (14 bytes)"
        )

    def test_ways_out(self) -> None:
        """Dots, absolute paths, links to files and to folders, devices."""
        os.symlink(self.outside / "secret", self.root / "to-file")
        os.symlink(self.outside, self.root / "to-folder")
        os.symlink("..", self.root / "folder/up")
        os.mkfifo(self.root / "pipe")
        for path in (
            "../secret",
            "folder/../../secret",
            "/etc/passwd",
            "~/x",
            "to-file",
            "to-folder/secret",
            "folder/up/notes.txt",
            "pipe",
            "folder",
            "none",
            "notes.txt/x",
            "a\0b",
        ):
            with self.assertRaises(ToolError, msg=path):
                workspace.read_file(self.root, path, 0, 0)

    def test_large_file(self) -> None:
        """Only the beginning of it, with a word about that."""
        (self.root / "large").write_bytes(b"x" * 1_000_000)
        text = workspace.read_file(self.root, "large", 0, 0)
        self.assertLess(len(text), 300_000)
        self.assertIn("longer", text)


class InvokeTests(AgentsTestCase):
    """``tools.catalog``, ``tools.invoke``, ``send``."""

    def test_catalog(self) -> None:
        """Every tool, once."""
        groups = self.ok("tools.catalog")["groups"]
        names = sorted(tool["id"] for group in groups for tool in group["tools"])
        known = (
            "ask_user canvas current_time list_files memory_search node_invoke read_file send send_file session_status"
        )
        self.assertEqual(names, known.split())

    def invoke(self, name: str, **args: Any) -> Any:
        """One call."""
        return self.ok("tools.invoke", name=name, args=args)

    def test_invoke(self) -> None:
        """Output, or an error that says why."""
        self.assertIn("2027-01-15 08:00:00 UTC", self.invoke("current_time")["output"])
        self.assertIn("+0100", self.invoke("current_time", timeZone="Europe/Berlin")["output"])
        self.assertEqual(self.invoke("current_time", timeZone="Moon/Sea")["error"]["code"], "tool_error")
        self.assertEqual(self.invoke("exec", cmd="ls")["error"]["code"], "not_found")
        self.assertIn("session: none", self.invoke("session_status")["output"])
        self.send("hello")
        self.house.advance(0.5)
        self.assertIn("messages: 2", self.invoke("session_status")["output"])

    def test_policy(self) -> None:
        """``tools.deny`` of the configuration, and a session's own."""
        tree = self.house.plane.config.tree
        self.house.plane.config.replace({**tree, "tools": {"deny": ["group:fs"]}})
        self.assertEqual(self.invoke("list_files")["error"]["code"], "forbidden")
        self.house.plane.config.replace({**tree, "tools": {"allow": ["list_*"]}})
        self.assertTrue(self.invoke("list_files")["ok"])
        self.assertEqual(self.invoke("current_time")["error"]["code"], "forbidden")

    def test_node_invoke(self) -> None:
        """A node that is not there is the tool's error."""
        answer = self.invoke("node_invoke", nodeId="x", command="y")
        self.assertIn("pairing", answer["error"]["message"])

    def test_send(self) -> None:
        """To a session by key or label, once per idempotency key."""
        self.ok("sessions.create", key="other", label="Other")
        for _ in range(2):
            answer = self.ok("send", to="Other", message="psst", idempotencyKey="k")
            self.assertEqual(answer["to"], "agent:main:other")
        self.assertEqual(self.history("other"), [("assistant", "psst")])
        error = self.error("send", to="Other", message="else", idempotencyKey="k")
        self.assertEqual(error["details"], {"reason": "send-request-conflict"})
        error = self.error("send", to="x", message="m", channel="carrier-pigeon", idempotencyKey="k2")
        self.assertEqual(error["code"], "UNAVAILABLE")
