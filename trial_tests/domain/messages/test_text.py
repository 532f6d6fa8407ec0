"""Texts and entities: what is kept, what is found, what is refused."""

from twisted.trial.unittest import SynchronousTestCase

from hypothesis import given, settings
from hypothesis import strategies as st

from teamgram.domain.boxes.entity import Entity
from teamgram.domain.boxes.message import Extra, Forward, pack_extra, unpack_extra
from teamgram.domain.messages.errors import EntityBoundsInvalid, MessageEmpty, MessageTooLong
from teamgram.domain.messages.text import clean, cut_utf16, mentioned_names, utf16_length


def found(text: str, *styles: Entity) -> list[tuple[str, str]]:
    """(kind, what it covers) of every entity of the cleaned text."""
    cleaned, entities, _ = clean(text, styles)
    return [(entity.kind, cut_utf16(cleaned, entity.offset, entity.length)) for entity in entities]


class LineEndTests(SynchronousTestCase):
    """One line feed ends a line, whatever machine it was written on."""

    def test_carriage_returns(self) -> None:
        """They go, and what is styled stays styled where it was, also behind characters of two units."""
        text = "a😀\r\nbold\r\n\r\ntail\rend"
        styles = [Entity("bold", 5, 4), Entity("italic", 13, 4), Entity("code", 3, 2)]
        cleaned, entities, _ = clean(text, styles)
        self.assertEqual(cleaned, "a😀\nbold\n\ntail\nend")
        covered = {entity.kind: cut_utf16(cleaned, entity.offset, entity.length) for entity in entities}
        self.assertEqual(covered, {"bold": "bold", "italic": "tail", "code": "\n"})
        with self.assertRaises(EntityBoundsInvalid):
            clean("a\r\n", [Entity("bold", 0, 9)])


class FoundEntitiesTests(SynchronousTestCase):
    """What the server finds by itself."""

    def test_each_kind(self) -> None:
        """Links, addresses, mentions, tags, commands and numbers, each where it stands alone."""
        text = "@alice #tag $USD /start@helper_bot a.b@example.org +4915112345678 https://example.org/a?b#c t.me/x"
        self.assertEqual(
            found(text),
            [
                ("mention", "@alice"),
                ("hashtag", "#tag"),
                ("cashtag", "$USD"),
                ("botCommand", "/start@helper_bot"),
                ("email", "a.b@example.org"),
                ("phone", "+4915112345678"),
                ("url", "https://example.org/a?b#c"),
                ("url", "t.me/x"),
            ],
        )

    def test_what_is_none(self) -> None:
        """Parts of words, numbers with a hash and paths are left alone."""
        self.assertEqual(found("a@b a#b 1/2 and/or #123 x.y e.g. 12.5 user@ $usdollars"), [])

    def test_punctuation_after_a_link_is_not_of_it(self) -> None:
        """A full stop ends the sentence, brackets inside stay."""
        self.assertEqual(found("(see example.org/a_(b)), ok?"), [("url", "example.org/a_(b)")])
        self.assertEqual(found("go to https://example.org."), [("url", "https://example.org")])

    def test_nothing_is_found_in_code(self) -> None:
        """Code is quoted as it is."""
        self.assertEqual(found("@alice /x", Entity("code", 0, 9)), [("code", "@alice /x")])

    def test_offsets_are_utf16(self) -> None:
        """Characters outside the basic plane count twice."""
        _, entities, _ = clean("😀😀 @alice", ())
        self.assertEqual((entities[0].offset, entities[0].length), (5, 6))

    def test_mentioned_names(self) -> None:
        """Names once each, without the sign."""
        text, entities, _ = clean("@Alice and @bob_b, @Alice", ())
        self.assertEqual(mentioned_names(text, entities), ["Alice", "bob_b"])


class CheckedEntitiesTests(SynchronousTestCase):
    """What a client asks for."""

    def test_outside_is_refused(self) -> None:
        """Before, after, and in the middle of a character."""
        for entity in (Entity("bold", -1, 2), Entity("bold", 0, 5), Entity("bold", 2, -1), Entity("bold", 4, 1)):
            with self.assertRaises(EntityBoundsInvalid):
                clean("text", [entity])
        for entity in (Entity("bold", 1, 1), Entity("bold", 0, 1)):
            with self.assertRaises(EntityBoundsInvalid):
                clean("😀", [entity])

    def test_ids_beyond_64_bits(self) -> None:
        """No list with such a message could be written any more."""
        for document_id, user_id in ((2**63, 0), (0, 2**63), (0, -(2**64))):
            with self.assertRaises(EntityBoundsInvalid):
                clean("text", [Entity("customEmoji", 0, 1, user_id=user_id, document_id=document_id)])
        clean("text", [Entity("customEmoji", 0, 1, document_id=2**63 - 1)])

    def test_found_kinds_are_not_taken_from_clients(self) -> None:
        """A client cannot make a link out of a word."""
        self.assertEqual(found("word", Entity("url", 0, 4), Entity("mention", 0, 4)), [])

    def test_white_space_around_goes(self) -> None:
        """Offsets move with it, what lay in it alone goes too."""
        self.assertEqual(found("  a b  ", Entity("bold", 0, 3), Entity("italic", 6, 1)), [("bold", "a")])

    def test_empty_and_long(self) -> None:
        """4096 characters, whatever they take; not one more."""
        with self.assertRaises(MessageEmpty):
            clean(" \n\t ", ())
        self.assertEqual(len(clean("😀" * 4096, ())[0]), 4096)
        with self.assertRaises(MessageTooLong):
            clean("x" * 4097, ())

    @given(st.text(alphabet="a .@#/:😀é\n+$1", max_size=200), st.integers(-1, 8), st.integers(-1, 8))
    @settings(max_examples=300, deadline=None)
    def test_whatever_is_stored_lies_inside(self, text: str, offset: int, length: int) -> None:
        """No text and no entity leads to anything but a refusal or entities inside the text, in order."""
        try:
            cleaned, entities, _ = clean(text, [Entity("bold", offset, length)])
        except (MessageEmpty, EntityBoundsInvalid):
            return
        total = utf16_length(cleaned)
        for entity in entities:
            self.assertTrue(entity.offset >= 0 and entity.length > 0 and entity.offset + entity.length <= total)
            self.assertNotIn("\ufffd", cut_utf16(cleaned, entity.offset, entity.length))
        self.assertEqual([e.offset for e in entities], sorted(e.offset for e in entities))


class StoredExtraTests(SynchronousTestCase):
    """What lies beside the text in the database."""

    def test_round_trip(self) -> None:
        """A plain text takes nothing; the rest comes back as it was."""
        self.assertIsNone(pack_extra(Extra()))
        extra = Extra(
            entities=(Entity("textUrl", 0, 4, url="https://example.org"),),
            forward=Forward(date=5, from_id=7),
            silent=True,
            reply_markup=b"\x00\xff",
        )
        self.assertEqual(unpack_extra(pack_extra(extra)), extra)
