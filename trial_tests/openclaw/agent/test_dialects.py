"""A chat begun in one dialect goes on in another."""

import json
from typing import Any

from trial_tests.openclaw.agent.agents import AgentsTestCase, words
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

    def test_jsonrpc_life_of_a_session(self) -> None:
        """create {channel, peer, type} → activate → messages → compact → close, by its id."""
        client = self.jsonrpc()

        def call(method: str, **params: Any) -> Any:
            client.take()
            return self.call(client, method, **params)

        described = ("id", "type", "channel", "peer", "state", "config", "createdAt", "updatedAt")
        for kind, channel, peer, key in (
            ("dm", "webchat", "ann", "agent:main:webchat:direct:ann"),
            ("group", "webchat", "team", "agent:main:webchat:group:team"),
        ):
            made = call("sessions.create", channel=channel, peer=peer, type=kind)["result"]
            self.assertTrue(set(described) <= set(made), made)
            self.assertEqual([made[name] for name in ("key", "type", "channel", "peer")], [key, kind, channel, peer])
        main = call("sessions.create", type="main")["result"]
        self.assertEqual((main["key"], main["type"], main["state"]), ("agent:main:main", "main", "active"))
        listed = {row["id"]: row for row in call("sessions.list")["result"]["sessions"]}
        self.assertEqual(len(listed), 3)
        self.assertEqual(listed[made["id"]]["type"], "group")
        self.assertEqual(listed[made["id"]]["config"]["model"], "echo")
        session_id = made["id"]
        self.assertEqual(call("sessions.activate", sessionId=session_id)["result"]["state"], "active")
        call("chat.send", sessionId=session_id, message="hello")
        self.house.advance(0.5)
        self.assertEqual(self.history("webchat:group:team"), [("user", "hello"), ("assistant", "hello")])
        invoked = call("agent.invoke", sessionId=session_id, message="again")["result"]
        self.assertEqual(invoked["sessionKey"], "agent:main:webchat:group:team")
        self.house.advance(0.5)
        self.assertTrue(call("sessions.compact", sessionId=session_id)["result"]["compacted"])
        self.assertEqual(call("sessions.close", sessionId=session_id)["result"]["state"], "closed")
        self.house.parts.compaction.running.add(main["key"])
        states = [call("sessions.describe", sessionId=each["id"])["result"]["state"] for each in (made, main)]
        self.assertEqual(states, ["closed", "compacting"])
        self.house.parts.compaction.running.clear()
        wrongs = ({"type": "crowd"}, {"type": "dm"}, {"channel": "a:b", "peer": "x"}, {"channel": 1.5, "peer": "x"})
        for wrong in wrongs:
            self.assertEqual(call("sessions.create", **wrong)["error"]["code"], -32600, wrong)

    def test_jsonrpc_tools(self) -> None:
        """{sessionId, tool, args}: what the session may, whether there is such a tool, and a formatted result."""
        client = self.jsonrpc()
        session = self.call(client, "sessions.create", type="main")["result"]

        def call(**params: Any) -> Any:
            client.take()
            return self.call(client, "tools.invoke", sessionId=session["id"], **params)

        done = call(tool="current_time", args={"timeZone": "UTC"})["result"]
        self.assertIn("UTC", done["content"][0]["text"])
        self.assertEqual(call(tool="dance", args={})["error"]["message"], "Tool not found: dance")
        self.ok("sessions.patch", key="main", inheritedToolDeny=["current_time"])
        self.assertIn("Permission denied", call(tool="current_time", args={})["error"]["message"])
        self.assertEqual(call(tool="list_files", args={"path": 7})["error"]["code"], -32600)

    def test_mini_is_kept(self) -> None:
        """One JSON object a line with the calls of tools, and beside it ``.meta.json``; gone with the session."""
        client = self.house.client(path="/?sessionId=kitchen", mini=True)
        client.take()
        client.send({"type": "message", "content": "USETOOL now"})
        self.house.advance(2.5)
        session = self.house.parts.sessions.get("agent:main:mini:kitchen")
        assert session is not None
        path = self.house.parts.sessions.path(session)
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        said = [line["message"] for line in lines if line["type"] == "message"]
        self.assertEqual([message["role"] for message in said], ["user", "assistant", "toolResult", "assistant"])
        self.assertIn("toolCall", [part["type"] for part in said[1]["content"]])
        meta = path.with_name(f"{session.session_id}.meta.json")
        about = json.loads(meta.read_text())
        self.assertEqual([about[name] for name in ("channel", "peer", "messageCount")], ["webchat", "kitchen", 4])
        self.send("elsewhere")
        self.house.advance(2.5)
        self.assertEqual(len(list(path.parent.glob("*.meta.json"))), 1)
        self.ok("sessions.delete", key="mini:kitchen")
        self.house.advance(2.5)
        self.assertEqual(list(path.parent.glob("*.meta.json")), [])

    def test_two_clients_in_one_mini_session(self) -> None:
        """Both are answered, one after the other, and the file has every message once and whole."""
        clients = [self.house.client(path="/?sessionId=shared", mini=True) for _ in range(2)]
        for number in range(10):
            clients[number % 2].send({"type": "message", "content": f"message {number} chunks=3"})
        self.house.advance(5)
        done = [frame["type"] for client in clients for frame in client.take()].count("message_done")
        self.assertEqual(done, 10)
        said = [text for role, text in self.history("mini:shared", limit=1000) if role == "user"]
        self.assertEqual(sorted(said), sorted(f"message {number} chunks=3" for number in range(10)))

    def test_mini_context(self) -> None:
        """The model sees the last ``maxContextMessages`` of a conversation begun here."""
        self.house.plane.config.replace({**self.house.plane.config.tree, "mini": {"maxContextMessages": 3}})
        seen: list[list[str]] = []
        provider = self.house.parts.catalog.provider("echo")
        real = provider.complete

        async def complete(request: Any, on_text: Any) -> Any:
            seen.append([words(message) for message in request.messages])
            return await real(request, on_text)

        self.patch(provider, "complete", complete)
        client = self.house.client(path="/?sessionId=long", mini=True)
        for number in range(4):
            client.send({"type": "message", "content": f"m{number}"})
            self.house.advance(0.5)
        self.assertEqual(seen[-1], ["m2", "m2", "m3"])
        self.send("elsewhere")
        self.house.advance(0.5)
        self.send("else", "run-2")
        self.house.advance(0.5)
        self.assertEqual(len(seen[-1]), 3)

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
