"""What sets are called, and what stickers stand for.

Sources: core.telegram.org/api/stickers, core.telegram.org/bots/api#createnewstickerset.
"""

import re
import secrets
import unicodedata

from teamgram.domain.stickers.errors import SetNameInvalid, SetTitleInvalid, StickerEmojiInvalid
from teamgram.domain.stickers.sticker_set import Meaning

MAX_TITLE, MAX_SHORT_NAME = 64, 64
MAX_EMOJI, MAX_KEYWORDS, MAX_KEYWORD_CHARACTERS = 20, 20, 64
_MAX_WORD = 60

_SHORT_NAME = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*_?")
_WORD = re.compile(r"\w+")

# One emoji (unicode.org, UTS #51, "EBNF and Regex"): a flag, a keycap, or pictures that U+200D joins.
_PICTURE = (
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u25fe\u2600-\u27bf"
    "\u2934\u2935\u2b05-\u2b55\u3030\u303d\u3297\u3299\U0001f000-\U0001f1e5\U0001f200-\U0001fbff]"
)
_ONE = f"{_PICTURE}\ufe0f?[\U0001f3fb-\U0001f3ff]?(?:[\U000e0020-\U000e007e]{{1,8}}\U000e007f)?"
_EMOJI = re.compile(f"[\U0001f1e6-\U0001f1ff]{{2}}|[0-9#*]\ufe0f?\u20e3|{_ONE}(?:\u200d{_ONE}){{0,7}}")


def checked_title(title: str) -> str:
    """A title without what nobody sees.

    Raises:
        SetTitleInvalid.
    """
    title = "".join(c for c in title if unicodedata.category(c) not in ("Cc", "Cs", "Co")).strip()
    if not 0 < len(title) <= MAX_TITLE:
        raise SetTitleInvalid
    return title


def checked_short_name(name: str) -> str:
    """A short name: English letters, digits and single underscores, a letter first.

    Raises:
        SetNameInvalid.
    """
    if len(name) > MAX_SHORT_NAME or _SHORT_NAME.fullmatch(name) is None:
        raise SetNameInvalid
    return name


def suggested_short_name(title: str) -> str:
    """A short name that nobody has, most likely, like a title.

    Raises:
        SetTitleInvalid.
    """
    plain = unicodedata.normalize("NFKD", checked_title(title)).encode("ascii", "ignore").decode()
    stem = re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_")[: MAX_SHORT_NAME - 16]
    if not stem or not stem[0].isalpha():
        stem = f"set_{stem}".rstrip("_")
    return f"{stem}_{secrets.token_hex(3)}"


def emoji_in(text: str) -> tuple[str, ...]:
    """The emoji that a text consists of.

    Raises:
        StickerEmojiInvalid: there is none, something else, or too many.
    """
    found: list[str] = []
    at = 0
    while at < len(text):
        match = _EMOJI.match(text, at)
        if match is None or len(found) == MAX_EMOJI:
            raise StickerEmojiInvalid
        found.append(match[0])
        at = match.end()
    if not found:
        raise StickerEmojiInvalid
    return tuple(dict.fromkeys(found))


def meaning_of(emoji: str, keywords: str) -> Meaning:
    """What a client says that a sticker stands for; ``keywords`` are separated by commas.

    Raises:
        StickerEmojiInvalid.
    """
    words = (word.strip().lower() for word in keywords[:2048].split(","))
    kept = tuple(dict.fromkeys(word[:MAX_KEYWORD_CHARACTERS] for word in words if word))[:MAX_KEYWORDS]
    return Meaning(emoji_in(emoji.strip()), kept)


def bare(emoji: str) -> str:
    """An emoji as it is looked for: clients write it with and without U+FE0F."""
    return emoji.replace("\ufe0f", "")


def words_in(*texts: str) -> set[str]:
    """The words that texts are found by."""
    return {word[:_MAX_WORD] for text in texts for word in _WORD.findall(text.lower().replace("_", " "))}
