"""JSON5, as ``config.patch`` takes it: JSON with comments, bare keys, single quotes and trailing commas.

Plain recursive descent over a text that is at most a frame long, with a
bound on nesting. Numbers are JSON's plus hexadecimal, a leading ``+`` or
``.`` and ``Infinity``/``NaN`` refused: no configuration means them.
"""

import re
from typing import Any

_MAX_DEPTH = 64
_SPACE = re.compile(r"(?:[\s\ufeff]+|//[^\n]*|/\*.*?\*/)*", re.S)
_NUMBER = re.compile(r"[+-]?(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)")
_NAME = re.compile(r"[A-Za-z_$][\w$]*")
_WORDS = {"true": True, "false": False, "null": None}
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "0": "\0", "\n": ""}


class Json5Error(ValueError):
    """``JSON5: invalid … at line:column``."""


def parse(text: str) -> Any:
    """The value of a JSON5 document.

    Raises:
        Json5Error: where it stops making sense.
    """
    parser = _Parser(text)
    value = parser.value(0)
    parser.space()
    if parser.at < len(text):
        raise parser.error()
    return value


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def error(self) -> Json5Error:
        before = self.text[: self.at]
        line = before.count("\n") + 1
        column = self.at - (before.rfind("\n") + 1) + 1
        if self.at >= len(self.text):
            return Json5Error(f"JSON5: invalid end of input at {line}:{column}")
        return Json5Error(f"JSON5: invalid character {self.text[self.at]!r} at {line}:{column}")

    def space(self) -> None:
        match = _SPACE.match(self.text, self.at)
        assert match is not None
        self.at = match.end()

    def peek(self) -> str:
        self.space()
        return self.text[self.at : self.at + 1]

    def expect(self, character: str) -> None:
        if self.peek() != character:
            raise self.error()
        self.at += 1

    def value(self, depth: int) -> Any:
        if depth > _MAX_DEPTH:
            raise Json5Error("JSON5: nested too deep")
        first = self.peek()
        if first == "{":
            return self.object(depth)
        if first == "[":
            return self.array(depth)
        if first and first in "'\"":
            return self.string()
        number = _NUMBER.match(self.text, self.at)
        if number is not None:
            self.at = number.end()
            return _number(number.group())
        name = _NAME.match(self.text, self.at)
        if name is not None and name.group() in _WORDS:
            self.at = name.end()
            return _WORDS[name.group()]
        raise self.error()

    def object(self, depth: int) -> dict[str, Any]:
        self.at += 1
        result: dict[str, Any] = {}
        while self.peek() != "}":
            key = self.key()
            self.expect(":")
            result[key] = self.value(depth + 1)
            if self.peek() != ",":
                break
            self.at += 1
        self.expect("}")
        return result

    def key(self) -> str:
        if self.peek() in ("'", '"') and self.at < len(self.text):
            return self.string()
        name = _NAME.match(self.text, self.at)
        if name is None:
            raise self.error()
        self.at = name.end()
        return name.group()

    def array(self, depth: int) -> list[Any]:
        self.at += 1
        result: list[Any] = []
        while self.peek() != "]":
            result.append(self.value(depth + 1))
            if self.peek() != ",":
                break
            self.at += 1
        self.expect("]")
        return result

    def string(self) -> str:
        quote = self.text[self.at]
        self.at += 1
        parts: list[str] = []
        while True:
            character = self.text[self.at : self.at + 1]
            if not character or character == "\n":
                raise self.error()
            self.at += 1
            if character == quote:
                return "".join(parts).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
            parts.append(self.escape() if character == "\\" else character)

    def escape(self) -> str:
        character = self.text[self.at : self.at + 1]
        self.at += 1
        digits = {"u": 4, "x": 2}.get(character)
        if digits is None:
            return _ESCAPES.get(character, character)
        code = self.text[self.at : self.at + digits]
        if not re.fullmatch(rf"[0-9a-fA-F]{{{digits}}}", code):
            raise self.error()
        self.at += digits
        return chr(int(code, 16))


def _number(text: str) -> int | float:
    sign = -1 if text.startswith("-") else 1
    digits = text.lstrip("+-")
    if digits[:2] in ("0x", "0X"):
        return sign * int(digits, 16)
    if digits.isdigit():
        return sign * int(digits)
    return sign * float(digits)
