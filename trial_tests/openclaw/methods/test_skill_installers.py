"""Installers of skills: what is offered, what is run and with what, and what is refused."""

import json
import os
import threading
from pathlib import Path
from typing import Any

from twisted.internet.defer import ensureDeferred
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import SynchronousTestCase

from teamgram.openclaw.agent.skill_installers import (
    Installer,
    NotInstallable,
    SkillTools,
    installers_of,
    offered,
    summary,
)  # fmt: skip
from teamgram.openclaw.agents_service import AgentsService
from trial_tests.openclaw.live import LiveTestCase, SocketClient

_SPECS: list[dict[str, Any]] = [
    {"id": "node", "kind": "node", "package": "@scope/tea@^1", "bins": ["tea"]},
    {"kind": "go", "module": "example.org/tea@latest", "bins": ["tea"], "label": "Tea by Go"},
    {"id": "other", "kind": "uv", "package": "tea", "os": ["plan9"]},
    {"id": "get", "kind": "download", "url": "https://example.org/tea.tar.gz", "bins": ["tea"]},
]
_SKILL = (
    "---\nname: tea\ndescription: Make tea\nmetadata: "
    + json.dumps({"openclaw": {"requires": {"bins": ["tea"]}, "install": _SPECS}})
    + "\n---\nBoil water.\n"
)


def program(path: Path, body: str) -> None:
    """A program of that shell text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o700)


def one(**spec: Any) -> Installer:
    """The installer that a skill describes so."""
    (found,) = installers_of({"install": [spec]})
    return found


class CommandTests(SynchronousTestCase):
    """What is to be run; nothing is."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        for name in ("npm", "pnpm", "go", "uv"):
            program(self.folder / "path" / name, "exit 1")
        self.environment = {"PATH": str(self.folder / "path"), "HOME": "/h", "OPENCLAW_GATEWAY_TOKEN": "hidden"}
        self.tools = SkillTools(self.folder / "tools")

    def command(self, node_manager: str = "npm", **spec: Any) -> list[str]:
        argv, environment = self.tools.command(one(**spec), self.environment, node_manager)
        self.assertNotIn("hidden", environment.values())
        self.assertEqual(environment["HOME"], "/h")
        for name in ("GOBIN", "UV_TOOL_BIN_DIR", "NPM_CONFIG_PREFIX"):
            self.assertTrue(environment[name].startswith(str(self.folder / "tools")))
        self.assertEqual(Path(argv[0]).parent, self.folder / "path")
        return [Path(argv[0]).name, *argv[1:]]

    def refused(self, **spec: Any) -> str:
        return str(self.assertRaises(NotInstallable, self.command, **spec))

    def test_commands(self) -> None:
        """The original's, without scripts of node packages."""
        npm = ["npm", "install", "-g", "--ignore-scripts", "@scope/tea@^1"]
        self.assertEqual(self.command(kind="node", package="@scope/tea@^1"), npm)
        pnpm = ["pnpm", "add", "-g", "--ignore-scripts", "tea"]
        self.assertEqual(self.command("pnpm", kind="node", package="tea"), pnpm)
        self.assertEqual(self.command(kind="go", module="a.org/b/c@v1.2"), ["go", "install", "a.org/b/c@v1.2"])
        self.assertEqual(self.command(kind="uv", package="tea[x]==1.*"), ["uv", "tool", "install", "tea[x]==1.*"])

    def test_names(self) -> None:
        """No options, no addresses, no paths, nothing for a shell."""
        for spec in (
            {"kind": "node", "package": "--registry=http://evil"},
            {"kind": "node", "package": "http://evil/x.tgz"},
            {"kind": "node", "package": "file:/etc"},
            {"kind": "node", "package": "../x/../../y"},
            {"kind": "node", "package": "a b"},
            {"kind": "node", "package": "a;id"},
            {"kind": "node", "package": "a\nb"},
            {"kind": "go", "module": "./x"},
            {"kind": "go", "module": "-toolexec=evil@v1"},
            {"kind": "go", "module": "example.org/x"},
            {"kind": "uv", "package": "--index=http://evil"},
            {"kind": "uv", "package": "git+https://evil"},
            {"kind": "brew", "formula": "--cask x"},
        ):
            self.assertIn("invalid characters", self.refused(**spec), spec)
        self.assertIn("missing node package", self.refused(kind="node", package=7))

    def test_not_here(self) -> None:
        """By its name: a manager that is missing, and kinds that are not run."""
        self.assertIn("brew not installed", self.refused(kind="brew", formula="tea"))
        self.assertIn("not run here; install tea by hand", self.refused(kind="download", url="https://x", bins=["tea"]))
        self.assertIn("not run here", self.refused(kind="curl-to-shell"))

    def test_offered(self) -> None:
        """One for a screen, and its label; several if there are only downloads."""
        self.patch(os, "environ", self.environment)
        found = list(installers_of({"install": [*_SPECS, "x", {"kind": 5}, {}]}))
        self.assertEqual([each.id for each in found], ["node", "go-1", "other", "get"])
        (best,) = offered(found)
        wire = {"id": "node", "kind": "node", "label": "Install @scope/tea@^1 (bun)", "bins": ["tea"]}
        self.assertEqual(best.to_wire("bun"), wire)
        self.assertEqual([each.to_wire("npm")["label"] for each in offered(found[3:])], ["Download tea.tar.gz"])
        self.assertEqual((offered([]), list(installers_of(None)), list(installers_of({"install": 3}))), ([], [], []))

    def test_summary(self) -> None:
        """The line that says what went wrong, and not all of it."""
        self.assertEqual(summary(b"one\nnpm ERR! no such thing\nbye\n"), "npm ERR! no such thing")
        self.assertEqual(summary(b"one\nlast"), "last")
        self.assertEqual(len(summary(b"x" * 1000)), 200)
        self.assertEqual(summary(b" \n"), "")


class RunTests(LiveTestCase):
    """Over RPC, with a package manager of our own."""

    timeout = 60
    extensions = (AgentsService,)

    def setUp(self) -> Any:
        self.folder = Path(self.mktemp()).absolute()
        skill = self.folder / "work/skills/tea/SKILL.md"
        skill.parent.mkdir(parents=True)
        skill.write_text(_SKILL)
        path = f"{self.folder / 'path'}{os.pathsep}{os.environ['PATH']}"
        self.patch(os, "environ", {**os.environ, "PATH": path, "OPENCLAW_GATEWAY_TOKEN": "hidden"})
        self.config = {"agents": {"defaults": {"workspace": str(self.folder / "work")}}}
        return super().setUp()

    async def ask(self, method: str, scopes: tuple[str, ...] = ("operator.admin",), **params: Any) -> Any:
        """The response's frame."""

        def talk() -> Any:
            client = SocketClient(self.port)
            client.socket.settimeout(60)
            client.hello(scopes=list(scopes))
            client.send({"type": "req", "id": "1", "method": method, "params": params})
            while (frame := client.read()).get("id") != "1":
                pass
            client.close()
            return frame

        return await deferToThread(talk)

    async def install(self, id_: str = "node", **more: Any) -> Any:
        return await self.ask("skills.install", name="tea", installId=id_, **more)

    async def eligible(self) -> tuple[bool, list[str]]:
        (tea,) = (await self.ask("skills.status"))["payload"]["skills"]
        return tea["eligible"], [each["id"] for each in tea["install"]]

    async def test_installed(self) -> None:
        """What the skill needs is there, and so the skill; the manager had nothing of the server's environment."""
        program(self.folder / "path/npm", 'env >"$HOME/env"; printf "#!/bin/sh\\n" >"$NPM_CONFIG_PREFIX/bin/tea"; '
                'chmod 700 "$NPM_CONFIG_PREFIX/bin/tea"; echo "added $4"')  # fmt: skip
        os.environ["HOME"] = str(self.folder)
        self.assertEqual(await self.eligible(), (False, ["node"]))
        answer = (await self.install())["payload"]
        self.assertEqual((answer["ok"], answer["code"], answer["stdout"]), (True, 0, "added @scope/tea@^1"))
        self.assertIn("Verify the install recipe", answer["warnings"][0])
        self.assertEqual(await self.eligible(), (True, ["node"]))
        self.assertNotIn("hidden", (self.folder / "env").read_text())

    async def test_failing(self) -> None:
        """Says why in one line; what takes too long ends; one at a time; none for less than an admin."""
        program(self.folder / "path/npm", "echo 'npm ERR! 404 tea' >&2; exit 7")
        self.assertEqual((await self.install())["error"]["message"], "Install failed (exit 7): npm ERR! 404 tea")
        self.assertIn("Installer not found", (await self.install("none"))["error"]["message"])
        self.assertIn("not run here", (await self.install("get"))["error"]["message"])
        program(self.folder / "path/npm", "yes | head -c 1000000; sleep 60")
        self.assertIn("took too long", (await self.install(timeoutMs=1000))["error"]["message"])
        refused = await self.ask("skills.install", ("operator.write",), name="tea", installId="node")
        self.assertIn("operator.admin", refused["error"]["message"])

    async def test_one_at_a_time(self) -> None:
        """A second one is refused; the first ends with the control plane."""
        started = self.folder / "started"
        program(self.folder / "path/npm", f"echo >{started}; exec sleep 60")
        (agents,) = [each for each in self.service.services if isinstance(each, AgentsService)]
        running = ensureDeferred(self.install())
        await deferToThread(self.until, started)
        self.assertIn("another installer runs", (await self.install())["error"]["message"])
        agents.skills.stop()
        self.assertIn("was stopped", (await running)["error"]["message"])

    def until(self, path: Path) -> None:
        """In a thread: until that is there."""
        while not path.exists():
            threading.Event().wait(0.02)
