"""From what a client wrote to what is stored: a clean text, checked entities, and the entities that a server finds.

Clients leave links, mentions, hashtags, commands, addresses and numbers to the
server; what they send of these kinds is therefore dropped and found anew.
Offsets and lengths are UTF-16 code units throughout.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence

from teamgram.domain.boxes.entity import Entity
from teamgram.domain.boxes.message import Tag
from teamgram.domain.messages.errors import EntitiesTooLong, EntityBoundsInvalid, MessageEmpty, MessageTooLong

MAX_LENGTH = 4096
"""Characters (code points) of a text; ``message_length_max`` in help.getConfig."""
MAX_CAPTION = 1024
"""Characters of a text beside media; ``caption_length_max`` in help.getConfig."""
MAX_ENTITIES = 100
_MAX_ID = 1 << 63
MAX_URL = 2048
"""Characters of a hidden link, and of a code block's language."""

STYLES = frozenset(
    {
        "bold",
        "italic",
        "underline",
        "strike",
        "spoiler",
        "code",
        "pre",
        "blockquote",
        "textUrl",
        "mentionName",
        "customEmoji",
    }
)
"""What a client may ask for; everything else is found or dropped."""

# Nothing is looked for inside these.
_VERBATIM = frozenset({"code", "pre", "textUrl", "mentionName"})

# Without a scheme, only names under these count as links: a text is full of dots that are none.
_DOMAINS = (
    "com|org|net|edu|gov|info|biz|io|me|app|dev|ai|co|tv|cc|xyz|online|site|shop|tech|cloud|page|link|wiki|blog|live|news"
    "|eu|us|uk|de|fr|it|es|pt|nl|be|at|ch|pl|cz|sk|ru|su|ua|by|kz|uz|ir|tr|in|id|cn|jp|kr|tw|hk|sg|my|vn|th|au|nz|ca|br"
    "|mx|ar|cl|za|ng|ke|eg|il|sa|ae|gr|ro|bg|rs|hu|se|no|fi|dk|is|ie|ee|lv|lt"
)
_PATH = r"(?:[/?#][^\s<>\"\u00ab\u00bb]{0,2000})?"
# Every alternative begins where a word begins and repeats with bounds, so that no text makes it slow.
_FOUND = re.compile(
    rf"""
      (?P<email>(?<![\w.+%@-])[\w.+%-]{{1,64}}@(?:[A-Za-z0-9-]{{1,63}}\.){{1,8}}[A-Za-z]{{2,24}}(?![\w@]))
    | (?P<url>(?<![\w.@/-])(?:
          (?:https?|ftp|tg|ton)://[^\s<>\"\u00ab\u00bb]{{1,2000}}
        | (?:[A-Za-z0-9][A-Za-z0-9-]{{0,62}}\.){{1,8}}(?:{_DOMAINS})(?![\w@-])(?::\d{{1,5}})?{_PATH}
      ))
    | (?P<mention>(?<![\w@])@[A-Za-z][A-Za-z0-9_]{{2,31}}(?!\w))
    | (?P<hashtag>(?<![\w\#])\#(?=\w{{0,255}}[^\W\d])\w{{1,256}})
    | (?P<cashtag>(?<![\w$])\$[A-Z]{{1,8}}(?!\w))
    | (?P<botCommand>(?<![\w/<>])/[A-Za-z0-9_]{{1,64}}(?:@[A-Za-z0-9_]{{3,32}})?(?![\w/]))
    | (?P<phone>(?<![\w+])\+\d{{7,15}}(?!\w))
    """,
    re.VERBOSE | re.IGNORECASE,
)
_CRLF = re.compile("\r\n")
_HINTS = re.compile(r"[@#$/+.]")
_CONTROL = {code: " " for code in (*range(0x20), 0x7F) if code != 0x0A}
# Punctuation that ends a sentence rather than the link before it.
_TRAILING = ".,:;!?'\")]}\u2026"


def utf16_length(text: str) -> int:
    """Length in UTF-16 code units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def clean(text: str, entities: Sequence[Entity]) -> tuple[str, tuple[Entity, ...], int]:
    """A text ready to be stored, its entities and its tags (see ``history.Tag``).

    Raises:
        MessageEmpty: nothing but white space.
        MessageTooLong: see ``MAX_LENGTH``.
        EntityBoundsInvalid: an entity begins or ends outside of the text or inside a character, or names no id.
        EntitiesTooLong: a hidden link is longer than ``MAX_URL``.
    """
    text, entities = _one_line_end(text, entities)
    styles = _checked(text, entities) if entities else []
    text, styles = _trimmed(text.translate(_CONTROL), styles)
    if not text:
        raise MessageEmpty
    if len(text) > MAX_LENGTH:
        raise MessageTooLong(str(len(text)))
    if _HINTS.search(text):
        styles += _found(text, styles)
    if len(styles) > 1:
        styles.sort(key=lambda entity: (entity.offset, -entity.length))
    if not styles:
        return text, (), 0
    has_link = any(entity.kind in ("url", "textUrl", "email") for entity in styles)
    return text, tuple(styles[:MAX_ENTITIES]), int(Tag.URL) if has_link else 0


def checked(text: str, entities: Sequence[Entity]) -> tuple[Entity, ...]:
    """The entities of a draft, whose text is kept as it was typed.

    Raises:
        EntityBoundsInvalid: as ``clean``.
    """
    return tuple(_checked(text, entities))


def mentioned_names(text: str, entities: Iterable[Entity]) -> list[str]:
    """The usernames (without "@") that the text's ``mention`` entities name."""
    if not any(entity.kind == "mention" for entity in entities):
        return []
    return list(dict.fromkeys(match.group()[1:] for match in _FOUND.finditer(text) if match.lastgroup == "mention"))


def cut_utf16(text: str, offset: int, length: int) -> str:
    """A part of a text by UTF-16 offsets."""
    if text.isascii():
        return text[offset : offset + length]
    units = text.encode("utf-16-le", "surrogatepass")
    return units[2 * offset : 2 * (offset + length)].decode("utf-16-le", "replace")


def _one_line_end(text: str, entities: Sequence[Entity]) -> tuple[str, Sequence[Entity]]:
    """Lines end with a line feed, as on every other machine than the one that wrote ``\\r\\n``."""
    if "\r" not in text:
        return text, entities
    gone = []
    for match in _CRLF.finditer(text):
        gone.append(utf16_length(text[: match.start()]))

    def shifted(offset: int) -> int:
        return offset - bisect_left(gone, offset)

    moved = [
        _moved(one, shifted(one.offset), shifted(one.offset + one.length) - shifted(one.offset)) for one in entities
    ]
    return _CRLF.sub("\n", text).replace("\r", "\n"), moved


def _checked(text: str, entities: Sequence[Entity]) -> list[Entity]:
    units = text.encode("utf-16-le", "surrogatepass") if not text.isascii() else None
    total = len(units) // 2 if units is not None else len(text)
    kept = []
    for entity in entities[:MAX_ENTITIES]:
        end = entity.offset + entity.length
        if entity.offset < 0 or entity.length < 0 or end > total:
            raise EntityBoundsInvalid(f"{entity.kind} {entity.offset}+{entity.length} of {total}")
        if units is not None and (_splits_pair(units, entity.offset) or _splits_pair(units, end)):
            raise EntityBoundsInvalid(f"{entity.kind} {entity.offset}+{entity.length} cuts a character")
        if not (abs(entity.user_id) < _MAX_ID and abs(entity.document_id) < _MAX_ID):
            # Nothing has such an id, and whoever was shown it could read nothing around it any more.
            raise EntityBoundsInvalid(f"{entity.kind} of an id beyond 64 bits")
        if len(entity.url) > MAX_URL or len(entity.language) > MAX_URL:
            raise EntitiesTooLong(entity.kind)
        if entity.kind in STYLES and entity.length:
            kept.append(entity)
    return kept


def _splits_pair(units: bytes, offset: int) -> bool:
    """Whether the offset lies between the two halves of one character."""
    at = 2 * offset
    return at < len(units) and 0xDC <= units[at + 1] <= 0xDF


def _trimmed(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    stripped = text.strip()
    if len(stripped) == len(text) or not stripped:
        return stripped, entities
    # White space is never outside the basic plane: one unit each.
    lead = len(text) - len(text.lstrip())
    total = utf16_length(stripped)
    moved = []
    for entity in entities:
        start = max(0, entity.offset - lead)
        end = min(total, entity.offset + entity.length - lead)
        if end > start:
            moved.append(_moved(entity, start, end - start))
    return stripped, moved


def _moved(entity: Entity, offset: int, length: int) -> Entity:
    return Entity(
        entity.kind,
        offset,
        length,
        entity.url,
        entity.language,
        entity.user_id,
        entity.document_id,
        entity.collapsed,
    )


def _without_punctuation(link: str) -> str:
    """A link without what ends the sentence around it; a bracket stays that was opened in the link."""
    while link[-1] in _TRAILING and not (link[-1] == ")" and link.count("(") >= link.count(")")):
        link = link[:-1]
    return link


def _found(text: str, styles: Sequence[Entity]) -> list[Entity]:
    verbatim = [(entity.offset, entity.offset + entity.length) for entity in styles if entity.kind in _VERBATIM]
    plain = text.isascii() or max(text) <= "\uffff"
    found = []
    for match in _FOUND.finditer(text):
        kind = match.lastgroup or ""
        part = match.group()
        if kind == "url":
            part = _without_punctuation(part)
            if part.endswith("://"):
                continue
        offset = match.start() if plain else utf16_length(text[: match.start()])
        length = len(part) if plain else utf16_length(part)
        if not any(start < offset + length and offset < end for start, end in verbatim):
            found.append(Entity(kind, offset, length))
        if len(found) == MAX_ENTITIES:
            break
    return found
