"""What a content is found by: its words, its sender, what it has.

A term is a key of the index. Words are their own keys; all others begin with a
byte that no word has.
"""

from collections.abc import Collection
from dataclasses import dataclass

from teamgram.domain.boxes.message import Tag, searched_text, unpack_extra
from teamgram.domain.messages.history import Search
from teamgram.domain.search.words import asked_words, words_of

_NOT_A_WORD = b"\x00"
_NAMELESS = int(Tag.NAMELESS)

TAGS = {int(tag): b"\x00t%d" % tag.bit_length() for tag in Tag if tag not in (Tag.SERVICE, Tag.NAMELESS)}
"""The terms of tags. What are service messages is not asked for. Plain numbers: a flag's ``&`` takes a microsecond."""


_NAMED = int(
    Tag.GEO
    | Tag.CONTACT
    | Tag.DOCUMENT
    | Tag.VIDEO
    | Tag.ROUND_VIDEO
    | Tag.GIF
    | Tag.VOICE
    | Tag.MUSIC
    | Tag.POLL
    | Tag.TODO
)

SAID = f"sender_id, tags, message, CASE WHEN (tags & {_NAMED}) <> 0 THEN extra END"
"""Columns of message_contents for ``terms_of``: what media is called is in extra; most are plain texts without."""


def sender_term(user_id: int) -> bytes:
    """What somebody's messages have."""
    return b"\x00s%d" % user_id


def saved_term(peer: int) -> bytes:
    """In Saved Messages: what was saved from there (marked id)."""
    return b"\x00p%d" % peer


def is_word(term: bytes) -> bool:
    """Whether words that begin with the term count as the term."""
    return not term.startswith(_NOT_A_WORD)


def tag_terms(tags: int) -> list[bytes]:
    """Of a content that has these tags."""
    return [term for tag, term in TAGS.items() if tags & tag] if tags else []


def terms_of(sender_id: int, tags: int, text: str, extra: bytes | None) -> set[bytes]:
    """All terms of a content but for where it was saved from."""
    if extra:
        text = searched_text(text, unpack_extra(extra))
    terms = words_of(text) if text else set()
    if not tags & _NAMELESS:
        terms.add(sender_term(sender_id))
    terms.update(tag_terms(tags))
    return terms


@dataclass(frozen=True, slots=True)
class Asked:
    """What a message must have one of: words with a beginning, or terms as they are.

    Attributes:
        said: sender, text and tags of a content tell whether it is there.
    """

    beginning: bytes = b""
    terms: tuple[bytes, ...] = ()
    said: bool = True

    def is_in(self, terms: Collection[bytes]) -> bool:
        """Whether a content with these terms has it."""
        if self.terms:
            return any(term in terms for term in self.terms)
        return any(term.startswith(self.beginning) for term in terms)


def asked_by(text: str, search: Search) -> list[Asked]:
    """All of what a message must have; none where nothing is asked for that is indexed."""
    asked = [Asked(word) for word in asked_words(text)]
    if search.from_id:
        asked.append(Asked(terms=(sender_term(search.from_id),)))
    if search.tags:
        asked.append(Asked(terms=tuple(tag_terms(search.tags))))
    if search.saved_peer:
        asked.append(Asked(terms=(saved_term(search.saved_peer),), said=False))
    return asked
