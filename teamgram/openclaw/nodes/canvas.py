"""Canvas documents: files below ``DIR/openclaw/canvas``, shown under URLs that die with a connection."""

import secrets
from collections.abc import Callable
from pathlib import Path

#: How long a URL that was refreshed is promised to last; it lives as long as the connection anyway.
REFRESH_MS = 600_000
_TOKEN_BYTES = 18


class Canvas:
    """Who may look, and what is there.

    ``documents/<docId>/…`` are documents, ``a2ui/…`` the A2UI files.
    """

    def __init__(self, directory: Path, seconds: Callable[[], float]) -> None:
        self.directory = directory
        self._seconds = seconds
        self._capabilities: dict[str, str] = {}

    def grant(self, conn_id: str) -> str:
        """A fresh capability (24 characters) for a connection, in place of its old one."""
        self.revoke(conn_id)
        capability = secrets.token_urlsafe(_TOKEN_BYTES)
        self._capabilities[capability] = conn_id
        return capability

    def revoke(self, conn_id: str) -> None:
        """The connection is gone."""
        for capability in [c for c, owner in self._capabilities.items() if owner == conn_id]:
            del self._capabilities[capability]

    def allows(self, capability: str) -> bool:
        """Whether this capability is alive."""
        return capability in self._capabilities

    def file(self, path: str) -> Path | None:
        """The file for ``canvas/documents/<docId>/x.html`` or ``a2ui/x.js``; None for anything else.

        Nothing outside the canvas directory, whatever the path says.
        """
        parts = [part for part in path.split("/") if part]
        if any(part in (".", "..") or "\0" in part or "\\" in part for part in parts):
            return None
        if parts[:2] == ["canvas", "documents"] and len(parts) > 2:
            below = self.directory.joinpath("documents", *parts[2:])
        elif parts[:1] == ["a2ui"] and len(parts) > 1:
            below = self.directory.joinpath("a2ui", *parts[1:])
        else:
            return None
        if below.is_dir():
            below = below / "index.html"
        try:
            resolved = below.resolve(strict=True)
        except OSError:
            return None
        inside = resolved.is_relative_to(self.directory.resolve())
        return resolved if inside and resolved.is_file() else None
