"""What models write, as the messenger formats it: Markdown to a text with its formatted parts. Plain Python.

The part of CommonMark (and of GitHub's extensions: tables, strikethrough, task lists) that models write. What is not
understood stays as it is written, so a reply that is still growing is readable at any moment: a fence without its end
reaches to the end of the text, any other sign without its end is a sign. Each line is read once, whatever is in it.
"""

import re
import unicodedata
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

#: Of a table that is drawn in columns; a wider one would break on a phone's screen.
_TABLE_WIDTH = 64
_MOST_COLUMNS = 12
_MAX_URL = 2048

_FENCE = re.compile(r"( {0,8})(`{3,}|~{3,})[ \t]*([^\s`]{0,40})[^`]*")
_HEADING = re.compile(r" {0,3}#{1,6}[ \t]+(.*)")
_RULE = re.compile(r" {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})")
_ITEM = re.compile(r"([ \t]*)[-*+][ \t]+(?:\[([ xX])\][ \t]+)?(?=\S)")
_QUOTE = re.compile(r" {0,3}>[ \t]?")
_SEPARATOR = re.compile(r"[ \t]*\|?(?:[ \t]*:?-+:?[ \t]*\|)*[ \t]*:?-+:?[ \t]*\|?[ \t]*")

_TOKEN = re.compile(
    r"""
      \\(?P<escaped>[!-/:-@\[-`{-~])
    | (?P<code>`+)
    | (?P<run>\*+|_+|~~)
    | (?P<open>!?\[)
    | (?P<close>\])
    | <(?P<auto>(?:https?|tg|mailto):[^\s<>]{1,2000})>
    | (?P<bare>https?://[^\s<>*`\]|"]{1,2000})
    """,
    re.VERBOSE,
)
_TARGET = re.compile(
    r"""
      \([ \t]{0,9}
      (?: <([^<>\n]{0,2000})> | ((?:[^\s()<>]|\([^\s()]{0,500}\)){0,2000}) )
      (?:[ \t]{1,9}\"[^\"]{0,500}\")?[ \t]{0,9}\)
    """,
    re.VERBOSE,
)
_KINDS = {"**": "bold", "__": "bold", "*": "italic", "_": "italic", "~~": "strike"}


@dataclass(frozen=True, slots=True)
class Span:
    """A formatted part; ``kind`` as in :class:`teamgram.domain.boxes.entity.Entity`, places in characters."""

    kind: str
    start: int
    end: int
    url: str = ""
    language: str = ""


@dataclass(slots=True)
class Formatted:
    """A text and its formatted parts."""

    text: str
    spans: list[Span]


@dataclass(slots=True)
class _Line:
    """A line that is being read: pieces of text, and parts of it by the pieces where they begin and end."""

    pieces: list[str] = field(default_factory=list)
    parts: list[tuple[str, int, int, str]] = field(default_factory=list)

    def add(self, text: str) -> int:
        """One more piece; its number."""
        self.pieces.append(text)
        return len(self.pieces) - 1


def formatted(markdown: str) -> Formatted:
    """The whole of it."""
    return _Reader(markdown).read()


class _Reader:
    """Reads a text line by line."""

    def __init__(self, markdown: str) -> None:
        self._lines = markdown.replace("\r\n", "\n").split("\n")
        self._text: list[str] = []
        self._size = 0
        self._spans: list[Span] = []
        self._quote_start = -1

    def read(self) -> Formatted:
        """All lines."""
        at = 0
        while at < len(self._lines):
            line = self._lines[at]
            fence = _FENCE.fullmatch(line)
            quoted = None if fence is not None else _QUOTE.match(line)
            if quoted is None:
                self._end_quote()
            elif self._quote_start < 0:
                self._quote_start = self._size
            if fence is not None:
                at = self._fenced(at + 1, fence)
            elif quoted is None and self._is_table(at):
                at = self._table(at)
            else:
                self._line(line if quoted is None else line[quoted.end() :])
                at += 1
        self._end_quote()
        text = "".join(self._text)
        return Formatted(text.removesuffix("\n"), [span for span in self._spans if span.end > span.start])

    def _add(self, text: str) -> None:
        self._text.append(text)
        self._size += len(text)

    def _end_quote(self) -> None:
        if self._quote_start >= 0:
            self._spans.append(Span("blockquote", self._quote_start, self._size - 1))
            self._quote_start = -1

    def _fenced(self, at: int, fence: re.Match[str]) -> int:
        """Code up to its end, or that of the text; the line after it."""
        indent, marks, language = fence[1], fence[2], fence[3]
        lines = []
        while at < len(self._lines):
            line = self._lines[at]
            at += 1
            ending = line.strip()
            if len(ending) >= len(marks) and not ending.strip(marks[0]) and ending:
                break
            lines.append(line.removeprefix(indent))
        self._code("\n".join(lines), language)
        return at

    def _code(self, text: str, language: str = "") -> None:
        # The messenger knows no tabs.
        text = text.expandtabs(4).rstrip()
        if text.strip():
            self._spans.append(Span("pre", self._size, self._size + len(text), language=language))
            self._add(f"{text}\n")

    def _line(self, line: str) -> None:
        heading = _HEADING.fullmatch(line)
        if heading is not None:
            start = self._size
            self._inline(heading[1].rstrip(" \t#"))
            self._spans.append(Span("bold", start, self._size))
        elif _RULE.fullmatch(line):
            self._add("———")
        else:
            item = _ITEM.match(line)
            if item is not None:
                box = {None: "•", " ": "☐"}.get(item[2], "☑")
                self._add(f"{item[1].expandtabs(4)}{box} ")
                line = line[item.end() :]
            self._inline(line)
        self._add("\n")

    # Tables

    def _is_table(self, at: int) -> bool:
        below = self._lines[at + 1] if at + 1 < len(self._lines) else ""
        if "|" not in self._lines[at] or "|" not in below or len(below) > 1000:
            return False
        return _SEPARATOR.fullmatch(below) is not None and len(_cells(below)) == len(_cells(self._lines[at]))

    def _table(self, at: int) -> int:
        """A table in columns, or, where it is too wide for that, a row as lines; the line after it."""
        rows = [_cells(self._lines[at])]
        at += 2
        while at < len(self._lines) and "|" in self._lines[at] and self._lines[at].strip():
            rows.append(_cells(self._lines[at]))
            at += 1
        columns = len(rows[0])
        plain = [[_plain(cell) for cell in [*row, *[""] * columns][:columns]] for row in rows]
        widths = [max(_width(row[number]) for row in plain) for number in range(columns)]
        if columns <= _MOST_COLUMNS and sum(widths) + 3 * (columns - 1) <= _TABLE_WIDTH:
            ruler = "-+-".join("-" * width for width in widths)
            drawn = [
                " | ".join(
                    cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)
                ).rstrip()
                for row in plain
            ]
            self._code("\n".join(map(str.rstrip, [drawn[0], ruler, *drawn[1:]])))
            return at
        for row in rows[1:]:
            for number, (name, cell) in enumerate(zip(rows[0], row, strict=False)):
                self._add("• " if number == 0 else "   ")
                self._inline(f"**{name}:** {cell}" if name and number else f"**{cell}**" if number == 0 else cell)
                self._add("\n")
        return at

    # Within a line

    def _inline(self, text: str) -> None:
        line = _read_inline(text)
        starts = [self._size]
        for piece in line.pieces:
            starts.append(starts[-1] + len(piece))
        for kind, first, last, url in line.parts:
            if starts[last] > starts[first]:
                self._spans.append(Span(kind, starts[first], starts[last], url))
        self._add("".join(line.pieces))


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().removeprefix("|").removesuffix("|"))]


def _plain(text: str) -> str:
    return "".join(_read_inline(text).pieces)


def _width(text: str) -> int:
    """In columns of a terminal."""
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(unicodedata.combining(char) > 0 for char in text)


@dataclass(slots=True)
class _Openers:
    """Signs that wait for their end: by kind, each with its turn and the piece that holds it."""

    by_sign: dict[str, deque[tuple[int, int]]] = field(default_factory=dict)
    turn: int = 0

    def open(self, sign: str, piece: int) -> None:
        """It may end later."""
        self.turn += 1
        self.by_sign.setdefault(sign, deque()).append((self.turn, piece))

    def last(self, sign: str) -> tuple[int, int] | None:
        """The last one of a kind."""
        found = self.by_sign.get(sign)
        return found[-1] if found else None

    def close(self, turn: int) -> None:
        """What was opened in that turn has ended, and what was opened within it stays as it is written."""
        for waiting in self.by_sign.values():
            while waiting and waiting[-1][0] >= turn:
                waiting.pop()


def _read_inline(text: str) -> _Line:
    line, openers = _Line(), _Openers()
    brackets: list[tuple[int, int]] = []
    without_end: set[int] = set()
    at = 0
    while at < len(text):
        match = _TOKEN.search(text, at)
        if match is None:
            break
        if match.start() > at:
            line.add(text[at : match.start()])
        at = match.end()
        kind = match.lastgroup
        if kind == "escaped":
            line.add(match[kind])
        elif kind == "code":
            at = _code_span(text, match, line, without_end)
        elif kind == "run":
            _run(text, match, line, openers)
        elif kind == "open":
            brackets.append((line.add(match[0]), openers.turn))
        elif kind == "close":
            at = _link(text, match, line, openers, brackets)
        else:
            line.add(match["auto"] or match[0])
    if at < len(text):
        line.add(text[at:])
    return line


def _code_span(text: str, match: re.Match[str], line: _Line, without_end: set[int]) -> int:
    """Code between two equal runs of backticks; how far it was read."""
    marks = match[0]
    if len(marks) not in without_end:
        end = match.end()
        while (end := text.find(marks, end)) >= 0:
            after = end + len(marks)
            if text[end - 1] != "`" and text[after : after + 1] != "`":
                inside = text[match.end() : end]
                if inside.strip() and inside[0] == inside[-1] == " ":
                    inside = inside[1:-1]
                number = line.add(inside)
                line.parts.append(("code", number, number + 1, ""))
                return after
            while text[end : end + 1] == "`":
                end += 1
        without_end.add(len(marks))
    line.add(marks)
    return match.end()


def _run(text: str, match: re.Match[str], line: _Line, openers: _Openers) -> None:
    """Stars, underlines or tildes: ends of what they opened before, else openings, else themselves."""
    marks = match[0]
    sign, left = marks[0], len(marks)
    before = text[match.start() - 1] if match.start() else " "
    after = text[match.end()] if match.end() < len(text) else " "
    if left > 3:
        line.add(marks)
        return
    within = before.isalnum() and after.isalnum()
    # A single star within a word multiplies, and underlines belong to names.
    whole = not within or (sign != "_" and left > 1)
    closes, opens = whole and not before.isspace(), whole and not after.isspace()
    while left and closes:
        ends = [
            (found, width)
            for width in ((2,) if sign == "~" else (2, 1))
            if width <= left and (found := openers.last(sign * width)) is not None
        ]
        if not ends:
            break
        (turn, piece), width = max(ends)
        openers.close(turn)
        line.pieces[piece] = ""
        line.parts.append((_KINDS[sign * width], piece, len(line.pieces), ""))
        left -= width
    if opens and left == 3:
        openers.open(sign * 2, line.add(sign * 2))
        left = 1
    number = line.add(sign * left) if left else -1
    if opens and sign * left in _KINDS:
        openers.open(sign * left, number)


def _link(text: str, match: re.Match[str], line: _Line, openers: _Openers, brackets: list[tuple[int, int]]) -> int:
    """The end of a label: a link if its target follows; how far it was read."""
    target = _TARGET.match(text, match.end()) if brackets else None
    if target is None:
        line.add("]")
        if brackets:
            brackets.pop()
        return match.end()
    first, turn = brackets.pop()
    url = (target[1] if target[1] is not None else target[2]).strip()
    openers.close(turn + 1)
    line.pieces[first] = ""
    if len(url) <= _MAX_URL and re.match(r"(?:https?|tg|ton)://|mailto:", url, re.IGNORECASE):
        line.parts.append(("textUrl", first, len(line.pieces), url))
    elif url:
        line.add(f" ({url})")
    return target.end()


def spans_of(found: Sequence[Span], start: int, end: int) -> list[Span]:
    """Those of a part of the text, cut to it."""
    return [
        Span(span.kind, max(span.start, start), min(span.end, end), span.url, span.language)
        for span in found
        if span.start < end and span.end > start
    ]
