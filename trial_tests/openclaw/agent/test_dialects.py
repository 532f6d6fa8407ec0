"""A chat begun in one dialect goes on in another."""

from typing import Any

from trial_tests.openclaw.agent.agents import AgentsTestCase
from trial_tests.openclaw.house import TOKEN


class DialectTests(AgentsTestCase):
    """Real runs over all three."""

    def jsonrpc(self) -> Any:
        """A client of the JSON-RPC dialect."""
        client = self.house.client(path="/jsonrpc")
        client.send({"type": "gateway.hello", "version": "1", "authToken": TOKEN})
        client.take()
        return client

    def call(self, client: Any, method: str, **params: Any) -> Any:
        """The answer to one request."""
        client.send({"id": "q", "method": method, "params": params})
        self.house.advance(0.1)
        return next(frame for frame in client.frames if frame.get("id") == "q" and "type" not in frame)

    def test_jsonrpc_turn(self) -> None:
        """Deltas and the whole message as pushes."""
        client = self.jsonrpc()
        answer = self.call(client, "chat.send", content="hello chunks=3", sessionId="shared")
        self.assertEqual(answer["result"]["status"], "started")
        self.house.advance(1.0)
        pushed = [frame for frame in client.frames if frame.get("type") == "chat.event"]
        names = [frame["event"] for frame in pushed]
        self.assertEqual((names.count("message.complete"), names[-1]), (1, "message.complete"))
        self.assertIn("message.delta", names)
        self.assertEqual([text for _, text in self.history("shared")], ["hello chunks=3", "word0 word1 word2 "])

    def test_jsonrpc_sessions(self) -> None:
        """Made, listed, closed, opened again, compacted."""
        client = self.jsonrpc()
        key = self.call(client, "sessions.create", key="shared")["result"]["key"]
        client.take()
        self.assertEqual(self.call(client, "sessions.list")["result"]["count"], 1)
        for method, state in (("sessions.close", "closed"), ("sessions.activate", "active")):
            client.take()
            self.assertEqual(self.call(client, method, key=key)["result"]["session"]["state"], state)
        client.take()
        self.assertIn("result", self.call(client, "sessions.compact", key=key))
        client.take()
        self.assertEqual(self.call(client, "tools.invoke", name="current_time")["result"]["ok"], True)

    def test_mini(self) -> None:
        """chunk…, message_done; with a tool its start and end between them."""
        client = self.house.client(mini=True)
        (hello,) = client.take()
        client.send({"type": "message", "content": "USETOOL now"})
        self.house.advance(1.0)
        frames = client.take()
        kinds = [frame["type"] for frame in frames]
        self.assertEqual(
            [kind for at, kind in enumerate(kinds) if kind != kinds[at - 1]],
            ["chunk", "tool_start", "tool_done", "chunk", "message_done"],
        )
        self.assertEqual(frames[-1]["content"], "Let me check.\n\nUSETOOL now")
        self.assertEqual(frames[-1]["sessionId"], hello["sessionId"])

    def test_one_session_three_dialects(self) -> None:
        """Each sees what was said in the others."""
        mini = self.house.client(mini=True)
        session_id = mini.take()[0]["sessionId"]
        mini.send({"type": "message", "content": "first"})
        self.house.advance(0.5)
        self.send("second", sessionKey=f"mini:{session_id}")
        self.house.advance(0.5)
        client = self.jsonrpc()
        self.call(client, "chat.send", content="third", sessionId=f"mini:{session_id}")
        self.house.advance(0.5)
        client.take()
        answer = self.call(client, "chat.history", sessionKey=f"mini:{session_id}")
        said = [message["content"] for message in answer["result"]["messages"] if message["role"] == "user"]
        self.assertEqual(said, ["first", "second", "third"])
