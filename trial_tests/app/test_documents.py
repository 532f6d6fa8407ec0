"""Web apps on a server's HTTP port, and ``teamgram client web``."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import Clock
from twisted.internet.utils import getProcessOutputAndValue
from twisted.python.threadpool import ThreadPool
from twisted.trial.unittest import SynchronousTestCase, TestCase
from twisted.web.client import Agent, readBody
from twisted.web.http_headers import Headers

from teamgram.app.config import sections
from teamgram.app.config.errors import ConfigError
from teamgram.app.documents import MAX_WAITING, ShownDocuments, web_clients
from teamgram.clients.front_page import FrontPage
from teamgram.clients.web_client import WebClient
from teamgram.mtproto.crypto.rsa import RsaPublicKey
from trial_tests.app.operating import OperatingTestCase
from trial_tests.app.test_command_line import CommandTestCase, run
from trial_tests.app.test_reload import certificate
from trial_tests.clients.server import free_port
from trial_tests.clients.web_builds import KEY, asked, lay, living, web_a, web_k
from trial_tests.openclaw import npm_packages

_SCRIPT = Path(__file__).with_name("web_client.mjs")


class WebClientsTests(SynchronousTestCase):
    """``WebClients`` of gnetway.yaml."""

    def read(self, *clients: dict[str, Any]) -> list[WebClient]:
        """What is made of these entries."""
        found = [sections.WebClientSection(**client) for client in clients]
        file = sections.GnetwayFile(Gnetway=sections.GnetwaySection(Server=[]), WebClients=found)
        return web_clients(file, Path("/data"), KEY)

    def test_read(self) -> None:
        """Directories lie below the data directory or are absolute."""
        one, other = self.read({"Path": "/a/", "Directory": "web-a"}, {"Path": "/k/", "Directory": "/srv/k"})
        self.assertEqual((one.path, one.directory), ("/a/", Path("/data/web-a")))
        self.assertEqual((other.path, other.directory), ("/k/", Path("/srv/k")))

    def test_refused(self) -> None:
        """Paths that cannot be, that MTProto has, or that are there twice; ports that are none."""
        for path in ("/", "a/", "/a", "//", "/a/b/", "/../", "/A/", "/api/", "/apiw1/", "/a b/", "/" + "a" * 33 + "/"):
            with self.assertRaisesRegex(ConfigError, r"WebClients\[0\].Path"):
                self.read({"Path": path, "Directory": "x"})
        with self.assertRaisesRegex(ConfigError, r"WebClients\[1\].Path: /a/ is there twice"):
            self.read({"Path": "/a/", "Directory": "x"}, {"Path": "/a/", "Directory": "y"})
        for port in (-1, 65536):
            with self.assertRaisesRegex(ConfigError, "WebSocketPort"):
                self.read({"Path": "/a/", "Directory": "x", "WebSocketPort": port})


class _SlowReactor(Clock):
    """Has a thread pool that never gets to it."""

    def getThreadPool(self) -> ThreadPool:
        return ThreadPool(0, 1)


class WaitingTests(TestCase):
    """Many who want what is slow."""

    def test_bounded(self) -> None:
        """So many wait, and more are told to come again; what is at hand needs no thread."""
        directory = lay(Path(self.mktemp()).absolute(), web_a())
        page = FrontPage("pem", 1, 2, list)
        documents = ShownDocuments(page, KEY, _SlowReactor(), lambda is_tls: [("websocket", "127.0.0.1", 1)])
        client = WebClient("/a/", directory, 0, KEY)
        client.examine()
        documents.show([client])
        waiting = [Deferred.fromCoroutine(documents.answer(asked("/a/"))) for _ in range(MAX_WAITING)]
        self.assertFalse(any(each.called for each in waiting))
        refused = self.successResultOf(Deferred.fromCoroutine(documents.answer(asked("/a/"))))
        assert refused is not None
        self.assertEqual(refused.status, 503)
        self.assertIsNone(self.successResultOf(Deferred.fromCoroutine(documents.answer(asked("/a/none.js")))))
        for each in waiting:
            each.addErrback(lambda failure: None)
            each.cancel()


class OverHttpTests(OperatingTestCase):
    """Made-up bundles on the HTTP port of a running server."""

    def configure(self) -> None:
        """One web app, and one that is none yet."""
        super().configure()
        self.web_a = lay(self.directory / "web-a", web_a())
        self.web_k = lay(self.directory / "web-k", {"index.html": "nothing yet"})
        clients = [
            {"Path": "/a/", "Directory": str(self.web_a)},
            {"Path": "/k/", "Directory": str(self.web_k)},
        ]
        self.server.change("gnetway.yaml", {"WebClients": clients})

    async def get(self, path: str, method: str = "GET", **headers: str) -> tuple[int, Any, bytes]:
        """(status, headers, body as it came)."""
        named = Headers({name.replace("_", "-"): [value] for name, value in headers.items()})
        url = f"http://127.0.0.1:{self.server.http_port}{path}"
        response = await Agent(self.reactor).request(method.encode(), url.encode(), named)
        return response.code, response.headers, await readBody(response)

    async def test_shown(self) -> None:
        """With this server's key and port; what is no build says why, and is shown after a reload when it is one."""
        why = "is no build that is known here: nothing in it is as in Telegram Web A or Telegram Web K"
        self.assertIn(f"/k/ cannot be shown: {self.web_k} {why}", self.server.output)
        status, _, page = await self.get("/")
        self.assertIn(b'<a href="/a/">Telegram Web A</a>', page)
        self.assertNotIn(b'href="/k/"', page)
        self.assertEqual((await self.get("/a"))[1].getRawHeaders("location"), ["/a/"])
        status, headers, page = await self.get("/a/")
        self.assertEqual((status, headers.getRawHeaders("content-type")), (200, ["text/html; charset=utf-8"]))
        policy = headers.getRawHeaders("content-security-policy")[0]
        self.assertIn(f"ws://127.0.0.1:{self.server.websocket_port} ", policy)

        status, headers, worker = await self.get("/a/worker-D6CCAEI4.js")
        self.assertIn(b"BigInt(`%d`)" % self.server.fingerprint, worker)
        self.assertIn(b"${self.location.hostname}:%d/apiws" % self.server.websocket_port, worker)
        tag = headers.getRawHeaders("etag")[0]
        status, headers, body = await self.get("/a/worker-D6CCAEI4.js", If_None_Match=tag)
        self.assertEqual((status, body, headers.getRawHeaders("content-length")), (304, b"", None))
        status, headers, body = await self.get("/a/worker-D6CCAEI4.js", Range="bytes=4-9")
        self.assertEqual((status, body), (206, worker[4:10]))
        status, headers, body = await self.get("/a/worker-D6CCAEI4.js", "HEAD")
        self.assertEqual((status, body, headers.getRawHeaders("content-length")), (200, b"", [str(len(worker))]))
        status, headers, body = await self.get("/a/assets/index-CCQQZirH.js", Accept_Encoding="gzip")
        self.assertEqual(gzip.decompress(body).decode(), web_a()["assets/index-CCQQZirH.js"])
        many = await gatherResults(
            [Deferred.fromCoroutine(self.get(f"/a/{path}")) for path in web_a() for _ in range(5)]
        )
        self.assertEqual({status for status, _, _ in many}, {200})
        for path in ("/a/..%2f..%2fetc/gnetway.yaml", "/a/assets", "/a/nothing", "/b/", "/a/%2e%2e/web-k/index.html"):
            self.assertEqual((await self.get(path))[0], 404, path)
        self.assertEqual((await self.get("/a/", "POST"))[0], 405)

        status, _, body = await self.get("/k/")
        self.assertEqual(status, 503)
        self.assertIn(b"teamgram client web", body)
        os.unlink(self.web_k / "index.html")
        lay(self.web_k, web_k())
        self.assertIn("Telegram Web K is at /k/", await self.reload())
        self.assertEqual((await self.get("/k/"))[0], 200)
        self.assertIn(b'<a href="/k/">Telegram Web K</a>', (await self.get("/"))[2])


class InBrowserTests(OperatingTestCase):
    """Made-up bundles that dial as the apps do, in headless Chromium."""

    def configure(self) -> None:
        """Both apps, in plain text and over TLS."""
        super().configure()
        clients = []
        for path, files in (("/a/", web_a()), ("/k/", web_k())):
            directory = lay(self.directory / path.strip("/"), living(files))
            clients.append({"Path": path, "Directory": str(directory)})
        public, private = certificate("localhost")
        for name, content in (("tls.pem", public), ("tls.key", private)):
            (self.directory / name).write_bytes(content)
        self.tls = {"CertFile": str(self.directory / "tls.pem"), "KeyFile": str(self.directory / "tls.key")}
        self.https_port, self.wss_port = free_port(), free_port()
        kinds: tuple[tuple[str, int, dict[str, str]], ...] = (
            ("http", self.server.http_port, {}),
            ("websocket", self.server.websocket_port, {}),
            ("http", self.https_port, self.tls),
            ("websocket", self.wss_port, self.tls),
        )
        listeners = [{"Proto": kind, "Addresses": [f"127.0.0.1:{port}"], **tls} for kind, port, tls in kinds]
        listeners.insert(0, {"Proto": "tcp", "Addresses": [f"127.0.0.1:{self.server.port}"]})
        self.server.change("gnetway.yaml", {"WebClients": clients, "Gnetway": {"Server": listeners}})

    async def in_browser(self, *urls: str) -> list[dict[str, Any]]:
        """What each page says."""
        environment = {
            **os.environ,
            "PLAYWRIGHT_MODULE": npm_packages.module("playwright-core/index.mjs"),
            "CHROMIUM": npm_packages.chromium(),
            "CHROMIUM_PROFILE": str(self.directory / "chromium"),
        }
        output, errors, _ = await getProcessOutputAndValue(
            npm_packages.node(), [str(_SCRIPT), *urls], env=environment, reactor=self.reactor
        )
        facts = [json.loads(line) for line in output.decode().splitlines()]
        self.assertEqual(len(facts), len(urls), errors.decode())
        return facts

    async def test_dialled(self) -> None:
        """By whatever name and scheme the page came, the worker reaches this server with its key, and nobody else."""
        http, https = self.server.http_port, self.https_port
        pages = (
            (f"http://127.0.0.1:{http}", "/a/", f"ws://127.0.0.1:{self.server.websocket_port}"),
            (f"http://localhost:{http}", "/k/", f"ws://localhost:{self.server.websocket_port}"),
            (f"https://localhost:{https}", "/a/", f"wss://localhost:{self.wss_port}"),
            (f"https://127.0.0.1:{https}", "/k/", f"wss://127.0.0.1:{self.wss_port}"),
        )
        said = await self.in_browser(*(page + path for page, path, _ in pages))
        key = RsaPublicKey.from_pem(self.server.public_key.encode())
        for (page, path, socket), told in zip(pages, said, strict=True):
            self.assertEqual(told.get("socket"), "open", told)
            self.assertEqual(told["socket_url"], f"{socket}/apiws")
            self.assertEqual((told["http_url"], told["http"]), (f"{page}/apiw1", 400))
            self.assertEqual((told["scope"], told["secure"]), (path, True))
            self.assertEqual({number for _, number in told["keys"]}, {f"{int(key.n):x}"})
            said_fingerprints = {fingerprint for fingerprint, _ in told["keys"]}
            self.assertEqual(said_fingerprints, {str(key.fingerprint) if path == "/a/" else ""})
            self.assertEqual((told["elsewhere"], told["blocked"]), ("TypeError", "connect-src"))

    async def test_another_server(self) -> None:
        """What a service worker keeps of the server of before is forgotten as soon as the page is opened again."""
        page = f"http://127.0.0.1:{self.server.http_port}/k/"
        before = f"ws://127.0.0.1:{self.server.websocket_port}"
        said = await self.in_browser(page, page)
        self.assertEqual([told.get("socket_url") for told in said], [f"{before}/apiws"] * 2)
        port = free_port()
        self.edit("gnetway.yaml", f"127.0.0.1:{self.server.websocket_port}", f"127.0.0.1:{port}")
        await self.reload()
        (told,) = await self.in_browser(page)
        self.assertEqual((told.get("socket_url"), told.get("socket")), (f"ws://127.0.0.1:{port}/apiws", "open"), told)


class WebCommandTests(CommandTestCase):
    """``teamgram client web``."""

    def setUp(self) -> None:
        super().setUp()
        self.build = lay(Path(self.mktemp()).absolute(), web_a())

    async def web(self, *arguments: object) -> tuple[int, str, str]:
        """What the command says of the build."""
        return await run("client", "web", self.build, *self.where, *arguments)

    def address(self, kind: str) -> str:
        """Of the configuration's first listener of a kind."""
        text = (self.config / "gnetway.yaml").read_text()
        return text[text.index(f"Proto: {kind}") :].split("- ", 2)[1].split()[0]

    async def test_said(self) -> None:
        """What would be replaced, the lines for the file, and the address; said again when they are there."""
        code, output, errors = await self.web()
        self.assertEqual((code, errors), (0, ""))
        self.assertRegex(output, r"RSA key +2 in worker-D6CCAEI4.js\n")
        self.assertRegex(output, r"data centre +5 in worker-D6CCAEI4.js\n")
        lines = f"WebClients:\n  - Path: /a/\n    Directory: {self.build}\n"
        self.assertIn(lines, output)
        where = f"http://{self.address('http')}/a/"
        self.assertIn(where, output)
        with (self.config / "gnetway.yaml").open("a") as file:
            file.write(lines)
        code, output, _ = await self.web()
        self.assertEqual(code, 0)
        self.assertIn("gnetway.yaml already", output)
        self.assertIn(where, output)
        self.assertNotIn("not there", output)
        (self.build / "assets" / "index-CCQQZirH.js").unlink()
        _, output, _ = await self.web()
        self.assertIn("1 files that its page names are not there", output)
        _, output, _ = await self.web("--path", "/chat/")
        self.assertNotIn("/chat/", output, "it is somewhere else already")

    async def test_refused(self) -> None:
        """What is no build, what no browser could use, a path that cannot be: each in words, and with exit code 1."""
        code, _, errors = await run("client", "web", self.config, *self.where)
        self.assertEqual(code, 1)
        self.assertIn("is no build that is known here: it has no index.html", errors)
        code, _, errors = await run("client", "web", self.config / "none", *self.where)
        self.assertEqual(code, 1)
        self.assertNotIn("Traceback", errors)
        code, _, errors = await self.web("--path", "/../")
        self.assertEqual(code, 1)
        self.assertIn("is no path", errors)
        path = self.config / "gnetway.yaml"
        shipped = path.read_text()
        path.write_text(shipped.replace(self.address("http"), "192.0.2.7:8801"))
        code, _, errors = await self.web()
        self.assertEqual(code, 1)
        self.assertIn("CertFile", errors)
        path.write_text(shipped.replace(self.address("websocket"), "192.0.2.7:11443"))
        code, _, errors = await self.web()
        self.assertEqual(code, 1)
        self.assertIn("no WebSocket listener", errors)
