"""Makes ``teamgram/openclaw/config/openclaw_keys.json``: keys of an OpenClaw configuration that we do not use.

    openclaw config schema > schema.json
    python tools/gen_openclaw_config_keys.py schema.json

Written is, for each of our own sections (``gateway``, ``agents.list[]``, ``models.providers.*``, …; the file itself is
the empty name), what else OpenClaw's schema has there. Sections that we take as they are need no entry.
"""

import json
import sys
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from teamgram.openclaw.config.sections import OpenClawFile

OUTPUT = Path(__file__).resolve().parent.parent / "teamgram/openclaw/config/openclaw_keys.json"


def structs_of(shape: Any, suffix: str = "") -> Iterator[tuple[str, type[msgspec.Struct]]]:
    """The sections in a field's type, with what stands between the field's name and theirs (``[]``, ``.*``)."""
    if isinstance(shape, type) and issubclass(shape, msgspec.Struct):
        yield suffix, shape
    origin = typing.get_origin(shape)
    arguments = typing.get_args(shape)
    if origin is list:
        yield from structs_of(arguments[0], suffix + "[]")
    elif origin is dict:
        yield from structs_of(arguments[1], suffix + ".*")
    elif origin in (typing.Union, types.UnionType):
        for each in arguments:
            yield from structs_of(each, suffix)


def branches(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A schema and all that it may be instead."""
    yield schema
    for keyword in ("anyOf", "oneOf", "allOf"):
        for each in schema.get(keyword, ()):
            yield from branches(each)


def below(schemas: list[dict[str, Any]], step: str) -> list[dict[str, Any]]:
    """What may stand one step further down: a name, ``[]`` or ``*``."""
    found = []
    for schema in schemas:
        for each in branches(schema):
            child = (
                each.get("items")
                if step == "[]"
                else each.get("additionalProperties")
                if step == "*"
                else each.get("properties", {}).get(step)
            )
            if isinstance(child, dict):
                found.append(child)
    return found


def walk(path: str, struct: type[msgspec.Struct], schemas: list[dict[str, Any]], keys: dict[str, list[str]]) -> None:
    """Note what of these schemas a section has not, and go down."""
    there = {name for schema in schemas for each in branches(schema) for name in each.get("properties", {})}
    ours = dict(zip(struct.__struct_encode_fields__, struct.__struct_fields__, strict=True))
    if there - set(ours):
        keys[path] = sorted(there - set(ours))
    hints = typing.get_type_hints(struct)
    for name, field in ours.items():
        for suffix, child in structs_of(hints[field]):
            steps = [name, *suffix.replace("[]", ".[]").split(".")[1:]]
            found = schemas
            for step in steps:
                found = below(found, step)
            walk(f"{path}.{name}{suffix}".lstrip("."), child, found, keys)


def main() -> None:
    """Write the file."""
    keys: dict[str, list[str]] = {}
    walk("", OpenClawFile, [json.loads(Path(sys.argv[1]).read_text())], keys)
    OUTPUT.write_text(json.dumps(keys, indent=1) + "\n")
    print(f"{OUTPUT}: {sum(map(len, keys.values()))} keys of {len(keys)} sections")


if __name__ == "__main__":
    main()
