"""A slow, plain reader of TL that follows one layer's schema word by word: the codec's opponent in tests.

It shares nothing with the codec but the schema text, and it refuses constructors that the layer does not have.
"""

from __future__ import annotations

import struct
from typing import Any

from teamgram.mtproto.tl import registry
from teamgram.mtproto.tl.definitions import Definition


class NotInLayer(Exception):
    """The bytes hold what a client of this layer cannot read."""


class PlainReader:
    """Reads ``data`` as a client of ``layer``; objects become ``(name, {field: value})``."""

    def __init__(self, data: bytes, layer: int) -> None:
        self.data = data
        self.layer = registry.schema_layer(layer)
        self.at = 0

    def take(self, size: int) -> bytes:
        if self.at + size > len(self.data):
            raise NotInLayer("the bytes end early")
        self.at += size
        return self.data[self.at - size : self.at]

    def number(self, code: str) -> Any:
        return struct.unpack("<" + code, self.take(struct.calcsize(code)))[0]

    def string(self) -> bytes:
        first = self.take(1)[0]
        head, size = (1, first) if first < 254 else (4, int.from_bytes(self.take(3), "little"))
        value = self.take(size)
        if any(self.take(-(head + size) % 4)):
            raise NotInLayer("padding is not zero")
        return value

    def value(self, kind: str) -> Any:
        codes = {"#": "I", "int": "i", "long": "q", "double": "d"}
        if kind in codes:
            return self.number(codes[kind])
        if kind == "string":
            return self.string().decode()
        if kind == "bytes":
            return self.string()
        if kind in ("int128", "int256"):
            return self.take(int(kind[3:]) // 8)
        if kind == "Bool":
            return {0x997275B5: True, 0xBC799737: False}[self.number("I")]
        if kind in ("!X", "X"):
            return self.take(len(self.data) - self.at)
        if kind[:7] in ("Vector<", "vector<"):
            if kind[0] == "V" and self.number("I") != 0x1CB5C415:
                raise NotInLayer("no vector")
            return [self.value(kind[7:-1]) for _ in range(self.number("I"))]
        if kind.rpartition(".")[2][0].islower():
            return self.fields(registry.newest_of(kind))
        return self.boxed(kind)

    def boxed(self, kind: str | None = None) -> tuple[str, dict[str, Any]]:
        """A constructor id and its fields; of type ``kind`` if given."""
        entry = registry.entry(self.number("I"))
        if entry is None or not entry.is_in(self.layer):
            raise NotInLayer(f"{entry and entry.definition.name} is not in layer {self.layer}")
        if kind is not None and (entry.definition.result != kind or entry.definition.is_function):
            raise NotInLayer(f"{entry.definition.name} is no {kind}")
        return self.fields(entry.definition)

    def fields(self, definition: Definition) -> tuple[str, dict[str, Any]]:
        values: dict[str, Any] = {}
        for field in definition.fields:
            if field.flags is not None and not values[field.flags] >> field.bit & 1:
                continue
            values[field.name] = True if field.type == "true" else self.value(field.type)
        words = {field.name for field in definition.fields if field.type == "#"}
        return definition.name, {name: value for name, value in values.items() if name not in words}


def read(data: bytes, layer: int) -> tuple[str, dict[str, Any]]:
    """Read one boxed object that takes all the bytes."""
    reader = PlainReader(data, layer)
    value = reader.boxed()
    if reader.at != len(data):
        raise NotInLayer("bytes are left over")
    return value
