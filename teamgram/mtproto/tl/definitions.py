"""One TL definition: how a schema line is read, and how its constructor id follows from it.

A schema line is ``name#id field:type ... = Result;`` (Telegram's "TL language" page). The id is the CRC32 of the line
in normal form, which is what lets ``tools/gen_tl.py`` check every definition that it reads from somebody else's
package.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from zlib import crc32

VECTOR_ID = 0x1CB5C415
BOOL_TRUE_ID = 0x997275B5
BOOL_FALSE_ID = 0xBC799737

_LINE = re.compile(r"^([\w.]+)(?:#([0-9a-f]{1,8}))? ?(.*?) ?= ?([\w.<> ]+);")
_CONDITIONAL = re.compile(r"^(\w+)\.(\d+)\?(.+)$")


class Field(NamedTuple):
    """One field of a definition.

    Attributes:
        name: the field's name in the schema.
        type: its TL type without the condition: ``int``, ``Vector<long>``, ``!X``, ``#``, ``true``, ...
        flags: name of the flags field that it depends on, or None when it is always there.
        bit: the bit in that flags field.
    """

    name: str
    type: str
    flags: str | None = None
    bit: int = 0

    def __str__(self) -> str:
        condition = f"{self.flags}.{self.bit}?" if self.flags else ""
        return f"{self.name}:{condition}{self.type}"


class Definition(NamedTuple):
    """A constructor or a function, as one schema line says it."""

    name: str
    id: int
    fields: tuple[Field, ...]
    result: str
    is_function: bool = False

    def __str__(self) -> str:
        generic = "{X:Type} " if any(field.type == "!X" for field in self.fields) else ""
        fields = "".join(f"{field} " for field in self.fields)
        return f"{self.name}#{self.id:x} {generic}{fields}= {self.result};"

    def crc32(self) -> int:
        """The constructor id that the definition's normal form has."""
        words = [self.name]
        if any(field.type == "!X" for field in self.fields):
            words.append("X:Type")
        words += [str(field) for field in self.fields if field.type != "true"]
        line = " ".join([*words, "=", self.result])
        line = line.replace(":bytes ", ":string ").replace("?bytes ", "?string ")
        return crc32(line.replace("<", " ").replace(">", "").encode())


def parse_field(text: str) -> Field:
    """Read ``name:type`` or ``name:flags.N?type``."""
    name, _, kind = text.partition(":")
    if match := _CONDITIONAL.match(kind):
        return Field(name, match[3], match[1], int(match[2]))
    return Field(name, kind)


def parse_line(line: str, is_function: bool = False) -> Definition | None:
    """Read one schema line; None when it is not an ordinary definition (a comment, ``vector {t:Type}``)."""
    match = _LINE.match(line)
    if match is None or "{t:Type}" in line:
        return None
    name, number, body, result = match.groups()
    fields = tuple(parse_field(word) for word in body.split() if not word.startswith("{"))
    definition = Definition(name, int(number or "0", 16), fields, result.strip(), is_function)
    return definition if number else definition._replace(id=definition.crc32())
