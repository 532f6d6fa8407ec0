"""The web console: how its files are served, and the page itself in headless Chromium."""

import gzip
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from twisted.internet import reactor, task
from twisted.internet.utils import getProcessOutputAndValue
from twisted.protocols import portforward
from twisted.trial.unittest import SynchronousTestCase

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from teamgram.openclaw.agent.providers.model_api import ModelReply, ProviderError
from teamgram.openclaw.agents_service import agents_extension
from teamgram.openclaw.gateway.router import Call
from trial_tests.openclaw import npm_packages
from trial_tests.openclaw.house import TOKEN, DeviceKey
from trial_tests.openclaw.live import LiveTestCase, SocketClient

_STATIC = Path(__file__).resolve().parent.parent.parent / "teamgram/openclaw/console/static"
_MESSENGER_TILES = ["Connections", "Devices online", "Messages a second", "Requests a second"]
_SCRIPT = Path(__file__).parent / "npm/console.mjs"


class FilesTests(SynchronousTestCase):
    """What the browser is given to run."""

    def test_small(self) -> None:
        """All of it is under 200 kB."""
        self.assertLess(sum(file.stat().st_size for file in _STATIC.iterdir()), 200_000)

    def test_nothing_foreign(self) -> None:
        """No address of another host, no inline script or style, no markup made from text."""
        for file in _STATIC.iterdir():
            text = file.read_text().replace("http://www.w3.org/", "")
            for unwanted in (
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
                "style=",
                "<script>",
            ):
                self.assertNotIn(unwanted, text, file.name)
            if file.suffix in (".html", ".css"):
                self.assertNotIn("//", text.replace("/*", "").replace("*/", ""), file.name)


class ServingTests(LiveTestCase):
    """Paths and headers."""

    async def test_page(self) -> None:
        """The page comes at ``/`` with a strict policy, for its own origin only."""
        status, head, body = await self.get("/")
        self.assertEqual(status, 200)
        self.assertEqual(head["content-type"], "text/html; charset=utf-8")
        policy = head["content-security-policy"]
        self.assertIn("default-src 'none'; script-src 'self'", policy)
        self.assertNotIn("unsafe", policy)
        self.assertIn("frame-ancestors 'none'", policy)
        self.assertEqual(head["x-content-type-options"], "nosniff")
        self.assertIn(b'<base href="/">', body)

    async def test_files(self) -> None:
        """Every file has its type, is smaller when the browser takes gzip, and is sent once."""
        for file in _STATIC.iterdir():
            if file.name == "index.html":
                continue
            status, head, body = await self.get(f"/{file.name}")
            self.assertEqual((status, body), (200, file.read_bytes()), file.name)
            self.assertNotIn("octet", head["content-type"])
        status, head, body = await self.get("/main.js", "GET", None, **{"accept-encoding": "gzip"})
        self.assertEqual(gzip.decompress(body), (_STATIC / "main.js").read_bytes())
        self.assertEqual(head["content-type"], "text/javascript; charset=utf-8")
        status, _, body = await self.get("/main.js", **{"if-none-match": head["etag"]})
        self.assertEqual((status, body), (304, b""))

    async def test_other_paths(self) -> None:
        """A path that looks like a page is the page; a file that is not there, and anything above, is not found."""
        self.assertEqual((await self.get("/sessions/agent:main:main"))[0], 200)
        for path in ("/control-ui-config.json", "/../pages.py", "/..%2fpages.py", "/static/main.js", "/favicon.ico"):
            self.assertEqual((await self.get(path))[0], 404, path)
        self.assertEqual((await self.get("/", "POST"))[0], 404)
        status, _, body = await self.get("/", "HEAD")
        self.assertEqual((status, body), (200, b""))

    async def test_elsewhere(self) -> None:
        """``basePath`` moves it, ``enabled: false`` hides it, both at once."""
        self.change({"basePath": "/console"})
        self.assertEqual((await self.get("/"))[0], 404)
        status, _, body = await self.get("/console")
        self.assertEqual(status, 200)  # After the redirect.
        self.assertIn(b'<base href="/console/">', body)
        self.assertEqual((await self.get("/console/main.js"))[0], 200)
        self.change({"enabled": False})
        self.assertEqual((await self.get("/"))[0], 404)

    def change(self, control_ui: dict[str, Any]) -> None:
        """Edit the configuration file."""
        tree = {"gateway": {"port": 0, "auth": {"token": TOKEN}, "controlUi": control_ui}}
        self.plane.config.path.write_text(json.dumps(tree))
        self.plane.config.reload()


class _Messenger:
    """Figures of a messenger that is not there."""

    def collect(self) -> Any:
        """As its stages give them."""
        connections = GaugeMetricFamily("gnetway_connections", "", labels=["transport"])
        connections.add_metric(["tcp"], 12)
        connections.add_metric(["websocket"], 3)
        yield connections
        yield GaugeMetricFamily("session_devices_online", "", value=14)
        yield CounterMetricFamily("session_updates_pushed", "", value=5)


class _FromElsewhere(portforward.ProxyServer):
    """Adds to each request where it "comes from"."""

    def dataReceived(self, data: bytes) -> None:
        """Called by Twisted."""
        super().dataReceived(data.replace(b"\r\nHost: ", b"\r\nX-Forwarded-For: 203.0.113.9\r\nHost: ", 1))


class _Proxy(portforward.ProxyFactory):
    """A reverse proxy."""

    protocol = _FromElsewhere
    noisy = False


class BrowserTests(LiveTestCase):
    """The page in a browser; ``npm/console.mjs`` is the driver."""

    extensions = (agents_extension,)
    timeout = 180

    async def drive(self, scenario: str, port: int = 0) -> list[dict[str, Any]]:
        """Run one scenario of the driver; the facts it printed.

        Violations of the content security policy, errors on the page and its
        warnings are facts too, so that an exact comparison finds them.
        """
        profile = tempfile.mkdtemp(prefix="console-")
        self.addCleanup(shutil.rmtree, profile, ignore_errors=True)
        environment = {
            **os.environ,
            "PLAYWRIGHT_MODULE": npm_packages.module("playwright-core/index.mjs"),
            "CHROMIUM": npm_packages.chromium(),
            "CHROMIUM_PROFILE": profile,
        }
        arguments = [str(_SCRIPT), scenario, f"http://127.0.0.1:{port or self.port}/", TOKEN]
        output, errors, _ = await getProcessOutputAndValue(
            npm_packages.node(), arguments, env=environment, reactor=reactor
        )
        facts = [json.loads(line) for line in output.decode().splitlines()]
        self.assertEqual(facts[-1:], [{"done": scenario}], (facts, errors.decode()))
        return facts[:-1]

    async def test_sign_in(self) -> None:
        """A wrong token is refused in words, the right one lasts as long as the tab, an address does not keep it."""
        self.assertEqual(
            await self.drive("sign_in"),
            [
                {"refused": "unauthorized: gateway token mismatch (provide gateway auth token)"},
                {"session": 1, "local": 0},
                {"reloaded": True},
                {"session": 0},
                {"hash": False},
            ],
        )

    async def test_chat(self) -> None:
        """A reply grows as it comes, tool calls show, a reload shows the same again, markup stays text."""
        shown = ["message user", "message assistant"] * 2 + ["tool done", "message assistant"]
        self.assertEqual(
            await self.drive("chat"),
            [
                {"grows": True},
                {"reply": 40, "live": 0},
                {"tool": "list_files", "order": shown},
                {"strong": "bold", "images": 0},
                {"again": shown},
                {"failed": "LLM request failed: the provider rejected the request (HTTP 400)."},
            ],
        )

    async def test_stop(self) -> None:
        """A run goes on through a reload of the page and ends with Esc; the keyboard reaches the rest."""
        self.assertEqual(
            await self.drive("stop"),
            [
                {"adopted": True},
                {"stopped": 1, "live": 0},
                {"sessions": 2},
                {"title": "Main"},
                {"shortcuts": True},
            ],
        )

    async def test_waits(self) -> None:
        """Why an answer takes so long is told; a picture that a model made is shown."""
        provider = self.service.services[-1].parts.catalog.provider("echo")
        failures = [ProviderError("busy", reason="overloaded", retryable=True, retry_after=2.0)]
        dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="
        picture = {"type": "image", "mimeType": "image/png", "data": dot}

        async def complete(*args: Any) -> ModelReply:
            if failures:
                raise failures.pop()
            return ModelReply("", images=[picture])

        self.patch(provider, "complete", complete)
        self.assertEqual(await self.drive("waits"), [{"told": True}, {"pictures": 1}])

    async def test_cut(self) -> None:
        """The socket dies before a message's answer and again in mid-reply: it is sent once, and no word is missing."""
        await self.cut_twice()
        self.assertEqual(self.plane.reception.counters.resumed, 2)

    async def test_cut_without_resuming(self) -> None:
        """The same when the server cannot go on where the page was, and it has to load everything."""
        self.patch(self.plane.reception.resumable, "adopt", lambda *_: False)
        await self.cut_twice()
        self.assertEqual(self.plane.reception.counters.resumed, 0)

    async def cut_twice(self) -> None:
        """One run, two cuts."""
        dispatch = self.plane.router.dispatch
        sent: list[str] = []

        def dispatch_and_cut(call: Call) -> None:
            dispatch(call)
            if call.method == "chat.send":
                sent.append(call.params["idempotencyKey"])
                if len(sent) == 1:
                    call.connection.abort()
                else:
                    reactor.callLater(0.4, self.cut_all)

        self.patch(self.plane.router, "dispatch", dispatch_and_cut)
        state, words = await self.drive("cut")
        self.assertEqual(state, {"state": "Connected", "shown": ["message user", "message assistant"]})
        self.assertEqual(words, {"words": " ".join(f"word{number}" for number in range(80))})
        self.assertEqual((len(sent), len(set(sent))), (2, 1))

    def cut_all(self) -> None:
        """Every socket dies."""
        for connection in tuple(self.plane.reception.connections):
            connection.abort()

    async def test_old_browser(self) -> None:
        """One that has no Ed25519 gets in with the token alone, on this machine."""
        self.assertEqual(await self.drive("old_browser"), [{"writes": True}])
        self.assertEqual(self.plane.devices.pairing.devices, {})

    async def test_remote(self) -> None:
        """A browser that comes through a proxy waits until an operator approves it, and gets in by itself then."""
        proxy: Any = reactor.listenTCP(0, _Proxy("127.0.0.1", self.port), interface="127.0.0.1")  # type: ignore[arg-type]
        self.addCleanup(proxy.stopListening)
        tree = self.plane.config.tree
        self.plane.config.replace({**tree, "gateway": {**tree["gateway"], "trustedProxies": ["127.0.0.1"]}})
        approving = task.LoopingCall(self.approve_all)
        approving.start(2.0, now=False)
        self.addCleanup(approving.stop)
        waits, people = await self.drive("remote", proxy.getHost().port)
        self.assertRegex(waits["waits"], r"^teamgram devices approve [0-9a-f-]{36}$")
        self.assertTrue([facts for facts in people["people"] if "203.0.113.9" in facts], people)

    def approve_all(self) -> None:
        """As an operator would."""
        for request in tuple(self.plane.devices.pairing.pending.values()):
            self.plane.devices.pairing.approve(request, self.plane.lifetime.now_ms(), "operator")

    async def test_devices(self) -> None:
        """Who waits is approved or refused by a click, and hears of it, a command too; a removed device is gone."""
        phone, stranger, workshop = await self.in_thread(self.three_who_wait)
        asked = {"command": "ls -l", "agentId": "main", "sessionKey": "agent:main:main"}
        approvals = self.service.services[-1].approvals
        command = await approvals.request("exec", asked, ["allow-once", "allow-always", "deny"], 600_000)
        facts = await self.drive("devices")
        self.assertEqual(sorted(facts[0]["waiting"]), ["Phone", "Stranger", "Workshop", "ls -l"])
        self.assertEqual((command.decision, command.resolved_by), ("allow-once", "Web console"))
        self.assertFalse(facts[1]["badge"])
        self.assertIn("system.which", facts[1]["node"])
        self.assertEqual(facts[2], {"removed": True})
        self.assertNotIn(phone.id, self.plane.devices.pairing.devices)
        self.assertNotIn(stranger.id, self.plane.devices.pairing.devices)
        surface = self.plane.devices.pairing.devices[workshop.id].surface
        assert surface is not None
        self.assertIn("system.which", surface.commands)

    def three_who_wait(self) -> tuple[DeviceKey, DeviceKey, DeviceKey]:
        """Two devices from another address and a node's offer, all waiting for an operator."""
        keys = DeviceKey(1), DeviceKey(2), DeviceKey(3)
        for key, name in zip(keys, ("Phone", "Stranger"), strict=False):
            client = SocketClient(self.port, headers="X-Forwarded-For: 203.0.113.9\r\n")
            with self.assertRaisesRegex(AssertionError, "NOT_PAIRED"):
                client.hello(key, client=_client("openclaw-ios", "ui", name))
            client.socket.close()
        client = SocketClient(self.port)
        client.hello(
            keys[2], role="node", scopes=[], commands=["system.which"], client=_client("node-host", "node", "Workshop")
        )
        client.socket.close()
        return keys

    async def test_overview(self) -> None:
        """Health, presence and the messenger's figures from ``/metrics``."""
        self.figures.add(_Messenger)
        tiles, people, connections = await self.drive("overview")
        self.assertEqual(
            tiles["tiles"],
            [*_MESSENGER_TILES, "Health", "Up for", "Memory", "Clients", "Agent runs"],
        )
        self.assertIn("Web console", people["people"])
        self.assertEqual(connections, {"connections": "15"})

    async def test_looks(self) -> None:
        """Light and dark as the system has it, readable in both; nothing sticks out on a telephone."""
        light, dark, phone, *views = await self.drive("looks")
        self.assertEqual((light["light"], dark["dark"]), ("rgb(246, 247, 249)", "rgb(20, 23, 28)"))
        self.assertGreaterEqual(min(light["contrast"], dark["contrast"]), 4.5)  # WCAG AA
        self.assertEqual(phone, {"phone": [], "side": False})
        self.assertEqual(views, [{"phone": [], "view": "Devices"}, {"phone": [], "view": "Overview"}])


def _client(client_id: str, mode: str, name: str) -> dict[str, str]:
    return {"id": client_id, "mode": mode, "displayName": name, "version": "1", "platform": "linux"}
