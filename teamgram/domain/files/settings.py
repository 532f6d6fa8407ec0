"""How much of files there may be."""

from dataclasses import dataclass

MAX_PART = 512 << 10
"""Bytes of a part (core.telegram.org/api/files, "Uploading files")."""


@dataclass(frozen=True, slots=True)
class FileSettings:
    """Bounds of files.

    Attributes:
        max_parts: parts of one file.
        account_bytes: what an account's uploads may count together, and
        all_bytes: everybody's. A part counts ``LEAST_PART`` at least.
        account_uploads: files that an account may be uploading.
        upload_seconds: age at which parts that were not made a file go.
        account_quota: bytes that the files of an account may hold, with what it uploads; 0: any number.
        grace_seconds: how long a file stays when nobody names it.
        reference_seconds: how long a file reference holds, at least.
    """

    max_parts: int = 4000
    account_bytes: int = 4 << 30
    all_bytes: int = 64 << 30
    account_uploads: int = 1000
    upload_seconds: int = 86_400
    reference_seconds: int = 86_400
    account_quota: int = 0
    grace_seconds: int = 7 * 86_400

    @property
    def max_file_bytes(self) -> int:
        """The largest file."""
        return self.max_parts * MAX_PART
