"""Files that bots fetch: ``getFile`` tells a path, and the path opens it for the same bot."""

import re
from dataclasses import dataclass
from typing import Any

from teamgram.bots.errors import NOT_FOUND, ApiError, bad_request
from teamgram.bots.file_ids import FileId, FileIds
from teamgram.domain.domain import Domain
from teamgram.domain.files.errors import FileNotFound
from teamgram.domain.files.file import Document, File
from teamgram.domain.files.files import Files, part_of

MAX_DOWNLOAD = 20 << 20
"""Bytes (core.telegram.org/bots/api#getfile)."""

_PATH = re.compile(r"(photos|documents)/([A-Za-z0-9_-]{10,120})(\.[A-Za-z0-9]{1,10})?")


@dataclass(frozen=True, slots=True)
class BotDownload:
    """Bytes of a file."""

    files: Files
    blob: str
    size: int

    async def read(self, offset: int, limit: int) -> bytes:
        """So many of them from there."""
        return await self.files.read(self.blob, offset, limit)


class Downloads:
    """Opens files for bots."""

    def __init__(self, domain: Domain, file_ids: FileIds) -> None:
        self._files = domain.filing.files
        self._ids = file_ids

    async def file(self, named: FileId) -> File:
        """The photo or document that a ``file_id`` names.

        Raises:
            FileNotFound: it is gone.
        """
        if named.kind == "photo":
            return await self._files.photo(named.id)
        return await self._files.document(named.id)

    async def told(self, bot_id: int, text: str) -> dict[str, Any]:
        """``File`` of a ``file_id``.

        Raises:
            ApiError: it opens nothing, or too much.
        """
        named = self._ids.open(bot_id, text)
        file, download = await self._opened(named)
        if download.size > MAX_DOWNLOAD:
            raise bad_request("file is too big")
        path = f"{named.kind}s/{text}{_suffix(file, named)}"
        return {
            "file_id": text,
            "file_unique_id": self._ids.unique(FileId(named.kind, named.id, named.size_type)),
            "file_size": download.size,
            "file_path": path,
        }

    async def by_path(self, bot_id: int, path: str) -> BotDownload:
        """The bytes of a path that this bot was told.

        Raises:
            ApiError: it was not.
        """
        match = _PATH.fullmatch(path)
        if match is None:
            raise NOT_FOUND
        try:
            _, download = await self._opened(self._ids.open(bot_id, match[2]))
        except ApiError:
            raise NOT_FOUND from None
        if download.size > MAX_DOWNLOAD:
            raise NOT_FOUND
        return download

    async def _opened(self, named: FileId) -> tuple[File, BotDownload]:
        try:
            file = await self.file(named)
            blob, size = part_of(file, named.size_type)
        except FileNotFound:
            raise bad_request("wrong file_id or the file is temporarily unavailable") from None
        return file, BotDownload(self._files, blob, size)


def _suffix(file: File, named: FileId) -> str:
    if not isinstance(file, Document) or named.size_type:
        return ".jpg"
    name = file.attribute("filename")
    match = re.search(r"\.[A-Za-z0-9]{1,10}\Z", name.file_name) if name is not None else None
    return match[0] if match is not None else ""
