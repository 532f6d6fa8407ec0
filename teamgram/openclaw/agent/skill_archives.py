"""Skills that come as a zip archive, in pieces: checked as a whole before anything of them lies in a workspace."""

import hashlib
import io
import os
import re
import shutil
import stat
import tempfile
import uuid
import zipfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from teamgram.openclaw.agent.skills import FILE, FOLDERS
from teamgram.openclaw.gateway.errors import invalid, unavailable

MAX_ARCHIVE_BYTES = 8 * 1024 * 1024
MAX_UNPACKED_BYTES, MAX_FILES = 32 * 1024 * 1024, 500
MAX_UPLOADS = 4
_TTL_MS = 600_000
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


@dataclass(slots=True)
class SkillUpload:
    """One on its way."""

    id: str
    slug: str
    size: int
    sha256: str
    expires_at_ms: int
    content: bytearray = field(default_factory=bytearray)
    is_whole: bool = False


class SkillArchives:
    """Those on their way, in memory."""

    def __init__(self) -> None:
        self._uploads: dict[str, SkillUpload] = {}

    def begin(self, slug: str, size: int, sha256: str, now_ms: int) -> SkillUpload:
        """Expect an archive.

        Raises:
            GatewayError: its name or size will not do, or too many are under way.
        """
        if not _SLUG.fullmatch(slug):
            raise invalid("a skill's slug is lower-case letters, digits and hyphens")
        if size > MAX_ARCHIVE_BYTES:
            raise invalid(f"a skill's archive has at most {MAX_ARCHIVE_BYTES} bytes")
        self._uploads = {key: up for key, up in self._uploads.items() if up.expires_at_ms > now_ms}
        if len(self._uploads) >= MAX_UPLOADS:
            raise unavailable("too many skills are being uploaded", retryable=True)
        upload = SkillUpload(str(uuid.uuid4()), slug, size, sha256.lower(), now_ms + _TTL_MS)
        self._uploads[upload.id] = upload
        return upload

    def get(self, upload_id: str, now_ms: int) -> SkillUpload:
        """By id.

        Raises:
            GatewayError: unknown, or given up.
        """
        upload = self._uploads.get(upload_id)
        if upload is None or upload.expires_at_ms <= now_ms:
            raise invalid("unknown or expired upload")
        return upload

    def add(self, upload: SkillUpload, offset: int, data: bytes) -> None:
        """The next piece, or one that was sent already.

        Raises:
            GatewayError: it does not follow, or is more than was announced.
        """
        if upload.is_whole or offset > len(upload.content):
            raise invalid(f"the upload goes on at {len(upload.content)}")
        if offset + len(data) > upload.size:
            raise invalid("that is more than was announced")
        upload.content[offset:] = data

    def commit(self, upload: SkillUpload, sha256: str) -> None:
        """It is whole.

        Raises:
            GatewayError: it is not, or is another than was announced.
        """
        digest = hashlib.sha256(upload.content).hexdigest()
        if len(upload.content) != upload.size:
            raise invalid(f"{len(upload.content)} of {upload.size} bytes are here")
        if any(wanted and wanted.lower() != digest for wanted in (upload.sha256, sha256)):
            raise invalid("the archive's SHA-256 is another")
        upload.sha256, upload.is_whole = digest, True

    def drop(self, upload: SkillUpload) -> None:
        """It is installed, or given up."""
        self._uploads.pop(upload.id, None)


def install(content: bytes, workspace: Path, slug: str, *, force: bool) -> Path:
    """Unpack an archive as a skill of a workspace; returns its folder. Blocks.

    Raises:
        GatewayError: it is no skill, leads out of its folder, is too large, or is there already.
    """
    target = workspace / FOLDERS[0] / slug
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        members = _checked(archive)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError, OSError) as error:
        raise invalid(f"the archive cannot be read: {str(error)[:200]}") from None
    if target.is_symlink() or (target.exists() and not force):
        raise invalid(f'the skill "{slug}" is there already')
    target.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=".installing-", dir=target.parent))
    try:
        for name, info in members:
            path = staging / name
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                path.write_bytes(archive.read(info))
            except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, ValueError) as error:
                raise invalid(f"the archive cannot be read: {str(error)[:200]}") from None
        os.chmod(staging, 0o755)
        if target.exists():
            shutil.rmtree(target)
        staging.rename(target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return target


def _checked(archive: zipfile.ZipFile) -> list[tuple[PurePosixPath, zipfile.ZipInfo]]:
    """The files, by their path below the skill's folder.

    Raises:
        ValueError: what is wrong.
    """
    infos = [info for info in archive.infolist() if not info.is_dir()]
    if len(infos) > MAX_FILES or sum(info.file_size for info in infos) > MAX_UNPACKED_BYTES:
        raise ValueError(f"more than {MAX_FILES} files or {MAX_UNPACKED_BYTES} bytes")
    found = []
    for info in infos:
        path = PurePosixPath(info.filename)
        kind = stat.S_IFMT(info.external_attr >> 16)
        if path.is_absolute() or ".." in path.parts or "\\" in info.filename or "\0" in info.filename:
            raise ValueError("a file lies outside of it")
        if kind not in (0, stat.S_IFREG):
            raise ValueError("it holds links or devices")
        found.append((path, info))
    names = {path for path, _ in found}
    if PurePosixPath(FILE) in names:
        return found
    # All below one folder, as programs pack them.
    tops = {path.parts[0] for path in names}
    if len(tops) == 1 and PurePosixPath(next(iter(tops)), FILE) in names:
        return [(PurePosixPath(*path.parts[1:]), info) for path, info in found]
    raise ValueError(f"it has no {FILE}")
