"""HTML style (core.telegram.org/bots/api#html-style): some tags, four named entities, numeric ones."""

import re

from teamgram.bots.formatting.marked_text import (
    MarkedText,
    MarkupError,
    Opened,
    bytes_before,
    custom_emoji_entity,
    link_entity,
)
from teamgram.domain.boxes.entity import Entity

_SIMPLE = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strike",
    "strike": "strike",
    "del": "strike",
    "tg-spoiler": "spoiler",
}
_TAGS = frozenset({*_SIMPLE, "a", "span", "pre", "code", "blockquote", "tg-emoji"})
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_REFERENCE = re.compile(r"&(?:#([0-9]{1,8})|#[xX]([0-9a-fA-F]{1,8})|(lt|gt|amp|quot));?")
_NAME = re.compile(r"[^\s>]*")
_ATTRIBUTE = re.compile(r"""\s*([^\s=>"'/]+)\s*(?:=\s*("[^"]*"|'[^']*'|[^\s>"']+))?""")
_SPACE = re.compile(r"\s*")


def parse(text: str) -> tuple[str, list[Entity]]:
    """The plain text and its entities (offsets in UTF-16 units).

    Raises:
        MarkupError: an unknown tag, or one that does not end where it should.
    """
    out, at = MarkedText(), 0
    while at < len(text):
        character = text[at]
        if character == "&":
            at = _reference(text, at, out)
        elif character != "<":
            out.add(character)
            at += 1
        elif text.startswith("/", at + 1):
            at = _end_tag(text, at, out)
        else:
            at = _start_tag(text, at, out)
    if out.opened:
        raise MarkupError(f'Can\'t find end tag corresponding to start tag "{out.opened[-1].name}"')
    return out.finished()


def _reference(text: str, at: int, out: MarkedText) -> int:
    match = _REFERENCE.match(text, at)
    if match is not None:
        if match[3]:
            out.add(_NAMED[match[3]])
            return match.end()
        code = int(match[1]) if match[1] else int(match[2], 16)
        if 0 < code < 0x110000:
            if 0xD800 <= code < 0xE000:
                raise MarkupError(
                    "Text contains invalid Unicode characters after decoding HTML entities, check for unmatched "
                    "surrogate code units"
                )
            out.add(chr(code))
            return match.end()
    out.add("&")
    return at + 1


def _start_tag(text: str, began: int, out: MarkedText) -> int:
    name = _NAME.match(text, began + 1)
    assert name is not None
    if name.end() >= len(text):
        raise MarkupError(f"Unclosed start tag at byte offset {bytes_before(text, began)}")
    tag, at = name[0].lower(), name.end()
    if tag not in _TAGS:
        raise MarkupError(f'Unsupported start tag "{tag}" at byte offset {bytes_before(text, began)}')
    argument = ""
    while True:
        space = _SPACE.match(text, at)
        at = space.end() if space is not None else at
        if at >= len(text):
            raise MarkupError(f'Unclosed start tag "{tag}" at byte offset {bytes_before(text, began)}')
        if text[at] == ">":
            break
        found = _ATTRIBUTE.match(text, at)
        if found is None:
            raise MarkupError(f'Empty attribute name in the tag "{tag}" at byte offset {bytes_before(text, began)}')
        argument = _argument(tag, found[1].lower(), found[2], argument)
        at = found.end()
    if tag == "span" and argument != "tg-spoiler":
        raise MarkupError(f'Tag "span" must have class "tg-spoiler" at byte offset {bytes_before(text, began)}')
    out.open(tag, began, argument)
    return at + 1


def _argument(tag: str, name: str, written: str | None, before: str) -> str:
    """What is kept of a tag's attributes."""
    if tag == "blockquote" and name == "expandable":
        return "1"
    value = _decoded(written[1:-1] if written is not None and written[0] in "\"'" else written or "")
    wanted = {"a": "href", "span": "class", "code": "class", "tg-emoji": "emoji-id"}.get(tag)
    return value if name == wanted else before


def _decoded(value: str) -> str:
    out, at = MarkedText(), 0
    while at < len(value):
        if value[at] == "&":
            at = _reference(value, at, out)
        else:
            out.add(value[at])
            at += 1
    return "".join(out.pieces)


def _end_tag(text: str, began: int, out: MarkedText) -> int:
    if not out.opened:
        raise MarkupError(f"Unexpected end tag at byte offset {bytes_before(text, began)}")
    name = _NAME.match(text, began + 2)
    assert name is not None
    space = _SPACE.match(text, name.end())
    at = space.end() if space is not None else name.end()
    if text[at : at + 1] != ">":
        raise MarkupError(f"Unclosed end tag at byte offset {bytes_before(text, began)}")
    ended, opened = name[0].lower(), out.opened[-1]
    if ended and ended != opened.name:
        at = bytes_before(text, began)
        raise MarkupError(f'Unmatched end tag at byte offset {at}, expected "</{opened.name}>", found "</{ended}>"')
    out.close(_entity(opened, out))
    return at + 1


def _entity(opened: Opened, out: MarkedText) -> Entity | None:
    tag, argument = opened.name, opened.argument
    if tag in _SIMPLE:
        return Entity(_SIMPLE[tag], 0, 0)
    if tag == "span":
        return Entity("spoiler", 0, 0)
    if tag == "a":
        return link_entity(argument or out.since(opened))
    if tag == "blockquote":
        return Entity("blockquote", 0, 0, collapsed=bool(argument))
    if tag == "tg-emoji":
        entity = custom_emoji_entity(f"tg://emoji?id={argument}")
        if entity is None:
            raise MarkupError("Invalid custom emoji identifier specified")
        return entity
    if tag == "pre":
        return _pre(opened, out)
    # Code right inside a block of it names the block's language.
    outside = out.opened[-2] if len(out.opened) > 1 else None
    if argument.startswith("language-") and outside is not None and outside.name == "pre":
        outside.argument = argument.removeprefix("language-") if outside.start == opened.start else outside.argument
        return None if outside.start == opened.start else Entity("code", 0, 0)
    return Entity("code", 0, 0)


def _pre(opened: Opened, out: MarkedText) -> Entity:
    return Entity("pre", 0, 0, language=opened.argument)
