"""The shapes that OpenClaw publishes, from its own package: what we answer is held against them."""

import json
from functools import cache
from typing import Any

from teamgram.openclaw.gateway.schemas.validator import Check, compile_schema, problems_of
from tools.gen_openclaw_schemas import resolve
from trial_tests.openclaw import npm_packages


@cache
def _definitions() -> dict[str, Any]:
    path = npm_packages.path("@openclaw/gateway-protocol/protocol.schema.json")
    found: dict[str, Any] = _without_tuples(json.loads(path.read_text())["definitions"])
    return found


def _without_tuples(schema: Any) -> Any:
    """Without what says something of an array's items one by one, which our validator has not."""
    if isinstance(schema, list):
        return [_without_tuples(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    tuples = isinstance(schema.get("items"), list)
    return {
        name: _without_tuples(value)
        for name, value in schema.items()
        if not (tuples and name in ("items", "additionalItems"))
    }


@cache
def _check(name: str) -> Check:
    return compile_schema(resolve(_definitions()[name], _definitions()))


def problem(name: str, value: Any) -> str | None:
    """What of a value is not as the definition of that name has it, None when all is.

    Raises:
        SkipTest: the package is not installed; under ``make test`` that is a failure.
    """
    return problems_of(_check(name), json.loads(json.dumps(value)))
