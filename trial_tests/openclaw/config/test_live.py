"""The configuration: JSON5, merging, validation as a whole, overlays, edits."""

import os

from twisted.trial.unittest import SynchronousTestCase

import yaml

from teamgram.openclaw.config import json5, merge, redaction
from teamgram.openclaw.config.errors import OpenClawConfigError
from teamgram.openclaw.config.live import Change, LiveConfig, validate
from teamgram.openclaw.config.sections import OpenClawFile
from trial_tests.openclaw.house import TOKEN, House


class Json5Tests(SynchronousTestCase):
    """What ``raw`` may hold."""

    def test_values(self) -> None:
        """Everything JSON5 adds that a configuration uses."""
        text = """{ // comment
            bare: 'single', "q": [1, +2, -.5, 0x10, 1e2,], /* block */ $x_1: null, t: true, f: false, nested: {},
            esc: "a\\u00e9\\n\\x41\\
b",
        }"""
        self.assertEqual(
            json5.parse(text),
            {
                "bare": "single",
                "q": [1, 2, -0.5, 16, 100.0],
                "$x_1": None,
                "t": True,
                "f": False,
                "nested": {},
                "esc": "aé\nAb",
            },
        )

    def test_errors_say_where(self) -> None:
        """Line and column of what makes no sense; nesting is bounded."""
        for text, where in (
            ("{nope", "invalid end of input at 1:6"),
            ("", "invalid end of input at 1:1"),
            ("{a:1}\n x", "invalid character 'x' at 2:2"),
            ("[" * 100, "nested too deep"),
            ("'abc", "invalid end of input at 1:5"),
            ("{a:Infinity}", "invalid character 'I' at 1:4"),
        ):
            error = self.assertRaises(json5.Json5Error, json5.parse, text)
            self.assertIn(where, str(error))


class MergeTests(SynchronousTestCase):
    """Trees."""

    def test_difference_is_the_inverse_of_merge(self) -> None:
        """Merging the difference gives the new tree."""
        old = {"a": {"b": 1, "c": [1]}, "d": 2}
        new = {"a": {"b": 1, "c": [2], "e": {}}, "f": {"g": "h"}}
        self.assertEqual(merge.merge(old, merge.difference(old, new)), new)
        self.assertEqual(merge.changed_paths(old, new), ["a.c", "a.e", "d", "f.g"])


class ValidateTests(SynchronousTestCase):
    """Errors name the path and the fix."""

    def issue(self, tree: object) -> str:
        error = self.assertRaises(OpenClawConfigError, validate, tree, "openclaw.yaml")
        return str(error)

    def test_wordings(self) -> None:
        """Unknown keys, wrong types, wrong choices, and what contradicts itself."""
        self.assertEqual(
            self.issue({"gateway": {"prot": 1}}), "openclaw.yaml: gateway.prot: unknown key; did you mean port?"
        )
        self.assertEqual(
            self.issue({"gateway": {"port": "abc"}}),
            "openclaw.yaml: gateway.port: Invalid input: expected number, received string",
        )
        self.assertIn("gateway.auth.mode", self.issue({"gateway": {"auth": {"mode": "magic"}}}))
        self.assertIn("gateway.port: must be a port number", self.issue({"gateway": {"port": 70000}}))
        self.assertIn("use token", self.issue({"gateway": {"bind": "lan", "auth": {"mode": "none"}}}))
        self.assertIn("is needed", self.issue({"gateway": {"auth": {"mode": "password"}}}))

    def test_openclaws_own_file(self) -> None:
        """A configuration written for OpenClaw loads, sections of things we have not included."""
        validate(
            {
                "gateway": {
                    "mode": "local",
                    "port": 18989,
                    "bind": "loopback",
                    "auth": {"mode": "token", "token": "t"},
                },
                "agents": {"defaults": {"workspace": "/w", "model": {"primary": "fake/echo"}}, "entries": {"main": {}}},
                "models": {
                    "mode": "merge",
                    "providers": {"fake": {"baseUrl": "http://x/v1", "apiKey": "k", "models": []}},
                },
                "meta": {"lastTouchedVersion": "2026.9.6"},
                "plugins": {"entries": {}},
            }
        )


class LiveConfigTests(SynchronousTestCase):
    """The file, the overlay, and who wins."""

    def setUp(self) -> None:
        self.house = House()
        self.addCleanup(self.house.close)
        self.config = self.house.plane.config

    def edit(self, tree: object) -> None:
        self.house.config_path.write_text(tree if isinstance(tree, str) else yaml.safe_dump(tree))
        stat = self.house.config_path.stat()
        os.utime(self.house.config_path, ns=(stat.st_atime_ns, stat.st_mtime_ns + 10_000_000))

    def polled(self) -> Change | None:
        """As twice a second apart: an edit is taken once it has stayed as it is for that long."""
        self.assertIsNone(self.config.poll())
        return self.config.poll()

    def again(self) -> LiveConfig:
        return LiveConfig(self.config.path, self.house.plane.lifetime.state_dir, self.house.plane.identity.hash_key)

    def test_patch_survives_and_leaves_the_file_alone(self) -> None:
        """A patch holds after a restart, with the same hash; the operator's file is not written."""
        before = self.house.config_path.read_text()
        self.config.replace(merge.merge(self.config.tree, {"session": {"dmScope": "per-peer"}}))
        self.assertEqual(self.house.config_path.read_text(), before)
        again = self.again()
        self.assertEqual(again.sections.session.dm_scope, "per-peer")
        self.assertEqual(again.hash, self.config.hash)

    def test_a_later_edit_wins(self) -> None:
        """Who edits the file at a patched place means it; other patches stay."""
        patch = {"session": {"dmScope": "per-peer"}, "cron": {"enabled": False}}
        self.config.replace(merge.merge(self.config.tree, patch))
        self.edit({"gateway": {"auth": {"token": TOKEN}}, "session": {"dmScope": "per-channel-peer"}})
        self.polled()
        for config in (self.config, self.again()):
            self.assertEqual(config.sections.session.dm_scope, "per-channel-peer")
            self.assertFalse(config.sections.cron.enabled)

    def test_a_bad_edit_is_refused_once_and_the_last_good_stays(self) -> None:
        """The error is told once, config.get shows it, and a good edit clears it."""
        self.edit("gateway: {port: abc}")
        self.assertRaises(OpenClawConfigError, self.polled)
        self.assertIsNone(self.config.poll())
        self.assertEqual(self.config.sections.gateway.auth.token, TOKEN)
        shown = self.house.operator().request("config.get")["payload"]
        self.assertEqual((shown["valid"], shown["issues"][0]["path"]), (False, "gateway.port"))
        self.edit({"gateway": {"auth": {"token": TOKEN}}, "messages": {"x": 1}})
        change = self.polled()
        assert change is not None
        self.assertEqual(change.paths, ("messages.x",))
        self.assertIsNone(self.config.base_error)

    def refused(self, content: bytes | None) -> str:
        """Write the file, or remove it; the word of the refusal, after which everything is as before."""
        tree, sections = self.config.tree, self.config.sections
        path = self.house.config_path
        path.unlink() if content is None else path.write_bytes(content)
        error = self.assertRaises(OpenClawConfigError, self.polled)
        self.assertIs(self.config.tree, tree)
        self.assertIs(self.config.sections, sections)
        return error.summary()

    def test_half_of_a_file(self) -> None:
        """Nothing, nothing but remarks, a beginning, a file that is gone: none of them is an edit."""
        whole = self.house.config_path.read_bytes() + b"session: {dmScope: main}\ncron: {enabled: false}\n"
        self.house.config_path.write_bytes(whole)
        self.assertIsNotNone(self.polled())
        for nothing in (b"", b"\n", b"# later\n", b"---\n"):
            self.assertIn("holds nothing", self.refused(nothing))
        for end in (whole.index(b"\n", 10) + 1, whole.index(b"session"), whole.index(b"cron"), len(whole) - 9):
            self.assertRegex(self.refused(whole[:end]), "only the beginning|is no YAML|expected object")
        self.assertIn("no such file", self.refused(None))
        self.assertIn("token: is gone", self.refused(b"session: {dmScope: main}\ncron: {enabled: true}\n# others\n"))
        self.house.config_path.write_bytes(whole[: whole.index(b"cron")] + b"# that is all\n")
        self.assertIsNotNone(self.polled())
        self.assertTrue(self.config.sections.cron.enabled)

    def test_while_it_is_written(self) -> None:
        """What changes from one look to the next is not read yet."""
        whole = self.house.config_path.read_bytes()
        for number in range(5):
            self.house.config_path.write_bytes(whole + b"cron: {enabled: false}\n" + b"# %d\n" % number * number)
            self.assertIsNone(self.config.poll())
        self.assertTrue(self.config.sections.cron.enabled)
        self.assertIsNotNone(self.config.poll())

    def test_what_needs_a_restart_is_said(self) -> None:
        """Ports and auth modes wait for a restart, the rest does not."""
        tree = merge.merge(self.config.tree, {"gateway": {"port": 1234, "auth": {"rateLimit": {"maxAttempts": 3}}}})
        self.assertEqual(self.config.replace(tree).restart_paths, ("gateway.port",))

    def test_nothing_secret_is_shown(self) -> None:
        """config.get has no token in it, anywhere; the hash alone does not give it away either."""
        payload = self.house.operator().request("config.get")["payload"]
        self.assertNotIn(TOKEN, str(payload))

    def test_null_deletes_and_set_replaces(self) -> None:
        """A patch's null takes a key away; config.set puts a whole tree in force, redacted secrets kept."""
        operator = self.house.operator()

        def change(method: str, raw: str) -> dict[str, object]:
            return operator.request(method, {"raw": raw, "baseHash": self.config.hash})

        self.assertTrue(change("config.patch", "{messages: {a: 1, b: 2}}")["ok"])
        self.assertTrue(change("config.patch", "{messages: {a: null}}")["ok"])
        self.assertEqual(self.config.tree["messages"], {"b": 2})
        raw = f'{{gateway: {{auth: {{token: "{redaction.REDACTED}"}}}}}}'
        self.assertTrue(change("config.set", raw)["ok"])
        self.assertEqual(self.config.tree, {"gateway": {"auth": {"token": TOKEN}}})

    def test_environment(self) -> None:
        """The names that OpenClaw and small clones use."""
        environment = {"OPENCLAW_GATEWAY_PORT": "1", "MINI_OPENCLAW_PORT": "3210", "MINI_OPENCLAW_MODEL": "a/b"}
        config = LiveConfig(
            self.config.path, self.house.plane.lifetime.state_dir, self.house.plane.identity.hash_key, environment
        )
        self.assertEqual(config.sections.gateway.port, 1)
        self.assertEqual(config.sections.mini.port, 3210)
        self.assertEqual(config.sections.agents.defaults.model, "a/b")
        self.assertEqual(config.tree, self.config.tree)

    def under(self, tree: dict[str, object], **environment: str) -> OpenClawFile:
        """What holds with these names in the environment."""
        plane = self.house.plane
        config = LiveConfig(self.config.path, plane.lifetime.state_dir, plane.identity.hash_key, environment)
        return config.validate(tree)

    def test_small_clones_environment(self) -> None:
        """Workspace, context, no port at all; a key for Anthropic is a provider where there is none."""
        found = self.under({}, MINI_OPENCLAW_WORKSPACE="/w", MINI_OPENCLAW_MAX_CONTEXT="7", MINI_OPENCLAW_PORT="0")
        self.assertEqual((found.agents.defaults.workspace, found.mini.max_context_messages), ("/w", 7))
        self.assertEqual((found.mini.port, found.models.providers), (0, {}))
        found = self.under({}, ANTHROPIC_API_KEY="sk-x")
        provider = found.models.providers["anthropic"]
        self.assertEqual((provider.api, provider.api_key), ("anthropic-messages", "sk-x"))
        self.assertEqual(found.agents.defaults.model, f"anthropic/{provider.models[0].id}")
        found = self.under({}, ANTHROPIC_API_KEY="sk-x", MINI_OPENCLAW_MODEL="claude-y")
        self.assertEqual(found.agents.defaults.model, "anthropic/claude-y")
        own: dict[str, object] = {"models": {"providers": {"local": {"baseUrl": "http://x"}}}}
        self.assertEqual(list(self.under(own, ANTHROPIC_API_KEY="sk-x").models.providers), ["local"])
        other: dict[str, object] = {"agents": {"defaults": {"model": "local/llama"}}}
        self.assertEqual(self.under(other, ANTHROPIC_API_KEY="sk-x").models.providers, {})
