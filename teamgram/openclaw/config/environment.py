"""Values that a configuration takes from the environment: ``${NAME}`` in any text, and ``{source: env, id}``."""

import re
from collections.abc import Mapping
from typing import Any

#: ``$${NAME}`` stands for ``${NAME}`` itself.
_REFERENCE = re.compile(r"\$(\$?)\{([A-Z_][A-Z0-9_]*)\}")
_OF_A_MODEL = re.compile(r"models\.providers\.[^.]+\.(?:apiKey|headers)\b")


def with_own(environment: Mapping[str, str], section: Any) -> Mapping[str, str]:
    """The environment with what the configuration's own ``env`` adds to it; what is there already stays."""
    if not isinstance(section, dict):
        return environment
    added = {**section, **(section["vars"] if isinstance(section.get("vars"), dict) else {})}
    return {**{name: value for name, value in added.items() if isinstance(value, str)}, **environment}


def substituted(value: Any, environment: Mapping[str, str], issues: list[dict[str, str]], path: str = "") -> Any:
    """A tree with what it refers to in place of the references; ``issues`` gets those that lead nowhere."""
    if isinstance(value, dict):
        if value.get("source") in ("env", "file", "exec", "store") and isinstance(value.get("id"), str):
            return _secret(value, environment, issues, path)
        return {
            key: substituted(child, environment, issues, f"{path}.{key}" if path else str(key))
            for key, child in value.items()
        }
    if isinstance(value, list):
        return [substituted(child, environment, issues, f"{path}[{n}]") for n, child in enumerate(value)]
    if not isinstance(value, str) or "${" not in value:
        return value

    def found(reference: re.Match[str]) -> str:
        escaped, name = reference.groups()
        return f"${{{name}}}" if escaped else _value(name, environment, issues, path)

    return _REFERENCE.sub(found, value)


def _secret(value: dict[str, Any], environment: Mapping[str, str], issues: list[dict[str, str]], path: str) -> str:
    if value["source"] != "env":
        message = f'secrets of source "{value["source"]}" are not read here; use {{source: env, id: NAME}}'
        issues.append({"path": path, "message": message})
        return ""
    return _value(value["id"], environment, issues, path)


def _value(name: str, environment: Mapping[str, str], issues: list[dict[str, str]], path: str) -> str:
    found = environment.get(name, "")
    # Without its key a model's server says so when it is asked; everything else goes on.
    if not found and not _OF_A_MODEL.match(path):
        issues.append({"path": path, "message": f"the environment has no {name[:64]}"})
    return found
