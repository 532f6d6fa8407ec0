"""Encoders as Python source: what is written for each field, and the few functions that generated code calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from struct import pack
from typing import Any, Protocol

from teamgram.mtproto.tl import primitives
from teamgram.mtproto.tl.classes import attribute_name, class_named, fields_of
from teamgram.mtproto.tl.definitions import VECTOR_ID, Definition, Field
from teamgram.mtproto.tl.errors import NotInLayerError, TLError
from teamgram.mtproto.tl.layers.defaults import default_for
from teamgram.mtproto.tl.layers.downgrades import FIELD_DOWNGRADES, value_downgrade
from teamgram.mtproto.tl.layers.fallbacks import LEFT_OUT_WHOLE
from teamgram.mtproto.tl.registry import NEWEST_LAYER, registry
from teamgram.mtproto.tl.source import FIXED_CODES, Source

Write = Callable[[bytes], object]
Encoder = Callable[[Any, Write], None]
Encoders = Mapping[type[Any], Encoder]
"""One layer's encoders of one boxed type, by class."""


class EncodersOfLayer(Protocol):
    """What the source of an encoder needs of those of its layer."""

    layer: int

    def table(self, result: str) -> Encoders:
        """The encoders of one boxed type."""

    def encoder_of(self, definition: Definition) -> Encoder:
        """The encoder of one definition."""

    def may_lack(self, result: str) -> bool:
        """Whether a boxed type has newer constructors that the layer has nothing for."""


def drop(obj: Any, write: Write) -> None:
    """Stands in a table for a class that the layer does not have and that vectors leave out."""
    raise NotInLayerError(f"{obj.NAME} is not in the client's layer")


def _keep(items: Iterable[Any], table: Encoders) -> list[Any]:
    """The items that the layer can carry."""
    return [item for item in items if table[item.__class__] is not drop]


def _keep_one(value: Any, table: Encoders) -> Any:
    """The value, or None when the layer cannot carry it."""
    return None if value is not None and table[value.__class__] is drop else value


def _write_sayable(items: Iterable[Any], table: Encoders) -> list[bytes]:
    """The written items, without those of which some part cannot be said in the layer."""
    written = []
    for item in items:
        parts: list[bytes] = []
        try:
            table[item.__class__](item, parts.append)
        except NotInLayerError:
            continue
        written.append(b"".join(parts))
    return written


def object_encoder(definition: Definition, encoders: EncodersOfLayer) -> Encoder:
    """Generate the encoder of one definition with the tables of one layer."""
    return _ObjectEncoder(definition, encoders).make()


def answer_encoder(method: str, encoders: EncodersOfLayer) -> Encoder:
    """Generate the encoder of what a method answers, in the type that it has in the layer."""
    newest = registry.newest_of(method).result
    result = registry.result_type_of(method, encoders.layer)
    source = Source("encode(v, w)")
    change = None if newest == result else value_downgrade(newest, result)
    if change is not None:
        source.line(f"v = {source.constant('change', change)}(v)")
    writer = _ValueWriter(source, encoders)
    if result == "Bool" and newest != "Bool":
        # What the method answers now is an object, which says whether that is a yes.
        writer.write_boxed("v", result)
    else:
        writer.write("v", result)
    return source.compile(f"encode answer to {method}")  # type: ignore[no-any-return]


class _ValueWriter:
    """Writes the lines that write one value. Locals: w the sink."""

    def __init__(self, source: Source, encoders: EncodersOfLayer) -> None:
        self.source = source
        self.encoders = encoders

    def write(self, value: str, kind: str) -> None:
        source = self.source
        if kind in FIXED_CODES:
            source.line(f"w({source.packer(FIXED_CODES[kind])}({value}))")
        elif kind in ("string", "bytes"):
            self._write_string(value + ".encode()" if kind == "string" else value)
        elif kind == "Bool":
            source.line(f"w({source.constant('BOOL_BYTES', primitives.BOOL_BYTES)}[{value}])")
        elif kind in ("int128", "int256"):
            size = int(kind[3:]) // 8
            source.line(f"w({source.constant('checked_fixed', primitives.checked_fixed)}({value}, {size}))")
        elif kind.startswith(("Vector<", "vector<")):
            self._write_vector(value, kind[7:-1], boxed=kind[0] == "V")
        elif kind in ("!X", "X"):
            source.line(f"if {value}.__class__ is bytes: w({value})")
            source.line(f"else: {self._table('Object')}[{value}.__class__]({value}, w)")
        elif kind.rpartition(".")[2][0].islower():
            bare = source.constant(f"bare_{kind}", _bare(self.encoders, kind))
            source.line(f"{bare}({value}, w)")
        else:
            self.write_boxed(value, kind)

    def write_boxed(self, value: str, kind: str) -> None:
        """As the table of the type has it for the value's class."""
        self.source.line(f"{self._table(kind)}[{value}.__class__]({value}, w)")

    def _table(self, kind: str) -> str:
        return self.source.constant("E_" + kind.replace(".", "_"), self.encoders.table(kind))

    def _write_string(self, value: str) -> None:
        source = self.source
        text, size = source.variable(), source.variable()
        lengths = source.constant("LENGTHS", primitives.LENGTHS)
        paddings = source.constant("PADDINGS", primitives.PADDINGS)
        long_bytes = source.constant("write_long_bytes", primitives.write_long_bytes)
        source.line(f"{text} = {value}")
        source.line(f"{size} = len({text})")
        source.line(f"if {size} < 254: w({lengths}[{size}] + {text} + {paddings}[{size} & 3])")
        source.line(f"else: w({long_bytes}({text}))")

    def _write_vector(self, value: str, item: str, boxed: bool) -> None:
        source = self.source
        items = source.variable()
        head = f"{VECTOR_ID}, " if boxed else ""
        codes = "II" if boxed else "I"
        if item in LEFT_OUT_WHOLE and self.encoders.layer != NEWEST_LAYER:
            source.line(f"{items} = {source.constant('write_sayable', _write_sayable)}({value}, {self._table(item)})")
            source.line(f"w({source.packer(codes)}({head}len({items})))")
            source.line(f"w(b''.join({items}))")
            return
        if self.encoders.may_lack(item):
            source.line(f"{items} = {source.constant('keep', _keep)}({value}, {self._table(item)})")
        else:
            source.line(f"{items} = {value}")
        if item in FIXED_CODES:
            packs = source.constant("pack", pack)
            source.line(f"w({packs}(f'<{codes}{{len({items})}}{FIXED_CODES[item]}', {head}len({items}), *{items}))")
            return
        element = source.variable()
        source.line(f"w({source.packer(codes)}({head}len({items})))")
        source.line(f"for {element} in {items}:")
        source.indent()
        self.write(element, item)
        source.dedent()


def _bare(encoders: EncodersOfLayer, name: str) -> Encoder:
    """The encoder of a bare constructor: the boxed one without its id."""
    boxed = encoders.encoder_of(registry.newest_of(name))
    cls = class_named(name)

    def encode_bare(obj: Any, write: Write) -> None:
        if obj.__class__ is not cls:
            raise TLError(f"{name} was expected")
        parts: list[bytes] = []
        boxed(obj, parts.append)
        write(b"".join(parts)[4:])

    return encode_bare


class _ObjectEncoder(_ValueWriter):
    """Writes the encoder of one constructor for one layer."""

    def __init__(self, definition: Definition, encoders: EncodersOfLayer) -> None:
        super().__init__(Source("encode(x, w)"), encoders)
        self.definition = definition
        self.shapes = fields_of(definition.name)
        self.is_newest = registry.newest_of(definition.name) is definition
        self._values: dict[str, str] = {}

    def make(self) -> Encoder:
        definition, source = self.definition, self.source
        for field in definition.fields:
            self._prepare(field)
        self._write_flags()
        run: list[Field] = [Field("", "#")]
        self._values[""] = str(definition.id)
        for field in definition.fields:
            if field.flags is None and field.type in FIXED_CODES:
                run.append(field)
            elif field.type != "true":
                self._flush(run)
                if field.flags is not None:
                    source.line(f"if f_{field.flags} & {1 << field.bit}:")
                    source.indent()
                self._fill_shared_bit(field)
                self.write(self._values[field.name], field.type)
                if field.flags is not None:
                    source.dedent()
        self._flush(run)
        return source.compile(f"encode {definition.name} {self.encoders.layer}")  # type: ignore[no-any-return]

    def _prepare(self, field: Field) -> None:
        """Say where a field's value comes from, and write the lines that make it when an attribute is not enough."""
        if field.type == "#":
            self._values[field.name] = f"f_{field.name}"
            return
        source = self.source
        attribute = f"x.{attribute_name(field.name)}"
        derive = None if self.is_newest else FIELD_DOWNGRADES.get((self.definition.name, field.name))
        newest = self.shapes[field.name].type
        convert = None if newest == field.type else value_downgrade(newest, field.type)
        may_drop = field.flags is not None and self.encoders.may_lack(field.type)
        needs_default = not self.is_newest and field.flags is None and not self.shapes[field.name].required
        if derive is None and convert is None and not may_drop and not needs_default:
            if field.flags is None or field.type == "true":
                self._values[field.name] = attribute
            else:
                self._values[field.name] = self._local(attribute)
            return
        value = self._local(attribute)
        self._values[field.name] = value
        if derive is not None:
            absent = f"not {value}" if field.type == "true" else f"{value} is None"
            source.line(f"if {absent}: {value} = {source.constant(f'derive_{field.name}', derive)}(x)")
        if convert is not None:
            source.line(
                f"if {value} is not None: {value} = {source.constant(f'convert_{field.name}', convert)}({value})"
            )
        if may_drop:
            source.line(f"{value} = {source.constant('keep_one', _keep_one)}({value}, {self._table(field.type)})")
        if needs_default:
            make = source.constant(f"default_{field.name}", default_for(field.type))
            source.line(f"if {value} is None: {value} = {make}()")

    def _fill_shared_bit(self, field: Field) -> None:
        """In an older shape two fields may hang on one bit that newer layers set for one of them alone."""
        shares = [other for other in self.definition.fields if (other.flags, other.bit) == (field.flags, field.bit)]
        if field.flags is not None and not self.is_newest and len(shares) > 1:
            value = self._values[field.name]
            make = self.source.constant(f"default_{field.name}", default_for(field.type))
            self.source.line(f"if {value} is None: {value} = {make}()")

    def _local(self, attribute: str) -> str:
        name = self.source.variable()
        self.source.line(f"{name} = {attribute}")
        return name

    def _write_flags(self) -> None:
        for word in self.definition.fields:
            if word.type != "#":
                continue
            self.source.line(f"f_{word.name} = 0")
            for field in self.definition.fields:
                if field.flags == word.name:
                    value = self._values[field.name]
                    present = value if field.type == "true" else f"{value} is not None"
                    self.source.line(f"if {present}: f_{word.name} |= {1 << field.bit}")

    def _flush(self, run: list[Field]) -> None:
        if not run:
            return
        source = self.source
        if len(run) == 1 and run[0].name == "":
            source.line(f"w({self.definition.id.to_bytes(4, 'little')!r})")
        else:
            codes = "".join(FIXED_CODES[field.type] for field in run)
            source.line(f"w({source.packer(codes)}({', '.join(self._values[field.name] for field in run)}))")
        run.clear()
