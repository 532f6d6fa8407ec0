"""Skills: folders with a ``SKILL.md`` that say how to do something; a model is told of them and reads those it needs.

As OpenClaw has them: YAML between two lines of ``---`` with ``name`` and
``description``, then the instructions. They lie in ``skills`` and
``.openclaw/skills`` of an agent's workspace; the latter win. What a skill needs
(``metadata.openclaw.requires``: ``bins``, ``env``) and this machine has not
makes it unavailable.
"""

import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import yaml

from teamgram.openclaw.agent.skill_installers import Installer, installers_of
from teamgram.openclaw.agent.tools.registry import ToolError
from teamgram.openclaw.agent.tools.workspace import opened

#: Where they are, below the workspace; later ones win.
FOLDERS = ("skills", ".openclaw/skills")
FILE = "SKILL.md"
MAX_SKILLS = 150
_MAX_HEAD_BYTES = 64 * 1024
_MAX_NAME, _MAX_DESCRIPTION = 64, 1024

_PROMPT = (
    "Skills tell you how to do particular things. When one fits what is asked, read its file with read_file first and "
    "do as it says."
)


@dataclass(frozen=True, slots=True)
class Skill:
    """One skill.

    Attributes:
        path: of its ``SKILL.md``, relative to the workspace.
        missing: what it needs and this machine has not, e.g. ``bin:ffmpeg``.
        problem: why it is none, empty if it is one.
        installers: ways to have what it needs.
    """

    name: str
    description: str
    path: str
    missing: tuple[str, ...] = field(default=())
    problem: str = ""
    installers: tuple[Installer, ...] = ()

    @property
    def is_ready(self) -> bool:
        """Whether a model is told of it."""
        return not self.missing and not self.problem


def find(workspace: Path, programs: str | None = None) -> list[Skill]:
    """All skills of a workspace by name. Blocks; follows no links.

    Args:
        programs: where those that they need are looked for, as ``PATH`` has it.
    """
    found: dict[str, Skill] = {}
    for folder in FOLDERS:
        for name in _folders(workspace, folder):
            if len(found) >= MAX_SKILLS:
                break
            skill = _read(workspace, f"{folder}/{name}/{FILE}", name, programs)
            if skill is not None:
                found[skill.name] = skill
    return sorted(found.values(), key=lambda skill: skill.name)


def _folders(workspace: Path, folder: str) -> Iterator[str]:
    try:
        with opened(workspace, folder.split("/")) as descriptor, os.scandir(descriptor) as entries:
            yield from sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
    except (ToolError, OSError):
        return


def _read(workspace: Path, path: str, folder: str, programs: str | None) -> Skill | None:
    try:
        with opened(workspace, path.split("/")) as descriptor:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return None
            head = os.read(descriptor, _MAX_HEAD_BYTES).decode("utf-8", "replace")
    except (ToolError, OSError):
        return None
    about, problem = _front_matter(head)
    name = str(about.get("name") or folder)[:_MAX_NAME]
    description = " ".join(str(about.get("description") or "").split())[:_MAX_DESCRIPTION]
    if not problem and not description:
        problem = "SKILL.md needs a description"
    openclaw = _openclaw(about)
    missing = tuple(_missing(openclaw.get("requires"), programs))
    return Skill(name, description, path, missing, problem, tuple(installers_of(openclaw)))


def _front_matter(text: str) -> tuple[dict[str, Any], str]:
    lines = text.removeprefix("\ufeff").splitlines()
    if not lines or lines[0].strip() != "---":
        return {}, "SKILL.md must begin with ---"
    end = next((number for number, line in enumerate(lines[1:], 1) if line.strip() == "---"), None)
    if end is None:
        return {}, "SKILL.md has no second ---"
    try:
        about = yaml.safe_load("\n".join(lines[1:end]))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        return {}, f"SKILL.md: {type(error).__name__} between the two ---"
    return (about, "") if isinstance(about, dict) else ({}, "SKILL.md needs names and values between the two ---")


def _openclaw(about: dict[str, Any]) -> dict[str, Any]:
    metadata = about.get("metadata")
    found = metadata.get("openclaw") if isinstance(metadata, dict) else None
    return found if isinstance(found, dict) else {}


def _missing(requires: Any, programs: str | None) -> Iterator[str]:
    if not isinstance(requires, dict):
        return

    def program(name: str) -> str | None:
        return shutil.which(name, path=programs)

    for kind, there in (("bins", program), ("env", os.environ.get)):
        wanted = requires.get(kind)
        for name in wanted if isinstance(wanted, list) else ():
            if isinstance(name, str) and not there(name):
                yield f"{kind.removesuffix('s')}:{name[:_MAX_NAME]}"


def prompt(skills: list[Skill], off: frozenset[str] = frozenset()) -> str:
    """What a model is told of them, empty when there are none.

    Args:
        off: names of those that it is not told of.
    """
    ready = [skill for skill in skills if skill.is_ready and skill.name not in off]
    if not ready:
        return ""
    rows = [
        f"  <skill><name>{escape(skill.name)}</name><description>{escape(skill.description)}</description>"
        f"<location>{escape(skill.path)}</location></skill>"
        for skill in ready
    ]
    return "\n".join([_PROMPT, "<available_skills>", *rows, "</available_skills>"])
