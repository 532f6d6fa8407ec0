"""What counts as a word, and when a word that is asked for is there.

Text is taken apart by Unicode's own properties, so that a letter is found however
it was typed: compatibility decomposition (NFKD), case folding, and away go the
characters with a combining class (accents, points, tone marks; Indic and Thai
vowel signs have none and stay) and those that only format (joiners, bidi marks,
soft hyphens). The few letters that Unicode does not take apart follow CLDR's
Latin-ASCII transliteration. Digits of every script are 0 to 9.

A word is a run of letters, marks and digits, cut at ``MAX_LETTERS``. Scripts
that write no blanks between words have pairs of neighbouring characters instead,
and the last character of a run alone, so that a single one is found anywhere.
A symbol (an emoji) is a word by itself. Everything else separates.

A message is found when each word that is asked for begins one of its words.
"""

import re
import unicodedata
from collections.abc import Iterable

MAX_LETTERS = 32
"""Characters of a word that count. Encoded, a word takes at most four times as many bytes."""

MAX_ASKED = 32
"""Words of a query that count."""

_ASCII_WORD = re.compile(r"[a-z0-9]+")

# Blocks of scripts without blanks: Thai, Lao, Myanmar, Khmer, then kana, Bopomofo and Han (The Unicode Standard,
# Blocks.txt). Hangul has blanks.
_PAIRED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3021-\u3029\u3040-\u30ff\u3100-\u312f\u31a0-\u31bf"
    "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua9e0-\ua9ff\uaa60-\uaa7f\uf900-\ufaff\U0001b000-\U0001b16f"
    "\U00020000-\U0003ffff"
)
_RUN = re.compile(f"[{_PAIRED}]+|[^{_PAIRED}]+")
_IS_PAIRED = re.compile(f"[{_PAIRED}]")

# Latin-ASCII.xml of CLDR, after case folding: letters that have no decomposition.
_PLAIN_LETTERS = {
    "æ": "ae",
    "œ": "oe",
    "ø": "o",
    "đ": "d",
    "ð": "d",
    "þ": "th",
    "ħ": "h",
    "\u0131": "i",
    "ł": "l",
    "ŋ": "n",
    "ŧ": "t",
}

# Voicing marks of kana: another sound, not an accent.
_KEPT_MARKS = frozenset("\u3099\u309a")


class _Characters(dict[int, str]):
    """What becomes of each character, found out when it is first met; there are 1.1 million at most."""

    def __missing__(self, code: int) -> str:
        self[code] = becomes = _becomes(chr(code))
        return becomes


def _becomes(character: str) -> str:
    if character in _KEPT_MARKS:
        return character
    if unicodedata.combining(character):
        return ""
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if category[0] in "LN":
        return _PLAIN_LETTERS.get(character, character)
    if category in ("Mn", "Mc"):
        # A variation selector chooses a picture; a vowel sign is a letter.
        return "" if "\ufe00" <= character <= "\ufe0f" or character >= "\U000e0100" else character
    if category == "So":
        return f" {character} "
    if category in ("Cf", "Me") or "\U0001f3fb" <= character <= "\U0001f3ff":
        return ""
    return " "


_characters = _Characters()


def _pieces(text: str) -> list[str]:
    """The runs of a text, normalised."""
    if text.isascii():
        return _ASCII_WORD.findall(text.lower())
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    pieces = unicodedata.normalize("NFC", folded.translate(_characters)).split()
    if _IS_PAIRED.search(text) is None and _IS_PAIRED.search(folded) is None:
        return pieces
    return [run for piece in pieces for run in _RUN.findall(piece)]


def words_of(text: str) -> set[bytes]:
    """The words that a message is found by, in UTF-8."""
    if text.isascii():
        return {piece[:MAX_LETTERS].encode() for piece in _ASCII_WORD.findall(text.lower())}
    words: set[str] = set()
    for piece in _pieces(text):
        if _IS_PAIRED.match(piece) is None:
            words.add(piece[:MAX_LETTERS])
        else:
            words.update(map(str.__add__, piece, piece[1:]))
            words.add(piece[-1])
    return {word.encode() for word in words}


def asked_words(text: str) -> tuple[bytes, ...]:
    """The beginnings of words that a query asks for, in UTF-8; none when it has only what separates words."""
    asked: dict[str, None] = {}
    for piece in _pieces(text):
        if _IS_PAIRED.match(piece) is None or len(piece) == 1:
            asked[piece[:MAX_LETTERS]] = None
        else:
            asked.update(dict.fromkeys(map(str.__add__, piece, piece[1:])))
        if len(asked) >= MAX_ASKED:
            break
    some = list(asked)[:MAX_ASKED]
    # What another word begins with is there when that is.
    return tuple(word.encode() for word in some if not any(one != word and one.startswith(word) for one in some))


def match(words: Iterable[bytes], asked: Iterable[bytes]) -> bool:
    """Whether each word that is asked for begins one of the words."""
    there = tuple(words)
    return all(any(word.startswith(beginning) for word in there) for beginning in asked)
