"""The JSON-RPC and the small dialect: other words for the same things."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from teamgram.openclaw.gateway import scopes
from teamgram.openclaw.gateway.errors import invalid
from teamgram.openclaw.gateway.router import Call, method
from trial_tests.openclaw.house import TOKEN, House


class FakeChat:
    """Stands in for the agents: remembers what it was asked."""

    def __init__(self, plane: Any) -> None:
        self.sent: list[dict[str, Any]] = []

    @method("chat.send", scopes.WRITE)
    def send(self, call: Call) -> dict[str, Any]:
        """Accepts anything but ``refuse``."""
        if call.params["message"] == "refuse":
            raise invalid("refused")
        self.sent.append(call.params)
        return {"runId": call.params["idempotencyKey"], "status": "started"}


class DialectTestCase(SynchronousTestCase):
    """A house whose agents are a fake."""

    def setUp(self) -> None:
        def agents(plane: Any) -> None:
            self.chat = FakeChat(plane)
            plane.router.register(self.chat)

        self.house = House(extensions=[agents])
        self.addCleanup(self.house.close)

    def run_events(self, run_id: str) -> None:
        """What a run with a tool says."""
        broadcast = self.house.plane.events.broadcast
        message = {"role": "assistant", "content": [{"type": "text", "text": "Hello"}]}
        chat = {"runId": run_id, "sessionKey": "agent:main:main"}
        broadcast("chat", {**chat, "state": "delta", "deltaText": "Hel", "message": message})
        broadcast("agent", {**chat, "stream": "tool", "data": {"phase": "start", "name": "clock", "args": {}}})
        broadcast("agent", {**chat, "stream": "tool", "data": {"phase": "result", "name": "clock", "result": 1}})
        broadcast("chat", {**chat, "state": "delta", "deltaText": "lo", "message": message})
        broadcast("chat", {**chat, "state": "final", "message": message})


class JsonRpcTests(DialectTestCase):
    """``gateway.hello`` → ``gateway.welcome``, then ``{id, method, params}``."""

    def client(self, token: str | None = TOKEN, path: str = "/") -> Any:
        client = self.house.client(path=path)
        client.take()
        client.send({"type": "gateway.hello", "version": "1", **({"authToken": token} if token else {})})
        return client

    def call(self, client: Any, frame: Any) -> Any:
        client.take()
        client.send(frame)
        return client.take()[-1]

    def test_welcome(self) -> None:
        """Who we are, under which configuration, and what works here."""
        welcome = self.client().take()[-1]
        self.assertEqual(welcome["type"], "gateway.welcome")
        self.assertEqual(welcome["serverId"], self.house.plane.lifetime.boot_id)
        self.assertEqual(welcome["configHash"], self.house.plane.config.hash)
        for name in ("ping", "gateway.startup", "chat.send", "node.list"):
            self.assertIn(name, welcome["supportedMethods"])
        self.assertNotIn("agent.invoke", welcome["supportedMethods"])

    def test_capabilities_that_are_none(self) -> None:
        """What is no list of words is passed over."""
        wrong: tuple[Any, ...] = (5, True, 1.5, {"a": 1}, "words", [1, None, {}])
        for said in wrong:
            client = self.house.client(path="/jsonrpc")
            client.send({"type": "gateway.hello", "version": "1", "authToken": TOKEN, "capabilities": said})
            self.assertEqual(client.take()[-1]["type"], "gateway.welcome", said)

    def test_by_path_nothing_is_said_first(self) -> None:
        """On /jsonrpc there is no challenge of the other protocol."""
        self.assertEqual(self.house.client(path="/jsonrpc").take(), [])

    def test_wrong_token(self) -> None:
        """-32602 and a close."""
        for token in ("wrong", None):
            client = self.client(token)
            self.house.advance(0.5)
            self.assertEqual(client.take()[-1]["error"]["code"], -32602)
            self.assertEqual(client.close[0], 1008)

    def test_foreign_pages(self) -> None:
        """A page of another site gets nothing, even where no token is asked for."""
        house = House({"gateway": {"auth": {"mode": "none"}}})
        self.addCleanup(house.close)
        for origin, fine in (("https://evil.example", False), ("http://localhost:1", True)):
            client = house.client(headers={"origin": origin})
            client.take()
            client.send({"type": "gateway.hello", "version": "1"})
            self.assertEqual(client.take()[0].get("type") == "gateway.welcome", fine)

    def test_errors(self) -> None:
        """Parse error, no request, unknown method, and a method's own refusal."""
        client = self.client()
        self.assertEqual(self.call(client, b"{nope")["error"]["code"], -32700)
        no_requests: tuple[Any, ...] = ([], {"method": "ping"}, {"id": 1}, {"id": 1, "method": 7}, "x")
        for no_request in no_requests:
            self.assertEqual(self.call(client, no_request)["error"]["code"], -32600, no_request)
        unknown = self.call(client, {"id": 5, "method": "nope"})
        self.assertEqual((unknown["id"], unknown["error"]["code"]), (5, -32601))
        refused = self.call(client, {"id": "a", "method": "chat.send", "params": {"message": "refuse"}})
        self.assertEqual((refused["error"]["code"], refused["error"]["message"]), (-32603, "refused"))

    def test_results(self) -> None:
        """ping, gateway.startup, and a method of the router, with the id as sent."""
        client = self.client()
        self.assertTrue(self.call(client, {"id": 1, "method": "ping"})["result"]["pong"])
        self.assertEqual(self.call(client, {"id": "x", "method": "gateway.startup"})["result"]["status"], "ready")
        answer = self.call(client, {"id": 2, "method": "node.list", "params": {}})
        self.assertEqual((answer["id"], answer["result"]["nodes"]), (2, []))

    def test_chat(self) -> None:
        """What the other protocol requires is filled in; the run comes as pushes with ids in order."""
        client = self.client()
        answer = self.call(client, {"id": 1, "method": "chat.send", "params": {"content": "hi"}})
        self.assertEqual(self.chat.sent[0]["message"], "hi")
        self.assertEqual(self.chat.sent[0]["sessionKey"], "main")
        self.run_events(answer["result"]["runId"])
        pushes = client.take()
        self.assertEqual(
            [(push["type"], push["event"]) for push in pushes],
            [
                ("chat.event", "message.delta"),
                ("agent.event", "tool.start"),
                ("agent.event", "tool.result"),
                ("chat.event", "message.delta"),
                ("chat.event", "message.complete"),
            ],
        )
        self.assertEqual([push["id"] for push in pushes], [1, 2, 3, 4, 5])

    def test_configuration(self) -> None:
        """A change is told with the new hash."""
        client = self.client()
        client.take()
        operator = self.house.operator()
        patch = {"raw": '{"messages":{"a":"b"}}', "baseHash": self.house.plane.config.hash}
        self.assertTrue(operator.request("config.patch", patch)["ok"])
        reloaded = client.take()[-1]
        self.assertEqual((reloaded["type"], reloaded["configHash"]), ("config.reloaded", self.house.plane.config.hash))


class MiniTests(DialectTestCase):
    """``{"type":"message"}`` → chunks → ``message_done``."""

    def test_turn(self) -> None:
        """connected, then a whole run with a tool, in the session that was named."""
        client = self.house.client(path=f"/mini?token={TOKEN}")
        (connected,) = client.take()
        self.assertEqual(connected["type"], "connected")
        client.send({"type": "message", "content": "hi"})
        sent = self.chat.sent[0]
        self.assertEqual(sent["sessionKey"], f"mini:{connected['sessionId']}")
        self.run_events(sent["idempotencyKey"])
        said = client.take()
        self.assertEqual(
            [frame["type"] for frame in said], ["chunk", "tool_start", "tool_done", "chunk", "message_done"]
        )
        self.assertEqual("".join(f["content"] for f in said if f["type"] == "chunk"), "Hello")
        self.assertEqual(said[-1]["content"], "Hello")
        self.assertEqual({frame["sessionId"] for frame in said}, {connected["sessionId"]})

    def test_other_peoples_turns(self) -> None:
        """A run that this client did not start is not heard."""
        client = self.house.client(path=f"/mini?token={TOKEN}")
        client.take()
        self.run_events("somebody-else")
        self.assertEqual(client.take(), [])

    def test_ping_and_errors(self) -> None:
        """pong; anything else is an error and the connection stays."""
        client = self.house.client(path=f"/mini?token={TOKEN}")
        client.take()
        for frame, answer in (
            ({"type": "ping"}, "pong"),
            ({"type": "dance"}, "error"),
            (b"{nope", "error"),
            ([], "error"),
            ({"type": "message"}, "error"),
            ({"type": "message", "content": "refuse"}, "error"),
        ):
            client.send(frame)
            self.assertEqual(client.take()[-1]["type"], answer, frame)
        self.assertIsNone(client.close)

    def test_who_may(self) -> None:
        """On the gateway's port whoever has the secret, from wherever, but no page of another site."""
        for ip, headers, path, fine in (
            ("127.0.0.1", {}, "/mini", False),
            ("127.0.0.1", {}, "/mini?token=wrong", False),
            ("127.0.0.1", {}, f"/mini?token={TOKEN}", True),
            ("127.0.0.1", {"origin": "http://localhost:1"}, f"/mini?token={TOKEN}", True),
            ("127.0.0.1", {"origin": "https://evil.example"}, f"/mini?token={TOKEN}", False),
            ("192.0.2.7", {}, "/mini", False),
            ("192.0.2.7", {"authorization": f"Bearer {TOKEN}"}, "/mini", True),
        ):
            client = self.house.client(ip, path, headers)
            self.house.advance(0.5)
            self.assertEqual(client.take()[0]["type"], "connected" if fine else "error", (ip, headers, path))

    def test_who_may_on_its_own_port(self) -> None:
        """There a program of this machine needs no secret; what may be somebody else's does."""
        for ip, headers, fine in (
            ("127.0.0.1", {}, True),
            ("::1", {"host": "[::1]:1"}, True),
            ("127.0.0.1", {"origin": "http://localhost:1"}, False),
            ("127.0.0.1", {"x-forwarded-for": "127.0.0.1"}, False),
            ("127.0.0.1", {"via": "1.1 proxy"}, False),
            ("127.0.0.1", {"host": "192.0.2.1"}, False),
            ("192.0.2.7", {}, False),
        ):
            client = self.house.client(ip, "/", headers, mini=True)
            self.assertEqual(client.take()[0]["type"], "connected" if fine else "error", (ip, headers))
