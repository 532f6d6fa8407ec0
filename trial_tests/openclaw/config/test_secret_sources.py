"""Secrets of files and programs: what is taken, what is refused, and that nobody is shown one."""

import json
import os
import time
from pathlib import Path
from typing import Any

from twisted.internet.threads import deferToThread
from twisted.trial.unittest import SynchronousTestCase

from teamgram.openclaw.config import redaction
from teamgram.openclaw.config.errors import OpenClawConfigError
from teamgram.openclaw.config.live import LiveConfig
from teamgram.openclaw.config.secret_programs import ExecProvider, SecretUnavailable, ask
from teamgram.openclaw.config.secret_sources import SecretSources, SecretsWanted
from trial_tests.openclaw.live import LiveTestCase, SocketClient

_TOKEN = "a-secret-of-somewhere"
_EXEC = {"source": "exec", "provider": "vault", "id": "gateway/token"}


def program(folder: Path, body: str, mode: int = 0o700) -> Path:
    """A program of that shell text."""
    path = folder / "provider"
    path.unlink(missing_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(mode)
    return path


def saying(**values: str) -> str:
    """The text of one that says what it is asked, once it has been asked."""
    return f"cat >asked; echo x >>runs; echo '{json.dumps({'protocolVersion': 1, 'values': values})}'"


def state_of(pid: int) -> str:
    """A process's letter in ``/proc``; ``X`` when there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "X"


class _Folder(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()


class FileTests(_Folder):
    """``source: file``."""

    def private(self, text: str, mode: int = 0o600) -> Path:
        path = self.folder / "secrets"
        path.write_text(text)
        path.chmod(mode)
        return path

    def value(self, path: Path, id_: str, **more: Any) -> str:
        block = {"source": "file", "path": str(path), **more}
        return SecretSources({}).value({"source": "file", "provider": "f", "id": id_}, {"f": block})

    def refused(self, path: Path, id_: str, **more: Any) -> str:
        return str(self.assertRaises(SecretUnavailable, self.value, path, id_, **more))

    def test_pointer(self) -> None:
        """RFC 6901, also through lists."""
        path = self.private('{"a": {"b/c~d": "one"}, "l": ["x", "two"], "n": 7, "e": ""}')
        self.assertEqual(self.value(path, "/a/b~1c~0d"), "one")
        self.assertEqual(self.value(path, "/l/1"), "two")
        for id_ in ("/n", "/e", "/none", "/l/2", "/l/x", "a", "value", "/a"):
            self.assertIn("no such secret", self.refused(path, id_))

    def test_single_value(self) -> None:
        """The whole file but for its last line's end."""
        path = self.private(" one\r\n")
        self.assertEqual(self.value(path, "value", mode="singleValue"), " one")
        self.assertIn("one value", self.refused(path, "/x", mode="singleValue"))

    def test_refused(self) -> None:
        """Files that others read or that stand for others; nothing of what is in them is said."""
        path = self.private(f'{{"a": "{_TOKEN}"}}')
        link, second, pipe = self.folder / "link", self.folder / "second", self.folder / "pipe"
        link.symlink_to(path)
        os.mkfifo(pipe, 0o600)
        for at, problem, more in (
            (link, "cannot be read", {}),
            (pipe, "must be a file", {}),
            (self.folder, "must be a file", {}),
            (self.folder / "none", "cannot be read", {}),
            (Path("secrets"), "must be absolute", {}),
            (path, "more than 5 bytes", {"maxBytes": 5}),
        ):
            self.assertIn(problem, self.refused(at, "/a", **more))
        os.link(path, second)
        self.assertIn("hardlinked", self.refused(path, "/a"))
        second.unlink()
        for mode in (0o640, 0o604, 0o620):
            path.chmod(mode)
            self.assertIn("owner only", self.refused(path, "/a"))
        self.assertNotIn(_TOKEN, self.refused(self.private(f'{{"a": {_TOKEN}'), "/a"))


class ProgramTests(_Folder):
    """One asking."""

    def provider(self, body: str, mode: int = 0o700, **more: Any) -> ExecProvider:
        settings = {
            "name": "vault", "command": str(program(self.folder, body, mode)), "args": (), "environment": (),
            "timeout": 20.0, "silence": 20.0, "most_bytes": 1000, "json_only": True, "trusted": (), **more,
        }  # fmt: skip
        return ExecProvider(**settings)

    def refused(self, provider: ExecProvider) -> str:
        return str(self.assertRaises(SecretUnavailable, ask, provider, ["a"]))

    def test_asked(self) -> None:
        """It has its arguments, its environment and nothing of ours, and reads what is wanted."""
        self.patch(os, "environ", {**os.environ, "OURS": "1"})
        provider = self.provider('cat; echo "|$1|$X|$OURS|"', args=("; echo hacked",), environment=(("X", "$(id)"),))
        said = ask(provider, ["a", "b"]).decode()
        question, _, rest = said.partition("}")
        self.assertEqual(json.loads(question + "}"), {"protocolVersion": 1, "provider": "vault", "ids": ["a", "b"]})
        self.assertEqual(rest.strip(), "|; echo hacked|$(id)||")

    def test_bounds(self) -> None:
        """Late, silent, too long, failing; what it has begun ends with it."""
        self.assertIn("took too long", self.refused(self.provider("exec sleep 60", timeout=0.2)))
        self.assertIn("said nothing", self.refused(self.provider("exec sleep 60", silence=0.2)))
        self.assertIn("too much", self.refused(self.provider("while :; do echo 0123456789; done")))
        self.assertIn("code 3", self.refused(self.provider("exit 3")))
        self.assertIn("took too long", self.refused(self.provider("sleep 60 & echo $! >child; wait", timeout=2.0)))
        child = int((self.folder / "child").read_text())
        while state_of(child) not in "XZ":
            time.sleep(0.01)  # It was killed; a busy machine takes its time to say so.

    def test_who_may_be_started(self) -> None:
        """No link, nothing that others could have written, nothing of elsewhere."""
        good = self.provider("echo")
        link = self.folder / "link"
        link.symlink_to(good.command)
        for more, problem in (
            ({"command": str(link)}, "must not be a link"),
            ({"command": "provider"}, "absolute"),
            ({"command": str(self.folder / "none")}, "not there"),
            ({"command": str(self.folder)}, "no program"),
            ({"trusted": ("/usr",)}, "trustedDirs"),
            ({"mode": 0o720}, "writable by nobody else"),
            ({"mode": 0o702}, "writable by nobody else"),
            ({"mode": 0o600}, "no program"),
        ):
            self.assertIn(problem, self.refused(self.provider("echo", **more)))
        self.assertEqual(ask(self.provider("echo", trusted=(str(self.folder),)), ["a"]), b"\n")


class AnswerTests(_Folder):
    """What programs say, taken into a configuration."""

    def load(self, body: str, block: dict[str, Any] | None = None, **reference: Any) -> LiveConfig:
        vault = {"source": "exec", "command": str(program(self.folder, body)), "timeoutMs": 20_000, **(block or {})}
        self.path = self.folder / "openclaw.json"
        model = {"baseUrl": "x", "apiKey": {**_EXEC, "id": "model"}, "models": [{"id": "m"}]}
        tree = {
            "gateway": {"auth": {"token": {**_EXEC, **reference}}},
            "models": {"providers": {"p": model}},
            "secrets": {"providers": {"vault": vault}, "defaults": {"exec": "vault"}},
        }
        self.path.write_text(json.dumps(tree))
        (self.folder / "state").mkdir(exist_ok=True)
        return LiveConfig(self.path, self.folder / "state", b"", {"PATH": os.environ["PATH"], "VAULT": "v"})

    def refused(self, body: str, **more: Any) -> str:
        return str(self.assertRaises(OpenClawConfigError, self.load, body, **more))

    def test_one_asking(self) -> None:
        """For all of them; what is missing of a model is only told."""
        config = self.load(saying(**{"gateway/token": _TOKEN}), {"passEnv": ["PATH", "NONE"]})
        self.assertEqual(config.sections.gateway.auth.token, _TOKEN)
        self.assertEqual(json.loads((self.folder / "asked").read_text())["ids"], ["gateway/token", "model"])
        self.assertEqual([each["path"] for each in config.lacking], ["models.providers.p.apiKey"])
        self.assertEqual((self.folder / "runs").read_text(), "x\n")

    def test_text(self) -> None:
        """Taken as it stands only where that is said, and for one id."""
        reference = {"source": "exec", "provider": "vault", "id": "t"}
        block = {"source": "exec", "command": str(program(self.folder, "echo plain")), "jsonOnly": False}
        sources = SecretSources({})
        self.assertEqual(sources.value(reference, {"vault": block}), "")
        sources.fetch(sources.wanted)
        self.assertEqual(sources.value(reference, {"vault": block}), "plain")
        self.assertIn("no JSON", self.refused(f"echo {_TOKEN}"))

    def test_refused(self) -> None:
        """Names the place and the provider, and says nothing of what the program said."""
        for body in (
            f"echo '[\"{_TOKEN}\"]'",
            f'echo \'{{"protocolVersion": 2, "values": {{"gateway/token": "{_TOKEN}"}}}}\'',
            f'echo \'{{"protocolVersion": 1, "values": {{"gateway/token": ["{_TOKEN}"]}}}}\'',
            f'echo \'{{"protocolVersion": 1, "values": {{}}, "errors": {{"gateway/token": {{"code": "{_TOKEN}"}}}}}}\'',
            f"echo {_TOKEN} >&2; exit 1",
        ):
            message = self.refused(body)
            self.assertIn('gateway.auth.token: secret provider "vault"', message)
            self.assertNotIn(_TOKEN, message)
        answer = {"protocolVersion": 1, "values": {}, "errors": {"gateway/token": {"code": "NOT_FOUND"}}}
        told = f"echo '{json.dumps(answer)}'"
        self.assertIn("(NOT_FOUND)", self.refused(told))
        for reference in ({"id": "a/../b"}, {"id": "-x"}, {"provider": "none"}, {"provider": "No"}, {"source": "file"}):
            self.assertIn("gateway.auth.token: ", self.refused(saying(x="y"), **reference))
        self.assertIn("plugin", self.refused("echo", block={"pluginIntegration": {}}))

    def test_allowlist(self) -> None:
        """Of the environment's names."""
        path = self.folder / "openclaw.json"
        reference = {"source": "env", "provider": "some", "id": "B"}
        block = {"some": {"source": "env", "allowlist": ["A"]}}
        path.write_text(json.dumps({"gateway": {"auth": {"token": reference}}, "secrets": {"providers": block}}))
        error = self.assertRaises(OpenClawConfigError, LiveConfig, path, self.folder, b"", {"A": "1", "B": "2"})
        self.assertIn("allowlist", str(error))

    def test_rotated(self) -> None:
        """Another patch asks nobody; asked again the new one is in force; and a failure changes nothing."""
        both = {"gateway/token": _TOKEN, "model": "m"}
        config = self.load(saying(**both))
        config.replace({**config.tree, "session": {"idleMinutes": 7}})
        self.assertEqual((self.folder / "runs").read_text(), "x\n")
        self.assertIsNone(config.reload())
        program(self.folder, saying(**{**both, "gateway/token": "the-next-one"}))
        config.ask_again()
        self.assertRaises(SecretsWanted, config.reload).fetch()
        change = config.reload()
        assert change is not None
        self.assertEqual((change.paths, config.sections.gateway.auth.token), (("gateway.auth.token",), "the-next-one"))
        program(self.folder, "exit 1")
        config.ask_again()
        self.assertRaises(SecretsWanted, config.reload).fetch()
        self.assertRaises(OpenClawConfigError, config.reload)
        self.assertEqual(config.sections.gateway.auth.token, "the-next-one")

    def test_not_from_afar(self) -> None:
        """Who may change the configuration over RPC names no program and no file by it."""
        config = self.load(saying(**{"gateway/token": _TOKEN, "model": "m"}))
        for providers in ({}, {"vault": {"source": "exec", "command": "/bin/sh"}}):
            tree = {**config.tree, "secrets": {"providers": providers}}
            self.assertIn("in the file only", str(self.assertRaises(OpenClawConfigError, config.replace, tree)))
        config.replace({**config.tree, "secrets": {"providers": {}}, "gateway": {}, "models": {}}, by_operator=True)

    def test_checked_without_asking(self) -> None:
        """``check-config`` starts nothing."""
        config = self.load(saying(**{"gateway/token": _TOKEN, "model": "m"}))
        (self.folder / "runs").unlink()
        config.check(config.tree)
        self.assertFalse((self.folder / "runs").exists())

    def test_known_to_redaction(self) -> None:
        """What logs and answers leave out is what was had, and not what refers to it."""
        config = self.load(saying(**{"gateway/token": _TOKEN, "model": "m"}), {"env": {"A": "hidden-thing"}})
        held = {"gateway": {"auth": {"token": config.sections.gateway.auth.token}}}
        self.assertIn(_TOKEN, redaction.secrets_of(held))
        shown = json.dumps(redaction.redact(config.tree))
        self.assertNotIn("hidden-thing", shown)
        self.assertIn("gateway/token", json.dumps(config.tree))


class RunningTests(LiveTestCase):
    """Over RPC, while it serves."""

    timeout = 60

    def setUp(self) -> Any:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        command = program(self.folder, saying(hook=_TOKEN))
        block = {"source": "exec", "command": str(command), "passEnv": ["PATH"], "timeoutMs": 20_000}
        self.config = {"secrets": {"providers": {"vault": block}}}
        return super().setUp()

    async def test_running(self) -> None:
        """A patch that refers to one asks for it and shows it to nobody; ``secrets.reload`` asks again."""
        await deferToThread(self.talk)
        self.assertEqual(self.plane.config.sections.cron.webhook_token, "the-next-one")

    def talk(self) -> None:
        """In a thread."""
        client = SocketClient(self.port)
        client.hello()
        shown = []

        def ask(method: str, **params: Any) -> Any:
            client.send({"type": "req", "id": method, "method": method, "params": params})
            while (frame := client.read()).get("id") != method:
                shown.append(frame)
            shown.append(frame)
            return frame["payload"] if frame["ok"] else frame["error"]

        reference = {"source": "exec", "provider": "vault", "id": "hook"}
        raw = json.dumps({"cron": {"webhookToken": reference}})
        answer = ask("config.patch", raw=raw, baseHash=ask("config.get")["hash"])
        self.assertEqual(answer["changedPaths"], [f"cron.webhookToken.{key}" for key in sorted(reference)])
        self.assertEqual(self.plane.config.sections.cron.webhook_token, _TOKEN)
        self.assertEqual((self.folder / "runs").read_text(), "x\n")
        program(self.folder, saying(hook="the-next-one"))
        self.assertEqual(ask("secrets.reload"), {"ok": True, "warningCount": 0})
        program(self.folder, "exit 1")
        self.assertEqual(ask("secrets.reload")["message"], "secrets.reload failed")
        raw = json.dumps({"secrets": {"providers": {"vault": {"command": "/bin/sh"}}}})
        refused = ask("config.patch", raw=raw, baseHash=ask("config.get")["hash"])
        self.assertIn("in the file only", refused["message"])
        ask("logs.tail")
        client.close()
        for secret in (_TOKEN, "the-next-one"):
            self.assertNotIn(secret, json.dumps(shown))
