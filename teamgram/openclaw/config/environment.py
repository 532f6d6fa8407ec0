"""Values that a configuration takes from elsewhere: ``${NAME}`` in any text, and ``{source, provider, id}``."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from teamgram.openclaw.config.secret_programs import SecretUnavailable
from teamgram.openclaw.config.secret_sources import SecretSources

#: ``$${NAME}`` stands for ``${NAME}`` itself.
_REFERENCE = re.compile(r"\$(\$?)\{([A-Z_][A-Z0-9_]*)\}")
_OF_A_MODEL = re.compile(r"models\.providers\.[^.]+\.(?:apiKey|headers)\b")


def with_own(environment: Mapping[str, str], section: Any) -> Mapping[str, str]:
    """The environment with what the configuration's own ``env`` adds to it; what is there already stays."""
    if not isinstance(section, dict):
        return environment
    added = {**section, **(section["vars"] if isinstance(section.get("vars"), dict) else {})}
    return {**{name: value for name, value in added.items() if isinstance(value, str)}, **environment}


@dataclass(slots=True)
class Substitution:
    """One tree's references, put in place.

    Attributes:
        providers: ``secrets.providers`` of that tree.
        issues: those that lead nowhere.
        lacking: those of models, which go on without their key and are refused by who serves them.
    """

    environment: Mapping[str, str]
    secrets: SecretSources
    providers: Any = None
    issues: list[dict[str, str]] = field(default_factory=list)
    lacking: list[dict[str, str]] = field(default_factory=list)

    def of(self, value: Any, path: str = "") -> Any:
        """A tree with what it refers to in place of the references."""
        if isinstance(value, dict):
            if value.get("source") in ("env", "file", "exec", "store") and isinstance(value.get("id"), str):
                return self._secret(value, path)
            return {key: self.of(child, f"{path}.{key}" if path else str(key)) for key, child in value.items()}
        if isinstance(value, list):
            return [self.of(child, f"{path}[{number}]") for number, child in enumerate(value)]
        if not isinstance(value, str) or "${" not in value:
            return value

        def found(reference: re.Match[str]) -> str:
            escaped, name = reference.groups()
            return f"${{{name}}}" if escaped else self._value(name, path)

        return _REFERENCE.sub(found, value)

    def _secret(self, reference: dict[str, Any], path: str) -> str:
        if reference["source"] == "env":
            return self._of_environment(reference, path)
        try:
            if reference["source"] == "store":
                raise SecretUnavailable('secrets of source "store" are not here; use env, file or exec')
            return self.secrets.value(reference, self.providers)
        except SecretUnavailable as error:
            return self._missing(path, str(error))

    def _of_environment(self, reference: dict[str, Any], path: str) -> str:
        named = self.providers.get(reference.get("provider")) if isinstance(self.providers, dict) else None
        if isinstance(named, dict) and named.get("source") == "env" and isinstance(named.get("allowlist"), list):
            if reference["id"] not in named["allowlist"]:
                self.issues.append({"path": path, "message": "is not in the allowlist of its secret provider"})
                return ""
        return self._value(reference["id"], path)

    def _value(self, name: str, path: str) -> str:
        return self.environment.get(name, "") or self._missing(path, f"the environment has no {name[:64]}")

    def _missing(self, path: str, why: str) -> str:
        # Without its key a model's server says so when it is asked; everything else goes on.
        told = self.lacking if _OF_A_MODEL.match(path) else self.issues
        told.append({"path": path, "message": why})
        return ""
