"""A plain writer of random TL of any definition in any layer: what clients of that layer may send."""

from __future__ import annotations

import struct
from random import Random

from teamgram.mtproto.tl import registry
from teamgram.mtproto.tl.definitions import Definition
from trial_tests.mtproto.tl.random_objects import definitions_of, least_height, type_heights

_TEXTS = (b"", b"a", "Привет".encode(), b"x" * 300)


class PlainWriter:
    """Writes random bytes.

    Args:
        random: where chance comes from.
        layer: whose constructors are used for boxed values.
    """

    def __init__(self, random: Random, layer: int) -> None:
        self.random = random
        self.layer = layer

    def boxed(self, definition: Definition, depth: int) -> bytes:
        """One object with its id."""
        words: dict[str, int] = {}
        for field in definition.fields:
            if field.type == "#":
                words[field.name] = 0
            elif field.flags and depth > 0 and self.random.random() < 0.5:
                words[field.flags] |= 1 << field.bit
        parts = [struct.pack("<I", definition.id)]
        for field in definition.fields:
            if field.type == "#":
                parts.append(struct.pack("<I", words[field.name]))
            elif field.type != "true" and (field.flags is None or words[field.flags] >> field.bit & 1):
                parts.append(self.value(field.type, depth))
        return b"".join(parts)

    def value(self, kind: str, depth: int) -> bytes:
        random = self.random
        if kind in ("int", "long", "double", "int128", "int256"):
            return random.randbytes({"int": 4, "long": 8, "double": 8, "int128": 16, "int256": 32}[kind])
        if kind in ("string", "bytes"):
            text = random.choice(_TEXTS)
            head = bytes((len(text),)) if len(text) < 254 else b"\xfe" + len(text).to_bytes(3, "little")
            return head + text + bytes(-(len(head) + len(text)) % 4)
        if kind == "Bool":
            return struct.pack("<I", random.choice((0x997275B5, 0xBC799737)))
        if kind in ("!X", "X"):
            return b"\xec\x77\xbe\x7a" + bytes(8)
        if kind.startswith(("Vector<", "vector<")):
            items = [self.value(kind[7:-1], depth) for _ in range(random.randrange(3))]
            head = struct.pack("<I", 0x1CB5C415) if kind[0] == "V" else b""
            return head + struct.pack("<I", len(items)) + b"".join(items)
        if kind.rpartition(".")[2][0].islower():
            return self.boxed(registry.newest_of(kind), depth)[4:]
        heights = type_heights(self.layer)
        choices = definitions_of(kind, self.layer)
        lowest = min(least_height(definition, heights) for definition in choices)
        fitting = [d for d in choices if least_height(d, heights) <= max(depth, lowest)]
        return self.boxed(random.choice(fitting), depth - 1)
