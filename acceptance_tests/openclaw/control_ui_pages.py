"""OpenClaw's Control UI as its gateway serves it: files, and the one page behind every other address."""

from pathlib import Path
from typing import Any

from twisted.web import static
from twisted.web.resource import Resource


class ControlUiPages(Resource):
    """A folder of files."""

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self._directory = directory

    def getChild(self, path: bytes, request: Any) -> Any:
        """The file of an address, wherever below a screen's it is asked for; else the page."""
        parts = [part.decode() for part in (path, *request.postpath) if part not in (b"", b"..")]
        for first in range(len(parts)):
            found = self._directory.joinpath(*parts[first:])
            if found.is_file():
                return _leaf(found)
        return _leaf(self._directory / "index.html")


def _leaf(path: Path) -> Any:
    file: Any = static.File(str(path))
    file.isLeaf = True
    return file
