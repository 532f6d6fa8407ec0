"""TL objects as Python classes, one per constructor name, made on first use.

A class holds the union of the fields that its name has had in any layer; what the newest layer requires is required,
the rest is None (or False for a ``flags.N?true``) when absent.
"""

from __future__ import annotations

from keyword import iskeyword
from typing import Any, ClassVar

from teamgram.mtproto.tl.errors import TLError
from teamgram.mtproto.tl.registry import registry


class TLObject:
    """Base of all TL objects: equal by fields, readable ``repr`` (for tests and debuggers, never for logs)."""

    __slots__: ClassVar[tuple[str, ...]] = ()
    NAME: ClassVar[str] = ""

    def __eq__(self, other: object) -> bool:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        shown = ((name, getattr(self, name, None)) for name in self.__slots__)
        return f"{self.NAME}({', '.join(f'{name}={value!r}' for name, value in shown if value not in (None, False))})"


class _NamespaceMeta(type):
    """For a constructor whose name is also a namespace: ``tl.updates(...)`` and ``tl.updates.state(...)``."""

    def __getattr__(cls, name: str) -> Any:
        full = f"{cls.__dict__['NAME']}.{name}"
        if name.startswith("_") or not registry.entries_named(full):
            raise AttributeError(f"{full} is in no layer")
        return class_named(full)


def attribute_name(field: str) -> str:
    """The Python name of a field: itself, or with a trailing ``_`` for a keyword."""
    return field + "_" if iskeyword(field) else field


class FieldShape:
    """How a class holds one field: its newest type and what is there when it is absent."""

    __slots__ = ("default", "required", "type")

    def __init__(self, type_: str, required: bool) -> None:
        self.type = type_
        self.required = required
        self.default = False if type_ == "true" else None


_classes: dict[str, type[TLObject]] = {}
_shapes: dict[str, dict[str, FieldShape]] = {}


def fields_of(name: str) -> dict[str, FieldShape]:
    """The union of a name's fields over all layers, by field name; flags words left out."""
    shapes = _shapes.get(name)
    if shapes is None:
        shapes = {}
        for at, entry in enumerate(registry.entries_named(name)):
            for field in entry.definition.fields:
                if field.type != "#" and field.name not in shapes:
                    shapes[field.name] = FieldShape(field.type, at == 0 and field.flags is None)
        _shapes[name] = shapes
    return shapes


def class_named(name: str) -> Any:
    """The class for a literal constructor or function name.

    Raises:
        TLError: no layer has that name.
    """
    known = _classes.get(name)
    if known is None:
        known = _classes[name] = _make_class(name)
    return known


def _make_class(name: str) -> type[TLObject]:
    entries = registry.entries_named(name)
    if not entries:
        raise TLError(f"{name} is in no layer")
    shapes = fields_of(name)
    attributes = {attribute_name(field): shape for field, shape in shapes.items()}
    body = {"__slots__": tuple(attributes), "NAME": name, "__module__": __name__, "__init__": _make_init(attributes)}
    made: Any = _NamespaceMeta(name, (TLObject,), body)
    return made  # type: ignore[no-any-return]


def _make_init(attributes: dict[str, FieldShape]) -> Any:
    """Generate ``__init__(this, /, *, field, optional=None)``; positional-only, for a field may be called ``self``."""
    if not attributes:
        return TLObject.__init__
    parameters = ", ".join(
        attribute if shape.required else f"{attribute}={shape.default}" for attribute, shape in attributes.items()
    )
    body = "".join(f"\n    this.{attribute} = {attribute}" for attribute in attributes)
    scope: dict[str, Any] = {}
    exec(f"def __init__(this, /, *, {parameters}):{body}", scope)
    return scope["__init__"]


class Namespace:
    """Attribute access to classes: ``tl.message``, ``tl.messages.dialogs``."""

    def __init__(self, prefix: str = "") -> None:
        self._prefix = prefix

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        full = self._prefix + name
        if registry.entries_named(full):
            found: Any = class_named(full)
        elif self._prefix:
            raise AttributeError(f"{full} is in no layer")
        else:
            found = Namespace(f"{name}.")
        setattr(self, name, found)
        return found


tl: Any = Namespace()
"""Every TL constructor and function by its literal name."""
