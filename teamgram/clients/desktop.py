"""Telegram Desktop on this machine: finding it, laying down a copy, starting that."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from teamgram.clients.build import MAX_BUILD_BYTES, UnknownBuildError

#: What it is called: Debian's package, and the portable builds for Linux, Windows and macOS.
NAMES = ("telegram-desktop", "Telegram", "Telegram.exe")
_BUNDLE = Path("/Applications/Telegram.app")
#: Its updater would put Telegram's own program in the copy's place; without it, menus and links stay alone as well.
_STAYS_AS_IT_IS = ("-externalupdater", "-noupdate")


def find_binary(search_path: str | None = None) -> Path | None:
    """An installed Telegram Desktop; None when there is none.

    Args:
        search_path: instead of the environment's ``PATH``.
    """
    for name in NAMES:
        if found := shutil.which(name, path=search_path):
            return Path(found).resolve()
    return _BUNDLE if sys.platform == "darwin" and _BUNDLE.is_dir() else None


def program_in(binary: Path) -> Path:
    """The program itself: the file, or the one inside a macOS bundle."""
    return binary / "Contents" / "MacOS" / "Telegram" if binary.is_dir() else binary


def read_program(path: Path) -> bytes:
    """The file's bytes.

    Raises:
        OSError: it cannot be read.
        UnknownBuildError: it is too large for any build.
    """
    with path.open("rb") as file:
        program = file.read(MAX_BUILD_BYTES + 1)
    if len(program) > MAX_BUILD_BYTES:
        raise UnknownBuildError(f"it has more than {MAX_BUILD_BYTES} bytes, as no build of a Telegram app has")
    return program


def lay_copy(original: Path, program: bytes, directory: Path) -> Path:
    """Put the changed program below the directory, whole or not at all; a running copy goes on with the old one.

    Args:
        original: as ``find_binary`` gives it; a bundle is copied with what else is in it.

    Returns:
        What to start.

    Raises:
        OSError: it cannot be written.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if original.is_dir():
        bundle = directory / original.name
        shutil.copytree(original, bundle, symlinks=True, dirs_exist_ok=True)
        copy = program_in(bundle)
    else:
        copy = directory / original.name
    if copy.exists() and copy.samefile(program_in(original)):
        raise FileExistsError(f"{copy} is the original: name another directory")
    fresh = copy.with_name(copy.name + ".new")
    fresh.write_bytes(program)
    fresh.chmod(0o700)
    os.replace(fresh, copy)
    return copy


def is_for_this_machine(program: bytes) -> bool:
    """Whether it could run here, by the beginning of an executable for Linux, Windows or macOS."""
    beginnings: dict[str, tuple[bytes, ...]] = {
        "linux": (b"\x7fELF",),
        "win32": (b"MZ",),
        "darwin": (b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe"),
    }
    return program.startswith(beginnings.get(sys.platform, ()))


def sign(copy: Path) -> None:
    """Make macOS start a program whose signature no longer fits: an ad-hoc one in its place.

    Raises:
        OSError: ``codesign`` is not there or refused.
    """
    done = subprocess.run(
        ["codesign", "--force", "--sign", "-", str(copy)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise OSError(f"codesign refused {copy}: {done.stderr.strip()}")


def start(copy: Path, directory: Path, environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """Start the copy with a working directory of its own (``data`` below that one); it outlives this program.

    Raises:
        OSError: it cannot be started.
    """
    data = directory / "data"
    data.mkdir(mode=0o700, exist_ok=True)
    with (directory / "output.txt").open("wb") as output:
        return subprocess.Popen(
            [str(copy), *_STAYS_AS_IT_IS, "-workdir", str(data)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            start_new_session=True,
        )
