"""A web app as browsers get it, request by request."""

import gzip
import importlib.util
import os
import re
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from teamgram.clients import web_answers, web_client
from teamgram.clients.web_client import Address, WebClient
from teamgram.interfaces.documents import DocumentAnswer, DocumentRequest
from trial_tests.clients.web_builds import KEY, asked, lay, web_a

LISTENERS: list[Address] = [("websocket", "127.0.0.1", 11443)]


class WebClientTests(SynchronousTestCase):
    """A made-up Web A below ``/a/``."""

    def setUp(self) -> None:
        self.directory = Path(self.mktemp()).absolute()
        lay(self.directory, web_a())
        self.client = WebClient("/a/", self.directory, 0, KEY)
        self.client.examine()
        self.assertEqual(self.client.trouble, "")
        self.loads = 0

    def answer(self, request: DocumentRequest, listeners: list[Address] | None = None) -> DocumentAnswer | None:
        """The answer; what is slow is done here and now."""
        answer = self.client.answer(request, LISTENERS if listeners is None else listeners)
        if callable(answer):
            self.loads += 1
            answer = answer()
        return answer

    def shown(self, request: DocumentRequest, listeners: list[Address] | None = None) -> DocumentAnswer:
        """An answer that is one."""
        answer = self.answer(request, listeners)
        assert answer is not None
        return answer

    def header(self, answer: DocumentAnswer, name: str) -> str:
        """One header of an answer; empty where it is not there."""
        return dict(answer.headers).get(name.encode(), b"").decode()

    def test_page(self) -> None:
        """The page comes at the path itself, asks again each time, and may speak to this server only."""
        page = self.shown(asked("/a/"))
        self.assertEqual(page.status, 200)
        self.assertIn(b"index-CCQQZirH.js", page.body)
        self.assertEqual(self.header(page, "Content-Type"), "text/html; charset=utf-8")
        self.assertEqual(self.header(page, "Cache-Control"), "no-cache")
        self.assertEqual(self.header(page, "X-Content-Type-Options"), "nosniff")
        policy = self.header(page, "Content-Security-Policy")
        self.assertIn("connect-src 'self' blob: data: ws://127.0.0.1:11443 wss://127.0.0.1:11443;", policy)
        self.assertIn("script-src 'self' 'wasm-unsafe-eval';", policy)
        self.assertIn("frame-ancestors 'none'", policy)

    def test_our_script(self) -> None:
        """Before the app's first script comes one of ours, which knows what changes with the server."""
        page = self.shown(asked("/a/")).body.decode()
        script = re.search(r'<script src="\./teamgram\.js\?([^"]+)"></script><script type="module"', page)
        assert script is not None
        ours = self.shown(asked("/a/teamgram.js"))
        self.assertEqual(self.header(ours, "Content-Type"), "text/javascript; charset=utf-8")
        self.assertEqual(self.header(ours, "Cache-Control"), "no-cache")
        text = ours.body.decode()
        self.assertIn(f'server = "{script[1].replace("+", " ")}"', text)
        self.assertIn('changed = ["service.worker-BRsQlFGj.js", "teamgram.js", "worker-D6CCAEI4.js"];', text)
        self.assertIn('`teamgram ${new URL("./", document.baseURI).pathname}`', text)
        other = self.shown(asked("/a/"), [("websocket", "127.0.0.1", 11444)]).body.decode()
        self.assertNotIn(script[0], other)

    def test_the_name_in_the_policy(self) -> None:
        """The name by which the browser came; a header that could be no name is not repeated."""
        for told, said in (
            ("chat.example:8801", "ws://chat.example:11443"),
            ("LOCALHOST", "ws://LOCALHOST:11443"),
            ("[::1]:8801", "ws://*:11443"),
            ("x; script-src *", "ws://127.0.0.1:11443"),
            ("a b", "ws://127.0.0.1:11443"),
            ("a,b", "ws://127.0.0.1:11443"),
            ("", "ws://127.0.0.1:11443"),
        ):
            page = self.shown(DocumentRequest(b"GET", b"/a/", {b"host": told.encode()}, "127.0.0.1", 8801, False))
            self.assertIn(f"data: {said} ", self.header(page, "Content-Security-Policy"), told)

    def test_files(self) -> None:
        """Types and lifetimes: what a bundler named by its digest never changes, unless it is changed here."""
        for path, content_type, cache in (
            ("assets/index-CCQQZirH.js", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"),
            ("worker-D6CCAEI4.js", "text/javascript; charset=utf-8", "no-cache"),
            ("service.worker-BRsQlFGj.js", "text/javascript; charset=utf-8", "no-cache"),
            ("img/1f600.png", "image/png", "no-cache"),
        ):
            shown = self.shown(asked(f"/a/{path}"))
            self.assertEqual(shown.status, 200, path)
            self.assertEqual(self.header(shown, "Content-Type"), content_type)
            self.assertEqual(self.header(shown, "Cache-Control"), cache, path)
            self.assertEqual(self.header(shown, "Service-Worker-Allowed"), "/a/")
            self.assertIn("connect-src 'self'", self.header(shown, "Content-Security-Policy"))

    def test_only_these_files(self) -> None:
        """Whatever else a path says, there is nothing; no file outside is even looked at."""
        (self.directory.parent / "secret.js").write_text("secret")
        opened: list[object] = []
        self.patch(os, "open", lambda path, *_, **__: opened.append(path))
        for path in (
            "../secret.js",
            "%2e%2e/secret.js",
            "..%2fsecret.js",
            "assets/../../secret.js",
            "assets//index-CCQQZirH.js",
            "/etc/passwd",
            "assets",
            "assets/",
            "assets/index-CCQQZirH.js/",
            "./index.html",
            "index.html%00.png",
            "%ff%fe",
            "INDEX.HTML",
            "nothing.js",
        ):
            self.assertIsNone(self.answer(asked(f"/a/{path}")), path)
        self.assertEqual((opened, self.loads), ([], 0))

    def test_what_appears_later(self) -> None:
        """What was not there when the build was looked through is not shown, nor a link that took a file's place."""
        (self.directory / "new.js").write_text("new")
        self.assertIsNone(self.answer(asked("/a/new.js")))
        (self.directory / "img/1f600.png").unlink()
        (self.directory / "img/1f600.png").symlink_to("/etc/passwd")
        self.assertIsNone(self.answer(asked("/a/img/1f600.png")))

    def test_redirect(self) -> None:
        """``/a`` leads to ``/a/``, from which a build's own names count."""
        moved = self.client.redirect(b"/a")
        assert moved is not None
        self.assertEqual((moved.status, self.header(moved, "Location")), (301, "/a/"))
        for path in (b"/a/", b"/a/x", b"/ab"):
            self.assertIsNone(self.client.redirect(path))

    def test_only_read(self) -> None:
        """GET and HEAD; HEAD says the length of what it does not bring."""
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE"):
            refused = self.shown(asked("/a/", method))
            self.assertEqual((refused.status, self.header(refused, "Allow")), (405, "GET, HEAD"))
        head = self.shown(asked("/a/worker-D6CCAEI4.js", "HEAD"))
        self.assertEqual((head.status, head.body), (200, b""))
        self.assertEqual(head.length, len(self.shown(asked("/a/worker-D6CCAEI4.js")).body))

    def test_no_tls(self) -> None:
        """Beyond the machine itself a page in plain text is refused, in words: neither app could do anything there."""
        for path in ("/a/", "/a/worker-D6CCAEI4.js"):
            refused = self.shown(asked(path, host="192.0.2.7"), [("websocket", "0.0.0.0", 11443)])
            self.assertEqual(refused.status, 403)
            self.assertIn(b"https://", refused.body)
            self.assertNotIn(b"index-CCQQZirH", refused.body)
        for host, is_tls in (("192.0.2.7", True), ("::ffff:127.0.0.1", False), ("::1", False), ("127.8.9.1", False)):
            shown = self.shown(asked("/a/", host=host, is_tls=is_tls), [("websocket", "0.0.0.0", 11443)])
            self.assertEqual(shown.status, 200, host)
        policy = self.header(
            self.shown(asked("/a/", host="192.0.2.7", is_tls=True), [("websocket", "0.0.0.0", 443)]),
            "Content-Security-Policy",
        )
        self.assertIn("data: wss://192.0.2.7:443;", policy)

    def test_no_websocket(self) -> None:
        """Without a WebSocket listener that this browser could reach it says so."""
        for listeners in ([], [("websocket", "10.0.0.1", 11443)], [("tcp", "127.0.0.1", 10443)]):
            self.assertEqual(self.shown(asked("/a/"), listeners).status, 503)
        behind = WebClient("/a/", self.directory, 443, KEY)
        behind.examine()
        answer = behind.answer(asked("/a/worker-D6CCAEI4.js"), [])
        assert callable(answer)
        shown = answer()
        assert shown is not None
        self.assertIn(b"${self.location.hostname}:443/apiws", shown.body)

    def test_what_the_browser_has(self) -> None:
        """The tag is of what is served: another key or port, another tag."""
        shown = self.shown(asked("/a/worker-D6CCAEI4.js"))
        tag = self.header(shown, "ETag")
        self.assertRegex(tag, r'^"[0-9a-f]{32}"$')
        for told in (tag, f"W/{tag}", f'"x", {tag}', "*"):
            again = self.shown(asked("/a/worker-D6CCAEI4.js", if_none_match=told))
            self.assertEqual((again.status, again.body, again.length), (304, b"", None), told)
            self.assertEqual(self.header(again, "ETag"), tag)
        self.assertEqual(self.shown(asked("/a/worker-D6CCAEI4.js", if_none_match='"x"')).status, 200)
        other = self.shown(asked("/a/worker-D6CCAEI4.js"), [("websocket", "127.0.0.1", 11444)])
        self.assertNotEqual(self.header(other, "ETag"), tag)
        self.assertIn(b":11444/apiws", other.body)
        pages = [self.shown(asked("/a/"), [("websocket", "127.0.0.1", port)]) for port in (11443, 11444)]
        self.assertNotEqual(self.header(pages[0], "ETag"), self.header(pages[1], "ETag"))

    def test_parts(self) -> None:
        """One part of a file; what cannot be is all of it, or 416 behind its end."""
        whole = self.shown(asked("/a/img/1f600.png")).body
        tag = self.header(self.shown(asked("/a/img/1f600.png")), "ETag")
        size = len(whole)
        for wanted, status, part in (
            ("bytes=0-9", 206, whole[:10]),
            ("bytes=4990-", 206, whole[4990:]),
            ("bytes=-4", 206, whole[-4:]),
            ("bytes=-999999", 206, whole),
            ("bytes=0-999999", 206, whole),
            (f"bytes={size}-", 416, b""),
            ("bytes=-0", 416, b""),
            ("bytes=9-5", 200, whole),
            ("bytes=-", 200, whole),
            ("bytes=0-1,3-4", 200, whole),
            ("bytes=" + "9" * 400 + "-", 200, whole),
            ("lines=1-2", 200, whole),
        ):
            shown = self.shown(asked("/a/img/1f600.png", range=wanted))
            self.assertEqual((shown.status, shown.body), (status, part), wanted)
        shown = self.shown(asked("/a/img/1f600.png", range="bytes=1-2"))
        self.assertEqual(self.header(shown, "Content-Range"), f"bytes 1-2/{size}")
        behind = self.shown(asked("/a/img/1f600.png", range=f"bytes={size}-"))
        self.assertEqual(self.header(behind, "Content-Range"), f"bytes */{size}")
        for tagged, status in ((tag, 206), ('"x"', 200), ("Tue, 01 Dec 2026 00:00:00 GMT", 200)):
            self.assertEqual(self.shown(asked("/a/img/1f600.png", range="bytes=1-2", if_range=tagged)).status, status)

    def test_compressed(self) -> None:
        """What gets smaller is compressed for browsers that take it; each encoding has its own tag."""
        self.patch(web_answers, "ENCODINGS", (b"gzip",))
        plain = self.shown(asked("/a/assets/index-CCQQZirH.js"))
        packed = self.shown(asked("/a/assets/index-CCQQZirH.js", accept_encoding="br;q=1.0, gzip, deflate"))
        self.assertEqual(gzip.decompress(packed.body), plain.body)
        self.assertEqual(self.header(packed, "Content-Encoding"), "gzip")
        self.assertLess(len(packed.body), len(plain.body) // 10)
        self.assertNotEqual(self.header(packed, "ETag"), self.header(plain, "ETag"))
        for shown in (plain, packed):
            self.assertEqual(self.header(shown, "Vary"), "Accept-Encoding")
        for path, told in (
            ("assets/index-CCQQZirH.js", "gzip;q=0"),
            ("assets/index-CCQQZirH.js", "identity"),
            ("img/1f600.png", "gzip"),
            ("index.html", "gzip"),
        ):
            self.assertEqual(self.header(self.shown(asked(f"/a/{path}", accept_encoding=told)), "Content-Encoding"), "")
        part = self.shown(asked("/a/assets/index-CCQQZirH.js", accept_encoding="gzip", range="bytes=0-3"))
        self.assertEqual((part.status, part.body), (206, plain.body[:4]))

    def test_brotli(self) -> None:
        """The better one, where its library is there."""
        if importlib.util.find_spec("brotli") is None:
            self.assertEqual(web_answers.ENCODINGS, (b"gzip",))
            return
        packed = self.shown(asked("/a/assets/index-CCQQZirH.js", accept_encoding="gzip, deflate, br, zstd"))
        self.assertEqual(self.header(packed, "Content-Encoding"), "br")
        plain = self.shown(asked("/a/assets/index-CCQQZirH.js"))
        brotli = importlib.import_module("brotli")
        self.assertEqual(brotli.decompress(packed.body), plain.body)

    def test_kept(self) -> None:
        """A file is read, changed and compressed once; what is kept is bounded."""
        for _ in range(3):
            self.shown(asked("/a/worker-D6CCAEI4.js", accept_encoding="gzip"))
        self.assertEqual(self.loads, 1)
        self.patch(web_client, "MAX_KEPT_BYTES", 100_000)
        for port in range(1, 40):
            self.shown(asked("/a/assets/index-CCQQZirH.js"), [("websocket", "127.0.0.1", port)])
        self.assertLessEqual(self.client._kept_bytes, 100_000)
        self.assertLessEqual(sum(len(body.content) for body in self.client._bodies.values()), 100_000)

    def test_built_anew(self) -> None:
        """The next who opens the page gets the new build; one that is none is told of until it is one again."""
        self.shown(asked("/a/"))
        files = web_a()
        files["worker-NEWNEWN1.js"] = files.pop("worker-D6CCAEI4.js")
        (self.directory / "worker-D6CCAEI4.js").unlink()
        (self.directory / "index.html").unlink()
        lay(self.directory, files)
        self.assertEqual(self.shown(asked("/a/")).status, 200)
        self.assertEqual(self.shown(asked("/a/worker-NEWNEWN1.js")).status, 200)
        self.assertIsNone(self.answer(asked("/a/worker-D6CCAEI4.js")))
        (self.directory / "worker-NEWNEWN1.js").unlink()
        (self.directory / "index.html").write_text("<p>something else")
        loads = self.loads
        for _ in range(3):
            answer = self.shown(asked("/a/"))
            self.assertEqual(answer.status, 503)
            self.assertNotIn(str(self.directory).encode(), answer.body, "what lies where is nobody's business")
        self.assertIn("is no build that is known here: nothing in it", self.client.trouble)
        self.assertEqual(self.loads, loads + 1, "a directory that has not changed is not looked through again")
