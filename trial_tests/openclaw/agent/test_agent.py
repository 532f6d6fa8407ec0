"""``agent``, ``agent.wait``, ``agents.*``, ``models.list``."""

from typing import Any

from trial_tests.openclaw.agent.agents import AgentsTestCase


class AgentTests(AgentsTestCase):
    """A request that is answered twice."""

    def answers(self, request_id: str) -> list[Any]:
        """Every response to a request."""
        return [f for f in self.client.frames if f.get("type") == "res" and f["id"] == request_id]

    def test_twice(self) -> None:
        """Accepted at once, the result under the same id when the run has ended."""
        self.client.request("agent", {"message": "work chunks=3", "idempotencyKey": "a1", "sessionKey": "main"}, "A")
        (accepted,) = self.answers("A")
        self.assertEqual(accepted["payload"]["status"], "accepted")
        self.house.advance(1.0)
        final = self.answers("A")[1]["payload"]
        self.assertEqual((final["status"], final["summary"]), ("ok", "completed"))
        self.assertEqual(final["result"]["payloads"], [{"text": "word0 word1 word2", "mediaUrl": None}])
        again = self.ok("agent", message="work chunks=3", idempotencyKey="a1", sessionKey="main")
        self.assertEqual(again["result"]["payloads"], final["result"]["payloads"])

    def test_no_phases(self) -> None:
        """Unlike chat.send it tells no phases before the model."""
        self.ok("agent", message="work", idempotencyKey="a1", sessionKey="main")
        self.house.advance(1.0)
        self.assertEqual({chat["state"] for chat in self.chats("a1")}, {"delta", "final"})

    def test_failure(self) -> None:
        """The second answer is an error with its payload."""
        self.client.request("agent", {"message": "FAIL400", "idempotencyKey": "a1", "sessionKey": "main"}, "A")
        self.house.advance(1.0)
        second = self.answers("A")[1]
        self.assertEqual((second["ok"], second["payload"]["status"]), (False, "error"))

    def test_where(self) -> None:
        """By key, by session id, by agent, or in a session of its own."""
        for params, key in (
            ({"sessionKey": "work"}, "agent:main:work"),
            ({"sessionId": "mine-1"}, "agent:main:explicit:mine-1"),
            ({"agentId": "main"}, "agent:main:main"),
        ):
            answer = self.ok("agent", message="x", idempotencyKey=f"k-{key}", client=None, **params)
            self.assertEqual(answer["sessionKey"], key)
        self.assertNotIn("sessionKey", self.ok("agent", message="x", idempotencyKey="alone"))
        self.house.advance(1.0)
        self.assertEqual(len(self.history("explicit:alone")), 2)
        error = self.error("agent", message="x", agentId="nope", idempotencyKey="k")
        self.assertEqual(error["message"], 'invalid agent params: unknown agent id "nope"')

    def test_session_id_with_key(self) -> None:
        """A new session gets the id that came with its key; an id in use elsewhere stays there."""
        for number, (key, session_id) in enumerate((("explicit:mine", "mine"), ("explicit:other", "mine"))):
            params = {"sessionKey": f"agent:main:{key}", "sessionId": session_id, "idempotencyKey": f"k{number}"}
            self.ok("agent", None, message="work", **params)
        sessions = self.house.parts.sessions
        self.assertEqual(sessions.get("agent:main:explicit:mine").session_id, "mine")
        self.assertNotEqual(sessions.get("agent:main:explicit:other").session_id, "mine")

    def test_wait(self) -> None:
        """For one that runs, one that has ended, one that never was, one that fails."""
        self.ok("agent", message="x chunks=20 delay=0.1", idempotencyKey="a1", sessionKey="main")
        self.client.request("agent.wait", {"runId": "a1", "timeoutMs": 500}, "short")
        self.client.request("agent.wait", {"runId": "a1", "timeoutMs": 20000}, "long")
        self.client.request("agent.wait", {"runId": "never", "timeoutMs": 300}, "never")
        self.house.advance(3.0)
        found = {name: self.answers(name)[0]["payload"]["status"] for name in ("short", "long", "never")}
        self.assertEqual(found, {"short": "timeout", "long": "ok", "never": "timeout"})
        after = self.ok("agent.wait", runId="a1", timeoutMs=0)
        self.assertEqual((after["status"], after["stopReason"]), ("ok", "stop"))
        self.assertTrue(after["terminalReply"]["text"].endswith("word19"))


class AgentsTests(AgentsTestCase):
    """The roster."""

    def test_life(self) -> None:
        """Made, listed with what Control UI needs, changed, over a restart, deleted; the first one stays."""
        made = self.ok("agents.create", name="Home Bot", model="echo/loud", emoji="🏠")
        self.assertEqual((made["agentId"], made["model"]), ("home-bot", "echo/loud"))
        listed = self.ok("agents.list")
        self.assertEqual((listed["defaultId"], [row["id"] for row in listed["agents"]]), ("main", ["main", "home-bot"]))
        row = listed["agents"][1]
        self.assertEqual(
            (row["name"], row["model"]["primary"], row["identity"]["emoji"]), ("Home Bot", "echo/loud", "🏠")
        )
        self.ok("agents.update", agentId="home-bot", name="House")
        client = self.operator(self.house.again())
        self.assertEqual(self.ok("agent.identity.get", client, agentId="home-bot")["name"], "House")
        self.ok("chat.send", sessionKey="agent:home-bot:main", message="hi", idempotencyKey="k")
        self.assertEqual(self.ok("agents.delete", agentId="home-bot")["ok"], True)
        self.assertEqual(self.error("agents.delete", agentId="home-bot")["message"], 'Unknown agent id "home-bot"')
        self.assertIn("default agent", self.error("agents.delete", agentId="main")["message"])

    def test_bare_model_names(self) -> None:
        """A model without its provider, as small clones name them, is the provider's that has it."""
        tree = self.house.plane.config.tree
        providers = {"one": {"models": [{"id": "small"}]}, "two": {"models": [{"id": "large"}]}}
        agents = {"defaults": {"model": {"primary": "large", "fallbacks": ["small", "echo/echo"]}}}
        self.house.plane.config.replace({**tree, "models": {"providers": providers}, "agents": agents})
        model = self.ok("agents.list")["agents"][0]["model"]
        self.assertEqual(model, {"primary": "two/large", "fallbacks": ["one/small", "echo/echo"]})

    def test_refused(self) -> None:
        """Twice the same, or a name that gives no id."""
        self.ok("agents.create", name="One")
        self.assertIn("already exists", self.error("agents.create", name="one")["message"])
        self.assertIn("no letter or digit", self.error("agents.create", name="!!!")["message"])

    def test_identity_and_models(self) -> None:
        """The default agent's face, and the models with the default one first."""
        self.assertEqual(
            self.ok("agent.identity.get"),
            {"agentId": "main", "name": "Assistant", "nameSource": "default", "avatar": "A"},
        )
        (model,) = self.ok("models.list")["models"]
        self.assertEqual((model["provider"], model["id"], model["tags"]), ("echo", "echo", ["default"]))
