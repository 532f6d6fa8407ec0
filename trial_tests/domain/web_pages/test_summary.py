"""What a page says of itself."""

from time import process_time

from twisted.trial.unittest import SynchronousTestCase

from hypothesis import given, settings
from hypothesis import strategies as st

from teamgram.domain.web_pages.summary import decoded, summary_of

PAGE = """<!doctype html><html><head><meta charset=utf-8>
<title>Plain &amp; simple</title>
<!-- <meta property="og:title" content="in a comment"> -->
<script>var x = '<meta property="og:title" content="in a script">';</script>
<META content='An "Open" Graph' property='og:title'><meta name="description" content="plain  words">
<meta property="og:description" content="a &gt; b&#10;and more">
<meta property=og:site_name content=Site><meta property="og:image" content="/pictures/a.png?x=1&amp;y=2">
<meta property="og:title" content="a second one"><meta name="twitter:card" content="summary_large_image">
</head><body><p>text"""


class SummaryTests(SynchronousTestCase):
    """Open Graph, and without it what HTML has."""

    def test_open_graph(self) -> None:
        """The first of each; comments and scripts say nothing."""
        found = summary_of(PAGE)
        self.assertEqual((found.title, found.description), ('An "Open" Graph', "a > b and more"))
        self.assertEqual((found.site_name, found.image, found.large), ("Site", "/pictures/a.png?x=1&y=2", True))

    def test_plain(self) -> None:
        """A title and a description."""
        found = summary_of(
            '<title>\n A  title\x00</title><meta name=description content="words"><link rel=image_src href=a.png>'
        )
        self.assertEqual((found.title, found.description, found.image), ("A title", "words", "a.png"))
        self.assertEqual(summary_of("no page at all"), summary_of(""))
        self.assertEqual(len(summary_of(f"<title>{'x' * 3000}</title>").title), 256)

    def test_alphabets(self) -> None:
        """By the header, by the page, or UTF-8; never by a codec that is none of a text."""
        self.assertEqual(decoded("пр".encode("koi8-r"), "KOI8-R"), "пр")
        self.assertIn("пр", decoded(b'<meta charset="windows-1251">' + "пр".encode("cp1251"), ""))
        for name in ("punycode", "idna", "unicode_escape", "hex", "no such", "utf-7", "cp99999"):
            self.assertEqual(decoded("ü".encode(), name), "ü")

    def test_hostile_pages_take_no_time(self) -> None:
        """Half a megabyte of whatever is hardest to read."""
        size = 512 << 10
        for piece in (
            "<",
            "<meta ",
            '<meta a="',
            "<meta a='b' ",
            "<!--",
            "<title>",
            "<script ",
            "<meta content=",
            "a=",
            "&",
            "<meta property=x content='&&&&' ",
            "<meta " + "a" * 500,
            "<meta " + ("-" * 32 + " " * 8) * 12,
        ):
            text = piece * (size // len(piece))
            began = process_time()
            summary_of(text)
            self.assertLess(process_time() - began, 1.0, piece)

    @settings(max_examples=200, deadline=None)
    @given(st.text(alphabet="<>/\"'= metaproyilnk!-og:cAscritbu&;#x0\n", max_size=300))
    def test_whatever_comes(self, text: str) -> None:
        """Is read."""
        summary_of(text)
        summary_of(PAGE[: len(text)] + text)
