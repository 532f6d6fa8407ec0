# ruff: noqa: RUF001  (letters that look like others are the matter here)
"""Words of texts and of queries."""

import sys
import unicodedata

from twisted.trial import unittest

from teamgram.domain.search.words import MAX_ASKED, MAX_LETTERS, asked_words, match, words_of


def words(text: str) -> set[str]:
    return {word.decode() for word in words_of(text)}


class WordsTests(unittest.SynchronousTestCase):
    """``words_of``."""

    def test_table(self) -> None:
        """Each text has these words."""
        table = {
            "Hello, World! hello": {"hello", "world"},
            "a_b-c.d": {"a", "b", "c", "d"},
            "ёлка Ёж Йод": {"елка", "еж", "иод"},
            "café cafe\u0301 CAFÉ": {"cafe"},
            "Straße STRASSE": {"strasse"},
            "Łódź smørrebrød Þór ÆON İstanbul ısı": {"lodz", "smorrebrod", "thor", "aeon", "istanbul", "isi"},
            "Ὀδυσσεύς": {"οδυσσευσ"},
            "ﬁne Ｆｕｌｌ ①": {"fine", "full", "1"},
            "١٢٣ ४५": {"123", "45"},
            "שָׁלוֹם مُحَمَّد أحمد": {"שלום", "محمد", "احمد"},
            "हिन्दी": {unicodedata.normalize("NFC", "हिनदी")},
            "soft\u00adhyphen zero\u200bwidth\u200e": {"softhyphen", "zerowidth"},
            "中文字 字": {"中文", "文字", "字"},
            "iPhone手机 ok": {"iphone", "手机", "机", "ok"},
            "カタカナ ｶﾞ が か": {"カタ", "タカ", "カナ", "ナ", "ガ", "が", "か"},
            "한국 하": {"한국", "하"},
            "ไทย": {"ไท", "ทย", "ย"},
            "👍🏽 fine👩‍🚀": {"👍", "fine", "👩", "🚀"},
            "❤️": {"❤"},
            "%_'\"\\": set(),
            "": set(),
            "x" * 100: {"x" * MAX_LETTERS},
        }
        for text, expected in table.items():
            self.assertEqual(words(text), expected, text)

    def test_ascii_is_not_another_rule(self) -> None:
        """Plain ASCII takes a shorter way to the same words."""
        ascii_text = "".join(map(chr, range(128))) * 2
        self.assertEqual(words(ascii_text + "é") | {"e"}, words(ascii_text) | {"e"})

    def test_every_character(self) -> None:
        """Any character gives words of bounded length, stored as they would be asked for; none makes an error."""
        for code in range(sys.maxunicode + 1):
            if 0xD800 <= code < 0xE000 or 0xAC00 <= code < 0xD7A4 or 0x3400 <= code < 0x9FFF or code >= 0x20000:
                if code % 97:
                    continue
            if 0xD800 <= code < 0xE000:
                continue
            found = words_of(chr(code))
            self.assertTrue(match(found, asked_words(chr(code))), hex(code))
            self.assertTrue(all(len(word) <= 128 and b"\xff" not in word for word in found), hex(code))

    def test_hostile(self) -> None:
        """Texts made to be long give no more and no longer words than they have characters."""
        for text in ("\ufdfa" * 4096, "é" * 4096, "中" * 4096, "a\u0301\u0302" * 1365, "👍" * 2048, "\u0301" * 4096):
            found = words_of(text)
            self.assertLess(len(found), 4200)
            self.assertTrue(all(len(word) <= 128 for word in found))
        self.assertLessEqual(len(asked_words(" ".join(map(str, range(10, 1000))))), MAX_ASKED)


class AskedTests(unittest.SynchronousTestCase):
    """``asked_words`` and ``match``."""

    def test_match(self) -> None:
        """(text, what finds it, what does not)."""
        table = [
            ("The quick brown fox", ("fox quick", "QUI", "b f t", "the the"), ("ox", "quick cat", "foxes")),
            ("Ещё раз", ("еще", "ЕЩЁ РАЗ", "раз ещ"), ("щё",)),
            ("東京都庁", ("京", "東京", "京都", "都庁", "東京都"), ("東都", "京東")),
            ("see https://example.org/page", ("example.org", "https example", "exam"), ("example.net",)),
            ("x" * 40, ("x" * 40, "x" * 33, "xx"), ("y",)),
            ("L'été à Paris", ("ete", "l'ete", "été paris"), ("letee",)),
            ("nice 👍🏿", ("👍", "👍🏻 nice"), ("👎",)),
        ]
        for text, finds, does_not in table:
            for query in finds:
                self.assertTrue(match(words_of(text), asked_words(query)), (text, query))
            for query in does_not:
                self.assertFalse(match(words_of(text), asked_words(query)), (text, query))

    def test_fewest(self) -> None:
        """A word that another one begins with is not asked for twice."""
        self.assertEqual(asked_words("be bee beer a b"), (b"beer", b"a"))
        self.assertEqual(asked_words("... !"), ())
