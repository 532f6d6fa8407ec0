"""An agent's memory: ``MEMORY.md`` and ``memory/*.md`` of its workspace, searched by words. Plain Python, blocks."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from teamgram.openclaw.agent.tools.registry import ToolError
from teamgram.openclaw.agent.tools.workspace import opened, read_file

FOLDER, FILE = "memory", "MEMORY.md"
MAX_RESULTS = 50
_MAX_FILES = 500
_MAX_QUERY = 500
_MAX_WORDS = 20
_SNIPPET_LINES = 6
_MAX_SNIPPET = 700
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class MemoryHit:
    """A place in the memory.

    Attributes:
        path: relative to the workspace.
        start_line, end_line: counted from one.
        score: which part of the query's words stands there, 0 to 1.
    """

    path: str
    start_line: int
    end_line: int
    score: float
    snippet: str

    def to_wire(self) -> dict[str, Any]:
        """As clients and models get it."""
        return {
            "path": self.path,
            "startLine": self.start_line,
            "endLine": self.end_line,
            "score": round(self.score, 3),
            "snippet": self.snippet,
            "source": "memory",
        }


def files(workspace: Path) -> list[str]:
    """The files, the newest name first (days are names that sort)."""
    found = []
    for folder in ("", FOLDER):
        try:
            with opened(workspace, [folder] if folder else []) as descriptor, os.scandir(descriptor) as entries:
                for entry in entries:
                    if entry.is_file(follow_symlinks=False) and _belongs(folder, entry.name):
                        found.append(f"{folder}/{entry.name}" if folder else entry.name)
        except (ToolError, OSError):
            continue
    return sorted(found, reverse=True)[:_MAX_FILES]


def size(workspace: Path) -> tuple[int, int]:
    """(how many memory files a workspace has, how many bytes). Blocks."""
    count = total = 0
    for path in files(workspace):
        try:
            total += os.lstat(workspace / path).st_size
        except OSError:
            continue
        count += 1
    return count, total


def _belongs(folder: str, name: str) -> bool:
    return name.endswith(".md") if folder else name == FILE


def search(workspace: Path, query: str, limit: int) -> list[MemoryHit]:
    """The places in which most of the query's words stand, the best first."""
    wanted = list(dict.fromkeys(_WORD.findall(query[:_MAX_QUERY].casefold())))[:_MAX_WORDS]
    if not wanted:
        return []
    hits: list[MemoryHit] = []
    for path in files(workspace):
        try:
            text = read_file(workspace, path, 0, 0)
        except ToolError:
            continue
        hits += _hits(path, text, wanted)
    hits.sort(key=lambda hit: -hit.score)
    return hits[: max(1, min(limit, MAX_RESULTS))]


def _hits(path: str, text: str, wanted: list[str]) -> Iterator[MemoryHit]:
    """One hit for each passage (lines between empty ones, six at most) with a word in it."""
    lines = text.splitlines()
    start = 0
    while start < len(lines):
        if not lines[start].strip():
            start += 1
            continue
        end = start
        while end < len(lines) and end - start < _SNIPPET_LINES and lines[end].strip():
            end += 1
        passage = "\n".join(lines[start:end])
        words = set(_WORD.findall(passage.casefold()))
        there = sum(any(word.startswith(each) for word in words) for each in wanted)
        if there:
            yield MemoryHit(path, start + 1, end, there / len(wanted), passage[:_MAX_SNIPPET])
        start = end
