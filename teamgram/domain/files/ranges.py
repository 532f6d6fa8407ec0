"""Which ranges of a file may be asked for (core.telegram.org/api/files, "Downloading files")."""

from teamgram.domain.files.errors import LimitInvalid, OffsetInvalid

MAX_PIECE = 1 << 20
"""Bytes of one answer."""

HASHED = 128 << 10
"""Bytes that one hash of ``upload.getFileHashes`` is of."""


def check_range(offset: int, limit: int, *, precise: bool) -> None:
    """A range by itself.

    Raises:
        OffsetInvalid: negative, or no multiple of 4 KiB (with ``precise`` 1 KiB).
        LimitInvalid: no such multiple, over 1 MiB, without ``precise`` no divisor of it, or past the next MiB.
    """
    step = 1024 if precise else 4096
    if offset < 0 or offset % step:
        raise OffsetInvalid(str(offset))
    if not 0 < limit <= MAX_PIECE or limit % step or (not precise and MAX_PIECE % limit):
        raise LimitInvalid(str(limit))
    if offset // MAX_PIECE != (offset + limit - 1) // MAX_PIECE:
        raise LimitInvalid(f"{limit} from {offset}")
