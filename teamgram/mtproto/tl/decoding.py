"""Decoders, generated as Python source per constructor on first use.

A decoder is ``decode(data, offset, depth) -> (object, end)``, called behind the constructor id. ``depth`` is how many
more levels of boxed values may follow. Reads past the end either fail in ``struct`` or leave ``end > len(data)``, which
the outermost caller checks; counts are checked before anything is made of them.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import calcsize, unpack_from
from typing import Any

from teamgram.mtproto.tl import primitives
from teamgram.mtproto.tl.classes import attribute_name, class_named, fields_of
from teamgram.mtproto.tl.definitions import BOOL_FALSE_ID, BOOL_TRUE_ID, Definition, Field
from teamgram.mtproto.tl.errors import BadConstructorError, TLError
from teamgram.mtproto.tl.layers.stand_ins import STAND_INS
from teamgram.mtproto.tl.layers.upgrades import OBJECT_UPGRADES, value_upgrade
from teamgram.mtproto.tl.registry import NEWEST_LAYER, registry
from teamgram.mtproto.tl.source import FIXED_CODES, Source

MAX_DEPTH = 64
"""How deep boxed values may lie in one another; pages and rich texts of real clients stay under twenty."""

Decoder = Callable[[bytes, int, int], tuple[Any, int]]

_LEAST_BYTES = {"long": 8, "double": 8, "int128": 16, "int256": 32}
EMPTY_VALUES: dict[str, Any] = {"int": 0, "long": 0, "double": 0.0, "string": "", "bytes": b"", "Bool": False}
"""What a required field is when an older shape lacks it and no upgrade knows better; vectors are empty, others None."""
_PRIMITIVES = frozenset({"#", "int", "long", "double", "string", "bytes", "int128", "int256", "Bool", "true"})
_decoders: dict[int, Decoder] = {}


class DecoderTable(dict[int, Decoder]):
    """Decoders of one boxed type by constructor id, filled as ids turn up. ``Object`` takes every constructor."""

    def __init__(self, result: str) -> None:
        super().__init__()
        self._result = result
        if result == "Object":
            self[BOOL_TRUE_ID] = lambda data, offset, depth: (True, offset)
            self[BOOL_FALSE_ID] = lambda data, offset, depth: (False, offset)

    def __missing__(self, constructor_id: int) -> Decoder:
        entry = registry.entry(constructor_id)
        if entry is None:
            raise BadConstructorError(f"unknown constructor {constructor_id:08x}")
        definition = entry.definition
        convert = None
        if self._result != "Object" and (definition.is_function or definition.result != self._result):
            convert = STAND_INS.get((self._result, definition.name))
            if convert is None:
                raise BadConstructorError(f"{definition.name} where {self._result} was expected")
        decoder = decoder_of(definition)
        if convert is not None:
            decoder = _converting(decoder, convert)
        self[constructor_id] = decoder
        return decoder


def _converting(decoder: Decoder, convert: Callable[[Any], Any]) -> Decoder:
    def decode(data: bytes, offset: int, depth: int) -> tuple[Any, int]:
        value, end = decoder(data, offset, depth)
        return convert(value), end

    return decode


_tables: dict[str, DecoderTable] = {}


def decoder_table(result: str) -> DecoderTable:
    """The table of one boxed type."""
    table = _tables.get(result)
    if table is None:
        table = _tables[result] = DecoderTable(result)
    return table


def decoder_of(definition: Definition) -> Decoder:
    """The decoder of one constructor, made on first use."""
    decoder = _decoders.get(definition.id)
    if decoder is None:
        decoder = _decoders[definition.id] = _ObjectDecoder(definition).make()
    return decoder


def result_decoder(result: str) -> Decoder:
    """A decoder for what a method answers: a boxed type, ``Bool`` or a vector. For clients and tests."""
    source = Source("decode(b, o, n)")
    writer = _ValueReader(source)
    writer.read("x", result)
    source.line("return x, o")
    return source.compile(f"decode {result}")  # type: ignore[no-any-return]


def _too_deep() -> TLError:
    return TLError(f"values lie more than {MAX_DEPTH} deep")


def _least_bytes(kind: str) -> int:
    return _LEAST_BYTES.get(kind, 4)


class _ValueReader:
    """Writes the lines that read one value into a local or an attribute. Locals: b data, o offset, n depth."""

    def __init__(self, source: Source) -> None:
        self.source = source

    def read(self, target: str, kind: str) -> None:
        source = self.source
        if kind in FIXED_CODES:
            code = FIXED_CODES[kind]
            source.line(f"{target} = {source.unpacker(code)}(b, o)[0]")
            source.line(f"o += {calcsize('<' + code)}")
        elif kind in ("string", "bytes"):
            self._read_string(target, decode=kind == "string")
        elif kind == "Bool":
            bools = source.constant("bools", primitives.BOOLS)
            source.line(f"{target} = {bools}[{source.unpacker('I')}(b, o)[0]]")
            source.line("o += 4")
        elif kind in ("int128", "int256"):
            size = int(kind[3:]) // 8
            source.line(f"{target} = {source.constant('read_fixed', primitives.read_fixed)}(b, o, {size})")
            source.line(f"o += {size}")
        elif kind.startswith(("Vector<", "vector<")):
            self._read_vector(target, kind[7:-1], boxed=kind[0] == "V")
        elif kind == "!X":
            source.line(f"{target} = b[o:]")
            source.line("o += len(" + target + ")")
        elif kind.rpartition(".")[2][0].islower():
            bare = source.constant(f"bare_{kind}", decoder_of(registry.newest_of(kind)))
            source.line(f"{target}, o = {bare}(b, o, n - 1)")
        else:
            table = source.constant("D_" + kind.replace(".", "_"), decoder_table(kind))
            source.line(f"{target}, o = {table}[{source.unpacker('I')}(b, o)[0]](b, o + 4, n - 1)")

    def _read_string(self, target: str, decode: bool) -> None:
        source = self.source
        size = source.variable()
        end = ".decode()" if decode else ""
        source.line(f"{size} = b[o]")
        source.line(f"if {size} < 254:")
        source.line(f"    {target} = b[o + 1 : o + 1 + {size}]{end}")
        source.line(f"    o += ({size} + 4) & -4")
        source.line("else:")
        long_bytes = source.constant("read_long_bytes", primitives.read_long_bytes)
        if decode:
            source.line(f"    {size}, o = {long_bytes}(b, o)")
            source.line(f"    {target} = {size}.decode()")
        else:
            source.line(f"    {target}, o = {long_bytes}(b, o)")

    def _read_vector(self, target: str, item: str, boxed: bool) -> None:
        source = self.source
        reader = primitives.read_count if boxed else primitives.read_bare_count
        count, items = source.variable(), source.variable()
        source.line(f"{count} = {source.constant(reader.__name__, reader)}(b, o, {_least_bytes(item)})")
        source.line(f"o += {8 if boxed else 4}")
        if item in FIXED_CODES:
            code = FIXED_CODES[item]
            unpack = source.constant("unpack_from", unpack_from)
            source.line(f"{target} = list({unpack}(f'<{{{count}}}{code}', b, o))")
            source.line(f"o += {calcsize('<' + code)} * {count}")
            return
        element = source.variable()
        source.line(f"{items} = []")
        source.line(f"for _ in range({count}):")
        source.indent()
        self.read(element, item)
        source.line(f"{items}.append({element})")
        source.dedent()
        source.line(f"{target} = {items}")


class _ObjectDecoder(_ValueReader):
    """Writes the decoder of one constructor."""

    def __init__(self, definition: Definition) -> None:
        super().__init__(Source("decode(b, o, n)"))
        self.definition = definition
        self.shapes = fields_of(definition.name)
        self.is_older = registry.definition_of(definition.name, NEWEST_LAYER) is not definition

    def make(self) -> Decoder:
        definition, source = self.definition, self.source
        cls = source.constant("cls", class_named(definition.name))
        source.constant("new", object.__new__)
        if any(field.type not in _PRIMITIVES and field.type != "!X" for field in definition.fields):
            source.constant("too_deep", _too_deep)
            source.line("if n <= 0: raise too_deep()")
        source.line(f"x = new({cls})")
        self._write_defaults()
        run: list[Field] = []
        optional: list[Field] = []
        for field in definition.fields:
            if field.flags is None:
                self._flush_optional(optional)
                if field.type in FIXED_CODES:
                    run.append(field)
                else:
                    self._flush(run)
                    self._read_field(field)
            elif field.type != "true":
                self._flush(run)
                if optional and optional[0].flags != field.flags:
                    self._flush_optional(optional)
                optional.append(field)
        self._flush(run)
        self._flush_optional(optional)
        self._write_upgrades()
        source.line("return x, o")
        return source.compile(f"decode {definition.name}")  # type: ignore[no-any-return]

    def _flag_test(self, field: Field) -> str:
        return f"f_{field.flags} & {1 << field.bit}"

    def _write_defaults(self) -> None:
        """Absent fields first, in one chain per default; reading overwrites what is there."""
        always = {f.name for f in self.definition.fields if f.flags is None}
        has_true = {f.name for f in self.definition.fields if f.type == "true"}
        absent: dict[str, list[str]] = {}
        for name, shape in self.shapes.items():
            if name not in always and (name not in has_true or shape.type != "true"):
                empty = EMPTY_VALUES.get(shape.type) if shape.required else shape.default
                absent.setdefault(repr(empty), []).append(f"x.{attribute_name(name)}")
                if shape.required and shape.type.startswith("Vector<"):
                    absent[f"[]  # {name}"] = [absent[repr(empty)].pop()]
        for default, targets in absent.items():
            if targets:
                self.source.line(f"{' = '.join(targets)} = {default}")

    def _flush(self, run: list[Field]) -> None:
        if not run:
            return
        codes = "".join(FIXED_CODES[field.type] for field in run)
        names = [f"f_{f.name}" if f.type == "#" else f"x.{attribute_name(f.name)}" for f in run]
        self.source.line(f"{', '.join(names)}, = {self.source.unpacker(codes)}(b, o)")
        self.source.line(f"o += {calcsize('<' + codes)}")
        for field in run:
            if field.type == "#":
                self._write_true_fields(field.name)
            else:
                self._write_value_upgrade(field)
        run.clear()

    def _flush_optional(self, optional: list[Field]) -> None:
        """Optional fields in a row: one test skips them all, for most requests have none."""
        source = self.source
        if len(optional) > 2:
            mask = 0
            for field in optional:
                mask |= 1 << field.bit
            source.line(f"if f_{optional[0].flags} & {mask}:")
            source.indent()
        for field in optional:
            source.line(f"if {self._flag_test(field)}:")
            source.indent()
            self._read_field(field)
            source.dedent()
        if len(optional) > 2:
            source.dedent()
        optional.clear()

    def _write_true_fields(self, flags: str) -> None:
        fields = [f for f in self.definition.fields if f.flags == flags and f.type == "true"]
        if not fields:
            return
        source = self.source
        mask = 0
        for field in fields:
            mask |= 1 << field.bit
        source.line(f"if f_{flags} & {mask}:")
        for field in fields:
            source.line(f"    x.{attribute_name(field.name)} = {self._flag_test(field)} != 0")
        source.line("else:")
        source.line("    " + " = ".join(f"x.{attribute_name(field.name)}" for field in fields) + " = False")

    def _read_field(self, field: Field) -> None:
        self.read(f"x.{attribute_name(field.name)}", field.type)
        self._write_value_upgrade(field)

    def _write_value_upgrade(self, field: Field) -> None:
        newest = self.shapes[field.name].type
        if newest != field.type and (upgrade := value_upgrade(field.type, newest)) is not None:
            name = self.source.constant(f"up_{field.name}", upgrade)
            target = f"x.{attribute_name(field.name)}"
            self.source.line(f"{target} = {name}({target})")

    def _write_upgrades(self) -> None:
        upgrade = OBJECT_UPGRADES.get(self.definition.name)
        if upgrade is not None and self.is_older:
            self.source.line(f"x = {self.source.constant('upgrade', upgrade)}(x)")
