"""The files that a configuration lies in: ``openclaw.yaml``, or OpenClaw's ``openclaw.json`` with what it includes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from teamgram.openclaw.config import json5, yaml_file
from teamgram.openclaw.config.errors import OpenClawConfigError

INCLUDE = "$include"
_MAX_DEPTH, _MAX_FILES, _MAX_BYTES = 10, 50, 4 * 1024 * 1024


@dataclass(slots=True)
class ConfigSource:
    """What was read.

    Attributes:
        content: the bytes of the main file.
        included: the other files, those that were missing too.
    """

    content: bytes = b""
    tree: dict[str, Any] = field(default_factory=dict)
    included: list[Path] = field(default_factory=list)


def path_in(directory: Path, environment: Mapping[str, str]) -> Path:
    """Which file: the environment's ``OPENCLAW_CONFIG_PATH``, ``openclaw.yaml``, or ``openclaw.json`` without one."""
    named = environment.get("OPENCLAW_CONFIG_PATH")
    if named:
        return Path(named).expanduser()
    yaml, json = directory / "openclaw.yaml", directory / "openclaw.json"
    return json if json.exists() and not yaml.exists() else yaml


def read(path: Path, before: bytes | None = None) -> ConfigSource:
    """Read a configuration; at the start a missing or empty file is an empty tree. Blocks.

    Args:
        before: what the main file held when it was last put into force, None at the start.

    Raises:
        OpenClawConfigError: it cannot be read, is no mapping, or is gone, emptied or cut off while the program runs;
            or an included file is none of these, lies elsewhere, or includes in a circle.
    """
    source = ConfigSource()
    try:
        found = yaml_file.read(path, before, _parse_json5 if path.suffix in (".json", ".json5") else None)
    except yaml_file.NoSuchFile as error:
        if not before:
            return source
        raise OpenClawConfigError(str(path), [{"path": "", "message": str(error)}]) from None
    except yaml_file.YamlFileError as error:
        raise OpenClawConfigError(str(path), [{"path": "", "message": str(error)}]) from None
    source.content = found.content
    tree = {} if found.tree is None else found.tree
    if not isinstance(tree, dict):
        raise OpenClawConfigError(str(path), [{"path": "", "message": "must be a mapping of keys to values"}])
    source.tree = _Including(path, source.included).resolved(tree, path, 0)
    return source


def _parse_json5(content: bytes) -> Any:
    text = content.decode("utf-8-sig", "strict")
    return json5.parse(text) if text.strip() else None


class _Including:
    """Puts what is included where it is asked for."""

    def __init__(self, main: Path, included: list[Path]) -> None:
        self._main = main
        self._root = main.resolve().parent
        self._included = included

    def resolved(self, value: Any, file: Path, depth: int) -> Any:
        if isinstance(value, list):
            return [self.resolved(each, file, depth) for each in value]
        if not isinstance(value, dict):
            return value
        beside = {key: self.resolved(child, file, depth) for key, child in value.items() if key != INCLUDE}
        if INCLUDE not in value:
            return beside
        names = value[INCLUDE] if isinstance(value[INCLUDE], list) else [value[INCLUDE]]
        found: Any = {}
        for name in names:
            found = joined(found, self._file(name, file, depth + 1))
        return joined(found, beside) if beside else found

    def _file(self, name: Any, file: Path, depth: int) -> Any:
        if not isinstance(name, str) or not name:
            raise self._refused(f"{INCLUDE} must name a file")
        path = (file.parent / name).resolve()
        if not path.is_relative_to(self._root):
            raise self._refused(f"{INCLUDE} of a file outside of {self._root}")
        if depth > _MAX_DEPTH or len(self._included) >= _MAX_FILES:
            raise self._refused(f"{INCLUDE} goes too deep, or in a circle")
        self._included.append(path)
        try:
            if path.stat().st_size > _MAX_BYTES:
                raise self._refused(f"{path.name} is too large")
            content = path.read_bytes()
            tree = yaml_file.parse(content, _parse_json5 if path.suffix in (".json", ".json5") else None)
        except OSError as error:
            raise self._refused(f"{path.name} cannot be read: {error.strerror}") from None
        except yaml_file.YamlFileError as error:
            raise self._refused(f"{path.name} {error}") from None
        return self.resolved(tree, path, depth)

    def _refused(self, message: str) -> OpenClawConfigError:
        return OpenClawConfigError(str(self._main), [{"path": "", "message": message}])


def joined(first: Any, second: Any) -> Any:
    """Two values as one: mappings key by key, lists one after the other, else the second."""
    if isinstance(first, dict) and isinstance(second, dict):
        return {**first, **{key: joined(first[key], value) if key in first else value for key, value in second.items()}}
    if isinstance(first, list) and isinstance(second, list):
        return [*first, *second]
    return second
