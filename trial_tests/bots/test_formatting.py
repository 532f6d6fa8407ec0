"""MarkdownV2, HTML and the older Markdown: entities, and what cannot be read.

The texts of errors and their byte offsets are TDLib's (MessageEntity.cpp), because libraries show them.
"""

import random

from twisted.trial.unittest import SynchronousTestCase

from teamgram.bots.formatting import html, legacy_markdown, markdown_v2
from teamgram.bots.formatting.marked_text import MarkupError
from teamgram.domain.boxes.entity import Entity
from teamgram.domain.messages.text import utf16_length

Told = tuple[str, list[tuple[object, ...]]]


def told(parsed: tuple[str, list[Entity]]) -> Told:
    """Text and (kind, offset, length, what else it has)."""
    text, entities = parsed
    found: list[tuple[object, ...]] = []
    for one in entities:
        more = one.url or one.language or one.user_id or one.document_id or one.collapsed
        found.append((one.kind, one.offset, one.length, more))
    return text, found


class MarkdownV2Tests(SynchronousTestCase):
    """MarkdownV2."""

    def test_entities(self) -> None:
        """Everything that the page of the Bot API shows."""
        for written, expected in (
            ("*bold \\*text*", ("bold *text", [("bold", 0, 10, False)])),
            ("_italic_ __under__ ~strike~ ||hidden||", (
                "italic under strike hidden",
                [("italic", 0, 6, False), ("underline", 7, 5, False), ("strike", 13, 6, False),
                 ("spoiler", 20, 6, False)],
            )),
            ("*bold _italic bold ~strike~ __under__ bold_ bold*", (
                "bold italic bold strike under bold bold",
                [("bold", 0, 39, False), ("italic", 5, 29, False), ("strike", 17, 6, False),
                 ("underline", 24, 5, False)],
            )),
            ("[a link](http://example.com/a\\)b)", ("a link", [("textUrl", 0, 6, "http://example.com/a)b")])),
            ("[Ann](tg://user?id=123)", ("Ann", [("mentionName", 0, 3, 123)])),
            ("![👍](tg://emoji?id=5368)", ("👍", [("customEmoji", 0, 2, 5368)])),
            ("`code` ```py\nx = 1\n```", ("code x = 1\n", [("code", 0, 4, False), ("pre", 5, 6, "py")])),
            ("```\nplain```", ("plain", [("pre", 0, 5, False)])),
            (">one\n>two\nthree", ("one\ntwo\nthree", [("blockquote", 0, 7, False)])),
            (">folded||\nafter", ("folded\nafter", [("blockquote", 0, 6, True)])),
            ("👋 *👋*", ("👋 👋", [("bold", 3, 2, False)])),
            ("**", ("", [])),
        ):  # fmt: skip
            self.assertEqual(told(markdown_v2.parse(written)), expected, written)

    def test_errors(self) -> None:
        """Where it goes wrong, in bytes."""
        for written, expected in (
            ("a.b", "Character '.' is reserved and must be escaped with the preceding '\\'"),
            ("é *bold", "Can't find end of Bold entity at byte offset 3"),
            ("_x", "Can't find end of Italic entity at byte offset 0"),
            ("[x](http://a", "Can't find end of a URL at byte offset 4"),
            ("![x](http://a)", "Invalid tg://emoji or tg://time URL specified"),
            ("![x]", "The entity must contain a tg://emoji or tg://time URL"),
            ("```x", "Can't find end of Pre entity at byte offset 0"),
            ("a >b", "Character '>' is reserved and must be escaped with the preceding '\\'"),
            (">*x\ny", "Can't find end of Bold entity at byte offset 1"),
        ):
            error = self.assertRaises(MarkupError, markdown_v2.parse, written)
            self.assertEqual(str(error), expected, written)


class HtmlTests(SynchronousTestCase):
    """HTML style."""

    def test_entities(self) -> None:
        """Everything that the page of the Bot API shows."""
        for written, expected in (
            ("<b>a</b><strong>b</strong> &lt;&amp;&gt;&quot; &#65;&#x42; &copy; &",
             ('ab <&>" AB &copy; &', [("bold", 0, 1, False), ("bold", 1, 1, False)])),
            ("<i>a<u>b</u></i> <s>c</s> <tg-spoiler>d</tg-spoiler><span class='tg-spoiler'>e</span>",
             ("ab c de", [("italic", 0, 2, False), ("underline", 1, 1, False), ("strike", 3, 1, False),
                          ("spoiler", 5, 1, False), ("spoiler", 6, 1, False)])),
            ('<a href="http://e.org/?a=1&amp;b=2">x</a>', ("x", [("textUrl", 0, 1, "http://e.org/?a=1&b=2")])),
            ("<a href='tg://user?id=5'>x</a>", ("x", [("mentionName", 0, 1, 5)])),
            ('<tg-emoji emoji-id="77">👍</tg-emoji>', ("👍", [("customEmoji", 0, 2, 77)])),
            ('<pre><code class="language-py">x</code></pre>', ("x", [("pre", 0, 1, "py")])),
            ("<pre>x</pre><code>y</code>", ("xy", [("pre", 0, 1, False), ("code", 1, 1, False)])),
            ("<blockquote expandable>long</blockquote>", ("long", [("blockquote", 0, 4, True)])),
        ):  # fmt: skip
            self.assertEqual(told(html.parse(written)), expected, written)

    def test_errors(self) -> None:
        """Where it goes wrong, in bytes."""
        for written, expected in (
            ("<div>x</div>", 'Unsupported start tag "div" at byte offset 0'),
            ("é<b>x</i>", 'Unmatched end tag at byte offset 6, expected "</b>", found "</i>"'),
            ("x</b>", "Unexpected end tag at byte offset 1"),
            ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
            ("<b", "Unclosed start tag at byte offset 0"),
            ("<b>x</b", "Unclosed end tag at byte offset 4"),
            ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ):
            error = self.assertRaises(MarkupError, html.parse, written)
            self.assertEqual(str(error), expected, written)


class LegacyMarkdownTests(SynchronousTestCase):
    """Markdown as it first was."""

    def test_entities(self) -> None:
        """Nothing nests."""
        for written, expected in (
            ("*b* _i_ `c` \\*x", ("b i c *x", [("bold", 0, 1, False), ("italic", 2, 1, False), ("code", 4, 1, False)])),
            ("[t](http://e.org) ```py\nx```", ("t x", [("textUrl", 0, 1, "http://e.org"), ("pre", 2, 1, "py")])),
            ("a.b!", ("a.b!", [])),
        ):
            self.assertEqual(told(legacy_markdown.parse(written)), expected, written)
        error = self.assertRaises(MarkupError, legacy_markdown.parse, "é _x")
        self.assertEqual(str(error), "Can't find end of the entity starting at byte offset 3")


class HostileTests(SynchronousTestCase):
    """Anything at all."""

    def test_random(self) -> None:
        """Either it is refused, or every entity lies in the text."""
        chance = random.Random(7)
        pieces = ["*", "_", "__", "~", "||", "`", "```", "[", "](", ")", "\\", ">", "\n", "a", "👍", "é", "<b>", "</b>",
                  "<pre>", "</pre>", "<code class='language-x'>", "</code>", "<a href=x.y>", "</a>", "&lt;", "&#", "<",
                  "![", "tg://emoji?id=1", "tg://user?id=2", "\r", "."]  # fmt: skip
        for _ in range(3000):
            written = "".join(chance.choices(pieces, k=chance.randrange(14)))
            for parse in (markdown_v2.parse, html.parse, legacy_markdown.parse):
                try:
                    text, entities = parse(written)
                except MarkupError:
                    continue
                for one in entities:
                    self.assertTrue(0 <= one.offset < one.offset + one.length <= utf16_length(text), (written, one))
