"""What is known of every TL definition of every layer, read from the generated schema text when first asked.

The text is kept as bytes and only indexed (by arrays); a definition is parsed when something needs it. Constructor ids
are unique over all layers, so an id alone finds its definition; a name needs a layer.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from teamgram.mtproto.tl.definitions import Definition, parse_line
from teamgram.mtproto.tl.errors import TLError

SCHEMA_PATH = Path(__file__).with_name("schema") / "schema.tl"
NEWEST_LAYER = 232
"""The newest layer that is known; what is newer is served in it. 231 is not known and served as 230 is."""
MIN_LAYER = 135
"""The oldest layer whose schema a package still carries; older clients are served in its shape."""

_FUNCTIONS_MARK = b"\n---functions---\n"
_EVERY_LAYER = ((0, 1 << 30),)


def clamp_layer(layer: int) -> int:
    """The layer to serve a client in that announces ``layer``: that one, or the nearest bound."""
    return max(MIN_LAYER, min(layer, NEWEST_LAYER))


class RegistryEntry(NamedTuple):
    """A definition and the layers that have it, as (first, last) runs."""

    definition: Definition
    layers: tuple[tuple[int, int], ...]

    def is_in(self, layer: int) -> bool:
        return any(first <= layer <= last for first, last in self.layers)


class Registry:
    """MessageAnswers about names, ids and layers.

    Args:
        path: the schema text that ``tools/gen_tl.py`` wrote.
    """

    def __init__(self, path: Path = SCHEMA_PATH) -> None:
        self._path = path
        self._text = b""
        self._layers: tuple[int, ...] = ()
        self._offsets = array("I")
        self._first_function = 0
        self._ids = array("I")
        self._id_lines = array("I")
        self._entries: dict[int, RegistryEntry] = {}
        self._named: dict[str, tuple[RegistryEntry, ...]] = {}
        self._of_type: dict[str, tuple[str, ...]] = {}

    def _load(self) -> None:
        text = self._path.read_bytes()
        offset = 0
        found: list[tuple[int, int]] = []
        offsets = array("I")
        for line in text.split(b"\n"):
            if line and line[0] not in b"/-":
                hash_at = line.index(b"#")
                found.append((int(line[hash_at + 1 : line.index(b" ", hash_at)], 16), len(offsets)))
                offsets.append(offset)
            elif line.startswith(b"// layers "):
                self._layers = tuple(map(int, line.split()[2:]))
            elif line.startswith(b"---functions"):
                self._first_function = len(offsets)
            offset += len(line) + 1
        found.sort()
        self._ids = array("I", [number for number, _ in found])
        self._id_lines = array("I", [line for _, line in found])
        self._offsets = offsets
        self._text = text

    @property
    def layers(self) -> tuple[int, ...]:
        """The layers whose schema is known; between two of them the lower one's is used."""
        if not self._text:
            self._load()
        return self._layers

    def schema_layer(self, layer: int) -> int:
        """The known layer that describes ``layer``: itself or the nearest below, within what is known at all."""
        layers = self.layers
        return layers[max(bisect_right(layers, layer) - 1, 0)]

    def _line_at(self, index: int) -> str:
        start = self._offsets[index]
        return self._text[start : self._text.index(b"\n", start)].decode("ascii")

    def _entry_at(self, index: int) -> RegistryEntry:
        line = self._line_at(index)
        definition = parse_line(line, index >= self._first_function)
        if definition is None:
            raise TLError(f"schema line {index} cannot be read")
        known = self._entries.get(definition.id)
        if known is None:
            known = RegistryEntry(definition, _parse_layers(line[line.rindex("; ") + 2 :]))
            self._entries[definition.id] = known
        return known

    def entry(self, constructor_id: int) -> RegistryEntry | None:
        """The definition with this id (0 .. 2**32 - 1), whichever layer has it."""
        known = self._entries.get(constructor_id)
        if known is not None:
            return known
        if not self._text:
            self._load()
        at = bisect_left(self._ids, constructor_id)
        if at == len(self._ids) or self._ids[at] != constructor_id:
            return None
        return self._entry_at(self._id_lines[at])

    def _name_at(self, index: int) -> bytes:
        start = self._offsets[index]
        return self._text[start : self._text.index(b"#", start)]

    def entries_named(self, name: str) -> tuple[RegistryEntry, ...]:
        """Every definition of a name, the newest first; empty when the name is in no layer."""
        known = self._named.get(name)
        if known is not None:
            return known
        if not self._text:
            self._load()
        wanted = name.encode()
        for low, high in ((0, self._first_function), (self._first_function, len(self._offsets))):
            at = bisect_left(range(low, high), wanted, key=self._name_at) + low
            found = []
            while at < high and self._name_at(at) == wanted:
                found.append(self._entry_at(at))
                at += 1
            if found:
                self._named[name] = tuple(found)
                return self._named[name]
        return ()

    def definition_of(self, name: str, layer: int) -> Definition | None:
        """The definition that a layer has for a name, or None when that layer does not have the name."""
        layer = self.schema_layer(layer)
        for entry in self.entries_named(name):
            if entry.is_in(layer):
                return entry.definition
        return None

    def newest_of(self, name: str) -> Definition:
        """The newest definition of a name. Raises TLError when no layer has it."""
        entries = self.entries_named(name)
        if not entries:
            raise TLError(f"{name} is in no layer")
        return entries[0].definition

    def name_of(self, constructor_id: int) -> str | None:
        """The constructor's or function's literal name, or None for an id in no layer."""
        entry = self.entry(constructor_id)
        return None if entry is None else entry.definition.name

    def is_function(self, constructor_id: int) -> bool:
        entry = self.entry(constructor_id)
        return entry is not None and entry.definition.is_function

    def id_of(self, name: str, layer: int = NEWEST_LAYER) -> int | None:
        """The id that a name has in a layer, or None when that layer does not have it."""
        definition = self.definition_of(name, layer)
        return None if definition is None else definition.id

    def result_type_of(self, method: str, layer: int = NEWEST_LAYER) -> str:
        """What a method answers in a layer; in its newest layer when this one does not have it.

        Raises:
            TLError: there is no such method.
        """
        return (self.definition_of(method, layer) or self.newest_of(method)).result

    def methods(self) -> Iterator[str]:
        """Every function's literal name, each once, in alphabetical order."""
        if not self._text:
            self._load()
        last = b""
        for index in range(self._first_function, len(self._offsets)):
            name = self._name_at(index)
            if name != last:
                last = name
                yield name.decode("ascii")

    def all_ids(self) -> tuple[int, ...]:
        """Every constructor id of every layer, ascending."""
        if not self._text:
            self._load()
        return tuple(self._ids)

    def constructors_of(self, result: str) -> tuple[str, ...]:
        """Names of all constructors that any layer has for a boxed type."""
        known = self._of_type.get(result)
        if known is None:
            if not self._text:
                self._load()
            end = self._text.index(_FUNCTIONS_MARK)
            mark = f" = {result}; ".encode()
            names: dict[str, None] = {}
            at = self._text.find(mark, 0, end)
            while at >= 0:
                start = self._text.rindex(b"\n", 0, at) + 1
                names[self._text[start : self._text.index(b"#", start)].decode("ascii")] = None
                at = self._text.find(mark, at + 1, end)
            known = self._of_type[result] = tuple(names)
        return known


def _parse_layers(text: str) -> tuple[tuple[int, int], ...]:
    if text == "*":
        return _EVERY_LAYER
    runs = []
    for run in text.split(","):
        first, dash, last = run.partition("-")
        runs.append((int(first), int(last or (NEWEST_LAYER if dash else first))))
    return tuple(runs)


registry = Registry()
"""The one registry of the process; reading the text waits for the first question."""
