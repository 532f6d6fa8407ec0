"""Markdown as it first was (core.telegram.org/bots/api#markdown-style): nothing nests."""

from teamgram.bots.formatting.marked_text import MarkedText, MarkupError, bytes_before, link_entity
from teamgram.domain.boxes.entity import Entity

_MARKS = "_*`["


def parse(text: str) -> tuple[str, list[Entity]]:
    """The plain text and its entities (offsets in UTF-16 units).

    Raises:
        MarkupError: something does not end.
    """
    out, at = MarkedText(), 0
    while at < len(text):
        character = text[at]
        if character == "\\" and text[at + 1 : at + 2] in tuple(_MARKS):
            out.add(text[at + 1])
            at += 2
        elif character in _MARKS:
            at = _entity(text, at, out)
        else:
            out.add(character)
            at += 1
    return out.finished()


def _entity(text: str, at: int, out: MarkedText) -> int:
    """Read what begins here; where it ends."""
    began, character = at, text[at]
    mark, entity = character, Entity("italic" if character == "_" else "bold", 0, 0)
    at += 1
    if character == "[":
        mark = "]"
    elif text.startswith("```", began):
        mark, at, language = "```", *_language(text, began + 3)
        entity = Entity("pre", 0, 0, language=language)
    elif character == "`":
        entity = Entity("code", 0, 0)
    ends = text.find(mark, at)
    if ends < 0:
        raise MarkupError(f"Can't find end of the entity starting at byte offset {bytes_before(text, began)}")
    out.open("", began)
    for each in text[at:ends]:
        out.add(each)
    at, found = ends + len(mark), entity
    if character == "[":
        url = text[began + 1 : ends]
        if text.startswith("(", at):
            closes = text.find(")", at)
            closes = len(text) if closes < 0 else closes
            url, at = text[at + 1 : closes], closes + 1
        link = link_entity(url)
        out.close(link)
        return at
    out.close(found)
    return at


def _language(text: str, at: int) -> tuple[int, str]:
    """(where the code begins, its language)."""
    ends = at
    while ends < len(text) and not text[ends].isspace() and text[ends] != "`":
        ends += 1
    language = ""
    if ends < len(text) and text[ends] != "`":
        language, at = text[at:ends], ends
    if text[at : at + 2] in ("\r\n", "\n\r"):
        return at + 2, language
    return (at + 1 if text[at : at + 1] in ("\n", "\r") else at), language
