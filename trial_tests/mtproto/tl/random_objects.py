"""Random objects of any TL type, made from the schema of one layer."""

from __future__ import annotations

from functools import cache
from random import Random
from typing import Any

from teamgram.mtproto.tl import NEWEST_LAYER, encode, registry, tl
from teamgram.mtproto.tl.classes import attribute_name, class_named
from teamgram.mtproto.tl.definitions import Definition

_INTS = (0, 1, -1, 0x7FFFFFFF, -0x80000000, 1732000000)
_LONGS = (*_INTS, (1 << 63) - 1, -(1 << 63))
_TEXTS = ("", "a", "Привет", "\N{GRINNING FACE} and text", "x" * 254, "line\nline")
_FAR = 99


@cache
def definitions_of(result: str, layer: int) -> tuple[Definition, ...]:
    """The constructors that a boxed type has in a layer."""
    found = (registry.definition_of(name, layer) for name in registry.constructors_of(result))
    return tuple(definition for definition in found if definition is not None and definition.result == result)


def _boxed_parts(kind: str) -> str | None:
    if kind.startswith(("Vector<", "vector<")):
        return None
    last = kind.rpartition(".")[2]
    return kind if last[0].isupper() and kind != "Bool" else None


@cache
def type_heights(layer: int) -> dict[str, int]:
    """For each boxed type, how deep its smallest value is."""
    heights: dict[str, int] = {}
    names = {registry.entry(number).definition.result for number in registry.all_ids()}
    changed = True
    while changed:
        changed = False
        for result in names:
            for definition in definitions_of(result, layer):
                height = least_height(definition, heights)
                if height < heights.get(result, _FAR):
                    heights[result] = height
                    changed = True
    return heights


def least_height(definition: Definition, heights: dict[str, int]) -> int:
    """How deep the smallest object of a definition is."""
    parts = [_boxed_parts(field.type) for field in definition.fields if field.flags is None]
    return 1 + max((heights.get(part, _FAR) for part in parts if part), default=0)


class RandomObjects:
    """Makes objects.

    Args:
        random: where chance comes from.
        layer: whose constructors and fields are used.
        density: how likely an optional field is there, 0 .. 1.
        skipped: (constructor, optional field) that stay absent.
        known_in: only take constructors whose names this layer has too, 0 for all.
        tame: only take numbers that may be dates and ids of users or channels, for codecs that interpret them.
    """

    def __init__(
        self,
        random: Random,
        layer: int = NEWEST_LAYER,
        density: float = 0.5,
        skipped: frozenset[tuple[str, str]] = frozenset(),
        known_in: int = 0,
        tame: bool = False,
    ) -> None:
        self.random = random
        self.layer = layer
        self.density = density
        self.skipped = skipped
        self.known_in = known_in
        self.ints = tuple(number for number in _INTS if number >= 0) if tame else _INTS
        self.longs = (1, 1732000000, 1 << 40) if tame else _LONGS

    def value(self, kind: str, depth: int) -> Any:
        """A value of a TL type, at most ``depth`` levels of boxed values deep where the schema allows it."""
        random = self.random
        if kind == "int":
            return random.choice(self.ints)
        if kind == "long":
            return random.choice(self.longs)
        if kind == "double":
            return random.choice((0.0, -1.5, 1e300))
        if kind == "string":
            return random.choice(_TEXTS)
        if kind == "bytes":
            return random.choice(_TEXTS).encode() + b"\xff"
        if kind == "Bool":
            return random.random() < 0.5
        if kind in ("int128", "int256"):
            return random.randbytes(int(kind[3:]) // 8)
        if kind in ("!X", "X"):
            return encode(tl.ping(ping_id=5))
        if kind.startswith(("Vector<", "vector<")):
            return [self.value(kind[7:-1], depth) for _ in range(random.randrange(3))]
        if kind.rpartition(".")[2][0].islower():
            return self.object(registry.newest_of(kind), depth)
        choices = definitions_of(kind, self.layer)
        if self.known_in:
            choices = tuple(d for d in choices if registry.id_of(d.name, self.known_in) is not None) or choices
        heights = type_heights(self.layer)
        lowest = min(least_height(definition, heights) for definition in choices)
        fitting = [d for d in choices if least_height(d, heights) <= max(depth, lowest)]
        return self.object(random.choice(fitting), depth - 1)

    def object(self, definition: Definition, depth: int = 4) -> Any:
        """An object of one definition."""
        values: dict[str, Any] = {}
        bits: dict[tuple[str, int], bool] = {}
        for field in definition.fields:
            if field.type == "#":
                continue
            if field.flags is not None:
                if (definition.name, field.name) in self.skipped:
                    continue
                chance = self.density if depth > 0 else 0.0
                if not bits.setdefault((field.flags, field.bit), self.random.random() < chance):
                    continue
            values[attribute_name(field.name)] = True if field.type == "true" else self.value(field.type, depth)
        return class_named(definition.name)(**values)
