"""No secret of a configuration is shown anywhere, and what is shown can be sent back."""

import json
from pathlib import Path
from typing import Any

from twisted.logger import Logger
from twisted.trial.unittest import SynchronousTestCase

from teamgram.openclaw.agents_service import agents_extension
from teamgram.openclaw.config import redaction, source_files
from teamgram.openclaw.config.errors import OpenClawConfigError
from teamgram.openclaw.config.live import validate
from teamgram.openclaw.config.redaction import REDACTED
from trial_tests.openclaw.agent.agents import AgentsTestCase
from trial_tests.openclaw.house import TOKEN
from trial_tests.openclaw.live import LiveTestCase, SocketClient

#: Every value with this word in it is a secret, however it is called and wherever it stands.
MARK = "H1dd3n"
TREE: dict[str, Any] = {
    "gateway": {"auth": {"token": TOKEN}, "remote": {"url": f"wss://op:{MARK}@far.example:1/x", "sshKey": MARK}},
    "models": {
        "providers": {
            "a": {"baseUrl": f"https://me:{MARK}@llm.example/v1", "apiKey": MARK,
                  "headers": {"x-api-key": MARK, "x": MARK}},
            "b": {"baseUrl": f"https://llm.example/v1?api_key={MARK}&v=2", "apiKey": "${LLM_KEY}"},
        }
    },
    "channels": {
        "slack": {"appToken": MARK, "signingSecret": MARK, "enabled": True, "mode": "socket", "port": 3000},
        "teams": {"appPassword": MARK, "webhook_url": MARK, "tenant": "my-tenant",
                  "accounts": [{"name": "w", "pwd": MARK}]},
        "irc": {"nickserv": {"password": 12345678, "PIN": 4711, "maxTokens": 100}, "server": "irc.example"},
        "hook": {"url": f"https://hooks.example/services/T0/{MARK}aaaaaaaaaaaaaaaaaaaa", "extra": f"sk-{MARK}xyz"},
        "odd": {"x": f"{MARK}Zz0123456789abcdef", "list": [f"ghp_{MARK}0123456789", "plain"], "auth": ["user", MARK]},
    },
    "env": {"ANYTHING": MARK, "vars": {"AT_ALL": MARK}},
    "hooks": {"mappings": [{"id": "one", "headers": {"Authorization": f"Bearer {MARK}"}},
                           {"id": "two", "secret": MARK + "2"}]},
    "plugins": {"entries": {"p": {"config": {"note": f"call with Bearer {MARK} please", "dir": "/var/lib/p"}}}},
    "commands": {"ownerDisplaySecret": MARK},
    "agents": {"defaults": {"systemPrompt": f"Never say sk-{MARK}abc.", "workspace": "/w/x1y2z3a4b5c6d7e8f9"}},
}  # fmt: skip


class RedactionTests(SynchronousTestCase):
    """By shape."""

    def test_nothing_is_shown(self) -> None:
        """Names that nobody listed, URLs, headers, environments, lists, numbers, keys inside of words."""
        validate(TREE)
        shown = redaction.redact(TREE)
        self.assertNotIn(MARK, json.dumps(shown))
        self.assertNotIn("12345678", json.dumps(shown))
        self.assertNotIn("4711", json.dumps(shown))

    def test_the_rest_is(self) -> None:
        """What is no secret stays readable, around a secret too."""
        shown = redaction.redact(TREE)
        self.assertEqual(shown["models"]["providers"]["a"]["baseUrl"], f"https://me:{REDACTED}@llm.example/v1")
        self.assertEqual(
            shown["models"]["providers"]["b"],
            {"baseUrl": f"https://llm.example/v1?api_key={REDACTED}&v=2", "apiKey": "${LLM_KEY}"},
        )
        slack = {"appToken": REDACTED, "signingSecret": REDACTED, "enabled": True, "mode": "socket", "port": 3000}
        self.assertEqual(shown["channels"]["slack"], slack)
        self.assertEqual(shown["channels"]["teams"]["tenant"], "my-tenant")
        self.assertEqual(shown["channels"]["irc"]["nickserv"]["maxTokens"], 100)
        self.assertEqual(shown["channels"]["odd"]["list"][1], "plain")
        self.assertEqual(shown["plugins"]["entries"]["p"]["config"]["dir"], "/var/lib/p")
        self.assertEqual(shown["agents"]["defaults"]["workspace"], TREE["agents"]["defaults"]["workspace"])
        known = {"session": {"mainKey": "main", "dmScope": "main"}, "agents": {"list": [{"id": "a", "model": "x/y"}]}}
        self.assertEqual(redaction.redact(known), known)

    def test_sent_back(self) -> None:
        """The placeholder means the secret, also inside of a URL that was changed, and in a list in another order."""
        shown = redaction.redact(TREE)
        self.assertEqual(redaction.unredact(shown, TREE), TREE)
        changed = {"models": {"providers": {"a": {"baseUrl": f"https://me:{REDACTED}@other.example/v2"}}}}
        restored = redaction.unredact(changed, TREE)["models"]["providers"]["a"]["baseUrl"]
        self.assertEqual(restored, f"https://me:{MARK}@other.example/v2")
        turned = {"hooks": {"mappings": shown["hooks"]["mappings"][::-1]}}
        self.assertEqual(redaction.unredact(turned, TREE)["hooks"]["mappings"], TREE["hooks"]["mappings"][::-1])

    def test_unknown_placeholders(self) -> None:
        """One that stands for nothing, or might stand for another's secret, is refused with its place."""
        for tree, path in (
            ({"channels": {"new": {"token": REDACTED}}}, "channels.new.token"),
            ({"hooks": {"mappings": [{"id": "three", "secret": REDACTED}]}}, "hooks.mappings[0].secret"),
            ({"channels": {"odd": {"list": [REDACTED]}}}, "channels.odd.list[0]"),
            (
                {"models": {"providers": {"a": {"baseUrl": f"https://{REDACTED}:{REDACTED}@x/"}}}},
                "models.providers.a.baseUrl",
            ),
        ):
            error = self.assertRaises(redaction.UnknownPlaceholder, redaction.unredact, tree, TREE)
            self.assertEqual(error.path, path)

    def test_secrets_in_other_text(self) -> None:
        """A log line has none of them, whatever it is about."""
        line = f"cannot reach https://me:{MARK}@llm.example/v1 with 12345678 or xoxb-123456-abcdef"
        told = redaction.without_secrets(line, redaction.secrets_of(TREE))
        self.assertEqual(told, "cannot reach https://me:***@llm.example/v1 with *** or ***")

    def test_errors(self) -> None:
        """What is wrong with a file is told without a piece of it."""
        path = self.mktemp()
        for text in (
            f"gateway: {{auth: {{mode: {MARK}}}}}", f"gateway: {{auth: {{token: *{MARK}}}}}",
            f"gateway: {{auth: {{token: !{MARK} x}}}}", f"gateway:\n  auth:\n   token: {MARK}\n  \t{MARK}: x",
            f"gateway: {{port: {MARK}}}", f"cron: {{enabled: '{MARK}'}}", f"gateway: [{MARK}", f"'{MARK}': {{",
        ):  # fmt: skip
            with open(path, "w") as file:
                file.write(text)

            def load() -> None:
                validate(source_files.read(Path(path)).tree, "openclaw.yaml")

            self.assertNotIn(MARK, str(self.assertRaises(OpenClawConfigError, load)), text)


class AnswerTests(AgentsTestCase):
    """Every answer and every event, on a configuration full of secrets."""

    config = TREE

    def test_every_answer(self) -> None:
        """No method that reads says a secret, to an administrator neither, nor does any event."""
        Logger().warn("calling https://me:{secret}@llm.example/ with {secret}", secret=MARK)
        self.house.service.logs.append(f"a library logs {MARK} and {TOKEN}")
        for name, method in self.house.plane.router.methods.items():
            if method.scope in (None, "operator.read"):
                for params in ({}, {"key": "main", "sessionKey": "main", "path": "channels", "keys": ["main"]}):
                    self.client.request(name, params)
        patch = {"raw": json.dumps({"messages": {"a": MARK * 3}}), "baseHash": self.house.plane.config.hash}
        self.assertTrue(self.client.request("config.patch", patch)["ok"])
        self.house.advance(2)
        said = json.dumps(self.client.take())
        self.assertNotIn(TOKEN, said)
        self.assertNotIn(MARK, said)


class SocketTests(LiveTestCase):
    """On a real socket, as a reader and as an administrator."""

    config = TREE
    extensions = (agents_extension,)

    def talk(self, granted: str, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """One answer."""
        client = SocketClient(self.port)
        client.hello(scopes=[granted])
        client.send({"type": "req", "id": "r", "method": method, "params": params})
        frame: dict[str, Any] = client.read()
        while frame.get("id") != "r":
            frame = client.read()
        client.close()
        return frame

    async def test_round_trip(self) -> None:
        """``config.get`` shows nothing; what it shows, set again with a change, keeps every secret."""
        shown = (await self.in_thread(self.talk, "operator.read", "config.get", {}))["payload"]
        self.assertNotIn(MARK, json.dumps(shown))
        self.assertNotIn(TOKEN, json.dumps(shown))
        before = self.plane.config.tree
        tree = {**shown["parsed"], "cron": {"enabled": False}}
        asked = {"raw": json.dumps(tree), "baseHash": shown["hash"]}
        answer = await self.in_thread(self.talk, "operator.admin", "config.set", asked)
        self.assertTrue(answer["ok"], answer)
        self.assertEqual(self.plane.config.tree, {**before, "cron": {"enabled": False}})
        bad = {"raw": json.dumps({"channels": {"x": {"token": REDACTED}}}), "baseHash": answer["payload"]["hash"]}
        refused = await self.in_thread(self.talk, "operator.admin", "config.patch", bad)
        self.assertEqual(refused["error"]["details"]["issues"][0]["path"], "channels.x.token")

    async def test_resolved(self) -> None:
        """``resolved`` says what holds now: ours where nothing is written, and the old until a restart."""
        shown = (await self.in_thread(self.talk, "operator.read", "config.get", {}))["payload"]
        self.assertEqual(shown["resolved"]["session"]["dmScope"], "per-channel-peer")
        self.assertEqual(shown["resolved"]["gateway"]["auth"]["token"], REDACTED)
        port = shown["resolved"]["gateway"]["port"]
        patch = {"raw": "{gateway: {port: 1, resumeSeconds: 7}}", "baseHash": shown["hash"]}
        await self.in_thread(self.talk, "operator.admin", "config.patch", patch)
        later = (await self.in_thread(self.talk, "operator.read", "config.get", {}))["payload"]
        gateway = later["resolved"]["gateway"]
        self.assertEqual((gateway["port"], gateway["resumeSeconds"]), (port, 7))
        self.assertEqual(later["parsed"]["gateway"]["port"], 1)

    async def test_an_emptied_file(self) -> None:
        """Nobody is sent away, and the secret stays."""
        client = await self.in_thread(SocketClient, self.port)
        await self.in_thread(client.hello)
        self.plane.config.path.write_text("")
        for _ in range(2):
            await self.service._poll_config()
        self.assertEqual(len(self.flushLoggedErrors()), 0)
        answer = await self.in_thread(self.talk, "operator.read", "config.get", {})
        self.assertEqual((answer["payload"]["valid"], len(answer["payload"]["issues"])), (False, 1))
        await self.in_thread(client.send, {"type": "req", "id": "h", "method": "health"})
        frame = await self.in_thread(client.read)
        while isinstance(frame, dict) and frame.get("id") != "h":
            frame = await self.in_thread(client.read)
        self.assertTrue(frame["ok"])
        await self.in_thread(client.close)
