"""Programs that know secrets: which may be started, and one asking, within bounds of time and size. Blocks."""

import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from teamgram.openclaw.programs import CannotStart, Program


class SecretUnavailable(Exception):
    """A secret cannot be had; the text says why and holds nothing of it."""


@dataclass(frozen=True, slots=True)
class ExecProvider:
    """A program that knows secrets. Times are in seconds."""

    name: str
    command: str
    args: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]
    timeout: float
    silence: float
    most_bytes: int
    json_only: bool
    trusted: tuple[str, ...]


def checked_command(provider: ExecProvider) -> str:
    """The program's path.

    Raises:
        SecretUnavailable: not absolute, a link, no program, writable or owned by others, or in no trusted directory.
    """
    label, path = f"secrets.providers.{provider.name}.command", Path(provider.command)
    if not path.is_absolute():
        raise SecretUnavailable(f"{label} must be an absolute path")
    try:
        status = path.lstat()
    except (OSError, ValueError):
        raise SecretUnavailable(f"{label} is not there") from None
    if stat.S_ISLNK(status.st_mode):
        raise SecretUnavailable(f"{label} must not be a link; name what it leads to")
    if not stat.S_ISREG(status.st_mode) or not os.access(path, os.X_OK):
        raise SecretUnavailable(f"{label} is no program")
    if status.st_uid != os.getuid() or status.st_mode & 0o022:
        raise SecretUnavailable(f"{label} must be owned by this user and writable by nobody else")
    if provider.trusted:
        real = path.resolve()
        if not any(real.is_relative_to(Path(folder).expanduser().resolve()) for folder in provider.trusted):
            raise SecretUnavailable(f"{label} is in none of its trustedDirs")
    return str(path)


def ask(provider: ExecProvider, ids: list[str]) -> bytes:
    """What the program writes to its standard output, asked for these ids.

    Raises:
        SecretUnavailable: it may not be started, is late, silent, talks too much or fails.
    """
    command = checked_command(provider)
    asked = json.dumps({"protocolVersion": 1, "provider": provider.name, "ids": ids}).encode()
    program = Program([command, *provider.args], dict(provider.environment), os.path.dirname(command))
    try:
        ran = program.run(asked, timeout=provider.timeout, silence=provider.silence, most_bytes=provider.most_bytes)
    except CannotStart:
        raise SecretUnavailable(f'secret provider "{provider.name}" cannot be started') from None
    if ran.ended:
        raise SecretUnavailable(f'secret provider "{provider.name}" {ran.ended}')
    if ran.code != 0:
        raise SecretUnavailable(f'secret provider "{provider.name}" ended with code {ran.code}')
    return ran.stdout
