"""Addresses as people write them."""

from twisted.trial.unittest import SynchronousTestCase

from teamgram.domain.boxes.entity import Entity
from teamgram.domain.web_pages.errors import PageUrlInvalid
from teamgram.domain.web_pages.urls import display_url, first_link, joined, page_url


class UrlsTests(SynchronousTestCase):
    """To the wire, and to people."""

    def test_wire(self) -> None:
        """ASCII, with a scheme and a path; one page has one address."""
        for text, url in (
            ("example.org", "http://example.org/"),
            ("HTTPS://Example.ORG:443/a?b#c", "https://example.org/a?b"),
            ("http://bücher.example/ü?q=ä", "http://xn--bcher-kva.example/%C3%BC?q=%C3%A4"),
            ("http://93.184.215.14/x", "http://93.184.215.14/x"),
            ("http://example.org/a/../b", "http://example.org/b"),
        ):
            self.assertEqual(page_url(text), url)
        for text in (
            "", "http://", "ftp://example.org/", "file:///etc/passwd", "javascript:alert(1)", "http://localhost/",
            "http://intranet/", "http://a:b@example.org/", "http://a@example.org/", "http://example.org:99999/",
            "http://example.org:0/", "http://exa mple.org/\r\nHost: x", "x" * 3000 + ".org", "http://[::1", "http://.",
            "http://[::1]/", "http://[2606:4700::1111]/",
        ):  # fmt: skip
            with self.assertRaises(PageUrlInvalid, msg=text):
                page_url(text)

    def test_joined(self) -> None:
        """A link in a page, from where the page is."""
        base = "https://example.org/a/b"
        for link, url in (
            ("c.png", "https://example.org/a/c.png"),
            ("/c.png", "https://example.org/c.png"),
            ("//cdn.example/c", "https://cdn.example/c"),
            ("http://other.example/", "http://other.example/"),
        ):
            self.assertEqual(joined(base, link), url)
        for link in ("data:image/png;base64,xx", "file:///etc/passwd", "//localhost/x", "http://[::1"):
            with self.assertRaises(PageUrlInvalid):
                joined(base, link)

    def test_of_a_text(self) -> None:
        """The first that leads to a page, shown or hidden."""
        text = "😀 ftp://a.example b.example/x"
        found = [Entity("url", 3, 15), Entity("url", 19, 11)]
        self.assertEqual(first_link(text, found), "http://b.example/x")
        hidden = [Entity("bold", 0, 2), Entity("textUrl", 0, 2, url="https://c.example")]
        self.assertEqual(first_link(text, hidden + found), "https://c.example/")
        self.assertIsNone(first_link(text, found[:1]))
        self.assertEqual(display_url("https://xn--bcher-kva.example/a/"), "bücher.example/a")
