"""What a browser sees at the HTTP listener, and that it says the same as the documentation."""

import re
from base64 import b64encode
from hashlib import sha256
from html import unescape

from twisted.trial.unittest import SynchronousTestCase

from teamgram.clients.front_page import Address, FrontPage
from teamgram.clients.snippets import SNIPPETS, snippet
from teamgram.interfaces.documents import DocumentAnswer, DocumentRequest
from trial_tests.clients.process import PROJECT

LISTENERS: list[Address] = [
    ("tcp", "10.0.0.1", 10443),
    ("tcp", "192.0.2.7", 4430),
    ("websocket", "0.0.0.0", 11443),
    ("http", "0.0.0.0", 8801),
]
PEM = "-----BEGIN RSA PUBLIC KEY-----\nAAAA\n-----END RSA PUBLIC KEY-----\n"


class FrontPageTests(SynchronousTestCase):
    """A page of a server with several listeners."""

    def setUp(self) -> None:
        self.listeners = list(LISTENERS)
        self.page = FrontPage(PEM, -5, 2, lambda: self.listeners)

    def text(self, host: str = "192.0.2.7", *, is_tls: bool = False) -> str:
        """The page as text, for a browser that came to that address."""
        return self.shown(b"/", host, is_tls=is_tls).body.decode()

    def shown(
        self, path: bytes, host: str = "192.0.2.7", method: bytes = b"GET", *, is_tls: bool = False
    ) -> DocumentAnswer:
        """What is at a path."""
        document = self.page.document(DocumentRequest(method, path, {}, host, 8801, is_tls))
        assert document is not None
        return document

    def test_addresses(self) -> None:
        """The listener at the address by which the browser came, else the first; IPv6 in brackets."""
        self.assertIn("<code>192.0.2.7:4430</code>", self.text())
        self.assertIn("<code>ws://192.0.2.7:11443/apiws</code>", self.text())
        self.assertIn("--address 192.0.2.7 --port 4430", self.text())
        self.assertIn("<code>10.0.0.1:10443</code>", self.text("198.51.100.1"))
        self.assertIn("https://[2001:db8::1]:8801/apiw1", self.text("2001:db8::1", is_tls=True))
        self.assertIn("http://192.0.2.7:8801/apiw1", self.text("::ffff:192.0.2.7"))

    def test_listeners_that_change(self) -> None:
        """After a reload the page has what is listened on then."""
        self.assertIn("192.0.2.7:4430", self.text())
        self.listeners = [("tcp", "0.0.0.0", 5)]
        self.assertIn("192.0.2.7:5<", self.text())
        self.assertIn("no WebSocket listener", self.text())
        self.listeners = []
        self.assertIn("no TCP listener", self.text())

    def test_snippets(self) -> None:
        """A program for each library, with this server's values."""
        found = re.findall(r"<summary>(.*?)</summary><pre>(.*?)</pre>", self.text(), re.S)
        self.assertEqual([name for name, _ in found], ["Telethon", "kurigram", "GramJS", "mtcute", "gotd"])
        for name, program in found:
            program = unescape(program)
            self.assertIn('"192.0.2.7', program, name)
            self.assertIn("4430", program, name)
            self.assertNotIn("$", program, name)
        self.assertIn("-5", unescape(dict(found)["kurigram"]))

    def test_only_what_is_its_own(self) -> None:
        """Nothing from elsewhere: the policy allows its own style sheet alone, and the picture is in the page."""
        document = self.shown(b"/")
        headers, body = dict(document.headers), document.body.decode()
        styles = re.findall(r"<style>(.*?)</style>", body, re.S)
        allowed = b64encode(sha256(styles[0].encode()).digest()).decode()
        policy = headers[b"Content-Security-Policy"].decode()
        self.assertIn("default-src 'none'", policy)
        self.assertIn(f"style-src 'sha256-{allowed}'", policy)
        self.assertEqual(len(styles), 1)
        self.assertIn("<svg", body)
        self.assertEqual(re.findall(r"<script|<img|<link|<iframe|\sstyle=|\son\w+=", body), [])
        self.assertEqual(re.findall(r'(?:src|href)="([^"]*)"', body), ["/server_public.pem"])

    def test_the_key(self) -> None:
        """It lies beside the page; nothing else does."""
        self.assertEqual(self.shown(b"/server_public.pem").body.decode(), PEM)
        for path in (b"/server_pkcs1.key", b"//", b"/index.html", b"/../server_public.pem"):
            self.assertIsNone(self.page.document(DocumentRequest(b"GET", path, {}, "192.0.2.7", 8801, False)))

    def test_only_read(self) -> None:
        """Nothing but GET and HEAD."""
        for path in (b"/", b"/server_public.pem"):
            refused = self.shown(path, method=b"POST")
            self.assertEqual((refused.status, dict(refused.headers)[b"Allow"]), (405, b"GET, HEAD"))
            head = self.shown(path, method=b"HEAD")
            self.assertEqual((head.status, head.body, head.length), (200, b"", len(self.shown(path).body)))

    def test_web_clients(self) -> None:
        """The web apps that are shown here are a click away; without one, how to get one."""
        self.assertIn("teamgram client web BUILD", self.text())
        self.page.web_clients = [("Telegram Web A", "/a/"), ("Telegram Web K", "/k/")]
        text = self.text()
        self.assertIn('<a href="/a/">Telegram Web A</a>', text)
        self.assertIn('<a href="/k/">Telegram Web K</a>', text)
        self.assertNotIn("teamgram client web", text)

    def test_pages_are_kept_and_bounded(self) -> None:
        """The same page is not drawn twice, and many addresses do not fill memory."""
        self.assertIs(self.shown(b"/").body, self.shown(b"/").body)
        for number in range(40):
            self.text(f"192.0.2.{number}")
        self.assertLessEqual(len(self.page._kept), 16)


class SnippetTests(SynchronousTestCase):
    """Programs to paste."""

    def test_the_documentation_has_the_same(self) -> None:
        """Each program stands in docs/clients.md, with the values of a server as shipped."""
        text = (PROJECT / "docs" / "clients.md").read_text()
        for library in SNIPPETS:
            program = snippet(
                library,
                host="127.0.0.1",
                port=10443,
                websocket_port=11443,
                pem="var/server_public.pem",
                fingerprint=-624925042753781726,
                dc_id=2,
            )
            self.assertIn(f"\n{program}\n```", text, library)

    def test_odd_names(self) -> None:
        """A path with quotes and backslashes is still one string of the program."""
        path = '/a "b"\\c/key.pem'
        program = snippet("Telethon", host="127.0.0.1", port=1, pem=path, fingerprint=1, dc_id=2)
        compile(program, "pasted", "exec")
        found = re.search(r"open\((.*)\)\.read", program)
        assert found is not None
        self.assertEqual(eval(found[1]), path)
