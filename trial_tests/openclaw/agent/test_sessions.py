"""``sessions.*`` through a client."""

import os
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred

from trial_tests.openclaw.agent.agents import KEY, AgentsTestCase, words


class ListTests(AgentsTestCase):
    """Looking."""

    def setUp(self) -> None:
        """Three sessions."""
        super().setUp()
        for number in range(3):
            self.ok("sessions.create", key=f"s{number}", label=f"label {number}")
            self.house.advance(1.0)

    def test_newest_first(self) -> None:
        """Paged, with how many there are."""
        answer = self.ok("sessions.list", limit=2)
        self.assertEqual([row["key"] for row in answer["sessions"]], ["agent:main:s2", "agent:main:s1"])
        self.assertEqual((answer["totalCount"], answer["hasMore"], answer["nextOffset"]), (3, True, 2))
        rest = self.ok("sessions.list", limit=2, offset=2)
        self.assertEqual((rest["count"], rest["hasMore"], rest["nextOffset"]), (1, False, None))

    def test_filters(self) -> None:
        """By label, words, archived."""
        self.assertEqual(self.ok("sessions.list", label="label 1")["count"], 1)
        self.assertEqual(self.ok("sessions.list", search="LABEL")["count"], 3)
        self.ok("sessions.patch", key="s1", archived=True)
        self.assertEqual(self.ok("sessions.list")["count"], 2)
        self.assertEqual(self.ok("sessions.list", archived="all")["count"], 3)
        self.assertEqual(self.ok("sessions.list", archived=True)["sessions"][0]["label"], "label 1")

    def test_resolve(self) -> None:
        """Key, id or label; missing ones are an error unless they may be missing."""
        session_id = self.ok("sessions.describe", key="s0")["session"]["sessionId"]
        for params in ({"key": "s0"}, {"sessionId": session_id}, {"label": "label 0"}):
            self.assertEqual(self.ok("sessions.resolve", **params)["key"], "agent:main:s0")
        self.assertEqual(self.error("sessions.resolve", key="none")["message"], "No session found: agent:main:none")
        self.assertEqual(self.ok("sessions.resolve", key="none", allowMissing=True), {"ok": False})

    def test_preview(self) -> None:
        """The last words."""
        self.send("hello", sessionKey="s0")
        self.house.advance(1.0)
        previews = self.ok("sessions.preview", keys=["s0", "s1", "none"])["previews"]
        self.assertEqual([preview["status"] for preview in previews], ["ok", "empty", "missing"])
        self.assertEqual(previews[0]["items"], [{"role": role, "text": "hello"} for role in ("user", "assistant")])


class ChangeTests(AgentsTestCase):
    """Making and changing."""

    def test_create(self) -> None:
        """With a key, without one, again, with a label that is taken, for nobody."""
        made = self.ok("sessions.create", key="agent:main:one", label="L")
        again = self.ok("sessions.create", key="agent:main:one")
        self.assertEqual(made["sessionId"], again["sessionId"])
        self.assertTrue(self.ok("sessions.create")["key"].startswith("agent:main:dashboard:"))
        self.assertEqual(self.error("sessions.create", label="L")["message"], "label already in use: L")
        self.assertEqual(self.error("sessions.create", key="agent:no:x")["message"], 'Unknown agent id "no"')

    def test_create_with_message(self) -> None:
        """The first run begins at once."""
        answer = self.ok("sessions.create", key="one", message="hello")
        self.assertTrue(answer["runStarted"])
        self.house.advance(1.0)
        self.assertEqual(len(self.history("one")), 2)

    def test_patch(self) -> None:
        """Settings stay over a restart; None takes them away; unknown ones are refused."""
        self.ok("sessions.patch", key="one", label="L", thinkingLevel="off", permissionMode="read-only", pinned=True)
        again = self.house.again()
        row = self.ok("sessions.describe", self.operator(again), key="one")["session"]
        self.assertEqual((row["label"], row["permissionMode"], row["pinned"]), ("L", "read-only", True))
        entry = self.ok("sessions.patch", key="one", permissionMode=None, label=None)["entry"]
        self.assertNotIn("permissionMode", entry)
        self.assertNotIn("label", entry)
        error = self.error("sessions.patch", key="one", bogus=1)
        self.assertEqual(error["message"], "invalid sessions.patch params: at root: unexpected property 'bogus'")

    def test_model(self) -> None:
        """A provider that is not configured is refused."""
        self.assertEqual(self.ok("sessions.patch", key="one", model="echo/loud")["resolved"]["model"], "loud")
        self.assertIn('Unknown provider "no"', self.error("sessions.patch", key="one", model="no/x")["message"])

    def test_fork(self) -> None:
        """A fork knows what was said, and goes its own way."""
        self.send("remember this")
        self.house.advance(1.0)
        self.ok("sessions.create", key="two", fork=True, parentSessionKey="main")
        self.assertEqual(self.history("two"), self.history())
        self.send("only here", "run-2", sessionKey="two")
        self.house.advance(1.0)
        self.assertEqual((len(self.history("two")), len(self.history())), (4, 2))

    def test_changes_are_told(self) -> None:
        """Followers hear of each change."""
        follower = self.operator()
        self.ok("sessions.subscribe", follower)
        self.ok("sessions.create", key="one")
        self.ok("sessions.patch", key="one", label="L")
        self.send("x", sessionKey="one")
        self.house.advance(1.0)
        self.ok("sessions.delete", key="one")
        told = [event["payload"] for event in follower.events("sessions.changed")]
        reasons = [payload.get("reason") or payload.get("phase") for payload in told]
        self.assertEqual(
            reasons,
            ["create", "patch", "send", "agent.run.started", "start", "agent.input.settled", "end", "delete"],
        )
        self.assertEqual(told[1]["session"]["label"], "L")


class LifeTests(AgentsTestCase):
    """Reset, compact, close, delete, idle."""

    def talk(self, count: int = 2) -> None:
        """Some runs."""
        for number in range(count):
            self.send(f"message {number}", f"run-{number}")
            self.house.advance(0.3)

    def test_reset(self) -> None:
        """Same id, another revision, counters at zero, one system message; the model sees nothing from before."""
        self.talk()
        before = self.ok("sessions.describe", key="main")["session"]
        self.ok("sessions.patch", key="main", label="L")
        entry = self.ok("sessions.reset", key="main")["entry"]
        self.assertEqual((entry["sessionId"], entry["label"]), (before["sessionId"], "L"))
        self.assertEqual((entry["inputTokens"], entry["compactionCount"]), (0, 0))
        self.assertEqual(self.history(), [("system", "Reset")])
        session = self.house.parts.sessions.get(KEY)
        assert session is not None
        context = self.successResultOf(self._context(session))
        self.assertEqual(context.messages, [])

    def _context(self, session: Any) -> "Deferred[Any]":
        return Deferred.fromCoroutine(self.house.parts.compaction.context(session, 1000))

    def test_compact(self) -> None:
        """The older part becomes a summary that the model sees instead; operations are told."""
        self.talk(3)
        result = self.ok("sessions.compact", key="main")["result"]
        self.assertIn("message 0", result["summary"])
        phases = [event["payload"]["phase"] for event in self.client.events("session.operation")]
        self.assertEqual(phases, ["start", "end"])
        session = self.house.parts.sessions.get(KEY)
        context = self.successResultOf(self._context(session))
        self.assertEqual(len(context.messages), 1)
        self.assertIn("message 2", words(context.messages[0]))
        self.assertEqual(len(self.history()), 6)

    def test_compact_to_lines(self) -> None:
        """``maxLines`` keeps the last messages, over a restart too."""
        self.talk(3)
        self.assertEqual(self.ok("sessions.compact", key="main", maxLines=2)["kept"], 2)
        self.assertEqual([text for _, text in self.history()], ["message 2", "message 2"])
        self.send("and on", "run-x")
        self.house.advance(0.5)
        again = self.operator(self.house.again())
        self.assertEqual(len(self.history(client=again)), 4)

    def test_delete(self) -> None:
        """The transcript is kept under another name; the main session stays; a second time is no error."""
        self.send("x", sessionKey="one")
        self.house.advance(1.0)
        answer = self.ok("sessions.delete", key="one")
        self.assertTrue(answer["deleted"])
        self.assertTrue(Path(answer["archived"][0]).exists())
        self.assertEqual(self.history("one"), [])
        self.assertEqual(self.ok("sessions.delete", key="one")["deleted"], False)
        self.assertEqual(
            self.error("sessions.delete", key="main")["message"], "Cannot delete the main session (agent:main:main)."
        )
        again = self.operator(self.house.again())
        self.assertEqual(self.ok("sessions.list", again)["count"], 0)

    def test_delete_while_a_turn_runs(self) -> None:
        """The run ends first; nothing writes to the archived file afterwards."""
        self.send("hi chunks=50 delay=0.1", sessionKey="one")
        self.house.advance(0.5)
        archived = self.ok("sessions.delete", key="one")["archived"][0]
        size = os.stat(archived).st_size
        self.house.advance(10.0)
        self.assertEqual([end["state"] for end in self.ends("run-1")], ["aborted"])
        self.assertEqual(os.stat(archived).st_size, size)

    def test_keys_that_are_no_text(self) -> None:
        """Methods without a declared shape refuse them in words, not with a fault of ours."""
        wrong: tuple[Any, ...] = (5, 1.5, True, [1], {"a": 1})
        for value in wrong:
            for method in ("sessions.activate", "sessions.close"):
                self.assertEqual(self.error(method, key=value)["code"], "INVALID_REQUEST", (method, value))
            for method, key in (("sessions.activate", "key"), ("sessions.get", "key"), ("chat.startup", "sessionKey")):
                error = self.error(method, **{key: "main", "agentId": value})
                self.assertEqual(error["code"], "INVALID_REQUEST", (method, value))

    def test_states(self) -> None:
        """active, idle after the configured time, closed, and active again."""
        state = lambda: self.ok("sessions.describe", key="main")["session"]["state"]  # noqa: E731
        self.talk(1)
        self.assertEqual(state(), "active")
        self.house.reactor.advance(3601)
        self.assertEqual(state(), "idle")
        self.ok("sessions.close", key="main")
        self.assertEqual(state(), "closed")
        self.ok("sessions.activate", key="main")
        self.assertEqual(state(), "active")


class ScopeTests(AgentsTestCase):
    """Who may."""

    def test_scopes(self) -> None:
        """Readers look, writers talk, only admins reset, compact and delete."""
        reader, writer = self.operator(scopes=["operator.read"]), self.operator(scopes=["operator.write"])
        self.ok("sessions.list", reader)
        self.assertEqual(self.error("sessions.create", reader)["code"], "FORBIDDEN")
        self.ok("sessions.create", writer, key="one")
        for method in ("sessions.reset", "sessions.delete", "sessions.compact"):
            self.assertEqual(self.error(method, writer, key="one")["code"], "FORBIDDEN")
        error = self.error("chat.send", writer, sessionKey="main", message="/reset", idempotencyKey="k")
        self.assertEqual(error["code"], "FORBIDDEN")
