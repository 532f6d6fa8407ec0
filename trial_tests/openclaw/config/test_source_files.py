"""A real ``openclaw.json``: JSON5, what it includes, the environment, and keys that are not used here."""

import json
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from teamgram.openclaw.config import openclaw_keys, source_files
from teamgram.openclaw.config.errors import OpenClawConfigError
from teamgram.openclaw.config.live import LiveConfig, validate
from teamgram.openclaw.config.openclaw_keys import used_part
from trial_tests.openclaw.agent.agents import AgentsTestCase

#: As OpenClaw 2026.9.6 wrote it after a wizard, with what its schema and its users' reports have beside.
_REAL = """{
  // a person's own file
  gateway: {
    mode: "local", port: 18789, bind: "loopback",
    auth: { mode: "token", token: "${OC_TOKEN}", allowTailscale: true },
    tailscale: { mode: "off", resetOnExit: false },
    controlUi: { allowedOrigins: ["http://127.0.0.1:1"], github: {} },
  },
  auth: { profiles: { "anthropic:default": { provider: "anthropic", mode: "api_key" } } },
  update: { channel: "stable" },
  wizard: { lastRunAt: "2026-09-23T16:33:12.144Z", lastRunVersion: "2026.9.6" },
  messages: { groupChat: { mentionPatterns: ["@claw"] }, ackReactionScope: "group-mentions" },
  commands: { native: "auto", restart: true },
  models: { mode: "merge", providers: { fake: {
    baseUrl: "http://127.0.0.1:1/v1", apiKey: { source: "env", provider: "default", id: "FAKE_KEY" },
    api: "openai-completions", authHeader: true, params: {},
    models: [ { id: "m", name: "M", reasoning: false, input: ["text"], contextWindow: 100000, maxTokens: 4000,
                cost: { input: 1, output: 2, cacheRead: 0, cacheWrite: 0 },
                compat: { supportsStore: false, maxTokensField: "max_tokens" }, headers: { "x-y": "z" } } ] } } },
  agents: {
    defaults: { model: { primary: "fake/m", fallbacks: [] }, workspace: "~/ws", userTimezone: "Europe/Berlin",
                heartbeat: { every: "30m", agentId: "main" }, maxConcurrent: 4, subagents: { maxConcurrent: 8 } },
    ownership: "explicit",
    entries: { main: { workspace: "/srv/ws" }, clerk: { name: "clerk", agentDir: "/x", identity: { name: "clerk" } } },
  },
  talk: { agentId: "main" },
  skills: { install: { nodeManager: "npm" } },
  channels: { telegram: { enabled: true, botToken: "123:abc", dmPolicy: "pairing" } },
  session: { dmScope: "main", maintenance: { mode: "warn" } },
  env: { vars: { FAKE_KEY: "k-from-file" } },
  meta: { lastTouchedVersion: "2026.9.6", migrations: { modelPolicyAllowlist: true } },
}"""


class RealFileTests(AgentsTestCase):
    """It is taken as it is."""

    def test_all_of_it(self) -> None:
        """What is used is used, with the environment in its place; what is not is named."""
        path = Path(self.mktemp())
        path.mkdir()
        (path / "openclaw.json").write_text(_REAL)
        found = source_files.path_in(path, {})
        state = path / "state"
        state.mkdir()
        config = LiveConfig(found, state, b"", {"OC_TOKEN": "secret-of-the-environment"})
        sections = config.sections
        self.assertEqual(sections.gateway.auth.token, "secret-of-the-environment")
        self.assertEqual(sections.models.providers["fake"].api_key, "k-from-file")
        self.assertEqual(sections.models.providers["fake"].models[0].compat["maxTokensField"], "max_tokens")
        self.assertEqual(sections.agents.entries["clerk"].name, "clerk")
        self.assertEqual(
            set(config.unused),
            {
                "auth", "update", "wizard", "talk", "agents.ownership", "agents.defaults.userTimezone",
                "agents.defaults.heartbeat.agentId", "agents.defaults.subagents",
                "agents.entries.clerk.agentDir", "gateway.auth.allowTailscale",
                "gateway.controlUi.github", "models.providers.fake.authHeader", "models.providers.fake.params",
                "models.providers.fake.models[0].headers", "session.maintenance",
            },
        )  # fmt: skip

    def test_told(self) -> None:
        """Clients are told, and changing such a key needs no restart; its secrets are hidden as all are."""
        config = self.house.plane.config
        tree = {**config.tree, "wizard": {"lastRunVersion": "1"}, "auth": {"profiles": {"x": {"key": "sk-hidden"}}}}
        self.assertEqual(config.replace(tree).restart_paths, ())
        shown = self.ok("config.get")
        self.assertEqual([each["path"] for each in shown["warnings"]], ["wizard", "auth"])
        self.assertNotIn("sk-hidden", json.dumps(shown))

    def test_mistakes_stay_mistakes(self) -> None:
        """A key that OpenClaw has not either stops the start, also inside of what it has."""
        for tree, path in (
            ({"gatewy": {}}, "gatewy"),
            ({"gateway": {"prot": 1}}, "gateway.prot"),
            ({"agents": {"defaults": {"userTimezon": "x"}}}, "agents.defaults.userTimezon"),
        ):
            error = self.assertRaises(OpenClawConfigError, validate, tree)
            self.assertEqual(error.issues[0]["path"], path)


class EveryKeyTests(SynchronousTestCase):
    """All keys of the schema that are not used, in each of the places where it has them."""

    def test_every_key(self) -> None:
        """Is taken and named."""
        known = json.loads((Path(openclaw_keys.__file__).parent / "openclaw_keys.json").read_text())
        count = 0
        for section, names in known.items():
            for name in names:
                tree: Any = {name: {"x": 1}}
                for step in reversed(section.replace("[]", ".[]").split(".") if section else []):
                    tree = [tree] if step == "[]" else {"some" if step == "*" else step: tree}
                used, unused = used_part(tree)
                self.assertEqual(len(unused), 1, (section, name))
                self.assertNotIn(f'"{name}": {{"x": 1}}', json.dumps(used))
                count += 1
        self.assertGreater(count, 150)


class IncludeTests(SynchronousTestCase):
    """``$include``."""

    def setUp(self) -> None:
        self.directory = Path(self.mktemp())
        self.directory.mkdir()
        self.main = self.directory / "openclaw.json"

    def read(self, main: str, **files: str) -> Any:
        self.main.write_text(main)
        for name, text in files.items():
            (self.directory / f"{name}.json5").write_text(text)
        return source_files.read(self.main).tree

    def refused(self, main: str, **files: str) -> str:
        return str(self.assertRaises(OpenClawConfigError, self.read, main, **files))

    def test_joined(self) -> None:
        """At any depth, several after one another, and what stands beside counts over them."""
        tree = self.read(
            '{$include: ["./a.json5", "b.json5"], session: {mainKey: "x"}, tools: {$include: "c.json5"}}',
            a='{session: {mainKey: "a", idleMinutes: 5}, tools: {allow: ["one"]}}',
            b="{session: {idleMinutes: 6}}",
            c='{allow: ["two"], // more\n}',
        )
        self.assertEqual(tree["session"], {"mainKey": "x", "idleMinutes": 6})
        self.assertEqual(tree["tools"], {"allow": ["one", "two"]})

    def test_refused(self) -> None:
        """Files of elsewhere, circles, what is missing or broken: said without what stands in them."""
        outside = self.directory.parent / "outside.json5"
        outside.write_text("{secret: 'hidden'}")
        self.addCleanup(outside.unlink)
        (self.directory / "link.json5").symlink_to(outside.resolve())
        for text, problem in (
            ('{$include: "../outside.json5"}', "outside of"),
            ('{$include: "link.json5"}', "outside of"),
            ('{$include: "/etc/passwd"}', "outside of"),
            ('{$include: "openclaw.json"}', "circle"),
            ('{$include: "none.json5"}', "cannot be read"),
            ("{$include: 7}", "must name a file"),
            ('{$include: "bad.json5"}', "cannot be understood"),
        ):
            message = self.refused(text, bad="{secret: hidden")
            self.assertIn(problem, message)
            self.assertNotIn("hidden", message)

    def test_edits(self) -> None:
        """An edit of an included file is read like one of the file itself."""
        self.main.write_text('{session: {$include: "part.json5"}}')
        part = self.directory / "part.json5"
        part.write_text("{idleMinutes: 5}")
        config = LiveConfig(self.main, self.directory, b"", {})
        self.assertIsNone(config.poll())
        part.write_text("{idleMinutes: 55}")
        self.assertIsNone(config.poll())
        change = config.poll()
        assert change is not None
        self.assertEqual((change.paths, config.sections.session.idle_minutes), (("session.idleMinutes",), 55))


class EnvironmentTests(SynchronousTestCase):
    """References."""

    def load(self, text: str, environment: dict[str, str]) -> LiveConfig:
        path = Path(self.mktemp())
        path.write_text(text)
        return LiveConfig(path, path.parent / "none", b"", environment)

    def test_references(self) -> None:
        """In a text, several, and one that is meant as it stands."""
        text = 'models: {providers: {p: {baseUrl: "http://${HOST_1}:${PORT_1}/$${X}", apiKey: "k"}}}'
        found = self.load(text, {"HOST_1": "h", "PORT_1": "1"}).sections.models.providers["p"]
        self.assertEqual(found.base_url, "http://h:1/${X}")

    def test_nothing_there(self) -> None:
        """Names the place and the variable: a token that is literally ``${X}`` is no secret."""
        error = self.assertRaises(OpenClawConfigError, self.load, 'gateway: {auth: {token: "${OC_TOKEN}"}}', {})
        self.assertEqual(error.issues, [{"path": "gateway.auth.token", "message": "the environment has no OC_TOKEN"}])
        text = "gateway: {auth: {token: {source: store, provider: default, id: THING}}}"
        self.assertIn("are not here", str(self.assertRaises(OpenClawConfigError, self.load, text, {})))
