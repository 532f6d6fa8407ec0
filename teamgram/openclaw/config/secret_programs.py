"""Programs that know secrets: which may be started, and one asking, within bounds of time and size. Blocks."""

import json
import os
import selectors
import signal
import stat
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PIECE = 64 * 1024


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
    try:
        process = subprocess.Popen(
            [command, *provider.args],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=os.path.dirname(command),
            env=dict(provider.environment),
            start_new_session=True,
        )
    except (OSError, ValueError):
        raise SecretUnavailable(f'secret provider "{provider.name}" cannot be started') from None
    try:
        output = _talk(process, asked, provider)
        code = process.wait(max(0.1, provider.timeout))
    except subprocess.TimeoutExpired:
        raise SecretUnavailable(f'secret provider "{provider.name}" does not end') from None
    finally:
        # Whatever it has begun goes with it.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            with suppress(OSError):
                pipe.close()
    if code != 0:
        raise SecretUnavailable(f'secret provider "{provider.name}" ended with code {code}')
    return output


def _talk(process: "subprocess.Popen[bytes]", asked: bytes, provider: ExecProvider) -> bytes:
    assert process.stdin is not None and process.stdout is not None
    output = bytearray()
    ends = time.monotonic() + provider.timeout
    with selectors.DefaultSelector() as selector:
        os.set_blocking(process.stdin.fileno(), False)
        selector.register(process.stdin, selectors.EVENT_WRITE)
        selector.register(process.stdout, selectors.EVENT_READ)
        last = time.monotonic()
        while True:
            now = time.monotonic()
            left = min(ends, last + provider.silence) - now
            if left <= 0:
                why = "took too long" if now >= ends else "said nothing for too long"
                raise SecretUnavailable(f'secret provider "{provider.name}" {why}')
            for key, _ in selector.select(left):
                if key.fileobj is process.stdout:
                    piece = os.read(process.stdout.fileno(), _PIECE)
                    if not piece:
                        return bytes(output)
                    output += piece
                    last = time.monotonic()
                    if len(output) > provider.most_bytes:
                        raise SecretUnavailable(f'secret provider "{provider.name}" answered too much')
                else:
                    try:
                        asked = asked[os.write(process.stdin.fileno(), asked) :]
                    except BrokenPipeError:
                        asked = b""  # It knows without being asked.
                    except BlockingIOError:
                        continue
                    if not asked:
                        selector.unregister(process.stdin)
                        with suppress(OSError):
                            process.stdin.close()
