"""MarkdownV2 (core.telegram.org/bots/api#markdownv2-style)."""

from teamgram.bots.formatting.marked_text import (
    MarkedText,
    MarkupError,
    bytes_before,
    custom_emoji_entity,
    link_entity,
)
from teamgram.domain.boxes.entity import Entity

_RESERVED = frozenset("_*[]()~`>#+-=|{}.!")
_VERBATIM = frozenset({"Code", "Pre", "PreCode"})
#: By what the markup begins with, the longest first: the name, and the entity.
_SIMPLE = (
    ("__", "Underline", "underline"),
    ("||", "Spoiler", "spoiler"),
    ("_", "Italic", "italic"),
    ("*", "Bold", "bold"),
    ("~", "Strikethrough", "strike"),
)
_END = {name: (mark, kind) for mark, name, kind in _SIMPLE}


def parse(text: str) -> tuple[str, list[Entity]]:
    """The plain text and its entities (offsets in UTF-16 units).

    Raises:
        MarkupError: a reserved character stands alone, or something does not end.
    """
    return _Reader(text).read()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._out = MarkedText()
        self._line_begins = True
        self._quotes = False

    def read(self) -> tuple[str, list[Entity]]:
        while self._at < len(self._text):
            self._step()
        if self._quotes:
            self._end_quote()
        if self._out.opened:
            raise self._unended()
        return self._out.finished()

    def _step(self) -> None:
        out, character = self._out, self._text[self._at]
        following = self._text[self._at + 1 : self._at + 2]
        if character == "\\" and "\0" < following < "\x7f":
            out.add(following)
            self._at += 2
            self._line_begins = following == "\n" or (self._line_begins and following == "\r")
            return
        name = out.opened[-1].name if out.opened else ""
        if name in _VERBATIM:
            self._step_in_code(name, character)
        elif character == "\n":
            self._step_over_line_end()
        elif character not in _RESERVED:
            out.add(character)
            self._at += 1
            self._line_begins = self._line_begins and character == "\r"
        elif not self._ends(name):
            self._begin(character)

    def _step_in_code(self, name: str, character: str) -> None:
        mark = "`" if name == "Code" else "```"
        if not self._text.startswith(mark, self._at):
            if character == "`":
                # A single one is the beginning of nothing in here.
                raise self._reserved(character)
            self._out.add(character)
            self._at += 1
            return
        kind = "code" if name == "Code" else "pre"
        self._out.close(Entity(kind, 0, 0, language=self._out.opened[-1].argument))
        self._at += len(mark)

    def _step_over_line_end(self) -> None:
        self._at += 1
        if self._quotes and self._text[self._at : self._at + 1] != ">":
            self._end_quote()
            # The line's end belongs to no quote, and is there all the same.
        self._out.add("\n")
        self._line_begins = True

    def _end_quote(self) -> None:
        """The quote ends where a line does; two bars before that fold it."""
        out, folded = self._out, False
        if out.opened[-1].name == "Spoiler" and out.opened[-1].offset == out.units:
            out.opened.pop()
            folded = True
        if not out.opened or out.opened[-1].name != "BlockQuote":
            raise self._unended()
        out.close(Entity("blockquote", 0, 0, collapsed=folded))
        self._quotes = False

    def _ends(self, name: str) -> bool:
        """Whether the entity that was opened last ends here; if so, it does."""
        if name in _END:
            mark, kind = _END[name]
            if not self._text.startswith(mark, self._at):
                return False
            if mark == "_" and self._text.startswith("__", self._at):
                return False
            self._at += len(mark)
            self._out.close(Entity(kind, 0, 0))
            self._line_begins = False
            return True
        if name in ("TextUrl", "CustomEmoji") and self._text[self._at] == "]":
            self._end_link(name)
            return True
        return False

    def _end_link(self, name: str) -> None:
        out = self._out
        self._at += 1
        has_url = self._text.startswith("(", self._at)
        if name == "CustomEmoji":
            entity = custom_emoji_entity(self._url()) if has_url else None
            if not has_url:
                raise MarkupError("The entity must contain a tg://emoji or tg://time URL")
            if entity is None:
                raise MarkupError("Invalid tg://emoji or tg://time URL specified")
        else:
            entity = link_entity(self._url() if has_url else out.since(out.opened[-1]))
        out.close(entity)

    def _url(self) -> str:
        """What stands in round brackets."""
        self._at += 1
        begins, url = self._at, []
        while self._at < len(self._text) and self._text[self._at] != ")":
            following = self._text[self._at + 1 : self._at + 2]
            if self._text[self._at] == "\\" and "\0" < following < "\x7f":
                self._at += 1
            url.append(self._text[self._at])
            self._at += 1
        if self._at >= len(self._text):
            raise MarkupError(f"Can't find end of a URL at byte offset {bytes_before(self._text, begins)}")
        self._at += 1
        return "".join(url)

    def _begin(self, character: str) -> None:
        out, began = self._out, self._at
        if character == ">":
            if not self._line_begins:
                raise self._reserved(character)
            if not self._quotes:
                self._quotes = True
                out.open("BlockQuote", began)
            self._at += 1
            self._line_begins = False
            return
        self._line_begins = False
        for mark, name, _ in _SIMPLE:
            if self._text.startswith(mark, self._at):
                out.open(name, began)
                self._at += len(mark)
                return
        if character == "[":
            out.open("TextUrl", began)
            self._at += 1
        elif self._text.startswith("![", self._at):
            out.open("CustomEmoji", began)
            self._at += 2
        elif self._text.startswith("```", self._at):
            self._begin_pre(began)
        elif character == "`":
            out.open("Code", began)
            self._at += 1
        else:
            raise self._reserved(character)

    def _begin_pre(self, began: int) -> None:
        at = ends = self._at + 3
        while ends < len(self._text) and not self._text[ends].isspace() and self._text[ends] != "`":
            ends += 1
        language = ""
        if ends < len(self._text) and self._text[ends] != "`":
            language, at = self._text[at:ends], ends
        # One line end before the code is not part of it.
        line_end = self._text[at : at + 2]
        if line_end in ("\r\n", "\n\r"):
            at += 2
        elif line_end[:1] in ("\n", "\r"):
            at += 1
        self._out.open("PreCode" if language else "Pre", began, language)
        self._at = at

    def _reserved(self, character: str) -> MarkupError:
        return MarkupError(f"Character '{character}' is reserved and must be escaped with the preceding '\\'")

    def _unended(self) -> MarkupError:
        opened = self._out.opened[-1]
        return MarkupError(
            f"Can't find end of {opened.name} entity at byte offset {bytes_before(self._text, opened.at)}"
        )
