"""Makes types for clients of the control plane: a Python module with what every method takes and gives.

    python tools/gen_openclaw_models.py protocol.schema.json openclaw_models.py

The input is ``protocol.schema.json`` of npm's ``@openclaw/gateway-protocol``. Each definition becomes a ``TypedDict``
(or the name of a union, a list, a text) of the same name, so that a program may say
``params: ChatSendParams = {...}`` and a type checker holds it to the protocol. ``METHODS`` has
each method's scope, and the names of its parameters' and result's types where the schema has them. The module needs
Python 3.11 and nothing else.
"""

import json
import keyword
import re
import sys
from pathlib import Path
from typing import Any

_HEAD = '''"""Types of OpenClaw's gateway protocol. Made by tools/gen_openclaw_models.py; not to be edited."""

from typing import Any, Literal, NotRequired, TypedDict

'''
_PLAIN = {
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "null": "None",
    "object": "dict[str, Any]",
}


class Models:
    """Writes a module, definition by definition.

    Attributes:
        rows: its classes and names so far, each after those that it needs.
    """

    def __init__(self, definitions: dict[str, Any]) -> None:
        self.rows: list[str] = []
        self._definitions = definitions
        #: What a nested schema is called when it stands among the definitions too.
        self._known = {
            _canonical(schema): name for name, schema in reversed(definitions.items()) if "properties" in schema
        }
        self._inner: dict[str, str] = {}
        self._written: set[str] = set()
        self._open: set[str] = set()

    def define(self, name: str) -> None:
        """One definition, once."""
        if name in self._written or name in self._open:
            return
        self._open.add(name)
        schema = self._definitions[name]
        if "properties" in schema:
            self._record(name, schema)
        else:
            self.rows.append(f"{name} = {self._type(schema, name)}")
        self._open.discard(name)
        self._written.add(name)

    def _record(self, name: str, schema: dict[str, Any]) -> None:
        required = set(schema.get("required", ()))
        fields = []
        for key, child in schema["properties"].items():
            kind = self._type(child, f"{name}{_camel(key)}")
            fields.append((key, kind if key in required else f"NotRequired[{kind}]"))
        if all(key.isidentifier() and not keyword.iskeyword(key) for key, _ in fields):
            body = [f"    {key}: {kind}" for key, kind in fields] or ["    pass"]
            self.rows.append("\n".join([f"class {name}(TypedDict):", *body]))
        else:
            inner = ", ".join(f"{key!r}: {kind}" for key, kind in fields)
            self.rows.append(f"{name} = TypedDict({name!r}, {{{inner}}})")

    def _type(self, schema: Any, name: str) -> str:
        """A schema as a type; ``name`` is what it is called if it needs a class."""
        if not isinstance(schema, dict):
            return "Any"
        if "$ref" in schema:
            target = schema["$ref"].rpartition("/")[2]
            self.define(target)
            return str(target)
        known = self._known.get(_canonical(schema))
        if known is not None and known != name and known not in self._open:
            self.define(known)
            return known
        if "const" in schema:
            return _literal([schema["const"]])
        if "enum" in schema:
            return _literal(schema["enum"])
        for keyword_ in ("anyOf", "oneOf"):
            if keyword_ in schema:
                kinds = [self._type(each, f"{name}{number}") for number, each in enumerate(schema[keyword_], 1)]
                return _union(kinds)
        if "allOf" in schema:
            return self._type(schema["allOf"][0], name) if len(schema["allOf"]) == 1 else "dict[str, Any]"
        return self._plain(schema, name)

    def _plain(self, schema: dict[str, Any], name: str) -> str:
        kind = schema.get("type")
        if isinstance(kind, list):
            return _union([self._plain({**schema, "type": each}, name) for each in kind])
        if kind == "array":
            items = schema.get("items")
            return f"list[{self._type(items, f'{name}Item') if isinstance(items, dict) else 'Any'}]"
        if schema.get("properties"):
            return self._nested(name, schema)
        if kind == "object":
            below = [*schema.get("patternProperties", {}).values()]
            more = schema.get("additionalProperties")
            below += [more] if isinstance(more, dict) and more else []
            return (
                f"dict[str, {_union([self._type(each, f'{name}Value') for each in below])}]"
                if below
                else "dict[str, Any]"
            )
        return _PLAIN.get(str(kind), "Any")

    def _nested(self, name: str, schema: dict[str, Any]) -> str:
        """A record inside another: a class of its own, under a name that is free."""
        text = _canonical(schema)
        while name in self._definitions or self._inner.get(name, text) != text:
            name += "Part"
        if name not in self._inner:
            self._inner[name] = text
            self._record(name, schema)
        return name


def _canonical(schema: Any) -> str:
    return json.dumps(schema, sort_keys=True)


def _camel(key: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", key))


def _literal(values: list[Any]) -> str:
    plain = [value for value in values if isinstance(value, str | int | bool) or value is None]
    return f"Literal[{', '.join(map(repr, plain))}]" if len(plain) == len(values) and plain else "Any"


def _union(kinds: list[str]) -> str:
    kinds = list(dict.fromkeys(kinds))
    if "Any" in kinds:
        return "Any"
    # Literals of one union are written as one; what is a union already stays as it is.
    literals = [kind[8:-1] for kind in kinds if re.fullmatch(r"Literal\[[^][]*\]", kind)]
    others = [kind for kind in kinds if not re.fullmatch(r"Literal\[[^][]*\]", kind)]
    return " | ".join([*([f"Literal[{', '.join(literals)}]"] if literals else []), *others])


def generate(protocol: dict[str, Any]) -> str:
    """The module's text."""
    definitions = protocol["definitions"]
    models = Models(definitions)
    for name in definitions:
        models.define(name)
    by_name = {name.lower(): name for name in definitions}
    table = []
    for method, about in protocol["methods"].items():
        plain = re.sub(r"[.\-]", "", method).lower()
        params, result = by_name.get(f"{plain}params"), by_name.get(f"{plain}result")
        table.append(f"    {method!r}: ({about.get('scope')!r}, {params!r}, {result!r}),")
    methods = "\n".join(
        ["#: Method -> (scope, type of its parameters, type of its result); None: the schema has none.",
         "METHODS: dict[str, tuple[str | None, str | None, str | None]] = {", *table, "}"]
    )  # fmt: skip
    return _HEAD + "\n\n".join(models.rows) + "\n\n" + methods + "\n"


def main() -> None:
    """Write the module and say what is in it."""
    text = generate(json.loads(Path(sys.argv[1]).read_text()))
    Path(sys.argv[2]).write_text(text)
    print(f"{sys.argv[2]}: {text.count('(TypedDict)')} records, {len(text)} characters")


if __name__ == "__main__":
    main()
