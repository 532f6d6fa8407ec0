"""Secrets that a configuration takes from elsewhere: ``{source: file | exec, provider, id}``, as OpenClaw has them.

``docs/gateway/secrets/secretref-contract.md`` of npm's ``openclaw`` 2026.9.6 says what they are; the bounds are its
own. A *file* is private and read by a JSON pointer, or whole. An *exec* provider is a program that is started without a
shell, is told on its standard input which ids are wanted, and answers with JSON. What programs said is remembered, so
that they run when a configuration that needs them is put into force and not for every look at it; and they never run
in the reactor's thread once there is one (:class:`SecretsWanted`).
"""

import json
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from teamgram.openclaw.config.errors import OpenClawConfigError
from teamgram.openclaw.config.secret_programs import ExecProvider, SecretUnavailable, ask

_PROVIDER = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_EXEC_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/#-]{0,255}")
_SINGLE_VALUE = "value"
_MAX_BYTES = 1 << 20
_MAX_IDS = 512
_TIMEOUT_MS = 5_000
_MOST_MS = 60_000
#: What a program may say of an id that it has not; other words of its may be secrets themselves.
_TOLD_CODES = ("NOT_FOUND", "AMBIGUOUS_DUPLICATE_KEY")


class SecretsWanted(OpenClawConfigError):
    """Programs have to be asked before a configuration can be judged: :meth:`fetch` in another thread, then again."""

    def __init__(self, file: str, sources: "SecretSources", wanted: dict[ExecProvider, list[str]]) -> None:
        super().__init__(file, [{"path": "secrets", "message": "waits for its providers"}])
        self._sources = sources
        self._wanted = wanted

    def fetch(self) -> None:
        """Ask them. Blocks."""
        self._sources.fetch(self._wanted)


class SecretSources:
    """Where secrets come from, and what was already had.

    Args:
        environment: of it programs get what their ``passEnv`` names, and nothing else.
        asks: False: no program is to be asked; something stands for what it would say.

    Attributes:
        wanted: what has to be asked for before the tree that was last looked at can be judged.
        lacking: secrets of models that it goes on without: ``{path, message}``.
    """

    def __init__(self, environment: Mapping[str, str], *, asks: bool = True) -> None:
        self._environment = environment
        self._asks = asks
        self._had: dict[tuple[ExecProvider, str], str | SecretUnavailable] = {}
        self.wanted: dict[ExecProvider, list[str]] = {}
        self.lacking: list[dict[str, str]] = []

    def forget_failures(self) -> None:
        """Ask again for what could not be had."""
        self._had = {key: found for key, found in self._had.items() if isinstance(found, str)}

    def forget(self) -> None:
        """Ask for everything again."""
        self._had = {}

    def value(self, reference: Mapping[str, Any], providers: Any) -> str:
        """A secret of source ``file`` or ``exec``; empty, and among :attr:`wanted`, if a program has to be asked.

        Args:
            providers: ``secrets.providers`` of the configuration.

        Raises:
            SecretUnavailable.
        """
        source, name, id_ = reference["source"], reference.get("provider"), reference["id"]
        if not isinstance(name, str) or not _PROVIDER.fullmatch(name):
            raise SecretUnavailable(f"a secret of source {source} needs a provider of secrets.providers")
        block = providers.get(name) if isinstance(providers, dict) else None
        if not isinstance(block, dict):
            raise SecretUnavailable(f'secret provider "{name}" is not configured in secrets.providers')
        if block.get("source") != source:
            raise SecretUnavailable(f'secret provider "{name}" is not of source {source}')
        if source == "file":
            return _of_file(name, block, id_)
        provider = self._exec_provider(name, block)
        if not _EXEC_ID.fullmatch(id_) or {".", ".."} & set(id_.split("/")):
            raise SecretUnavailable(f'not an id that secret provider "{name}" could know')
        if not self._asks:
            return "not asked for"
        found = self._had.get((provider, id_))
        if isinstance(found, SecretUnavailable):
            raise found
        if found is None:
            ids = self.wanted.setdefault(provider, [])
            if id_ not in ids:
                ids.append(id_)
        return found or ""

    def _exec_provider(self, name: str, block: dict[str, Any]) -> ExecProvider:
        if "pluginIntegration" in block:
            raise SecretUnavailable(f'secret provider "{name}" is a plugin\'s; there are no plugins here')
        given = block.get("env", {})
        args, passed, trusted = (block.get(key, []) for key in ("args", "passEnv", "trustedDirs"))
        if not isinstance(given, dict) or not all(
            isinstance(each, list) and all(isinstance(text, str) for text in each) for each in (args, passed, trusted)
        ):
            raise SecretUnavailable(f'secret provider "{name}": args, passEnv and trustedDirs are lists, env a mapping')
        environment = {key: self._environment[key] for key in passed if key in self._environment}
        environment |= {key: text for key, text in given.items() if isinstance(text, str)}
        timeout = _milliseconds(block.get("timeoutMs"), _TIMEOUT_MS)
        return ExecProvider(
            name,
            str(block.get("command", "")),
            tuple(args),
            tuple(sorted(environment.items())),
            timeout / 1000,
            _milliseconds(block.get("noOutputTimeoutMs"), timeout) / 1000,
            _positive(block.get("maxOutputBytes"), _MAX_BYTES),
            block.get("jsonOnly") is not False,
            tuple(trusted),
        )

    def fetch(self, wanted: dict[ExecProvider, list[str]]) -> None:
        """Ask programs and remember what they say, or why they do not. Blocks for as long as each of them may take."""
        for provider, ids in wanted.items():
            try:
                if len(ids) > _MAX_IDS:
                    raise SecretUnavailable(f'secret provider "{provider.name}" knows {_MAX_IDS} ids at most')
                found = _answered(provider, ids, ask(provider, ids))
            except SecretUnavailable as error:
                found = dict.fromkeys(ids, error)
            self._had.update({(provider, id_): value for id_, value in found.items()})


def _milliseconds(given: Any, default: int) -> int:
    return min(_positive(given, default), _MOST_MS)


def _positive(given: Any, default: int) -> int:
    return min(given, 64 << 20) if isinstance(given, int) and not isinstance(given, bool) and given > 0 else default


def _answered(provider: ExecProvider, ids: list[str], output: bytes) -> dict[str, str | SecretUnavailable]:
    name = provider.name
    try:
        text = output.decode("utf-8").strip()
    except UnicodeDecodeError:
        raise SecretUnavailable(f'secret provider "{name}" answered with no text') from None
    if not text:
        raise SecretUnavailable(f'secret provider "{name}" answered nothing')
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        if provider.json_only or len(ids) != 1:
            raise SecretUnavailable(f'secret provider "{name}" answered with no JSON') from None
        said = text
    if isinstance(said, str) and not provider.json_only and len(ids) == 1:
        return {ids[0]: said}
    if not isinstance(said, dict) or said.get("protocolVersion") != 1 or not isinstance(said.get("values"), dict):
        raise SecretUnavailable(f'secret provider "{name}" must answer {{"protocolVersion": 1, "values": {{…}}}}')
    errors = said["errors"] if isinstance(said.get("errors"), dict) else {}
    found: dict[str, str | SecretUnavailable] = {}
    for id_ in ids:
        value = said["values"].get(id_)
        if id_ in errors or not isinstance(value, str) or not value:
            code = errors[id_].get("code") if isinstance(errors.get(id_), dict) else None
            told = f" ({code})" if code in _TOLD_CODES else ""
            found[id_] = SecretUnavailable(f'secret provider "{name}" has no such secret{told}')
        else:
            found[id_] = value
    return found


def _of_file(name: str, block: dict[str, Any], id_: str) -> str:
    content = _private_content(name, block)
    text = content.decode("utf-8", "replace").removeprefix("\ufeff")
    if block.get("mode") == "singleValue":
        if id_ != _SINGLE_VALUE:
            raise SecretUnavailable(f'secret provider "{name}" has one value, of the id "{_SINGLE_VALUE}"')
        found: Any = text.removesuffix("\n").removesuffix("\r")
    else:
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            raise SecretUnavailable(f'the file of secret provider "{name}" is no JSON') from None
        found = _at_pointer(found, id_)
    if not isinstance(found, str) or not found:
        raise SecretUnavailable(f'secret provider "{name}" has no such secret')
    return found


def _at_pointer(tree: Any, pointer: str) -> Any:
    """RFC 6901; None when there is nothing."""
    if not pointer.startswith("/") or not isinstance(tree, dict):
        return None
    for part in pointer[1:].split("/"):
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(tree, dict):
            tree = tree.get(key)
        elif isinstance(tree, list) and key.isdecimal() and len(key) < 7 and int(key) < len(tree):
            tree = tree[int(key)]
        else:
            return None
    return tree


def _private_content(name: str, block: dict[str, Any]) -> bytes:
    path = Path(str(block.get("path", ""))).expanduser()
    most = _positive(block.get("maxBytes"), _MAX_BYTES)
    if not path.is_absolute():
        raise SecretUnavailable(f"secrets.providers.{name}.path must be absolute")
    try:
        # Neither a link nor a pipe that nobody writes to.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise SecretUnavailable(f"secrets.providers.{name}.path cannot be read: {error.strerror}") from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
            raise SecretUnavailable(f"secrets.providers.{name}.path must be a file, and not hardlinked")
        if status.st_uid not in (os.getuid(), 0) or status.st_mode & 0o077:
            raise SecretUnavailable(f"secrets.providers.{name}.path must be readable by its owner only (chmod 600)")
        with os.fdopen(os.dup(descriptor), "rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise SecretUnavailable(f"secrets.providers.{name}.path cannot be read: {error.strerror}") from None
    finally:
        os.close(descriptor)
    if len(content) > most:
        raise SecretUnavailable(f"secrets.providers.{name}.path has more than {most} bytes")
    return content
