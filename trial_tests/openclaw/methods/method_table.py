"""The table of all methods in ``docs/openclaw.md``, written from what is registered.

``python -m trial_tests.openclaw.methods.method_table`` puts it there.
"""

import json
from pathlib import Path

from teamgram.openclaw.methods.not_configured import ANSWERS, REFUSALS
from trial_tests.openclaw import npm_packages
from trial_tests.openclaw.agent.agents import AgentsHouse

DOCUMENT = Path(__file__).resolve().parents[3] / "docs/openclaw.md"
_BEGIN, _END = "## Methods of the protocol\n", "\n## "
_KINDS = ("real", "not configured", "not here")


def rendered() -> str:
    """The section as the document has it."""
    names = list(
        json.loads(npm_packages.path("@openclaw/gateway-protocol/protocol.schema.json").read_text())["methods"]
    )
    house = AgentsHouse()
    try:
        there = {*house.plane.router.names(), "connect"}
    finally:
        house.close()
    counts = dict.fromkeys(_KINDS, 0)
    families: dict[str, dict[str, list[str]]] = {}
    for name in sorted(names):
        kind = "not configured" if name in {**ANSWERS, **REFUSALS} else "real" if name in there else "not here"
        counts[kind] += 1
        family, dot, rest = name.partition(".")
        cells = families.setdefault(family if dot else "(alone)", {kind: [] for kind in _KINDS})
        cells[kind].append(f"`{rest or name}`")
    rows = [
        f"| {family} | " + " | ".join(" ".join(cells[kind]) for kind in _KINDS) + " |"
        for family, cells in sorted(families.items())
    ]
    return f"""
Of the {len(names)} methods that `@openclaw/gateway-protocol` 2026.9.1 names, {counts["real"]} are real here, \
{counts["not configured"]} answer what the real gateway answers when
nobody has set the thing up, or that it is not set up (`UNAVAILABLE`, `not-configured`), \
and {counts["not here"]} are not here and answer `unknown method`. (There are methods of \
ours besides: `client.pair.*`,
`sessions.activate`, `sessions.close` and what released clients call beyond that schema.) Families in the \
first column, `(alone)` are
names without one.

| family | {" | ".join(_KINDS)} |
|---|---|---|---|
{chr(10).join(rows)}
"""


def written(document: str) -> str:
    """The document with the section as it is now."""
    head, _, rest = document.partition(_BEGIN)
    _, end, tail = rest.partition(_END)
    return f"{head}{_BEGIN}{rendered()}{end}{tail}"


if __name__ == "__main__":
    DOCUMENT.write_text(written(DOCUMENT.read_text()))
