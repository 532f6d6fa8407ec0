"""Keys that an OpenClaw configuration may hold and that are not used here: taken, and named to the operator.

``openclaw_keys.json`` is made of OpenClaw's own schema by ``tools/gen_openclaw_config_keys.py``; :data:`_EARLIER` adds
what its earlier versions had. A key that neither knows is a mistake.
"""

import json
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Any

#: By section, as in the file.
_EARLIER = {
    "": "agent identity routing heartbeat memorySearch defaultModel audio web theme telegram whatsapp discord slack "
    "signal imessage msteams googlechat mattermost bridge browserControl crestodian worktrees",
    "gateway": "webchat bridge remoteUrl tokenFile",
    "agents.defaults": "bootstrapFiles envelopeTimezone envelopeTimestamp envelopeElapsed contextWindow elevated "
    "cliBackends memory",
    "agents.list[]": "agentDir memorySearch humanDelay heartbeat groupChat sandbox skills params embeddedPi",
    "session": "typingMode agentToAgent",
    "tools": "agentToAgent audio",
    "cron": "store runLog webhook maxRunsPerJob",
    "logging": "redactSensitive",
    "models": "bedrockDiscovery pricing",
}


@cache
def _known() -> dict[str, frozenset[str]]:
    found = json.loads(resources.files(__package__).joinpath("openclaw_keys.json").read_bytes())
    # An agent has the same keys wherever a version lists it.
    found["agents.list[]"] = [*found.get("agents.list[]", ()), *found.get("agents.entries.*", ())]
    return {path: frozenset([*found.get(path, ()), *_EARLIER.get(path, "").split()]) for path in {*found, *_EARLIER}}


def used_part(tree: Any) -> tuple[Any, list[str]]:
    """(the tree without what is not used here, the paths of that)."""
    unused: list[str] = []
    return _used(tree, "", "", unused), unused


def _used(value: Any, section: str, path: str, unused: list[str]) -> Any:
    if isinstance(value, list):
        # Most lists are long and plain: they are looked through only where sections stand in them.
        if not any(name.startswith(f"{section}[]") for name in _known()):
            return value
        return [_used(each, f"{section}[]", f"{path}[{number}]", unused) for number, each in enumerate(value)]
    if not isinstance(value, dict):
        return value
    others, kept = _known().get(section, frozenset()), {}
    for key, child in value.items():
        below = f"{path}.{key}" if path else str(key)
        if key in others:
            unused.append(below)
            continue
        kept[key] = _used(child, _section_below(section, str(key)), below, unused)
    return kept


def _section_below(section: str, key: str) -> str:
    named = f"{section}.{key}" if section else key
    any_key = f"{section}.*"
    return (
        any_key
        if any(name == any_key or name.startswith((f"{any_key}.", f"{any_key}[")) for name in _known())
        else named
    )


def is_unused(path: str) -> bool:
    """Whether a dotted path is one of those, or below one."""
    section = ""
    for key in path.split("."):
        if key in _known().get(section, frozenset()):
            return True
        section = _section_below(section, key)
    return False


def told(unused: list[str]) -> Iterator[dict[str, str]]:
    """As ``warnings`` of ``config.get`` have them."""
    for path in unused:
        yield {"path": path, "message": "is taken and not used here"}
