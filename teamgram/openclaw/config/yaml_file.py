"""YAML files of an operator: read at the start, and read again while the program runs, when half of one may be there.

An editor or a copy writes a file in place: for a moment it is empty, then it
holds a part. Both are often valid YAML and would say "everything as shipped".
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


class YamlFileError(Exception):
    """The file cannot be used; says why, and nothing of what is in it."""


class NoSuchFile(YamlFileError):
    """There is none."""


@dataclass(frozen=True, slots=True)
class YamlFile:
    """What was read: the file's bytes, and its tree; None for a file without a value."""

    content: bytes
    tree: Any


def parse(content: bytes, other: Callable[[bytes], Any] | None = None) -> Any:
    """The value of a document; None for one without.

    Args:
        other: reads it, for what is no YAML; raises ValueError with what is wrong.

    Raises:
        YamlFileError: it makes no sense.
    """
    try:
        if other is not None:
            return other(content)
        return yaml.load(content, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        raise YamlFileError(f"is no YAML: {_problem(error)}") from None
    except UnicodeDecodeError:
        raise YamlFileError("is no UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise YamlFileError(f"cannot be understood: {error}") from None


def read(path: Path, before: bytes | None = None, other: Callable[[bytes], Any] | None = None) -> YamlFile:
    """Read a file.

    Args:
        other: see :func:`parse`.
        before: what it held when it was last put into force; None at the start.

    Raises:
        YamlFileError: it cannot be read or is no YAML; or something was in force, and the file is gone or holds
            nothing or only the beginning of that.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise NoSuchFile("no such file") from None
    except OSError as error:
        raise YamlFileError(f"cannot be read: {error.strerror}") from None
    tree = parse(content, other)
    if before is not None and before.strip():
        if tree is None:
            raise YamlFileError("holds nothing; if that is meant, write {}")
        if len(content.rstrip()) < len(before.rstrip()) and before.startswith(content.rstrip()):
            raise YamlFileError(
                "holds only the beginning of what it held; if that is meant, write a comment at its end"
            )
    return YamlFile(content, tree)


def _problem(error: yaml.YAMLError) -> str:
    """What and where, without the piece of the file that PyYAML quotes: it may be a secret."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return "it has characters that YAML does not allow"
    mark = error.problem_mark or error.context_mark
    problem = re.sub(r"\s*'.*", "", error.problem or "it cannot be understood", flags=re.S)
    return f"{problem} at line {mark.line + 1}, column {mark.column + 1}" if mark is not None else problem
