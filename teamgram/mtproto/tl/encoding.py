"""Encoders of one layer by class, and the dispatch between them.

An encoder is ``encode(obj, write)``: it appends pieces of bytes, constructor id first. It is generated on first use
(``encoder_source``). ``LayerEncoders`` holds one layer's, with a dispatch table per boxed type, so that a value of a
wrong type is refused here and not by the client. Objects are in the newest layer's shape; what an older layer calls for
is in ``layers/``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from teamgram.mtproto.tl import primitives
from teamgram.mtproto.tl.classes import TLObject
from teamgram.mtproto.tl.definitions import Definition
from teamgram.mtproto.tl.encoder_source import Encoder, Write, answer_encoder, drop, object_encoder
from teamgram.mtproto.tl.errors import NotInLayerError, TLError
from teamgram.mtproto.tl.layers.downgrades import OBJECT_DOWNGRADES
from teamgram.mtproto.tl.layers.fallbacks import INSTEAD_OF, stand_in_for
from teamgram.mtproto.tl.registry import NEWEST_LAYER, registry


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
        self.objects = self.table("Object")
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
            encoder = self._answers[method] = answer_encoder(method, self)
        return encoder

    def resolve(self, cls: type[Any], result: str) -> Encoder:
        """The encoder for an object of ``cls`` where a ``result`` is wanted.

        Raises:
            TLError: the class is not of that type, and nothing in this layer can stand for it.
        """
        if cls is bool and result in ("Object", "Bool"):
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
            encoder = self._encoders[definition.id] = object_encoder(definition, self)
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
