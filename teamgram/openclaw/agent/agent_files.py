"""The files of a workspace that say who an agent is: told to its model, edited by its owner. Plain Python, blocks."""

import os
import stat
from pathlib import Path
from typing import Any

from teamgram.database import private_file
from teamgram.openclaw.agent.tools.registry import ToolError
from teamgram.openclaw.agent.tools.workspace import opened

#: As OpenClaw names them; the last two are for the owner's own conversation alone.
NAMES = ("AGENTS.md", "SOUL.md", "TOOLS.md", "IDENTITY.md", "USER.md", "MEMORY.md")
_PRIVATE = frozenset({"USER.md", "MEMORY.md"})
MAX_BYTES = 256 * 1024
#: Of one file in a prompt, and of all.
_MAX_CHARS, _MAX_ALL_CHARS = 20_000, 60_000


def read(workspace: Path, name: str) -> dict[str, Any]:
    """One as clients see it; follows no link."""
    about: dict[str, Any] = {"name": name, "path": str(workspace / name), "missing": True}
    try:
        with opened(workspace, [name]) as descriptor:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                return about
            content = os.read(descriptor, MAX_BYTES).decode("utf-8", "replace")
    except (ToolError, OSError):
        return about
    updated = round(status.st_mtime * 1000)
    return {**about, "missing": False, "size": status.st_size, "updatedAtMs": updated, "content": content}


def write(workspace: Path, name: str, content: str) -> None:
    """Put one in the place of what was there.

    Raises:
        ToolError: too long.
    """
    encoded = content.encode("utf-8", "replace")
    if len(encoded) > MAX_BYTES:
        raise ToolError(f"at most {MAX_BYTES} bytes")
    workspace.mkdir(mode=0o700, parents=True, exist_ok=True)
    private_file.replace(workspace / name, encoded)


def prompt(workspace: Path, *, is_main: bool) -> str:
    """What a model is told of them, empty when there are none.

    Args:
        is_main: it is the owner's own conversation.
    """
    told: list[str] = []
    left = _MAX_ALL_CHARS
    for name in NAMES:
        if name in _PRIVATE and not is_main:
            continue
        content = str(read(workspace, name).get("content") or "").strip()[: min(_MAX_CHARS, left)]
        if content:
            told.append(f"## {name}\n\n{content}")
            left -= len(content)
    return "\n\n".join(told)
