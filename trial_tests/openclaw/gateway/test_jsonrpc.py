"""The JSON-RPC dialect (statements C of the published descriptions; docs/openclaw.md has the table)."""

from typing import Any

from teamgram.openclaw.gateway.errors import missing_scope
from teamgram.openclaw.gateway.router import Call, method
from trial_tests.openclaw.gateway.test_dialects import DialectTestCase
from trial_tests.openclaw.house import TOKEN, House


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
        client = self.client("wrong")
        self.house.advance(0.5)
        error = client.take()[-1]["error"]
        self.assertEqual((error["code"], error["message"]), (-32602, "Unauthorized"))
        self.assertEqual(client.close[0], 1008)

    def test_before_hello(self) -> None:
        """``ping`` and ``gateway.startup`` need none; other calls are unauthorized and leave the socket open."""
        for path in ("/", "/jsonrpc"):
            client = self.house.client(path=path)
            self.assertTrue(self.call(client, {"id": 1, "method": "ping"})["result"]["pong"])
            self.assertEqual(self.call(client, {"id": 2, "method": "gateway.startup"})["result"]["status"], "ready")
            for name, code, text in (
                ("node.list", -32602, "Unauthorized"),
                ("chat.send", -32602, "Unauthorized"),
                ("nope", -32601, "Unknown method"),
            ):
                error = self.call(client, {"id": 3, "method": name, "params": {"message": "hi"}})["error"]
                self.assertEqual((error["code"], error["message"]), (code, text))
            self.assertEqual((self.chat.sent, client.close), ([], None))
            client.send({"type": "gateway.hello", "version": "1", "authToken": TOKEN})
            self.assertEqual(client.take()[-1]["type"], "gateway.welcome")
            self.assertEqual(self.call(client, {"id": 4, "method": "node.list"})["result"]["nodes"], [])

    def test_without_a_token(self) -> None:
        """Welcomed to what needs none, until it brings one; not longer than a handshake may take."""
        client = self.client(None)
        self.assertEqual(client.take()[-1]["supportedMethods"], ["ping", "gateway.startup", "client.pair.confirm"])
        self.run_events("x")
        self.assertEqual(self.call(client, {"id": 1, "method": "node.list"})["error"]["code"], -32602)
        self.house.advance(20)
        self.assertIsNotNone(client.close)

    def test_what_is_no_request(self) -> None:
        """On ``/`` only a number for an id makes a first frame one of this dialect."""
        for first in ({"id": "a", "method": "ping"}, {"id": True, "method": "ping"}, {"id": 1}, {"type": "x", "id": 1}):
            client = self.house.client()
            client.take()
            client.send(first)
            self.assertEqual(client.close, (1008, "invalid request frame"), first)

    def test_authToken_of_the_configuration(self) -> None:
        """``gateway.authToken`` is another name for ``gateway.auth.token``, which counts over it."""
        house = House({"gateway": {"authToken": "described", "auth": {}}})
        self.addCleanup(house.close)
        for token, fine in (("described", True), ("other", False)):
            client = house.client(path="/jsonrpc")
            client.send({"type": "gateway.hello", "version": "1", "authToken": token})
            house.advance(0.5)
            self.assertEqual(client.take()[-1].get("type") == "gateway.welcome", fine)

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
        self.assertEqual(unknown["error"]["message"], "Unknown method")
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
        self.assertEqual({push["id"] for push in pushes}, {answer["result"]["messageId"]})
        self.assertEqual([push["seq"] for push in pushes], [1, 2, 3, 4, 5])
        self.assertEqual([push["data"].get("text") for push in pushes], ["Hel", None, None, "lo", None])
        self.assertEqual(pushes[-1]["data"]["fullText"], "Hello")
        now_ms = self.house.plane.lifetime.now_ms()
        self.assertEqual({push["timestamp"] for push in pushes}, {now_ms})

    def test_in_pieces(self) -> None:
        """Who asks for a stream gets ``chunk`` under the request's id, and words that are taken back only once."""
        client = self.client()
        params = {"message": "hi", "stream": True}
        answer = self.call(client, {"id": 7, "method": "chat.send", "params": params})
        run_id = answer["result"]["runId"]
        broadcast = self.house.plane.events.broadcast
        chat = {"runId": run_id, "sessionKey": "agent:main:main"}
        for text, more in (("Hel", {}), ("Hello wor", {"replace": True}), ("ld", {})):
            broadcast("chat", {**chat, "state": "delta", "deltaText": text, **more})
        broadcast("chat", {**chat, "state": "final", "message": {"content": "Hello world"}})
        pushes = client.take()
        self.assertEqual([(push["event"], push["id"]) for push in pushes[:-1]], [("chunk", 7)] * 3)
        self.assertEqual("".join(push["data"]["text"] for push in pushes[:-1]), "Hello world")
        self.assertEqual((pushes[-1]["event"], pushes[-1]["id"]), ("message.complete", run_id))
        self.run_events("somebody-else")
        self.assertNotIn("chunk", [push["event"] for push in client.take()])

    def test_subscriptions(self) -> None:
        """A client says which pushes it wants; and it is disconnected with 1000 and a reason when it asks for that."""
        client = self.client()
        answer = self.call(client, {"id": 1, "method": "gateway.subscribe", "params": {"events": ["agent.event"]}})
        self.assertEqual(answer["result"]["subscriptions"], ["agent.event"])
        self.run_events("x")
        self.assertEqual({push["type"] for push in client.take()}, {"agent.event"})
        for events in ("chat.event", ["tick"], [1], None):
            frame = {"id": 2, "method": "gateway.subscribe", "params": {"events": events}}
            self.assertEqual(self.call(client, frame)["error"]["code"], -32600)
        self.call(client, {"id": 3, "method": "gateway.disconnect", "params": {"reason": "done for today"}})
        self.assertEqual(client.close, (1000, "done for today"))
        stranger = self.house.client(path="/jsonrpc")
        self.assertEqual(self.call(stranger, {"id": 1, "method": "gateway.disconnect"})["error"]["code"], -32602)

    def test_configuration(self) -> None:
        """A change is told with the new hash."""
        client = self.client()
        client.take()
        operator = self.house.operator()
        patch = {"raw": '{"messages":{"a":"b"}}', "baseHash": self.house.plane.config.hash}
        self.assertTrue(operator.request("config.patch", patch)["ok"])
        reloaded = client.take()[-1]
        self.assertEqual((reloaded["type"], reloaded["configHash"]), ("config.reloaded", self.house.plane.config.hash))


class Probe:
    """Refuses for want of a scope."""

    @method("probe", None)
    def probe(self, call: Call) -> None:
        """Always."""
        raise missing_scope("operator.admin")


class ClientTokenTests(DialectTestCase):
    """Clients of the configuration, each with its token and its permissions."""

    def setUp(self) -> None:
        """A reader and one that may do everything."""
        super().setUp()
        clients = {
            "reader": {"token": "reader-token", "permissions": ["read"]},
            "boss": {"token": "boss-token", "permissions": ["*"]},
            "nobody": {"permissions": ["*"]},
        }
        self.house.plane.config.replace({"gateway": {"auth": {"token": TOKEN}, "clients": clients}})
        self.house.advance(0.1)

    def client(self, token: str) -> Any:
        """One that has said hello."""
        client = self.house.client(path="/jsonrpc")
        client.send({"type": "gateway.hello", "version": "1", "authToken": token})
        self.house.advance(0.5)
        return client

    def call(self, client: Any, name: str, **params: Any) -> Any:
        """The answer to a request."""
        client.take()
        client.send({"id": 1, "method": name, "params": params})
        return client.take()[-1]

    def test_permissions(self) -> None:
        """Each may what its permissions say."""
        for token, fine in (("reader-token", False), ("boss-token", True), (TOKEN, True)):
            client = self.client(token)
            self.assertIn("result", self.call(client, "node.list"))
            answer = self.call(client, "chat.send", message="hi")
            self.assertEqual("result" in answer, fine, token)
            if not fine:
                error = answer["error"]
                self.assertEqual((error["code"], error["message"]), (-32602, "Unauthorized"))
                self.assertEqual(error["data"]["details"]["missingScope"], "operator.write")
        self.house.plane.router.register(Probe())
        self.assertEqual(self.call(client, "probe")["error"]["message"], "Unauthorized")

    def test_no_empty_token(self) -> None:
        """A client without a token in the configuration is none."""
        client = self.client("")
        self.assertEqual(client.take()[-1]["supportedMethods"], ["ping", "gateway.startup", "client.pair.confirm"])
        self.assertFalse(client.connection.is_open)
        self.assertIsNone(self.house.plane.clients.find(""))

    def test_guessing(self) -> None:
        """Wrong tokens lock an address out of these too."""
        for _ in range(10):
            client = self.house.client("192.0.2.7", "/jsonrpc")
            client.send({"type": "gateway.hello", "version": "1", "authToken": "guess"})
            self.house.advance(6)
        client = self.house.client("192.0.2.7", "/jsonrpc")
        client.send({"type": "gateway.hello", "version": "1", "authToken": "reader-token"})
        self.assertEqual(client.take()[-1]["error"]["message"], "Unauthorized")
        self.assertIsNotNone(client.close)

    def test_changed(self) -> None:
        """Whoever's token or permissions change is closed; the others stay."""
        reader, boss = self.client("reader-token"), self.client("boss-token")
        clients = {"reader": {"token": "reader-token", "permissions": ["read", "write"]}}
        clients["boss"] = {"token": "boss-token", "permissions": ["*"]}
        self.house.plane.config.replace({"gateway": {"auth": {"token": TOKEN}, "clients": clients}})
        self.house.advance(0.5)
        self.assertEqual(reader.close, (4001, "gateway auth changed"))
        self.assertIsNone(boss.close)
        self.assertIn("result", self.call(self.client("reader-token"), "chat.send", message="hi"))


class CodePairingTests(DialectTestCase):
    """The gateway shows a code, the device's user types it, the device gets a token of its own."""

    def setUp(self) -> None:
        """An administrator."""
        super().setUp()
        self.operator = self.house.operator()

    def start(self, **params: Any) -> Any:
        """The answer of ``client.pair.start``."""
        return self.operator.request("client.pair.start", {"name": "kitchen", "permissions": ["read"], **params})

    def confirm(self, code: Any, client: Any = None) -> Any:
        """What a device is told."""
        client = client or self.house.client(path="/jsonrpc")
        client.take()
        client.send({"id": 1, "method": "client.pair.confirm", "params": {"code": code}})
        self.house.advance(6)
        return client.take()[-1]

    def hello(self, token: str, house: House | None = None) -> Any:
        """A client with that token."""
        client = (house or self.house).client(path="/jsonrpc")
        client.send({"type": "gateway.hello", "version": "1", "authToken": token})
        (house or self.house).advance(1)
        return client

    def test_paired(self) -> None:
        """Its token opens what the operator allowed, also after a restart; the code works once."""
        code = self.start()["payload"]["code"]
        device = self.house.client(path="/jsonrpc")
        paired = self.confirm(code.lower(), device)["result"]
        self.assertEqual((paired["name"], paired["permissions"]), ("kitchen", ["operator.read"]))
        device.send({"type": "gateway.hello", "version": "1", "authToken": paired["authToken"]})
        self.assertEqual(device.take()[-1]["type"], "gateway.welcome")
        device.send({"id": 2, "method": "chat.send", "params": {"message": "hi"}})
        self.assertEqual(device.take()[-1]["error"]["message"], "Unauthorized")
        self.assertEqual(self.confirm(code)["error"]["message"], "Unauthorized")
        later = House(directory=self.house.directory)
        self.assertEqual(self.hello(paired["authToken"], later).take()[-1]["type"], "gateway.welcome")
        self.assertNotIn(paired["authToken"], (self.house.directory / "openclaw/clients.json").read_text())
        (row,) = self.operator.request("client.pair.list", {})["payload"]["clients"]
        self.assertEqual((row["id"], row["name"]), (paired["clientId"], "kitchen"))

    def test_expired(self) -> None:
        """A code is worth nothing after five minutes."""
        code = self.start()["payload"]["code"]
        self.house.advance(301)
        self.assertEqual(self.confirm(code)["error"]["message"], "Unauthorized")

    def test_revoked(self) -> None:
        """Its connections are closed, and its token opens nothing."""
        paired = self.confirm(self.start()["payload"]["code"])["result"]
        device = self.hello(paired["authToken"])
        revoked = self.operator.request("client.pair.revoke", {"clientId": paired["clientId"]})
        self.assertTrue(revoked["payload"]["revoked"])
        device.read()
        self.assertEqual(device.close, (4001, "gateway auth changed"))
        self.assertEqual(self.hello(paired["authToken"]).take()[-1]["error"]["message"], "Unauthorized")

    def test_guessing(self) -> None:
        """Ten wrong codes lock an address, and the right one with it; what is no code is no guess."""
        code = self.start()["payload"]["code"]
        for guess in range(10):
            client = self.house.client("192.0.2.7", "/jsonrpc")
            self.assertEqual(self.confirm(f"WRONG{guess:03}", client)["error"]["message"], "Unauthorized")
        client = self.house.client("192.0.2.7", "/jsonrpc")
        self.assertIn("too many", self.confirm(code, client)["error"]["data"]["reason"])
        self.assertEqual(self.confirm(7)["error"]["code"], -32600)
        self.assertIn("result", self.confirm(code))

    def test_foreign_page(self) -> None:
        """A page of another site pairs nothing."""
        code = self.start()["payload"]["code"]
        page = self.house.client(path="/jsonrpc", headers={"origin": "https://evil.example"})
        self.assertEqual(self.confirm(code, page)["error"]["message"], "Unauthorized")

    def test_who_may_show_one(self) -> None:
        """An administrator, and nobody hands on more than he has; names and permissions are looked at."""
        self.assertEqual(self.start(permissions=["fly"])["error"]["code"], "INVALID_REQUEST")
        for wrong in ({"name": ""}, {"name": "x" * 100}, {"name": 5}, {"permissions": "read"}, {"permissions": [1]}):
            self.assertEqual(self.start(**wrong)["error"]["code"], "INVALID_REQUEST", wrong)
        reader = self.house.operator("operator.read")
        self.assertEqual(reader.request("client.pair.start", {"name": "x"})["error"]["code"], "FORBIDDEN")
        clients = self.house.plane.clients
        with self.assertRaisesRegex(Exception, "more than he has"):
            clients.open_code("x", ["admin"], frozenset({"operator.write", "operator.read"}))
        for _ in range(10):
            last = self.start()
        self.assertTrue(last["ok"])
        self.assertFalse(self.start()["ok"])
