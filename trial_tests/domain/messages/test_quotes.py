"""Quotes: an exact part of the quoted text, by UTF-16 offsets, with the formatting that it has there."""

from twisted.trial.unittest import SynchronousTestCase

from teamgram.domain.boxes.entity import Entity
from teamgram.domain.messages.errors import QuoteInvalid
from teamgram.domain.messages.quotes import MAX_QUOTE, cut, locate


class LocateTests(SynchronousTestCase):
    """``quotes.locate``."""

    def test_found_where_it_is_nearest(self) -> None:
        """Of several places the one nearest to the client's offset is taken, and named exactly."""
        for near, place in ((0, 0), (5, 4), (6, 4), (7, 8), (99, 8), (-3, 0)):
            self.assertEqual(locate("abc abc abc", (), "abc", (), near), (place, ()))

    def test_offsets_count_utf16_units(self) -> None:
        """A character outside the first plane counts two, in the text and in the quote."""
        self.assertEqual(locate("😀😀 yes", (), "yes", (), 0), (5, ()))
        bold = Entity("bold", 2, 3)
        self.assertEqual(locate("😀😀 yes", (bold,), "😀 y", (), 2), (2, (Entity("bold", 0, 3),)))

    def test_half_a_character_is_no_place(self) -> None:
        """Bytes that agree across the borders of two units are no quote."""
        # U+4100 U+0041 has the bytes 00 41 41 00: "A" (41 00) lies at byte 2, and at byte 1 something like it.
        self.assertEqual(locate("\u4100A", (), "A", (), 0), (1, ()))
        self.assertRaises(QuoteInvalid, locate, "\u4100\u0042", (), "\u4241", (), 0)

    def test_forged_words(self) -> None:
        """What was not written there is refused, and so is nothing and too much."""
        for quote in ("paid", "ABC", "abcd", "", "a" * (MAX_QUOTE + 1)):
            self.assertRaises(QuoteInvalid, locate, "abc abc" + "a" * 2000, (), quote, (), 0)

    def test_forged_formatting(self) -> None:
        """Formatting that the text does not have there is refused; without a word of it the quote has the text's."""
        text, bold = "a bold word", Entity("bold", 2, 4)
        self.assertEqual(locate(text, (bold,), "bold word", (), 2), (2, (Entity("bold", 0, 4),)))
        self.assertEqual(locate(text, (bold,), "bold word", (Entity("bold", 0, 4),), 2)[0], 2)
        for wrong in (Entity("bold", 0, 9), Entity("italic", 0, 4), Entity("bold", 5, 4), Entity("bold", 0, 400)):
            self.assertRaises(QuoteInvalid, locate, text, (bold,), "bold word", (wrong,), 2)

    def test_the_place_with_that_formatting(self) -> None:
        """Where the words lie twice, the formatting says which place is meant."""
        bold = Entity("bold", 4, 2)
        self.assertEqual(locate("no, no", (bold,), "no", (Entity("bold", 0, 2),), 0), (4, (Entity("bold", 0, 2),)))

    def test_cut_entities_are_one(self) -> None:
        """One span cut in two by a client is the span it was."""
        parts = (Entity("bold", 0, 2), Entity("bold", 2, 2))
        self.assertEqual(locate("bold", (Entity("bold", 0, 4),), "bold", parts, 0)[0], 0)

    def test_links_are_not_kept(self) -> None:
        """A quote keeps styles; links and mentions in it are neither kept nor asked for."""
        link = Entity("textUrl", 0, 4, url="https://example.org")
        self.assertEqual(locate("link", (link,), "link", (link,), 0), (0, ()))
        self.assertEqual(cut((link, Entity("spoiler", 1, 9)), 2, 2), (Entity("spoiler", 0, 2),))
