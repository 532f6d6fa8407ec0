"""What the Control UI's screens ask beside chatting: usage, search, forks, files, commands, and what is not here."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from teamgram.openclaw.agent import usage_details
from teamgram.openclaw.agent.providers.model_api import ModelReply, Usage
from teamgram.openclaw.methods.not_configured import ANSWERS, REFUSALS
from trial_tests.openclaw.agent.agents import AgentsTestCase
from trial_tests.openclaw.agent.test_job_delivery import DeliveryTestCase
from trial_tests.openclaw.agent.test_runner import TurnTestCase, fails, says
from trial_tests.openclaw.methods import method_table


class UsageTests(TurnTestCase):
    """Tokens and dollars by session, day and model."""

    config = {
        "models": {
            "providers": {
                "one": {
                    "baseUrl": "http://x",
                    "models": [{"id": "a", "cost": {"input": 2, "output": 10}}, {"id": "free"}],
                }
            }
        },
        "agents": {"defaults": {"model": "one/a"}},
    }

    def setUp(self) -> None:
        """Two answers today, one of them without a price, and one yesterday."""
        super().setUp()
        reply = lambda request, on_text: ModelReply("x", usage=Usage(1_000_000, 100_000))  # noqa: E731
        self.play(*[reply] * 3)
        self.house.step_seconds = 3600.0
        self.send("yesterday", "run-0")
        self.house.advance(86_400)
        self.house.step_seconds = 0.02
        self.send("one", "run-1")
        self.house.advance(0.5)
        self.send("two", "run-2", sessionKey="other")
        self.ok("sessions.patch", key="other", model="one/free")
        self.house.advance(0.5)

    def test_by_session(self) -> None:
        """Each session's, and all together by day, model and agent."""
        found = self.ok("sessions.usage", mode="utc")
        self.assertEqual(found["overview"]["matchedSessions"], 2)
        self.assertEqual((found["totals"]["input"], found["totals"]["totalTokens"]), (3_000_000, 3_300_000))
        usage = {entry["key"]: entry["usage"] for entry in found["sessions"]}["agent:main:main"]
        self.assertEqual((usage["totalCost"], usage["inputCost"], usage["messageCounts"]["user"]), (6.0, 4.0, 2))
        self.assertEqual([day["cost"] for day in usage["dailyBreakdown"]], [3.0, 3.0])
        self.assertEqual([day["messages"] for day in found["aggregates"]["daily"]], [2, 4])
        (agent,) = found["aggregates"]["byAgent"]
        self.assertEqual(agent["totals"]["totalTokens"], 3_300_000)

    def test_by_day(self) -> None:
        """Only of the days that are asked for."""
        found = self.ok("usage.cost", days=1, mode="utc")
        self.assertEqual((found["days"], len(found["daily"])), (1, 1))
        self.assertEqual(found["totals"]["input"], 2_000_000)
        day = found["daily"][0]["date"]
        self.assertEqual(self.ok("sessions.usage", startDate=day, endDate=day)["totals"]["input"], 2_000_000)
        self.assertEqual(self.ok("sessions.usage", key="other")["overview"]["matchedSessions"], 1)
        self.assertEqual(self.ok("usage.status")["providers"], [])

    def test_one_session(self) -> None:
        """Its answers over time, and what was said for them."""
        found = self.ok("sessions.usage.timeseries", key="main")
        self.assertEqual([point["cost"] for point in found["points"]], [3.0, 3.0])
        self.assertEqual([point["cumulativeTokens"] for point in found["points"]], [1_100_000, 2_200_000])
        self.assertEqual([point["cumulativeCost"] for point in found["points"]], [3.0, 6.0])
        logs = self.ok("sessions.usage.logs", key="main")["logs"]
        self.assertEqual([(each["role"], each["content"]) for each in logs if each["role"] == "user"],
                         [("user", "yesterday"), ("user", "one")])  # fmt: skip
        self.assertEqual([(each["content"], each["tokens"], each["cost"]) for each in logs if "cost" in each],
                         [("x", 1_100_000, 3.0)] * 2)  # fmt: skip
        self.assertEqual(self.ok("sessions.usage.logs", key="main", limit=1)["logs"], logs[-1:])
        for method in ("sessions.usage.timeseries", "sessions.usage.logs"):
            self.assertIn("key is required", self.error(method)["message"])
            self.assertIn("No transcript", self.error(method, key="none-such")["message"])

    def test_many_points(self) -> None:
        """Neighbours become one, and nothing of their sum is lost; a message's long text is cut."""
        records = [
            {"type": "message", "timestamp": f"2027-01-01T00:{at // 60:02}:{at % 60:02}.000Z",
             "message": {"role": "assistant", "model": "m", "usage": {"input": 1, "cost": {"input": 0.5}},
                         "content": [{"type": "text", "text": "x" * 5000}, {"type": "toolCall", "name": "read_file"}]}}
            for at in range(450)
        ]  # fmt: skip
        points = usage_details.timeseries(records[::-1])
        self.assertEqual((len(points), points[-1]["cumulativeTokens"], points[-1]["cumulativeCost"]), (150, 450, 225.0))
        (log,) = usage_details.logs(records[::-1], 1)
        self.assertEqual((len(log["content"]), usage_details.timeseries([])), (2001, []))

    def test_refused(self) -> None:
        """Days and zones that are none."""
        wrong: tuple[dict[str, Any], ...] = (
            {"startDate": "2027-13-01"},
            {"startDate": "2027-02-02", "endDate": "2027-02-01"},
            {"mode": "specific", "timeZone": "Moon/Sea"},
        )
        for params in wrong:
            self.assertEqual(self.error("sessions.usage", **params)["code"], "INVALID_REQUEST", params)


class SessionCopyTests(AgentsTestCase):
    """Searching and going on elsewhere."""

    def test_search(self) -> None:
        """By words, the best first, in all sessions or some; with where it stands."""
        self.send("The quick brown fox", "a")
        self.house.advance(0.5)
        self.send("A quick answer", "b", sessionKey="other")
        self.house.advance(0.5)
        found = self.ok("sessions.search", query="QUICK fox")["results"]
        self.assertEqual({hit["sessionKey"] for hit in found[:2]}, {"agent:main:main"})
        self.assertEqual((found[0]["score"], found[-1]["score"]), (1.0, 0.5))
        self.assertIn("brown", found[0]["snippet"])
        only = self.ok("sessions.search", query="quick", sessionKeys=["other"], limit=1)
        self.assertEqual(
            ([hit["sessionKey"] for hit in only["results"]], only["truncated"]), (["agent:main:other"], True)
        )
        self.assertEqual(self.ok("sessions.search", query="...")["results"], [])


class AgentFilesTests(TurnTestCase):
    """Who an agent is."""

    def test_files(self) -> None:
        """Written, read, and told to the model with the next run; what is private only in the owner's conversation."""
        self.assertTrue(all(file["missing"] for file in self.ok("agents.files.list", agentId="main")["files"]))
        for name, content in (("SOUL.md", "You are kind."), ("USER.md", "She is called Ann.")):
            self.assertFalse(self.ok("agents.files.set", agentId="main", name=name, content=content)["file"]["missing"])
        found = self.ok("agents.files.get", agentId="main", name="SOUL.md")["file"]
        self.assertEqual((found["content"], found["size"]), ("You are kind.", 13))
        played = self.play(says("x"), says("y"))
        self.send("a")
        self.house.advance(0.5)
        self.send("b", "run-2", sessionKey="telegram:direct:7")
        self.house.advance(0.5)
        mine, strangers = (request.system for request in played.asked)
        self.assertIn("You are kind.", mine)
        self.assertIn("She is called Ann.", mine)
        self.assertIn("You are kind.", strangers)
        self.assertNotIn("Ann", strangers)

    def test_refused(self) -> None:
        """Other names, links, what is too long, agents that there are not."""
        for name in ("../../secret", "notes.md", "agents.md"):
            error = self.error("agents.files.get", agentId="main", name=name)
            self.assertIn("unsupported file", error["message"])
            error = self.error("agents.files.set", agentId="main", name=name, content="")
            self.assertEqual(error["code"], "INVALID_REQUEST")
        large = self.error("agents.files.set", agentId="main", name="SOUL.md", content="x" * 300_000)
        self.assertIn("at most", large["message"])
        self.assertIn("unknown agent", self.error("agents.files.list", agentId="nobody")["message"])
        workspace = self.house.parts.roster.default.workspace
        workspace.mkdir(parents=True, exist_ok=True)
        (workspace / "SOUL.md").symlink_to(self.house.config_path)
        self.assertTrue(self.ok("agents.files.get", agentId="main", name="SOUL.md")["file"]["missing"])


class MessageTests(DeliveryTestCase):
    """Single messages."""

    def action(self, **more: Any) -> dict[str, Any]:
        """Parameters of ``message.action``."""
        params = {"to": "@bob", "message": "hello"}
        return {"channel": "telegram", "action": "send", "params": params, "idempotencyKey": "k", **more}

    def test_send(self) -> None:
        """As the command line's ``message send`` asks; once a key."""
        for _ in range(2):
            self.assertEqual(self.ok("message.action", **self.action())["messageId"], "1")
        self.assertEqual((self.said, self.channel.attempts), ([("@bob", "hello")], 1))
        wrong: tuple[dict[str, Any], ...] = (
            {"action": "dance"},
            {"params": {}},
            {"params": {"to": "x", "message": 7}},
        )
        for more in wrong:
            self.assertEqual(self.error("message.action", **self.action(**more))["code"], "INVALID_REQUEST", more)

    def test_get(self) -> None:
        """Whole by its id; what is not there, or too long, says so."""
        self.send("size=3000")
        self.house.advance(0.5)
        messages = self.ok("chat.history", sessionKey="main", maxChars=100)["messages"]
        message_id = messages[-1]["__openclaw"]["id"]
        found = self.ok("chat.message.get", sessionKey="main", messageId=message_id)
        self.assertGreater(len(found["message"]["content"][0]["text"]), 2000)
        for params, reason in (
            ({"sessionKey": "main", "messageId": "x"}, "not_found"),
            ({"sessionKey": "none", "messageId": "x"}, "not_found"),
            ({"sessionKey": "main", "messageId": message_id, "maxChars": 10}, "oversized"),
        ):
            self.assertEqual(self.ok("chat.message.get", **params)["unavailableReason"], reason)


class ModelTests(TurnTestCase):
    """Whether providers can be used."""

    config = {
        "models": {
            "providers": {
                "one": {"baseUrl": "http://x", "apiKey": "sk-secret", "models": [{"id": "a"}]},
                "bare": {"baseUrl": "http://x"},
            }
        }
    }

    def test_auth(self) -> None:
        """Which have a key, and not the key."""
        found = self.ok("models.authStatus")
        statuses = {row["provider"]: row["status"] for row in found["providers"]}
        self.assertEqual(statuses, {"one": "static", "bare": "missing"})
        self.assertNotIn("sk-secret", str(found))

    def test_probe(self) -> None:
        """One word is asked for; how it failed."""
        played = self.play(says("ok"), fails(reason="auth"), fails(reason="odd"))
        statuses = [self.ok("models.probe", provider="one")["status"] for _ in range(3)]
        self.assertEqual((statuses, played.asked[0].max_tokens), (["ok", "auth", "unknown"], 64))
        self.assertEqual(self.ok("models.probe", provider="bare")["status"], "no_model")
        self.assertIn("no provider", self.error("models.probe", provider="none")["message"])

    def test_effective_tools(self) -> None:
        """Those that a session may use."""
        self.ok("sessions.patch", key="main", permissionMode="read-only")
        (group,) = self.ok("tools.effective", sessionKey="main")["groups"]
        names = {tool["id"] for tool in group["tools"]}
        self.assertIn("current_time", names)
        self.assertNotIn("send", names)


class OtherMethodTests(AgentsTestCase):
    """Commands, workspaces, and what nobody has set up."""

    def test_commands(self) -> None:
        """Those that work."""
        for scope in ("text", "native", "both"):
            names = [command["name"] for command in self.ok("commands.list", scope=scope)["commands"]]
            self.assertEqual(names, ["stop", "approve", "deny", "new", "reset"])

    def test_projects(self) -> None:
        """The workspaces; where they are, for writers only."""
        (project,) = self.ok("projects.list")["projects"]
        self.assertEqual((project["id"], project["displayName"]), ("workspace:main", "workspace"))
        reader = self.operator(scopes=["operator.read"])
        self.assertNotIn("repoRoot", self.ok("projects.list", reader)["projects"][0])

    def test_not_configured(self) -> None:
        """As the real gateway answers."""
        for name, (_, answer) in ANSWERS.items():
            self.assertEqual(self.ok(name), answer, name)
        for name in REFUSALS:
            error = self.error(name)
            self.assertEqual((error["code"], error["details"]), ("UNAVAILABLE", {"reason": "not-configured"}), name)


class DocumentedTests(SynchronousTestCase):
    """``docs/openclaw.md`` says of every method of the schema whether it is here."""

    def test_table(self) -> None:
        """It says what is so; ``python -m trial_tests.openclaw.methods.method_table`` writes it."""
        document = method_table.DOCUMENT.read_text()
        self.assertEqual(method_table.written(document), document)
