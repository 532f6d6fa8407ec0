"""The configuration in force: read from the operator's file, patched over RPC, re-read when edited.

Nothing is written outside the data directory: a patch is kept as an overlay
in ``DIR/openclaw/config-patch.json``, with the file's value that it replaced.
Who edits the file later at such a place means it: that part of the overlay
then ends. Every change is validated as a whole; an invalid one is refused and
the last good configuration stays.
"""

import base64
import difflib
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_type_hints

import msgspec

from teamgram.database import private_file
from teamgram.net.addresses import parse_address, parse_networks
from teamgram.openclaw.config import environment as environment_values
from teamgram.openclaw.config import merge, model_apis, openclaw_keys, source_files, telegram
from teamgram.openclaw.config.environment import Substitution
from teamgram.openclaw.config.errors import OpenClawConfigError
from teamgram.openclaw.config.secret_sources import SecretSources, SecretsWanted
from teamgram.openclaw.config.sections import OpenClawFile, reload_kind
from teamgram.openclaw.state_file import read_json

OVERLAY_FILE = "config-patch.json"

#: Environment names to the paths that they set, and whether they are numbers.
_ENVIRONMENT: dict[str, tuple[tuple[str, ...], bool]] = {
    "OPENCLAW_GATEWAY_TOKEN": (("gateway", "auth", "token"), False),
    "OPENCLAW_GATEWAY_PASSWORD": (("gateway", "auth", "password"), False),
    "OPENCLAW_GATEWAY_PORT": (("gateway", "port"), True),
    "MINI_OPENCLAW_PORT": (("mini", "port"), True),
    "MINI_OPENCLAW_MODEL": (("agents", "defaults", "model"), False),
    "MINI_OPENCLAW_MAX_CONTEXT": (("mini", "maxContextMessages"), True),
    "MINI_OPENCLAW_WORKSPACE": (("agents", "defaults", "workspace"), False),
}

_AT = re.compile(r" - at `\$\.?(.*)`$")
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`")
_EXPECTED = re.compile(r"Expected `(.*)`, got `(.*)`")
_JSON_TYPES = {"int": "number", "float": "number", "str": "string", "bool": "boolean", "null": "null"}


@dataclass(frozen=True, slots=True)
class Change:
    """A configuration took effect.

    Attributes:
        paths: dotted paths that differ from before.
        restart_paths: those of them that wait for a restart.
    """

    paths: tuple[str, ...]
    restart_paths: tuple[str, ...]


#: What agents ask when there is a key for Anthropic and nobody says which model.
ANTHROPIC_MODEL = "claude-sonnet-4-5"


class LiveConfig:
    """The tree as written, and the frozen sections in force.

    Attributes:
        tree: file and patches merged, secrets included, defaults not.
        sections: what everything else reads; replaced as a whole.
        base_error: why the file's last edit was refused, None when it is in force.
    """

    def __init__(
        self, path: Path, state_dir: Path, hash_key: bytes, environment: Mapping[str, str] | None = None
    ) -> None:
        self.path = path
        self._overlay_path = state_dir / OVERLAY_FILE
        self._hash_key = hash_key
        self._environment = environment or {}
        self._included: list[Path] = []
        self._stamp: tuple[tuple[int, int] | None, ...] = ()
        self._seen: tuple[tuple[int, int] | None, ...] = ()
        self._content = b""
        self._begun: dict[str, Any] = {}
        self._base: dict[str, Any] = {}
        self.base_error: OpenClawConfigError | None = None
        self.tree: dict[str, Any] = {}
        self.sections = OpenClawFile()
        self._listeners: list[Callable[[Change], None]] = []
        self._secrets = SecretSources(self._environment)
        self._load()
        self.restarted()

    @property
    def hash(self) -> str:
        """Names this tree without giving away what is in it."""
        content = json.dumps(self.tree, sort_keys=True, separators=(",", ":")).encode()
        digest = hmac.new(self._hash_key, content, hashlib.sha256).digest()
        return "hmac-sha256:v1:" + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    @property
    def content(self) -> bytes:
        """What the file held when it was last put into force."""
        return self._content

    def on_change(self, listener: Callable[[Change], None]) -> None:
        """Call ``listener(change)`` after each change took effect."""
        self._listeners.append(listener)

    def validate(self, tree: dict[str, Any], file: str = "") -> OpenClawFile:
        """The sections of a tree, with the environment over it.

        Raises:
            OpenClawConfigError: every path that is wrong is in ``issues`` (the first per section).
            SecretsWanted: it is one of them, too.
        """
        return with_environment(tree, self._environment, file, self._secrets)

    def check(self, tree: dict[str, Any], file: str = "") -> None:
        """As :meth:`validate`, without asking programs for secrets.

        Raises:
            OpenClawConfigError.
        """
        with_environment(tree, self._environment, file, SecretSources(self._environment, asks=False))

    def replace(self, tree: dict[str, Any], *, by_operator: bool = False) -> Change:
        """Put ``tree`` in force and keep it over restarts. Blocks for one small write.

        Args:
            by_operator: who asks sits at this machine.

        Raises:
            OpenClawConfigError: it is invalid; nothing changed. SecretsWanted: once more after ``fetch``.
        """
        where = ("secrets", "providers")
        if not by_operator and merge.at(tree, where) != merge.at(self.tree, where):
            # They name programs to start and files to read.
            raise OpenClawConfigError("", [{"path": "secrets.providers", "message": "is changed in the file only"}])
        sections = self.validate(tree)
        patch = merge.difference(self._base, tree)
        overlay = {"patch": patch, "base": _base_values(self._base, patch)}
        private_file.replace(self._overlay_path, json.dumps(overlay, ensure_ascii=False, indent=1).encode())
        return self._take(tree, sections)

    def poll(self) -> Change | None:
        """Re-read the file if it was edited and has been as it is since the last call; None when nothing is new.

        Raises:
            OpenClawConfigError: the edit is invalid and was not taken (told once per edit).
        """
        stamp, seen = self._file_stamp(), self._seen
        self._seen = stamp
        if stamp == self._stamp or stamp != seen or self.sections.gateway.reload.mode == "off":
            return None
        self._secrets.forget_failures()
        return self.reload()

    def ask_again(self) -> None:
        """The next :meth:`reload` asks for all secrets anew."""
        self._secrets.forget()

    def reload(self) -> Change | None:
        """Re-read the file whether or not it was edited; None when nothing is new.

        Raises:
            OpenClawConfigError: it is invalid and was not taken.
        """
        self._stamp = self._file_stamp()
        try:
            source = source_files.read(self.path, self._content)
            base = source.tree
            tree = self._merged(base)
            sections = self.validate(tree, str(self.path))
            self._check_secret(base)
        except SecretsWanted:
            raise
        except OpenClawConfigError as error:
            self.base_error = error
            raise
        self.base_error = None
        self._base, self._content, self._included = base, source.content, source.included
        self._stamp = self._file_stamp()
        return self._take(tree, sections) if tree != self.tree or sections != self.sections else None

    def _take(self, tree: dict[str, Any], sections: OpenClawFile) -> Change:
        paths = merge.changed_paths(self.tree, tree)
        if not paths:
            # The same words, and another secret behind one of them.
            paths = merge.changed_paths(msgspec.to_builtins(self.sections), msgspec.to_builtins(sections))
        self.tree, self.sections = tree, sections
        change = Change(tuple(paths), tuple(path for path in paths if _needs_restart(path)))
        for listener in self._listeners:
            listener(change)
        return change

    def _load(self) -> None:
        source = source_files.read(self.path)
        self._content, self._base, self._included = source.content, source.tree, source.included
        self._stamp = self._seen = self._file_stamp()
        self.tree = self._merged(self._base)
        try:
            self.sections = self.validate(self.tree, str(self.path))
        except SecretsWanted as wanted:
            # Nobody is served yet.
            wanted.fetch()
            self.sections = self.validate(self.tree, str(self.path))

    def _merged(self, base: dict[str, Any]) -> dict[str, Any]:
        try:
            overlay = read_json(self._overlay_path) or {}
        except ValueError as error:
            raise OpenClawConfigError(
                str(self._overlay_path), [{"path": "", "message": f"is damaged: {error}"}]
            ) from None
        patch: dict[str, Any] = {}
        recorded = overlay.get("base", {})
        for path, value in merge.leaves(overlay.get("patch", {})):
            if merge.at(base, path) == recorded.get(".".join(path)):
                merge.put(patch, path, value)
        merged = merge.merge(base, patch)
        assert isinstance(merged, dict)
        return merged

    def restarted(self) -> None:
        """What waited for a restart is in force."""
        self._begun = msgspec.to_builtins(self.sections)

    @property
    def held_back(self) -> dict[tuple[str, ...], Any]:
        """Settings that wait for a restart: path → the value that still holds."""
        now = msgspec.to_builtins(self.sections)
        changed = [path for path, _ in merge.leaves(merge.difference(now, self._begun))]
        return {path: merge.at(self._begun, path) for path in changed if reload_kind(".".join(path)) == "restart"}

    def _check_secret(self, base: dict[str, Any]) -> None:
        """An edit takes the shared secret away only if it says so: a new one would send everybody away.

        Raises:
            OpenClawConfigError: it does not.
        """
        for name in ("token", "password"):
            path = ("gateway", "auth", name)
            if merge.at(self._base, path) and merge.at(base, path) is None and merge.at(self.tree, path):
                where = ".".join(path)
                issue = {"path": where, "message": 'is gone; if that is meant, write ""'}
                raise OpenClawConfigError(str(self.path), [issue])

    @property
    def unused(self) -> list[str]:
        """What the tree has for OpenClaw alone."""
        return openclaw_keys.used_part(self.tree)[1]

    @property
    def lacking(self) -> list[dict[str, str]]:
        """Secrets of models that could not be had: ``{path, message}``."""
        return list(self._secrets.lacking)

    def _file_stamp(self) -> tuple[tuple[int, int] | None, ...]:
        """When the files changed: an edit of one that is included counts, too."""
        found: list[tuple[int, int] | None] = []
        for path in (self.path, *self._included):
            try:
                stat = path.stat()
            except OSError:
                found.append(None)
            else:
                found.append((stat.st_mtime_ns, stat.st_size))
        return tuple(found)


def _needs_restart(path: str) -> bool:
    return reload_kind(path) == "restart" and not openclaw_keys.is_unused(path)


def with_environment(
    tree: Any, environment: Mapping[str, str], file: str = "", secrets: SecretSources | None = None
) -> OpenClawFile:
    """The sections of a tree with the environment over it, and in the place of what refers to it.

    Args:
        secrets: where other secrets come from; without it no program is asked for any.

    Raises:
        OpenClawConfigError: as :func:`validate`, or a reference leads nowhere.
        SecretsWanted: programs have to be asked first.
    """
    secrets = SecretSources(environment, asks=False) if secrets is None else secrets
    issues: list[dict[str, str]] = []
    used = openclaw_keys.used_part(tree)[0]
    if isinstance(used, dict):
        # What is for the environment's own sections, or only for show, is nobody's reference.
        kept = {name: used.pop(name) for name in ("env", "meta", "secrets") if name in used}
        environment = environment_values.with_own(environment, kept.get("env"))
        secrets.wanted = {}
        places = Substitution(environment, secrets, merge.at(kept, ("secrets", "providers")), issues)
        used = {**places.of(_with_environment(used, environment)), **kept}
        if secrets.wanted:
            raise SecretsWanted(file, secrets, secrets.wanted)
        secrets.lacking = places.lacking
    if issues:
        raise OpenClawConfigError(file, issues)
    return validate(used, file)


def validate(tree: Any, file: str = "") -> OpenClawFile:
    """The frozen sections of ``tree``.

    Raises:
        OpenClawConfigError: with the first problem of each top-level section.
    """
    if not isinstance(tree, dict):
        raise OpenClawConfigError(file, [{"path": "", "message": "must be a mapping of keys to values"}])
    tree, _ = openclaw_keys.used_part(tree)
    issues = []
    for key, value in tree.items():
        try:
            msgspec.convert({key: value}, OpenClawFile)
            if key == "channels":
                telegram.telegram_section(value)
        except msgspec.ValidationError as error:
            issues.append(_explain(str(error)))
        except TypeError:
            issues.append({"path": str(key), "message": "keys must be strings"})
    if issues:
        raise OpenClawConfigError(file, issues)
    sections = msgspec.convert(tree, OpenClawFile)
    for path, port in (
        ("gateway.port", sections.gateway.port),
        ("mini.port", sections.mini.port),
        ("canvasHost.port", sections.canvas_host.port),
    ):
        if not 0 <= port <= 65535:
            issues.append({"path": path, "message": "must be a port number, 0 to 65535"})
    gateway = sections.gateway
    if gateway.bind == "custom" and not gateway.custom_bind_host:
        issues.append({"path": "gateway.customBindHost", "message": "is needed with gateway.bind custom"})
    if gateway.bind != "loopback" and gateway.auth.mode == "none":
        issues.append({"path": "gateway.auth.mode", "message": "none is for gateway.bind loopback only; use token"})
    for index, text in enumerate(gateway.trusted_proxies):
        try:
            parse_networks([text])
        except ValueError:
            issues.append({"path": f"gateway.trustedProxies[{index}]", "message": "must be an address or a network"})
    for index, text in enumerate(gateway.local_addresses):
        if parse_address(text) is None:
            issues.append({"path": f"gateway.localAddresses[{index}]", "message": "must be an address"})
    named = (bool(gateway.tls.cert_path), bool(gateway.tls.key_path))
    if gateway.tls.enabled and named != (True, True) and (any(named) or not gateway.tls.auto_generate):
        issues.append({"path": "gateway.tls", "message": "certPath and keyPath are needed"})
    if gateway.auth.mode == "password" and not gateway.auth.password:
        issues.append({"path": "gateway.auth.password", "message": "is needed with gateway.auth.mode password"})
    issues += model_apis.issues_of(sections)
    issues += telegram.issues_of(sections.channels)
    if issues:
        raise OpenClawConfigError(file, issues)
    if gateway.auth_token and not gateway.auth.token:
        auth = msgspec.structs.replace(gateway.auth, token=gateway.auth_token)
        sections = msgspec.structs.replace(sections, gateway=msgspec.structs.replace(gateway, auth=auth))
    return sections


def _explain(message: str) -> dict[str, str]:
    at = _AT.search(message)
    path = at.group(1) if at else ""
    problem = message[: at.start()] if at else message
    unknown = _UNKNOWN.match(problem)
    if unknown is not None:
        name = unknown.group(1)
        near = difflib.get_close_matches(name, _names_at(path), 1, 0.6)
        fix = f"did you mean {near[0]}?" if near else "remove it"
        return {"path": f"{path}.{name}" if path else name, "message": f"unknown key; {fix}"}
    expected = _EXPECTED.match(problem)
    if expected is not None:
        wanted, got = (_JSON_TYPES.get(name, name) for name in expected.groups())
        return {"path": path, "message": f"Invalid input: expected {wanted}, received {got}"}
    if problem.startswith("Invalid enum value"):
        # What stands there is not said again: it may be a secret that slipped into the wrong line.
        return {"path": path, "message": "is none of the values that it may have"}
    return {"path": path, "message": problem[0].lower() + problem[1:]}


def _names_at(path: str) -> list[str]:
    shape: Any = OpenClawFile
    for part in filter(None, re.split(r"[.\[\]]+", path)):
        if not (isinstance(shape, type) and issubclass(shape, msgspec.Struct)):
            return []
        names = dict(zip(shape.__struct_encode_fields__, shape.__struct_fields__, strict=True))
        shape = get_type_hints(shape).get(names.get(part, ""))
    if isinstance(shape, type) and issubclass(shape, msgspec.Struct):
        return list(shape.__struct_encode_fields__)
    return []


def _with_environment(tree: dict[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    patch: dict[str, Any] = {}
    for name, (path, is_number) in _ENVIRONMENT.items():
        text = environment.get(name)
        if text:
            merge.put(patch, path, int(text) if is_number and text.isdigit() else text)
    merged = merge.merge(tree, patch) if patch else tree
    assert isinstance(merged, dict)
    return _with_anthropic(merged, environment)


def _with_anthropic(tree: dict[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """With ``ANTHROPIC_API_KEY`` and no provider of one's own, Anthropic's is one, and its model the agents'."""
    key = environment.get("ANTHROPIC_API_KEY")
    if not key or merge.at(tree, ("models", "providers")):
        return tree
    model = merge.at(tree, ("agents", "defaults", "model")) or ANTHROPIC_MODEL
    name = (model.get("primary") if isinstance(model, dict) else model) or ANTHROPIC_MODEL
    provider, _, bare = str(name).rpartition("/")
    if provider not in ("", "anthropic"):
        return tree
    limits = {"contextWindow": 200_000, "maxTokens": 8192}
    section = {
        "baseUrl": "https://api.anthropic.com",
        "apiKey": key,
        "api": "anthropic-messages",
        "models": [{"id": bare, **limits}],
    }
    patch: dict[str, Any] = {}
    merge.put(patch, ("models", "providers", "anthropic"), section)
    if not isinstance(model, dict):
        merge.put(patch, ("agents", "defaults", "model"), f"anthropic/{bare}")
    found = merge.merge(tree, patch)
    assert isinstance(found, dict)
    return found


def _base_values(base: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    return {".".join(path): merge.at(base, path) for path, _ in merge.leaves(patch)}
