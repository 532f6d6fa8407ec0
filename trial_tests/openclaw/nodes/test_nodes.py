"""Nodes beyond the recordings: surfaces over reconnects, work that waits, progress, copies of chats."""

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from teamgram.openclaw.gateway import scopes
from trial_tests.openclaw.house import Client, DeviceKey, House

NODE = {"id": "node-host", "mode": "node", "displayName": "box"}
KEY = DeviceKey(7)


class NodeTests(SynchronousTestCase):
    """One node and one operator."""

    def setUp(self) -> None:
        self.house = House()
        self.addCleanup(self.house.close)
        self.operator = self.house.operator()

    def node(self, *commands: str, caps: tuple[str, ...] = ()) -> Client:
        client = self.house.client()
        client.hello(KEY, client=NODE, role="node", scopes=[], caps=list(caps), commands=list(commands))
        return client

    def approve(self) -> None:
        for waiting in self.operator.request("node.pair.list")["payload"]["pending"]:
            self.assertTrue(self.operator.request("node.pair.approve", {"requestId": waiting["requestId"]})["ok"])

    def invoke(self, command: str = "system.which", **more: Any) -> Any:
        params = {"nodeId": KEY.id, "command": command, "idempotencyKey": "k", **more}
        return self.operator.request("node.invoke", params)

    def test_less_needs_no_approval_more_does(self) -> None:
        """A node that offers less than was approved is approved; one that offers more waits, and keeps what it had."""
        self.node("system.which", "system.run")
        self.approve()
        self.node("system.which")
        self.assertEqual(self.operator.request("node.pair.list")["payload"]["pending"], [])
        described = self.operator.request("node.describe", {"nodeId": KEY.id})["payload"]
        self.assertEqual(described["commands"], ["system.which"])
        self.assertIn("not declared by the node", self.invoke("system.run")["error"]["message"])
        self.node("system.which", "system.run", "fs.listDir")
        (pending,) = self.operator.request("node.pair.list")["payload"]["pending"]
        self.assertEqual(pending["requiredApproveScopes"], ["operator.pairing", "operator.admin"])
        self.assertIsNone(self.invoke("system.which"))

    def test_a_second_connection_replaces_the_first(self) -> None:
        """The older socket of a node is closed with a reason; invocations go to the newer one."""
        first = self.node("system.which")
        self.approve()
        second = self.node("system.which")
        first.read()
        self.assertEqual(first.close, (4001, "client invalidated: replaced by a newer connection"))
        self.invoke()
        self.assertEqual(len(second.events("node.invoke.request")), 1)

    def test_another_node_cannot_answer(self) -> None:
        """Results count only from the node that was asked."""
        node = self.node("system.which")
        self.approve()
        self.assertIsNone(self.invoke())
        asked = node.events("node.invoke.request")[0]["payload"]
        other = self.house.client()
        other.hello(DeviceKey(8), client=NODE, role="node", scopes=[])
        result = {"id": asked["id"], "nodeId": KEY.id, "ok": True, "payload": 1}
        self.assertEqual(other.request("node.invoke.result", result)["payload"], {"ok": True, "ignored": True})
        self.assertEqual(node.request("node.invoke.result", result)["payload"], {"ok": True})

    def test_system_run_takes_admin(self) -> None:
        """Write is enough for harmless commands only."""
        self.node("system.run", "system.which")
        self.approve()
        writer = self.house.operator("operator.write")
        params = {"nodeId": KEY.id, "command": "system.run", "idempotencyKey": "k"}
        self.assertEqual(writer.request("node.invoke", params)["error"]["details"]["missingScope"], "operator.admin")
        self.assertIsNone(writer.request("node.invoke", {**params, "command": "system.which"}))

    def test_progress(self) -> None:
        """Output under way reaches whoever asked for it."""
        node = self.node("system.which")
        self.approve()
        heard: list[str] = []
        done = self.house.plane.nodes.invoke(KEY.id, "system.which", None, 1000, "k", scopes.ALL, heard.append)
        asked = node.events("node.invoke.request")[0]["payload"]
        chunk = {"invokeId": asked["id"], "nodeId": KEY.id, "seq": 0, "chunk": "half"}
        self.assertEqual(node.request("node.invoke.progress", chunk)["payload"], {"ok": True})
        self.assertEqual(heard, ["half"])
        done.addErrback(lambda _: None)
        self.house.advance(1.5)

    def test_work_that_waits(self) -> None:
        """High priority first; drained work is gone, pulled work until acknowledged; expired work nobody sees."""
        node = self.node()
        for kind, priority in (("status.request", "normal"), ("location.request", "high")):
            params = {"nodeId": KEY.id, "type": kind, "priority": priority}
            self.assertTrue(self.operator.request("node.pending.enqueue", params)["ok"])
        short = {"nodeId": KEY.id, "type": "status.request", "expiresInMs": 1000}
        self.operator.request("node.pending.enqueue", short)
        self.house.advance(2)
        pulled = node.request("node.pending.pull")["payload"]["actions"]
        self.assertEqual([work["type"] for work in pulled], ["location.request", "status.request"])
        acked = node.request("node.pending.ack", {"ids": [pulled[0]["id"], "unknown"]})["payload"]
        self.assertEqual((acked["ackedIds"], acked["remainingCount"]), ([pulled[0]["id"]], 1))
        drained = node.request("node.pending.drain", {})["payload"]
        self.assertEqual(([work["type"] for work in drained["items"]], drained["hasMore"]), (["status.request"], False))
        self.assertEqual(node.request("node.pending.pull")["payload"]["actions"], [])

    def test_chat_copies(self) -> None:
        """A node that follows a session gets its events without numbers, and only that session's."""
        node = self.node()
        node.request("node.event", {"event": "chat.subscribe", "payloadJSON": '{"sessionKey":"main"}'})
        for key in ("agent:main:main", "agent:main:other"):
            self.house.plane.events.broadcast("chat", {"sessionKey": key, "state": "delta"})
        (copy,) = node.events("chat")
        self.assertEqual((copy["payload"]["sessionKey"], "seq" in copy), ("agent:main:main", False))
