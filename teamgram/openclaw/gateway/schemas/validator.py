"""JSON Schema to plain functions, with the reference gateway's error texts. Plain Python.

A library would validate as well; it would word its errors otherwise, and
clients and their tests compare these. The keywords are those that the
generator lets through; an unknown one fails at compile time, so a newer
protocol file cannot weaken a check in silence.

A compiled schema is a function of (value, path, problems) that appends
``at /limit: must be >= 1`` and the like.
"""

import json
import re
from collections.abc import Callable, Iterable
from functools import cached_property
from importlib import resources
from typing import Any

import msgspec

Check = Callable[[Any, str, list[str]], None]

_MAX_PROBLEMS = 8


def _at(path: str, problem: str) -> str:
    return f"at {path}: {problem}" if path else problem


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_integer(value: Any) -> bool:
    return _is_number(value) and (isinstance(value, int) or value.is_integer())


_TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "number": _is_number,
    "integer": _is_integer,
}


def _same(left: Any, right: Any) -> bool:
    return isinstance(left, bool) == isinstance(right, bool) and left == right


def compile_schema(schema: Any) -> Check:
    """The function for one schema.

    Raises:
        ValueError: a keyword that this validator does not know.
    """
    if schema is True or schema == {}:
        return lambda value, path, problems: None
    checks: list[Check] = []
    for keyword, argument in schema.items():
        if keyword in ("additionalProperties", "patternProperties", "then", "else"):
            continue
        make = _KEYWORDS.get(keyword)
        if make is None:
            raise ValueError(f"unknown schema keyword {keyword!r}")
        check = make(argument, schema)
        if keyword == "type":
            checks.insert(0, check)
        else:
            checks.append(check)
    if "properties" not in schema and {"additionalProperties", "patternProperties"} & schema.keys():
        checks.append(_properties({}, schema))
    if len(checks) == 1:
        return checks[0]
    has_type = "type" in schema

    def all_of(value: Any, path: str, problems: list[str]) -> None:
        before = len(problems)
        for index, check in enumerate(checks):
            check(value, path, problems)
            if has_type and index == 0 and len(problems) > before:
                return

    return all_of


def problems_of(check: Check, value: Any) -> str | None:
    """All problems of ``value`` in one line, None when there are none."""
    problems: list[str] = []
    check(value, "", problems)
    return "; ".join(dict.fromkeys(problems[:_MAX_PROBLEMS])) if problems else None


def _type(name: Any, schema: Any) -> Check:
    if isinstance(name, list):
        tests = [_TYPES[each] for each in name]

        def either(value: Any, path: str, problems: list[str]) -> None:
            if not any(test(value) for test in tests):
                problems.append(_at(path, f"must be either {' or '.join(name)}"))

        return either
    test = _TYPES[name]

    def check(value: Any, path: str, problems: list[str]) -> None:
        if not test(value):
            problems.append(_at(path, f"must be {name}"))

    return check


def _required(names: list[str], schema: Any) -> Check:
    def check(value: Any, path: str, problems: list[str]) -> None:
        if isinstance(value, dict):
            for name in names:
                if name not in value:
                    problems.append(_at(path, f"must have required property '{name}'"))
                    return

    return check


def _properties(children: dict[str, Any], schema: Any) -> Check:
    known = {name: compile_schema(child) for name, child in children.items()}
    patterns = [(re.compile(p), compile_schema(child)) for p, child in schema.get("patternProperties", {}).items()]
    rest = schema.get("additionalProperties", True)
    closed = rest is False
    other = compile_schema(rest) if isinstance(rest, dict) else None

    def check(value: Any, path: str, problems: list[str]) -> None:
        if not isinstance(value, dict):
            return
        told = False
        for name, item in value.items():
            child = known.get(name)
            if child is not None:
                continue
            matched = [sub for pattern, sub in patterns if pattern.search(name)]
            if closed and not matched and not told:
                problems.append(f"at {path or 'root'}: unexpected property '{name}'")
                told = True
            for sub in matched or ([other] if other else []):
                sub(item, f"{path}/{name}", problems)
        for name, child in known.items():
            if name in value:
                child(value[name], f"{path}/{name}", problems)

    return check


def _items(schema: Any, parent: Any) -> Check:
    item = compile_schema(schema)

    def check(value: Any, path: str, problems: list[str]) -> None:
        if isinstance(value, list):
            for index, each in enumerate(value):
                item(each, f"{path}/{index}", problems)
                if len(problems) >= _MAX_PROBLEMS:
                    return

    return check


def _contains(schema: Any, parent: Any) -> Check:
    item = compile_schema(schema)

    def check(value: Any, path: str, problems: list[str]) -> None:
        if isinstance(value, list) and all(problems_of(item, each) for each in value):
            problems.append(_at(path, "must contain at least 1 valid item(s)"))

    return check


def _enum(allowed: list[Any], schema: Any) -> Check:
    def check(value: Any, path: str, problems: list[str]) -> None:
        if not any(_same(value, each) for each in allowed):
            problems.append(_at(path, "must be equal to one of the allowed values"))

    return check


def _const(constant: Any, schema: Any) -> Check:
    def check(value: Any, path: str, problems: list[str]) -> None:
        if not _same(value, constant):
            problems.append(_at(path, "must be equal to constant"))

    return check


def _some_of(word: str, fits: Callable[[int], bool]) -> Callable[[list[Any], Any], Check]:
    def make(branches: list[Any], schema: Any) -> Check:
        checks = [compile_schema(branch) for branch in branches]

        def check(value: Any, path: str, problems: list[str]) -> None:
            found: list[str] = []
            matching = 0
            for branch in checks:
                own: list[str] = []
                branch(value, path, own)
                matching += not own
                found += own
            if not fits(matching):
                problems += found if matching == 0 else []
                problems.append(_at(path, f"must match {word}"))

        return check

    return make


def _all_of(branches: list[Any], schema: Any) -> Check:
    checks = [compile_schema(branch) for branch in branches]

    def check(value: Any, path: str, problems: list[str]) -> None:
        for branch in checks:
            branch(value, path, problems)

    return check


def _not(branch: Any, schema: Any) -> Check:
    check_branch = compile_schema(branch)

    def check(value: Any, path: str, problems: list[str]) -> None:
        found: list[str] = []
        check_branch(value, path, found)
        if not found:
            problems.append(_at(path, "must not be valid"))

    return check


def _bound(test: Callable[[Any], bool], broken: Callable[[Any, Any], bool], text: str) -> Callable[[Any, Any], Check]:
    def make(limit: Any, schema: Any) -> Check:
        problem = text.format(limit)

        def check(value: Any, path: str, problems: list[str]) -> None:
            if test(value) and broken(value, limit):
                problems.append(_at(path, problem))

        return check

    return make


def _pattern(pattern: str, schema: Any) -> Check:
    search = re.compile(pattern).search

    def check(value: Any, path: str, problems: list[str]) -> None:
        if isinstance(value, str) and not search(value):
            problems.append(_at(path, f'must match pattern "{pattern}"'))

    return check


def _unique_items(wanted: bool, schema: Any) -> Check:
    def check(value: Any, path: str, problems: list[str]) -> None:
        if wanted and isinstance(value, list):
            seen = [json.dumps(item, sort_keys=True) for item in value]
            if len(set(seen)) < len(seen):
                problems.append(_at(path, "must not have duplicate items"))

    return check


_STRING, _ARRAY, _OBJECT = _TYPES["string"], _TYPES["array"], _TYPES["object"]

_KEYWORDS: dict[str, Callable[[Any, Any], Check]] = {
    "type": _type,
    "required": _required,
    "properties": _properties,
    "items": _items,
    "contains": _contains,
    "enum": _enum,
    "const": _const,
    "anyOf": _some_of("a schema in anyOf", lambda matching: matching > 0),
    "oneOf": _some_of("exactly one schema in oneOf", lambda matching: matching == 1),
    "allOf": _all_of,
    "not": _not,
    "pattern": _pattern,
    "uniqueItems": _unique_items,
    "minLength": _bound(_STRING, lambda v, n: len(v) < n, "must not have fewer than {} characters"),
    "maxLength": _bound(_STRING, lambda v, n: len(v) > n, "must not have more than {} characters"),
    "minItems": _bound(_ARRAY, lambda v, n: len(v) < n, "must not have fewer than {} items"),
    "maxItems": _bound(_ARRAY, lambda v, n: len(v) > n, "must not have more than {} items"),
    "maxProperties": _bound(_OBJECT, lambda v, n: len(v) > n, "must not have more than {} properties"),
    "minimum": _bound(_is_number, lambda v, n: v < n, "must be >= {}"),
    "maximum": _bound(_is_number, lambda v, n: v > n, "must be <= {}"),
}


class MethodSchemas:
    """The parameter shapes of all methods, each read and compiled when it is first needed."""

    def __init__(self) -> None:
        self._checks: dict[str, Check] = {}

    @cached_property
    def _schemas(self) -> dict[str, msgspec.Raw]:
        # Read whole they are seven times as large as their text, and a client asks for a few.
        text = resources.files(__package__).joinpath("methods.json").read_bytes()
        return msgspec.json.decode(text, type=dict[str, msgspec.Raw])

    def names(self) -> Iterable[str]:
        """Methods whose parameters have a declared shape."""
        return self._schemas.keys()

    def problem(self, method: str, params: Any) -> str | None:
        """What is wrong with ``params``, in the words clients know, or None.

        Absent parameters count as an empty object; methods without a
        declared shape take any.
        """
        check = self._checks.get(method)
        if check is None:
            schema = self._schemas.get(method)
            if schema is None:
                return None
            check = self._checks[method] = compile_schema(msgspec.json.decode(schema))
        return problems_of(check, {} if params is None else params)
