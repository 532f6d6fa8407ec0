"""What waits for a person's word: asked by programs and agents, decided in clients and by typing; published shapes."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from teamgram.openclaw.agent.providers.model_api import ToolCall
from teamgram.openclaw.agent.tools.registry import EXECUTE, Tool, ToolContext, parameters
from teamgram.openclaw.approvals.approval import plain
from teamgram.openclaw.approvals.exec_policy import ALLOW, ASK, REFUSE, ExecPolicy
from trial_tests.openclaw import published_shapes
from trial_tests.openclaw.agent.agents import AgentsTestCase
from trial_tests.openclaw.agent.test_runner import TurnTestCase, says, wants
from trial_tests.openclaw.house import DeviceKey


class ShapesTestCase(AgentsTestCase):
    """Holds answers against the published schema."""

    def assertShape(self, name: str, value: Any) -> None:
        self.assertIsNone(published_shapes.problem(name, value), (name, value))


class ProgramTests(ShapesTestCase):
    """A program asks; another client decides."""

    def setUp(self) -> None:
        super().setUp()
        self.program = self.operator(scopes=["operator.approvals"])
        self.client.take()

    def ask(self, request_id: str = "ask", **more: Any) -> Any:
        params = {"command": "rm -rf /tmp/x", "timeoutMs": 60_000, "twoPhase": True, "sessionKey": "main", **more}
        return self.program.request("exec.approval.request", params, request_id)

    def responses(self, request_id: str = "ask") -> list[Any]:
        self.program.read()
        return [frame for frame in self.program.frames if frame.get("id") == request_id]

    def test_allowed(self) -> None:
        """Told at once that it waits, shown to others as published, and told the decision under the same id."""
        accepted = self.ask(id="one")["payload"]
        self.assertEqual((accepted["status"], accepted["id"]), ("accepted", "one"))
        (event,) = self.client.events("exec.approval.requested")
        self.assertEqual(event["payload"]["request"]["command"], "rm -rf /tmp/x")
        (listed,) = self.ok("exec.approval.list")
        self.assertEqual(listed, event["payload"])
        self.assertShape("ApprovalGetResult", self.ok("approval.get", id="one"))
        self.assertEqual(self.ok("exec.approval.get", id="on")["commandText"], "rm -rf /tmp/x")
        self.assertEqual(self.ok("exec.approval.resolve", id="one", decision="allow-once"), {"ok": True})
        self.assertEqual(self.responses()[-1]["payload"]["decision"], "allow-once")
        self.assertEqual(self.client.events("exec.approval.resolved")[0]["payload"]["decision"], "allow-once")
        # Saying it again is no harm, saying something else comes too late.
        self.ok("exec.approval.resolve", id="one", decision="allow-once")
        error = self.error("exec.approval.resolve", id="one", decision="deny")
        self.assertEqual(error["details"]["reason"], "APPROVAL_ALREADY_RESOLVED")
        late = self.ok("approval.resolve", id="one", kind="exec", decision="deny")
        self.assertEqual((late["applied"], late["approval"]["decision"]), (False, "allow-once"))
        self.assertShape("ApprovalResolveResult", late)
        self.assertEqual(self.ok("exec.approval.waitDecision", self.program, id="one")["decision"], "allow-once")

    def test_session_events(self) -> None:
        """Who follows the conversation hears of it there too."""
        self.ok("sessions.messages.subscribe", key="main")
        self.ask(id="one")
        self.ok("exec.approval.resolve", id="one", decision="deny")
        self.house.turn()
        events = [event["payload"] for event in self.client.events("session.approval")]
        self.assertEqual([event["phase"] for event in events], ["pending", "terminal"])
        for event in events:
            self.assertShape("SessionApprovalEvent", event)

    def test_nobody_answers(self) -> None:
        """It expires, and the history says so in the published shape, in pages."""
        for number in range(3):
            self.ask(f"ask-{number}", id=f"n{number}", timeoutMs=1000 * (number + 1))
        self.house.advance(5)
        self.assertEqual(self.responses("ask-0")[-1]["payload"]["terminalReason"], "timeout")
        first = self.ok("approval.history", limit=2)
        self.assertShape("ApprovalHistoryResult", first)
        self.assertEqual([item["id"] for item in first["items"]], ["n2", "n1"])
        rest = self.ok("approval.history", cursor=first["nextCursor"])
        self.assertEqual([item["status"] for item in rest["items"]], ["expired"])
        self.assertEqual(self.ok("approval.history", kind="plugin")["items"], [])
        self.assertIn("cursor", self.error("approval.history", cursor="x")["message"])

    def test_nobody_there(self) -> None:
        """Nobody can decide: denied at once, not after half an hour."""
        self.client.connection.connection_lost(None)
        answer = self.ask()["payload"]
        self.assertEqual((answer["decision"], answer["terminalReason"]), (None, "no-approval-route"))

    def test_plugin(self) -> None:
        """Anything else is asked in words, and answered the same way."""
        params = {"title": "Post it", "description": "A tweet", "twoPhase": True, "allowedDecisions": ["allow-once"]}
        accepted = self.program.request("plugin.approval.request", params, "ask")["payload"]
        (listed,) = self.ok("plugin.approval.list")
        self.assertEqual(listed["request"]["allowedDecisions"], ["allow-once", "deny"])
        self.assertShape("ApprovalGetResult", self.ok("approval.get", id=accepted["id"]))
        error = self.error("plugin.approval.resolve", id=accepted["id"], decision="allow-always")
        self.assertIn("unavailable", error["message"])
        self.ok("plugin.approval.resolve", id=accepted["id"], decision="deny")
        self.assertEqual(self.responses()[-1]["payload"]["decision"], "deny")

    def test_whose(self) -> None:
        """Who is no admin sees an agent's requests and his own, not another device's."""
        device, other = self.house.client(), self.house.client()
        device.hello(DeviceKey(1), scopes=["operator.approvals"])
        other.hello(DeviceKey(2), scopes=["operator.approvals"])
        device.request("exec.approval.request", {"command": "ls", "id": "mine"}, "ask")
        self.assertEqual(len(self.ok("exec.approval.list", device)), 1)
        self.assertEqual(self.ok("exec.approval.list", other), [])
        self.assertEqual(other.events("exec.approval.requested"), [])
        error = self.error("exec.approval.resolve", other, id="mine", decision="allow-once")
        self.assertEqual(error["details"]["reason"], "APPROVAL_NOT_FOUND")
        self.ok("exec.approval.resolve", id="mine", decision="deny")

    def test_hostile(self) -> None:
        """What would deceive a reader is spelled out; sizes, ids and counts have bounds."""
        self.ask(id="one", command="ls \u202etxt.exe\u202c\x1b[2K")
        self.assertIn("\\u{202E}", self.ok("exec.approval.list")[0]["request"]["command"])
        for params, problem in (
            ({"command": " "}, "command is required"),
            ({"command": "x" * 20_000}, "display limit"),
            ({"command": "ls", "id": "one"}, "already pending"),
            ({"command": "ls", "id": "plugin:x"}, "reserved"),
            ({"command": "ls", "id": "x" * 300}, "invalid approval id"),
            ({"command": "ls", "host": "node"}, "nodeId is required"),
        ):
            self.assertIn(problem, self.error("exec.approval.request", self.program, **params)["message"])
        for number in range(250):
            self.program.request("exec.approval.request", {"command": "ls", "id": f"many-{number}"})
        self.assertEqual(len(self.ok("exec.approval.list")), 200)

    def test_restart(self) -> None:
        """What waits when the process ends has ended; what was decided is known."""
        self.ask("a", id="decided")
        self.ask("b", id="waits")
        self.ok("exec.approval.resolve", id="decided", decision="allow-once")
        later = self.house.again()
        client = self.operator(later)
        self.assertEqual(self.ok("exec.approval.list", client), [])
        ended = {item["id"]: item["status"] for item in self.ok("approval.history", client)["items"]}
        self.assertEqual(ended, {"decided": "allowed", "waits": "cancelled"})
        self.assertShape("ApprovalHistoryResult", self.ok("approval.history", client))


class GuardedTests(TurnTestCase, ShapesTestCase):
    """An agent in a guarded session: its tools wait for a word."""

    def setUp(self) -> None:
        super().setUp()
        self.used: list[str] = []

        def press(arguments: dict[str, Any], context: ToolContext) -> str:
            self.used.append(arguments["what"])
            return "pressed"

        shape = parameters({"what": {"type": "string"}}, ["what"])
        self.house.parts.tools.add(Tool("press", "Press a button.", shape, press, effect=EXECUTE))
        self.ok("sessions.patch", key="main", permissionMode="guarded")
        self.play(wants(ToolCall("c1", "press", {"what": "red"})), says("done"))

    def asked(self) -> dict[str, Any]:
        self.house.advance(0.5)
        (listed,) = self.ok("plugin.approval.list")
        found: dict[str, Any] = listed
        return found

    def test_allowed(self) -> None:
        """The call waits, is made once after the word, and the run goes on."""
        self.send("press it")
        one = self.asked()
        self.assertEqual((one["request"]["toolName"], one["request"]["sessionKey"]), ("press", "agent:main:main"))
        self.assertIn('"red"', one["request"]["detail"])
        self.assertEqual(self.used, [])
        self.ok("plugin.approval.resolve", id=one["id"], decision="allow-once")
        self.house.advance(0.5)
        self.assertEqual((self.used, self.final()), (["red"], "done"))

    def test_typed(self) -> None:
        """``/approve`` typed into the conversation is the word, and no message to the agent."""
        self.send("press it")
        self.asked()
        self.assertEqual(self.send("/approve", "word-1")["status"], "ok")
        self.house.advance(0.5)
        self.assertEqual((self.used, self.final()), (["red"], "done"))
        self.assertIn("Allowed this once", self.final("word-1"))
        self.assertEqual([role for role, _ in self.history() if role == "user"], ["user"])

    def test_typed_without_the_right(self) -> None:
        """Who may write may not approve."""
        self.send("press it")
        self.asked()
        writer = self.operator(scopes=["operator.write"])
        self.send("/approve", "word-1", writer)
        self.assertEqual(self.used, [])
        self.assertIn("may not approve", self.final("word-1"))
        self.send("/deny", "word-2")

    def test_denied(self) -> None:
        """The model is told, and nothing was done."""
        self.send("press it")
        self.asked()
        self.send("/deny", "word-1")
        self.house.advance(0.5)
        self.assertEqual((self.used, self.final()), ([], "done"))
        self.assertIn("Denied", self.final("word-1"))

    def test_stopped(self) -> None:
        """A run that is stopped meanwhile takes its request with it."""
        self.send("press it")
        one = self.asked()
        self.ok("chat.abort", sessionKey="main")
        self.house.advance(0.5)
        self.assertEqual(self.ok("plugin.approval.list"), [])
        snapshot = self.ok("approval.get", id=one["id"])
        self.assertEqual((snapshot["approval"]["status"], snapshot["approval"]["reason"]), ("cancelled", "run-aborted"))
        self.assertShape("ApprovalGetResult", snapshot)

    def test_others_go_on(self) -> None:
        """A run that waits for a person holds no place: as many others as there are places run meanwhile."""
        self.house.plane.config.replace({**self.house.plane.config.tree, "agents": {
            "defaults": {"model": "echo/echo", "maxConcurrent": 1}
        }})  # fmt: skip
        self.send("press it")
        self.ok("sessions.patch", key="other", model="echo/echo")
        self.house.advance(0.5)
        self.send("hello", "run-2", sessionKey="other")
        self.house.advance(0.5)
        self.assertEqual(self.final("run-2"), "hello")
        self.send("/deny", "word-1")


class PolicyTests(SynchronousTestCase):
    """Which commands want a word."""

    def policy(self, file: dict[str, Any], configured: dict[str, Any] | None = None) -> ExecPolicy:
        from pathlib import Path

        policy = ExecPolicy(Path(self.mktemp()), lambda: configured or {}, None)
        policy.file = {"version": 1, **file}
        return policy

    def test_verdicts(self) -> None:
        """By security and ask; an agent's own words count over the defaults, those over the configuration."""
        listed = {"agents": {"main": {"allowlist": [{"pattern": "ls"}, {"pattern": "/usr/bin/*"}]}}}
        for file, configured, argv, verdict in (
            ({}, {}, ["ls"], ALLOW),
            ({}, {"ask": "always"}, ["ls"], ASK),
            ({}, {"security": "deny"}, ["ls"], REFUSE),
            ({"defaults": {"security": "full"}}, {"security": "deny"}, ["ls"], ALLOW),
            (listed, {"security": "allowlist"}, ["ls", "-l"], ALLOW),
            (listed, {"security": "allowlist"}, ["rm"], REFUSE),
            (listed, {"security": "allowlist", "ask": "on-miss"}, ["rm"], ASK),
            (listed, {"security": "allowlist"}, ["/usr/bin/env"], ALLOW),
            (listed, {"security": "allowlist"}, ["/tmp/ls"], REFUSE),
            (listed, {"security": "allowlist"}, ["/usr/bin/../../tmp/evil"], REFUSE),
            ({"agents": {"*": {"security": "deny"}, "main": {"security": "full"}}}, {}, ["ls"], ALLOW),
        ):
            self.assertEqual(self.policy(file, configured).verdict("main", argv), verdict, (file, configured, argv))
        self.assertEqual(self.policy(listed).verdict("main", ["rm"], at_least="on-miss"), ASK)
        self.assertEqual(self.policy(listed).verdict("main", ["ls"], at_least="on-miss"), ALLOW)

    def test_plain(self) -> None:
        """Line ends and other writing stay."""
        self.assertEqual(plain("Grüße\n世界 ✓"), "Grüße\n世界 ✓")
        self.assertEqual(plain("a\u200bb\x00"), "a\\u{200B}b\\u{0}")


class ExecPolicyMethodTests(ShapesTestCase):
    """``exec.approvals.get|set``."""

    def test_set(self) -> None:
        """In the published shape, against the state that was seen, over restarts; no secret is shown."""
        seen = self.ok("exec.approvals.get")
        self.assertShape("ExecApprovalsSnapshot", seen)
        file = {"version": 1, "socket": {"token": "secret"}, "defaults": {"ask": "always"}, "agents": {}}
        after = self.ok("exec.approvals.set", file=file, baseHash=seen["hash"])
        self.assertShape("ExecApprovalsSnapshot", after)
        self.assertEqual((after["resolvedDefaults"]["ask"], after["exists"]), ("always", True))
        self.assertNotIn("secret", str(after))
        self.assertIn("changed", self.error("exec.approvals.set", file=file, baseHash=seen["hash"])["message"])
        self.assertIn("hash required", self.error("exec.approvals.set", file=file)["message"])
        bad = {"version": 1, "agents": {"main": {"allowlist": [{"pattern": "x", "argPattern": "("}]}}}
        self.assertIn("argPattern", self.error("exec.approvals.set", file=bad, baseHash=after["hash"])["message"])
        later = self.operator(self.house.again())
        self.assertEqual(self.ok("exec.approvals.get", later)["hash"], after["hash"])
        self.assertShape("ExecApprovalGrantsListResult", self.ok("exec.approval.grants.list"))
        self.assertShape("ExecApprovalGrantsRevokeResult", self.ok("exec.approval.grants.revoke", grantId="x"))
