"""``read_file`` and ``list_files``, confined to the agent's workspace.

Every step of a path is opened relative to the folder before it and without
following links, so no link, swapped in at whatever moment, leads out.
"""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred

from teamgram.openclaw.agent.tools.registry import Tool, ToolContext, ToolError, parameters

_MAX_FILE_BYTES = 256 * 1024
_MAX_ENTRIES = 1000
_MAX_DEPTH = 64

#: Runs a function that blocks in a thread.
InThread = Callable[[Callable[[], str]], Deferred[str]]


def steps(path: str) -> list[str]:
    """The parts of a path below the workspace.

    Raises:
        ToolError: it leads out, or is no path.
    """
    if "\0" in path:
        raise ToolError("not a path")
    if path.startswith(("/", "~")):
        raise ToolError("paths are relative to the workspace")
    found: list[str] = []
    for part in path.split("/"):
        if part == "..":
            raise ToolError("the path leads out of the workspace")
        if part not in ("", "."):
            found.append(part)
    if len(found) > _MAX_DEPTH:
        raise ToolError("the path is too deep")
    return found


@contextmanager
def opened(workspace: Path, parts: list[str]) -> Iterator[int]:
    """A descriptor of a file or folder below ``workspace``.

    Raises:
        ToolError: not there, or a link on the way.
    """
    try:
        descriptor = os.open(workspace, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        raise ToolError("the workspace is empty") from None
    try:
        for part in parts:
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
            try:
                following = os.open(part, flags, dir_fd=descriptor)
            except OSError as error:
                raise ToolError(f"{'/'.join(parts)}: {os.strerror(error.errno or 0)}") from None
            os.close(descriptor)
            descriptor = following
        yield descriptor
    finally:
        os.close(descriptor)


def read_file(workspace: Path, path: str, offset: int, limit: int) -> str:
    """Lines of a text file. Blocks."""
    parts = steps(path)
    with opened(workspace, parts) as descriptor:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ToolError(f"{path} is no file")
        with open(os.dup(descriptor), "rb") as file:
            data = file.read(_MAX_FILE_BYTES + 1)
    text = data[:_MAX_FILE_BYTES].decode("utf-8", "replace")
    lines = text.splitlines(keepends=True)
    chosen = "".join(lines[offset : offset + limit] if limit else lines[offset:])
    return chosen + ("\n… (the file is longer)" if len(data) > _MAX_FILE_BYTES else "")


def list_files(workspace: Path, path: str) -> str:
    """Names in a folder, folders with a slash, files with their size. Blocks."""
    parts = steps(path)
    workspace.mkdir(mode=0o700, parents=True, exist_ok=True)
    with opened(workspace, parts) as descriptor:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise ToolError(f"{path} is no folder")
        lines: list[str] = []
        with os.scandir(descriptor) as entries:
            for entry in entries:
                if len(lines) == _MAX_ENTRIES:
                    lines.append("… (more)")
                    break
                if entry.is_symlink():
                    lines.append(f"{entry.name} (link, not followed)")
                elif entry.is_dir():
                    lines.append(f"{entry.name}/")
                else:
                    lines.append(f"{entry.name} ({entry.stat(follow_symlinks=False).st_size} bytes)")
    return "\n".join(sorted(lines)) or "(empty)"


def tools(in_thread: InThread) -> list[Tool]:
    """Both tools."""

    def read(arguments: dict[str, Any], context: ToolContext) -> Deferred[str]:
        workspace = context.agent.workspace
        offset, limit = int(arguments.get("offset") or 0), int(arguments.get("limit") or 0)
        return in_thread(lambda: read_file(workspace, arguments["path"], offset, limit))

    def listing(arguments: dict[str, Any], context: ToolContext) -> Deferred[str]:
        workspace = context.agent.workspace
        return in_thread(lambda: list_files(workspace, arguments.get("path") or "."))

    path = {"type": "string", "minLength": 1, "maxLength": 1024, "description": "relative to the workspace"}
    number = {"type": "integer", "minimum": 0}
    return [
        Tool(
            "read_file",
            "Read a text file of your workspace. offset and limit count lines.",
            parameters({"path": path, "offset": number, "limit": number}, ["path"]),
            read,
            group="fs",
        ),
        Tool("list_files", "List a folder of your workspace.", parameters({"path": path}), listing, group="fs"),
    ]
