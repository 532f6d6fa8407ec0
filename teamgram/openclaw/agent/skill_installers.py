"""What a skill says that installs what it needs (``metadata.openclaw.install``), and the commands for it.

Kinds, patterns and commands are those of npm's ``openclaw`` 2026.9.6 (``src/skills/lifecycle/install.ts`` in its
``dist``). A package manager is started by its path and never through a shell, has nothing of the server's environment
but what such programs need, and puts what it brings below the data directory. Node packages' own scripts do not run.
Neither ``brew``, ``uv`` nor ``go`` is brought here when it is missing, and nothing is downloaded by its address.
"""

import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KINDS = ("brew", "node", "go", "uv", "download")
NODE_MANAGERS = ("npm", "pnpm", "yarn", "bun")
MAX_INSTALLERS = 16
_MAX_TEXT = 256
_PLATFORM = {"darwin": "darwin", "win32": "win32"}.get(sys.platform, "linux")

#: Kind → the field that names what is brought, and what it may look like.
_NAMES = {
    "brew": ("formula", re.compile(r"[a-z0-9][a-z0-9+._@-]*(/[a-z0-9][a-z0-9+._@-]*){0,2}")),
    "node": ("package", re.compile(r"(@[a-z0-9._-]+/)?[a-z0-9._-]+(@[a-z0-9^~>=<.*|-]+)?")),
    "go": ("module", re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._/-]*@[a-z0-9v._-]+")),
    "uv": ("package", re.compile(r"[a-z0-9][a-z0-9._-]*(\[[a-z0-9,._-]+\])?(([><=!~]=?|===?)[a-z0-9.*_-]+)?", re.I)),
}
_COMMANDS: dict[str, tuple[str, ...]] = {
    "brew": ("brew", "install"),
    "go": ("go", "install"),
    "uv": ("uv", "tool", "install"),
    "npm": ("npm", "install", "-g", "--ignore-scripts"),
    "pnpm": ("pnpm", "add", "-g", "--ignore-scripts"),
    "yarn": ("yarn", "global", "add", "--ignore-scripts"),
    "bun": ("bun", "add", "-g", "--ignore-scripts"),
}
#: What they have of the server's environment: where they look, through whom they reach the net, whom they trust.
_PASSED = re.compile(
    r"PATH|HOME|LANG|LC_ALL|TMPDIR|SSL_CERT_(?:FILE|DIR)|NODE_EXTRA_CA_CERTS|(?:https?|no|all)_proxy|GOPROXY|GOSUMDB"
    r"|GOTOOLCHAIN|GOFLAGS|UV_(?:DEFAULT_)?INDEX(?:_URL)?|npm_config_registry|HOMEBREW_PREFIX",
    re.IGNORECASE,
)


class NotInstallable(Exception):
    """An installer cannot be run; the text says why."""


@dataclass(frozen=True, slots=True)
class Installer:
    """One way to have what a skill needs.

    Attributes:
        kind: one of ``KINDS``, or another word that is none.
        what: the formula, package or module; for a download its address.
        bins: programs that are there afterwards.
        here: whether it is for this platform.
    """

    id: str
    kind: str
    what: str
    label: str
    bins: tuple[str, ...]
    here: bool

    def to_wire(self, node_manager: str) -> dict[str, Any]:
        """As ``skills.status`` has it."""
        by = node_manager if self.kind == "node" else self.kind
        label = self.label if self.label and self.kind != "node" else f"Install {self.what} ({by})"
        if self.kind == "download" and not self.label:
            label = f"Download {self.what.rpartition('/')[2] or self.what}"
        return {"id": self.id, "kind": self.kind, "label": label, "bins": list(self.bins)}


def installers_of(metadata: Any) -> Iterator[Installer]:
    """Those of ``metadata.openclaw``; what cannot be understood is passed over."""
    given = metadata.get("install") if isinstance(metadata, dict) else None
    for index, spec in enumerate(given[:MAX_INSTALLERS] if isinstance(given, list) else ()):
        if not isinstance(spec, dict) or not isinstance(spec.get("kind"), str):
            continue
        kind = spec["kind"][:_MAX_TEXT]
        field = _NAMES[kind][0] if kind in _NAMES else "url"
        what, label, id_ = (_text(spec.get(name)) for name in (field, "label", "id"))
        systems = spec["os"] if isinstance(spec.get("os"), list) else []
        bins = tuple(_text(name) for name in (spec["bins"] if isinstance(spec.get("bins"), list) else [])[:20])
        yield Installer(id_ or f"{kind}-{index}", kind, what, label, bins, not systems or _PLATFORM in systems)


def _text(value: Any) -> str:
    return value.strip()[:_MAX_TEXT] if isinstance(value, str) else ""


def offered(installers: Sequence[Installer], *, prefer_brew: bool = True) -> list[Installer]:
    """Those that a screen shows: the one that suits this machine best, or all if there are only downloads."""
    here = [each for each in installers if each.here]
    # Also when there is none.
    if all(each.kind == "download" for each in here):
        return here
    first = {kind: next((each for each in here if each.kind == kind), None) for kind in KINDS}
    brew = first["brew"] if shutil.which("brew") else None
    order = (brew if prefer_brew else None, first["uv"], first["node"], brew, first["go"], first["brew"], here[0])
    return [next(each for each in order if each is not None)]


class SkillTools:
    """Where installers put what they bring.

    Args:
        folder: below the data directory.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bins = (folder / "bin", folder / "node" / "bin")

    def make_folders(self) -> None:
        """For the server's user alone. Blocks."""
        for folder in (self.folder, *self.bins):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def search_path(self) -> str:
        """Where programs that skills need are looked for."""
        return os.pathsep.join([*map(str, self.bins), os.environ.get("PATH", os.defpath)])

    def command(
        self, installer: Installer, environment: Mapping[str, str], node_manager: str = "npm"
    ) -> tuple[list[str], dict[str, str]]:
        """What is to be run, and with which environment.

        Raises:
            NotInstallable: a kind that is not here, a name that is none, or the package manager is missing.
        """
        if installer.kind not in _NAMES:
            known = "download installers are" if installer.kind == "download" else "this kind of installer is"
            raise NotInstallable(f"{known} not run here; install {', '.join(installer.bins) or 'it'} by hand")
        field, pattern = _NAMES[installer.kind]
        if not installer.what:
            raise NotInstallable(f"missing {installer.kind} {field}")
        if not pattern.fullmatch(installer.what):
            raise NotInstallable(f"{installer.kind} {field} value contains invalid characters")
        manager = node_manager if installer.kind == "node" else installer.kind
        name, *rest = _COMMANDS[manager]
        program = shutil.which(name, path=environment.get("PATH"))
        if program is None:
            raise NotInstallable(f"{name} not installed; install it on this machine, or {installer.what} by hand")
        passed = {key: value for key, value in environment.items() if _PASSED.fullmatch(key)}
        folder, (bin_, _) = self.folder, self.bins
        own = {
            "GOBIN": str(bin_),
            "GOPATH": str(folder / "go"),
            "GOCACHE": str(folder / "go" / "cache"),
            "UV_TOOL_DIR": str(folder / "uv"),
            "UV_TOOL_BIN_DIR": str(bin_),
            "NPM_CONFIG_PREFIX": str(folder / "node"),
            "PNPM_HOME": str(bin_),
            "BUN_INSTALL": str(folder / "node"),
            "PREFIX": str(folder / "node"),
            "CI": "1",
        }
        return [program, *rest, installer.what], {**passed, **own}


def summary(output: bytes) -> str:
    """The line of an output that says what went wrong, as the original picks it; at most 200 characters."""
    lines = [" ".join(line.split()) for line in output.decode("utf-8", "replace").splitlines() if line.strip()]
    if not lines:
        return ""
    found = next((line for line in lines if re.match(r"error\b", line, re.I)), None)
    found = found or next((line for line in lines if re.search(r"err!|error:|failed", line, re.I)), lines[-1])
    return found if len(found) <= 200 else f"{found[:199]}…"
