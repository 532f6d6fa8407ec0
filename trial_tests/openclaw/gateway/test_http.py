"""HTTP and WebSocket on the one real port."""

from typing import Any

from twisted.internet import reactor
from twisted.internet.task import deferLater

from trial_tests.clients.server import free_port
from trial_tests.openclaw.house import TOKEN
from trial_tests.openclaw.live import LiveTestCase, SocketClient


def until_closed(client: SocketClient) -> list[Any]:
    """All that comes until the server closes: (event, payload) each, ("close", code) the last."""
    found: list[Any] = []
    while not found or found[-1][0] != "close":
        frame = client.read()
        found.append(frame if isinstance(frame, tuple) else (frame.get("event"), frame.get("payload")))
    client.close()
    return found


class ProbeTests(LiveTestCase):
    """What supervisors and scrapers ask."""

    async def test_probes(self) -> None:
        """Alive, ready and started, under both names each; nothing but GET and HEAD."""
        self.assertEqual((await self.get("/healthz"))[::2], (200, {"ok": True, "status": "live"}))
        self.assertEqual((await self.get("/health"))[2]["status"], "live")
        for path in ("/ready", "/readyz"):
            status, _, body = await self.get(path)
            self.assertEqual((status, body["ready"], body["failing"]), (200, True, []))
        self.assertEqual((await self.get("/startupz"))[0], 200)
        status, headers, _ = await self.get("/healthz", "POST", b"")
        self.assertEqual((status, headers["allow"]), (405, "GET"))
        self.assertEqual((await self.get("/healthz", "HEAD"))[::2], (200, b""))

    async def test_counts(self) -> None:
        """``/health`` tells how many are connected and how many sessions there are besides."""
        nothing = {"ok": True, "status": "live", "connections": 0, "sessions": 0}
        self.assertEqual((await self.get("/health"))[2], nothing)
        client = await self.in_thread(SocketClient, self.port)
        self.addCleanup(client.close)
        await self.in_thread(client.hello)
        self.assertEqual((await self.get("/health"))[2]["connections"], 1)
        self.assertEqual((await self.get("/healthz"))[2], {"ok": True, "status": "live"})

    async def test_not_ready(self) -> None:
        """While draining the process is alive and not ready, and takes no WebSocket."""
        self.plane.lifetime.draining = True
        status, _, body = await self.get("/readyz")
        self.assertEqual((status, body["failing"]), (503, ["draining"]))
        self.assertEqual((await self.get("/healthz"))[0], 200)
        client = await self.in_thread(SocketClient, self.port)
        self.assertIn(b"503", client.head)
        client.close()

    async def test_metrics(self) -> None:
        """The control plane's figures, as Prometheus text."""
        client = await self.in_thread(SocketClient, self.port)
        await self.in_thread(client.hello)
        _, headers, body = await self.get("/metrics")
        self.assertIn("text/plain", headers["content-type"])
        self.assertIn(b'openclaw_connections{role="operator"} 1.0', body)
        client.close()

    async def test_nothing_there(self) -> None:
        """What is no page to read is 404 in JSON."""
        self.assertEqual((await self.get("/nope", "POST", b""))[0], 404)


class BearerTests(LiveTestCase):
    """Paths that want the shared secret."""

    config = {"gateway": {"auth": {"token": TOKEN, "rateLimit": {"maxAttempts": 2, "exemptLoopback": False}}}}

    async def test_bearer(self) -> None:
        """Without it 401, with it the handler runs, after too many wrong ones 429 even with the right one."""

        def handler(request: Any) -> None:
            request.finish()

        self.plane.http.add("/secret", handler, methods=("GET", "POST"), bearer=True)
        self.assertEqual((await self.get("/secret"))[0], 401)
        self.assertEqual((await self.get("/secret", Authorization=f"Bearer {TOKEN}"))[0], 200)
        for _ in range(2):
            status, _, body = await self.get("/secret", Authorization="Bearer wrong")
            self.assertEqual((status, body["error"]["type"]), (401, "unauthorized"))
        status, headers, _ = await self.get("/secret", Authorization=f"Bearer {TOKEN}")
        self.assertEqual(status, 429)
        self.assertEqual(headers["retry-after"], "300")

    async def test_foreign_pages(self) -> None:
        """A page of another site is refused even with the secret; one of this machine is not."""
        self.plane.http.add("/secret", lambda request: request.finish(), bearer=True)
        for origin, status in (("https://evil.example", 403), ("http://localhost:3000", 200)):
            answer = await self.get("/secret", Authorization=f"Bearer {TOKEN}", Origin=origin)
            self.assertEqual(answer[0], status)

    async def test_a_handler_that_fails(self) -> None:
        """The client gets 500 and no traceback; the log gets the failure."""

        async def handler(request: Any) -> None:
            raise RuntimeError("secret details")

        self.plane.http.add("/broken", handler)
        status, _, body = await self.get("/broken")
        self.assertEqual((status, body["error"]["type"]), (500, "internal_error"))
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)


class CanvasTests(LiveTestCase):
    """Documents under capability URLs."""

    async def test_capability(self) -> None:
        """A connection's URL shows documents, nothing outside them, and dies with it."""
        below = self.plane.canvas.directory / "documents" / "doc1"
        below.mkdir(parents=True)
        (below / "index.html").write_text("<p>hi</p>")
        (self.plane.canvas.directory.parent / "secret.html").write_text("no")
        client = await self.in_thread(SocketClient, self.port)
        hello = await self.in_thread(client.hello)
        url = hello["pluginSurfaceUrls"]["canvas"]
        path = url.removeprefix("http://127.0.0.1")
        self.assertRegex(path, r"^/__openclaw__/cap/[\w-]{24}$")
        status, headers, body = await self.get(f"{path}/__openclaw__/canvas/documents/doc1/index.html")
        self.assertEqual((status, body), (200, b"<p>hi</p>"))
        self.assertIn("sandbox", headers["content-security-policy"])
        for escape in ("../../secret.html", "..%2f..%2fsecret.html", "doc1/../../../secret.html"):
            status, _, _ = await self.get(f"{path}/__openclaw__/canvas/documents/{escape}")
            self.assertEqual(status, 404, escape)
        # Whoever may write documents (an agent's tool) may also make a link.
        (below / "out.html").symlink_to(self.plane.canvas.directory.parent / "secret.html")
        (below / "up").symlink_to(self.plane.canvas.directory.parent)
        for escape in ("out.html", "up/secret.html"):
            status, _, _ = await self.get(f"{path}/__openclaw__/canvas/documents/doc1/{escape}")
            self.assertEqual(status, 404, escape)
        direct = "/__openclaw__/canvas/documents/doc1/index.html"
        self.assertEqual((await self.get(direct))[0], 401)
        self.assertEqual((await self.get(direct, Authorization=f"Bearer {TOKEN}"))[0], 200)
        client.close()
        while self.plane.reception.connections:
            await self.get("/healthz")
        self.assertEqual((await self.get(f"{path}/__openclaw__/canvas/documents/doc1/"))[0], 401)


class SocketTests(LiveTestCase):
    """What only a real socket does."""

    async def test_a_client_that_reads_late_misses_nothing(self) -> None:
        """10 MB of events to a socket that takes little at a time: all of them, numbered without holes."""
        client = await self.in_thread(SocketClient, self.port, 4096)
        await self.in_thread(client.hello)
        for number in range(100):
            self.plane.events.broadcast("chat", {"n": number, "text": "x" * 100_000})

        def read() -> list[tuple[int, int]]:
            found: list[Any] = []
            while len(found) < 100:
                frame = client.read()
                if frame.get("event") == "chat":
                    found.append((frame["payload"]["n"], frame["seq"]))
            return found

        found = await self.in_thread(read)
        self.assertEqual([n for n, _ in found], list(range(100)))
        self.assertEqual([seq for _, seq in found], list(range(found[0][1], found[0][1] + 100)))
        client.close()

    async def test_handshakes_per_address(self) -> None:
        """Beyond 32 sockets that have not signed in, one address gets 503; hello makes room."""
        clients = [await self.in_thread(SocketClient, self.port) for _ in range(33)]
        self.assertIn(b"101", clients[31].head)
        self.assertIn(b"503", clients[32].head)
        await self.in_thread(clients[0].hello)
        late = await self.in_thread(SocketClient, self.port)
        self.assertIn(b"101", late.head)
        for client in [*clients, late]:
            client.close()

    async def test_restart(self) -> None:
        """A restart on request closes with 1012 and is back at once, with another boot id, on the port set by now."""
        client = await self.in_thread(SocketClient, self.port)
        first = await self.in_thread(client.hello)
        config, port = self.plane.config, free_port()
        config.replace({**config.tree, "gateway": {**config.tree["gateway"], "port": port}})
        client.send({"type": "req", "id": "r", "method": "gateway.restart.request", "params": {"reason": "test"}})

        found = await self.in_thread(until_closed, client)
        self.assertEqual(
            found[-2:], [("shutdown", {"reason": "gateway restarting", "restartExpectedMs": 1500}), ("close", 1012)]
        )
        while self.plane.lifetime.draining or not self.service.ports:
            await deferLater(reactor, 0.01)
        self.assertEqual(self.service.ports[0][1], port)
        again = await self.in_thread(SocketClient, port)
        second = await self.in_thread(again.hello)
        self.assertNotEqual(first["server"]["bootId"], second["server"]["bootId"])
        again.close()

    async def test_sigterm(self) -> None:
        """Stopping tells everybody and closes with 1012."""
        client = await self.in_thread(SocketClient, self.port)
        await self.in_thread(client.hello)
        stopping = self.service.stopService()

        found = await self.in_thread(until_closed, client)
        self.assertEqual(found[-2:], [("shutdown", {"reason": "gateway stopping"}), ("close", 1012)])
        await stopping


class MiniPortTests(LiveTestCase):
    """The small dialect's own port."""

    async def test_off_without_a_port(self) -> None:
        """Port 0 is no listener of its own."""
        self.assertEqual(len(self.service.ports), 1)

    async def test_loopback_only(self) -> None:
        """Whatever the gateway is bound to: who comes there needs no token."""
        gateway = {"auth": {"token": TOKEN}, "bind": "lan"}
        self.plane.config.replace({"gateway": gateway, "mini": {"port": 1}})
        found = [(interface, kind) for interface, _, kind in self.service.addresses()]
        self.assertEqual(found, [("0.0.0.0", "gateway"), ("127.0.0.1", "mini")])

    async def test_its_own_port(self) -> None:
        """There a program of this machine comes in without a secret; on the gateway's port it does not."""
        port = free_port()
        self.plane.config.replace({**self.plane.config.tree, "mini": {"port": port}})
        self.plane.lifetime.request_restart("test")
        while self.plane.lifetime.draining or len(self.service.ports) < 2:
            await deferLater(reactor, 0.01)
        for where, headers, said in (
            (port, "", "connected"),
            (port, "X-Forwarded-For: 127.0.0.1\r\n", "error"),
            (self.service.ports[0][1], "", "error"),
        ):
            client = await self.in_thread(SocketClient, where, None, headers, "/mini")
            self.assertEqual((await self.in_thread(client.read))["type"], said, (where, headers))
            client.close()
