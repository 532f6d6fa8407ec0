"""An agent's words as messages: formatted, and cut where neither a formatted part nor a character is cut through."""

from collections.abc import Sequence
from dataclasses import dataclass

from teamgram.domain.boxes.entity import Entity
from teamgram.domain.messages.errors import MessageEmpty
from teamgram.domain.messages.text import MAX_ENTITIES, MAX_LENGTH, clean, utf16_length
from teamgram.openclaw.messenger.markdown import Formatted, Span, formatted, spans_of
from teamgram.openclaw.messenger.pieces import first_cut

#: So much of a text is formatted, which is more than anybody reads in a chat; what comes after it stays as it is.
MAX_MARKDOWN = 32_768
#: Of one message; the server finds links and names besides, and keeps so many in all.
_MOST_PARTS = MAX_ENTITIES - 20
_WHOLE = frozenset({"pre", "blockquote"})


@dataclass(frozen=True, slots=True)
class MessageText:
    """What one message says; see ``domain.messages.text.clean``."""

    text: str
    entities: tuple[Entity, ...] = ()
    tags: int = 0


def as_messages(text: str, note: str = "", *, markdown: bool = True, most: int = MAX_LENGTH) -> list[MessageText]:
    """A text of any length as messages of at most so many UTF-16 code units each; none of nothing.

    Args:
        note: a word below it that is taken as it is, also where the text ends in the middle of a block.
        markdown: the text is what a model wrote; else it is taken as it is.
    """
    whole = _formatted(text) if markdown else Formatted(text, [])
    if note:
        whole = Formatted(f"{whole.text}\n\n{note}", whole.spans)
    found, start = [], 0
    while start < len(whole.text):
        end = _end(whole, start, most)
        message = _message(whole.text[start:end], spans_of(whole.spans, start, end), start)
        if message is not None:
            found.append(message)
        start = end
    return found


def _formatted(text: str) -> Formatted:
    if len(text) <= MAX_MARKDOWN:
        return formatted(text)
    cut = text.rfind("\n", 0, MAX_MARKDOWN) + 1 or MAX_MARKDOWN
    whole = formatted(text[:cut])
    return Formatted(f"{whole.text}\n{text[cut:]}", whole.spans)


def _end(whole: Formatted, start: int, most: int) -> int:
    """Where the message that begins there ends."""
    cut = start + first_cut(whole.text[start : start + most + 1], most)
    inside = sorted(span.start for span in whole.spans if start < span.start < cut)
    if len(inside) > _MOST_PARTS:
        cut = inside[_MOST_PARTS]
    if cut >= len(whole.text):
        return len(whole.text)
    # Before a part that would be cut through, if enough is left of the message; a block that is longer than one
    # message is cut at a line's end, and both halves are such blocks.
    while True:
        through = [span for span in whole.spans if span.start < cut < span.end and span.start > start]
        before = min((span.start for span in through if _is_kept(span, most)), default=cut)
        if before == cut or before - start < most // 8:
            return cut
        cut = before


def _is_kept(span: Span, most: int) -> bool:
    return span.kind not in _WHOLE or span.end - span.start <= most // 2


def _message(text: str, spans: Sequence[Span], start: int) -> MessageText | None:
    places = sorted({at - start for span in spans for at in (span.start, span.end)})
    units, at, total = {}, 0, 0
    for place in places:
        total += utf16_length(text[at:place])
        units[place], at = total, place
    entities = [
        Entity(
            span.kind,
            units[span.start - start],
            units[span.end - start] - units[span.start - start],
            url=span.url,
            language=span.language,
        )
        for span in spans
    ]
    try:
        return MessageText(*clean(text, sorted(entities, key=lambda one: (one.offset, -one.length))))
    except MessageEmpty:
        return None
