"""Canvas documents as agents write them: HTML, or A2UI 0.8 that becomes a page. Plain Python, blocks."""

import json
import re
from pathlib import Path
from typing import Any

from teamgram.database import private_file

MAX_DOCUMENTS = 200
MAX_DOCUMENT_BYTES = 2 * 1024 * 1024
MAX_MESSAGES = 1000
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_MESSAGES = ("surfaceUpdate", "dataModelUpdate", "beginRendering", "deleteSurface")
_TEMPLATE = Path(__file__).with_name("a2ui.html")
_PLACE = '<script id="messages" type="application/json">[]</script>'


class CanvasError(Exception):
    """What a document may not be; the message is for whoever writes it."""


class CanvasDocuments:
    """The documents below a canvas directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory / "documents"

    def names(self) -> list[str]:
        """All of them."""
        if not self._directory.is_dir():
            return []
        return sorted(path.name for path in self._directory.iterdir() if path.is_dir() and not path.is_symlink())

    def write(self, name: str, html: str) -> str:
        """Put a page in the place of what was there; its path below ``/__openclaw__``.

        Raises:
            CanvasError: no name, too large, or too many of them.
        """
        return self._put(name, {"index.html": html})

    def write_a2ui(self, name: str, jsonl: str) -> str:
        """The same for A2UI messages, one JSON object a line.

        Raises:
            CanvasError: also where a line is none.
        """
        messages = a2ui_messages(jsonl)
        # In a script element only "</" could end it.
        encoded = json.dumps(messages, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
        page = _TEMPLATE.read_text(encoding="utf-8").replace(_PLACE, _PLACE.replace("[]", encoded))
        return self._put(name, {"index.html": page, "a2ui.jsonl": jsonl})

    def _put(self, name: str, files: dict[str, str]) -> str:
        if not _NAME.fullmatch(name):
            raise CanvasError("a document's name has small letters, digits, - and _")
        encoded = {file: text.encode("utf-8", "replace") for file, text in files.items()}
        if any(len(content) > MAX_DOCUMENT_BYTES for content in encoded.values()):
            raise CanvasError(f"a document has at most {MAX_DOCUMENT_BYTES} bytes")
        folder = self._directory / name
        if folder.is_symlink() or (self._directory / name).resolve().parent != self._directory.resolve():
            raise CanvasError("that document is elsewhere")
        if not folder.is_dir() and len(self.names()) >= MAX_DOCUMENTS:
            raise CanvasError(f"there are {MAX_DOCUMENTS} documents already")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for file, content in encoded.items():
            private_file.replace(folder / file, content)
        return f"canvas/documents/{name}/index.html"


def a2ui_messages(jsonl: str) -> list[dict[str, Any]]:
    """The messages of an A2UI 0.8 stream.

    Raises:
        CanvasError: a line is none of the four, or there are too many.
    """
    messages: list[dict[str, Any]] = []
    for number, line in enumerate(filter(str.strip, jsonl.splitlines()), 1):
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            raise CanvasError(f"line {number} is no JSON") from None
        if not isinstance(message, dict) or sum(name in message for name in _MESSAGES) != 1:
            raise CanvasError(f"line {number} must be one of {', '.join(_MESSAGES)} (A2UI 0.8)")
        messages.append(message)
        if len(messages) > MAX_MESSAGES:
            raise CanvasError(f"at most {MAX_MESSAGES} messages")
    if not messages:
        raise CanvasError("there are no messages")
    return messages
