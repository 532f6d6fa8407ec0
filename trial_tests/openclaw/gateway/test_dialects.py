"""The small dialect: other words for the same things."""

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
        result = {"content": [{"type": "text", "text": "noon"}]}
        chat = {"runId": run_id, "sessionKey": "agent:main:main"}
        broadcast("chat", {**chat, "state": "delta", "deltaText": "Hel", "message": message})
        broadcast("agent", {**chat, "stream": "tool", "data": {"phase": "start", "name": "clock", "args": {}}})
        broadcast("agent", {**chat, "stream": "tool", "data": {"phase": "result", "name": "clock", "result": result}})
        broadcast("chat", {**chat, "state": "delta", "deltaText": "lo", "message": message})
        broadcast("chat", {**chat, "state": "final", "message": message})


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
        tools = [(frame["toolName"], frame.get("output")) for frame in said if frame["type"].startswith("tool_")]
        self.assertEqual(tools, [("clock", None), ("clock", "noon")])

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

    def test_found_again(self) -> None:
        """A client that names its session goes on in it; what is no name begins another."""
        client = self.house.client(path=f"/mini?token={TOKEN}&sessionId=my-chat_1")
        self.assertEqual(client.take()[0]["sessionId"], "my-chat_1")
        client = self.house.client(path=f"/mini?token={TOKEN}&sessionId=..%2Fx")
        self.assertNotIn("/", client.take()[0]["sessionId"])

    def test_own_port_with_a_token(self) -> None:
        """``mini.auth: token`` asks programs of this machine for it too."""
        self.house.plane.config.replace({"gateway": {"auth": {"token": TOKEN}}, "mini": {"auth": "token"}})
        for path, fine in (("/", False), (f"/?token={TOKEN}", True)):
            client = self.house.client("127.0.0.1", path, mini=True)
            self.house.advance(0.5)
            self.assertEqual(client.take()[0]["type"], "connected" if fine else "error")

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
