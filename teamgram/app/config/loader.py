"""From a directory of YAML files to :class:`Configuration`, or one clear error."""

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from teamgram.app.config import sections
from teamgram.app.config.errors import ConfigError
from teamgram.app.config.units import parse_duration, parse_size
from teamgram.openclaw.config import yaml_file

_S = TypeVar("_S", bound=sections.Section)

_AT = re.compile(r" - at `\$\.?(.*)`$")
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`")


@dataclass(frozen=True)
class Configuration:
    """Everything that was read, the bytes of each file, and the keys in it that nothing here uses."""

    directory: Path
    gnetway: sections.GnetwayFile
    session: sections.SessionFile
    authsession: sections.AuthsessionFile
    bff: sections.BffFile
    dfs: sections.DfsFile
    botapi: sections.BotApiFile
    operations: sections.OperationsFile
    contents: dict[str, bytes] = field(default_factory=dict, repr=False, compare=False)
    unused: tuple[str, ...] = field(default=())


def load_configuration(directory: Path, before: Configuration | None = None) -> Configuration:
    """Read the files of ``directory``, one a service; ``sections.OPTIONAL_FILES`` if they are there.

    Args:
        before: what is in force: a file that was emptied or cut off since is refused.

    Raises:
        ConfigError: with the file, the path in it and the fix.
    """
    if not directory.is_dir():
        raise ConfigError(str(directory), "", "no such directory; give --config one that holds gnetway.yaml")
    loaded: dict[str, Any] = {}
    unused: list[str] = []
    contents: dict[str, bytes] = {}
    known = before.contents if before is not None else {}
    for name, shape in sections.FILES.items():
        path = directory / name
        if name in sections.OPTIONAL_FILES and name not in known and not path.exists():
            section: sections.Section = shape()
        else:
            section, contents[name] = load_file(path, shape, known.get(name))
        loaded[name.removesuffix(".yaml")] = section
        unused += [f"{name}: {path}" for path in _unused_keys(section, "")]
    return Configuration(directory=directory, contents=contents, unused=tuple(unused), **loaded)


def load_file(path: Path, shape: type[_S], before: bytes | None = None) -> tuple[_S, bytes]:
    """One file as its section, and its bytes; ``before`` is what it held when it was last put into force.

    Raises:
        ConfigError: as :func:`load_configuration`.
    """
    file = str(path)
    try:
        found = yaml_file.read(path, before)
    except yaml_file.NoSuchFile:
        raise ConfigError(file, "", "no such file; copy the one from etc/ of the project") from None
    except yaml_file.YamlFileError as error:
        raise ConfigError(file, "", str(error)) from None
    tree = found.tree
    if not isinstance(tree, dict):
        raise ConfigError(file, "", "must be a mapping of keys to values")
    try:
        section = msgspec.convert(tree, shape)
    except msgspec.ValidationError as error:
        raise _explain(file, str(error), shape) from None
    for where, unit, value in _units(section, ""):
        try:
            parse_duration(value) if unit == "duration" else parse_size(value)
        except ValueError as error:
            raise ConfigError(file, where, str(error)) from None
    return section, found.content


def _explain(file: str, message: str, shape: type[sections.Section]) -> ConfigError:
    at = _AT.search(message)
    path = at.group(1) if at else ""
    problem = message[: at.start()] if at else message
    unknown = _UNKNOWN.match(problem)
    if problem.startswith("Invalid enum value"):
        return ConfigError(file, path, "is none of the values that it may have")
    if unknown is None:
        return ConfigError(file, path, problem[0].lower() + problem[1:])
    name = unknown.group(1)
    known = _fields_at(shape, path)
    near = difflib.get_close_matches(name, known, 1, 0.6)
    fix = f"did you mean {near[0]}?" if near else f"known here: {', '.join(known)}" if known else "remove it"
    return ConfigError(file, f"{path}.{name}" if path else name, f"unknown key; {fix}")


def _fields_at(shape: Any, path: str) -> list[str]:
    for part in filter(None, re.split(r"[.\[\]]+", path)):
        if not part.isdigit() and part != "...":
            shape = get_type_hints(shape).get(part)
        shape = _struct_in(shape)
        if shape is None:
            return []
    return list(shape.__struct_fields__)


def _struct_in(hint: Any) -> Any:
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return hint
    return next(filter(None, map(_struct_in, get_args(hint))), None)


def _annotated(section: sections.Section) -> Iterator[tuple[str, dict[str, Any], Any]]:
    hints = get_type_hints(type(section), include_extras=True)
    for name in section.__struct_fields__:
        hint = hints[name]
        extra: dict[str, Any] = {}
        if get_origin(hint) is Annotated:
            extra = next((m.extra or {} for m in hint.__metadata__ if isinstance(m, msgspec.Meta)), {})
        yield name, extra, getattr(section, name)


def _children(prefix: str, name: str, value: Any) -> Iterator[tuple[str, sections.Section]]:
    if isinstance(value, sections.Section):
        yield f"{prefix}{name}.", value
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, sections.Section):
                yield f"{prefix}{name}[{index}].", item


def _unused_keys(section: sections.Section, prefix: str) -> Iterator[str]:
    for name, extra, value in _annotated(section):
        if extra.get("unused"):
            if value is not msgspec.UNSET:
                yield prefix + name
            continue
        for below, child in _children(prefix, name, value):
            yield from _unused_keys(child, below)


def _units(section: sections.Section, prefix: str) -> Iterator[tuple[str, str, Any]]:
    for name, extra, value in _annotated(section):
        if "unit" in extra and value is not None:
            yield prefix + name, extra["unit"], value
        for below, child in _children(prefix, name, value):
            yield from _units(child, below)
