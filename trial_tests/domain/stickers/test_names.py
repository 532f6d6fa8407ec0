"""What sets are called, and what stickers stand for."""

from twisted.trial.unittest import SynchronousTestCase

from teamgram.domain.stickers.errors import SetNameInvalid, SetTitleInvalid, StickerEmojiInvalid
from teamgram.domain.stickers.names import (
    checked_short_name,
    checked_title,
    emoji_in,
    meaning_of,
    suggested_short_name,
    words_in,
)


class NamesTests(SynchronousTestCase):
    """Titles, short names, emoji and words."""

    def test_emoji(self) -> None:
        """One after the other, each as clients write it; anything else is refused."""
        for text, parts in (
            ("😀", ("😀",)),
            ("😀😀🎉", ("😀", "🎉")),
            ("❤️🔥", ("❤️", "🔥")),
            ("❤️‍🔥", ("❤️‍🔥",)),
            ("👩🏽‍💻🇩🇪1️⃣", ("👩🏽‍💻", "🇩🇪", "1️⃣")),
            ("🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", None),
        ):
            self.assertEqual(emoji_in(text), parts or (text,))
        for wrong in ("", "a", "1", "😀 😀", "😀\n", "\u200d", "🎉" * 21):
            with self.assertRaises(StickerEmojiInvalid):
                emoji_in(wrong)

    def test_short_names(self) -> None:
        """English letters, digits and single underscores, a letter first."""
        for name in ("a", "Cats_by_me", "a1_", "x" * 64):
            self.assertEqual(checked_short_name(name), name)
        for name in ("", "1a", "_a", "a__b", "a b", "ä", "a\n", "x" * 65):
            with self.assertRaises(SetNameInvalid):
                checked_short_name(name)

    def test_titles(self) -> None:
        """What nobody sees is no title; a short name can be made of any."""
        self.assertEqual(checked_title(" Cats\x00 "), "Cats")
        for title in ("", " ", "\x07", "x" * 65):
            with self.assertRaises(SetTitleInvalid):
                checked_title(title)
        for title in ("Cats", "猫", "1 2 3", "x" * 64, "_", "Ünïque & more"):
            checked_short_name(suggested_short_name(title))

    def test_keywords(self) -> None:
        """Separated by commas, each once, in lower case."""
        self.assertEqual(meaning_of("😀", " Cat,cat,, two words ").keywords, ("cat", "two words"))
        self.assertEqual(len(meaning_of("😀", ",".join(map(str, range(100)))).keywords), 20)
        self.assertEqual(words_in("Two words", "and_more"), {"two", "words", "and", "more"})
