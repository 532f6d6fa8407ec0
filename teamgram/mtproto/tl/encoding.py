"""Encoders, generated as Python source per (layer, class) on first use.

An encoder is ``encode(obj, write)``: it appends pieces of bytes, constructor id first. ``LayerEncoders`` holds one
layer's, with a dispatch table per boxed type, so that a value of a wrong type is refused here and not by the client.
Objects are in the newest layer's shape; what an older layer calls for is in ``layers/``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from struct import pack
from typing import Any

from teamgram.mtproto.tl import primitives
from teamgram.mtproto.tl.classes import TLObject, attribute_name, class_named, fields_of
from teamgram.mtproto.tl.definitions import VECTOR_ID, Definition, Field
from teamgram.mtproto.tl.errors import NotInLayerError, TLError
from teamgram.mtproto.tl.layers.defaults import default_for
from teamgram.mtproto.tl.layers.downgrades import FIELD_DOWNGRADES, OBJECT_DOWNGRADES, value_downgrade
from teamgram.mtproto.tl.layers.fallbacks import INSTEAD_OF, LEFT_OUT_WHOLE, stand_in_for
from teamgram.mtproto.tl.registry import NEWEST_LAYER, registry
from teamgram.mtproto.tl.source import FIXED_CODES, Source

Write = Callable[[bytes], object]
Encoder = Callable[[Any, Write], None]


def drop(obj: Any, write: Write) -> None:
    """Stands in a table for a class that the layer does not have and that vectors leave out."""
    raise NotInLayerError(f"{obj.NAME} is not in the client's layer")


def _keep(items: Iterable[Any], table: EncoderTable) -> list[Any]:
    """The items that the layer can carry."""
    return [item for item in items if table[item.__class__] is not drop]


def _keep_one(value: Any, table: EncoderTable) -> Any:
    """The value, or None when the layer cannot carry it."""
    return None if value is not None and table[value.__class__] is drop else value


def _write_sayable(items: Iterable[Any], table: EncoderTable) -> list[bytes]:
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


class EncoderTable(dict[type[Any], Encoder]):
    """One layer's encoders of one boxed type by class. ``Object`` takes every constructor and function."""

    def __init__(self, encoders: LayerEncoders, result: str) -> None:
        super().__init__()
        self._encoders = encoders
        self._result = result

    def __missing__(self, cls: type[Any]) -> Encoder:
        encoder = self[cls] = self._encoders.resolve(cls, self._result)
        return encoder


class LayerEncoders:
    """Everything that writes objects for one layer.

    Args:
        layer: a layer whose schema is known (``registry.schema_layer``).
    """

    def __init__(self, layer: int) -> None:
        self.layer = layer
        self._encoders: dict[int, Encoder] = {}
        self._tables: dict[str, EncoderTable] = {}
        self._answers: dict[str, Encoder] = {}
        self._lacking: dict[str, bool] = {}

    def table(self, result: str) -> EncoderTable:
        """The dispatch table of one boxed type."""
        table = self._tables.get(result)
        if table is None:
            table = self._tables[result] = EncoderTable(self, result)
        return table

    def answer(self, method: str) -> Encoder:
        """The encoder for what a method answers: a boxed type, ``Bool``, a vector.

        Raises:
            TLError: there is no such method.
        """
        encoder = self._answers.get(method)
        if encoder is None:
            newest = registry.newest_of(method).result
            result = registry.result_type_of(method, self.layer)
            source = Source("encode(v, w)")
            change = None if newest == result else value_downgrade(newest, result)
            if change is not None:
                source.line(f"v = {source.constant('change', change)}(v)")
            _ValueWriter(source, self).write("v", result)
            encoder = self._answers[method] = source.compile(f"encode answer to {method}")
        return encoder

    def resolve(self, cls: type[Any], result: str) -> Encoder:
        """The encoder for an object of ``cls`` where a ``result`` is wanted.

        Raises:
            TLError: the class is not of that type, and nothing in this layer can stand for it.
        """
        if result == "Object" and cls is bool:
            return _write_bool
        if not issubclass(cls, TLObject):
            raise TLError(f"{cls.__name__} where {result} was expected")
        newest = registry.newest_of(cls.NAME)
        object_downgrade = OBJECT_DOWNGRADES.get((newest.result if result == "Object" else result, cls.NAME))
        definition = registry.definition_of(cls.NAME, self.layer)
        if definition is not None and (result == "Object" or definition.result == result):
            encoder = self.encoder_of(definition)
            instead = INSTEAD_OF.get(cls.NAME)
            if instead is not None and self.layer != NEWEST_LAYER:
                encoder = self._or_instead(encoder, instead, definition.result)
            return encoder if object_downgrade is None else self._through(object_downgrade, encoder, result)
        if object_downgrade is not None:
            return self._through(object_downgrade, None, result)
        if newest.is_function or result not in ("Object", newest.result):
            raise TLError(f"{cls.NAME} where {result} was expected")
        stand_in = stand_in_for(newest.result)
        if stand_in is not None and registry.definition_of(stand_in[1], self.layer) is not None:
            return self._through(stand_in[0], None, newest.result)
        return drop

    def _through(self, change: Callable[[Any, int], Any], encoder: Encoder | None, result: str) -> Encoder:
        """An encoder that first changes the object; ``encoder`` is for objects that the change returns as they are."""
        layer, table = self.layer, self.table(result)

        def encode_changed(obj: Any, write: Write) -> None:
            changed = change(obj, layer)
            if changed is obj:
                if encoder is None:
                    raise NotInLayerError(f"{obj.NAME} is not in layer {layer}")
                encoder(obj, write)
            else:
                table[changed.__class__](changed, write)

        return encode_changed

    def _or_instead(self, encoder: Encoder, make: Callable[[Any, int], Any], result: str) -> Encoder:
        """An encoder that writes another object when a part of this one cannot be said in the layer."""
        layer, table = self.layer, self.table(result)

        def encode_or_instead(obj: Any, write: Write) -> None:
            parts: list[bytes] = []
            try:
                encoder(obj, parts.append)
            except NotInLayerError:
                other = make(obj, layer)
                table[other.__class__](other, write)
            else:
                write(b"".join(parts))

        return encode_or_instead

    def encoder_of(self, definition: Definition) -> Encoder:
        """The encoder of one definition with this layer's tables."""
        encoder = self._encoders.get(definition.id)
        if encoder is None:
            encoder = self._encoders[definition.id] = _ObjectEncoder(definition, self).make()
        return encoder

    def may_lack(self, result: str) -> bool:
        """Whether a boxed type has newer constructors that this layer has nothing for."""
        lacking = self._lacking.get(result)
        if lacking is None:
            lacking = self._lacking[result] = self.layer != NEWEST_LAYER and any(
                registry.definition_of(name, NEWEST_LAYER) is not None and self._lacks(name, result)
                for name in registry.constructors_of(result)
            )
        return lacking

    def _lacks(self, name: str, result: str) -> bool:
        definition = registry.definition_of(name, self.layer)
        return (definition is None or definition.result != result) and stand_in_for(result) is None


def _write_bool(value: Any, write: Write) -> None:
    write(primitives.BOOL_BYTES[value])


class _ValueWriter:
    """Writes the lines that write one value. Locals: w the sink."""

    def __init__(self, source: Source, encoders: LayerEncoders) -> None:
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
            source.line(f"{self._table(kind)}[{value}.__class__]({value}, w)")

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


def _bare(encoders: LayerEncoders, name: str) -> Encoder:
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

    def __init__(self, definition: Definition, encoders: LayerEncoders) -> None:
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


_layers: dict[int, LayerEncoders] = {}
_by_any_layer: dict[int, LayerEncoders] = {}


def encoders_for(layer: int = NEWEST_LAYER) -> LayerEncoders:
    """The encoders of a layer; layers between two known ones share the lower one's."""
    encoders = _by_any_layer.get(layer)
    if encoders is None:
        known = registry.schema_layer(layer)
        encoders = _layers.get(known)
        if encoders is None:
            encoders = _layers[known] = LayerEncoders(known)
        if len(_by_any_layer) < 1024:
            _by_any_layer[layer] = encoders
    return encoders
