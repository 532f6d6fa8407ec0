"""The two older dialects and what a stranger or a spiteful client sends them: sizes, nesting, counts, wrong types."""

import json
import random
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from trial_tests.openclaw.agent.agents import AgentsHouse
from trial_tests.openclaw.house import TOKEN, Client, client_frame

#: Frames of a stranger, before any hello.
_ODD: list[Any] = [
    b"", b" ", b"null", b"[]", b"7", b'"x"', b"{", b"\xff\xfe", b"[" * 30_000, b"[" * 900 + b"]" * 900,
    b'{"id":' + b"9" * 4000 + b',"method":"ping"}', b'{"id":1e400,"method":"ping"}', b'{"id":1.5,"method":"ping"}',
    {"id": 10**30, "method": "ping"}, {"id": -1, "method": ["ping"]}, {"id": {}, "method": "ping"},
    {"id": True, "method": "ping"}, {"id": "x" * 60_000, "method": "y" * 3000}, {"id": 1, "method": "\ud83d"},
    {"id": 1, "method": "client.pair.confirm", "params": {"code": {"$gt": ""}}},
    {"id": 1, "method": "client.pair.confirm", "params": {"code": "\0" * 1000}},
    {"id": 1, "method": "client.pair.confirm", "params": [[]]},
    {"type": "gateway.hello", "authToken": {}}, {"type": "gateway.hello", "authToken": []},
    {"type": "gateway.hello", "version": [[[]]], "capabilities": {"a": 1}}, {"type": "gateway.hello", "authToken": 5},
    {"type": ["gateway.hello"]}, {"type": "message", "content": "x"},
]  # fmt: skip
_JUNK: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, 10**30, "", "x", "main", "\0", "\ud83d", "a" * 5000, "../../etc", "agent:main:main:\n",
    [], {}, [[]], {"a": {}}, ["x", 1, None], {"$include": "x"}, ["main"], {"answers": {"x": "y"}},
)  # fmt: skip
_NAMES = (
    "sessionId", "sessionKey", "key", "keys", "message", "content", "text", "id", "agentId", "limit", "offset", "query",
    "tool", "name", "args", "to", "channel", "peer", "type", "runId", "idempotencyKey", "stream", "params", "raw",
    "path", "nodeId", "command", "requestId", "deviceId", "decision", "attachments", "events", "reason", "entryId",
    "cursor", "schedule", "payload", "delivery", "model", "label", "timeoutMs", "questions", "answers", "file", "slug",
)  # fmt: skip
#: What would end this house, or wait for somebody.
_LEFT_OUT = ("gateway.restart.request", "gateway.disconnect", "config.set", "config.apply", "config.patch")


class HostileTestCase(SynchronousTestCase):
    """A house, and clients that have said hello."""

    def setUp(self) -> None:
        self.house = AgentsHouse()
        self.addCleanup(self.house.close)

    def rpc(self, *, hello: bool = True) -> Client:
        client = self.house.client(path="/jsonrpc")
        if hello:
            client.send({"type": "gateway.hello", "version": "1", "authToken": TOKEN})
            self.house.advance(1.0)
            self.assertEqual(client.take()[0]["type"], "gateway.welcome")
        return client

    def mini(self) -> Client:
        client = self.house.client(path=f"/mini?token={TOKEN}&sessionId=one", mini=True)
        self.house.advance(0.1)
        self.assertEqual(client.take()[0]["type"], "connected")
        return client


class StrangerTests(HostileTestCase):
    """Before hello."""

    def test_odd_frames(self) -> None:
        """Each is answered with an error, or ends its connection in order; nothing is an exception of ours."""
        for frame in _ODD:
            for path in ("/jsonrpc", "/"):
                client = self.house.client(path=path)
                client.send(frame if isinstance(frame, bytes) else json.dumps(frame).encode())
                self.house.advance(0.1)
                self.assertIsNone(client.connection.subscriber, frame)
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_many_and_silent(self) -> None:
        """Whoever only talks, or only waits, is out when a handshake may take no longer."""
        talker, waiter = self.rpc(hello=False), self.rpc(hello=False)
        for _ in range(20):
            for number in range(50):
                talker.send({"id": number, "method": "ping"})
            self.house.advance(1.0)
        self.assertTrue(talker.lost or talker.close)
        self.assertTrue(waiter.lost or waiter.close)

    def test_large(self) -> None:
        """Before hello a frame has 64 KB at most, in one piece or in many."""
        whole, pieces = self.rpc(hello=False), self.rpc(hello=False)
        whole.send(b'{"id":1,"method":"ping","params":"' + b"x" * 70_000 + b'"}')
        self.assertEqual(whole.close, (1009, ""))
        pieces.send_bytes(client_frame(b'{"id":1,', final=False))
        for _ in range(200):
            pieces.send_bytes(client_frame(b" " * 500, opcode=0, final=False))
        self.assertEqual(pieces.close, (1009, ""))


class SpitefulClientTests(HostileTestCase):
    """After hello."""

    def test_wrong_types(self) -> None:
        """Whatever a method is given, it refuses or answers; nothing fails inside, and the server goes on."""
        client = self.rpc()
        client.send({"id": 1, "method": "ping"})
        names = [name for name in self.house.plane.router.names() if name not in _LEFT_OUT]
        names += ["agent.invoke", "tools.list", "gateway.subscribe"]
        dice = random.Random(7)
        number = 100
        for name in names:
            for _ in range(25):
                number += 1
                params: Any = {key: dice.choice(_JUNK) for key in dice.sample(_NAMES, dice.randrange(8))}
                if dice.random() < 0.1:
                    params = dice.choice(_JUNK)
                client.send({"id": number, "method": name, "params": params})
                if client.lost or client.close:
                    self.fail(f"{name} {params}: {client.close}")
            self.house.advance(0.1)
            for frame in client.take():
                error = frame.get("error") or {}
                self.assertNotIn("the server's log says why", error.get("message", ""), (name, frame))
        self.assertEqual(self.flushLoggedErrors(), [])
        self.house.step_seconds = 5.0
        self.house.advance(60)
        client.send({"id": 5, "method": "ping"})
        self.assertTrue(any(frame.get("id") == 5 for frame in client.take()))

    def test_counts(self) -> None:
        """What a client asks for again and again is not kept for ever: words in pieces, messages that begin nothing."""
        client, small = self.rpc(), self.mini()
        for number in range(300):
            client.send({"id": number, "method": "chat.send", "params": {"message": "/stop", "stream": True}})
            small.send({"type": "message", "content": "/stop"})
        self.house.advance(0.5)
        self.assertEqual(len(client.connection.dialect._pieces), 0)  # type: ignore[attr-defined]
        self.assertEqual(len(small.connection.dialect._runs), 0)  # type: ignore[attr-defined]
        self.assertEqual(small.take()[-1]["type"], "message_done")
        client.send({"id": 1, "method": "gateway.subscribe", "params": {"events": ["chat.event"] * 10_000}})
        self.assertEqual(client.take()[-1]["result"], {"subscriptions": ["chat.event"]})

    def test_mini(self) -> None:
        """Anything at all to the small dialect."""
        client = self.mini()
        for frame in [frame for frame in _ODD if frame != b"\xff\xfe"]:  # Which no WebSocket takes.
            client.send(frame if isinstance(frame, bytes) else json.dumps(frame).encode())
        for junk in _JUNK:
            for value in ({"type": "message", "content": junk}, {"type": "message", "content": "x", "sessionId": junk},
                          {"type": junk}, junk):  # fmt: skip
                client.send(json.dumps(value).encode())
        self.house.step_seconds = 0.5
        self.house.advance(20)
        self.assertFalse(client.lost)
        self.assertEqual(self.flushLoggedErrors(), [])
        client.take()
        client.send({"type": "ping"})
        self.assertEqual(client.take()[-1], {"type": "pong"})

    def test_branches_by_this_dialects_names(self) -> None:
        """A session's id names it in all of them."""
        client = self.rpc()
        client.send({"id": 1, "method": "chat.send", "params": {"sessionId": "main", "message": "hi"}})
        self.house.advance(0.5)
        client.take()
        client.send({"id": 2, "method": "sessions.branches.list", "params": {"sessionId": "main"}})
        self.house.advance(0.1)
        (frame,) = [frame for frame in client.take() if frame.get("id") == 2]
        self.assertEqual(frame["result"]["branches"][0]["messageCount"], 2)
