"""A text of any length as messages: cut where readers would cut it, and never inside what belongs together.

Lengths are UTF-16 code units, as Telegram's clients count them; what belongs
together is a character with its marks and joiners (UAX 29 calls it a grapheme
cluster; this knows the parts of it that emoji and accents are made of). Links,
names and hashtags have no spaces, so a cut at a space leaves them whole.
"""

import unicodedata

from teamgram.domain.messages.text import MAX_LENGTH

_JOINER = "\u200d"
_TAGS = range(0xE0020, 0xE0080)
_SKINS = range(0x1F3FB, 0x1F400)
_FLAGS = range(0x1F1E6, 0x1F200)


def units(text: str) -> int:
    """Its length in UTF-16 code units."""
    return len(text) + sum(char > "\uffff" for char in text)


def pieces(text: str, most: int = MAX_LENGTH) -> list[str]:
    """A text as pieces of at most so many UTF-16 code units, cut at line ends or spaces where there are any."""
    found = []
    while (cut := first_cut(text, most)) < len(text):
        found.append(text[:cut])
        text = text[cut:]
    return [*found, text] if text else found


def first_cut(text: str, most: int = MAX_LENGTH) -> int:
    """Where its first piece ends."""
    if len(text) <= most // 2 or units(text[: most + 1]) <= most:
        return len(text)
    end = _fitting(text, most)
    cut = text.rfind("\n", end // 2, end)
    if cut < 0:
        cut = text.rfind(" ", end // 2, end)
    return cut + 1 if cut >= 0 else _between(text, end)


def _fitting(text: str, most: int) -> int:
    """How many characters of it fit."""
    end = min(most, len(text))
    while units(text[:end]) > most:
        # Each of those that do not fit is one or two units.
        end -= max(1, (units(text[:end]) - most) // 2)
    return end


def _between(text: str, end: int) -> int:
    """The last place at or before ``end`` where one character ends and another begins."""
    for cut in range(end, max(end // 2, end - 64), -1):
        if not _belongs(text, cut):
            return cut
    return end


def _belongs(text: str, at: int) -> bool:
    """Whether what begins there belongs to what stands before it."""
    before, char = text[at - 1], text[at]
    code = ord(char)
    if char == _JOINER or before == _JOINER or (before, char) == ("\r", "\n"):
        return True
    if unicodedata.category(char) in ("Mn", "Me", "Mc") or code in _TAGS or code in _SKINS:
        return True
    if code not in _FLAGS:
        return False
    flags = at
    while flags > 0 and ord(text[flags - 1]) in _FLAGS:
        flags -= 1
    # A flag is two of these letters.
    return (at - flags) % 2 == 1
