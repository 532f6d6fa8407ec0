"""Whether what is quoted was written: pure functions over texts and their entities, by UTF-16 offsets.

As TDLib's ``MessageQuote`` has it: a quote is an exact part of the quoted text,
looked for around the offset that the client gives, and of the formatting it
keeps only what ``KINDS`` has.
"""

from collections.abc import Iterable, Sequence

import msgspec

from teamgram.domain.boxes.entity import Entity
from teamgram.domain.messages.errors import QuoteInvalid

MAX_QUOTE = 1024
"""Characters of a quote; ``quote_length_max`` in help.getAppConfig."""

KINDS = frozenset({"bold", "italic", "underline", "strike", "spoiler", "customEmoji"})

# Places tried, the nearest to the client's offset first: "a" lies 4,096 times in some texts.
_MAX_PLACES = 100


def locate(
    text: str, entities: Sequence[Entity], quote: str, quote_entities: Sequence[Entity], near: int
) -> tuple[int, tuple[Entity, ...]]:
    """Where a quote lies in a text, and the formatting that it has there.

    Args:
        quote_entities: what the client says of it; empty when it says nothing.
        near: UTF-16 offset in the text around which it lies.

    Returns:
        (UTF-16 offset in the text, entities by offsets in the quote).

    Raises:
        QuoteInvalid: it lies nowhere there, or not with that formatting.
    """
    if not quote or len(quote) > MAX_QUOTE:
        raise QuoteInvalid(str(len(quote)))
    length = len(_units(quote)) // 2
    said = _coverage(entity for entity in quote_entities if entity.kind in KINDS and entity.length > 0)
    places = sorted(_places(_units(text), _units(quote)), key=lambda place: (abs(place - near), place))
    for place in places[:_MAX_PLACES]:
        there = cut(entities, place, length)
        if not said or _coverage(there) == said:
            return place, there
    raise QuoteInvalid(f"{len(places)} places")


def cut(entities: Iterable[Entity], offset: int, length: int) -> tuple[Entity, ...]:
    """Those of a text's entities that a quote keeps, by offsets in the part of it."""
    kept = []
    for entity in entities:
        start = max(entity.offset, offset)
        end = min(entity.offset + entity.length, offset + length)
        if entity.kind in KINDS and start < end:
            kept.append(msgspec.structs.replace(entity, offset=start - offset, length=end - start))
    return tuple(kept)


def _units(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")


def _places(text: bytes, quote: bytes) -> Iterable[int]:
    at = text.find(quote)
    while at >= 0:
        if at % 2 == 0:
            yield at // 2
        at = text.find(quote, at + 1)


def _coverage(entities: Iterable[Entity]) -> dict[tuple[str, int], list[tuple[int, int]]]:
    """What lies under each style, however it was cut into entities."""
    spans: dict[tuple[str, int], list[tuple[int, int]]] = {}
    for entity in sorted(entities, key=lambda entity: entity.offset):
        under = spans.setdefault((entity.kind, entity.document_id), [])
        start, end = entity.offset, entity.offset + entity.length
        if under and start <= under[-1][1]:
            under[-1] = (under[-1][0], max(under[-1][1], end))
        else:
            under.append((start, end))
    return spans
